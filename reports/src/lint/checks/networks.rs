//! Sizes of dense rows: against known networks, and against one another.

use std::collections::BTreeMap;

use crate::lint::finding::Log;
use crate::lint::networks::known;
use crate::lint::range::Range;
use crate::lint::role::Role;
use crate::lint::sheet::{Kind, Sheet};

/// Counts of one network differ in what they leave out; published ones by less than this part.
const CONVENTIONS: f64 = 0.02;
/// Numbers of operations differ by more, since tools count other layers.
const OPERATIONS: f64 = 0.06;

/// Says which cells are not to be used any more.
pub(super) fn check(sheet: &Sheet, log: &mut Log) -> Vec<(usize, usize)> {
    let unusable = against_known(sheet, log);
    against_each_other(sheet, &unusable, log);
    unusable
}

/// The columns that have a dense network's count in a row.
fn dense_cells(sheet: &Sheet, roles: [Role; 2]) -> Vec<(usize, usize)> {
    let bases = sheet.of(roles[1]).into_iter().flat_map(|column| {
        (0..sheet.table.rows()).filter(|row| sheet.is_result(*row)).map(move |row| (row, column))
    });
    let counts = sheet.of(roles[0]).into_iter().flat_map(|column| {
        (0..sheet.table.rows()).filter(|row| sheet.kinds[*row] == Kind::Dense).map(move |row| (row, column))
    });
    bases.chain(counts).filter(|(row, column)| sheet.range(*row, *column).is_some()).collect()
}

fn against_known(sheet: &Sheet, log: &mut Log) -> Vec<(usize, usize)> {
    let known = known(sheet);
    let mut unusable = Vec::new();
    let mut any = false;
    for (row, column) in dense_cells(sheet, [Role::Params, Role::ParamsBase]) {
        let (Some(known), Some(own)) = (&known[row], sheet.range(row, column)) else { continue };
        any = true;
        log.ran("network-size", 1);
        let count = known.params as f64;
        // Without a data set the number of classes is open: at least the last layer may be smaller.
        let room = if known.is_sure { CONVENTIONS } else { 0.1 };
        let allowed = Range::around(count, count * room);
        // VGG's fully connected layers, and everything of MobileNetV2, are other ones on other data.
        let is_open =
            !known.is_sure && (known.name.starts_with("vgg") || known.name.starts_with("mobilenet"));
        if !is_open && !own.meets(allowed) {
            unusable.push((row, column));
            log.cell("network-size", sheet, row, column, || {
                let ratio = own.middle() / count;
                let dense = crate::text::count(known.params);
                format!("{} has {dense} parameters, and the table says {ratio:.2} times as many", known.name)
            });
        }
    }
    if !any {
        log.could_not("network-size", "no dense row of a network that is known here, with its parameters");
    }
    let id = "flops-are-macs";
    let mut reported = false;
    for (row, column) in dense_cells(sheet, [Role::Flops, Role::FlopsBase]) {
        let (Some(known), Some(own)) = (&known[row], sheet.range(row, column)) else { continue };
        log.ran(id, 1);
        let macs = known.macs as f64;
        if !reported && own.meets(Range::around(macs, macs * OPERATIONS)) {
            reported = true;
            log.cell(id, sheet, row, column, || {
                let words = crate::text::si(macs);
                format!(
                    "{} has {words} multiply-accumulates, so these are no FLOPs, of which each is two",
                    known.name
                )
            });
        }
    }
    log.could_not(id, "no dense row of a network that is known here, with its FLOPs");
    unusable
}

fn against_each_other(sheet: &Sheet, unusable: &[(usize, usize)], log: &mut Log) {
    let id = "mixed-sizes";
    let columns: Vec<usize> = (0..sheet.columns.len())
        .filter(|it| matches!(sheet.columns[*it].role, Role::Network | Role::Dataset))
        .collect();
    if sheet.first(Role::Network).is_none() {
        log.could_not(id, "no column of networks");
        return;
    }
    let groups = sheet.group_ids(&columns, false);
    for roles in
        [[Role::Params, Role::ParamsBase], [Role::Macs, Role::MacsBase], [Role::Flops, Role::FlopsBase]]
    {
        let mut first: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
        for (row, column) in dense_cells(sheet, roles).into_iter().filter(|it| !unusable.contains(it)) {
            log.ran(id, 1);
            let (other, other_column) = *first.entry(groups[row]).or_insert((row, column));
            let (Some(a), Some(b)) = (sheet.range(other, other_column), sheet.range(row, column)) else {
                continue;
            };
            if !a.meets(b) {
                log.cell(id, sheet, row, column, || {
                    let (cell, line) = (sheet.table.cell(other, other_column), sheet.table.line_of(other));
                    format!("the same dense network has {cell} in line {line}: counted in two ways?")
                });
            }
        }
    }
    log.could_not(id, "no dense sizes");
}
