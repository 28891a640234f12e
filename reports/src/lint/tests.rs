use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::testing::{synthetic, synthetic_detection};

fn boards() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/boards")
}

fn lint_text(name: &str, text: &str) -> LintReport {
    lint(name, text.as_bytes(), &LintOptions::default()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Findings as check, line and column.
fn found(report: &LintReport) -> Vec<(&'static str, usize, String)> {
    report.findings.iter().map(|it| (it.check, it.line, it.column.clone().unwrap_or_default())).collect()
}

fn clean_boards() -> Vec<(String, String)> {
    let mut files: Vec<_> = std::fs::read_dir(boards().join("clean"))
        .expect("the folder of clean tables")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let read = |path: &PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).expect("a table"))
    };
    files.iter().map(read).collect()
}

#[test]
fn clean_tables_give_nothing() {
    let tables = clean_boards();
    assert!(tables.len() >= 8);
    for (name, text) in tables {
        let report = lint_text(&name, &text);
        assert!(report.findings.is_empty(), "{}", findings_text(&report));
    }
}

#[test]
fn planted_defects_are_found_at_their_places_and_nothing_else_is() {
    let folder = boards().join("planted");
    let mut index = csv::Reader::from_path(folder.join("index.csv")).expect("the index");
    let mut checks = std::collections::BTreeSet::new();
    let mut files = 0;
    for row in index.deserialize::<(String, String, usize, String)>() {
        let (file, check, line, column) = row.expect("a row of the index");
        let report = lint_text(&file, &std::fs::read_to_string(folder.join(&file)).expect("a table"));
        let expected = [(check.as_str(), line, column)];
        assert_eq!(found(&report), expected, "{file}\n{}", findings_text(&report));
        checks.insert(check);
        files += 1;
    }
    let without: Vec<&str> = CHECKS.iter().map(|it| it.id).filter(|id| !checks.contains(*id)).collect();
    assert!(files >= 20 && without.is_empty(), "{files} tables, and none for {without:?}");
    let on_disk = std::fs::read_dir(folder).expect("the folder").count();
    assert_eq!(on_disk, files + 1, "tables that the index does not name");
}

#[test]
fn our_own_tables_are_known_and_clean() {
    for input in [synthetic(408), synthetic(2040), synthetic_detection()] {
        let report = crate::Report::new(&input);
        let results = crate::results_csv(&input).expect("results");
        let leaderboard = crate::leaderboard_csv(&report).expect("a leaderboard");
        let summary = crate::summary_md(&report, &input.provenance).into_bytes();
        let files = [("results.csv", results), ("leaderboard.csv", leaderboard), ("summary.md", summary)];
        for (name, bytes) in files {
            let linted = lint(name, &bytes, &LintOptions::default()).expect("a table");
            assert!(linted.findings.is_empty(), "{}", findings_text(&linted));
            let preset = linted.tables[0].preset;
            assert_eq!(preset, (name != "summary.md").then_some(name));
        }
    }
}

#[test]
fn our_own_tables_are_held_to_their_arithmetic() {
    let input = synthetic(408);
    let report = crate::Report::new(&input);
    let text = String::from_utf8(crate::leaderboard_csv(&report).expect("a leaderboard")).expect("text");
    let linted = lint_text("leaderboard.csv", &text);
    for id in [
        "delta",
        "rank-order",
        "rank-sequence",
        "mean-of-rows",
        "interval",
        "missing-dense",
        "contradictory-rows",
    ] {
        let state = linted.tables[0].checks.get(id);
        assert!(matches!(state, Some(State::Ran { looked_at }) if *looked_at > 0), "{id}: {state:?}");
    }
}

#[test]
fn columns_can_be_said_to_be_what_they_are_not_called() {
    let text = "thing,q,w\ndense,0.70,10\nrandom,0.60,5\nl1,0.65,-5\n";
    let mut options = LintOptions::default();
    let choices = ["thing=method", "q=score:fraction", "w=delta:drop:percent"];
    options.columns = choices.iter().map(|it| ColumnChoice::parse(it).expect("a choice")).collect();
    let report = lint("x.csv", text.as_bytes(), &options).expect("a table");
    let deltas: Vec<usize> =
        report.findings.iter().filter(|it| it.check == "delta").map(|it| it.line).collect();
    assert_eq!(deltas, [2, 3, 4]);
}

