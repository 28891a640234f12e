//! First-order Taylor expansion.

use std::collections::BTreeMap;
use std::ffi::CStr;

use secateur_sdk::prelude::*;

use crate::values;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// How units compete: `global`, as in the paper, or `uniform` (each group keeps the same fraction), as other methods
    /// choose, so that the criterion can be told from the choice of layers.
    #[serde(default)]
    scope: Scope,
    /// Batches over which importances are summed. The authors' ImageNet runs re-estimate over 10 to 30 of them.
    #[serde(default = "default_batches")]
    batches: u32,
    /// Pictures in a batch; absent: the recipe's.
    #[serde(default)]
    batch: Option<u32>,
}

fn default_batches() -> u32 {
    30
}

/// The squared change of the loss, to first order, when a channel's gate closes: summed over batches,
/// `(scale * gradient of scale + shift * gradient of shift)^2` of the batch norms that follow it (arXiv 1906.10771,
/// section 3.2, "Taylor-FO-BN"); of several normalizations the changes add up before squaring. Where no normalization
/// follows, the filter and its bias stand in: `(sum of weight * gradient)^2`, the paper's group form (equation 8).
/// Removal is in one shot; the paper removes some channels every few batches while it trains.
pub(crate) struct Taylor {
    config: Config,
    scores: BTreeMap<u32, Vec<f64>>,
}

impl Taylor {
    /// To first order, the change of the loss when each unit of a group goes, for the gradients as they stand.
    fn change(run: &Run<'_>, group: &Group<'_>) -> Result<Vec<f64>> {
        let mut own = Vec::new();
        for member in group.members().into_iter().filter(|member| member.side() == Side::Out) {
            own.push((run.param(member.param())?, member));
        }
        let normalized = own.iter().any(|(param, _)| param.is_norm());
        let mut sum: Option<Tensor> = None;
        for (param, member) in own.iter().filter(|(param, _)| param.is_norm() == normalized) {
            let Some(grad) = run.grad(param)? else { continue };
            let product = run.weight(param)?.detach().f_mul(&grad)?;
            let change = member.rows(&product)?.f_sum_dim_intlist(1, false, Kind::Double)?;
            sum = Some(match sum {
                Some(sum) => sum.f_add(&change)?,
                None => change,
            });
        }
        match sum {
            Some(sum) => values(&sum),
            None => Ok(vec![0.0; group.units()]),
        }
    }
}

impl ChannelCriterion for Taylor {
    const ID: &'static CStr = c"org.secateur.channel-taylor";
    const NAME: &'static CStr = c"Taylor, first order";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"Keeps the channels whose removal would change the loss most, to first order.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1906.10771");
    const FLAGS: Flags = Flags::NEEDS_DATA.and(Flags::NEEDS_GRAD).and(Flags::DETERMINISTIC);
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        if config.batches == 0 || config.batch == Some(0) {
            return Err(Error::invalid("`batches` and `batch` must be at least 1"));
        }
        Ok(Self { config, scores: BTreeMap::new() })
    }

    fn scope(&self) -> Scope {
        self.config.scope
    }

    fn prepare(&mut self, run: &Run<'_>) -> Result<()> {
        let batch = match self.config.batch {
            Some(batch) => batch,
            None => run.allowance()?.batch.max(1),
        };
        run.rewind_data(Split::Train, batch, 0)?;
        let groups = run.groups();
        for group in &groups {
            self.scores.insert(group.id(), vec![0.0; group.units()]);
        }
        for done in 0..self.config.batches {
            // A split smaller than asked for is read once.
            let Some(pictures) = run.next_batch()? else { break };
            run.zero_grad()?;
            let output = run.forward(&pictures.input)?;
            run.backward(&run.loss(&output, &pictures.target)?)?;
            for group in &groups {
                let change = Self::change(run, group)?;
                let scores = self.scores.entry(group.id()).or_default();
                for (score, change) in scores.iter_mut().zip(change) {
                    *score += change * change;
                }
            }
            run.progress(u64::from(done) + 1, self.config.batches.into(), "batches");
        }
        run.zero_grad()
    }

    fn score(&mut self, _: &Run<'_>, group: &Group<'_>) -> Result<Vec<f64>> {
        Ok(self.scores.get(&group.id()).cloned().unwrap_or_default())
    }
}
