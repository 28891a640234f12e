//! Boards that other people have written: what `secateur lint-board` reads, and the maps that say what their columns are.

use proptest::prelude::*;
use secateur_reports::lint::{LintOptions, LintReport, columns_text, findings_text, lint, lint_json};

use crate::memory::bounded;
use crate::mutate::{apply, changed, edits};
use crate::{cases, workspace};

/// A cell of two bytes is a text, a number with its range, and an entry of the tables that look for what is twice; a finding of
/// it has sentences.
const TIMES: usize = 2000;

/// Names of the boards that its tests have, and their texts.
fn boards() -> Vec<(String, Vec<u8>)> {
    let folders = ["clean", "planted"].map(|name| workspace().join("reports/tests/boards").join(name));
    let mut paths: Vec<_> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("boards"))
        .map(|entry| entry.expect("readable").path())
        .collect();
    paths.sort();
    assert!(paths.len() > 40);
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, std::fs::read(path).expect("readable"))
    };
    paths.iter().map(read).collect()
}

const MAP: &str = "# Of a table with sizes.
columns:
  Method: method
  Top-1: score
  Params: params
key: [Method]
group: [Network]
lower_is_better: [Params]
";

/// Looks at a board and prints all that is known of it.
fn look(name: &str, bytes: &[u8], options: &LintOptions) -> Result<LintReport, String> {
    let result = bounded(bytes.len(), TIMES, || {
        let report = lint(name, bytes, options).map_err(|error| error.to_string())?;
        let text = findings_text(&report) + &columns_text(&report);
        lint_json(&report).unwrap_or_else(|error| panic!("{error}"));
        assert!(report.findings.is_empty() || text.contains(name));
        Ok::<LintReport, String>(report)
    });
    match &result {
        Err(error) => {
            assert!(error.contains(name), "{error}");
            assert!(error.len() < 1000 + 8 * bytes.len(), "an error of {} bytes", error.len());
        }
        Ok(report) => {
            let lines = 1 + bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
            for finding in &report.findings {
                assert!((1..=lines).contains(&finding.line), "{finding:?} in a file of {lines} lines");
                assert!(finding.table < report.tables.len());
            }
        }
    }
    result
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn changed_boards_are_looked_at_or_refused_with_the_file(
        (name, bytes) in prop::sample::select(boards()), edits in edits()
    ) {
        let _ = look(&name, &apply(&bytes, &edits), &LintOptions::default());
    }

    /// Where the name says nothing, the text has to.
    #[test]
    fn the_format_is_told_from_any_text(
        bytes in changed(boards().into_iter().map(|board| board.1).collect())
    ) {
        let _ = look("board", &bytes, &LintOptions::default());
    }

    #[test]
    fn changed_maps_fit_a_board_or_are_refused(edits in edits()) {
        let (_, board) = boards().into_iter().find(|board| board.0 == "sized.md").expect("a board with sizes");
        let bytes = apply(MAP.as_bytes(), &edits);
        let text = String::from_utf8_lossy(&bytes);
        let mut options = LintOptions::default();
        match bounded(text.len(), TIMES, || options.add_map("map.yaml", &text).map(|()| options.clone())) {
            // What it names may not be there, and then the error names the board.
            Ok(options) => drop(look("sized.md", &board, &options)),
            Err(error) => prop_assert!(error.to_string().contains("map.yaml"), "{}", error),
        }
    }
}

#[test]
fn the_boards_that_are_changed_can_be_read() {
    for (name, bytes) in boards() {
        let report = look(&name, &bytes, &LintOptions::default());
        assert!(report.is_ok(), "{name}: {report:?}");
    }
    let mut options = LintOptions::default();
    options.add_map("map.yaml", MAP).expect("a map");
}

/// Little text that claims much: rows that are wider than the first, tables without end, numbers of thousands of digits.
#[test]
fn what_claims_more_than_it_has_takes_no_more() {
    let wide = format!("a,b\n{}\n", ",".repeat(200_000));
    let tables = "|a|b|\n|-|-|\n|1|2|\n\n".repeat(3_000);
    let digits = format!("method,score\nm,{}\nn,0.{}\n", "9".repeat(100_000), "1".repeat(100_000));
    let quotes = format!("a,b\n\"{}\n", "\"\"".repeat(50_000));
    let bars = format!("|a|b|\n|-|-|\n{}\n", "|".repeat(200_000));
    for (name, text) in
        [("x.csv", wide), ("x.md", tables), ("x.csv", digits), ("x.csv", quotes), ("x.md", bars)]
    {
        let _ = look(name, text.as_bytes(), &LintOptions::default());
    }
}
