//! A judgement as Markdown for people, and as JUnit XML for the systems that run nights.

use std::fmt::Write as _;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use secateur_store::{CellKey, Night};

use super::{Change, Drift, Gone, Grade, Judgement};

/// More lines of a table are counted instead of printed: a summary must fit a comment.
const LINES: usize = 40;

/// Percentage points with a sign.
fn points(difference: f64) -> String {
    format!("{:+.2}", 100.0 * difference).replace('-', "−")
}

fn p_value(p: f64) -> String {
    if p < 0.0001 { "< 0.0001".to_owned() } else { format!("{p:.4}") }
}

/// What is known of a change, with its arithmetic.
fn reason(change: &Change) -> String {
    let (before, after) = (change.before, change.after);
    let known = match (change.sd, change.p) {
        (Some(sd), Some(p)) => {
            format!("one draw scatters by {:.2}; corrected p {}", 100.0 * sd, p_value(p))
        }
        _ => "too few draws to know how far they scatter".to_owned(),
    };
    format!(
        "{} points: {:.2} % ({} draws) after {:.2} % ({} draws); {} of {} fixed replicates have another score; {known}",
        points(change.difference()),
        100.0 * after.0,
        after.1,
        100.0 * before.0,
        before.1,
        change.changed.0,
        change.changed.1,
    )
}

fn drift_reason(drift: &Drift) -> String {
    let nights = if drift.nights == 1 {
        "tonight".to_owned()
    } else {
        format!("in the latest {} nights", drift.nights)
    };
    format!(
        "the rotating replicate lies {} points from all draws before {nights}; one draw scatters by {:.2}; corrected p {}",
        points(drift.difference),
        100.0 * drift.sd,
        p_value(drift.p)
    )
}

fn heading(text: &mut String, title: &str) {
    let _ = write!(text, "\n## {title}\n\n");
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

fn list<T>(text: &mut String, items: &[T], line: impl Fn(&T) -> String) {
    for item in items.iter().take(LINES) {
        let _ = writeln!(text, "- {}", line(item));
    }
    if items.len() > LINES {
        let _ = writeln!(text, "- and {} more", items.len() - LINES);
    }
}

fn changes(text: &mut String, judgement: &Judgement, level: Grade, title: &str) {
    let all: Vec<&Change> = judgement.of(level).collect();
    if all.is_empty() {
        return;
    }
    heading(text, title);
    text.push_str("| what | before | tonight | difference | sd of a draw | p |\n|---|---|---|---|---|---|\n");
    for change in all.iter().take(LINES) {
        let number =
            |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |sd| format!("{:.2}", 100.0 * sd));
        let _ = writeln!(
            text,
            "| {} | {:.2} ({}) | {:.2} ({}) | {} | {} | {} |",
            cell(&change.key.describe()),
            100.0 * change.before.0,
            change.before.1,
            100.0 * change.after.0,
            change.after.1,
            points(change.difference()),
            number(change.sd),
            change.p.map_or_else(|| "–".to_owned(), p_value),
        );
    }
    if all.len() > LINES {
        let _ = writeln!(text, "\nand {} more.", all.len() - LINES);
    }
}

