//! The leaderboard for a terminal.

pub(crate) mod show;

use std::fmt::Write as _;

use super::{incomplete_word, start_words};
use crate::board::{Board, Entry};
use crate::row::ReportInput;
use crate::stats::Summary;
use crate::text::{self, clean, fit};
use crate::{Report, Severity};

/// Below this many columns a table cannot be laid out; a narrower terminal wraps.
const NARROWEST: usize = 60;
/// A task's column is never narrower than `100.0`.
const NARROWEST_TASK: usize = 5;
const LONGEST_METHOD: usize = 28;

/// The leaderboard for a terminal of `width` columns, with ANSI colours if `color`.
///
/// Columns that do not fit are left out, tasks first, so that the means always stand.
#[must_use]
pub fn terminal(input: &ReportInput, width: usize, color: bool) -> String {
    terminal_of(&Report::new(input), width, color)
}

/// As [`terminal`], for a report that was already computed.
#[must_use]
pub fn terminal_of(report: &Report, width: usize, color: bool) -> String {
    let width = width.max(NARROWEST);
    let paint = Paint { color };
    if report.boards.is_empty() {
        return "No trials in the store.\n".to_owned();
    }
    let mut out = String::new();
    for board in &report.boards {
        board_table(&mut out, board, width, paint);
        out.push('\n');
    }
    warnings(&mut out, report, width, paint);
    out
}

#[derive(Clone, Copy)]
struct Paint {
    color: bool,
}

impl Paint {
    fn style(self, code: &str, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
    fn bold(self, text: &str) -> String {
        self.style("1", text)
    }
    fn dim(self, text: &str) -> String {
        self.style("2", text)
    }
}

/// A column: its head, whether it is flushed right, and the face of an entry in it.
struct Column<'a> {
    head: String,
    right: bool,
    face: Box<dyn Fn(&Entry) -> String + 'a>,
    width: usize,
    /// Spaces before it.
    gap: usize,
}

