//! How fast networks train: measured, never guessed. From stages that a store has, and where it has none of the kind from the
//! committed measurements of `benchmarks/step-times.csv`.

use std::collections::BTreeMap;

use secateur_store::{Outcome, RecoverFacts, ScoreFacts, StageOrder, StageResult, Store, TrainFacts};
use secateur_suite::{DataSource, Environment, RegimeKind, StageSpec};
use serde::Deserialize;

use super::work::{Kind, side};

/// The committed measurements.
const MEASURED: &str = include_str!("../../../../../benchmarks/step-times.csv");
const MEASURED_FILE: &str = "benchmarks/step-times.csv";

/// A step of training that somebody has timed: a line of the file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepTime {
    pub(super) network: String,
    /// As it is written in a suite.
    pub(super) width: String,
    pub(super) side: u32,
    /// Views of each picture: 1, or 2 in training without labels.
    pub(super) views: u32,
    pub(super) batch: u32,
    pub(super) device_class: String,
    pub(super) threads: u32,
    pub(super) precision: String,
    pub(super) layout: String,
    /// Of one step, for all pictures of its batch.
    pub(super) step_seconds: f64,
    pub(super) machine: String,
    pub(super) date: String,
    /// By what, and under which circumstances.
    pub(super) how: String,
}

/// The lines of a file of measurements.
pub(super) fn read(text: &str) -> anyhow::Result<Vec<StepTime>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut lines = Vec::new();
    for (index, line) in reader.deserialize::<StepTime>().enumerate() {
        let line = line?;
        let positive = line.step_seconds.is_finite() && line.step_seconds > 0.0 && line.batch > 0;
        anyhow::ensure!(positive, "line {}: `step_seconds` and `batch` must be positive", index + 2);
        lines.push(line);
    }
    Ok(lines)
}

/// A speed, and where it is from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rate {
    pub(super) pictures_per_second: f64,
    pub(super) source: String,
}

/// The speeds that are known for one environment.
pub(super) struct Rates {
    /// Pictures and seconds of stored stages.
    stored: BTreeMap<Kind, (u64, f64)>,
    committed: Vec<StepTime>,
    /// How the environment lays out its numbers.
    layout: String,
}

impl Rates {
    /// What a store and the committed file know of stages like those of `environment`.
    pub(super) fn of(store: &Store, environment: &Environment) -> anyhow::Result<Self> {
        let mut committed = read(MEASURED)?;
        committed.retain(|line| {
            (&line.device_class, line.threads, &line.precision)
                == (&environment.device_class, environment.threads, &environment.precision)
        });
        Ok(Self { stored: stored(store, environment)?, committed, layout: environment.layout.clone() })
    }

    /// The speed of a kind of training with batches of a size, if anybody has measured it.
    pub(super) fn rate(&self, kind: &Kind, batch: u32) -> Option<Rate> {
        if let Some((pictures, seconds)) = self.stored.get(kind) {
            return Some(Rate {
                pictures_per_second: *pictures as f64 / seconds,
                source: "by what is stored".to_owned(),
            });
        }
        let own = self.committed.iter().filter(|line| {
            (&line.network, &line.width, line.side, line.views == 2)
                == (&kind.network, &kind.width, kind.side, kind.views)
        });
        // Those of the same layout come first, and of several batches the one that is the nearest as a factor.
        let other = |line: &StepTime| line.layout != self.layout;
        let away = |line: &StepTime| (f64::from(line.batch) / f64::from(batch.max(1))).ln().abs();
        let line = own.min_by(|a, b| other(a).cmp(&other(b)).then(away(a).total_cmp(&away(b))))?;
        let layout = if other(line) { format!(" with layout {}", line.layout) } else { String::new() };
        Some(Rate {
            pictures_per_second: f64::from(line.batch) / line.step_seconds,
            source: format!("measured {} on {}{layout} ({MEASURED_FILE})", line.date, line.machine),
        })
    }
}

/// Pictures that stored stages trained on, and the seconds they took in all, their start and their scores included.
fn stored(store: &Store, environment: &Environment) -> anyhow::Result<BTreeMap<Kind, (u64, f64)>> {
    let results = store.objects()?;
    let mut packs: BTreeMap<String, DataSource> = BTreeMap::new();
    for result in results.iter().filter(|result| result.kind == "prepare") {
        if let Some((StageSpec::Prepare(spec), pack)) =
            order(store, &result.identity).map(|order| order.spec).zip(result.outputs.get("trainval"))
        {
            packs.insert(pack.digest.clone(), spec.source);
        }
    }
    let mut rates: BTreeMap<Kind, (u64, f64)> = BTreeMap::new();
    for result in &results {
        // Who was interrupted tells the time of its last attempt alone.
        let whole =
            result.outcome == Outcome::Ok && result.cost.attempt == 1 && result.environment == *environment;
        let trains = matches!(result.kind.as_str(), "train" | "recover" | "transfer");
        let Some(source) = result.inputs.get("trainval").and_then(|digest| packs.get(digest)) else {
            continue;
        };
        let Some(side) = side(source).filter(|_| whole && trains) else { continue };
        let Some(order) = order(store, &result.identity) else { continue };
        if let Some((kind, pictures)) = trained(&order.spec, result, side)
            && pictures > 0
            && result.cost.seconds > 0.0
        {
            let entry = rates.entry(kind).or_default();
            entry.0 += pictures;
            entry.1 += result.cost.seconds;
        }
    }
    Ok(rates)
}

/// What a stage was told to do. A plan is not worth failing for an order of another version of the harness.
fn order(store: &Store, identity: &str) -> Option<StageOrder> {
    store.order(identity).ok().flatten()
}

fn trained(spec: &StageSpec, result: &StageResult, side: u32) -> Option<(Kind, u64)> {
    let (network, recipe, pictures) = match spec {
        StageSpec::Train(spec) => {
            let facts: TrainFacts = result.facts().ok()?;
            (&spec.network, &spec.recipe, facts.steps * u64::from(spec.recipe.batch))
        }
        StageSpec::Recover(spec) => {
            let facts: RecoverFacts = result.facts().ok()?;
            (&spec.network, spec.recipe.as_ref()?, facts.samples)
        }
        StageSpec::Transfer(spec) if spec.regime == RegimeKind::Full => {
            let facts: ScoreFacts = result.facts().ok()?;
            (&spec.network, &spec.recipe, facts.steps * u64::from(spec.recipe.batch))
        }
        _ => return None,
    };
    let (name, width) = (network.name.clone(), network.width.to_string());
    let views = recipe.contrast.is_some();
    Some((Kind { network: name, width, side, views }, pictures))
}

#[cfg(test)]
mod tests;
