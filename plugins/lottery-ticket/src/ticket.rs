//! The search for tickets.

use std::ffi::CStr;

use secateur_sdk::prelude::*;
use secateur_sdk::tch::no_grad_guard;

use crate::config::{Config, Emit, Mode, Perturb};
use crate::early_bird::Watch;
use crate::levels::{Aim, Level, levels};
use crate::perturb;

/// Iterative magnitude pruning with rewinding, its one-shot form, and masks that are taken over without a search.
pub(crate) struct LotteryTicket {
    config: Config,
}

impl PruneMethod for LotteryTicket {
    const ID: &'static CStr = c"org.secateur.lottery-ticket";
    const NAME: &'static CStr = c"Lottery ticket";
    const VERSION: &'static CStr = c"2";
    const SUMMARY: &'static CStr =
        c"Trains, prunes the smallest weights and rewinds the others, round by round.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1803.03635");
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = Flags::TRAINS.and(Flags::NEEDS_DATA).and(Flags::DETERMINISTIC);
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        config.check()?;
        Ok(Self { config })
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        let total = run.prunable().iter().map(Param::numel).sum();
        let aims = self.aims(total, &request.targets())?;
        if let (Some(checkpoint), Some(param)) = (self.config.checkpoint(), run.prunable().first()) {
            // A checkpoint that is not there is told before anything is spent.
            drop(run.weight_at(param, checkpoint)?);
        }
        match self.config.mode {
            Mode::Iterative => {
                let most = run.allowance()?.steps_each(self.config.search_fraction(), 1);
                self.iterative(run, total, &levels(total, &aims, self.config.pace(), most)?)
            }
            Mode::OneShot => self.one_shot(run, total, &aims),
            Mode::MaskTransfer => self.transfer_masks(run, &aims),
        }
    }
}

impl LotteryTicket {
    /// The tickets that the search is to find, counts descending.
    fn aims(&self, total: u64, targets: &[Target]) -> Result<Vec<Aim>> {
        let infeasible = |message| Err(Error::new(ErrorKind::Infeasible, message));
        let mut aims = Vec::with_capacity(targets.len());
        for (index, target) in targets.iter().enumerate() {
            let (keep, mut count) = (target.keep, target.count);
            if count == 0 {
                return infeasible(format!(
                    "keep {keep} leaves no weight at all; there is no ticket without one"
                ));
            }
            match self.config.perturb {
                Perturb::None | Perturb::Random => {}
                Perturb::Complement => count = total - count,
                Perturb::Swap => {
                    let (number, left) =
                        (perturb::exchanged(count, self.config.perturb_fraction()), total - count);
                    if number > left {
                        return infeasible(format!(
                            "keep {keep} removes {left} weights, but perturb: swap exchanges {number} kept ones for as many"
                        ));
                    }
                }
            }
            if count == 0 {
                return infeasible(format!(
                    "keep {keep} leaves no weight to the ticket whose perturb: complement it would be"
                ));
            }
            aims.push(Aim { target: index, count });
        }
        // Complements come the other way round.
        aims.sort_by(|a, b| b.count.cmp(&a.count).then(a.target.cmp(&b.target)));
        Ok(aims)
    }

    fn iterative(&self, run: &Run<'_>, total: u64, levels: &[Level]) -> Result<()> {
        let trained = self.config.emit == Emit::Trained;
        let trainings = levels.len() as u64 + u64::from(trained);
        let steps = self.steps_per_training(run, trainings)?;
        let before = |round: usize| if round == 0 { total } else { levels[round - 1].count };
        let watch = |round: usize| self.watch(steps, before(round), &[levels.get(round)?.count]);
        (0..levels.len()).filter_map(watch).try_for_each(|watch| watch.check())?;
        self.train(run, TrainOptions::afresh(steps), watch(0))?;
        for (round, level) in levels.iter().enumerate() {
            cut(run, self.config.scope, level.count)?;
            self.rewind(run)?;
            if let (Some(target), false) = (level.target, trained) {
                self.hand_in(run, target)?;
            }
            if round + 1 < levels.len() {
                self.train(run, self.anew(steps), watch(round + 1))?;
            } else if trained {
                self.train(run, self.anew(steps), None)?;
            }
            if let (Some(target), true) = (level.target, trained) {
                run.emit(target)?;
            }
            run.progress(round as u64 + 1, levels.len() as u64, "rounds");
        }
        Ok(())
    }

