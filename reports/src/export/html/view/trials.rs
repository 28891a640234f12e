//! Which trial has which page.

use std::collections::BTreeMap;

use crate::board::{BoardKey, Entry};
use crate::row::Row;
use crate::trials::{TrialRecord, TrialRecords};

/// What names a score: suite, track, protocol, regime, task, method, keep and replicate.
type Key<'a> = [&'a str; 6];

/// Finds the page of a score's trial.
#[derive(Debug, Default)]
pub(super) struct TrialIndex<'a> {
    ids: BTreeMap<(Key<'a>, u64, u32), String>,
}

impl<'a> TrialIndex<'a> {
    pub(super) fn of(records: &'a TrialRecords) -> TrialIndex<'a> {
        let mut ids = BTreeMap::new();
        for trial in &records.trials {
            let id = trial.id();
            for score in &trial.scores {
                let key = [
                    trial.suite.as_str(),
                    &trial.track,
                    &score.protocol,
                    &score.regime,
                    &score.task,
                    &trial.method,
                ];
                ids.insert((key, trial.keep.to_bits(), trial.replicate), id.clone());
            }
        }
        TrialIndex { ids }
    }

    /// The name of a row's trial, if it has a record.
    pub(super) fn id_of(&self, row: &Row) -> Option<String> {
        let names: Key<'_> = [&row.suite, &row.track, &row.protocol, &row.regime, &row.task, &row.method];
        self.ids.get(&(names, row.keep.to_bits(), row.replicate)).cloned()
    }

    /// The page of a score's trial; empty where it has none.
    pub(super) fn path(&self, key: &BoardKey, entry: &Entry, task: &str, replicate: u32) -> String {
        let names: Key<'_> = [&key.suite, &key.track, &key.protocol, &key.regime, task, &entry.method];
        self.ids.get(&(names, entry.keep.to_bits(), replicate)).map_or(String::new(), |id| trial_path(id))
    }
}

/// The page of a trial.
pub(super) fn trial_path(id: &str) -> String {
    format!("trials/{id}.html")
}

/// The page of a trial record.
pub(super) fn record_path(trial: &TrialRecord) -> String {
    trial_path(&trial.id())
}
