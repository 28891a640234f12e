//! Rows about the same thing.

use std::collections::HashMap;

use crate::lint::finding::Log;
use crate::lint::role::Role;
use crate::lint::sheet::Sheet;

/// Words in the names of columns that say nothing of what a row is about.
const ABOUT_NOTHING: [&str; 12] =
    ["note", "link", "url", "paper", "code", "hash", "commit", "stage", "comment", "remark", "date", "uid"];

pub(super) fn check(sheet: &Sheet, log: &mut Log) {
    let key = key(sheet);
    let ids = ["duplicate-row", "contradictory-rows"];
    if sheet.keys.key.is_empty() && sheet.first(Role::Method).or_else(|| sheet.first(Role::Network)).is_none()
    {
        ids.iter()
            .for_each(|id| log.could_not(id, "no column says what a row is about; name the key with --key"));
        return;
    }
    let rows: Vec<usize> = (0..sheet.table.rows()).filter(|row| sheet.holds(*row)).collect();
    let groups = sheet.group_ids(&key, true);
    let mut first: HashMap<u32, Vec<usize>> = HashMap::new();
    for row in &rows {
        first.entry(groups[*row]).or_default().push(*row);
    }
    let repeated = first.values().filter(|rows| rows.len() > 1).count();
    if sheet.keys.key.is_empty()
        && sheet.first(Role::Seed).is_none()
        && repeated >= 2
        && repeated * 2 > first.len()
    {
        ids.iter().for_each(|id| {
            log.could_not(
                id,
                "most rows are repeated: repetitions without a column of seeds? name the key with --key",
            );
        });
        return;
    }
    ids.iter().for_each(|id| log.ran(id, rows.len()));
    let all: Vec<usize> = (0..sheet.columns.len()).collect();
    let mut groups: Vec<&Vec<usize>> = first.values().filter(|rows| rows.len() > 1).collect();
    groups.sort();
    for rows in groups {
        for row in &rows[1..] {
            let differs =
                |column: &&usize| sheet.table.cell(rows[0], **column) != sheet.table.cell(*row, **column);
            let line = sheet.table.line_of(rows[0]);
            match all.iter().filter(differs).find(|it| differs_in_value(sheet, rows[0], *row, **it)) {
                None => {
                    log.row("duplicate-row", sheet, *row, || format!("repeats line {line} in every cell"))
                }
                Some(column) => log.cell("contradictory-rows", sheet, *row, *column, || {
                    let key: Vec<String> = key
                        .iter()
                        .map(|it| crate::text::fit(sheet.table.cell(*row, *it), 40))
                        .filter(|cell| !cell.is_empty())
                        .collect();
                    format!(
                        "line {line} is about the same ({}) and says {}",
                        key.join(", "),
                        sheet.table.cell(rows[0], *column)
                    )
                }),
            }
        }
    }
}

/// Ranks and notes may differ between copies of a row; if that is all, it is still a copy.
fn differs_in_value(sheet: &Sheet, a: usize, b: usize, column: usize) -> bool {
    match sheet.columns[column].role {
        Role::Rank | Role::Tied => false,
        Role::Other => !is_about_nothing(&sheet.columns[column].name),
        _ => match (sheet.range(a, column), sheet.range(b, column)) {
            (Some(a), Some(b)) => a.meets(b).then_some(()).is_none(),
            _ => true,
        },
    }
}

fn is_about_nothing(name: &str) -> bool {
    let name = name.to_lowercase();
    ABOUT_NOTHING.iter().any(|word| name.contains(word))
}

/// What tells rows apart: everything but results and notes.
pub(super) fn key(sheet: &Sheet) -> Vec<usize> {
    if !sheet.keys.key.is_empty() {
        return sheet.keys.key.clone();
    }
    let tells = |index: &usize| {
        let column = &sheet.columns[*index];
        let says_nothing = column.role == Role::Other && is_about_nothing(&column.name);
        !column.role.is_result() && !says_nothing
    };
    (0..sheet.columns.len()).filter(tells).collect()
}
