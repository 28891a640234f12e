//! Differences between methods, paired over pictures and replicates.
//!
//! Much of what makes a score uncertain is common to all methods: a hard picture is hard for all of them, and one
//! replicate fixes the seed for all. A difference is hence taken within a replicate, and within one draw of the pictures,
//! before anything is averaged. [`resampled`] takes from a store what that needs, [`tables`] compares.
//!
//! Intervals are those of a bootstrap on two levels (percentiles; Efron and Tibshirani, An Introduction to the Bootstrap,
//! 1993, chapter 13): draw *b* has its pictures drawn with replacement, which the stage that scored a network has done, the
//! same for all networks; and the replicates that both methods have, drawn with replacement here. With one replicate
//! only the first level is left.

mod draws;
pub(crate) mod load;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::export::csv::floats_order;
use crate::row::Control;
use crate::stats::{self, Interval, LEVEL, Over};

pub(crate) use load::resampled;

/// The metric of one scored network on pictures that were drawn with replacement. Reproducible, as rows are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Resampled {
    /// Suite name.
    pub suite: String,
    /// Track name.
    pub track: String,
    /// `direct`, `upstream`, `transfer` or `validation`.
    pub protocol: String,
    /// `linear`, `full` or `none`.
    pub regime: String,
    /// Task identifier.
    pub task: String,
    /// Method label.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Fraction of the prunable weights asked for; 1 for dense rows.
    pub keep: f64,
    /// Replicate number.
    pub replicate: u32,
    /// The task's own metric on the split itself, in `[0, 1]`.
    pub score: f64,
    /// The same on draws from the split, draw by draw, the same draws for every network of the task; nothing where a draw
    /// has no object to find. Empty if the store has none for this network.
    pub values: Vec<Option<f64>>,
}

/// Differences between all methods that were scored on one task in one track.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PairTable {
    /// Suite name.
    pub suite: String,
    /// Track name.
    pub track: String,
    /// `direct`, `upstream`, `transfer` or `validation`.
    pub protocol: String,
    /// `linear`, `full` or `none`.
    pub regime: String,
    /// Task identifier.
    pub task: String,
    /// Scored networks of methods and of `dense-trained`, replicates counted.
    pub networks: usize,
    /// Those of them without values on draws, which are in no pair.
    pub lacking: usize,
    /// Keeps with pairs, the smallest first.
    pub keeps: Vec<PairKeep>,
}

/// Pairs of methods at one keep.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PairKeep {
    /// Fraction of the prunable weights asked for.
    pub keep: f64,
    /// Each pair once: by `against` (methods, baselines, then `dense-trained`; within these by name), then by `method` in
    /// the same order. So the first pairs are all pairs of the first methods.
    pub pairs: Vec<Pair>,
}

/// The difference of two methods on one task at one keep.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Pair {
    /// Label of the method.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Label of what it is held against.
    pub against: String,
    /// Which control that is, if any.
    pub against_control: Option<Control>,
    /// Replicates that both have; no others count.
    pub replicates: usize,
    /// `method` minus `against`: mean over these replicates of the differences of the task's own metric, a fraction.
    pub difference: f64,
    /// Interval of the difference; over pictures alone where there is one replicate.
    pub interval: Interval,
    /// Fraction of the draws in which `method` is ahead.
    pub ahead: f64,
    /// Fraction of the draws in which `against` is ahead; in the others they are equal.
    pub behind: f64,
    /// Draws that the interval is made of.
    pub draws: usize,
    /// Draws that were left out, because a network has no value there.
    pub left_out: usize,
}

impl Pair {
    /// The same pair seen from the other side.
    #[must_use]
    pub fn turned(&self) -> Pair {
        // Subtracting, for the negative of zero would be printed as one.
        Pair {
            method: self.against.clone(),
            control: self.against_control,
            against: self.method.clone(),
            against_control: self.control,
            difference: 0.0 - self.difference,
            interval: Interval {
                low: 0.0 - self.interval.high,
                high: 0.0 - self.interval.low,
                over: self.interval.over,
            },
            ahead: self.behind,
            behind: self.ahead,
            ..*self
        }
    }
}

impl Resampled {
    /// The value of a draw, if it has one.
    fn value(&self, draw: usize) -> Option<f64> {
        self.values.get(draw).copied().flatten().filter(|value| value.is_finite())
    }

    /// Whether it can be in a pair.
    fn is_whole(&self) -> bool {
        self.score.is_finite() && (0..self.values.len()).any(|draw| self.value(draw).is_some())
    }
}

/// Methods before baselines before `dense-trained`; nothing for controls that are not compared.
pub(crate) fn rank(control: Option<Control>) -> Option<u8> {
    match control {
        None => Some(0),
        Some(Control::Baseline) => Some(1),
        Some(Control::DenseTrained) => Some(2),
        Some(Control::DenseAsIs | Control::Scratch) => None,
    }
}

/// By everything: networks compare equal only if they are.
fn order(a: &Resampled, b: &Resampled) -> Ordering {
    fn who(it: &Resampled) -> impl Ord + '_ {
        (&it.suite, &it.track, &it.protocol, &it.regime, &it.task)
    }
    who(a)
        .cmp(&who(b))
        .then_with(|| a.keep.total_cmp(&b.keep))
        .then_with(|| {
            (rank(a.control), &a.method, a.replicate).cmp(&(rank(b.control), &b.method, b.replicate))
        })
        .then_with(|| a.score.total_cmp(&b.score))
        .then_with(|| a.values.len().cmp(&b.values.len()))
        .then_with(|| floats_order(&a.values, &b.values))
}

