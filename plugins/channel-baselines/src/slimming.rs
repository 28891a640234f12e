//! Network Slimming.

use std::ffi::CStr;

use secateur_sdk::prelude::*;

use crate::values;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// Weight of the sum of absolute scales in the loss. The authors' code has 1e-4 for VGG, 1e-5 for ResNet-164.
    #[serde(default = "default_lambda")]
    lambda: f64,
    /// Fraction of the allowance for training with the penalty; the rest is fine-tuning.
    #[serde(default = "half")]
    search_fraction: f64,
}

fn default_lambda() -> f64 {
    1e-4
}

fn half() -> f64 {
    0.5
}

/// Trains with an L1 penalty on the scales of all batch norms and removes the channels with the smallest scales of the
/// whole network (arXiv 1708.06519). Where several normalizations share a channel, their absolute scales are averaged;
/// the paper's networks have one each, or a layer of their own that selects.
pub(crate) struct Slimming(Config);

/// The penalty while the host trains.
struct Penalty {
    lambda: f64,
}

impl TrainHooks for Penalty {
    fn extra_loss(&mut self, run: &Run<'_>, _: u64) -> Result<Option<Tensor>> {
        let mut sum: Option<Tensor> = None;
        for param in run.params().iter().filter(|param| param.is_norm() && !param.is_bias()) {
            let own = run.weight(param)?.f_abs()?.f_sum(Kind::Float)?;
            sum = Some(match sum {
                Some(sum) => sum.f_add(&own)?,
                None => own,
            });
        }
        Ok(sum.map(|sum| sum.f_mul_scalar(self.lambda)).transpose()?)
    }
}

impl ChannelCriterion for Slimming {
    const ID: &'static CStr = c"org.secateur.network-slimming";
    const NAME: &'static CStr = c"Network Slimming";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"Trains with a penalty on batch-norm scales and keeps the channels with the largest ones.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1708.06519");
    const FLAGS: Flags = Flags::TRAINS.and(Flags::DETERMINISTIC);
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        if !(config.lambda >= 0.0 && config.lambda.is_finite()) {
            return Err(Error::invalid("`lambda` must be a number from 0 on"));
        }
        if !(0.0..=1.0).contains(&config.search_fraction) {
            return Err(Error::invalid("`search_fraction` must be from 0 to 1"));
        }
        Ok(Self(config))
    }

    fn scope(&self) -> Scope {
        Scope::Global
    }

    fn prepare(&mut self, run: &Run<'_>) -> Result<()> {
        let steps = run.allowance()?.steps_each(self.0.search_fraction, 1);
        if steps > 0 {
            let trained =
                run.train_with(TrainOptions::afresh(steps), &mut Penalty { lambda: self.0.lambda })?;
            tracing::info!(steps, loss = trained.loss, "trained with the penalty");
        }
        Ok(())
    }

    fn score(&mut self, run: &Run<'_>, group: &Group<'_>) -> Result<Vec<f64>> {
        let scales = run.norm_scales(group)?;
        if scales.is_empty() {
            return Err(Error::unsupported(format!(
                "no batch norm follows `{}`, so there is no scale to judge it by",
                group.name()
            )));
        }
        let rows: Vec<Tensor> = scales.iter().map(|(_, rows)| rows.detach().abs()).collect();
        values(&Tensor::f_cat(&rows, 1)?.f_mean_dim(1, false, Kind::Double)?)
    }
}
