//! Alternating compressed and decompressed training (AC/DC, arXiv 2106.12379).

use std::ffi::CStr;

use secateur_sdk::prelude::*;

use crate::phases::{Change, Phases};
use crate::trainings::{check_fraction, for_each_target, score_by_magnitude, whole};

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// Dense training before the first compression, as a fraction of the training.
    #[serde(default = "tenth")]
    warmup: f64,
    /// Length of a compressed phase, as a fraction of the training.
    #[serde(default = "twentieth")]
    compressed: f64,
    /// Length of a decompressed phase between two compressed ones, as a fraction of the training.
    #[serde(default = "twentieth")]
    decompressed: f64,
    /// Length of the last decompressed phase, as a fraction of the training.
    #[serde(default = "tenth")]
    last_decompressed: f64,
    /// Length of the compressed phase at the end, as a fraction of the training.
    #[serde(default = "default_last")]
    last_compressed: f64,
    /// How weights compete.
    #[serde(default)]
    scope: Scope,
    /// Whether momentum is forgotten at each decompression.
    #[serde(default = "yes")]
    reset_momentum: bool,
    /// Fraction of the allowance that is spent on this training; the host spends the rest on recovery.
    #[serde(default = "whole")]
    search_fraction: f64,
}

fn tenth() -> f64 {
    0.1
}

fn twentieth() -> f64 {
    0.05
}

fn default_last() -> f64 {
    0.15
}

fn yes() -> bool {
    true
}

impl Config {
    fn phases(&self) -> Phases {
        Phases {
            warmup: self.warmup,
            compressed: self.compressed,
            decompressed: self.decompressed,
            last_decompressed: self.last_decompressed,
            last_compressed: self.last_compressed,
        }
    }
}

/// Trains compressed and decompressed in turns. A compression masks all but the largest weights at once; a decompression
/// lifts the masks, so that what was masked is trained on from zero (algorithm 1).
pub(crate) struct AcDc {
    config: Config,
}

impl PruneMethod for AcDc {
    const ID: &'static CStr = c"org.secateur.ac-dc";
    const NAME: &'static CStr = c"AC/DC";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr = c"Trains compressed and decompressed in turns, and at the end compressed.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:2106.12379");
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = Flags::TRAINS.and(Flags::NEEDS_DATA).and(Flags::DETERMINISTIC);
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        check_fraction(config.search_fraction)?;
        config.phases().check()?;
        Ok(Self { config })
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        let Config { scope, reset_momentum, search_fraction, .. } = self.config;
        for_each_target(run, request, search_fraction, 1, |target, steps| {
            let changes = self.config.phases().changes(steps)?;
            let mut turns = Turns { changes, next: 0, scope, count: target.count, reset_momentum };
            turns.change_at(run, 0)?;
            let trained = run.train_with(TrainOptions::afresh(steps), &mut turns)?;
            tracing::info!(steps, loss = trained.loss, changes = turns.changes.len(), "trained in turns");
            Ok(())
        })
    }
}

/// Changes of phases while the host trains.
pub(crate) struct Turns {
    /// All changes of the training, in order.
    pub(crate) changes: Vec<(u64, Change)>,
    /// Index of the next one.
    pub(crate) next: usize,
    /// How weights compete.
    pub(crate) scope: Scope,
    /// Weights that a compressed network has.
    pub(crate) count: u64,
    /// Whether momentum is forgotten at each decompression.
    pub(crate) reset_momentum: bool,
}

impl Turns {
    /// Makes the change that is due after `done` steps, if one is.
    fn change_at(&mut self, run: &Run<'_>, done: u64) -> Result<()> {
        let Some((_, change)) = self.changes.get(self.next).filter(|(at, _)| *at == done) else {
            return Ok(());
        };
        self.next += 1;
        match change {
            Change::Compress => {
                score_by_magnitude(run)?;
                run.select(self.scope, self.count)
            }
            Change::Decompress => {
                run.lift_masks()?;
                if self.reset_momentum {
                    for param in run.params() {
                        let all = Tensor::f_ones(param.shape(), (Kind::Bool, Device::Cpu))?;
                        run.reset_optimizer(&param, &all)?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl TrainHooks for Turns {
    fn after_step(&mut self, run: &Run<'_>, step: u64) -> Result<()> {
        self.change_at(run, step + 1)
    }
}
