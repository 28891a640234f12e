//! Filter pruning via the geometric median.

use std::ffi::CStr;

use secateur_sdk::prelude::*;

use crate::norm::yes;
use crate::random::uniform;
use crate::{by_mean, values};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// How units compete: `uniform` (each group keeps the same fraction, as in the paper) or `global`.
    #[serde(default = "uniform")]
    scope: Scope,
    /// Whether sums of distances are divided by their group's mean; it matters for a global scope only.
    #[serde(default = "yes")]
    normalize: bool,
}

/// The sum of a filter's Euclidean distances to all filters of its group: a filter near the geometric median can be
/// stood in for by the others. One shot; the paper masks softly and anew every epoch.
pub(crate) struct Fpgm(Config);

/// Sum of the Euclidean distances of each row to all rows.
pub(crate) fn distances(rows: &Tensor) -> Result<Tensor> {
    let rows = rows.f_to_kind(Kind::Double)?;
    // By differences and not by products of norms, which would lose small distances.
    let cdist = Tensor::f_cdist(&rows, &rows, 2.0, 2)?;
    Ok(cdist.f_sum_dim_intlist(1, false, Kind::Double)?)
}

impl ChannelCriterion for Fpgm {
    const ID: &'static CStr = c"org.secateur.channel-fpgm";
    const NAME: &'static CStr = c"FPGM";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"Removes the channels whose filters are nearest to all others of their group.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1811.00250");
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        Ok(Self(config))
    }

    fn scope(&self) -> Scope {
        self.0.scope
    }

    fn score(&mut self, run: &Run<'_>, group: &Group<'_>) -> Result<Vec<f64>> {
        let scores = values(&distances(&run.filters(group, false)?)?)?;
        Ok(if self.0.normalize { by_mean(scores) } else { scores })
    }
}
