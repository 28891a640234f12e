//! @title@: gradual magnitude pruning (Zhu & Gupta, arXiv 1710.01878). While the host trains, the smallest weights go little by
//! little.

use std::ffi::CStr;

use secateur_sdk::prelude::*;

/// Parameters; their texts are shown by `secateur plugin inspect`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
struct Config {
    /// Steps from one cut to the next.
    #[serde(default = "default_every")]
    every: u64,
}

fn default_every() -> u64 {
    10
}

struct @Type@ {
    config: Config,
}

/// Hooks are a value of their own, because the host enters them while `prune` is running.
struct Cut {
    from: u64,
    goal: u64,
    steps: u64,
    every: u64,
}

impl Cut {
    fn down_to(&self, run: &Run<'_>, count: u64) -> Result<()> {
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
}

impl TrainHooks for Cut {
    fn after_step(&mut self, run: &Run<'_>, step: u64) -> Result<()> {
        if !(step + 1).is_multiple_of(self.every) {
            return Ok(());
        }
        // Equation 1 of the paper: many go at first, few at the end.
        let left = (1.0 - (step + 1) as f64 / self.steps as f64).powi(3);
        self.down_to(run, self.goal + ((self.from - self.goal) as f64 * left) as u64)
    }
}

impl PruneMethod for @Type@ {
    const ID: &'static CStr = c"@id@";
    const NAME: &'static CStr = c"@title@";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr = c"Removes the smallest weights little by little while it trains.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1710.01878");
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = Flags::TRAINS.and(Flags::DETERMINISTIC);
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        if config.every == 0 {
            return Err(Error::invalid("every is 0; there is one step at least from one cut to the next"));
        }
        Ok(Self { config })
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        let targets = request.targets();
        // Half of the allowance is for pruning; the host spends the rest on recovery.
        let steps = run.allowance()?.steps_each(0.5, targets.len() as u64);
        let mut from = run.prunable().iter().map(Param::numel).sum();
        for (index, target) in targets.iter().enumerate() {
            let mut cut = Cut { from, goal: target.count, steps, every: self.config.every };
            if steps > 0 {
                run.train_with(TrainOptions::steps(steps), &mut cut)?;
            }
            cut.down_to(run, target.count)?;
            run.emit(index)?;
            run.progress(index as u64 + 1, targets.len() as u64, "targets");
            from = target.count;
        }
        Ok(())
    }
}

secateur_sdk::export_plugin!(@Type@);
