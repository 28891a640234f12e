//! How much it matters which positions a ticket has.
//!
//! A method that finds a ticket may hand in another mask in its place (parameter `perturb`): its complement, a random one with as
//! many weights in each layer, or its own with some positions exchanged. If the score stays, the positions did not matter
//! (perturbation sensitivity: Chen et al., arXiv 2012.06908).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::board::{Board, BoardKey, Entry};
use crate::row::Control;
use crate::stats::{Over, Summary};

/// What parameters of perturbations begin with: `perturb`, and how much in `perturb_fraction`.
const PREFIX: &str = "perturb";
/// The value of `perturb` that leaves a ticket as it is, and the one that hands in the complement.
const NONE: &str = "none";
pub(crate) const COMPLEMENT: &str = "complement";

/// Perturbed tickets of one method and configuration on one board, held against the ticket itself.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PerturbationTable {
    /// The board.
    pub board: BoardKey,
    /// Tasks of the board.
    pub tasks: usize,
    /// Label of the method that hands in the ticket itself.
    pub ticket: String,
    /// Method identifier.
    pub method_id: String,
    /// What the perturbed ones have in common with it: its parameters as canonical JSON.
    pub params: String,
    /// By keep from large to small, then by perturbation and label.
    pub lines: Vec<PerturbationLine>,
}

/// A perturbed ticket at a keep.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PerturbationLine {
    /// Label of the method that hands it in.
    pub method: String,
    /// `complement`, `random`, or `swap` with its fraction if one is given.
    pub perturbation: String,
    /// Fraction of the prunable weights that stay, in both.
    pub keep: f64,
    /// Mean score over tasks of the ticket itself.
    pub ticket: Option<Summary>,
    /// Mean score over tasks of the perturbed one.
    pub perturbed: Option<Summary>,
    /// Perturbed minus ticket, means over tasks, paired by replicate; over tasks where there is one replicate. Negative:
    /// the positions matter. Absent if no replicate has all scores on both sides, or the ticket is not there at this keep.
    pub difference: Option<Summary>,
    /// The same on each task, paired by replicate; intervals are over seeds.
    pub by_task: Vec<TaskDifference>,
}

/// Perturbed minus ticket on one task.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct TaskDifference {
    /// Task identifier.
    pub task: String,
    /// Over the replicates that both have.
    pub difference: Option<Summary>,
}

/// Finds perturbed tickets on `boards` and holds them against the tickets themselves. Controls have none.
#[must_use]
pub fn tables(boards: &[Board]) -> Vec<PerturbationTable> {
    boards.iter().flat_map(families).collect()
}

/// What the entries of a family share: identifier, parameters but for the perturbation, and what they begin from.
type Family = (String, String, u64);

fn families(board: &Board) -> Vec<PerturbationTable> {
    let mut families: BTreeMap<Family, Vec<(Option<String>, &Entry)>> = BTreeMap::new();
    for entry in board.entries.iter().filter(|entry| matches!(entry.control, None | Some(Control::Baseline)))
    {
        if let Some((family, perturbation)) = family(entry) {
            families.entry(family).or_default().push((perturbation, entry));
        }
    }
    families.into_iter().filter_map(|(family, entries)| table(board, family, &entries)).collect()
}

/// The family of an entry, and how it perturbs its ticket, if it does. A label of several configurations has none.
fn family(entry: &Entry) -> Option<(Family, Option<String>)> {
    let [(id, params)] = entry.configurations.iter().collect::<Vec<_>>()[..] else { return None };
    let mut params: serde_json::Map<String, Value> =
        if params.is_empty() { serde_json::Map::new() } else { serde_json::from_str(params).ok()? };
    let kind = params.remove(PREFIX).map(|value| match value {
        Value::String(word) => word,
        other => other.to_string(),
    });
    let names: Vec<String> = params.keys().filter(|name| name.starts_with(PREFIX)).cloned().collect();
    let details: Vec<String> =
        names.iter().filter_map(|name| params.remove(name)).map(|value| value.to_string()).collect();
    let perturbation = kind
        .filter(|kind| kind != NONE)
        .map(|kind| std::iter::once(kind).chain(details).collect::<Vec<_>>().join(" "));
    let rest = Value::Object(params).to_string();
    Some(((id.clone(), rest, entry.budget.init_samples), perturbation))
}

fn table(
    board: &Board,
    (method_id, params, _): Family,
    entries: &[(Option<String>, &Entry)],
) -> Option<PerturbationTable> {
    // Entries stand in the order of the board, which is by score: the first name decides, lest seeds do.
    let whole = entries.iter().filter(|(perturbation, _)| perturbation.is_none());
    let ticket = whole.map(|(_, entry)| &entry.method).min()?;
    let tickets: BTreeMap<u64, &Entry> = entries
        .iter()
        .filter(|(perturbation, entry)| perturbation.is_none() && entry.method == *ticket)
        .map(|(_, entry)| (entry.keep.to_bits(), *entry))
        .collect();
    let mut lines: Vec<PerturbationLine> = entries
        .iter()
        .filter_map(|(perturbation, entry)| {
            let perturbation = perturbation.clone()?;
            Some(line(board, perturbation, entry, tickets.get(&entry.keep.to_bits()).copied()))
        })
        .collect();
    lines.sort_by(|a, b| {
        let names = (&a.perturbation, &a.method).cmp(&(&b.perturbation, &b.method));
        b.keep.total_cmp(&a.keep).then(names)
    });
    (!lines.is_empty()).then(|| PerturbationTable {
        board: board.key.clone(),
        tasks: board.tasks.len(),
        ticket: ticket.clone(),
        method_id,
        params,
        lines,
    })
}

fn line(board: &Board, perturbation: String, entry: &Entry, ticket: Option<&Entry>) -> PerturbationLine {
    let by_task = board.tasks.iter().enumerate().map(|(place, task)| TaskDifference {
        task: task.id.clone(),
        difference: ticket.and_then(|ticket| on_task(entry, ticket, place)),
    });
    PerturbationLine {
        method: entry.method.clone(),
        perturbation,
        keep: entry.keep,
        ticket: ticket.and_then(|ticket| ticket.mean),
        perturbed: entry.mean,
        difference: ticket.and_then(|ticket| entry.minus(ticket)),
        by_task: by_task.collect(),
    }
}

/// Paired difference on one task over the replicates that both have.
fn on_task(entry: &Entry, ticket: &Entry, task: usize) -> Option<Summary> {
    let theirs = &ticket.cells.get(task)?.trials;
    let pairs = entry.cells.get(task)?.trials.iter().filter_map(|trial| {
        let paired = theirs.iter().find(|other| other.replicate == trial.replicate)?;
        Some(trial.score? - paired.score?)
    });
    Summary::of(&pairs.collect::<Vec<_>>(), Over::SeedsAtFixedTasks)
}

#[cfg(test)]
mod tests;
