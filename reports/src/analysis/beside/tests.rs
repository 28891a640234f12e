//! Held to means that can be computed by hand.

use std::collections::BTreeMap;

use super::*;
use crate::row::{Control, Row};
use crate::testing::conditions::{published_conditions, repository_protocol};
use crate::testing::{Sample, sample};
use crate::{Report, ReportInput, analyses_html, boards, summary_md};

/// Tasks of the board, the paper's names, and the shares that the paper prints for AC/DC.
const TASKS: [(&str, &str, f64); 3] =
    [("birdsnap", "Birdsnap", 68.45), ("cars", "Stanford Cars", 88.0), ("dtd", "DTD", 75.0)];

fn rows(method: &'static str, id: &str, keep: f64, scores: [f64; 3]) -> Vec<Row> {
    let dense = if method == "scratch" { Control::Scratch } else { Control::DenseTrained };
    let control = (keep >= 1.0).then_some(dense);
    let rows = TASKS.iter().zip(scores).map(|((task, ..), score)| {
        let row = sample(&Sample { method, control, keep, task, replicate: 0, score: Some(score) });
        Row { regime: "full".to_owned(), method_id: id.to_owned(), params: "{}".to_owned(), ..row }
    });
    rows.collect()
}

fn figures(method: &str, percent: f64, less: f64) -> Vec<PublishedFigure> {
    let figure = |(_, task, value): &(&str, &str, f64)| PublishedFigure {
        citation: "arXiv:2111.13445".to_owned(),
        place: "a table".to_owned(),
        origin: "paper".to_owned(),
        network: "resnet50".to_owned(),
        protocol: "transfer".to_owned(),
        regime: "full".to_owned(),
        method: method.to_owned(),
        sparsity_percent: Some(percent),
        task: (*task).to_owned(),
        metric: "top1".to_owned(),
        value: format!("{:.2}", value - less),
        spread: None,
        runs: Some(3),
    };
    TASKS.iter().map(figure).collect()
}

/// A board of three of the twelve tasks, under the paper's conditions but for what is changed.
fn input(change: impl FnOnce(&mut TransferConditions)) -> ReportInput {
    let mut rows: Vec<Row> = rows("dense-trained", "", 1.0, [0.9, 0.8, 0.7]);
    rows.extend(self::rows("ac-dc", "org.secateur.ac-dc", 0.1, [0.1, 0.85, 0.75]));
    rows.extend(self::rows("own", "org.example.own", 0.1, [0.5, 0.5, 0.5]));
    let mut conditions = published_conditions("full");
    conditions.suite.clone_from(&rows[0].suite);
    conditions.tasks.retain(|task, _| TASKS.iter().any(|(own, ..)| own == task));
    let origin = conditions.origins.values().next().expect("the track of the suite").clone();
    conditions.origins = BTreeMap::from([(rows[0].track.clone(), origin)]);
    change(&mut conditions);
    let name = PublishedName {
        citation: "arXiv:2111.13445".to_owned(),
        method: "AC/DC".to_owned(),
        id: "org.secateur.ac-dc".to_owned(),
        parameters: None,
        sparsity_percent: None,
        remark: Some("trained at length".to_owned()),
    };
    ReportInput {
        rows,
        published: [figures("Dense", 0.0, 0.0), figures("AC/DC", 90.0, 2.0), figures("AC/DC", 80.0, 1.0)]
            .concat(),
        published_names: vec![name],
        published_protocols: vec![repository_protocol()],
        conditions: vec![conditions],
        ..ReportInput::default()
    }
}

fn tables_of(input: &ReportInput) -> Vec<Beside> {
    let (names, protocols) = (&input.published_names, &input.published_protocols);
    tables(&boards(&input.rows), &input.conditions, &input.published, names, protocols)
}

