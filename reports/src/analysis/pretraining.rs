//! How sparse the networks of different pre-trainings can be before they lose (Chen et al. 2021, arXiv:2012.06908, sections 4 and
//! 5): the reaches of [`super::tickets`], side by side.
//!
//! Each pre-training has tracks, and thereby boards, of its own, and what matches is told against its own dense network. The
//! largest sparsity at which a method is matching on every task is its *universal* one.

use std::collections::BTreeMap;

use secateur_store::SuiteManifest;
use serde::{Deserialize, Serialize};

use super::tickets::{ReachKeep, TicketTable};
use crate::board::BoardTask;
use crate::row::Control;

/// What the network of the suite's `upstream` is called beside those of its `pretrainings`.
const UPSTREAM: &str = "upstream";

/// Which pre-training a track prunes, of a suite that has several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PretrainedTrack {
    /// Suite name.
    pub suite: String,
    /// Track name.
    pub track: String,
    /// Name of the pre-training; `upstream` for the suite's `upstream`.
    pub pretraining: String,
}

/// Reaches of the same methods from several pre-trainings.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PretrainingTable {
    /// Suite name.
    pub suite: String,
    /// Protocol of the boards.
    pub protocol: String,
    /// Their regime.
    pub regime: String,
    /// `weights` or `channels`.
    pub granularity: String,
    /// All tasks of the boards, each once.
    pub tasks: Vec<BoardTask>,
    /// By method and then by track, in the order of the suite.
    pub lines: Vec<PretrainingLine>,
}

/// How far a method goes from one pre-training.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PretrainingLine {
    /// Method label.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Name of the pre-training.
    pub pretraining: String,
    /// Track name.
    pub track: String,
    /// One for each of the table's tasks: the smallest keep at which it is matching there.
    pub tasks: Vec<Option<ReachKeep>>,
    /// The smallest keep at which it is matching on every task of its board; absent also with one task.
    pub universal: Option<ReachKeep>,
}

impl PretrainingTable {
    /// Its title.
    #[must_use]
    pub fn title(&self) -> String {
        let mut parts = vec![self.suite.as_str(), &self.protocol];
        parts.extend(Some(self.regime.as_str()).filter(|regime| *regime != "none"));
        parts.push(&self.granularity);
        parts.join(" · ")
    }

    /// Whether a pre-training has several tracks, so that its name alone does not tell lines apart.
    #[must_use]
    pub fn has_several_tracks(&self) -> bool {
        let mut tracks: BTreeMap<&str, &str> = BTreeMap::new();
        self.lines.iter().any(|line| *tracks.entry(&line.pretraining).or_insert(&line.track) != line.track)
    }
}

/// The tracks of a suite; none if it has one pre-training.
pub(crate) fn tracks(manifest: &SuiteManifest) -> Vec<PretrainedTrack> {
    let suite = &manifest.suite;
    if suite.pretrainings.is_empty() {
        return Vec::new();
    }
    let tracks = suite.tracks.iter().map(|track| PretrainedTrack {
        suite: suite.name.clone(),
        track: track.name.clone(),
        pretraining: track.pretraining.clone().unwrap_or_else(|| UPSTREAM.to_owned()),
    });
    tracks.collect()
}

/// Sets the reaches of tickets of different pre-trainings side by side, where a suite has several.
#[must_use]
pub fn tables(tickets: &[TicketTable], tracks: &[PretrainedTrack]) -> Vec<PretrainingTable> {
    let place = |table: &TicketTable| {
        tracks.iter().position(|own| own.suite == table.key.suite && own.track == table.key.track)
    };
    let mut boards: BTreeMap<[&str; 4], Vec<(usize, &TicketTable)>> = BTreeMap::new();
    for table in tickets.iter().filter(|table| table.can_be_told()) {
        let key = &table.key;
        let key = [&key.suite, &key.protocol, &key.regime, &key.granularity].map(String::as_str);
        boards.entry(key).or_default().extend(place(table).map(|place| (place, table)));
    }
    let several = |boards: &Vec<(usize, &TicketTable)>| {
        let names = || boards.iter().map(|(place, _)| &tracks[*place].pretraining);
        names().any(|name| names().next() != Some(name))
    };
    boards
        .into_iter()
        .filter(|(_, boards)| several(boards))
        .map(|(key, boards)| table(key, boards, tracks))
        .collect()
}

fn table(
    [suite, protocol, regime, granularity]: [&str; 4],
    mut boards: Vec<(usize, &TicketTable)>,
    tracks: &[PretrainedTrack],
) -> PretrainingTable {
    boards.sort_by_key(|(place, _)| *place);
    let mut tasks: Vec<BoardTask> = Vec::new();
    for task in boards.iter().flat_map(|(_, board)| &board.tasks) {
        if !tasks.iter().any(|known| known.id == task.id) {
            tasks.push(task.clone());
        }
    }
    let mut lines: Vec<PretrainingLine> = Vec::new();
    for (place, board) in boards {
        lines.extend(board.reaches.iter().map(|reach| {
            PretrainingLine {
                method: reach.method.clone(),
                control: reach.control,
                pretraining: tracks[place].pretraining.clone(),
                track: tracks[place].track.clone(),
                tasks: tasks
                    .iter()
                    .map(|task| reach.tasks[board.tasks.iter().position(|own| own.id == task.id)?])
                    .collect(),
                universal: reach.universal,
            }
        }));
    }
    // Stable, so that tracks stay in their order.
    lines.sort_by(|a, b| {
        let baseline = |line: &PretrainingLine| line.control == Some(Control::Baseline);
        (baseline(a), &a.method).cmp(&(baseline(b), &b.method))
    });
    let [suite, protocol, regime, granularity] = [suite, protocol, regime, granularity].map(str::to_owned);
    PretrainingTable { suite, protocol, regime, granularity, tasks, lines }
}

#[cfg(test)]
mod tests;