/// The judgement for people.
#[must_use]
pub fn summary_md(judgement: &Judgement) -> String {
    let mut text = format!("# {}\n\n", cell(&judgement.verdict()));
    match judgement.base {
        None => text.push_str(
            "This is the first accepted night of the suite, or there is none before it: its numbers are what later nights are held \
             against.\n",
        ),
        Some(_) => {
            let noise = match judgement.history {
                1 => "the replicates of both".to_owned(),
                nights => format!("{nights} accepted nights"),
            };
            let _ = writeln!(
                text,
                "Held against {}, with noise learnt from {noise}. {} cells were compared; {} were computed anew \
                 and came out the same, bit for bit. Scores are percentages, differences percentage points; in brackets the number of \
                 independent draws. p is corrected for the number of comparisons (Holm).",
                judgement.against, judgement.compared, judgement.confirmed
            );
        }
    }
    if judgement.missing > 0 {
        let _ = writeln!(text, "\n{} fixed replicates have no score.", judgement.missing);
    }
    if !judgement.causes.is_empty() {
        heading(&mut text, "What is other than before");
        if judgement.changes.is_empty() {
            text.push_str("No number of a fixed replicate changed.\n\n");
        } else {
            text.push_str("Fixed replicates have fixed seeds, so a number that changed did so for one of these reasons.\n\n");
        }
        text.push_str("| what | before | now |\n|---|---|---|\n");
        for (name, before, after) in &judgement.causes {
            let _ = writeln!(text, "| {} | {} | {} |", cell(name), cell(before), cell(after));
        }
    } else if !judgement.changes.is_empty() {
        heading(&mut text, "What is other than before");
        text.push_str(
            "Nothing that this program knows of, although numbers of fixed replicates changed: neither the harness, a plugin, the suite, \
             the data nor the machine's description.\n",
        );
    }
    if !judgement.unscored.is_empty() {
        heading(&mut text, "Results that are gone");
        list(&mut text, &judgement.unscored, |it| {
            let (key, outcome) = (it.key.describe(), it.outcome.word());
            format!("{key}, replicate {}: `{outcome}` {}", it.replicate, it.detail)
        });
    }
    changes(&mut text, judgement, Grade::Regression, "Regressions");
    changes(&mut text, judgement, Grade::Improvement, "Improvements");
    changes(&mut text, judgement, Grade::TooFewDraws, "Changes that cannot be told from noise yet");
    changes(&mut text, judgement, Grade::WithinNoise, "Changes within noise");
    if !judgement.drifts.is_empty() {
        heading(&mut text, "Drift");
        text.push_str("No number of a fixed replicate changed here, and new seeds give another level:\n\n");
        list(&mut text, &judgement.drifts, |drift| {
            format!("{}: {}", drift.key.describe(), drift_reason(drift))
        });
    }
    let named = |gone: &Gone| format!("{} `{}` ({} cells)", gone.what, gone.name, gone.cells);
    for (title, items) in
        [("Not in the suite any more", &judgement.removed), ("New in the suite", &judgement.added)]
    {
        if !items.is_empty() {
            heading(&mut text, title);
            list(&mut text, items, named);
        }
    }
    if !judgement.redefined.is_empty() {
        heading(&mut text, "Old labels for other things");
        text.push_str("These are not compared with what had the label before.\n\n");
        list(&mut text, &judgement.redefined, String::clone);
    }
    text
}

fn class(key: &CellKey) -> String {
    format!("{}.{}.{}", key.track, key.protocol, key.regime)
}

fn name(key: &CellKey) -> String {
    let task = if key.task.is_empty() { "all tasks" } else { &key.task };
    format!("{} keep {} {task}", key.method, key.keep)
}

fn case(key: &CellKey, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name(key), status);
    case.set_classname(class(key));
    case
}

fn failure(kind: &str, message: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind).set_message(message);
    status
}

/// The judgement of a night as JUnit XML: a test for each cell that fails if it is a regression, is gone, or drifts downwards.
///
/// # Errors
/// Fails if the XML cannot be written.
pub fn junit_xml(judgement: &Judgement, night: &Night) -> Result<String, quick_junit::SerializeError> {
    let mut suite = TestSuite::new(judgement.name.clone());
    let mut told = std::collections::BTreeSet::new();
    for unscored in &judgement.unscored {
        if told.insert(&unscored.key) {
            let text = format!(
                "replicate {} had a score and ends as `{}` now: {}",
                unscored.replicate,
                unscored.outcome.word(),
                unscored.detail
            );
            suite.add_test_case(case(&unscored.key, failure("gone", text)));
        }
    }
    for change in &judgement.changes {
        if told.insert(&change.key) {
            let status = match change.level {
                Grade::Regression => failure("regression", reason(change)),
                _ => TestCaseStatus::success(),
            };
            let mut case = case(&change.key, status);
            case.set_system_out(reason(change));
            suite.add_test_case(case);
        }
    }
    for drift in &judgement.drifts {
        if told.insert(&drift.key) {
            let status = if drift.difference < 0.0 {
                failure("drift", drift_reason(drift))
            } else {
                TestCaseStatus::success()
            };
            let mut case = case(&drift.key, status);
            case.set_system_out(drift_reason(drift));
            suite.add_test_case(case);
        }
    }
    for cell in &night.cells {
        if told.insert(&cell.key) {
            let has = cell.scores.iter().any(|scored| scored.score.is_some());
            let status = if has { TestCaseStatus::success() } else { TestCaseStatus::skipped() };
            suite.add_test_case(case(&cell.key, status));
        }
    }
    for gone in &judgement.removed {
        let mut case = TestCase::new(
            format!("{} {} is not in the suite any more", gone.what, gone.name),
            TestCaseStatus::skipped(),
        );
        case.set_classname("suite");
        suite.add_test_case(case);
    }
    let mut report = Report::new(format!("secateur {}", judgement.suite));
    report.add_test_suite(suite);
    report.to_string()
}