#[test]
fn what_is_said_of_columns_is_checked() {
    let lint_with = |options: &LintOptions| {
        lint("x.csv", b"method,top-1\nl1,70\n", options).expect_err("wrong").to_string()
    };
    let mut options = LintOptions { key: vec!["metod".to_owned()], ..LintOptions::default() };
    let said = lint_with(&options);
    assert!(said.contains("did you mean `method`?") && said.contains("top-1"), "{said}");
    options.key.clear();
    for (text, hint) in
        [("a=scor", "`score`"), ("a=score:percnt", "`percent`"), ("a", "NAME=ROLE"), ("=score", "NAME=ROLE")]
    {
        let said = ColumnChoice::parse(text).expect_err("wrong").to_string();
        assert!(said.contains(hint), "{said}");
    }
    let said = options
        .add_map("m.yaml", "columns: {a: score}\nlower_is_beter: [a]\n")
        .expect_err("wrong")
        .to_string();
    assert!(said.contains("m.yaml:2") && said.contains("did you mean `lower_is_better`?"), "{said}");
    let said = options.add_map("m.yaml", "columns:\n  a: scor\n").expect_err("wrong").to_string();
    assert!(said.contains("m.yaml:2") && said.contains("did you mean `score`?"), "{said}");
    assert!(options.add_map("m.yaml", "").is_ok() && options.add_map("m.yaml", "key: [a]\n").is_ok());
    assert_eq!(options.key, ["a"]);
}

#[test]
fn findings_explain_the_arithmetic() {
    let text = "| model | method | params | params left % |\n|---|---|---|---|\n| MobileNetV2 | dense | 3.50 M | 100.0% |\n| MobileNetV2 | l1 | 2.82 M | 88.7% |\n| MobileNetV2 | random | 2.10 M | 60.0% |\n";
    let report = lint_text("x.md", text);
    let told = findings_text(&report);
    assert!(told.contains("x.md:4: error [params-percent] `params left %` \"88.7%\""), "{told}");
    // 2.815 / 3.505 and 2.825 / 3.495.
    assert!(
        told.contains(
            "2.82 M of 3.50 M parameters are 80.3 % to 80.8 %, the table says 88.7% (7.9 too high)"
        ),
        "{told}"
    );
    let document: serde_json::Value = serde_json::from_str(&lint_json(&report).expect("JSON")).expect("JSON");
    assert_eq!(document["findings"][0]["line"], 4);
    assert_eq!((&document["errors"], &document["schema"]), (&1.into(), &1.into()));
}

#[test]
fn the_guide_has_every_check() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/linting-a-board.md");
    let guide = std::fs::read_to_string(guide).expect("docs/linting-a-board.md");
    assert!(guide.contains(&checks_md()), "put this into docs/linting-a-board.md:\n{}", checks_md());
    for (_, name) in Role::ALL {
        assert!(
            guide.contains(&format!("`{name}`")),
            "docs/linting-a-board.md does not name the role `{name}`"
        );
    }
}

/// A board that is made from unrounded numbers, and where its cells stand.
#[derive(Clone, Debug)]
struct Made {
    scores: Vec<Vec<f64>>,
    keeps: Vec<f64>,
    digits: usize,
    markdown: bool,
}

const DENSE_PARAMS: f64 = 25.557;

impl Made {
    fn any() -> impl Strategy<Value = Made> {
        let rows = 5_usize..12;
        (rows, 2_usize..5, 1_usize..3, any::<bool>()).prop_flat_map(|(rows, tasks, digits, markdown)| {
            let scores = proptest::collection::vec(proptest::collection::vec(55.0..80.0_f64, tasks), rows);
            let keeps = proptest::collection::vec(0.1..0.9_f64, rows);
            (scores, keeps).prop_map(move |(scores, keeps)| Made { scores, keeps, digits, markdown })
        })
    }

