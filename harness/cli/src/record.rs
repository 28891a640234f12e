//! What a run leaves for reports: which stages each trial reads.

use std::collections::BTreeSet;

use secateur_store::{ManifestScore, ManifestTrial, Outcome, SuiteManifest};
use secateur_suite::NodeIndex;

use crate::context::Context;
use crate::schedule::{NodeState, Schedule};

/// The manifest as the run stands.
pub(crate) fn manifest(context: &Context, schedule: &Schedule<'_>) -> SuiteManifest {
    let mut manifest = context.empty_manifest();
    let state = |index: NodeIndex| &schedule.states[index];
    let identity = |index: Option<NodeIndex>| index.and_then(|index| identity_of(state(index)));
    for trial in &context.plan.trials {
        let entry = trial.entry.map(|index| &context.suite.methods[index]);
        let control = match (trial.control, entry) {
            (Some(control), _) => control.label(),
            (None, Some(entry)) if entry.baseline => "baseline",
            _ => "",
        };
        let keeps = prune_keeps(context, trial.prune);
        let chain = [trial.prune, trial.verify, trial.recover];
        let blocked = chain.into_iter().flatten().find_map(|index| blocked(state(index)));
        manifest.trials.push(ManifestTrial {
            track: trial.track.clone(),
            method: trial.method.clone(),
            task: trial.task.clone(),
            method_id: entry.map(|entry| entry.method.clone()).unwrap_or_default(),
            params: entry.and_then(|entry| secateur_suite::to_json(&entry.params).ok()).map_or_else(
                || "{}".to_owned(),
                |params| if params.is_null() { "{}".to_owned() } else { params.to_string() },
            ),
            control: control.to_owned(),
            keep: trial.keep,
            keep_index: keeps.iter().position(|keep| *keep == trial.keep).unwrap_or(0),
            replicate: trial.replicate,
            prune: identity(trial.prune),
            verify: identity(trial.verify),
            recover: identity(trial.recover),
            measure: identity(trial.measure),
            scores: trial
                .scores
                .iter()
                .map(|score| ManifestScore {
                    protocol: score.protocol.to_owned(),
                    regime: score.regime.to_owned(),
                    task: score.task.clone(),
                    stage: identity_of(state(score.node)),
                    features: identity(score.features),
                    blocked: match state(score.node) {
                        NodeState::Done { .. } => None,
                        other => Some(blocked_or_missing(other)),
                    },
                })
                .collect(),
            blocked,
        });
    }
    for (index, node) in context.plan.nodes.iter().enumerate() {
        if matches!(node.spec.kind(), "prepare" | "train") {
            manifest.shared.extend(identity_of(state(index)));
        }
    }
    manifest
}

/// Scores and measurements that were asked for and have no result.
pub(crate) fn not_ok(context: &Context, schedule: &Schedule<'_>, needed: &BTreeSet<NodeIndex>) -> usize {
    let trials = context.plan.trials.iter();
    let wanted: BTreeSet<NodeIndex> = trials
        .flat_map(|trial| {
            trial.scores.iter().map(|score| score.node).chain(trial.measure).chain(trial.verify)
        })
        .filter(|node| needed.contains(node))
        .collect();
    wanted.into_iter().filter(|node| !matches!(schedule.states[*node], NodeState::Done { .. })).count()
}

fn prune_keeps(context: &Context, prune: Option<NodeIndex>) -> Vec<f64> {
    match prune.map(|index| &context.plan.nodes[index].spec) {
        Some(secateur_suite::StageSpec::Prune(spec)) => spec.keeps.clone(),
        _ => Vec::new(),
    }
}

fn identity_of(state: &NodeState) -> Option<String> {
    match state {
        NodeState::Done { identity, .. } | NodeState::Blocked { identity, .. } => {
            identity.as_ref().map(ToString::to_string)
        }
        NodeState::Running(identity) => Some(identity.to_string()),
        NodeState::Pending => None,
    }
}

fn blocked(state: &NodeState) -> Option<(Outcome, String)> {
    match state {
        NodeState::Blocked { outcome, detail, .. } => Some((*outcome, detail.clone())),
        NodeState::Done { .. } | NodeState::Pending | NodeState::Running(_) => None,
    }
}

fn blocked_or_missing(state: &NodeState) -> (Outcome, String) {
    blocked(state).unwrap_or((Outcome::Missing, "it has not been run".to_owned()))
}
