//! Masks of pruned networks, and what they have in common.
//!
//! A suite may have hundreds of networks of millions of weights, so masks themselves never leave [`load`]: what is kept of
//! them is how many weights each network keeps in each layer, and how many positions each two networks both keep.

pub(crate) mod load;

use serde::{Deserialize, Serialize};

use crate::row::Control;

/// The networks of one track at one keep whose masks have the same layers, so that they can be held against each other.
/// They may come from several suites, for example with different upstream tasks. Reproducible, as rows are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MaskSet {
    /// Track name.
    pub track: String,
    /// `weights` or `channels`.
    pub granularity: String,
    /// Fraction of the prunable weights asked for.
    pub keep: f64,
    /// Convolutions and fully connected layers that any of the networks' masks is about, in the order of the network.
    /// Empty if there is no mask to read.
    pub layers: Vec<MaskLayer>,
    /// The networks.
    pub networks: Vec<MaskedNetwork>,
    /// Positions that both networks of a pair keep, in all layers together: first for the networks 0 and 1, then 0 and 2, 1
    /// and 2, 0 and 3, … Empty for channels, where a position is no choice of its own. What is not read shares nothing.
    pub shared: Vec<u64>,
}

/// A layer whose weights masks may remove.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct MaskLayer {
    /// Name of its weight in the network.
    pub name: String,
    /// Weights it has.
    pub weights: u64,
}

/// A network that a `prune` stage has handed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MaskedNetwork {
    /// Suite name.
    pub suite: String,
    /// The pre-training it comes from, where networks of several are together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretraining: Option<String>,
    /// The task it was pruned on.
    pub task: String,
    /// Method label.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Replicate number.
    pub replicate: u32,
    /// Whether its mask could be read.
    pub state: MaskState,
    /// Weights that stay in each layer of the set; empty if the mask could not be read.
    pub kept: Vec<u64>,
}

/// Whether a mask could be read.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum MaskState {
    /// It was read.
    Read,
    /// Its file is not in the store any more.
    Gone,
    /// Its file cannot be read, or has other layers than the suite's other networks.
    Damaged,
}

/// Networks of a set, and those whose masks are missing from what is told of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct MaskTally {
    /// All networks.
    pub networks: usize,
    /// Those whose file is not in the store any more.
    pub gone: usize,
    /// Those whose file cannot be used.
    pub damaged: usize,
}

impl MaskTally {
    pub(crate) fn of<'a>(networks: impl IntoIterator<Item = &'a MaskedNetwork>) -> MaskTally {
        let mut tally = MaskTally::default();
        for network in networks {
            tally.networks += 1;
            match network.state {
                MaskState::Read => {}
                MaskState::Gone => tally.gone += 1,
                MaskState::Damaged => tally.damaged += 1,
            }
        }
        tally
    }
}

impl MaskSet {
    /// Positions that two networks both keep, by their places in the set.
    #[must_use]
    pub fn shared(&self, a: usize, b: usize) -> Option<u64> {
        let (low, high) = (a.min(b), a.max(b));
        if low == high { None } else { self.shared.get(pair_place(low, high)).copied() }
    }
}

/// Where the pair of two networks stands among all pairs; `low` is smaller than `high`.
fn pair_place(low: usize, high: usize) -> usize {
    high * (high - 1) / 2 + low
}

/// Methods before baselines, for tables in which both are compared.
pub(crate) fn method_order(network: &MaskedNetwork) -> impl Ord + use<'_> {
    (network.control == Some(Control::Baseline), &network.method)
}

#[cfg(test)]
mod tests;
