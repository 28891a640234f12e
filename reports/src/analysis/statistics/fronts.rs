//! Pareto fronts: the networks of a board that no other is better than, for each kind of cost.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::board::{Board, Entry};
use crate::cost::MethodCost;
use crate::row::Control;
use crate::speed::Speed;
use crate::stats;
use crate::stats::curve::pareto_front;

/// What a network costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CostAxis {
    /// All parameters that are not zero; the largest number of the entry's networks.
    NonzeroParams,
    /// Multiply-accumulates that are executed for one picture, convention `core`.
    ExecutedMacs,
    /// Multiply-accumulates with a weight that is not zero, convention `core`.
    NonzeroMacs,
    /// Measured milliseconds for one picture, of the compacted network where there is one, else of the masked one.
    LatencyMs,
    /// Training multiply-accumulates of pruning and recovery together, in dense training samples.
    TrainingMacs,
    /// Mean wall-clock seconds of a `prune` stage.
    PruneSeconds,
}

impl CostAxis {
    /// All of them, in the order of tables.
    pub const ALL: [CostAxis; 6] = [
        CostAxis::NonzeroParams,
        CostAxis::ExecutedMacs,
        CostAxis::NonzeroMacs,
        CostAxis::LatencyMs,
        CostAxis::TrainingMacs,
        CostAxis::PruneSeconds,
    ];

    /// The words that stand in tables.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            CostAxis::NonzeroParams => "non-zero params",
            CostAxis::ExecutedMacs => "executed MACs",
            CostAxis::NonzeroMacs => "non-zero MACs",
            CostAxis::LatencyMs => "latency",
            CostAxis::TrainingMacs => "training MACs",
            CostAxis::PruneSeconds => "prune seconds",
        }
    }
}

/// A front of a board.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Front {
    /// The cost.
    pub axis: CostAxis,
    /// Networks with a score and this cost.
    pub points: usize,
    /// Networks with a score of which this cost is not known.
    pub left_out: usize,
    /// Where latencies were measured; absent for other costs.
    pub machine: Option<String>,
    /// The networks on the front, the cheapest first.
    pub front: Vec<FrontPoint>,
}

/// A network on a front: no other costs no more and scores no less, and is better in one of both.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct FrontPoint {
    /// Method label.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Fraction of the prunable weights asked for.
    pub keep: f64,
    /// What it costs.
    pub cost: f64,
    /// Mean over tasks and replicates.
    pub score: f64,
}

type TrackKey<'a> = (&'a str, &'a str);

/// Latencies and times by the names of what they were measured of.
pub(crate) struct Measured<'a> {
    latency: BTreeMap<(TrackKey<'a>, &'a str, u64), f64>,
    machines: BTreeMap<TrackKey<'a>, BTreeSet<&'a str>>,
    prune_seconds: BTreeMap<(TrackKey<'a>, &'a str), f64>,
}

