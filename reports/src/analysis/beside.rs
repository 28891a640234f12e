//! Published figures beside ours, on the same tasks under the same conditions; and where conditions differ, what it is.
//!
//! Nothing is ranked across the two: methods share a name, and not their training upstream.

use serde::Serialize;

use crate::board::{Board, BoardKey, Entry};
use crate::conditions::TransferConditions;
use crate::published::{PublishedFigure, PublishedName, PublishedProtocol};
use crate::row::Control;
use crate::stats;

/// A board and the figures of a paper.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Beside {
    /// Our board.
    pub key: BoardKey,
    /// Who published the figures.
    pub citation: String,
    /// Why they do not stand beside the board; empty if they do.
    pub reasons: Vec<String>,
    /// Our tasks that the paper has, by our identifier and by its name.
    pub tasks: Vec<(String, String)>,
    /// Those of them that are in no mean, by the paper's name, with the reason.
    pub left_out: Vec<(String, String)>,
    /// Our methods that the paper has at the same sparsity, and the dense networks; empty if the figures do not stand beside it.
    pub lines: Vec<BesideLine>,
}

/// A method at a keep.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct BesideLine {
    /// Our label.
    pub method: String,
    /// Its name in the paper.
    pub published: String,
    /// Our keep; the paper's sparsity is one minus it.
    pub keep: f64,
    /// What is different of the method.
    pub remark: Option<String>,
    /// For each task our mean over replicates and the paper's figure, both as fractions.
    pub cells: Vec<(Option<f64>, Option<f64>)>,
    /// Our mean over the tasks that count, where both sides have all of them.
    pub mean: Option<f64>,
    /// The paper's mean over the same tasks.
    pub published_mean: Option<f64>,
}

/// What the paper calls its dense network.
const DENSE: &str = "Dense";

/// Holds every transfer board against every protocol of the figures.
#[must_use]
pub fn tables(
    boards: &[Board],
    conditions: &[TransferConditions],
    figures: &[PublishedFigure],
    names: &[PublishedName],
    protocols: &[PublishedProtocol],
) -> Vec<Beside> {
    let mut found = Vec::new();
    for board in
        boards.iter().filter(|board| board.key.protocol == "transfer" && board.key.granularity == "weights")
    {
        let same = |it: &&TransferConditions| it.suite == board.key.suite && it.regime == board.key.regime;
        let Some(own) = conditions.iter().find(same) else { continue };
        for protocol in protocols {
            let theirs: Vec<&PublishedFigure> = figures
                .iter()
                .filter(|it| it.citation == protocol.citation && it.network == protocol.network)
                .filter(|it| it.protocol == "transfer" && it.regime == board.key.regime)
                .collect();
            if !theirs.is_empty() {
                found.push(beside(board, own, protocol, &theirs, names));
            }
        }
    }
    found
}

fn beside(
    board: &Board,
    own: &TransferConditions,
    protocol: &PublishedProtocol,
    figures: &[&PublishedFigure],
    names: &[PublishedName],
) -> Beside {
    let reasons = protocol.differences(own, &board.key.track);
    let named = board.tasks.iter().enumerate().filter_map(|(place, task)| {
        let official = own.tasks.get(&task.id)?.source.as_ref()?.official.as_ref()?;
        Some((place, task.id.clone(), protocol.task(&official.set)?.to_owned()))
    });
    let named: Vec<(usize, String, String)> = named.collect();
    let left_out = named.iter().filter_map(|(.., name)| {
        protocol.other_splits.get(name).map(|reason| (name.clone(), reason.clone()))
    });
    let left_out: Vec<(String, String)> = left_out.collect();
    let lines = if reasons.is_empty() {
        let line = |entry: &Entry| line(entry, &named, &left_out, figures, names);
        board.entries.iter().filter_map(line).collect()
    } else {
        Vec::new()
    };
    let tasks = named.into_iter().map(|(_, id, name)| (id, name)).collect();
    Beside { key: board.key.clone(), citation: protocol.citation.clone(), reasons, tasks, left_out, lines }
}

fn line(
    entry: &Entry,
    tasks: &[(usize, String, String)],
    left_out: &[(String, String)],
    figures: &[&PublishedFigure],
    names: &[PublishedName],
) -> Option<BesideLine> {
    let percent = (1.0 - entry.keep) * 100.0;
    let of = |figure: &&&PublishedFigure| -> bool {
        if entry.is_dense() {
            // A network without any pre-training is none that the paper transferred.
            return entry.control != Some(Control::Scratch) && figure.method == DENSE;
        }
        names.iter().any(|name| meant(name, entry) && name.names(figure, percent))
    };
    let own: Vec<&&PublishedFigure> = figures.iter().filter(of).collect();
    let first = own.first()?;
    let value = |task: &str| {
        let figure = own.iter().find(|it| it.task == task && it.method == first.method)?;
        figure.value.parse::<f64>().ok().map(|percent| percent / 100.0)
    };
    let cells: Vec<(Option<f64>, Option<f64>)> = tasks
        .iter()
        .map(|(place, _, name)| {
            let cell = &entry.cells[*place];
            (cell.summary.filter(|_| cell.complete).map(|summary| summary.mean), value(name))
        })
        .collect();
    let counts = |(_, _, name): &(usize, String, String)| !left_out.iter().any(|(other, _)| other == name);
    let counted = || tasks.iter().zip(&cells).filter(|(task, _)| counts(task)).map(|(_, cell)| cell);
    let mean = |values: Option<Vec<f64>>| stats::mean(&values?);
    let ours = mean(counted().map(|cell| cell.0).collect());
    let theirs = mean(counted().map(|cell| cell.1).collect());
    let name = names.iter().find(|name| meant(name, entry) && name.method == first.method);
    Some(BesideLine {
        method: entry.method.clone(),
        published: first.method.clone(),
        keep: entry.keep,
        remark: name.and_then(|name| name.remark.clone()),
        cells,
        // A mean over other tasks than the paper's would be no comparison.
        mean: ours.filter(|_| theirs.is_some()),
        published_mean: theirs.filter(|_| ours.is_some()),
    })
}

/// Whether a line of `names.csv` means an entry.
fn meant(name: &PublishedName, entry: &Entry) -> bool {
    let mut configurations = entry.configurations.iter();
    entry.budget.stretch == 1
        && !entry.is_dense()
        && configurations.all(|(id, parameters)| name.means(id, parameters))
}

#[cfg(test)]
mod tests;
