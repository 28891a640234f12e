//! Other evaluators' values; `tests/golden/detection-metrics` says where they come from.

use std::fs;
use std::path::Path;

use secateur_metrics::detection::{
    CocoMatches, CocoSettings, CocoTable, Detection, Extent, Truth, VocInterpolation, VocMatches,
};
use serde_json::Value;

use crate::{Scene, assert_close};

fn golden(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/detection-metrics");
    serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    array(value).iter().map(|number| number.as_f64().unwrap()).collect()
}

fn scene(case: &Value) -> Scene {
    let count = |name: &str| case[name].as_u64().unwrap() as usize;
    let rows = |name: &str| array(&case[name]).iter().map(numbers).collect::<Vec<_>>();
    let bbox = |row: &[f64]| [row[2], row[3], row[4], row[5]].into();
    let truth = |row: &Vec<f64>| Truth {
        image: row[0] as u32,
        class: row[1] as u32,
        bbox: bbox(row),
        area: row[6],
        difficult: row[7] == 1.0,
        crowd: row[8] == 1.0,
    };
    let detection = |row: &Vec<f64>| Detection {
        image: row[0] as u32,
        class: row[1] as u32,
        bbox: bbox(row),
        score: row[6],
    };
    Scene {
        extent: Extent { images: count("images"), classes: count("classes") },
        truths: rows("truths").iter().map(truth).collect(),
        detections: rows("detections").iter().map(detection).collect(),
    }
}

fn weights(resampled: &Value) -> Vec<u32> {
    numbers(&resampled["weights"]).iter().map(|weight| *weight as u32).collect()
}

/// The twelve numbers in pycocotools' order.
fn assert_stats(table: &CocoTable<'_>, expected: &Value, name: &str) {
    let scores = table.scores();
    let mut actual = vec![scores.ap, scores.ap50, scores.ap75];
    actual.extend(scores.areas.iter().map(|area| area.ap));
    actual.extend(scores.recalls.iter().map(|limit| limit.ar));
    actual.extend(scores.areas.iter().map(|area| area.ar));
    assert_eq!(actual.len(), array(expected).len());
    for (index, (actual, expected)) in actual.into_iter().zip(array(expected)).enumerate() {
        assert_close(actual, expected.as_f64(), &format!("{name}, stats[{index}]"));
    }
}

#[track_caller]
fn assert_row(actual: Option<&[f64]>, expected: &Value, what: &str) {
    let expected = numbers(expected);
    let actual = actual.unwrap_or_else(|| panic!("{what}: nothing instead of {expected:?}"));
    assert_eq!(actual.len(), expected.len(), "{what}");
    for (threshold, (actual, expected)) in actual.iter().zip(expected).enumerate() {
        assert_close(Some(*actual), Some(expected), &format!("{what}, threshold {threshold}"));
    }
}

#[test]
fn the_default_settings_are_those_of_pycocotools_bit_for_bit() {
    let golden = golden("coco.json");
    let settings = CocoSettings::default();
    assert_eq!(settings.thresholds, numbers(&golden["thresholds"]));
    assert_eq!(
        settings.limits.iter().map(|limit| *limit as f64).collect::<Vec<_>>(),
        numbers(&golden["limits"])
    );
    // The first range is that of all areas, which is no setting.
    let areas: Vec<Vec<f64>> = settings.areas.iter().map(|range| vec![range.from, range.to]).collect();
    assert_eq!(areas, array(&golden["areas"])[1..].iter().map(numbers).collect::<Vec<_>>());
}

#[test]
fn coco_gives_the_numbers_of_pycocotools() {
    let golden = golden("coco.json");
    for case in array(&golden["cases"]) {
        let name = case["name"].as_str().unwrap();
        let scene = scene(case);
        let matches = CocoMatches::new(&scene.grouped().unwrap(), CocoSettings::default()).unwrap();
        let table = matches.accumulate(None).unwrap();
        assert_stats(&table, &case["stats"], name);
        for (class, row) in array(&case["table"]).iter().enumerate() {
            for (area, cell) in array(row).iter().enumerate() {
                let what = format!("{name}, class {class}, area {area}");
                if cell.is_null() {
                    assert_eq!(table.precisions(class, area), None, "{what}");
                    assert_eq!(table.recalls(class, area, 0), None, "{what}");
                    continue;
                }
                assert_row(table.precisions(class, area), &cell["precision"], &what);
                for (limit, recall) in array(&cell["recall"]).iter().enumerate() {
                    assert_row(table.recalls(class, area, limit), recall, &format!("{what}, limit {limit}"));
                }
            }
            // What the summary says of a class stands in the table, too.
            let precisions = row[0]["precision"].as_array().map(|_| numbers(&row[0]["precision"]));
            let scores = table.scores().classes[class];
            let mean = precisions.as_ref().map(|values| values.iter().sum::<f64>() / values.len() as f64);
            assert_close(scores.ap, mean, name);
            assert_close(scores.ap50, precisions.map(|values| values[0]), name);
        }
    }
}

#[test]
fn weighted_coco_gives_the_numbers_of_pycocotools_on_repeated_pictures() {
    let golden = golden("coco.json");
    for case in array(&golden["cases"]) {
        let scene = scene(case);
        let matches = CocoMatches::new(&scene.grouped().unwrap(), CocoSettings::default()).unwrap();
        for resampled in array(&case["resampled"]) {
            let table = matches.accumulate(Some(&weights(resampled))).unwrap();
            assert_stats(&table, &resampled["stats"], case["name"].as_str().unwrap());
        }
    }
}

#[test]
fn voc_gives_the_numbers_of_its_definition() {
    let golden = golden("voc.json");
    let rules =
        [("eleven-points", VocInterpolation::ElevenPoints), ("all-points", VocInterpolation::AllPoints)];
    for case in array(&golden["cases"]) {
        let name = case["name"].as_str().unwrap();
        let scene = scene(case);
        let matches = VocMatches::new(&scene.grouped().unwrap(), 0.5).unwrap();
        for (key, interpolation) in rules {
            let once = matches.accumulate(interpolation, None).unwrap();
            let drawn = matches.accumulate(interpolation, Some(&weights(&case["resampled"]))).unwrap();
            for (scores, expected) in [(once, &case[key]), (drawn, &case["resampled"][key])] {
                let expected: Vec<Option<f64>> = array(expected).iter().map(Value::as_f64).collect();
                for (class, (actual, expected)) in scores.classes.iter().zip(&expected).enumerate() {
                    assert_close(*actual, *expected, &format!("{name}, {key}, class {class}"));
                }
                let present: Vec<f64> = expected.iter().copied().flatten().collect();
                assert_close(scores.map, Some(present.iter().sum::<f64>() / present.len() as f64), name);
            }
        }
    }
}
