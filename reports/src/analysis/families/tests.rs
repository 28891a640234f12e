use super::*;
use crate::row::{Control, Row};
use crate::testing::{Sample, sample};
use crate::{Report, ReportInput, analyses_html, boards, leaderboard_csv, summary_md};

/// A method at a keep on tasks `a` and `b`: scores by replicate on the first, and the same less 0.1 on the second.
fn rows(label: &'static str, id: &str, parameters: &str, keep: f64, scores: &[f64]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (replicate, score) in (0..).zip(scores) {
        for (task, less) in [("a", 0.0), ("b", 0.1)] {
            let control = (keep >= 1.0).then_some(Control::DenseTrained);
            let score = Some(score - less);
            let mut row = sample(&Sample { method: label, control, keep, task, replicate, score });
            (row.method_id, row.params) = (id.to_owned(), parameters.to_owned());
            rows.push(row);
        }
    }
    rows
}

const TICKET: &str = "org.secateur.lottery-ticket";

fn family_rows() -> Vec<Row> {
    let mut all = rows("dense-trained", "", "{}", 1.0, &[0.9, 0.9, 0.9]);
    all.extend(rows("rigl", "org.secateur.rigl", "{}", 0.1, &[0.80, 0.81, 0.82]));
    all.extend(rows("set", "org.secateur.set", "{}", 0.1, &[0.70, 0.70, 0.70]));
    // On average as good as rigl but for a hair, and with another sign in each replicate.
    all.extend(rows("ac-dc", "org.secateur.ac-dc", "{}", 0.1, &[0.81, 0.80, 0.81]));
    all.extend(rows("random", "org.secateur.random", "{}", 0.1, &[0.50, 0.51, 0.52]));
    all.extend(rows("mine", "org.example.mine", "{}", 0.1, &[0.60, 0.61, 0.62]));
    all
}

#[test]
fn the_best_of_each_family_is_found() {
    let tables = tables(&boards(&family_rows()));
    assert_eq!((tables.len(), tables[0].keeps.len()), (1, 1));
    let lines = &tables[0].keeps[0].lines;
    let shown: Vec<(Family, &str, usize, Option<bool>)> =
        lines.iter().map(|line| (line.family, line.method.as_str(), line.entries, line.separable)).collect();
    let expected = [
        (Family::Regrowth, "rigl", 2, None),
        (Family::Regularization, "ac-dc", 1, Some(false)),
        (Family::Other, "mine", 1, Some(true)),
        (Family::Random, "random", 1, Some(true)),
    ];
    assert_eq!(shown, expected);
    // Errors of 0.19 and 0.29 against 0.1 and 0.2: +90 % and +45 %.
    assert!((lines[0].error_increase.unwrap().mean - 0.675).abs() < 1e-12);
}

#[test]
fn a_board_of_one_family_has_no_table() {
    let mut all = rows("rigl", "org.secateur.rigl", "{}", 0.1, &[0.8]);
    all.extend(rows("set", "org.secateur.set", "{}", 0.1, &[0.7]));
    assert_eq!(tables(&boards(&all)), []);
    let input = ReportInput { rows: all, ..ReportInput::default() };
    assert!(!analyses_html(&Report::new(&input), &input).unwrap().contains("id=\"families\""));
}

