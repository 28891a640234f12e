//! Where methods stand: what the statistics of a board say of each row, found by its board, keep and label.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::number::Number;
use crate::analysis::statistics::{BoardStatistics, Groups, MethodStatistics, Standing};
use crate::board::{BoardKey, Entry};
use crate::export::csv::statistics::reason_words;

/// Statistics of all boards by the keys of what they are of.
pub(super) struct Standings<'a> {
    boards: BTreeMap<&'a BoardKey, &'a BoardStatistics>,
    rows: BTreeMap<(&'a BoardKey, u64, &'a str), Row<'a>>,
}

/// What is known of a method at a keep.
#[derive(Clone, Copy, Default)]
pub(super) struct Row<'a> {
    standing: Option<&'a Standing>,
    statistics: Option<&'a MethodStatistics>,
}

impl<'a> Standings<'a> {
    pub(super) fn of(all: &'a [BoardStatistics]) -> Standings<'a> {
        let mut rows: BTreeMap<_, Row<'a>> = BTreeMap::new();
        for board in all {
            for keep in &board.keeps {
                let key = |method: &'a str| (&board.key, keep.keep.to_bits(), method);
                for it in &keep.standings {
                    rows.entry(key(&it.method)).or_default().standing = Some(it);
                }
                for it in &keep.methods {
                    rows.entry(key(&it.method)).or_default().statistics = Some(it);
                }
            }
        }
        Standings { boards: all.iter().map(|it| (&it.key, it)).collect(), rows }
    }

    /// Statistics of a board, if it has methods.
    pub(super) fn board(&self, key: &BoardKey) -> Option<&'a BoardStatistics> {
        self.boards.get(key).copied()
    }

    /// What is known of an entry; nothing of dense controls.
    pub(super) fn row(&self, key: &'a BoardKey, entry: &'a Entry) -> Row<'a> {
        self.rows.get(&(key, entry.keep.to_bits(), entry.method.as_str())).copied().unwrap_or_default()
    }

    /// Why nobody on a board may be ranked in public, in words; empty if nothing stands against it.
    pub(super) fn barred(&self, key: &BoardKey) -> String {
        self.board(key).map_or(String::new(), |it| reason_words(&it.ineligible))
    }
}

impl Row<'_> {
    /// Its rank among those that may be ranked in public.
    pub(super) fn rank(&self) -> Option<usize> {
        self.standing.and_then(|it| it.rank)
    }

    /// Why it stands below the line, in words; empty for one above it.
    pub(super) fn reasons(&self) -> String {
        self.standing.map_or(String::new(), |it| reason_words(&it.reasons))
    }

    /// The letters of its tie groups.
    pub(super) fn groups(&self) -> GroupsView {
        GroupsView::of(self.statistics.map(|it| it.groups).unwrap_or_default())
    }
}

/// A tie group by each criterion, as a letter.
#[derive(Serialize)]
pub(super) struct GroupsView {
    paired: Number,
    overlap: Number,
    welch: Number,
    least: Number,
}

impl GroupsView {
    pub(super) fn of(groups: Groups) -> GroupsView {
        let letter =
            |of, group: Option<usize>| Number::maybe(of, group.map(|it| it as f64), |_| letters(group));
        GroupsView {
            paired: letter("group-paired", groups.paired_difference),
            overlap: letter("group-overlap", groups.interval_overlap),
            welch: letter("group-welch", groups.welch),
            least: letter("group-least", groups.least_significant_difference),
        }
    }
}

/// a for 1, z for 26, aa for 27.
fn letters(group: Option<usize>) -> String {
    let mut left = group.unwrap_or(0);
    let mut letters = Vec::new();
    while left > 0 {
        letters.push(char::from(b'a' + ((left - 1) % 26) as u8));
        left = (left - 1) / 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn groups_have_letters_as_columns_of_spreadsheets_have() {
        let of = |group| letters(Some(group));
        assert_eq!([1, 2, 26, 27, 52, 53, 702, 703].map(of), ["a", "b", "z", "aa", "az", "ba", "zz", "aaa"]);
    }
}
