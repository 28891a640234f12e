//! Everything that a store has of each trial: what the pages of trials and `secateur show` print.

pub(crate) mod fields;
pub(crate) mod find;
pub(crate) mod load;
mod log;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::row::{Outcome, Row};

/// Scores above which single trials have no pages: a site of that many is large, and nobody reads it. They are still in the
/// store, and `secateur show` prints them.
pub const MOST_TRIAL_SCORES: usize = 5_000;

/// The trials of a report. A stage that several of them share stands once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrialRecords {
    /// The trials, in no particular order.
    pub trials: Vec<TrialRecord>,
    /// Their stages by identity.
    pub stages: BTreeMap<String, StageRecord>,
    /// How many trials are not here, because their suites have more than [`MOST_TRIAL_SCORES`] scores.
    pub left_out: usize,
}

/// A trial: a method at a keep in one replicate, with all its scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// Suite name.
    pub suite: String,
    /// Track name.
    pub track: String,
    /// Method label.
    pub method: String,
    /// The task it was pruned on, in the direct protocol; absent: the upstream task.
    #[serde(default)]
    pub task: Option<String>,
    /// Fraction of the prunable weights asked for; 1 for dense ones.
    pub keep: f64,
    /// Replicate number.
    pub replicate: u32,
    /// Identities of its own stages in the order in which they run: `prune`, `verify`, `recover`, `measure`.
    pub stages: Vec<String>,
    /// What was scored, in no particular order.
    pub scores: Vec<TrialScore>,
    /// Outcome of the first stage that kept it from a result, if one did, and why.
    #[serde(default)]
    pub blocked: Option<(Outcome, String)>,
}

/// A score of a trial.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TrialScore {
    /// `direct`, `upstream`, `transfer` or `validation`.
    pub protocol: String,
    /// `none`, `linear` or `full`.
    pub regime: String,
    /// Task identifier.
    pub task: String,
    /// Identity of the stage that gave it, if that is known.
    #[serde(default)]
    pub stage: Option<String>,
    /// Identity of the stage whose features it was trained on.
    #[serde(default)]
    pub features: Option<String>,
}

/// What is stored of a stage: its object, or else its last attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageRecord {
    /// Identity.
    pub identity: String,
    /// `prepare`, `train`, `prune`, `verify`, `recover`, `measure`, `extract`, `evaluate` or `transfer`.
    pub kind: String,
    /// What people call it; the label of the first trial that needed it.
    pub label: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it ended so, if not `ok`.
    pub detail: String,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Peak resident memory in bytes.
    pub peak_bytes: u64,
    /// When it ended, RFC 3339 in UTC.
    pub finished: String,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// What it was asked to do; null if its order cannot be read any more.
    pub specification: Value,
    /// With which threads, device class, precision, layout and libtorch.
    pub environment: Value,
    /// What it found out.
    pub facts: Value,
    /// Digests of its inputs by name.
    pub inputs: BTreeMap<String, String>,
    /// Digests of its outputs by name.
    pub outputs: BTreeMap<String, String>,
    /// The machine it ran on.
    pub machine: String,
    /// Version of the harness.
    pub harness: String,
    /// The end of its log, whole lines of at most 8 KiB.
    pub log: String,
    /// Bytes of the whole log.
    pub log_bytes: u64,
}

impl TrialRecord {
    /// A name for it: twelve hexadecimal digits over what tells it from the other trials of all suites. It is the same in every
    /// report and store in which a trial of that suite, track, method, keep and replicate stands.
    #[must_use]
    pub fn id(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        // Lengths keep the end of one part from being the beginning of the next.
        for part in [&self.suite, &self.track, &self.method, self.task.as_ref().unwrap_or(&String::new())] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.update(&self.keep.to_bits().to_le_bytes());
        hasher.update(&self.replicate.to_le_bytes());
        hasher.finalize().to_hex()[..12].to_owned()
    }

    /// What people call it.
    #[must_use]
    pub fn label(&self) -> String {
        let on = self.task.as_ref().map_or(String::new(), |task| format!(" on {}", crate::text::clean(task)));
        format!(
            "{} at keep {}{on}, replicate {}",
            crate::text::clean(&self.method),
            self.keep,
            self.replicate
        )
    }

    /// Whether a row is one of its scores.
    #[must_use]
    pub fn has(&self, row: &Row) -> bool {
        let same = (&self.suite, &self.track, &self.method, self.keep.to_bits(), self.replicate)
            == (&row.suite, &row.track, &row.method, row.keep.to_bits(), row.replicate);
        same && self.scores.iter().any(|score| {
            (&score.protocol, &score.regime, &score.task) == (&row.protocol, &row.regime, &row.task)
        })
    }

    /// Identities of all its stages, each once: its own in the order in which they run, then those of its scores.
    #[must_use]
    pub fn identities(&self) -> Vec<&str> {
        let mut scores: Vec<&TrialScore> = self.scores.iter().collect();
        scores.sort();
        let scored = scores.iter().flat_map(|score| [&score.features, &score.stage]).flatten();
        let mut found: Vec<&str> = Vec::new();
        for identity in self.stages.iter().chain(scored) {
            if !found.contains(&identity.as_str()) {
                found.push(identity);
            }
        }
        found
    }
}

/// Reading order: by suite, track and method, from large keeps to small.
pub(crate) fn reading_order(a: &TrialRecord, b: &TrialRecord) -> std::cmp::Ordering {
    let names = |it: &TrialRecord| (it.suite.clone(), it.track.clone(), it.method.clone(), it.task.clone());
    names(a)
        .cmp(&names(b))
        .then_with(|| b.keep.total_cmp(&a.keep))
        .then_with(|| a.replicate.cmp(&b.replicate))
}

#[cfg(test)]
mod tests;