fn used(columns: &[Column<'_>]) -> usize {
    columns.iter().map(|column| column.width + column.gap).sum()
}

impl<'a> Column<'a> {
    fn new(board: &Board, head: &str, right: bool, face: impl Fn(&Entry) -> String + 'a) -> Column<'a> {
        let widest = board.entries.iter().map(|entry| face(entry).chars().count()).max().unwrap_or(0);
        let width = widest.max(head.chars().count());
        Column { head: head.to_owned(), right, face: Box::new(face), width, gap: 2 }
    }

    fn pad(&self, text: &str) -> String {
        let text = fit(text, self.width);
        let space = " ".repeat(self.width - text.chars().count());
        let gap = " ".repeat(self.gap);
        if self.right { gap + &space + &text } else { gap + &text + &space }
    }
}

fn board_table(out: &mut String, board: &Board, width: usize, paint: Paint) {
    let tasks = match board.tasks.len() {
        1 => format!("task {}", board.tasks[0].short),
        many => format!("{many} tasks"),
    };
    let seeds = match board.replicates.len() {
        0 => String::new(),
        1 => ", 1 replicate".to_owned(),
        many => format!(", {many} replicates"),
    };
    let title = fit(&board.key.title(), width);
    let _ = writeln!(out, "{}  {}", paint.bold(&title), paint.dim(&format!("{tasks}{seeds}")));

    let dash = || "–".to_owned();
    let mut columns = vec![
        Column::new(board, "#", true, |entry| {
            match entry.place {
                Some(place) if place.tied => place.to_string(),
                // Keeps the digits of tied and untied places in one column.
                Some(place) => format!("{place} "),
                None => String::new(),
            }
        }),
        Column::new(board, "method", false, |entry| fit(&clean(&entry.method), LONGEST_METHOD)),
        Column::new(board, "mean %", true, |entry| {
            entry.mean.map_or_else(|| incomplete_word(entry), |mean| pm(&mean))
        }),
        Column::new(board, "drop", true, |entry| entry.drop.map_or_else(dash, |drop| pm(&drop))),
    ];
    let rank_columns = || {
        vec![
            Column::new(board, "rank", true, move |entry| {
                entry.average_rank.map_or_else(dash, |rank| format!("{rank:.2}"))
            }),
            Column::new(board, "ok", true, |entry| format!("{}/{}", entry.scored(), entry.trials())),
        ]
    };
    let mut ranks = rank_columns();
    let sizes = vec![
        Column::new(board, "sparsity", true, |entry| {
            entry.budget.sparsity.map_or_else(dash, |sparsity| text::percent(sparsity, 2))
        }),
        Column::new(board, "compr.", true, |entry| entry.budget.compression.map_or_else(dash, text::times)),
    ];
    // The tasks are worth more than ranks and trials, these more than sizes; but without the tasks all of these fit.
    let room = |ranks: &[Column<'_>]| width.saturating_sub(used(&columns) + used(ranks));
    let names = loop {
        match task_names(board, room(&ranks)) {
            Some(names) => break Some(names),
            None if ranks.pop().is_none() => break None,
            None => {}
        }
    };
    let shown = names.is_some();
    if !shown {
        ranks = rank_columns();
    }
    for column in ranks {
        if used(&columns) + column.width <= width {
            columns.push(column);
        }
    }
    for (index, name) in names.iter().flatten().enumerate() {
        let mut column = Column::new(board, name, true, move |entry| task_face(entry, index));
        // An outcome word may be cut; the "ok" column and the warnings tell it in full.
        column.width = column.width.min(name.chars().count().max(NARROWEST_TASK));
        column.gap = 1;
        columns.push(column);
    }
    for column in sizes {
        if used(&columns) + column.width <= width {
            columns.push(column);
        }
    }
    columns[0].gap = 0;
    lines(out, board, &columns, paint);
    footer(out, board, names.as_deref(), shown, width, paint);
}

fn lines(out: &mut String, board: &Board, columns: &[Column<'_>], paint: Paint) {
    let joined = |cells: Vec<String>| cells.concat().trim_end().to_owned();
    let total = used(columns);
    let rule = |name: &str| {
        let name = if name.is_empty() { String::new() } else { format!("─ {name} ") };
        let rest = total.saturating_sub(name.chars().count());
        name + &"─".repeat(rest)
    };
    let head = joined(columns.iter().map(|column| column.pad(&column.head)).collect());
    let _ = writeln!(out, "{}", paint.bold(&head));
    let mut section = None;
    for entry in &board.entries {
        let this = (!entry.is_dense()).then_some(entry.keep.to_bits());
        if section != Some(this) {
            let name = if entry.is_dense() { "dense".to_owned() } else { format!("keep {}", entry.keep) };
            let _ = writeln!(out, "{}", paint.dim(&rule(&name)));
            section = Some(this);
        }
        let line = joined(columns.iter().map(|column| column.pad(&(column.face)(entry))).collect());
        let line = match entry {
            entry if entry.is_dense() => paint.dim(&line),
            entry if !entry.complete => paint.style("33", &line),
            entry if entry.place.is_some_and(|place| place.place == 1) => paint.bold(&line),
            _ => line,
        };
        let _ = writeln!(out, "{line}");
    }
    let _ = writeln!(out, "{}", paint.dim(&rule("")));
}

/// Score on a task in one decimal, or the outcome.
fn task_face(entry: &Entry, task: usize) -> String {
    match entry.cells.get(task) {
        Some(cell) => match (cell.fault(), cell.summary) {
            (None, Some(summary)) => text::percent(summary.mean, 1),
            (Some(fault), _) => fault.word().to_owned(),
            (None, None) => "–".to_owned(),
        },
        None => "–".to_owned(),
    }
}

/// Heads for the task columns that fit into `room` columns, as long as they may be, each unlike the others.
fn task_names(board: &Board, room: usize) -> Option<Vec<String>> {
    let tasks = board.tasks.len();
    let longest = board.tasks.iter().map(|task| task.short.chars().count()).max()?.max(NARROWEST_TASK);
    (NARROWEST_TASK..=longest)
        .rev()
        .find(|length| tasks * (length + 1) <= room)
        .map(|length| abbreviate(board, length))
}

/// Names cut to `length`; where a cut would make two the same, the last character numbers them.
fn abbreviate(board: &Board, length: usize) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(board.tasks.len());
    for task in &board.tasks {
        let cut: String = task.short.chars().take(length).collect();
        let mut name = cut.clone();
        let mut number = 2;
        while names.contains(&name) {
            let tail = number.to_string();
            let head: String = cut.chars().take(length.saturating_sub(tail.len())).collect();
            name = head + &tail;
            number += 1;
        }
        names.push(name);
    }
    names
}

fn footer(
    out: &mut String,
    board: &Board,
    names: Option<&[String]>,
    shown: bool,
    width: usize,
    paint: Paint,
) {
    let mut notes = Vec::new();
    if let Some(over) = board.interval_over() {
        notes.push(format!("± 95 % t-interval of the drop over {}", over.label()));
    }
    if board.methods().any(|entry| entry.place.is_some_and(|place| place.tied)) {
        notes.push("= not separable from the first of its place".to_owned());
    }
    if !shown && board.tasks.len() > 1 {
        notes.push("tasks do not fit this width".to_owned());
    }
    let cut: Vec<String> = names
        .unwrap_or_default()
        .iter()
        .zip(&board.tasks)
        .filter(|(name, task)| **name != task.short)
        .map(|(name, task)| format!("{name} = {}", task.short))
        .collect();
    if !cut.is_empty() {
        notes.push(cut.join(", "));
    }
    for note in [notes.join("; "), start_words(board)] {
        for line in wrap(&note, width) {
            let _ = writeln!(out, "{}", paint.dim(&line));
        }
    }
}

fn warnings(out: &mut String, report: &Report, width: usize, paint: Paint) {
    const MOST: usize = 12;
    for it in report.warnings.iter().take(MOST) {
        let severity = it.warning.severity();
        let code = match severity {
            Severity::Error => "1;31",
            Severity::Warning => "33",
            Severity::Note => "36",
        };
        let key = &it.board;
        let place = clean(&format!("{}/{}/{}/{}", key.track, key.protocol, key.regime, key.granularity));
        let text = format!("{} {place}: {} {}", severity.word(), it.warning.message(), it.warning.advice());
        for (index, line) in wrap(&text, width - 2).into_iter().enumerate() {
            match line.strip_prefix(severity.word()).filter(|_| index == 0) {
                Some(rest) => drop(writeln!(out, "{}{rest}", paint.style(code, severity.word()))),
                None => drop(writeln!(out, "  {line}")),
            }
        }
    }
    if report.warnings.len() > MOST {
        let _ = writeln!(out, "… and {} more warnings in the report", report.warnings.len() - MOST);
    }
}

/// Breaks `text` at spaces into lines of at most `width` characters; a longer word has a line of its own.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

fn pm(summary: &Summary) -> String {
    let mean = text::percent(summary.mean, 2);
    match summary.half_width() {
        Some(half) => format!("{mean} ±{:>5}", text::percent(half, 2)),
        None => mean,
    }
}

#[cfg(test)]
mod tests;
