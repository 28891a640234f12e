//! Which family of methods does best, and iterative against one-shot pruning.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::board::{Board, BoardKey, Entry, ErrorIncrease, separable};
use crate::family::Family;
use crate::stats::{Over, Summary};

/// The families of one board.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct FamilyTable {
    /// The board.
    pub key: BoardKey,
    /// Number of the board's tasks.
    pub tasks: usize,
    /// Keeps, from large to small.
    pub keeps: Vec<FamilyKeep>,
}

/// The families at one keep.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct FamilyKeep {
    /// Fraction of the prunable weights asked for.
    pub keep: f64,
    /// Families with a mean, the best first.
    pub lines: Vec<FamilyLine>,
}

/// The best method of a family at a keep.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct FamilyLine {
    /// The family.
    pub family: Family,
    /// Label of its best method by the mean over tasks.
    pub method: String,
    /// Methods and settings of the family that have a mean at this keep: the more, the luckier the best.
    pub entries: usize,
    /// Mean over tasks.
    pub mean: Summary,
    /// Relative increase in error over `dense-trained`.
    pub error_increase: Option<ErrorIncrease>,
    /// Whether it can be told apart from the best method of the first family; absent for that one.
    pub separable: Option<bool>,
}

/// Sorts the methods of every board into families. Boards with methods of one family only are left out.
#[must_use]
pub fn tables(boards: &[Board]) -> Vec<FamilyTable> {
    let table = |board: &Board| {
        let families: BTreeSet<Family> = board.methods().filter_map(|entry| entry.family).collect();
        let keeps: Vec<FamilyKeep> =
            board.keeps().into_iter().filter_map(|keep| at_keep(board, keep)).collect();
        (families.len() > 1 && !keeps.is_empty()).then(|| FamilyTable {
            key: board.key.clone(),
            tasks: board.tasks.len(),
            keeps,
        })
    };
    boards.iter().filter_map(table).collect()
}

fn at_keep(board: &Board, keep: f64) -> Option<FamilyKeep> {
    // The board's order is from best to worst, and so is the order of the best of each family.
    let mut lines: Vec<FamilyLine> = Vec::new();
    let mut leader: Option<&Entry> = None;
    for entry in board.methods().filter(|entry| entry.keep.to_bits() == keep.to_bits()) {
        let (Some(family), Some(mean)) = (entry.family, entry.mean) else { continue };
        if let Some(line) = lines.iter_mut().find(|line| line.family == family) {
            line.entries += 1;
            continue;
        }
        lines.push(FamilyLine {
            family,
            method: entry.method.clone(),
            entries: 1,
            mean,
            error_increase: entry.error_increase,
            separable: leader.map(|leader| separable(leader, entry)),
        });
        leader = leader.or(Some(entry));
    }
    (!lines.is_empty()).then_some(FamilyKeep { keep, lines })
}

/// An iterative and a one-shot entry of one method that differ in how they search, and in nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ModePair {
    /// The board.
    pub key: BoardKey,
    /// Fraction of the prunable weights asked for.
    pub keep: f64,
    /// Label of the entry that prunes in rounds.
    pub iterative: String,
    /// Label of the entry that prunes once.
    pub one_shot: String,
    /// Shares of the allowance for the search where they differ: as the suite writes them, of the iterative entry and of
    /// the other one. Absent where both are the same, and where one of them searches in no training of its own.
    pub search: Option<[String; 2]>,
    /// Iterative minus one-shot: mean over tasks, paired by task and replicate.
    pub difference: Summary,
    /// Tasks on which the iterative entry has the higher mean.
    pub ahead: usize,
    /// Tasks on which the means differ.
    pub decided: usize,
    /// All tasks.
    pub tasks: usize,
}

impl ModePair {
    /// What the interval of the difference is over, if it has one.
    #[must_use]
    pub fn over(&self) -> Option<Over> {
        self.difference.interval.map(|interval| interval.over)
    }
}

