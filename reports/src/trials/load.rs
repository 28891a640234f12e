//! From a store to the records of trials.

use std::collections::BTreeMap;

use secateur_store::{ManifestTrial, StageOrder, StageResult, Store, SuiteManifest};
use serde_json::Value;

use super::{MOST_TRIAL_SCORES, StageRecord, TrialRecord, TrialRecords, TrialScore, log};

/// Adds the trials of a suite. `results` are those of its stages.
pub(crate) fn add(
    records: &mut TrialRecords,
    store: &Store,
    manifest: &SuiteManifest,
    results: &BTreeMap<String, StageResult>,
) {
    for trial in &manifest.trials {
        let record = trial_record(&manifest.suite.name, trial);
        for identity in record.identities() {
            if let Some(result) = results.get(identity)
                && !records.stages.contains_key(identity)
            {
                records.stages.insert(identity.to_owned(), stage_record(store, result));
            }
        }
        records.trials.push(record);
    }
}

/// Whether the trials of these suites are few enough for a page each.
pub(crate) fn few(manifests: &[SuiteManifest]) -> bool {
    let trials = manifests.iter().flat_map(|manifest| &manifest.trials);
    trials.map(|trial| trial.scores.len()).sum::<usize>() <= MOST_TRIAL_SCORES
}

/// A trial as its suite has it.
pub(super) fn trial_record(suite: &str, trial: &ManifestTrial) -> TrialRecord {
    let own = [&trial.prune, &trial.verify, &trial.recover, &trial.measure];
    TrialRecord {
        suite: suite.to_owned(),
        track: trial.track.clone(),
        method: trial.method.clone(),
        task: trial.task.clone(),
        keep: trial.keep,
        replicate: trial.replicate,
        stages: own.into_iter().flatten().cloned().collect(),
        scores: trial
            .scores
            .iter()
            .map(|score| TrialScore {
                protocol: score.protocol.clone(),
                regime: score.regime.clone(),
                task: score.task.clone(),
                stage: score.stage.clone(),
                features: score.features.clone(),
            })
            .collect(),
        blocked: trial.blocked.clone(),
    }
}

/// A stage as it is stored. Its order and its log are read; what is not there any more is left out.
pub(super) fn stage_record(store: &Store, result: &StageResult) -> StageRecord {
    let object = store.object_dir(&result.identity);
    let folder = if object.exists() {
        object
    } else {
        let attempts = store.root().join("attempts").join(&result.identity);
        attempts.join(result.cost.attempt.to_string())
    };
    let order: Option<StageOrder> =
        std::fs::read(folder.join("order.json")).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let (log, log_bytes) = log::tail(&folder.join("log.txt"));
    let machine = &result.machine;
    StageRecord {
        identity: result.identity.clone(),
        kind: result.kind.clone(),
        label: result.label.clone(),
        outcome: result.outcome,
        detail: result.detail.clone(),
        seconds: result.cost.seconds,
        peak_bytes: result.cost.peak_bytes,
        finished: result.cost.finished.clone(),
        attempt: result.cost.attempt,
        specification: order.and_then(|order| serde_json::to_value(order.spec).ok()).unwrap_or(Value::Null),
        environment: serde_json::to_value(&result.environment).unwrap_or(Value::Null),
        facts: result.facts.clone(),
        inputs: result.inputs.clone(),
        outputs: result.outputs.iter().map(|(name, entry)| (name.clone(), entry.digest.clone())).collect(),
        machine: format!("{}, {}, {}", machine.processor, machine.system, machine.device),
        harness: result.harness.clone(),
        log,
        log_bytes,
    }
}