impl<'a> Measured<'a> {
    /// Sorts what was measured.
    pub(crate) fn of(costs: &'a [MethodCost], speeds: &'a [Speed]) -> Measured<'a> {
        // Of all forms of a network the last one counts: dense, masked, compacted.
        let form = |speed: &Speed| ["dense", "masked"].iter().position(|it| *it == speed.form).unwrap_or(2);
        let mut all: BTreeMap<_, BTreeMap<usize, Vec<f64>>> = BTreeMap::new();
        let mut machines: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
        for speed in speeds.iter().filter(|it| it.batch == 1 && it.median_ms.is_finite()) {
            let track = (speed.suite.as_str(), speed.track.as_str());
            machines.entry(track).or_default().insert(&speed.machine);
            let key = (track, speed.method.as_str(), speed.keep.to_bits());
            all.entry(key).or_default().entry(form(speed)).or_default().push(speed.median_ms);
        }
        let last = |forms: BTreeMap<usize, Vec<f64>>| {
            let (_, mut medians) = forms.into_iter().next_back()?;
            // Sums depend on the order of their terms.
            medians.sort_by(f64::total_cmp);
            stats::mean(&medians)
        };
        let latency = all.into_iter().filter_map(|(key, forms)| Some((key, last(forms)?))).collect();
        let seconds = |it: &'a MethodCost| {
            Some((((it.suite.as_str(), it.track.as_str()), it.method.as_str()), it.prune_seconds?))
        };
        Measured { latency, machines, prune_seconds: costs.iter().filter_map(seconds).collect() }
    }

    /// The one machine on which a track was measured. Latencies of several, or of an unknown one, are not compared.
    fn machine(&self, track: TrackKey<'_>) -> Option<&'a str> {
        let machines = self.machines.get(&track)?;
        machines.iter().next().copied().filter(|name| machines.len() == 1 && !name.is_empty())
    }

    fn cost(&self, axis: CostAxis, track: TrackKey<'_>, entry: &Entry) -> Option<f64> {
        let budget = &entry.budget;
        match axis {
            CostAxis::NonzeroParams => budget.params_remaining.map(|span| span.max as f64),
            CostAxis::ExecutedMacs => budget.macs_executed,
            CostAxis::NonzeroMacs => budget.macs_nonzero,
            CostAxis::LatencyMs => {
                self.machine(track)?;
                self.latency.get(&(track, entry.method.as_str(), entry.keep.to_bits())).copied()
            }
            CostAxis::TrainingMacs => budget.training_macs,
            // The dense network is not pruned at all.
            CostAxis::PruneSeconds if entry.is_dense() => None,
            CostAxis::PruneSeconds => self.prune_seconds.get(&(track, entry.method.as_str())).copied(),
        }
    }
}

/// The networks of a board that a front is over.
pub(crate) struct Costed {
    /// Those with a score and the cost, in the board's order.
    pub(crate) points: Vec<FrontPoint>,
    /// Which of them are on the front.
    pub(crate) on: Vec<bool>,
    /// Networks with a score of which the cost is not known.
    pub(crate) left_out: usize,
}

/// The ranked methods of a board and `dense-trained` with what they cost. Nothing where the cost is not known or does not
/// differ: masked networks all execute the same multiply-accumulates, and a front over one cost would be the best score only.
pub(crate) fn costed(board: &Board, measured: &Measured<'_>, axis: CostAxis) -> Option<Costed> {
    let track = (board.key.suite.as_str(), board.key.track.as_str());
    let is_dense_trained = |it: &&Entry| it.control == Some(Control::DenseTrained) && it.complete;
    let ranked = board.methods().filter(|it| it.place.is_some());
    let entries: Vec<&Entry> = board.entries.iter().filter(is_dense_trained).chain(ranked).collect();
    let point = |entry: &&Entry| {
        let cost = measured.cost(axis, track, entry).filter(|it| it.is_finite())?;
        Some(FrontPoint {
            method: entry.method.clone(),
            control: entry.control,
            keep: entry.keep,
            cost,
            score: entry.mean?.mean,
        })
    };
    let points: Vec<FrontPoint> = entries.iter().filter_map(point).collect();
    let first = points.first()?.cost;
    if points.iter().all(|it| it.cost == first) {
        return None;
    }
    let on = pareto_front(&points.iter().map(|it| (it.cost, it.score)).collect::<Vec<_>>());
    Some(Costed { left_out: entries.len() - points.len(), points, on })
}

/// The fronts of a board, for each cost that is known and differs.
pub(super) fn fronts(board: &Board, measured: &Measured<'_>) -> Vec<Front> {
    let track = (board.key.suite.as_str(), board.key.track.as_str());
    let front = |axis: CostAxis| {
        let Costed { points, on, left_out } = costed(board, measured, axis)?;
        let count = points.len();
        let mut front: Vec<FrontPoint> =
            points.into_iter().zip(on).filter(|(_, on)| *on).map(|(point, _)| point).collect();
        // Ties stay in the board's order.
        front.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        let machine = (axis == CostAxis::LatencyMs).then(|| measured.machine(track)).flatten();
        Some(Front { axis, points: count, left_out, machine: machine.map(str::to_owned), front })
    };
    CostAxis::ALL.into_iter().filter_map(front).collect()
}
