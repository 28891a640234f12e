use super::*;
use crate::analysis::beside::BesideLine;
use crate::board::BoardKey;

/// A table with so many lines of methods.
fn table(lines: usize) -> Beside {
    let key = BoardKey {
        suite: "s".to_owned(),
        track: "t".to_owned(),
        protocol: "transfer".to_owned(),
        regime: "full".to_owned(),
        granularity: "weights".to_owned(),
    };
    let line = |place: usize| BesideLine {
        method: format!("m{place}"),
        published: "P".to_owned(),
        keep: 0.1,
        remark: None,
        cells: Vec::new(),
        mean: Some(0.5),
        published_mean: Some(0.4),
    };
    Beside {
        key,
        citation: "arXiv:1".to_owned(),
        reasons: Vec::new(),
        tasks: Vec::new(),
        left_out: Vec::new(),
        lines: (0..lines).map(line).collect(),
    }
}

#[test]
fn there_are_no_headings_without_lines_and_the_page_has_the_rest() {
    // Numbers of lines of tables, and how many of the tables and of the lines there is room for.
    for (counts, tables, lines) in [
        (&[10, 14][..], 2, 24),
        (&[10, 15], 2, 24),
        (&[24, 1], 1, 24),
        (&[30], 1, 24),
        (&[20, 3, 5, 7], 3, 24),
    ] {
        let mut out = String::new();
        section(&mut out, &counts.iter().map(|count| table(*count)).collect::<Vec<_>>());
        assert_eq!(out.matches("means in percent").count(), tables, "{out}");
        assert_eq!(out.matches("| method | published as |").count(), tables, "{out}");
        assert_eq!(out.matches("| P | 0.1 | 50.00 | 40.00 |").count(), lines, "{out}");
        let rest = counts.iter().sum::<usize>() > lines;
        assert_eq!(out.contains("on the page `analyses.html`"), rest, "{out}");
    }
}
