//! Parameters.

use secateur_sdk::prelude::*;

use crate::distribution::Distribution;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// How many weights each layer keeps, from the first step to the last.
    #[serde(default)]
    pub(crate) distribution: Distribution,
    /// Fraction of a layer's weights that the first update moves.
    #[serde(default = "default_alpha")]
    pub(crate) alpha: f64,
    /// How that fraction falls until `end`: `cosine` (RigL's default) or `constant` (SET's default).
    #[serde(default)]
    pub(crate) anneal: Option<Anneal>,
    /// Steps between two updates of the masks. By default a 25th of the steps until `end`, but at least 10 and at most
    /// the papers' 100.
    #[serde(default)]
    pub(crate) interval: Option<u64>,
    /// Fraction of the training after which the masks stay as they are.
    #[serde(default = "default_end")]
    pub(crate) end: f64,
    /// Fraction of the allowance that the sparse training takes; the host spends the rest on recovery.
    #[serde(default = "default_fraction")]
    pub(crate) search_fraction: f64,
}

/// How the fraction of weights that an update moves changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum Anneal {
    /// Half a cosine down to zero.
    Cosine,
    /// It does not.
    Constant,
}

fn default_alpha() -> f64 {
    0.3
}

fn default_end() -> f64 {
    0.75
}

fn default_fraction() -> f64 {
    1.0
}

impl Config {
    /// Refuses values that make no sense.
    pub(crate) fn check(&self) -> Result<()> {
        if !(self.alpha > 0.0 && self.alpha < 1.0) {
            return Err(Error::invalid(format!("alpha is {}, which is not between 0 and 1", self.alpha)));
        }
        if self.interval == Some(0) {
            return Err(Error::invalid("interval is 0; there is at least one step from update to update"));
        }
        for (name, value) in [("end", self.end), ("search_fraction", self.search_fraction)] {
            if !(value > 0.0 && value <= 1.0) {
                return Err(Error::invalid(format!("{name} is {value}, which is not in (0, 1]")));
            }
        }
        Ok(())
    }
}
