//! Bold cells, which say "the best".

use super::{groupings, groups};
use crate::lint::finding::Log;
use crate::lint::range::Range;
use crate::lint::role::Role;
use crate::lint::sheet::{Kind, Sheet};
use crate::lint::table::Style;

pub(super) fn check(sheet: &Sheet, log: &mut Log) {
    let id = "best-mark";
    if sheet.table.style != Style::Markdown {
        log.could_not(id, "cells of this format cannot be bold");
        return;
    }
    let columns: Vec<usize> = (0..sheet.columns.len())
        .filter(|it| {
            let role = sheet.columns[*it].role;
            matches!(
                role,
                Role::Score
                    | Role::Mean
                    | Role::Delta
                    | Role::AverageRank
                    | Role::Params
                    | Role::Macs
                    | Role::Flops
            )
        })
        .collect();
    // A row that is bold throughout is somebody's own method, not the best of anything.
    let whole = |row: usize| {
        let filled = columns.iter().filter(|it| sheet.number(row, **it).is_some());
        columns.len() > 1
            && filled.clone().count() > 1
            && filled.clone().all(|it| sheet.table.is_bold(row, *it))
            && sheet.first(Role::Method).is_some_and(|it| sheet.table.is_bold(row, it))
    };
    let wholes: Vec<bool> = (0..sheet.table.rows()).map(whole).collect();
    let mut looked = 0;
    for column in columns {
        let is_bold = |row: usize| sheet.table.is_bold(row, column) && !wholes[row];
        if !(0..sheet.table.rows()).any(|row| sheet.holds(row) && is_bold(row)) {
            continue;
        }
        let sign = if sheet.columns[column].prefers_low() { -1.0 } else { 1.0 };
        let takes = |row: usize| sheet.kinds[row] == Kind::Plain && sheet.number(row, column).is_some();
        let judged =
            |grouping: &Vec<usize>| judge(sheet, column, sign, &groups(sheet, grouping, takes), &is_bold);
        // Rows were compared within the groups in which most marks are right, and each group has one.
        let best = groupings(sheet)
            .iter()
            .map(judged)
            .min_by_key(|(found, unmarked, _)| (found.len() + unmarked, found.len()));
        let Some((found, _, marks)) = best else { continue };
        if found.len() * 2 > marks && marks > 2 {
            log.could_not(
                id,
                format!(
                    "most bold cells of `{}` are not the best of any group",
                    sheet.columns[column].name.trim()
                ),
            );
            continue;
        }
        looked += marks;
        for (row, better) in found {
            log.cell(id, sheet, row, column, || {
                let word = if sign < 0.0 { "lower" } else { "higher" };
                let (line, cell) = (sheet.table.line_of(better), sheet.table.cell(better, column));
                format!("is bold, but {} in line {line} is {word} with {cell}", sheet.who(better))
            });
        }
    }
    if looked == 0 {
        log.could_not(id, "no cell of a score is bold");
    } else {
        log.ran(id, looked);
    }
}

/// Bold cells that another cell of the group is better than, groups without a bold cell, and the number of bold cells.
fn judge(
    sheet: &Sheet,
    column: usize,
    sign: f64,
    groups: &[Vec<usize>],
    is_bold: &impl Fn(usize) -> bool,
) -> (Vec<(usize, usize)>, usize, usize) {
    let (mut found, mut unmarked, mut marks) = (Vec::new(), 0, 0);
    for rows in groups {
        let values: Vec<(usize, Range)> =
            rows.iter().filter_map(|row| Some((*row, sheet.range(*row, column)?.times(sign)))).collect();
        // Several bold cells may be those that cannot be told apart, so they are held against the others only.
        let best = values.iter().filter(|(row, _)| !is_bold(*row)).max_by(|a, b| a.1.low.total_cmp(&b.1.low));
        let bold: Vec<&(usize, Range)> = values.iter().filter(|(row, _)| is_bold(*row)).collect();
        unmarked += usize::from(bold.is_empty());
        marks += bold.len();
        if let Some((better, best)) = best {
            found.extend(bold.iter().filter(|(_, own)| own.below(*best)).map(|(row, _)| (*row, *better)));
        }
    }
    (found, unmarked, marks)
}
