use secateur_store::{ClassFacts, SizeFacts};

use super::*;
use crate::testing::{Sample, detection_sample};

/// Scores of one network with these average precisions on small and large objects.
fn network(
    method: &'static str,
    keep: f64,
    replicate: u32,
    small: Option<f64>,
    large: f64,
) -> Vec<StratumScore> {
    let size = |name: &str, from: f64, to: Option<f64>, objects: u64, ap: Option<f64>| SizeFacts {
        name: name.to_owned(),
        from,
        to,
        objects,
        ap,
        ap50: ap.map(|ap| ap + 0.25),
    };
    let sizes = vec![
        size("small", 0.0, Some(1024.0), if small.is_some() { 40 } else { 0 }, small),
        size("large", 1024.0, None, 1200, Some(large)),
    ];
    // What is of another kind is no business of a table.
    let class = ClassFacts { name: "small".to_owned(), objects: 7, ap: Some(0.9), ap50: Some(0.9) };
    let facts = DetectionFacts { sizes, classes: vec![class], ..DetectionFacts::default() };
    let control = (keep >= 1.0).then_some(Control::DenseTrained);
    let sample = Sample { method, control, keep, replicate, ..Sample::default() };
    scores(&detection_sample(&sample, &facts), &facts)
}

fn tables(scores: &[StratumScore]) -> Vec<StrataTable> {
    super::tables(scores, StrataKind::Size)
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12, "{a} is not {b}");
}

#[test]
fn replicates_are_joined_with_their_interval() {
    let values = [(0, 0.1, 0.5), (1, 0.2, 0.5), (2, 0.3, 0.5)];
    let sizes: Vec<StratumScore> = values
        .into_iter()
        .flat_map(|(replicate, small, large)| network("dcp", 0.5, replicate, Some(small), large))
        .collect();
    let tables = tables(&sizes);
    assert_eq!((tables.len(), tables[0].lines.len(), tables[0].replicates), (1, 1, 3));
    let sizes: Vec<(&str, u64)> =
        tables[0].strata.iter().map(|size| (size.name.as_str(), size.objects)).collect();
    assert_eq!(sizes, [("small", 40), ("large", 1200)]);
    let [small, large] = tables[0].lines[0].cells[..] else { panic!("two sizes") };
    let ap = small.ap.unwrap();
    near(ap.mean, 0.2);
    // Student's t for two degrees of freedom at 97.5 % is 4.302652729911275 in every table; the deviation is 0.1.
    let half = 4.302_652_729_911_275 * 0.1 / 3.0_f64.sqrt();
    assert!((ap.half_width().unwrap() - half).abs() < 1e-9);
    near(small.ap50.unwrap().mean, 0.45);
    near(large.ap.unwrap().mean, 0.5);
    assert_eq!(large.ap.unwrap().half_width(), Some(0.0));
}

#[test]
fn one_replicate_has_no_interval_and_no_objects_no_score() {
    let tables = tables(&network("dcp", 0.5, 0, None, 0.4));
    let cells = &tables[0].lines[0].cells;
    assert_eq!((cells[0].ap, cells[0].ap50), (None, None));
    assert_eq!(cells[1].ap.unwrap().interval, None);
    assert_eq!(tables[0].strata[0].objects, 0);
}

#[test]
fn dense_comes_first_and_keeps_fall() {
    let mut sizes = network("taylor", 0.25, 0, Some(0.1), 0.2);
    sizes.extend(network("taylor", 0.5, 0, Some(0.1), 0.2));
    sizes.extend(network("dcp", 0.25, 0, Some(0.1), 0.2));
    sizes.extend(network("dcp", 0.25, 1, Some(0.1), 0.2));
    sizes.extend(network("dense-trained", 1.0, 0, Some(0.3), 0.4));
    let table = tables(&sizes).remove(0);
    let lines: Vec<(&str, f64, usize)> =
        table.lines.iter().map(|line| (line.method.as_str(), line.keep, line.scored)).collect();
    let expected = [("dense-trained", 1.0, 1), ("taylor", 0.5, 1), ("dcp", 0.25, 2), ("taylor", 0.25, 1)];
    assert_eq!(lines, expected);
    assert_eq!(table.replicates, 2);
    sizes.reverse();
    assert_eq!(tables(&sizes), [table]);
}

#[test]
fn tracks_and_tasks_have_tables_of_their_own() {
    let mut sizes = network("dcp", 0.5, 0, Some(0.1), 0.2);
    for change in [|it: &mut StratumScore| it.track.push('2'), |it: &mut StratumScore| it.task.push('2')] {
        let mut other = network("dcp", 0.5, 0, Some(0.3), 0.4);
        other.iter_mut().for_each(change);
        sizes.extend(other);
    }
    assert_eq!(tables(&sizes).len(), 3);
    assert_eq!(tables(&[]), []);
}

#[test]
fn a_contradiction_has_one_winner_whatever_the_order() {
    let mut scores = network("dcp", 0.5, 0, Some(0.3), 0.4);
    scores.extend(network("dcp", 0.5, 0, Some(0.1), 0.2));
    let table = tables(&scores).remove(0);
    // One replicate, and of the two values the one that is first in the table for programs.
    assert_eq!((table.lines.len(), table.lines[0].scored), (1, 1));
    near(table.lines[0].cells[0].ap.unwrap().mean, 0.1);
    scores.reverse();
    assert_eq!(tables(&scores), [table]);
}

#[test]
fn tables_by_size_have_nothing_of_classes_and_keep_their_names_in_json() {
    let mut scores = network("dcp", 0.5, 0, Some(0.1), 0.2);
    scores.extend(network("dense-trained", 1.0, 0, Some(0.3), 0.4));
    let json = serde_json::to_value(tables(&scores)).unwrap();
    let table = &json[0];
    assert_eq!((&table["kind"], &table["left_out"]), (&"size".into(), &0.into()));
    let small = serde_json::json!({
        "name": "small", "kind": "size", "area_from": 0.0, "area_to": 1024.0, "objects": 40
    });
    assert_eq!(table["bands"][0], small);
    assert_eq!(table["bands"][1]["area_to"], serde_json::Value::Null);
    assert_eq!(table["lines"][1]["cells"][1]["ap"]["mean"], 0.2);
    assert!(table["lines"][1].get("frequency_correlation").is_none());
}

#[test]
fn scores_survive_their_own_form() {
    let scores = network("dcp", 0.5, 0, None, 0.2);
    let text = serde_json::to_string(&scores).unwrap();
    assert_eq!(serde_json::from_str::<Vec<StratumScore>>(&text).unwrap(), scores);
}
