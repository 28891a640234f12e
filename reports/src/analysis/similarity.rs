//! How alike the masks of methods are.
//!
//! Relative mask similarity (Chen et al., arXiv 2012.06908): positions that two masks both keep, over positions that either
//! keeps. Two masks without anything in common but their numbers of weights per layer are alike, too: in a layer of which they
//! keep the fractions a and b, chance gives a·b of the positions to both and a + b − a·b to either. What such masks would have
//! stands beside each similarity, for methods that only spend alike must not look like methods that choose alike.

use std::collections::BTreeMap;

use serde::Serialize;

use super::masks::{MaskSet, MaskState, MaskTally, MaskedNetwork, method_order};
use crate::row::Control;
use crate::stats;

/// Similarities between all methods of one track at one keep.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct SimilarityTable {
    /// The suites whose methods are compared.
    pub suites: Vec<String>,
    /// Track name, the same in all of them; where networks of several pre-trainings are together, the names of their tracks.
    pub track: String,
    /// Fraction of the prunable weights asked for.
    pub keep: f64,
    /// What two masks have that keep this fraction of all positions at random: keep / (2 − keep).
    pub at_random: f64,
    /// Networks with and without a mask to read.
    pub tally: MaskTally,
    /// By suite, pre-training and task; methods, then baselines, each by name.
    pub sides: Vec<SimilaritySide>,
    /// Each pair of sides once, and each side with itself, where there is anything to compare; by the second side, then by
    /// the first.
    pub pairs: Vec<SimilarityPair>,
}

/// A method whose masks are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct SimilaritySide {
    /// Suite name.
    pub suite: String,
    /// The pre-training it comes from, where networks of several are together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pretraining: Option<String>,
    /// The task it was pruned on.
    pub task: String,
    /// Method label.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Replicates with a mask.
    pub replicates: usize,
}

/// How alike the masks of two methods are, or those of one method in different replicates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct SimilarityPair {
    /// Place of the first method among the table's sides.
    pub first: usize,
    /// Place of the second; the same for one method with itself.
    pub second: usize,
    /// Pairs of networks: all replicates of the one with all of the other, or different replicates of one.
    pub pairs: usize,
    /// Mean over these pairs of the relative mask similarity, in `[0, 1]`.
    pub similarity: f64,
    /// The least of a pair.
    pub least: f64,
    /// The largest of a pair.
    pub most: f64,
    /// Mean over the pairs of what two random masks would have that keep as many weights of each layer as these do.
    pub by_chance: f64,
}

impl SimilarityTable {
    /// The pair of two sides, in either order.
    #[must_use]
    pub fn pair(&self, a: usize, b: usize) -> Option<&SimilarityPair> {
        let wanted = (a.max(b), a.min(b));
        let place = self.pairs.binary_search_by_key(&wanted, |pair| (pair.second, pair.first)).ok()?;
        self.pairs.get(place)
    }

    /// What a side is called in this table: its method, with the suite, the pre-training and the task where these tell sides apart.
    #[must_use]
    pub fn label(&self, side: &SimilaritySide) -> String {
        let mut parts = Vec::new();
        if self.suites.len() > 1 {
            parts.push(side.suite.as_str());
        }
        parts.extend(side.pretraining.as_deref());
        let origin = |it: &'_ SimilaritySide| (it.suite.clone(), it.pretraining.clone());
        if self.sides.iter().any(|other| origin(other) == origin(side) && other.task != side.task) {
            parts.push(&side.task);
        }
        parts.push(&side.method);
        parts.join(": ")
    }
}

/// Compares all methods of each set. The order of `sets` and of their networks does not matter.
#[must_use]
pub fn tables(sets: &[MaskSet]) -> Vec<SimilarityTable> {
    let weights = sets.iter().filter(|set| set.granularity == "weights");
    let mut tables: Vec<SimilarityTable> = weights.filter_map(table).collect();
    tables.sort_by(|a, b| {
        let names = (&a.suites, &a.track).cmp(&(&b.suites, &b.track));
        // Suites with several networks have several tables of one name: that of the first task comes first.
        let tasks = |table: &SimilarityTable| table.sides.first().map(|side| side.task.clone());
        names.then_with(|| a.keep.total_cmp(&b.keep)).then_with(|| tasks(a).cmp(&tasks(b)))
    });
    tables
}

