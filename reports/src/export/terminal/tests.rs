use super::*;
use crate::testing::{Sample, sample, synthetic};

fn plain_widths(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().map(|line| (line.chars().count(), line))
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let report = Report::new(&synthetic(1224));
    for width in [80, 100, 110, 124, 140, 200] {
        for (length, line) in plain_widths(&terminal_of(&report, width, false)) {
            assert!(length <= width, "{length} > {width}: {line}");
        }
    }
}

#[test]
fn a_wide_terminal_shows_tasks_and_a_narrow_one_says_that_it_does_not() {
    let report = Report::new(&synthetic(1224));
    let (wide, narrow) = (terminal_of(&report, 200, false), terminal_of(&report, 80, false));
    assert!(wide.contains(" textures ") && !wide.contains("do not fit"));
    assert!(!narrow.contains("textures") && narrow.contains("tasks do not"));
    for text in [wide, narrow] {
        assert!(text.contains("imp-rewind-init") && text.contains("timeout"));
        assert!(text.contains("seeds at fixed"));
    }
}

#[test]
fn colours_change_nothing_but_colours() {
    let report = Report::new(&synthetic(1224));
    let coloured = terminal_of(&report, 120, true);
    assert!(coloured.contains("\x1b["));
    let mut stripped = String::new();
    for (index, part) in coloured.split("\x1b[").enumerate() {
        stripped.push_str(if index == 0 {
            part
        } else {
            part.split_once('m').map_or(part, |(_, rest)| rest)
        });
    }
    assert_eq!(stripped, terminal_of(&report, 120, false));
}

#[test]
fn a_label_cannot_send_control_characters() {
    let mut row = sample(&Sample::default());
    row.method = "\x1b[2Jevil\r\n".to_owned();
    row.task = "generated/\x07bell".to_owned();
    let input = ReportInput { rows: vec![row], ..ReportInput::default() };
    let text = terminal(&input, 120, false);
    assert!(text.contains("evil"));
    assert!(!text.contains(['\x1b', '\r', '\x07']));
}

#[test]
fn shortened_names_stay_distinct() {
    let rows: Vec<_> = ["x/rotations-small", "x/rotations-large", "x/rotations-tiny"]
        .into_iter()
        .map(|task| sample(&Sample { task, ..Sample::default() }))
        .collect();
    let names = abbreviate(&crate::boards(&rows)[0], 5);
    assert_eq!(names, ["rotat", "rota2", "rota3"]);
}

#[test]
fn an_empty_store_is_no_table() {
    assert_eq!(terminal(&ReportInput::default(), 80, false), "No trials in the store.\n");
}