    fn means(&self) -> Vec<f64> {
        self.scores.iter().map(|row| row.iter().sum::<f64>() / row.len() as f64).collect()
    }

    /// Header and rows, the best first. The first row is the dense network.
    fn rows(&self) -> Vec<Vec<String>> {
        let digits = self.digits;
        let means = self.means();
        let mut order: Vec<usize> = (0..means.len()).collect();
        order.sort_by(|a, b| means[*b].total_cmp(&means[*a]));
        let tasks = self.scores[0].len();
        let dense = 85.0;
        let mut header = vec!["rank".to_owned(), "method".to_owned()];
        header.extend((0..tasks).map(|task| format!("task {task} acc (%)")));
        header
            .extend(["mean (%)", "drop", "params (M)", "params left (%)", "compression"].map(str::to_owned));
        let print = |value: f64| format!("{value:.digits$}");
        let mut first = vec![String::new(), "dense".to_owned()];
        first.extend((0..=tasks).map(|_| print(dense)));
        first.extend([print(0.0), format!("{DENSE_PARAMS:.2}"), print(100.0), format!("{:.2}", 1.0)]);
        let mut rows = vec![header, first];
        for (place, index) in order.into_iter().enumerate() {
            let name = match index {
                0 => "random".to_owned(),
                1 => "magnitude".to_owned(),
                other => format!("method {other}"),
            };
            let mut row = vec![(place + 1).to_string(), name];
            row.extend(self.scores[index].iter().map(|it| print(*it)));
            let keep = self.keeps[index];
            row.extend([
                print(means[index]),
                print(dense - means[index]),
                format!("{:.2}", DENSE_PARAMS * keep),
            ]);
            row.extend([print(100.0 * keep), format!("{:.2}", 1.0 / keep)]);
            rows.push(row);
        }
        rows
    }

    /// The file, and the line of a row of [`Made::rows`].
    fn write(&self, rows: &[Vec<String>]) -> (String, &'static str) {
        if !self.markdown {
            return (rows.iter().map(|row| row.join(",") + "\n").collect(), "made.csv");
        }
        let line = |row: &Vec<String>| format!("| {} |\n", row.join(" | "));
        let dashes = format!("|{}\n", "---|".repeat(rows[0].len()));
        (line(&rows[0]) + &dashes + &rows[1..].iter().map(line).collect::<String>(), "made.md")
    }

    fn line(&self, row: usize) -> usize {
        row + 1 + usize::from(self.markdown && row > 0)
    }
}

