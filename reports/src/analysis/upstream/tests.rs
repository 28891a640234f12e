use super::*;
use crate::row::Row;
use crate::stats::Over;
use crate::testing::Sample;
use crate::{Report, ReportInput, analyses_html, boards, summary_md, upstream_transfer_csv};

/// A network with an upstream score and scores on the tasks `a`, `b` and `c`.
fn network(label: &'static str, keep: f64, replicate: u32, upstream: f64, transfer: [f64; 3]) -> Vec<Row> {
    let control = (keep >= 1.0).then_some(Control::DenseTrained);
    let mut rows = Vec::new();
    for (task, score) in [("up", upstream), ("a", transfer[0]), ("b", transfer[1]), ("c", transfer[2])] {
        let sample = Sample { method: label, control, keep, task, replicate, score: Some(score) };
        let mut row = crate::testing::sample(&sample);
        row.method_id = if keep >= 1.0 { String::new() } else { "org.secateur.rigl".to_owned() };
        if task == "up" {
            (row.protocol, row.regime) = ("upstream".to_owned(), "none".to_owned());
        }
        rows.push(row);
    }
    rows
}

/// Four methods in the same order on both sides but for the last two.
fn rows() -> Vec<Row> {
    let mut rows = network("dense-trained", 1.0, 0, 0.9, [0.9, 0.9, 0.9]);
    for (label, upstream, transfer) in [("m", 0.8, 0.7), ("n", 0.7, 0.6), ("o", 0.6, 0.4), ("p", 0.5, 0.5)] {
        rows.extend(network(label, 0.1, 0, upstream, [transfer; 3]));
    }
    rows
}

fn only(rows: &[Row]) -> UpstreamTable {
    let mut found = tables(&boards(rows));
    assert_eq!(found.len(), 1);
    found.remove(0)
}

#[test]
fn both_scores_of_every_method_meet_in_a_point() {
    let table = only(&rows());
    assert_eq!((table.points.len(), table.tasks, table.upstream_task.as_str()), (5, 3, "up"));
    assert_eq!(table.points[0].control, Some(Control::DenseTrained));
    let m = table.points.iter().find(|it| it.method == "m").unwrap();
    assert!((m.upstream - 0.8).abs() < 1e-12 && (m.transfer - 0.7).abs() < 1e-12);
    let it = &table.correlations[0];
    // Five of six pairs agree; differences of ranks are 0, 0, 1 and 1: 1 - 6 * 2 / (4 * 15).
    assert!((it.kendall.value.unwrap() - 4.0 / 6.0).abs() < 1e-12);
    assert!((it.spearman.value.unwrap() - 0.8).abs() < 1e-12);
    assert_eq!((table.correlations.len(), it.methods, it.replicates), (1, 4, 1));
    // All tasks say the same.
    let interval = it.kendall.interval.unwrap();
    assert_eq!(interval.over, Over::Tasks);
    assert!((interval.low - 4.0 / 6.0).abs() < 1e-12 && (interval.high - 4.0 / 6.0).abs() < 1e-12);
}

#[test]
fn tasks_that_disagree_widen_the_interval() {
    let mut one = rows();
    for row in one.iter_mut().filter(|row| row.task == "c" && row.control.is_none()) {
        row.score = row.score.map(|score| 1.1 - score);
    }
    let interval = only(&one).correlations[0].kendall.interval.unwrap();
    assert!(interval.low < 0.0 && interval.high > 0.6, "{interval:?}");
}

#[test]
fn a_replicate_is_drawn_on_both_sides_at_once() {
    // Within a replicate both orders are the same, but that of the second replicate is the first one turned.
    let mut one = Vec::new();
    for (label, first) in [("m", 0.8), ("n", 0.6), ("o", 0.3)] {
        one.extend(network(label, 0.1, 0, first, [first; 3]));
        one.extend(network(label, 0.1, 1, 1.0 - first, [1.0 - first; 3]));
    }
    let it = only(&one).correlations.remove(0);
    // Draws of both replicates tie all methods and are left out, about half of 1,000; in the others they agree.
    assert_eq!(it.kendall.value, None);
    assert!((400..600).contains(&it.kendall.left_out), "{}", it.kendall.left_out);
    let interval = it.kendall.interval.unwrap();
    assert!((interval.low - 1.0).abs() < 1e-12 && interval.over == Over::TasksAndSeeds);
}