fn table(set: &MaskSet) -> Option<SimilarityTable> {
    let mut networks: Vec<usize> = (0..set.networks.len()).collect();
    networks.retain(|place| set.networks[*place].state == MaskState::Read);
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for place in networks {
        let network = &set.networks[place];
        groups
            .entry((&network.suite, &network.pretraining, &network.task, method_order(network)))
            .or_default()
            .push(place);
    }
    let groups: Vec<Vec<usize>> = groups.into_values().collect();
    let mut pairs = Vec::new();
    for (second, theirs) in groups.iter().enumerate() {
        for (first, ours) in groups[..=second].iter().enumerate() {
            pairs.extend(pair(set, (first, ours), (second, theirs)));
        }
    }
    let mut suites: Vec<String> = set.networks.iter().map(|network| network.suite.clone()).collect();
    suites.sort();
    suites.dedup();
    let sides: Vec<SimilaritySide> = groups.iter().map(|places| side(&set.networks, places)).collect();
    let tally = MaskTally::of(&set.networks);
    let anything = !pairs.is_empty() || tally.gone + tally.damaged > 0;
    anything.then(|| SimilarityTable {
        suites,
        track: set.track.clone(),
        keep: set.keep,
        at_random: set.keep / (2.0 - set.keep),
        tally,
        sides,
        pairs,
    })
}

fn side(networks: &[MaskedNetwork], places: &[usize]) -> SimilaritySide {
    let network = &networks[places[0]];
    SimilaritySide {
        suite: network.suite.clone(),
        pretraining: network.pretraining.clone(),
        task: network.task.clone(),
        method: network.method.clone(),
        control: network.control,
        replicates: places.len(),
    }
}

fn pair(
    set: &MaskSet,
    (first, ours): (usize, &[usize]),
    (second, theirs): (usize, &[usize]),
) -> Option<SimilarityPair> {
    let all = ours.iter().flat_map(|a| theirs.iter().map(move |b| (*a, *b)));
    // Within a method each pair of replicates counts once, and none with itself.
    let pairs = all.filter(|(a, b)| first != second || a < b);
    let (mut similarities, mut chances): (Vec<f64>, Vec<f64>) =
        pairs.filter_map(|(a, b)| Some((similarity(set, a, b)?, by_chance(set, a, b)?))).unzip();
    // Sums depend on the order of their terms, and a report must not depend on the order of its networks.
    similarities.sort_by(f64::total_cmp);
    chances.sort_by(f64::total_cmp);
    Some(SimilarityPair {
        first,
        second,
        pairs: similarities.len(),
        similarity: stats::mean(&similarities)?,
        least: *similarities.first()?,
        most: *similarities.last()?,
        by_chance: stats::mean(&chances)?,
    })
}

/// |a AND b| / |a OR b| over all layers; nothing if neither keeps a weight.
fn similarity(set: &MaskSet, a: usize, b: usize) -> Option<f64> {
    let kept = |place: usize| set.networks[place].kept.iter().sum::<u64>();
    let both = set.shared(a, b)?;
    let either = (kept(a) + kept(b)).checked_sub(both).filter(|either| *either > 0)?;
    Some(both as f64 / either as f64)
}

/// The similarity that chance gives masks with these numbers of weights in each layer: the expected number of positions that both
/// keep, over the expected number that either keeps.
fn by_chance(set: &MaskSet, a: usize, b: usize) -> Option<f64> {
    let (ours, theirs) = (&set.networks[a].kept, &set.networks[b].kept);
    let (mut both, mut either) = (0.0, 0.0);
    for ((layer, ours), theirs) in set.layers.iter().zip(ours).zip(theirs) {
        let (ours, theirs) = (*ours as f64, *theirs as f64);
        let common = ours * theirs / layer.weights.max(1) as f64;
        both += common;
        either += ours + theirs - common;
    }
    (either > 0.0).then(|| both / either)
}

#[cfg(test)]
mod tests;
