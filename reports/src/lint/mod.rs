//! Checks of leaderboards, ours or anybody's: what in a table cannot be right, and why.
//!
//! [`lint`] reads the tables of a text, recognises what their columns mean, and runs every check of [`CHECKS`] that the
//! columns allow. A printed number stands for all values that round to it, and something is found only if no such values
//! agree. No file is read here, and the same text gives the same findings.

mod bases;
mod catalogue;
mod checks;
mod claims;
mod export;
mod finding;
mod mapping;
mod networks;
mod number;
mod range;
mod read;
mod recognise;
mod role;
mod sheet;
mod table;

use std::collections::BTreeMap;

use serde::Serialize;

pub use catalogue::{CHECKS, Check, check, checks_md};
pub use export::{columns_text, findings_text, lint_json};
pub use finding::{Finding, State};
pub use mapping::{ColumnChoice, LintOptions, MappingError, nearest_check};
pub use read::{Format, MOST_BYTES, UnreadableTable};
pub use role::{Role, RoleOption};

use crate::Severity;
use checks::Surroundings;
use finding::Log;
use sheet::Sheet;

/// What was found in a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LintReport {
    /// The file, as it was called.
    pub file: String,
    /// Its tables, in order.
    pub tables: Vec<LintedTable>,
    /// What was found, in the order of the lines.
    pub findings: Vec<Finding>,
}

/// A table that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LintedTable {
    /// The heading above it; empty if there is none.
    pub title: String,
    /// Line of its header, from 1.
    pub line: usize,
    /// Its rows.
    pub rows: usize,
    /// What its columns were taken for.
    pub columns: Vec<LintedColumn>,
    /// Which of our own tables it is, if it is one.
    pub preset: Option<&'static str>,
    /// For each check, whether it could look.
    pub checks: BTreeMap<&'static str, State>,
    /// Findings beyond those that are told, for each check.
    pub hidden: BTreeMap<&'static str, usize>,
}

/// What a column was taken for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LintedColumn {
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: &'static str,
    /// Unit, direction and sign in words; empty if there is nothing to say.
    pub detail: String,
    /// Whether it was given, not recognised.
    pub given: bool,
}

impl LintReport {
    /// Whether there is anything worse than a note.
    #[must_use]
    pub fn has_findings(&self) -> bool {
        self.findings.iter().any(|it| it.severity != Severity::Note)
    }

    /// The number of findings of a severity, with those that are not told.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        let told = self.findings.iter().filter(|it| it.severity == severity).count();
        let hidden = self.tables.iter().flat_map(|table| &table.hidden);
        told + hidden
            .filter(|(id, _)| check(id).is_some_and(|it| it.severity == severity))
            .map(|it| it.1)
            .sum::<usize>()
    }
}

/// Why a file was not looked at.
#[derive(Debug, thiserror::Error)]
pub enum LintError {
    /// The file is no table.
    #[error(transparent)]
    Unreadable(#[from] UnreadableTable),
    /// What was given does not fit it.
    #[error(transparent)]
    Mapping(#[from] MappingError),
}

/// Looks for what cannot be right in the tables of a file. `name` is how the file is called: its end tells the format.
///
/// # Errors
/// Says what is wrong with a file that has no table, or with options that name what is not there.
pub fn lint(name: &str, bytes: &[u8], options: &LintOptions) -> Result<LintReport, LintError> {
    let tables = read::tables(name, bytes, options.format)?;
    mapping::check_names(name, &tables, options)?;
    let mut sheets = Vec::new();
    for table in &tables {
        let mut sheet = Sheet::new(table);
        let preset = mapping::apply(&mut sheet, options)?;
        sheet.settle();
        sheets.push((sheet, preset));
    }
    let has_dense =
        |sheet: &Sheet| (0..sheet.table.rows()).any(|row| sheet.holds(row) && sheet.is_dense_name(row));
    let surroundings = Surroundings {
        has_dense: sheets.iter().any(|(sheet, _)| has_dense(sheet)),
        is_only: sheets.len() == 1,
    };
    let mut report = LintReport { file: name.to_owned(), tables: Vec::new(), findings: Vec::new() };
    for (index, (sheet, preset)) in sheets.iter_mut().enumerate() {
        let mut log = Log::new(index);
        checks::run(sheet, surroundings, &mut log);
        log.findings.sort_by_key(|it| (it.line, CHECKS.iter().position(|check| check.id == it.check)));
        report.findings.append(&mut log.findings);
        report.tables.push(LintedTable {
            title: sheet.table.title.clone(),
            line: sheet.table.line,
            rows: sheet.table.rows(),
            columns: sheet.columns.iter().map(LintedColumn::of).collect(),
            preset: *preset,
            checks: log.states,
            hidden: log.hidden,
        });
    }
    Ok(report)
}

impl LintedColumn {
    fn of(column: &sheet::Column) -> LintedColumn {
        let mut detail = Vec::new();
        let is_score = matches!(column.role, Role::Score | Role::Mean | Role::Base | Role::Delta);
        if (is_score || column.role.is_share()) && column.percent {
            detail.push("percent".to_owned());
        } else if column.role.is_share() || is_score {
            detail.push("fraction of one".to_owned());
        }
        if column.scale > 1.0 && column.role.is_size() {
            detail.push(format!("times {}", crate::text::si(column.scale)));
        }
        if is_score && column.role != Role::Delta {
            detail
                .push(if column.lower_is_better { "lower is better" } else { "higher is better" }.to_owned());
        }
        if column.one_seed {
            detail.push("one seed".to_owned());
        }
        let (name, role) = (crate::text::clean(&column.name), column.role.name());
        LintedColumn { name, role, detail: detail.join(", "), given: column.given }
    }
}

#[cfg(test)]
mod tests;