#[test]
fn two_methods_have_points_but_no_correlation_and_other_suites_no_part() {
    let few: Vec<Row> = rows().into_iter().filter(|row| row.method != "o" && row.method != "p").collect();
    assert_eq!((only(&few).points.len(), only(&few).correlations.len()), (3, 0));
    let mut apart = rows();
    apart.iter_mut().filter(|row| row.protocol == "upstream").for_each(|row| row.suite.push('2'));
    assert_eq!(tables(&boards(&apart)), []);
    // A method without all of its scores is no point.
    let mut lost = rows();
    lost.iter_mut().filter(|row| row.method == "m" && row.task == "b").for_each(|row| row.score = None);
    assert!(only(&lost).points.iter().all(|it| it.method != "m"));
}

#[test]
fn the_exports_draw_every_point_once() {
    let mut all = rows();
    all.extend(network("<b>evil", 0.2, 0, 0.8, [0.7; 3]));
    let input = ReportInput { rows: all, ..ReportInput::default() };
    let report = Report::new(&input);
    let page = analyses_html(&report, &input).unwrap();
    let (_, section) = page.split_once("<section id=\"upstream\">").expect("a section");
    let (section, _) = section.split_once("</section>").expect("an end");
    assert_eq!(section.matches("<title>").count(), 6);
    assert!(section.contains("m (regrowth), keep 0.1: upstream 80.00 %, transfer 70.00 %"));
    assert!(section.contains("&lt;b&gt;evil") && !section.contains("<b>evil"));
    assert!(!section.contains("NaN"));
    assert!(
        summary_md(&report, &input.provenance)
            .contains("| 0.1 | 4 | 0.80 | 0.80 to 0.80 | 0.67 | 0.67 to 0.67 |")
    );
    let bytes = upstream_transfer_csv(&report).unwrap();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let columns = reader.headers().unwrap().clone();
    assert_eq!(reader.records().count(), 6 + 1);
    let nothing = Report::new(&ReportInput::default());
    assert_eq!(
        csv::Reader::from_reader(upstream_transfer_csv(&nothing).unwrap().as_slice()).headers().unwrap(),
        &columns
    );
    assert!(!analyses_html(&nothing, &input).unwrap().contains("id=\"upstream\""));
}

/// Left, top, right and bottom of every name of a plot.
fn names(svg: &str) -> Vec<[f64; 4]> {
    let number = |text: &str, key: &str| -> f64 {
        let (_, rest) = text.split_once(&format!("{key}=\"")).expect("an attribute");
        rest.split('"').next().expect("a value").parse().expect("a number")
    };
    svg.split("<text class=\"name\"")
        .skip(1)
        .map(|text| {
            let name = text.split(['>', '<']).nth(1).expect("a name");
            let (x, y, width) = (number(text, " x"), number(text, " y"), name.chars().count() as f64 * 6.0);
            [x, y - 7.6, x + width, y + 2.4]
        })
        .collect()
}

#[test]
fn names_do_not_cover_one_another() {
    // Sixty points on a hundredth of the plot.
    const LABELS: [&str; 20] = [
        "a-long-label-01",
        "a-long-label-02",
        "a-long-label-03",
        "a-long-label-04",
        "a-long-label-05",
        "a-long-label-06",
        "a-long-label-07",
        "a-long-label-08",
        "a-long-label-09",
        "a-long-label-10",
        "a-long-label-11",
        "a-long-label-12",
        "a-long-label-13",
        "a-long-label-14",
        "a-long-label-15",
        "a-long-label-16",
        "a-long-label-17",
        "a-long-label-18",
        "a-long-label-19",
        "a-long-label-20",
    ];
    let mut all = network("dense-trained", 1.0, 0, 0.95, [0.95; 3]);
    for (place, label) in LABELS.into_iter().enumerate() {
        for keep in [0.2_f64, 0.1, 0.05] {
            let at = |salt: u64| 0.4 + 0.05 * crate::testing::noise(&[salt, place as u64, keep.to_bits()]);
            all.extend(network(label, keep, 0, at(1), [at(2); 3]));
        }
    }
    let input = ReportInput { rows: all, ..ReportInput::default() };
    let page = analyses_html(&Report::new(&input), &input).unwrap();
    let (_, section) = page.split_once("<section id=\"upstream\">").expect("a section");
    let names = names(section);
    assert!(names.len() > 10 && names.len() < 61, "{}", names.len());
    for (place, a) in names.iter().enumerate() {
        for b in &names[..place] {
            let apart = a[2] <= b[0] + 0.1 || b[2] <= a[0] + 0.1 || a[3] <= b[1] + 0.1 || b[3] <= a[1] + 0.1;
            assert!(apart, "{a:?} covers {b:?}");
        }
        assert!(a[0] >= 0.0 && a[2] <= 1240.0 && a[1] >= 0.0 && a[3] <= 580.0);
    }
    let left_out = 61 - names.len();
    assert!(section.contains(&format!("{left_out} points have no room for their names")));
}