    /// Every target starts from the same trained dense network.
    fn one_shot(&self, run: &Run<'_>, total: u64, aims: &[Aim]) -> Result<()> {
        let trained = self.config.emit == Emit::Trained;
        let trainings = 1 + if trained { aims.len() as u64 } else { 0 };
        let steps = self.steps_per_training(run, trainings)?;
        let counts: Vec<u64> = aims.iter().map(|aim| aim.count).collect();
        let watch = self.watch(steps, total, &counts);
        if let Some(watch) = &watch {
            watch.check()?;
        }
        self.train(run, TrainOptions::afresh(steps), watch)?;
        run.save("trained")?;
        for (index, aim) in aims.iter().enumerate() {
            run.lift_masks()?;
            run.rewind_to("trained")?;
            cut(run, self.config.scope, aim.count)?;
            self.rewind(run)?;
            if trained {
                self.train(run, self.anew(steps), None)?;
            }
            self.hand_in(run, aim.target)?;
            run.progress(index as u64 + 1, aims.len() as u64, "targets");
        }
        Ok(())
    }

    /// Masks by the magnitudes of the start, where a network from upstream has its trained weights (mask transfer,
    /// arXiv 2012.04643, appendix A).
    fn transfer_masks(&self, run: &Run<'_>, aims: &[Aim]) -> Result<()> {
        for (index, aim) in aims.iter().enumerate() {
            run.lift_masks()?;
            run.rewind_to("start")?;
            cut(run, self.config.scope, aim.count)?;
            self.rewind(run)?;
            self.hand_in(run, aim.target)?;
            run.progress(index as u64 + 1, aims.len() as u64, "targets");
        }
        Ok(())
    }

    /// Equal shares of the allowance that the search may spend.
    fn steps_per_training(&self, run: &Run<'_>, trainings: u64) -> Result<u64> {
        let allowance = run.allowance()?;
        let steps = allowance.steps_each(self.config.search_fraction(), trainings);
        if steps == 0 {
            return Err(Error::new(
                ErrorKind::Exhausted,
                format!(
                    "an allowance of {} samples has no step for each of {trainings} trainings; raise the allowance or \
                     search_fraction, or take fewer rounds or keeps",
                    allowance.total_samples
                ),
            ));
        }
        Ok(steps)
    }

    /// What looks at a training behind which one of `counts` of the `competing` weights remain.
    fn watch(&self, steps: u64, competing: u64, counts: &[u64]) -> Option<Watch> {
        self.config.early_bird.map(|bird| Watch::new(bird, steps, competing, counts.to_vec()))
    }

    /// A training with a schedule of its own. It has the momentum that rewinding set back, and none without rewinding.
    fn anew(&self, steps: u64) -> TrainOptions {
        TrainOptions { reset_optimizer: self.config.checkpoint().is_none(), ..TrainOptions::afresh(steps) }
    }

    fn train(&self, run: &Run<'_>, options: TrainOptions, watch: Option<Watch>) -> Result<()> {
        let result = match watch {
            None => run.train(options)?,
            Some(mut watch) => {
                let result = run.train_with(options, &mut watch)?;
                let (settled, distance) = (result.steps < options.steps, watch.distance());
                tracing::info!(settled, distance, bound = watch.bound(), "looked for an early bird");
                result
            }
        };
        let (steps, of) = (result.steps, options.steps);
        tracing::info!(steps, of, loss = result.loss, accuracy = result.accuracy, "trained");
        Ok(())
    }

    fn rewind(&self, run: &Run<'_>) -> Result<()> {
        self.config.checkpoint().map_or(Ok(()), |checkpoint| run.rewind_to(checkpoint))
    }

    /// Emits the ticket, or what the suite wants in its place. The search goes on from the ticket itself.
    fn hand_in(&self, run: &Run<'_>, target: usize) -> Result<()> {
        let Some((found, instead)) = perturb::perturbed(run, &self.config)? else {
            return run.emit(target);
        };
        perturb::set(run, &instead)?;
        // Weights that come back have the checkpoint's values, like all others.
        self.rewind(run)?;
        run.emit(target)?;
        perturb::set(run, &found)?;
        self.rewind(run)
    }
}

/// Absolute values, and minus infinity where a weight is gone: what is gone stays gone, also against a remaining weight
/// that is exactly zero.
pub(crate) fn magnitude(run: &Run<'_>, param: &Param<'_>) -> Result<Tensor> {
    let _guard = no_grad_guard();
    let magnitude = run.weight(param)?.f_abs()?;
    Ok(match run.mask(param)? {
        Some(mask) => magnitude.f_masked_fill(&mask.f_logical_not()?, f64::NEG_INFINITY)?,
        None => magnitude,
    })
}

/// Removes the smallest remaining weights until `count` are left.
fn cut(run: &Run<'_>, scope: Scope, count: u64) -> Result<()> {
    for param in run.prunable() {
        run.set_scores(&param, &magnitude(run, &param)?)?;
    }
    run.select(scope, count)
}
