//! The checks, by what they look at.

mod controls;
mod deltas;
mod duplicates;
mod marks;
mod means;
mod networks;
mod ranges;
mod ranks;
mod seeds;
mod sizes;
mod structure;

use super::finding::Log;
use super::role::Role;
use super::sheet::Sheet;

/// What the tables of a file have beyond one of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Surroundings {
    /// Whether some table of the file has a dense row.
    pub(crate) has_dense: bool,
    /// Whether the file has one table only.
    pub(crate) is_only: bool,
}

/// Runs every check on one table.
pub(crate) fn run(sheet: &mut Sheet, surroundings: Surroundings, log: &mut Log) {
    structure::check(sheet, log);
    // What cannot be right by itself would make everything wrong that follows from it.
    sheet.forget(&ranges::check(sheet, log));
    sheet.forget(&networks::check(sheet, log));
    structure::precision(sheet, log);
    duplicates::check(sheet, log);
    ranks::check(sheet, log);
    marks::check(sheet, log);
    deltas::check(sheet, log);
    sizes::check(sheet, log);
    seeds::check(sheet, log);
    means::check(sheet, log);
    controls::check(sheet, surroundings, log);
}

/// Columns that rows may be compared within, from the fewest to the most: none, networks, tasks, and all that tells
/// rows apart but methods and seeds.
pub(crate) fn groupings(sheet: &Sheet) -> Vec<Vec<usize>> {
    if !sheet.keys.group.is_empty() {
        return vec![sheet.keys.group.clone()];
    }
    let of = |roles: &[Role]| -> Vec<usize> {
        (0..sheet.columns.len()).filter(|it| roles.contains(&sheet.columns[*it].role)).collect()
    };
    // A list of networks is no list of groups.
    let network = if sheet.first(Role::Method).is_some() { Role::Network } else { Role::Dataset };
    let mut all = vec![
        vec![],
        of(&[network]),
        of(&[network, Role::Dataset]),
        of(&[Role::Keep, Role::Requested]),
        of(&[network, Role::Dataset, Role::Keep, Role::Requested]),
        of(&[network, Role::Dataset, Role::Keep, Role::Requested, Role::Scope, Role::Label]),
        of(&[network, Role::Dataset, Role::Sparsity]),
        of(&[network, Role::Dataset, Role::SpeedUp]),
    ];
    let mut known = std::collections::BTreeSet::new();
    all.retain(|columns| known.insert(columns.clone()));
    all
}

/// Rows of each group, for the rows that `takes` takes.
pub(crate) fn groups(sheet: &Sheet, columns: &[usize], takes: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
    let ids = sheet.group_ids(columns, true);
    let mut groups: std::collections::BTreeMap<u32, Vec<usize>> = std::collections::BTreeMap::new();
    for (row, id) in ids.into_iter().enumerate().filter(|(row, _)| takes(*row)) {
        groups.entry(id).or_default().push(row);
    }
    groups.into_values().collect()
}

/// How many there are, in words.
pub(crate) fn number_of(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