/// An entry that prunes in rounds or once, with the share of its allowance for the search, if it trains in it.
struct Searcher<'a> {
    entry: &'a Entry,
    share: Option<String>,
}

/// All pairs of entries that differ in how they search only: in `mode`, in `rate` and `rounds`, which one-shot pruning does not
/// have, and perhaps in `search_fraction`, which is told.
#[must_use]
pub fn mode_pairs(boards: &[Board]) -> Vec<ModePair> {
    let mut pairs = Vec::new();
    for board in boards {
        let mut groups: BTreeMap<(u64, Setting), [Vec<Searcher<'_>>; 2]> = BTreeMap::new();
        for entry in board.methods().filter(|entry| entry.complete) {
            if let Some((one_shot, rest, share)) = mode(entry) {
                // Bits of positive numbers sort as the numbers do, and large keeps come first.
                let groups = groups.entry((u64::MAX - entry.keep.to_bits(), rest)).or_default();
                groups[usize::from(one_shot)].push(Searcher { entry, share });
            }
        }
        for [mut iterative, mut one_shot] in groups.into_values() {
            iterative.sort_by(|a, b| a.entry.method.cmp(&b.entry.method));
            one_shot.sort_by(|a, b| a.entry.method.cmp(&b.entry.method));
            for of_rounds in &iterative {
                pairs.extend(one_shot.iter().filter_map(|at_once| pair(board, of_rounds, at_once)));
            }
        }
    }
    pairs
}

/// Identifier of a method, and as JSON its parameters but for those that say how it searches.
type Setting = (String, String);

/// Whether an entry prunes once, its method with the parameters that do not say how it searches, and its share for the
/// search. Nothing where the label is ambiguous, its parameters are no object, or it is not one of the two.
fn mode(entry: &Entry) -> Option<(bool, Setting, Option<String>)> {
    let mut configurations = entry.configurations.iter();
    let (Some((id, parameters)), None) = (configurations.next(), configurations.next()) else { return None };
    let mut parameters: serde_json::Map<String, serde_json::Value> = serde_json::from_str(parameters).ok()?;
    let mode = parameters.remove("mode");
    // Iterative is what methods with a `mode` do by themselves.
    let (one_shot, searches) = match mode.as_ref().map(|mode| mode.as_str()) {
        None | Some(Some("iterative")) => (false, true),
        Some(Some("one-shot")) => (true, true),
        // The mask of the network that is pruned, with the weights set back: its training was the search. Where they are
        // not set back, it is no ticket.
        Some(Some("mask-transfer")) if parameters.contains_key("rewind") => (true, false),
        Some(_) => return None,
    };
    parameters.remove("rate");
    parameters.remove("rounds");
    let share = parameters.remove("search_fraction").map_or("default".to_owned(), |share| share.to_string());
    Some((one_shot, (id.clone(), serde_json::to_string(&parameters).ok()?), searches.then_some(share)))
}

fn pair(board: &Board, iterative: &Searcher<'_>, one_shot: &Searcher<'_>) -> Option<ModePair> {
    let search = iterative.share.clone().zip(one_shot.share.clone()).filter(|(ours, theirs)| ours != theirs);
    let (iterative, one_shot) = (iterative.entry, one_shot.entry);
    let means = |entry: &Entry, task: usize| entry.cells[task].summary.map(|summary| summary.mean);
    let tasks = board.tasks.len();
    let differences = (0..tasks).filter_map(|task| Some(means(iterative, task)? - means(one_shot, task)?));
    let differences: Vec<f64> = differences.filter(|it| !crate::stats::same_score(*it, 0.0)).collect();
    Some(ModePair {
        key: board.key.clone(),
        keep: iterative.keep,
        iterative: iterative.method.clone(),
        one_shot: one_shot.method.clone(),
        search: search.map(|(ours, theirs)| [ours, theirs]),
        difference: iterative.minus(one_shot)?,
        ahead: differences.iter().filter(|it| **it > 0.0).count(),
        decided: differences.len(),
        tasks,
    })
}

#[cfg(test)]
mod tests;
