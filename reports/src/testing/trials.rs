//! Records of invented trials, and invented test splits.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::noise;
use crate::difficulty::{Difficulty, TaskExample, TaskTest};
use crate::gallery::{base64, picture_png};
use crate::row::{Outcome, Row};
use crate::trials::{StageRecord, TrialRecord, TrialRecords, TrialScore};

/// Records for the rows of a report in the transfer protocol, as [`crate::load`] would find them in a store.
#[must_use]
pub fn trial_records(rows: &[Row]) -> TrialRecords {
    let mut records = TrialRecords::default();
    let mut trials: BTreeMap<(&str, u64, u32), TrialRecord> = BTreeMap::new();
    for row in rows {
        let key = (row.method.as_str(), row.keep.to_bits(), row.replicate);
        let trial = trials.entry(key).or_insert_with(|| {
            let prune = format!("prune of {} at {}, replicate {}", row.method, row.keep, row.replicate);
            let prune = stage("prune", &prune, Outcome::Ok, "", json!({ "keeps": [row.keep] }), Value::Null);
            let own = if row.method_id.is_empty() { Vec::new() } else { vec![prune.identity.clone()] };
            records.stages.extend(own.iter().map(|identity| (identity.clone(), prune.clone())));
            TrialRecord {
                suite: row.suite.clone(),
                track: row.track.clone(),
                method: row.method.clone(),
                task: None,
                keep: row.keep,
                replicate: row.replicate,
                stages: own,
                scores: Vec::new(),
                blocked: None,
            }
        });
        let label = format!("{} transfer of {} to {}", row.regime, row.method, row.task);
        let specification =
            json!({ "task": row.task, "regime": row.regime, "recipe": { "lr": 0.3, "batch": 128 } });
        let facts = json!({ "task": row.task, "score": row.score, "classes": 10, "task_version": 1 });
        let mut scored = stage("transfer", &label, row.outcome, &row.outcome_detail, specification, facts);
        scored.identity.clone_from(&row.stage);
        records.stages.insert(row.stage.clone(), scored);
        trial.scores.push(TrialScore {
            protocol: row.protocol.clone(),
            regime: row.regime.clone(),
            task: row.task.clone(),
            stage: Some(row.stage.clone()),
            features: None,
        });
    }
    records.trials = trials.into_values().collect();
    records
}

/// Test splits of the tasks of some rows, with pictures of noise.
#[must_use]
pub fn task_tests(rows: &[Row]) -> Vec<TaskTest> {
    let tasks: BTreeSet<(&str, &str)> =
        rows.iter().map(|row| (row.suite.as_str(), row.task.as_str())).collect();
    let example = |number: usize| {
        let pixels: Vec<u8> = (0..3 * 64).map(|at| (noise(&[19, number as u64, at]) * 256.0) as u8).collect();
        let png = picture_png([3, 8, 8], &pixels).unwrap_or_default();
        TaskExample { index: number * 100, class: number % 3, png: base64(&png) }
    };
    let difficulty = |keep: f64| Difficulty {
        track: "short".to_owned(),
        protocol: "transfer".to_owned(),
        regime: "linear".to_owned(),
        keep,
        networks: 15,
        right_by_all: (1400.0 * keep.sqrt()) as usize,
        right_by_none: 40,
        lost: Some(7),
    };
    tasks
        .into_iter()
        .map(|(suite, task)| TaskTest {
            suite: suite.to_owned(),
            task: task.to_owned(),
            classes: ["plain", "striped", "dotted"].map(str::to_owned).to_vec(),
            pictures: 2000,
            examples: (0..16).map(example).collect(),
            difficulty: [0.2, 0.1, 0.05].map(difficulty).to_vec(),
            problem: None,
        })
        .collect()
}

fn stage(
    kind: &str,
    label: &str,
    outcome: Outcome,
    detail: &str,
    specification: Value,
    facts: Value,
) -> StageRecord {
    let ended = if outcome == Outcome::Ok { "INFO done".to_owned() } else { format!("ERROR {detail}") };
    let log = format!("INFO secateur_worker: contained by Landlock\n{ended}");
    StageRecord {
        identity: blake3::hash(label.as_bytes()).to_hex()[..40].to_owned(),
        kind: kind.to_owned(),
        label: label.to_owned(),
        outcome,
        detail: detail.to_owned(),
        seconds: 12.5,
        peak_bytes: 412 << 20,
        finished: "2026-01-02T03:04:05Z".to_owned(),
        attempt: 1,
        specification,
        environment: json!({ "threads": 1, "device_class": "cpu", "libtorch": "2.11.0" }),
        facts,
        inputs: BTreeMap::from([("trainval".to_owned(), "5f".repeat(32))]),
        outputs: BTreeMap::from([("weights".to_owned(), "c3".repeat(32))]),
        machine: "synthetic numbers, no machine".to_owned(),
        harness: "0.1.0".to_owned(),
        log_bytes: log.len() as u64,
        log,
    }
}
