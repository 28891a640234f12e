//! What was found, what was looked for, and what could not be.

use std::collections::BTreeMap;

use serde::Serialize;

use super::catalogue::{Check, check};
use super::sheet::Sheet;
use crate::Severity;

/// Most findings of one check in one table that are written out.
const MOST_FINDINGS: usize = 50;

/// Something that cannot be right, or should be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check, by its identifier.
    pub check: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The table, from 0.
    pub table: usize,
    /// The line of the file, from 1.
    pub line: usize,
    /// The column's name, where it is about a cell or a column.
    pub column: Option<String>,
    /// The cell's text, where it is about a cell.
    pub cell: Option<String>,
    /// What was expected, from what, and by how much it is off.
    pub message: String,
}

/// Whether a check could look at a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It looked at so many rows or cells.
    Ran {
        /// How many.
        looked_at: usize,
    },
    /// It could not, and why.
    CouldNot {
        /// The reason.
        reason: String,
    },
}

/// Findings and states of one table while checks run.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) table: usize,
    pub(crate) findings: Vec<Finding>,
    pub(crate) states: BTreeMap<&'static str, State>,
    pub(crate) hidden: BTreeMap<&'static str, usize>,
    counts: BTreeMap<&'static str, usize>,
}

impl Log {
    pub(crate) fn new(table: usize) -> Log {
        Log { table, ..Log::default() }
    }

    /// A check looked at so many things more.
    pub(crate) fn ran(&mut self, id: &'static str, count: usize) {
        match self.states.get_mut(id) {
            Some(State::Ran { looked_at }) => *looked_at += count,
            _ => {
                self.states.insert(id, State::Ran { looked_at: count });
            }
        }
    }

    /// A check could not look, for a reason. What it could do elsewhere in the table counts more.
    pub(crate) fn could_not(&mut self, id: &'static str, reason: impl Into<String>) {
        let reason = reason.into();
        self.states.entry(id).or_insert(State::CouldNot { reason });
    }

    /// A finding about a cell.
    pub(crate) fn cell(
        &mut self,
        id: &'static str,
        sheet: &Sheet,
        row: usize,
        column: usize,
        message: impl FnOnce() -> String,
    ) {
        self.add(id, sheet.table.line_of(row), Some((sheet, column)), Some(row), message);
    }

    /// A finding about a row.
    pub(crate) fn row(
        &mut self,
        id: &'static str,
        sheet: &Sheet,
        row: usize,
        message: impl FnOnce() -> String,
    ) {
        self.add(id, sheet.table.line_of(row), None, None, message);
    }

    /// A finding about a column, or the whole table.
    pub(crate) fn header(
        &mut self,
        id: &'static str,
        sheet: &Sheet,
        column: Option<usize>,
        message: impl FnOnce() -> String,
    ) {
        self.add(id, sheet.table.line, column.map(|column| (sheet, column)), None, message);
    }

    fn add(
        &mut self,
        id: &'static str,
        line: usize,
        column: Option<(&Sheet, usize)>,
        row: Option<usize>,
        message: impl FnOnce() -> String,
    ) {
        let Some(Check { severity, .. }) = check(id) else { return };
        let count = self.counts.entry(id).or_default();
        *count += 1;
        if *count > MOST_FINDINGS {
            *self.hidden.entry(id).or_default() += 1;
            return;
        }
        let clean = |text: &str| crate::text::fit(&crate::text::clean(text), 100);
        self.findings.push(Finding {
            check: id,
            severity: *severity,
            table: self.table,
            line,
            column: column.and_then(|(sheet, column)| Some(clean(sheet.table.header.get(column)?))),
            cell: column.zip(row).map(|((sheet, column), row)| clean(sheet.table.cell(row, column))),
            message: crate::text::clean(&message()),
        });
    }
}
