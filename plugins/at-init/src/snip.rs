//! Connection sensitivity (SNIP, arXiv 1810.02340).

use std::ffi::CStr;

use secateur_sdk::prelude::*;

use crate::looking::{At, Statistics, afford, answer, loss};

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// Batches over which gradients are added up before the absolute value is taken. The paper has one.
    #[serde(default = "one")]
    pub(crate) batches: u32,
    /// Pictures in a batch; absent: the recipe's, as in the paper.
    #[serde(default)]
    pub(crate) batch: Option<u32>,
    /// What batch norms normalize by.
    #[serde(default = "running")]
    pub(crate) statistics: Statistics,
    /// How weights compete.
    #[serde(default)]
    pub(crate) scope: Scope,
    /// The network that is scored and handed in.
    #[serde(default)]
    pub(crate) at: At,
}

fn one() -> u32 {
    1
}

fn running() -> Statistics {
    Statistics::Running
}

/// Keeps the weights whose removal would change the loss most, to first order: `|g * w|` (equations 4 to 6). Dividing by
/// the sum of all scores, as equation 6 does, would change no rank.
pub(crate) struct Snip {
    config: Config,
}

impl PruneMethod for Snip {
    const ID: &'static CStr = c"org.secateur.snip";
    const NAME: &'static CStr = c"SNIP";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"Keeps the weights whose removal would change the loss most, to first order.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1810.02340");
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = Flags::NEEDS_DATA.and(Flags::NEEDS_GRAD).and(Flags::DETERMINISTIC);
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        if config.batches == 0 || config.batch == Some(0) {
            return Err(Error::invalid("`batches` and `batch` must be at least 1"));
        }
        Ok(Self { config })
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        let scores = scores(run, &self.config)?;
        answer(run, request, &scores, self.config.scope, self.config.at)
    }
}

/// `|g * w|` of each prunable parameter, of its shape, where `g` is the sum of the gradients of all batches.
pub(crate) fn scores(run: &Run<'_>, config: &Config) -> Result<Vec<Tensor>> {
    let batch = match config.batch {
        Some(batch) => batch,
        None => run.allowance()?.batch.max(1),
    };
    afford(
        run,
        u64::from(config.batches) * u64::from(batch),
        "lower `batches` or `batch`, or raise the allowance",
    )?;
    config.at.rewind(run)?;
    run.rewind_data(Split::Train, batch, 0)?;
    run.zero_grad()?;
    for done in 0..config.batches {
        // A split smaller than asked for is read once.
        let Some(pictures) = run.next_batch()? else { break };
        run.backward(&loss(run, &pictures, config.statistics, 1.0)?)?;
        run.progress(u64::from(done) + 1, config.batches.into(), "batches");
    }
    let scores = run.prunable().iter().map(|param| sensitivity(run, param)).collect();
    run.zero_grad()?;
    scores
}

fn sensitivity(run: &Run<'_>, param: &Param<'_>) -> Result<Tensor> {
    let weight = run.weight(param)?.detach();
    match run.grad(param)? {
        Some(grad) => Ok(weight.f_mul(&grad)?.f_abs()?),
        None => Ok(weight.f_zeros_like()?),
    }
}
