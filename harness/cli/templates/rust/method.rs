//! @title@: magnitude pruning in rounds. Each round removes the same fraction of what is left, and trains in between.

use std::ffi::CStr;

use secateur_sdk::prelude::*;

/// Parameters; their texts are shown by `secateur plugin inspect`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
struct Config {
    /// Rounds from one target to the next.
    #[serde(default = "default_rounds")]
    rounds: u32,
    /// Fraction of the allowance that is spent between rounds; the host spends the rest on recovery.
    #[serde(default = "default_fraction")]
    search_fraction: f64,
}

fn default_rounds() -> u32 {
    3
}

fn default_fraction() -> f64 {
    0.5
}

struct @Type@ {
    config: Config,
}

fn cut(run: &Run<'_>, count: u64) -> Result<()> {
    for param in run.prunable() {
        let mut scores = run.weight(&param)?.f_detach()?.f_abs()?;
        if let Some(mask) = run.mask(&param)? {
            // What is gone loses against weights that are there and happen to be zero.
            scores = scores.f_masked_fill(&mask.f_logical_not()?, f64::NEG_INFINITY)?;
        }
        run.set_scores(&param, &scores)?;
    }
    run.select(Scope::Global, count)
}

impl PruneMethod for @Type@ {
    const ID: &'static CStr = c"@id@";
    const NAME: &'static CStr = c"@title@";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr = c"Removes the smallest weights in rounds, and trains between them.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1506.02626");
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = Flags::TRAINS.and(Flags::DETERMINISTIC);
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        if config.rounds == 0 {
            return Err(Error::invalid("rounds is 0; one at least reaches the target"));
        }
        if !(0.0..=1.0).contains(&config.search_fraction) {
            let message = format!("search_fraction is {}, which is not in [0, 1]", config.search_fraction);
            return Err(Error::invalid(message));
        }
        Ok(Self { config })
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        let Config { rounds, search_fraction } = self.config;
        let targets = request.targets();
        let all = targets.len() as u64 * u64::from(rounds);
        let steps = run.allowance()?.steps_each(search_fraction, all);
        let mut from: u64 = run.prunable().iter().map(Param::numel).sum();
        let mut done = 0;
        for (index, target) in targets.iter().enumerate() {
            for round in 1..=rounds {
                let left = (target.count as f64 / from as f64).powf(f64::from(round) / f64::from(rounds));
                // The last round is the target to the weight, whatever was rounded on the way.
                let count = if round == rounds { target.count } else { (from as f64 * left) as u64 };
                cut(run, count.max(target.count))?;
                done += 1;
                run.progress(done, all, "rounds");
                if steps > 0 {
                    run.train(TrainOptions::steps(steps))?;
                }
            }
            // Answers the target: the network and its masks as they stand.
            run.emit(index)?;
            from = target.count;
        }
        Ok(())
    }
}

secateur_sdk::export_plugin!(@Type@);
