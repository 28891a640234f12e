//! Every number of the site's boards, costs and speeds, recomputed from the tables beside it.
//!
//! Pages say of each number what it is (`data-of`) and its full value (`data-value`); the cells, rows and tables around it say of
//! what. The arithmetic in [`oracle`] and the modules beside it is its own: it knows
//! nothing but the columns of the tables.

mod chances;
mod fronts;
mod oracle;
mod order;
mod page;

use std::collections::BTreeMap;
use std::path::Path;

use oracle::{Context, Oracle};
use secateur_reports::testing::{Sample, sample, synthetic};
use secateur_reports::{Control, Outcome, ReportInput, write_all};

/// Values are sums and quotients in another order of terms.
const TOLERANCE: f64 = 1e-9;

/// Compares all numbers of a report and returns how many there are of each kind.
fn check(input: &ReportInput) -> BTreeMap<String, usize> {
    let folder = tempfile::tempdir().expect("a folder");
    write_all(input, folder.path()).expect("a report");
    check_folder(folder.path())
}

fn check_folder(folder: &Path) -> BTreeMap<String, usize> {
    let oracle = Oracle::read(folder);
    let mut seen = BTreeMap::new();
    for path in page::pages(folder) {
        let page = page::Page::read(&path);
        for number in page.numbers() {
            let expected = oracle.value(&number.of, &number.context);
            let close = expected.is_some_and(|expected| {
                (number.value - expected).abs() <= TOLERANCE * expected.abs().max(1.0)
            });
            assert!(
                close,
                "{}: {} of {:?} is {} on the page, {expected:?} by the tables",
                path.display(),
                number.of,
                number.context,
                number.value
            );
            assert!(number.is_shown(), "{}: {} is shown as {}", path.display(), number.value, number.text);
            *seen.entry(number.of).or_default() += 1;
        }
        assert_eq!(page.bare_numbers(), Vec::<String>::new(), "{}: numbers without a value", path.display());
    }
    seen
}

#[test]
fn every_number_of_a_whole_report_is_in_its_tables() {
    let seen = check(&synthetic(1224));
    // Every kind of number is there, and the large ones often: two boards with twelve tasks, on three kinds of pages.
    for of in ["score", "score-half", "drop", "drop-half"] {
        assert!(seen[of] > 1000, "{of}: {seen:?}");
    }
    for of in [
        "mean",
        "mean-half",
        "rank",
        "place",
        "placed",
        "public-rank",
        "group-paired",
        "group-overlap",
        "group-welch",
        "group-least",
        "test-tasks",
        "test-methods",
        "friedman",
        "friedman-p",
        "iman-davenport",
        "iman-davenport-p",
        "critical-difference",
        "neighbours",
        "inseparable-paired",
        "inseparable-overlap",
        "inseparable-welch",
        "inseparable-least",
        "first-p",
        "first-p-holm",
        "magnitude-p",
        "magnitude-p-holm",
        "reversal",
        "reversal-unpaired",
        "reversed-neighbours",
        "area",
        "area-half",
        "front-size",
        "front-points",
        "front-score",
        "front-cost",
        "scored",
        "trials",
        "sparsity",
        "compression",
        "macs-executed",
        "macs-nonzero",
        "theory",
        "samples",
        "training",
        "target-least",
        "achieved-least",
        "params-least",
        "conv-fc-least",
        "before-least",
        "gap",
        "gap-half",
        "method-samples",
        "recover-samples",
        "training-macs",
        "prune-seconds",
        "recover-seconds",
        "total-seconds",
        "peak-bytes",
        "latency",
        "stages",
        "params",
        "bytes",
        "macs",
        "measured",
        "median",
        "p10",
        "p90",
        "memory",
    ] {
        assert!(seen.get(of).is_some_and(|count| *count > 0), "{of}: {seen:?}");
    }
}

#[test]
fn one_replicate_ties_and_failures_are_told_as_they_are() {
    let mut input = ReportInput::default();
    let dense = |score| Sample {
        method: "dense-trained",
        control: Some(Control::DenseTrained),
        keep: 1.0,
        score: Some(score),
        ..Sample::default()
    };
    for (task, scores) in
        [("a", [0.9, 0.7, 0.7, 0.5]), ("b", [0.8, 0.6, 0.6, 0.61]), ("c", [0.7, 0.65, 0.65, 0.1])]
    {
        input.rows.push(sample(&Sample { task, ..dense(scores[0]) }));
        for (method, score) in ["first", "twin", "other"].into_iter().zip(&scores[1..]) {
            input.rows.push(sample(&Sample { method, task, score: Some(*score), ..Sample::default() }));
        }
        let mut failed = sample(&Sample { method: "failed", task, ..Sample::default() });
        if task == "b" {
            (failed.outcome, failed.score, failed.achieved_count) = (Outcome::Crashed, None, None);
        }
        input.rows.push(failed);
    }
    let seen = check(&input);
    assert!(
        !seen.contains_key("mean-half") && !seen.contains_key("score-half"),
        "one replicate has no interval: {seen:?}"
    );
    assert!(seen["drop-half"] > 0, "but drops have one over tasks");
}

/// `secateur report` on the store of a suite; the folder is named by whoever runs the test by hand.
#[test]
fn a_report_that_somebody_has_made_is_right_too() {
    let Some(folder) = std::env::var_os("SECATEUR_REPORT") else { return };
    let seen = check_folder(Path::new(&folder));
    assert!(seen["score"] > 0, "{seen:?}");
}

#[test]
fn a_wrong_number_and_one_without_a_value_are_found() {
    let folder = tempfile::tempdir().expect("a folder");
    write_all(&synthetic(408), folder.path()).expect("a report");
    let path = folder.path().join("index.html");
    let good = std::fs::read_to_string(&path).expect("a page");
    let oracle = Oracle::read(folder.path());
    let wrong = |page: &str| {
        page::Page::of(page)
            .numbers()
            .into_iter()
            .filter(|it| {
                oracle.value(&it.of, &it.context).is_none_or(|value| (value - it.value).abs() > TOLERANCE)
            })
            .count()
    };
    assert_eq!(wrong(&good), 0);
    let (before, rest) = good.split_once("data-of=\"mean\" data-value=\"0.").expect("a mean");
    assert_eq!(wrong(&format!("{before}data-of=\"mean\" data-value=\"0.1{rest}")), 1);
    let bare = good.replacen("<td class=\"num\">", "<td class=\"num\">17", 1);
    assert_eq!(page::Page::of(&bare).bare_numbers().len(), 1);
    let context = Context::default();
    assert_eq!(oracle.value("mean", &context), None);
}