#[test]
fn entries_that_differ_in_mode_only_are_paired() {
    let mut all = rows("iterative", TICKET, r#"{"rate":0.5,"rewind":"start"}"#, 0.1, &[0.80, 0.82]);
    all.extend(rows("said", TICKET, r#"{"mode":"iterative","rewind":"start"}"#, 0.1, &[0.79, 0.81]));
    all.extend(rows("one-shot", TICKET, r#"{"mode":"one-shot","rewind":"start"}"#, 0.1, &[0.81, 0.85]));
    // Another keep, another parameter, another method: no partners.
    all.extend(rows("one-shot", TICKET, r#"{"mode":"one-shot","rewind":"start"}"#, 0.2, &[0.9, 0.9]));
    all.extend(rows("elsewhere", TICKET, r#"{"mode":"one-shot","rewind":"none"}"#, 0.1, &[0.9, 0.9]));
    all.extend(rows("other", "org.example.other", r#"{"rewind":"start"}"#, 0.1, &[0.9, 0.9]));
    all.reverse();
    let pairs = mode_pairs(&boards(&all));
    let names: Vec<(&str, &str)> =
        pairs.iter().map(|pair| (pair.iterative.as_str(), pair.one_shot.as_str())).collect();
    assert_eq!(names, [("iterative", "one-shot"), ("said", "one-shot")]);
    let first = &pairs[0];
    // Differences of -0.01 and -0.03 in the two replicates.
    assert!((first.difference.mean + 0.02).abs() < 1e-12);
    // Student's t for one degree of freedom at 97.5 % is 12.7062047; the deviation over the root of two is 0.01.
    assert!((first.difference.half_width().unwrap() - 0.127_062_047).abs() < 1e-8);
    assert_eq!((first.ahead, first.decided, first.tasks), (0, 2, 2));
    assert_eq!(first.over(), Some(Over::SeedsAtFixedTasks));
}

#[test]
fn how_long_both_search_is_no_hindrance_and_is_told() {
    let rounds = r#"{"rounds":4,"rewind":"init","search_fraction":1}"#;
    let mut all = rows("rounds", TICKET, rounds, 0.1, &[0.80, 0.82]);
    all.extend(rows(
        "quarter",
        TICKET,
        r#"{"mode":"one-shot","rewind":"init","search_fraction":0.25}"#,
        0.1,
        &[0.8, 0.8],
    ));
    // The training of the dense network was the search of this one, and this one is no ticket.
    all.extend(rows("dense mask", TICKET, r#"{"mode":"mask-transfer","rewind":"init"}"#, 0.1, &[0.7, 0.8]));
    all.extend(rows("transferred", TICKET, r#"{"mode":"mask-transfer"}"#, 0.1, &[0.7, 0.8]));
    // A perturbed ticket is another method.
    all.extend(rows(
        "swapped",
        TICKET,
        r#"{"mode":"one-shot","rewind":"init","perturb":"swap"}"#,
        0.1,
        &[0.7, 0.8],
    ));
    let pairs = mode_pairs(&boards(&all));
    let found: Vec<(&str, &str, Option<[&str; 2]>)> = pairs
        .iter()
        .map(|pair| {
            let search = pair.search.as_ref().map(|shares| shares.each_ref().map(String::as_str));
            (pair.iterative.as_str(), pair.one_shot.as_str(), search)
        })
        .collect();
    assert_eq!(found, [("rounds", "dense mask", None), ("rounds", "quarter", Some(["1", "0.25"]))]);
    let input = ReportInput { rows: all, ..ReportInput::default() };
    let report = Report::new(&input);
    let page = analyses_html(&report, &input).unwrap();
    assert!(page.contains("search 0.25"));
    assert!(summary_md(&report, &input.provenance).contains("| quarter (search 0.25) |"));
}

#[test]
fn the_exports_say_who_wins() {
    let mut all = family_rows();
    all.extend(rows("iterative", TICKET, "{}", 0.1, &[0.7, 0.7, 0.7]));
    all.extend(rows("one-shot", TICKET, r#"{"mode":"one-shot"}"#, 0.1, &[0.6, 0.6, 0.6]));
    let input = ReportInput { rows: all, ..ReportInput::default() };
    let report = Report::new(&input);
    let page = analyses_html(&report, &input).unwrap();
    let summary = summary_md(&report, &input.provenance);
    for text in [&page, &summary] {
        assert!(text.contains("regrowth (rigl), not separable from regularization (ac-dc)."));
        assert!(text.contains("+67.5 %") && text.contains("on 2 of 2 tasks") && text.contains("+10.00"));
    }
    let bytes = leaderboard_csv(&report).unwrap();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let columns = reader.headers().unwrap().clone();
    let place = |name: &str| columns.iter().position(|it| it == name).expect("a column");
    let rigl: Vec<csv::StringRecord> =
        reader.records().map(Result::unwrap).filter(|line| &line[place("method")] == "rigl").collect();
    let increases: Vec<f64> =
        rigl.iter().map(|line| line[place("error_increase")].parse().unwrap()).collect();
    for (found, expected) in increases.iter().zip([0.675, 0.9, 0.45]) {
        assert!((found - expected).abs() < 1e-12, "{found}");
    }
    assert!(rigl.iter().all(|line| &line[place("family")] == "regrowth"));
    assert_eq!(&rigl[0][place("error_increase_interval_over")], "tasks and seeds");
}
