//! What was found, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{CHECKS, Finding, LintReport, State};
use crate::Severity;
use crate::text::clean;

/// Version of the form of [`lint_json`].
const SCHEMA: u32 = 1;

/// One line for each finding, and what was looked for.
#[must_use]
pub fn findings_text(report: &LintReport) -> String {
    let mut out = String::new();
    let file = clean(&report.file);
    for finding in &report.findings {
        let Finding { check, severity, line, column, cell, message, .. } = finding;
        let _ = write!(out, "{file}:{line}: {} [{check}]", severity.word());
        match (column, cell) {
            (Some(column), Some(cell)) => {
                let _ = write!(out, " `{column}` \"{cell}\"");
            }
            (Some(column), None) => {
                let _ = write!(out, " `{column}`");
            }
            _ => {}
        }
        let _ = writeln!(out, ": {}", message.trim());
    }
    for table in &report.tables {
        for (check, count) in &table.hidden {
            let _ = writeln!(out, "{file}:{}: {count} more findings of [{check}] in this table", table.line);
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let rows: usize = report.tables.iter().map(|table| table.rows).sum();
    let tables = report.tables.len();
    let plural = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let counts = [Severity::Error, Severity::Warning, Severity::Note]
        .map(|severity| plural(report.count(severity), severity.word()))
        .join(", ");
    let _ = writeln!(out, "{file}: {counts} in {}, {}", plural(tables, "table"), plural(rows, "row"));
    let could_not = could_not(report);
    let _ = write!(out, "{} of {} checks ran", CHECKS.len() - could_not.len(), CHECKS.len());
    if could_not.is_empty() {
        out.push('\n');
    } else {
        let reasons: Vec<String> =
            could_not.iter().map(|(check, reason)| format!("{check} ({reason})")).collect();
        let _ = writeln!(out, "; could not: {}", clean(&reasons.join("; ")));
    }
    out
}

/// The checks that ran on no table, with a reason: that of the table with most rows.
fn could_not(report: &LintReport) -> BTreeMap<&'static str, &str> {
    let mut tables: Vec<_> = report.tables.iter().collect();
    tables.sort_by_key(|table| std::cmp::Reverse(table.rows));
    CHECKS
        .iter()
        .filter_map(|check| {
            let states = || tables.iter().filter_map(|table| table.checks.get(check.id));
            if states().any(|state| matches!(state, State::Ran { .. })) {
                return None;
            }
            let reason = states().find_map(|state| match state {
                State::CouldNot { reason } => Some(reason.as_str()),
                State::Ran { .. } => None,
            });
            Some((check.id, reason.unwrap_or("nothing to look at")))
        })
        .collect()
}

/// What columns were taken for, and which checks ran.
#[must_use]
pub fn columns_text(report: &LintReport) -> String {
    let mut out = String::new();
    for table in &report.tables {
        let title =
            if table.title.is_empty() { String::new() } else { format!(" \"{}\"", clean(&table.title)) };
        let preset = table.preset.map_or_else(String::new, |name| format!(", known as our {name}"));
        let _ = writeln!(out, "{}:{}:{title} {} rows{preset}", clean(&report.file), table.line, table.rows);
        let width = table.columns.iter().map(|it| it.name.chars().count()).max().unwrap_or(0).min(40);
        for column in &table.columns {
            let given = if column.given { " (given)" } else { "" };
            let detail =
                if column.detail.is_empty() { String::new() } else { format!(": {}", column.detail) };
            let name = crate::text::fit(&column.name, 40);
            let _ = writeln!(out, "  {name:<width$}  {}{detail}{given}", column.role);
        }
        for check in &CHECKS {
            let state = match table.checks.get(check.id) {
                Some(State::Ran { looked_at }) => format!("ran on {looked_at}"),
                Some(State::CouldNot { reason }) => format!("could not: {}", clean(reason)),
                None => "nothing to look at".to_owned(),
            };
            let _ = writeln!(out, "  {:<20} {state}", check.id);
        }
        out.push('\n');
    }
    out
}

/// Everything, for programs.
///
/// # Errors
/// Where the report cannot be written as JSON, which does not happen.
pub fn lint_json(report: &LintReport) -> Result<String, serde_json::Error> {
    #[derive(serde::Serialize)]
    struct Document<'a> {
        schema: u32,
        errors: usize,
        warnings: usize,
        notes: usize,
        #[serde(flatten)]
        report: &'a LintReport,
    }
    serde_json::to_string_pretty(&Document {
        schema: SCHEMA,
        errors: report.count(Severity::Error),
        warnings: report.count(Severity::Warning),
        notes: report.count(Severity::Note),
        report,
    })
}
