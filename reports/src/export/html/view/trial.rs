//! The page of a trial: its scores, its stages, what they were asked and what they said.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::names::Link;
use super::Context;
use super::fields::{FieldsView, arrange};
use super::trials::trial_path;
use crate::row::Row;
use crate::text::{self, clean};
use crate::trials::{StageRecord, TrialRecord};

/// Columns of results.csv that a reader looks for.
const FIRST_COLUMNS: [&str; 8] =
    ["task", "protocol", "regime", "outcome", "score", "metric", "top1", "mean_per_class"];

#[derive(Serialize)]
pub(in super::super) struct TrialPage {
    pub(in super::super) title: String,
    pub(in super::super) path: String,
    id: String,
    method: Link,
    facts: Vec<(&'static str, String)>,
    outcome: &'static str,
    detail: String,
    scores: FieldsView,
    /// How many scores it has.
    scored: usize,
    kinds: Vec<KindView>,
    logs: Vec<LogView>,
    /// Stages that have no result.
    missing: Vec<String>,
}

/// The stages of one kind.
#[derive(Serialize)]
struct KindView {
    kind: String,
    stages: Vec<StageView>,
    /// Specification, environment, inputs, outputs and facts.
    fields: FieldsView,
}

#[derive(Serialize)]
struct StageView {
    identity: String,
    label: String,
    outcome: &'static str,
    detail: String,
    seconds: String,
    memory: String,
    attempt: u32,
    finished: String,
}

#[derive(Serialize)]
struct LogView {
    label: String,
    identity: String,
    text: String,
    /// What of the log this is.
    part: String,
}

/// The page of a trial; `rows` are all of the report.
pub(super) fn trial_page(context: &Context<'_>, trial: &TrialRecord, rows: &[&Row]) -> TrialPage {
    let id = trial.id();
    let mut rows = rows.to_vec();
    rows.sort_by(|a, b| {
        (&a.protocol, &a.regime, &a.task, &a.stage).cmp(&(&b.protocol, &b.regime, &b.task, &b.stage))
    });
    let identities = trial.identities();
    let known: Vec<&StageRecord> =
        identities.iter().filter_map(|identity| context.input.trials.stages.get(*identity)).collect();
    let missing = identities.iter().filter(|identity| !context.input.trials.stages.contains_key(**identity));
    let fault = rows.iter().find(|row| row.outcome != crate::Outcome::Ok);
    let (outcome, detail) = match (fault, &trial.blocked) {
        (Some(row), _) => (row.outcome.word(), clean(&row.outcome_detail)),
        (None, Some((outcome, detail))) if rows.is_empty() => (outcome.word(), clean(detail)),
        _ => ("ok", String::new()),
    };
    let records: Vec<Value> =
        rows.iter().map(|row| serde_json::to_value(row).unwrap_or(Value::Null)).collect();
    let mut facts = vec![
        ("Suite", clean(&trial.suite)),
        ("Track", clean(&trial.track)),
        ("Keep", trial.keep.to_string()),
        ("Replicate", trial.replicate.to_string()),
    ];
    facts.extend(trial.task.as_ref().map(|task| ("Pruned on", clean(task))));
    TrialPage {
        title: trial.label(),
        path: trial_path(&id),
        id,
        method: context.names.method_link(&trial.method),
        facts,
        outcome,
        detail,
        scores: arrange(&records, &FIRST_COLUMNS),
        scored: rows.len(),
        kinds: kinds(&known),
        logs: known.iter().filter(|stage| !stage.log.is_empty()).map(|stage| log(stage)).collect(),
        missing: missing.map(|identity| clean(identity)).collect(),
    }
}

/// Stages by kind, in the order in which the first of each kind runs.
fn kinds(stages: &[&StageRecord]) -> Vec<KindView> {
    let mut order: Vec<&str> = Vec::new();
    for stage in stages {
        if !order.contains(&stage.kind.as_str()) {
            order.push(&stage.kind);
        }
    }
    order
        .into_iter()
        .map(|kind| {
            let of_kind: Vec<&StageRecord> =
                stages.iter().filter(|stage| stage.kind == kind).copied().collect();
            let records: Vec<Value> = of_kind.iter().map(|stage| record(stage)).collect();
            KindView {
                kind: clean(kind),
                stages: of_kind.into_iter().map(stage_view).collect(),
                fields: arrange(&records, &[]),
            }
        })
        .collect()
}

/// What is stored of a stage beside how it ended. Digests are cut: they are there to be compared by eye.
fn record(stage: &StageRecord) -> Value {
    let short = |digests: &std::collections::BTreeMap<String, String>| {
        digests
            .iter()
            .map(|(name, digest)| (name.clone(), Value::from(text::fit(digest, 13))))
            .collect::<serde_json::Map<_, _>>()
    };
    json!({
        "specification": stage.specification,
        "environment": stage.environment,
        "inputs": short(&stage.inputs),
        "outputs": short(&stage.outputs),
        "facts": stage.facts,
        "machine": stage.machine,
        "harness": stage.harness,
    })
}

fn stage_view(stage: &StageRecord) -> StageView {
    StageView {
        identity: clean(&stage.identity),
        label: clean(&stage.label),
        outcome: stage.outcome.word(),
        detail: clean(&stage.detail),
        seconds: text::seconds(stage.seconds),
        memory: text::bytes(stage.peak_bytes),
        attempt: stage.attempt,
        finished: clean(&stage.finished),
    }
}

fn log(stage: &StageRecord) -> LogView {
    let shown = stage.log.len() as u64;
    LogView {
        label: clean(&stage.label),
        identity: clean(&stage.identity),
        // Lines stay lines; everything else that could move a cursor is gone already, or goes here.
        text: stage.log.lines().map(clean).collect::<Vec<_>>().join("\n"),
        part: if stage.log_bytes > shown + 64 {
            format!("the last {} of {}", text::bytes(shown), text::bytes(stage.log_bytes))
        } else {
            text::bytes(stage.log_bytes)
        },
    }
}
