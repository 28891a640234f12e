//! Tickets of different pre-trainings as text.

use serde::Serialize;

use super::control_note;
use super::tickets::keep_words;
use crate::analysis::pretraining::{PretrainingLine, PretrainingTable};
use crate::text::clean;

#[derive(Serialize)]
pub(super) struct PretrainingView {
    title: String,
    tasks: Vec<String>,
    /// Whether rows have a track.
    tracks: bool,
    rows: Vec<RowView>,
    /// Whether a cell has a mark.
    gaps: bool,
}

#[derive(Serialize)]
struct RowView {
    /// Whether it is the first of its method.
    opens: bool,
    method: String,
    note: &'static str,
    pretraining: String,
    track: String,
    cells: Vec<String>,
    universal: String,
}

pub(super) fn views(tables: &[PretrainingTable]) -> Vec<PretrainingView> {
    tables.iter().map(view).collect()
}

fn view(table: &PretrainingTable) -> PretrainingView {
    let reaches = || table.lines.iter().flat_map(|line| line.tasks.iter().chain([&line.universal])).flatten();
    let opens = |place: usize| place == 0 || table.lines[place - 1].method != table.lines[place].method;
    PretrainingView {
        title: clean(&table.title()),
        tasks: table.tasks.iter().map(|task| clean(&task.short)).collect(),
        tracks: table.has_several_tracks(),
        rows: table.lines.iter().enumerate().map(|(place, line)| row(line, opens(place))).collect(),
        gaps: reaches().any(|it| it.gap),
    }
}

fn row(line: &PretrainingLine, opens: bool) -> RowView {
    RowView {
        opens,
        method: clean(&line.method),
        note: control_note(line.control),
        pretraining: clean(&line.pretraining),
        track: clean(&line.track),
        cells: line.tasks.iter().map(|it| keep_words(*it)).collect(),
        universal: keep_words(line.universal),
    }
}
