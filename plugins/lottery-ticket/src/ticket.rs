//! The search for tickets.

use std::ffi::CStr;

use secateur_sdk::prelude::*;
use secateur_sdk::tch::no_grad_guard;

use crate::config::{Config, Emit, Mode};
use crate::levels::{Level, levels};

/// Iterative magnitude pruning with rewinding.
pub(crate) struct LotteryTicket {
    config: Config,
}

impl PruneMethod for LotteryTicket {
    const ID: &'static CStr = c"org.secateur.lottery-ticket";
    const NAME: &'static CStr = c"Lottery ticket";
    const VERSION: &'static CStr = c"1";
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
        let targets = request.targets();
        if let Some(target) = targets.iter().find(|target| target.count == 0) {
            let message =
                format!("keep {} leaves no weight at all; there is no ticket without one", target.keep);
            return Err(Error::new(ErrorKind::Infeasible, message));
        }
        match self.config.mode {
            Mode::Iterative => self.iterative(run, &levels(total, &targets, self.config.rate)),
            Mode::OneShot => self.one_shot(run, &targets),
        }
    }
}

impl LotteryTicket {
    fn iterative(&self, run: &Run<'_>, levels: &[Level]) -> Result<()> {
        let trained = self.config.emit == Emit::Trained;
        let trainings = levels.len() as u64 + u64::from(trained);
        let steps = self.steps_per_training(run, trainings)?;
        self.train(run, steps)?;
        for (round, level) in levels.iter().enumerate() {
            self.cut(run, level.count)?;
            self.rewind(run)?;
            if let (Some(target), false) = (level.target, trained) {
                run.emit(target)?;
            }
            if trained || round + 1 < levels.len() {
                self.train(run, steps)?;
            }
            if let (Some(target), true) = (level.target, trained) {
                run.emit(target)?;
            }
            run.progress(round as u64 + 1, levels.len() as u64, "rounds");
        }
        Ok(())
    }

    /// Every target starts from the same trained dense network.
    fn one_shot(&self, run: &Run<'_>, targets: &[Target]) -> Result<()> {
        let trained = self.config.emit == Emit::Trained;
        let trainings = 1 + if trained { targets.len() as u64 } else { 0 };
        let steps = self.steps_per_training(run, trainings)?;
        self.train(run, steps)?;
        run.save("trained")?;
        for (index, target) in targets.iter().enumerate() {
            run.lift_masks()?;
            run.rewind_to("trained")?;
            self.cut(run, target.count)?;
            self.rewind(run)?;
            if trained {
                self.train(run, steps)?;
            }
            run.emit(index)?;
            run.progress(index as u64 + 1, targets.len() as u64, "targets");
        }
        Ok(())
    }

    /// Equal shares of the allowance that the search may spend.
    fn steps_per_training(&self, run: &Run<'_>, trainings: u64) -> Result<u64> {
        let allowance = run.allowance()?;
        let steps = allowance.steps_each(self.config.search_fraction, trainings);
        if steps == 0 {
            return Err(Error::new(
                ErrorKind::Exhausted,
                format!(
                    "an allowance of {} samples has no step for each of {trainings} trainings",
                    allowance.total_samples
                ),
            ));
        }
        Ok(steps)
    }

    fn train(&self, run: &Run<'_>, steps: u64) -> Result<()> {
        let result = run.train(TrainOptions::afresh(steps))?;
        tracing::info!(steps, loss = result.loss, accuracy = result.accuracy, "trained");
        Ok(())
    }

    /// Removes the smallest remaining weights until `count` are left.
    fn cut(&self, run: &Run<'_>, count: u64) -> Result<()> {
        for param in run.prunable() {
            let scores = {
                let _guard = no_grad_guard();
                let magnitude = run.weight(&param)?.f_abs()?;
                match run.mask(&param)? {
                    // What is gone stays gone, also against a remaining weight that is exactly zero.
                    Some(mask) => magnitude.f_masked_fill(&mask.f_logical_not()?, f64::NEG_INFINITY)?,
                    None => magnitude,
                }
            };
            run.set_scores(&param, &scores)?;
        }
        run.select(self.config.scope, count)
    }

    fn rewind(&self, run: &Run<'_>) -> Result<()> {
        match self.config.rewind.as_str() {
            "none" => Ok(()),
            checkpoint => run.rewind_to(checkpoint),
        }
    }
}
