//! Which dense row a row is to be read against.

use std::collections::HashMap;

use super::role::Role;
use super::sheet::{Kind, Sheet};

/// Most names of dense rows that are told apart; ours have two.
const MOST_NAMES: usize = 4;

/// Dense rows by name and by what they are about.
#[derive(Debug)]
pub(crate) struct Bases {
    /// Names of dense rows, in the order of the table.
    pub(crate) names: Vec<String>,
    /// For each way to match, from the strictest: a number for each row; rows with equal ones belong together.
    levels: Vec<Vec<u32>>,
    /// For each name and way: the dense row of each number; `None` where several would fit.
    rows: Vec<Vec<HashMap<u32, Option<usize>>>>,
}

impl Bases {
    /// Looks for the dense rows of a table. Rows of means count as dense if their name says so.
    pub(crate) fn new(sheet: &Sheet) -> Bases {
        let of = |roles: &[Role]| -> Vec<usize> {
            (0..sheet.columns.len()).filter(|it| roles.contains(&sheet.columns[*it].role)).collect()
        };
        let network = if sheet.first(Role::Method).is_some() { vec![Role::Network] } else { vec![] };
        let about = |more: &[Role]| of(&[&network[..], &[Role::Dataset, Role::Scope], more].concat());
        let levels = if sheet.keys.group.is_empty() {
            vec![
                sheet.group_ids(&about(&[Role::Seed, Role::Label]), true),
                sheet.group_ids(&about(&[Role::Label]), true),
                sheet.group_ids(&about(&[Role::Seed]), true),
                sheet.group_ids(&about(&[]), true),
                sheet.group_ids(&about(&[]), false),
            ]
        } else {
            let seed = of(&[Role::Seed]);
            vec![
                sheet.group_ids(&[&sheet.keys.group[..], &seed].concat(), true),
                sheet.group_ids(&sheet.keys.group, true),
            ]
        };
        let name_column = sheet.first(Role::Method).or_else(|| sheet.first(Role::Network)).unwrap_or(0);
        let name = |row: usize| sheet.table.cell(row, name_column).to_lowercase();
        let is_base = |row: usize| {
            sheet.kinds[row] == Kind::Dense || (sheet.kinds[row] == Kind::Mean && sheet.is_dense_name(row))
        };
        let mut names: Vec<String> = Vec::new();
        let mut rows: Vec<Vec<HashMap<u32, Option<usize>>>> = Vec::new();
        for row in (0..sheet.table.rows()).filter(|row| is_base(*row)) {
            let name = name(row);
            let at = names.iter().position(|known| *known == name).unwrap_or(names.len());
            if at == names.len() {
                if names.len() == MOST_NAMES {
                    continue;
                }
                names.push(name);
                rows.push(vec![HashMap::new(); levels.len()]);
            }
            for (level, ids) in levels.iter().enumerate() {
                let same = |other: usize| {
                    (0..sheet.columns.len())
                        .all(|column| sheet.table.cell(other, column) == sheet.table.cell(row, column))
                };
                rows[at][level]
                    .entry(ids[row])
                    .and_modify(|known| *known = known.filter(|other| same(*other)))
                    .or_insert(Some(row));
            }
        }
        Bases { names, levels, rows }
    }

    /// The dense row of that name for a row, by the strictest match that has one.
    pub(crate) fn of(&self, name: usize, row: usize) -> Option<usize> {
        let found =
            self.levels.iter().zip(&self.rows[name]).find_map(|(ids, rows)| rows.get(&ids[row]).copied());
        found.flatten()
    }
}
