//! What each method cost, over all its stages.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::row::{Control, Outcome, ReportInput};
use crate::stats::mean;

/// Costs of one method in one track.
#[derive(Clone, Debug, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct MethodCost {
    /// Suite name.
    pub suite: String,
    /// Track name.
    pub track: String,
    /// Method label; empty for the stages that all methods share.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Stages that ran, whatever their outcome.
    pub stages: usize,
    /// Stages that did not end `ok`.
    pub failed_stages: usize,
    /// Mean training samples that the method spent on one pruned network.
    pub method_samples: Option<f64>,
    /// Mean training samples that the host spent on its recovery.
    pub recover_samples: Option<f64>,
    /// Mean training multiply-accumulates, as a multiple of one dense training sample.
    pub training_macs: Option<f64>,
    /// Mean seconds of one `prune` stage; one stage may make several keeps.
    pub prune_seconds: Option<f64>,
    /// Mean seconds of one `recover` stage.
    pub recover_seconds: Option<f64>,
    /// Seconds of all its stages together.
    pub total_seconds: f64,
    /// Largest resident memory of a `prune` stage.
    pub prune_peak_bytes: Option<u64>,
    /// Largest resident memory of any stage.
    pub peak_bytes: u64,
    /// Thread counts its `prune` stages ran with.
    pub threads: BTreeSet<u32>,
    /// Median milliseconds for one picture per keep, means over the `measure` stages.
    pub latency_ms: Vec<(f64, f64)>,
}

/// Sums up the costs of each method per suite and track.
#[must_use]
pub fn costs(input: &ReportInput) -> Vec<MethodCost> {
    type Key<'a> = (&'a str, &'a str, &'a str);
    let mut found: BTreeMap<Key<'_>, MethodCost> = BTreeMap::new();
    let fresh = |(suite, track, method): Key<'_>| MethodCost {
        suite: suite.to_owned(),
        track: track.to_owned(),
        method: method.to_owned(),
        ..MethodCost::default()
    };

    // Samples stand in every row of a pruned network, once per task and regime; each network counts once.
    let mut networks: BTreeMap<Key<'_>, BTreeMap<NetworkKey<'_>, Spent>> = BTreeMap::new();
    for row in &input.rows {
        let key = (row.suite.as_str(), row.track.as_str(), row.method.as_str());
        let cost = found.entry(key).or_insert_with(|| fresh(key));
        cost.control = cost.control.or(row.control);
        // In the direct protocol every task has a network of its own.
        let task = if row.protocol == "direct" { row.task.as_str() } else { "" };
        let network = (row.granularity.as_str(), row.keep.to_bits(), row.replicate, task);
        let spent = networks.entry(key).or_default().entry(network).or_default();
        spent.method = largest(spent.method, row.method_samples.map(|it| it as f64));
        spent.recover = largest(spent.recover, row.recover_samples.map(|it| it as f64));
        spent.macs = largest(spent.macs, row.training_macs);
    }
    for (key, networks) in networks {
        let Some(cost) = found.get_mut(&key) else { continue };
        let average =
            |field: fn(&Spent) -> Option<f64>| mean(&networks.values().filter_map(field).collect::<Vec<_>>());
        cost.method_samples = average(|spent| spent.method);
        cost.recover_samples = average(|spent| spent.recover);
        cost.training_macs = average(|spent| spent.macs);
    }

    let mut timings: BTreeMap<Key<'_>, Timings> = BTreeMap::new();
    for stage in &input.costs {
        let key = (stage.suite.as_str(), stage.track.as_str(), stage.method.as_str());
        let cost = found.entry(key).or_insert_with(|| fresh(key));
        let timing = timings.entry(key).or_default();
        cost.stages += 1;
        cost.failed_stages += usize::from(stage.outcome != Outcome::Ok);
        cost.peak_bytes = cost.peak_bytes.max(stage.peak_bytes);
        if stage.seconds.is_finite() {
            timing.all.push(stage.seconds);
        }
        if stage.kind == "prune" {
            cost.prune_peak_bytes = cost.prune_peak_bytes.max(Some(stage.peak_bytes));
            cost.threads.insert(stage.threads);
        }
        // The mean time of a stage is that of stages that came to their end.
        if stage.outcome == Outcome::Ok && stage.seconds.is_finite() {
            match stage.kind.as_str() {
                "prune" => timing.prune.push(stage.seconds),
                "recover" => timing.recover.push(stage.seconds),
                _ => {}
            }
        }
        if let Some(latency) = stage.latency_ms.filter(|latency| latency.is_finite()) {
            timing.latency.entry(stage.keep.unwrap_or(1.0).to_bits()).or_default().push(latency);
        }
    }
    for (key, timing) in timings {
        let Some(cost) = found.get_mut(&key) else { continue };
        cost.total_seconds = sorted(timing.all).iter().sum();
        cost.prune_seconds = mean(&sorted(timing.prune));
        cost.recover_seconds = mean(&sorted(timing.recover));
        // Bits of positive numbers sort as the numbers do.
        cost.latency_ms = timing
            .latency
            .into_iter()
            .rev()
            .filter_map(|(keep, values)| Some((f64::from_bits(keep), mean(&sorted(values))?)))
            .collect();
    }
    found.into_values().collect()
}

type NetworkKey<'a> = (&'a str, u64, u32, &'a str);

#[derive(Default)]
struct Spent {
    method: Option<f64>,
    recover: Option<f64>,
    macs: Option<f64>,
}

#[derive(Default)]
struct Timings {
    all: Vec<f64>,
    prune: Vec<f64>,
    recover: Vec<f64>,
    latency: BTreeMap<u64, Vec<f64>>,
}

/// The larger of two numbers, so that the order of rows cannot matter where they disagree.
fn largest(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b.filter(|it| it.is_finite())) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}

/// Sums depend on the order of their terms, and a report must not depend on the order of its rows.
fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}