#[test]
fn means_are_over_the_tasks_of_the_same_split_on_both_sides() {
    let found = tables_of(&input(|_| {}));
    let [table] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(table.reasons, Vec::<String>::new());
    let tasks: BTreeMap<&str, &str> =
        table.tasks.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
    assert_eq!(tasks, BTreeMap::from(TASKS.map(|(id, name, _)| (id, name))));
    assert_eq!(table.left_out.len(), 1);
    assert_eq!(table.left_out[0].0, "Birdsnap");
    let lines: Vec<(&str, &str, f64)> =
        table.lines.iter().map(|line| (line.method.as_str(), line.published.as_str(), line.keep)).collect();
    assert_eq!(lines, [("dense-trained", "Dense", 1.0), ("ac-dc", "AC/DC", 0.1)]);
    // Without Birdsnap: ours (0.85 + 0.75) / 2, theirs at 90 % (86 + 73) / 2.
    let line = &table.lines[1];
    assert!((line.mean.unwrap() - 0.8).abs() < 1e-12);
    assert!((line.published_mean.unwrap() - 0.795).abs() < 1e-12);
    assert_eq!(line.cells.len(), 3);
    let (ours, theirs) = line.cells[0];
    assert!((ours.unwrap() - 0.1).abs() < 1e-12 && (theirs.unwrap() - 0.6645).abs() < 1e-12);
    assert_eq!(line.remark.as_deref(), Some("trained at length"));
}

#[test]
fn a_network_from_scratch_is_not_the_papers_dense_one() {
    let mut with_scratch = input(|_| {});
    with_scratch.rows.extend(rows("scratch", "", 1.0, [0.3, 0.3, 0.3]));
    let table = tables_of(&with_scratch).remove(0);
    let methods: Vec<&str> = table.lines.iter().map(|line| line.method.as_str()).collect();
    assert_eq!(methods, ["dense-trained", "ac-dc"]);
}

#[test]
fn networks_of_another_origin_do_not_stand_beside_the_papers() {
    let table =
        tables_of(&input(|own| own.origins.values_mut().for_each(|it| it.projection = true))).remove(0);
    assert!(table.lines.is_empty());
    assert_eq!(table.reasons, ["the networks were trained without labels"]);
}

#[test]
fn a_mean_needs_every_task_on_both_sides() {
    let mut lacking = input(|_| {});
    lacking.published.retain(|figure| figure.task != "DTD" || figure.method == "Dense");
    let table = tables_of(&lacking).remove(0);
    assert_eq!((table.lines[1].mean, table.lines[1].published_mean), (None, None));
    assert!(table.lines[0].mean.is_some());
}

#[test]
fn under_other_conditions_a_line_says_why_there_are_no_figures() {
    let input = input(|own| {
        own.tasks.get_mut("dtd").unwrap().source.as_mut().unwrap().official.as_mut().unwrap().reduced = true;
    });
    let table = tables_of(&input).remove(0);
    assert!(table.lines.is_empty());
    assert_eq!(table.reasons, ["dtd: declared to be reduced"]);
    let report = Report::new(&input);
    let page = analyses_html(&report, &input).unwrap();
    assert!(page.contains("not beside it, for dtd: declared to be reduced."));
    assert!(
        summary_md(&report, &input.provenance).contains("not beside it, for dtd: declared to be reduced.")
    );
    // A board whose suite says nothing of its conditions has no line at all.
    assert!(tables_of(&ReportInput { conditions: Vec::new(), ..input }).is_empty());
}

#[test]
fn other_splits_are_marked_where_they_are_shown() {
    let input = input(|_| {});
    let report = Report::new(&input);
    let page = analyses_html(&report, &input).unwrap();
    let (beside, published) = (section(&page, "beside"), section(&page, "published"));
    assert!(beside.contains("Birdsnap †") && !beside.contains("DTD †"), "{beside}");
    assert!(beside.contains("80.00 <small>79.50</small>"), "{beside}");
    assert!(published.contains("Birdsnap † ") && published.contains("† Another split"), "{published}");
    let summary = summary_md(&report, &input.provenance);
    assert!(summary.contains("| ac-dc | AC/DC | 0.1 | 80.00 | 79.50 |"), "{summary}");
}

fn section<'a>(page: &'a str, id: &str) -> &'a str {
    let begin = page.find(&format!("<section id=\"{id}\">")).expect("a section");
    &page[begin..begin + page[begin..].find("</section>").expect("its end")]
}
