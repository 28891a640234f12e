//! Parameters of `dcp` and `dcp-adapt`, with the paper's values as defaults.

use secateur_sdk::prelude::*;

use crate::config::{RankedAt, Score, Search, Settings, default};

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct DcpConfig {
    /// How channels of a layer are picked.
    #[serde(default = "greedy")]
    search: Search,
    /// Where the one ranking of a top-k search is made.
    #[serde(default = "at_weights")]
    ranked_at: RankedAt,
    /// How gradients become scores.
    #[serde(default = "sum_of_norms")]
    score: Score,
    /// Weight of the auxiliary cross-entropy beside the reconstruction error (equation 6: 1).
    #[serde(default = "default::weight")]
    lambda: f64,
    /// Auxiliary losses beside the network's own (section 4.1: 3 for ResNet-50 and -56, 2 for VGG and ResNet-18).
    #[serde(default = "default::losses")]
    losses: usize,
    /// Fraction of the allowance for training the auxiliary losses with the network. The paper's numbers of epochs are
    /// out of proportion to any fixed allowance.
    #[serde(default = "default::auxiliary_fraction")]
    auxiliary_fraction: f64,
    /// Pictures for a layer's search, at most, in whole batches: 10,000 on ImageNet and the whole training set on
    /// CIFAR-10 in the paper.
    #[serde(default = "default::samples")]
    samples: u32,
    /// Pictures in a batch of the search; absent: the recipe's.
    #[serde(default)]
    batch: Option<u32>,
    /// Channels that join at a time in the greedy search (1 in the paper).
    #[serde(default = "default::channels_at_a_time")]
    channels_at_a_time: usize,
    /// Passes over the pictures that optimize the kept weights after each pick (1 in the authors' code), or once after
    /// the ranking of a top-k search.
    #[serde(default = "default::passes")]
    passes: u32,
    /// Learning rate of these passes (0.01 in the authors' code; with momentum 0.9, Nesterov, weight decay 1e-4).
    #[serde(default = "default::lr")]
    lr: f64,
}

impl DcpConfig {
    /// Checked settings.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let settings = Settings {
            search: self.search,
            ranked_at: self.ranked_at,
            score: self.score,
            weight: self.lambda,
            losses: self.losses,
            auxiliary_fraction: self.auxiliary_fraction,
            samples: self.samples,
            batch: self.batch,
            channels_at_a_time: self.channels_at_a_time,
            passes: self.passes,
            lr: self.lr,
        };
        settings.check("lambda")?;
        Ok(settings)
    }
}

fn greedy() -> Search {
    Search::Greedy
}

fn at_weights() -> RankedAt {
    RankedAt::Weights
}

fn sum_of_norms() -> Score {
    Score::SumOfNorms
}