/// Compares all methods with one another and with `dense-trained`. The order of `resampled` does not matter.
#[must_use]
pub fn tables(resampled: &[Resampled]) -> Vec<PairTable> {
    let mut sorted: Vec<&Resampled> = resampled.iter().filter(|it| rank(it.control).is_some()).collect();
    sorted.sort_by(|a, b| order(a, b));
    let one_table = |a: &&Resampled, b: &&Resampled| {
        (&a.suite, &a.track, &a.protocol, &a.regime, &a.task)
            == (&b.suite, &b.track, &b.protocol, &b.regime, &b.task)
    };
    let mut weights = Weights::default();
    sorted.chunk_by(one_table).filter_map(|networks| table(networks, &mut weights)).collect()
}

fn table(networks: &[&Resampled], weights: &mut Weights) -> Option<PairTable> {
    let first = networks.first()?;
    let (dense, methods): (Vec<&Resampled>, Vec<&Resampled>) =
        networks.iter().copied().partition(|it| it.control == Some(Control::DenseTrained));
    let dense = Side::of(&dense);
    let same_keep = |a: &&Resampled, b: &&Resampled| a.keep.to_bits() == b.keep.to_bits();
    let keeps = methods.chunk_by(same_keep).filter_map(|own| {
        let same_method = |a: &&Resampled, b: &&Resampled| (a.control, &a.method) == (b.control, &b.method);
        let mut sides: Vec<Side<'_>> = own.chunk_by(same_method).filter_map(Side::of).collect();
        sides.extend(dense.clone());
        let pairs = sides
            .iter()
            .enumerate()
            .flat_map(|(place, against)| sides[..place].iter().map(move |method| (method, against)));
        let pairs: Vec<Pair> = pairs.filter_map(|(method, against)| pair(method, against, weights)).collect();
        (!pairs.is_empty()).then(|| PairKeep { keep: own[0].keep, pairs })
    });
    Some(PairTable {
        suite: first.suite.clone(),
        track: first.track.clone(),
        protocol: first.protocol.clone(),
        regime: first.regime.clone(),
        task: first.task.clone(),
        keeps: keeps.collect(),
        networks: networks.len(),
        lacking: networks.iter().filter(|it| !it.is_whole()).count(),
    })
}

/// One side of a pair: a method at a keep, or `dense-trained`.
#[derive(Clone)]
struct Side<'a> {
    method: &'a str,
    control: Option<Control>,
    /// Networks by replicate. Contradictory ones are an error on the board; here the first stands.
    replicates: BTreeMap<u32, &'a Resampled>,
}

impl<'a> Side<'a> {
    fn of(networks: &[&'a Resampled]) -> Option<Side<'a>> {
        let first = networks.first()?;
        let mut replicates = BTreeMap::new();
        for network in networks.iter().filter(|it| it.is_whole()) {
            replicates.entry(network.replicate).or_insert(*network);
        }
        Some(Side { method: &first.method, control: first.control, replicates })
    }
}

/// How often each replicate counts in each draw, by the numbers of replicates and draws: pairs share them.
type Weights = BTreeMap<(usize, usize), Vec<u32>>;

fn pair(ours: &Side<'_>, theirs: &Side<'_>, weights: &mut Weights) -> Option<Pair> {
    let shared: Vec<(&Resampled, &Resampled)> = ours
        .replicates
        .iter()
        .filter_map(|(replicate, network)| Some((*network, *theirs.replicates.get(replicate)?)))
        .collect();
    let scores: Vec<f64> = shared.iter().map(|(ours, theirs)| ours.score - theirs.score).collect();
    let count = shared.len();
    let most = shared.iter().flat_map(|(a, b)| [a.values.len(), b.values.len()]).min()?;
    let weights = weights.entry((count, most)).or_insert_with(|| draws::weights(count, most));
    // A draw without a value is left out whether or not its replicate is drawn, lest some replicates count more.
    let drawn = weights.chunks_exact(count).enumerate().filter_map(|(draw, weights)| {
        let mut sum = 0.0;
        for ((ours, theirs), weight) in shared.iter().zip(weights) {
            sum += f64::from(*weight) * (ours.value(draw)? - theirs.value(draw)?);
        }
        Some(sum / count as f64)
    });
    let mut drawn: Vec<f64> = drawn.collect();
    drawn.sort_by(f64::total_cmp);
    let fraction = |wanted: fn(&f64) -> bool| {
        drawn.iter().filter(|difference| wanted(difference)).count() as f64 / drawn.len() as f64
    };
    Some(Pair {
        method: ours.method.to_owned(),
        control: ours.control,
        against: theirs.method.to_owned(),
        against_control: theirs.control,
        replicates: count,
        difference: stats::mean(&scores)?,
        interval: Interval {
            low: stats::quantile(&drawn, (1.0 - LEVEL) / 2.0)?,
            high: stats::quantile(&drawn, (1.0 + LEVEL) / 2.0)?,
            over: if count == 1 { Over::Pictures } else { Over::PicturesAndSeeds },
        },
        ahead: fraction(|difference| *difference > 0.0),
        behind: fraction(|difference| *difference < 0.0),
        draws: drawn.len(),
        left_out: most - drawn.len(),
    })
}

#[cfg(test)]
mod tests;
