use std::path::Path;

use super::*;
use crate::row::Row;
use crate::testing::{Sample, sample};
use crate::{
    Report, ReportInput, agreement_csv, analyses_html, boards, read_names, read_published, summary_md,
};

/// A method of ours at a keep of 0.1 on tasks with these scores, one replicate.
fn method(label: &'static str, id: &str, parameters: &str, scores: &[f64]) -> Vec<Row> {
    let tasks = ["a", "b", "c", "d"];
    tasks
        .into_iter()
        .zip(scores)
        .map(|(task, score)| {
            let mut row = sample(&Sample { method: label, task, score: Some(*score), ..Sample::default() });
            (row.method_id, row.params) = (id.to_owned(), parameters.to_owned());
            row
        })
        .collect()
}

fn figure(method: &str, task: &str, value: f64) -> PublishedFigure {
    PublishedFigure {
        citation: "arXiv:1".to_owned(),
        place: "table 1".to_owned(),
        origin: "paper".to_owned(),
        network: "r50".to_owned(),
        protocol: "transfer".to_owned(),
        regime: "linear".to_owned(),
        method: method.to_owned(),
        sparsity_percent: Some(90.0),
        task: task.to_owned(),
        metric: "top1".to_owned(),
        value: value.to_string(),
        spread: None,
        runs: None,
    }
}

fn name(method: &str, id: &str, parameters: &str) -> PublishedName {
    PublishedName {
        citation: "arXiv:1".to_owned(),
        method: method.to_owned(),
        id: id.to_owned(),
        parameters: Some(parameters.to_owned()),
        sparsity_percent: None,
        remark: None,
    }
}

/// Four methods; the paper swaps the second and third.
fn input() -> ReportInput {
    let mut input = ReportInput::default();
    for (label, id, ours, theirs) in [
        ("a", "id.a", 0.9, 80.0),
        ("b", "id.b", 0.8, 60.0),
        ("c", "id.c", 0.7, 70.0),
        ("d", "id.d", 0.6, 50.0),
    ] {
        input.rows.extend(method(label, id, "{}", &[ours, ours, ours]));
        input.published.extend([figure(label, "x", theirs), figure(label, "y", theirs - 1.0)]);
        input.published_names.push(name(label, id, ""));
    }
    input
}

fn of(input: &ReportInput) -> Vec<Agreement> {
    let (protocols, conditions) = (&input.published_protocols, &input.conditions);
    agreements(&boards(&input.rows), &input.published, &input.published_names, protocols, conditions)
}

/// On a task of another split the paper has the methods in the other order, and so have we on our set.
#[test]
fn tasks_of_other_splits_count_on_neither_side() {
    let mut input = input();
    input.published.retain(|figure| figure.task == "y");
    for (label, ours, theirs) in [("a", 0.0, 0.0), ("b", 0.0, 50.0), ("c", 1.0, 100.0), ("d", 1.0, 150.0)] {
        input.published.push(figure(label, "other", theirs));
        for row in input.rows.iter_mut().filter(|row| row.method == label && row.task == "b") {
            row.score = Some(ours);
        }
    }
    let all = of(&input).remove(0);
    assert_eq!((all.tasks, all.published_tasks), (3, 2));
    // Figures of all tasks put `d` first in the paper.
    assert_eq!(all.methods.iter().find(|method| method.published_rank == 1.0).unwrap().method, "d");
    let protocol = serde_json::json!({
        "citation": "arXiv:1", "network": "r50", "upstream": "imagenet", "side": 224, "resize": 256,
        "tasks": {"other": "birdsnap"},
        "other_splits": {"other": "other pictures"}, "regimes": {},
    });
    input.published_protocols = vec![serde_json::from_value(protocol).unwrap()];
    let mut own = crate::testing::conditions::published_conditions("linear");
    own.suite.clone_from(&input.rows[0].suite);
    let birdsnap = own.tasks.remove("birdsnap").unwrap();
    own.tasks = [("b".to_owned(), birdsnap)].into();
    input.conditions = vec![own];
    let found = of(&input).remove(0);
    assert_eq!((found.tasks, found.published_tasks), (2, 1));
    let order: Vec<(&str, f64)> =
        found.methods.iter().map(|it| (it.method.as_str(), it.published_rank)).collect();
    assert_eq!(order, [("a", 1.0), ("b", 3.0), ("c", 2.0), ("d", 4.0)]);
    assert!((found.methods[0].score - 0.9).abs() < 1e-12);
}

