//! What pages of methods look up, made once: a page for each of thousands of methods must not go through all of them again.

use std::collections::{BTreeMap, BTreeSet};

use super::super::series::Series;
use super::cells::heat_ranges;
use crate::board::{Board, BoardKey, Entry};
use crate::cost::MethodCost;
use crate::text;

/// Entries and ranges of one board.
pub(super) struct BoardLookup<'a> {
    board: &'a Board,
    /// The lowest and the highest mean on each task.
    pub(super) heat: Vec<(f64, f64)>,
    /// Methods that have a place at a keep, by the bits of the keep.
    placed: BTreeMap<u64, usize>,
    by_method: BTreeMap<&'a str, Vec<usize>>,
    dense: Vec<usize>,
    /// Entries that tables of pages show.
    shown: Vec<usize>,
    /// How many they do not show, by keep.
    hidden: Vec<(f64, usize)>,
}

/// Methods of a keep that a table of a page shows: with more, a browser would not bear the page and no reader the table. Baselines are
/// always among them.
const MOST_METHODS: usize = 500;

impl<'a> BoardLookup<'a> {
    pub(super) fn of(board: &'a Board) -> BoardLookup<'a> {
        let mut lookup = BoardLookup {
            board,
            heat: heat_ranges(board),
            placed: BTreeMap::new(),
            by_method: BTreeMap::new(),
            dense: Vec::new(),
            shown: Vec::new(),
            hidden: Vec::new(),
        };
        for (index, entry) in board.entries.iter().enumerate() {
            lookup.by_method.entry(&entry.method).or_default().push(index);
            if entry.is_dense() {
                lookup.dense.push(index);
            } else if entry.place.is_some() {
                *lookup.placed.entry(entry.keep.to_bits()).or_default() += 1;
            }
        }
        lookup.choose();
        lookup
    }

    /// Of each keep the first ones in the board's order, which are the best.
    fn choose(&mut self) {
        let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
        for (index, entry) in self.board.entries.iter().enumerate() {
            let count = counts.entry(entry.keep.to_bits()).or_default();
            if entry.is_dense() || entry.control.is_some() || *count < MOST_METHODS {
                *count += 1;
                self.shown.push(index);
                continue;
            }
            match self.hidden.last_mut() {
                Some((keep, hidden)) if keep.to_bits() == entry.keep.to_bits() => *hidden += 1,
                _ => self.hidden.push((entry.keep, 1)),
            }
        }
    }

    /// The entries that tables show, in the board's order.
    pub(super) fn shown(&self) -> impl Iterator<Item = &'a Entry> {
        let board = self.board;
        self.shown.iter().map(move |index| &board.entries[*index])
    }

    /// What is not shown, in words; empty if everything is.
    pub(super) fn hidden(&self) -> String {
        let words =
            |(keep, hidden): &(f64, usize)| format!("{} more at keep {keep}", text::count(*hidden as u64));
        self.hidden.iter().map(words).collect::<Vec<_>>().join(", ")
    }

    /// The entries of a method, in the board's order.
    pub(super) fn entries(&self, label: &str) -> impl Iterator<Item = &'a Entry> {
        let board = self.board;
        self.by_method.get(label).into_iter().flatten().map(move |index| &board.entries[*index])
    }

    /// How many methods have a place at a keep.
    pub(super) fn placed(&self, keep: f64) -> usize {
        self.placed.get(&keep.to_bits()).copied().unwrap_or_default()
    }

    /// The board with nobody on it but these methods and the dense controls.
    pub(super) fn only(&self, series: &[Series]) -> Board {
        let labels = series.iter().filter_map(|it| self.by_method.get(it.method.as_str()));
        let indices: BTreeSet<usize> = labels.flatten().chain(&self.dense).copied().collect();
        Board {
            key: self.board.key.clone(),
            tasks: self.board.tasks.clone(),
            replicates: self.board.replicates.clone(),
            entries: indices.into_iter().map(|index| self.board.entries[index].clone()).collect(),
        }
    }
}

/// Costs by suite, track and label.
pub(super) struct CostLookup<'a>(BTreeMap<(&'a str, &'a str, &'a str), &'a MethodCost>);

impl<'a> CostLookup<'a> {
    pub(super) fn of(costs: &'a [MethodCost]) -> CostLookup<'a> {
        // Of several the first one, as in the tables.
        let key = |cost: &'a MethodCost| (cost.suite.as_str(), cost.track.as_str(), cost.method.as_str());
        CostLookup(costs.iter().rev().map(|cost| (key(cost), cost)).collect())
    }

    /// What a method of a board cost.
    pub(super) fn on(&self, board: &BoardKey, label: &str) -> Option<&'a MethodCost> {
        self.0.get(&(board.suite.as_str(), board.track.as_str(), label)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{BoardLookup, MOST_METHODS};
    use crate::boards;
    use crate::row::{Control, Row};
    use crate::testing::{Sample, sample};

    #[test]
    fn tables_show_the_best_and_the_baselines_and_count_the_rest() {
        // The baseline is the worst of all.
        let rows = |method: &str, control, keep: f64, score: f64| -> Row {
            let base = Sample { method: "", control, keep, task: "a", replicate: 0, score: Some(score) };
            Row { method: method.to_owned(), ..sample(&base) }
        };
        let mut all = vec![rows("dense-trained", Some(Control::DenseTrained), 1.0, 0.9)];
        all.push(rows("random", Some(Control::Baseline), 0.1, 0.01));
        let count = MOST_METHODS + 5;
        all.extend(
            (0..count).map(|number| rows(&format!("m{number:04}"), None, 0.1, 0.8 - number as f64 / 1e4)),
        );
        all.push(rows("m0000", None, 0.05, 0.2));
        let board = boards(&all).remove(0);
        let lookup = BoardLookup::of(&board);
        let shown: Vec<&str> =
            lookup.shown().filter(|entry| entry.keep == 0.1).map(|entry| entry.method.as_str()).collect();
        assert_eq!(shown.len(), MOST_METHODS + 1);
        assert_eq!((shown[0], shown[MOST_METHODS - 1], shown[MOST_METHODS]), ("m0000", "m0499", "random"));
        assert_eq!(lookup.hidden(), "5 more at keep 0.1");
        assert_eq!(lookup.placed(0.1), count + 1);
        assert_eq!(lookup.entries("m0000").count(), 2);
        assert_eq!(lookup.shown().filter(|entry| entry.is_dense()).count(), 1);
    }
}
