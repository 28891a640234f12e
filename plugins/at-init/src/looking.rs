//! What the three methods share: where they look, how, at what price, and how they answer.

use secateur_sdk::prelude::*;
use secateur_sdk::{Batch, Forward};

/// The network that is scored and handed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum At {
    /// Where the trial starts.
    #[default]
    Start,
    /// The upstream's initialization, which the network is set back to.
    Init,
}

impl At {
    /// Sets the network to this state; masks stay in force.
    pub(crate) fn rewind(self, run: &Run<'_>) -> Result<()> {
        run.rewind_to(match self {
            Self::Start => "start",
            Self::Init => "init",
        })
    }
}

/// What batch norms normalize by while a method looks at pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum Statistics {
    /// Mean and variance of the batch, as in training.
    Batch,
    /// The running mean and variance, as in evaluation.
    Running,
}

/// The task's loss of the network on a batch, with its graph. Logits are divided by the temperature.
pub(crate) fn loss(run: &Run<'_>, batch: &Batch, statistics: Statistics, temperature: f64) -> Result<Tensor> {
    let options = Forward { train: statistics == Statistics::Batch, ..Forward::default() };
    let output = run.forward_with(&batch.input, None, options)?;
    let output = if temperature == 1.0 { output } else { output.f_div_scalar(temperature)? };
    run.loss(&output, &batch.target)
}

/// Refuses to begin what the allowance does not reach for.
pub(crate) fn afford(run: &Run<'_>, samples: u64, advice: &str) -> Result<()> {
    let left = run.allowance()?.left_samples;
    if samples <= left {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Exhausted,
        format!("the scores take {samples} training samples, and the allowance has {left}; {advice}"),
    ))
}

/// Answers all targets from one set of scores, which the prunable parameters have in this order.
pub(crate) fn answer(
    run: &Run<'_>,
    request: &Request<'_>,
    scores: &[Tensor],
    scope: Scope,
    at: At,
) -> Result<()> {
    for (param, scores) in run.prunable().iter().zip(scores) {
        run.set_scores(param, scores)?;
    }
    let targets = request.targets();
    for (index, target) in targets.iter().enumerate() {
        // Looking in training mode has moved the batch-norm statistics, and an earlier target's masks have zeroed weights.
        run.lift_masks()?;
        at.rewind(run)?;
        run.select(scope, target.count)?;
        run.emit(index)?;
        run.progress(index as u64 + 1, targets.len() as u64, "targets");
    }
    Ok(())
}
