//! Matching and winning tickets (Chen et al. 2021, arXiv:2012.06908, section 3).
//!
//! A pruned network is *matching* on a task if, trained as the dense network is, it scores as well; in practice within one
//! standard deviation of it. It is a *winning ticket* if it does so from the weights of the pre-trained network,
//! and *universal* if it matches on every task. The dense network is `dense-trained`, but `dense-as-is` for tickets that were set
//! back to where the training of the dense network began: they go the same way from the same beginning. At an equal
//! allowance a ticket is trained with what its method left of it: searching is not free, as it is in the paper.

use serde::Serialize;

use crate::board::{Board, BoardKey, BoardTask, Cell, Entry};
use crate::row::Control;
use crate::stats;

/// Whether a pruned network scores as the dense one does, on one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Its mean over replicates is at least that of the dense network minus one standard deviation of the latter.
    Matching,
    /// Its mean is below that.
    Below,
    /// A replicate has no score.
    Incomplete,
    /// The dense network has too few scores on the task.
    Unknown,
}

impl Verdict {
    /// The word that stands in tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Matching => "matching",
            Verdict::Below => "below",
            Verdict::Incomplete => "incomplete",
            Verdict::Unknown => "unknown",
        }
    }
}

/// Tickets of one board.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct TicketTable {
    /// The board.
    pub key: BoardKey,
    /// The board's tasks.
    pub tasks: Vec<BoardTask>,
    /// What must be reached on each task: what `dense-trained` scores; absent where it has fewer than two scores.
    pub references: Vec<Option<Reference>>,
    /// The same of `dense-as-is`; absent where it has no score. Of one score there is no deviation, and it must be reached.
    pub as_is: Vec<Option<Reference>>,
    /// Methods and keeps in the board's order.
    pub lines: Vec<TicketLine>,
    /// How far each method goes, by label.
    pub reaches: Vec<Reach>,
}

/// What a dense network scores on a task.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Reference {
    /// Scores by replicate.
    pub scores: Vec<f64>,
    /// Their mean.
    pub mean: f64,
    /// Their sample standard deviation.
    pub sd: f64,
    /// What a matching network reaches at least: the mean minus one standard deviation.
    pub threshold: f64,
}

/// A method at a keep.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct TicketLine {
    /// Method label.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Fraction of the prunable weights asked for.
    pub keep: f64,
    /// Fraction of zeros among the prunable weights, where it is known.
    pub sparsity: Option<f64>,
    /// One for each task.
    pub cells: Vec<TicketCell>,
    /// Number of tasks on which it is matching.
    pub matching: usize,
    /// Which dense network it is held against: `dense-trained` or `dense-as-is`.
    pub against: Control,
    /// The checkpoint whose weights the method handed on unchanged, if any.
    pub weights_of: Option<String>,
    /// Whether it is a winning ticket where it is matching: its training on the task began with the weights of the pre-trained
    /// network.
    pub winning: bool,
    /// Whether it is matching on every task; absent with one task, or where it cannot be told.
    pub universal: Option<bool>,
}

/// A method at a keep on one task.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct TicketCell {
    /// Scores by replicate; those without one are left out.
    pub scores: Vec<f64>,
    /// Their mean.
    pub mean: Option<f64>,
    /// How that compares with the dense network.
    pub verdict: Verdict,
}

/// The smallest keeps at which a method is matching.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Reach {
    /// Method label.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// One for each task: the smallest keep at which it is matching there.
    pub tasks: Vec<Option<ReachKeep>>,
    /// The smallest keep at which it is universal; absent also with one task.
    pub universal: Option<ReachKeep>,
}

/// A keep, and whether everything above it was reached, too.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ReachKeep {
    /// Fraction of the prunable weights asked for.
    pub keep: f64,
    /// Whether the method is not matching, or has trials without a score, at a larger keep.
    pub gap: bool,
}

impl TicketTable {
    /// Whether there is a task on which it can be told what matches.
    #[must_use]
    pub fn can_be_told(&self) -> bool {
        self.lines.iter().any(|line| self.against(line).iter().any(Option::is_some))
    }

    /// What a line must reach on each task.
    #[must_use]
    pub fn against(&self, line: &TicketLine) -> &[Option<Reference>] {
        if line.against == Control::DenseAsIs { &self.as_is } else { &self.references }
    }

    /// Whether some line is held against `dense-as-is`.
    #[must_use]
    pub fn needs_as_is(&self) -> bool {
        self.lines.iter().any(|line| line.against == Control::DenseAsIs)
    }
}

/// Tells the tickets of every board that has methods.
#[must_use]
pub fn tables(boards: &[Board]) -> Vec<TicketTable> {
    boards.iter().filter(|board| board.methods().next().is_some()).map(table).collect()
}

