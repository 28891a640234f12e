//! Parameters.

use secateur_sdk::prelude::*;

/// Fraction of the remaining weights that a round removes, unless the suite says otherwise (arXiv 2012.06908).
const RATE: f64 = 0.2;
/// Part of the allowance for the search, unless the suite says otherwise.
const SEARCH_FRACTION: f64 = 0.5;
/// Part of the positions that `swap` exchanges, unless the suite says otherwise (arXiv 2012.06908).
const PERTURB_FRACTION: f64 = 0.1;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// Where the mask comes from: `iterative` or `one-shot` search, or `mask-transfer` from the weights of the start.
    #[serde(default)]
    pub(crate) mode: Mode,
    /// Fraction of the remaining weights that each round of `iterative` removes; 0.2 without `rounds`.
    #[serde(default)]
    pub(crate) rate: Option<f64>,
    /// In place of `rate`: rounds down to the smallest keep, each of which keeps the same fraction.
    #[serde(default)]
    pub(crate) rounds: Option<u32>,
    /// Where the weights go after each pruning: `start` (where the trial began), `init` (the upstream's
    /// initialization), `step:N` (an early step that the upstream kept), or `none` (they stay as trained).
    #[serde(default = "default_rewind")]
    pub(crate) rewind: String,
    /// What is handed in: the ticket `rewound`, or `trained` for one more round.
    #[serde(default)]
    pub(crate) emit: Emit,
    /// How weights compete.
    #[serde(default)]
    pub(crate) scope: Scope,
    /// Fraction of the allowance that is spent on finding tickets, 0.5 by default; the host spends the rest on recovery.
    #[serde(default)]
    pub(crate) search_fraction: Option<f64>,
    /// Ends a training of the search when the mask that it would give has settled.
    #[serde(default)]
    pub(crate) early_bird: Option<EarlyBird>,
    /// What is done to the mask before it is handed in: `none`, `complement`, `random` or `swap`.
    #[serde(default)]
    pub(crate) perturb: Perturb,
    /// Fraction of the kept positions that `swap` exchanges; 0.1 by default.
    #[serde(default)]
    pub(crate) perturb_fraction: Option<f64>,
}

/// What is handed in.
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

/// Where the mask comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum Mode {
    /// Many rounds of training and pruning.
    #[default]
    Iterative,
    /// One training, then pruning to each target.
    OneShot,
    /// No training: the magnitudes of the weights where the trial begins.
    MaskTransfer,
}

/// What is done to a mask that was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum Perturb {
    /// Nothing.
    #[default]
    None,
    /// For a keep of k, all that the ticket of 1 - k removes.
    Complement,
    /// Random positions, in each layer as many as the ticket has there.
    Random,
    /// Some of the kept positions are exchanged for removed ones.
    Swap,
}

/// When a training has settled.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct EarlyBird {
    /// Bound of the distance between masks: the fraction of the competing weights that only one of them keeps.
    #[serde(default = "default_distance")]
    pub(crate) distance: f64,
    /// Masks that are compared, the newest among them with each of the others.
    #[serde(default = "default_window")]
    pub(crate) window: usize,
    /// Equal parts of a training, after each of which the mask is looked at.
    #[serde(default = "default_checks")]
    pub(crate) checks: u64,
}

fn default_rewind() -> String {
    "start".to_owned()
}

fn default_distance() -> f64 {
    0.1
}

fn default_window() -> usize {
    5
}

fn default_checks() -> u64 {
    20
}

/// How many weights go in a round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// This fraction of what remains.
    Rate(f64),
    /// As many as reach the smallest keep in so many rounds.
    Rounds(u32),
}

impl Config {
    pub(crate) fn pace(&self) -> Pace {
        self.rounds.map_or(Pace::Rate(self.rate.unwrap_or(RATE)), Pace::Rounds)
    }

    pub(crate) fn search_fraction(&self) -> f64 {
        self.search_fraction.unwrap_or(SEARCH_FRACTION)
    }

    pub(crate) fn perturb_fraction(&self) -> f64 {
        self.perturb_fraction.unwrap_or(PERTURB_FRACTION)
    }

    /// The checkpoint that weights are set back to; `None` if they stay as trained.
    pub(crate) fn checkpoint(&self) -> Option<&str> {
        (self.rewind != "none").then_some(self.rewind.as_str())
    }