/// Changes one cell to what it cannot be; says which check must see it.
fn plant(kind: usize, made: &Made, rows: &mut Vec<Vec<String>>, at: usize) -> (&'static str, usize) {
    let tasks = made.scores[0].len();
    let (mean, drop, left, compression) = (tasks + 2, tasks + 3, tasks + 5, tasks + 6);
    let add = |cell: &mut String, amount: f64| {
        let value: f64 = cell.parse().expect("a number");
        let decimals = cell.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        *cell = format!("{:.decimals$}", value + amount);
    };
    match kind {
        0 => add(&mut rows[at][drop], 0.5),
        1 => rows[at][drop] = format!("-{}", rows[at][drop]),
        2 => add(&mut rows[at][left], 3.0),
        3 => add(&mut rows[at][compression], 5.0),
        4 => rows[at][mean] = rows[at][mean].replacen('.', ".O", 1),
        5 => rows[at][mean] = "104.2".to_owned(),
        6 => {
            let row = rows[at].clone();
            rows.insert(at + 1, row);
            return ("duplicate-row", at + 1);
        }
        7 => {
            let mut row = rows[at].clone();
            add(&mut row[2], 1.0);
            rows.insert(at + 1, row);
            return ("contradictory-rows", at + 1);
        }
        8 => {
            rows[at].pop();
        }
        9 => add(&mut rows[at][mean], 1.5),
        10 => rows[at][0] = (rows.len() + 7).to_string(),
        11 => add(&mut rows[at][tasks + 4], 30.0),
        _ => {
            let (first, last) = (2, rows.len() - 1);
            let rank = std::mem::take(&mut rows[first][0]);
            rows[first][0] = std::mem::replace(&mut rows[last][0], rank);
            return ("rank-order", 0);
        }
    }
    let ids = [
        "delta",
        "delta",
        "params-percent",
        "compression",
        "not-a-number",
        "out-of-range",
        "",
        "",
        "cell-count",
        "mean-of-tasks",
        "rank-sequence",
        "more-than-dense",
    ];
    (ids[kind], at)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_made_board_is_clean(made in Made::any()) {
        let (text, name) = made.write(&made.rows());
        let report = lint_text(name, &text);
        prop_assert!(report.findings.is_empty(), "{}\n{text}", findings_text(&report));
    }

    #[test]
    fn a_defect_of_a_made_board_is_found(made in Made::any(), kind in 0_usize..13, place in 0.0..1.0_f64) {
        let means = made.means();
        let spread = means.iter().copied().fold(f64::MIN, f64::max) - means.iter().copied().fold(f64::MAX, f64::min);
        // Equal scores may be in any order.
        prop_assume!(kind != 12 || spread > 0.3);
        let mut rows = made.rows();
        let at = 2 + (place * (rows.len() - 2) as f64) as usize;
        let (id, at) = plant(kind, &made, &mut rows, at);
        let (text, name) = made.write(&rows);
        let report = lint_text(name, &text);
        let seen = report.findings.iter().any(|it| it.check == id && (at == 0 || it.line == made.line(at)));
        prop_assert!(seen, "{id} in line {}\n{}\n{text}", made.line(at), findings_text(&report));
    }

    #[test]
    fn no_bytes_make_it_panic(
        which in 0_usize..64,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 0..12),
    ) {
        let tables = clean_boards();
        let (name, text) = &tables[which % tables.len()];
        let mut bytes = text.clone().into_bytes();
        for (at, byte, kind) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, b"|,;\t\n\"*-9.%"[usize::from(byte) % 11]),
                2 => {
                    bytes.drain(at..(at + usize::from(byte) % 40).min(bytes.len()));
                }
                _ => {
                    let part = bytes[at..(at + usize::from(byte)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, part);
                }
            }
        }
        if let Ok(report) = lint(name, &bytes, &LintOptions::default()) {
            prop_assert_eq!(&report, &lint(name, &bytes, &LintOptions::default()).expect("as before"));
            let _ = (findings_text(&report), columns_text(&report), lint_json(&report).expect("JSON"));
        }
    }
}

/// What is looked at per row must not be the whole table. Quadratic work on so many rows would take minutes.
#[test]
fn large_tables_take_time_in_proportion() {
    let mut text = "dset,method,sparsity,seed,top1,drop,params,params left %\n".to_owned();
    for index in 0..40_000_u32 {
        let (task, method, seed) = (index / 400, index % 100, index % 400 / 100);
        let name = if method == 0 { "dense".to_owned() } else { format!("random {method}") };
        let score = f64::from(index.wrapping_mul(2_654_435_761) % 3500) / 100.0 + 50.0;
        let score = if method == 0 { 90.0 } else { score };
        text += &format!("d{task},{name},0.9,{seed},{score:.2},{:.2},2.50,10.0\n", 90.0 - score);
    }
    text = text.replace(",dense,0.9,", ",dense,0.0,");
    let started = std::time::Instant::now();
    let report = lint_text("x.csv", &text);
    assert!(started.elapsed() < std::time::Duration::from_secs(60), "{:?}", started.elapsed());
    assert_eq!(report.tables[0].rows, 40_000);
    // Summaries of the same rows over and over.
    let many: String = (0..20_000).map(|index| format!("l1,{},70.1\nl1,mean,70.1\n", index)).collect();
    let report = lint_text("x.csv", &format!("method,seed,top1\n{many}"));
    assert!(started.elapsed() < std::time::Duration::from_secs(120), "{:?}", started.elapsed());
    assert_eq!(report.tables[0].rows, 40_000);
}