#[test]
fn two_rankings_are_compared_pair_by_pair() {
    let found = of(&input());
    assert_eq!(found.len(), 1);
    let it = &found[0];
    // Five of six pairs agree and one does not.
    assert!((it.tau.unwrap() - 4.0 / 6.0).abs() < 1e-12);
    // Of 24 orders of four things one has no inversion and three have one; as many are the other way round.
    let chance = it.chance.unwrap();
    assert!(chance.exact && (chance.p - 8.0 / 24.0).abs() < 1e-12);
    assert_eq!(it.disagreements, [("b".to_owned(), "c".to_owned())]);
    let ranks: Vec<f64> = it.methods.iter().map(|method| method.published_rank).collect();
    assert_eq!(ranks, [1.0, 3.0, 2.0, 4.0]);
    // All tasks say the same, so that no draw says anything else.
    let (low, high) = it.interval.unwrap();
    assert!((low - 4.0 / 6.0).abs() < 1e-12 && (high - 4.0 / 6.0).abs() < 1e-12);
    assert_eq!(it.drawn, ["our tasks", "the paper's tasks"]);
    assert_eq!((it.tasks, it.replicates, it.published_tasks), (3, 1, 2));
}

#[test]
fn tasks_that_disagree_widen_the_interval() {
    let mut one = input();
    for row in one.rows.iter_mut().filter(|row| row.task == "a") {
        row.score = row.score.map(|score| 1.0 - score);
    }
    let (low, high) = of(&one)[0].interval.unwrap();
    assert!(low < 0.0 && high > 0.5, "{low} to {high}");
}

#[test]
fn only_the_same_protocol_regime_and_sparsity_are_compared() {
    let changes: [fn(&mut PublishedFigure); 5] = [
        |it| it.protocol = "direct".to_owned(),
        |it| it.regime = "full".to_owned(),
        |it| it.sparsity_percent = Some(89.0),
        |it| it.sparsity_percent = None,
        |it| it.metric = "largest matching sparsity".to_owned(),
    ];
    for change in changes {
        let mut other = input();
        other.published.iter_mut().for_each(change);
        assert_eq!(of(&other), []);
    }
    let mut channels = input();
    channels.rows.iter_mut().for_each(|row| row.granularity = "channels".to_owned());
    assert_eq!(of(&channels), []);
    let mut nameless = input();
    nameless.published_names.truncate(1);
    assert_eq!(of(&nameless), []);
}

#[test]
fn a_name_may_say_at_which_sparsity_to_compare() {
    let mut other = input();
    other.published.iter_mut().for_each(|it| it.sparsity_percent = Some(31.61));
    assert_eq!(of(&other), []);
    other.published_names.iter_mut().for_each(|it| it.sparsity_percent = Some(90));
    assert_eq!(of(&other), of(&input()));
}

