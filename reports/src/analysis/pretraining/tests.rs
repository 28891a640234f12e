//! Held to tables that can be computed by hand.

use super::*;
use crate::row::Row;
use crate::testing::{Sample, sample};
use crate::{Report, ReportInput, analyses_html, boards, pretraining_csv, summary_md, ticket_tables};

/// Scores of a method at a keep on one task in a track, replicate by replicate.
fn rows(track: &str, method: &'static str, keep: f64, task: &'static str, scores: &[f64]) -> Vec<Row> {
    let control = (keep >= 1.0).then_some(Control::DenseTrained);
    let row = |(replicate, score): (u32, &f64)| {
        let row = sample(&Sample { method, control, keep, task, replicate, score: Some(*score) });
        Row { track: track.to_owned(), ..row }
    };
    (0..).zip(scores).map(row).collect()
}

fn tracks(names: &[(&str, &str)]) -> Vec<PretrainedTrack> {
    let suite = rows("any", "m", 1.0, "a", &[0.5])[0].suite.clone();
    let track = |(track, pretraining): &(&str, &str)| PretrainedTrack {
        suite: suite.clone(),
        track: (*track).to_owned(),
        pretraining: (*pretraining).to_owned(),
    };
    names.iter().map(track).collect()
}

/// On both tasks the dense networks have a deviation of 0.02. Those of `views` score 0.1 less, so that what matches there would not
/// match the others.
fn scores() -> Vec<Row> {
    let mut all = Vec::new();
    for (track, less) in [("labels", 0.0), ("views", 0.1)] {
        for task in ["a", "b"] {
            all.extend(rows(track, "dense-trained", 1.0, task, &[0.70 - less, 0.72 - less, 0.74 - less]));
        }
    }
    let mut add = |track: &str, keep: f64, task: &'static str, score: f64| {
        all.extend(rows(track, "imp", keep, task, &[score, score, score]));
    };
    // From labels: on `a` down to a keep of 0.2, on `b` to 0.4.
    for (keep, a, b) in [(0.8, 0.72, 0.72), (0.4, 0.71, 0.71), (0.2, 0.71, 0.65)] {
        add("labels", keep, "a", a);
        add("labels", keep, "b", b);
    }
    // From views: on `a` to 0.2 with a gap at 0.4, on `b` to 0.2; on both at 0.8 and 0.2.
    for (keep, a, b) in [(0.8, 0.62, 0.62), (0.4, 0.58, 0.61), (0.2, 0.61, 0.605)] {
        add("views", keep, "a", a);
        add("views", keep, "b", b);
    }
    all
}

fn reach(keep: f64, gap: bool) -> Option<ReachKeep> {
    Some(ReachKeep { keep, gap })
}

#[test]
fn each_pre_training_is_held_against_its_own_dense_network() {
    let named = tracks(&[("views", "simclr"), ("labels", "upstream")]);
    let tables = tables(&ticket_tables(&boards(&scores())), &named);
    let [table] = tables.as_slice() else { panic!("{tables:?}") };
    let tasks: Vec<&str> = table.tasks.iter().map(|task| task.id.as_str()).collect();
    assert_eq!(tasks, ["a", "b"]);
    // In the order of the suite's tracks.
    let lines: Vec<(&str, &str)> =
        table.lines.iter().map(|line| (line.method.as_str(), line.pretraining.as_str())).collect();
    assert_eq!(lines, [("imp", "simclr"), ("imp", "upstream")]);
    let [views, labels] = table.lines.as_slice() else { panic!() };
    assert_eq!(views.tasks, [reach(0.2, true), reach(0.2, false)]);
    assert_eq!(views.universal, reach(0.2, true));
    assert_eq!(labels.tasks, [reach(0.2, false), reach(0.4, false)]);
    assert_eq!(labels.universal, reach(0.4, false));
}

#[test]
fn a_task_that_one_board_lacks_is_no_reach_of_it() {
    let named = tracks(&[("labels", "upstream"), ("views", "simclr")]);
    let mut rows = scores();
    rows.retain(|row| row.track == "labels" || row.task == "b");
    let table = tables(&ticket_tables(&boards(&rows)), &named).remove(0);
    assert_eq!(table.lines[1].tasks, [None, reach(0.2, false)]);
    // Of one task nothing is universal.
    assert_eq!(table.lines[1].universal, None);
}

#[test]
fn one_pre_training_is_nothing_to_compare() {
    let tickets = ticket_tables(&boards(&scores()));
    assert!(tables(&tickets, &[]).is_empty());
    assert!(tables(&tickets, &tracks(&[("labels", "upstream")])).is_empty());
    assert!(tables(&tickets, &tracks(&[("labels", "upstream"), ("views", "upstream")])).is_empty());
    let mut others = tracks(&[("labels", "upstream"), ("views", "simclr")]);
    others[1].suite = "another".to_owned();
    assert!(tables(&tickets, &others).is_empty());
}

#[test]
fn every_export_has_them() {
    let input = ReportInput {
        rows: scores(),
        pretrained_tracks: tracks(&[("labels", "upstream"), ("views", "simclr <v1>")]),
        ..ReportInput::default()
    };
    let report = Report::new(&input);
    let csv = String::from_utf8(pretraining_csv(&report).unwrap()).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 1 + 2 * 3);
    assert!(lines[1].ends_with(",imp,,upstream,labels,universal,,0.4,false"), "{}", lines[1]);
    assert!(lines[5].ends_with(",imp,,simclr <v1>,views,task,a,0.2,true"), "{}", lines[5]);
    let page = analyses_html(&report, &input).unwrap();
    let section = page.split("<section id=\"pretraining\">").nth(1).expect("a section");
    let section = section.split("</section>").next().unwrap();
    assert!(section.contains("simclr &lt;v1&gt;") && section.contains("80 *"), "{section}");
    let summary = summary_md(&report, &input.provenance);
    assert!(summary.contains("| imp | upstream | 60.00 | 2 of 2 |"), "{summary}");
    assert!(!section.contains(">Track<"), "{section}");
    // Where a pre-training has several tracks, lines say which they are of.
    let mut more = input.clone();
    let again = scores().into_iter().filter(|row| row.track == "labels");
    more.rows.extend(again.map(|row| Row { track: "labels-long".to_owned(), ..row }));
    more.pretrained_tracks.extend(tracks(&[("labels-long", "upstream")]));
    let several = Report::new(&more);
    let page = analyses_html(&several, &more).unwrap();
    assert!(page.contains(">Track<") && page.contains("<td>upstream</td><td>labels-long</td>"), "{page}");
    let summary = summary_md(&several, &more.provenance);
    assert!(summary.contains("| imp | upstream | labels-long | 60.00 | 2 of 2 |"), "{summary}");
    let without = Report::new(&ReportInput { pretrained_tracks: Vec::new(), ..input.clone() });
    assert!(!analyses_html(&without, &input).unwrap().contains("id=\"pretraining\""));
    let empty = String::from_utf8(pretraining_csv(&without).unwrap()).unwrap();
    assert_eq!(empty.lines().collect::<Vec<_>>(), [lines[0]]);
}