fn table(board: &Board) -> TicketTable {
    let all = |dense: Option<&Entry>, reference: fn(Vec<f64>) -> Option<Reference>| {
        let of = |task: usize| reference(scores(dense?.cells.get(task)?));
        (0..board.tasks.len()).map(of).collect::<Vec<Option<Reference>>>()
    };
    let references = all(board.dense_trained(), reference);
    let as_is = all(board.dense_as_is(), |scores| match scores[..] {
        [mean] => Some(Reference { scores, mean, sd: 0.0, threshold: mean }),
        _ => reference(scores),
    });
    let lines: Vec<TicketLine> = board
        .methods()
        .map(|entry| match set_back(&board.key, entry) {
            true => line(&board.key, entry, (Control::DenseAsIs, &as_is)),
            false => line(&board.key, entry, (Control::DenseTrained, &references)),
        })
        .collect();
    TicketTable {
        key: board.key.clone(),
        tasks: board.tasks.clone(),
        reaches: reaches(&lines, board.tasks.len()),
        references,
        as_is,
        lines,
    }
}

/// Whether a method set the weights back to an early place of the training on the task that the dense network comes from. What
/// is transferred is set back to one of another training, if at all.
fn set_back(key: &BoardKey, entry: &Entry) -> bool {
    let early = |name: &str| name == "init" || name.starts_with("step-");
    // Who begins at initialization is given that training beside the allowance, as `dense-trained` is.
    entry.budget.init_samples == 0
        && matches!(key.protocol.as_str(), "direct" | "validation")
        && entry.weights_of.as_deref().is_some_and(early)
}

/// Whether the training that the task's score is of began with the unchanged weights of the pre-trained network.
fn from_pretrained(key: &BoardKey, entry: &Entry) -> bool {
    let unchanged = entry.weights_of.is_some() && entry.weights_of == entry.pretrained;
    // Upstream recovery changes them before they are transferred. Elsewhere it is the training that is meant.
    unchanged && (key.protocol != "transfer" || entry.budget.recover_samples == Some(0.0))
}

fn scores(cell: &Cell) -> Vec<f64> {
    cell.trials.iter().filter_map(|trial| trial.score).collect()
}

fn reference(scores: Vec<f64>) -> Option<Reference> {
    let (mean, sd) = (stats::mean(&scores)?, stats::sample_sd(&scores)?);
    Some(Reference { scores, mean, sd, threshold: mean - sd })
}

fn line(key: &BoardKey, entry: &Entry, (against, references): (Control, &[Option<Reference>])) -> TicketLine {
    let cells: Vec<TicketCell> = entry
        .cells
        .iter()
        .zip(references)
        .map(|(cell, reference)| {
            let mean = cell.summary.map(|summary| summary.mean);
            let verdict = match (reference, mean.filter(|_| cell.complete)) {
                (_, None) => Verdict::Incomplete,
                (None, _) => Verdict::Unknown,
                (Some(reference), Some(mean)) if stats::at_least(mean, reference.threshold) => {
                    Verdict::Matching
                }
                (Some(_), Some(_)) => Verdict::Below,
            };
            TicketCell { scores: scores(cell), mean, verdict }
        })
        .collect();
    let count = |verdict: Verdict| cells.iter().filter(|cell| cell.verdict == verdict).count();
    let matching = count(Verdict::Matching);
    let failed = count(Verdict::Below) + count(Verdict::Incomplete);
    let universal = match cells.len() {
        0 | 1 => None,
        _ if failed > 0 => Some(false),
        tasks => (matching == tasks).then_some(true),
    };
    TicketLine {
        method: entry.method.clone(),
        control: entry.control,
        keep: entry.keep,
        sparsity: entry.budget.sparsity,
        matching,
        against,
        winning: matching > 0 && from_pretrained(key, entry),
        weights_of: entry.weights_of.clone(),
        universal,
        cells,
    }
}

fn reaches(lines: &[TicketLine], tasks: usize) -> Vec<Reach> {
    let mut by_method: std::collections::BTreeMap<&str, Vec<&TicketLine>> = Default::default();
    for line in lines {
        by_method.entry(&line.method).or_default().push(line);
    }
    let smallest = |own: &[&TicketLine], verdict: &dyn Fn(&TicketLine) -> Option<bool>| {
        // Lines are sorted by keep, the largest first.
        let last = own.iter().rposition(|line| verdict(line) == Some(true))?;
        let gap = own[..last].iter().any(|line| verdict(line) == Some(false));
        Some(ReachKeep { keep: own[last].keep, gap })
    };
    let reach = |(method, own): (&str, Vec<&TicketLine>)| Reach {
        method: method.to_owned(),
        control: own.iter().find_map(|line| line.control),
        tasks: (0..tasks)
            .map(|task| {
                smallest(&own, &|line| match line.cells[task].verdict {
                    Verdict::Matching => Some(true),
                    Verdict::Below | Verdict::Incomplete => Some(false),
                    Verdict::Unknown => None,
                })
            })
            .collect(),
        universal: smallest(&own, &|line| line.universal),
    };
    by_method.into_iter().map(reach).collect()
}

#[cfg(test)]
mod tests;