#[test]
fn parameters_tell_entries_of_one_method_apart() {
    let tickets = name("LTH", "lth", "mode=iterative? rate=0.2");
    assert!(tickets.means("lth", r#"{"mode":"iterative","rate":0.2}"#));
    assert!(tickets.means("lth", r#"{"rate":0.2}"#));
    assert!(!tickets.means("lth", r#"{"mode":"one-shot","rate":0.2}"#));
    assert!(!tickets.means("lth", "{}"));
    assert!(!tickets.means("other", r#"{"rate":0.2}"#));
}

#[test]
fn of_several_entries_the_first_that_is_no_baseline_is_ranked() {
    let mut one = input();
    one.rows.extend(method("a, better", "id.a", "{\"x\":1}", &[0.95, 0.95, 0.95]));
    let mut baseline = method("a, baseline", "id.a", "{\"x\":2}", &[0.99, 0.99, 0.99]);
    baseline.iter_mut().for_each(|row| row.control = Some(Control::Baseline));
    one.rows.extend(baseline);
    let found = of(&one);
    assert_eq!(found[0].methods[0].method, "a, better");
    assert_eq!(found[0].methods[0].others, ["a", "a, baseline"]);
    // One that lacks a score is not ranked, and not meant.
    one.rows
        .iter_mut()
        .filter(|row| row.method == "a, better" && row.task == "b")
        .for_each(|row| row.score = None);
    assert_eq!(of(&one)[0].methods[0].method, "a");
}

#[test]
fn means_of_papers_are_used_where_there_is_nothing_else() {
    let mut one = input();
    one.published.retain(|it| it.task == "x");
    let mut with_mean = one.clone();
    with_mean.published.extend(["a", "b", "c", "d"].map(|method| figure(method, "mean of 12", 50.0)));
    assert_eq!(of(&with_mean), of(&one));
    one.published.iter_mut().for_each(|it| it.task = "mean of 12".to_owned());
    let it = &of(&one)[0];
    assert_eq!((it.published_tasks, it.drawn.as_slice()), (0, ["our tasks".to_owned()].as_slice()));
}

#[test]
fn the_exports_show_both_rankings_and_nothing_without_them() {
    let one = input();
    let report = Report::new(&one);
    let page = analyses_html(&report, &one).unwrap();
    assert!(page.contains("id=\"agreement\"") && page.contains("<td class=\"num\">0.67</td>"));
    assert!(page.contains("1 of 6 pairs is the other way round in the paper: b over c."));
    let summary = summary_md(&report, &one.provenance);
    assert!(
        summary.contains("| 0.1 | arXiv:1, r50 | 4 | 0.67 | 0.67 to 0.67 | 0.333 | 1 of 6 pairs"),
        "{summary}"
    );
    let bytes = agreement_csv(&report).unwrap();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let columns = reader.headers().unwrap().clone();
    let line = reader.records().next().unwrap().unwrap();
    let of = |column: &str| line[columns.iter().position(|it| it == column).unwrap()].to_owned();
    assert_eq!((of("ranking"), of("published_ranking")), ("a; b; c; d".to_owned(), "a; c; b; d".to_owned()));
    assert_eq!((of("draws"), of("p_exact")), ("1000".to_owned(), "true".to_owned()));
    let nothing = Report::new(&ReportInput::default());
    assert!(!analyses_html(&nothing, &one).unwrap().contains("id=\"agreement\""));
    assert_eq!(
        csv::Reader::from_reader(agreement_csv(&nothing).unwrap().as_slice()).headers().unwrap(),
        &columns
    );
}

/// Every name of the repository stands in the tables of its citation, and no two of a citation mean the same of ours.
#[test]
fn the_names_of_the_repository_are_those_of_the_tables() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benchmarks/published");
    let (names, figures) = (read_names(&folder).unwrap(), read_published(&folder).unwrap());
    assert!(names.len() >= 10);
    let mut seen = BTreeSet::new();
    for name in &names {
        let is_there = figures.iter().any(|it| it.citation == name.citation && it.method == name.method);
        assert!(is_there, "{} has no `{}`", name.citation, name.method);
        assert!(
            seen.insert((&name.citation, &name.id, &name.parameters, name.sparsity_percent)),
            "{name:?} twice"
        );
    }
    assert_eq!(read_names(&folder.join("dcp-1810.11809.csv")).unwrap(), []);
}

#[test]
fn what_is_no_name_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let fine = "arXiv:1,AC/DC,id,scope=global?,90,none\n";
    for (line, expected) in [
        ("arXiv:1,AC/DC,,,,\n", "`id` is empty"),
        ("arXiv:1,AC/DC,id,scope,,\n", "write `key=value`"),
        ("arXiv:1,AC/DC,id,scope=?,,\n", "write `key=value`"),
        ("arXiv:1,AC/DC,id,,ninety,\n", "invalid digit"),
    ] {
        let text = format!("citation,method,id,parameters,sparsity_percent,remark\n{fine}{line}");
        std::fs::write(folder.path().join("names.csv"), text).unwrap();
        let error = read_names(folder.path()).unwrap_err().to_string();
        assert!(error.contains("names.csv:3: ") && error.contains(expected), "{error}");
    }
}

#[test]
fn entries_with_more_training_are_other_methods_and_two_have_no_ranking() {
    let mut input = input();
    let methods = |input: &ReportInput| of(input).iter().map(|it| it.methods.len()).collect::<Vec<usize>>();
    assert_eq!(methods(&input), [4]);
    let stretch = |input: &mut ReportInput, label: &str| {
        input.rows.iter_mut().filter(|row| row.method == label).for_each(|row| row.stretch = 5);
    };
    stretch(&mut input, "b");
    assert_eq!(methods(&input), [3]);
    stretch(&mut input, "c");
    assert!(methods(&input).is_empty());
}
