//! Parameters.

use secateur_sdk::prelude::*;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// Fraction of the remaining weights that each round removes.
    #[serde(default = "default_rate")]
    pub(crate) rate: f64,
    /// Where the weights go after each pruning: `start` (where the trial began), `init` (the upstream's
    /// initialization), `step:N` (an early step that the upstream kept), or `none` (they stay as trained).
    #[serde(default = "default_rewind")]
    pub(crate) rewind: String,
    /// What is handed in: the ticket `rewound`, or `trained` for one more round.
    #[serde(default)]
    pub(crate) emit: Emit,
    /// `iterative`, or `one-shot`: train once, then prune to each target from there.
    #[serde(default)]
    pub(crate) mode: Mode,
    /// How weights compete.
    #[serde(default)]
    pub(crate) scope: Scope,
    /// Fraction of the allowance that is spent on finding tickets; the host spends the rest on recovery.
    #[serde(default = "default_fraction")]
    pub(crate) search_fraction: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum Emit {
    /// The ticket with its rewound weights.
    #[default]
    Rewound,
    /// The ticket after one more round of training.
    Trained,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum Mode {
    /// Many rounds.
    #[default]
    Iterative,
    /// One round.
    OneShot,
}

fn default_rate() -> f64 {
    0.2
}

fn default_rewind() -> String {
    "start".to_owned()
}

fn default_fraction() -> f64 {
    0.5
}

impl Config {
    /// Refuses values that make no sense.
    pub(crate) fn check(&self) -> Result<()> {
        if !(self.rate > 0.0 && self.rate < 1.0) {
            return Err(Error::invalid(format!("rate is {}, which is not between 0 and 1", self.rate)));
        }
        if !(self.search_fraction > 0.0 && self.search_fraction <= 1.0) {
            let message = format!("search_fraction is {}, which is not in (0, 1]", self.search_fraction);
            return Err(Error::invalid(message));
        }
        let step = self.rewind.strip_prefix("step:").is_some_and(|step| step.parse::<u64>().is_ok());
        if !step && !matches!(self.rewind.as_str(), "start" | "init" | "none") {
            return Err(Error::invalid(format!(
                "rewind is `{}`; it is one of `start`, `init`, `step:N` and `none`",
                self.rewind
            )));
        }
        Ok(())
    }
}