    /// Refuses values that make no sense, alone and together.
    pub(crate) fn check(&self) -> Result<()> {
        self.check_values()?;
        self.check_mode()?;
        if let Some(bird) = &self.early_bird {
            bird.check()?;
            if self.emit == Emit::Trained {
                return refuse(
                    "early_bird stops trainings of the search, and with emit: trained these are the tickets' own; use emit: \
                     rewound",
                );
            }
            if self.scope != Scope::Global {
                return refuse("early_bird compares masks of scope: global only");
            }
        }
        if self.perturb == Perturb::None {
            if self.perturb_fraction.is_some() {
                return refuse("perturb_fraction is for perturb: swap, and there is no perturb");
            }
            return Ok(());
        }
        if self.perturb_fraction.is_some() && self.perturb != Perturb::Swap {
            return refuse("perturb_fraction is for perturb: swap alone");
        }
        if self.checkpoint().is_none() {
            return refuse(
                "perturb keeps weights that the search has removed, which need a checkpoint to take their values from; \
                 name one in rewind",
            );
        }
        if self.emit == Emit::Trained {
            return refuse(
                "perturb changes the ticket that is handed in, which recovery then trains; use emit: rewound",
            );
        }
        Ok(())
    }

    fn check_values(&self) -> Result<()> {
        if let Some(rate) = self.rate
            && !(rate > 0.0 && rate < 1.0)
        {
            return refuse(format!("rate is {rate}, which is not between 0 and 1"));
        }
        if let Some(rate) = self.rate
            && 1.0 - rate >= 1.0
        {
            return refuse(format!("rate is {rate}, with which no round removes anything; raise it"));
        }
        if self.rounds == Some(0) {
            return refuse("rounds is 0; there is at least one");
        }
        if self.rate.is_some() && self.rounds.is_some() {
            return refuse("rate and rounds both say how many weights a round removes; give one of them");
        }
        if let Some(fraction) = self.search_fraction
            && !(fraction > 0.0 && fraction <= 1.0)
        {
            return refuse(format!("search_fraction is {fraction}, which is not in (0, 1]"));
        }
        let fraction = self.perturb_fraction();
        if !(fraction > 0.0 && fraction <= 1.0) {
            return refuse(format!("perturb_fraction is {fraction}, which is not in (0, 1]"));
        }
        let step = self.rewind.strip_prefix("step:").is_some_and(|step| step.parse::<u64>().is_ok());
        if !step && !matches!(self.rewind.as_str(), "start" | "init" | "none") {
            return refuse(format!(
                "rewind is `{}`; it is one of `start`, `init`, `step:N` and `none`",
                self.rewind
            ));
        }
        Ok(())
    }

    /// Refuses parameters that would have no effect in the mode.
    fn check_mode(&self) -> Result<()> {
        let paced = [("rate", self.rate.is_some()), ("rounds", self.rounds.is_some())];
        let searching = [
            ("search_fraction", self.search_fraction.is_some()),
            ("early_bird", self.early_bird.is_some()),
            ("emit: trained", self.emit == Emit::Trained),
        ];
        let given =
            |list: &[(&'static str, bool)]| list.iter().find(|(_, given)| *given).map(|(name, _)| *name);
        match self.mode {
            Mode::Iterative => Ok(()),
            Mode::OneShot => given(&paced).map_or(Ok(()), |name| {
                refuse(format!("{name} is of rounds, and mode: one-shot has a single one"))
            }),
            Mode::MaskTransfer => given(&paced).or(given(&searching)).map_or(Ok(()), |name| {
                refuse(format!("{name} is of a search, and mode: mask-transfer trains nothing"))
            }),
        }
    }
}

impl EarlyBird {
    fn check(&self) -> Result<()> {
        if !(0.0..1.0).contains(&self.distance) {
            return refuse(format!("early_bird.distance is {}, which is not in [0, 1)", self.distance));
        }
        if self.window < 2 {
            return refuse(format!("early_bird.window is {}; two masks are needed to compare", self.window));
        }
        if (self.window as u64) > self.checks {
            return refuse(format!(
                "early_bird.window is {}, but a training has {} checks in all",
                self.window, self.checks
            ));
        }
        Ok(())
    }
}

fn refuse<T>(message: impl Into<String>) -> Result<T> {
    Err(Error::invalid(message))
}
