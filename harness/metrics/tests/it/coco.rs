//! COCO's metric on scenes that are small enough to be worked out by hand.

use secateur_metrics::detection::{AreaRange, CocoMatches, CocoSettings, Detection, Similarity, Truth};

use crate::{Scene, assert_close};

/// Two objects of class 0 and one of class 1, each found exactly.
fn perfect() -> Scene {
    Scene::new(2, 2)
        .truth(0, 0, [10.0, 10.0, 50.0, 50.0])
        .truth(1, 0, [30.0, 20.0, 90.0, 80.0])
        .truth(1, 1, [200.0, 100.0, 400.0, 300.0])
        .detect(0, 0, 0.9, [10.0, 10.0, 50.0, 50.0])
        .detect(1, 0, 0.8, [30.0, 20.0, 90.0, 80.0])
        .detect(1, 1, 0.7, [200.0, 100.0, 400.0, 300.0])
}

#[test]
fn a_perfect_detector_scores_exactly_one() {
    let scores = perfect().coco();
    assert_eq!((scores.ap, scores.ap50, scores.ap75), (Some(1.0), Some(1.0), Some(1.0)));
    assert!(scores.classes.iter().all(|class| class.ap == Some(1.0) && class.ap50 == Some(1.0)));
    let areas: Vec<_> = scores.areas.iter().map(|area| (area.name.as_str(), area.ap, area.ar)).collect();
    // Both objects of class 0 are of medium size, that of class 1 is large, and none is small.
    let one = Some(1.0);
    assert_eq!(areas, [("small", None, None), ("medium", one, one), ("large", one, one)]);
}

/// One of the two objects of class 0 is called class 1. Class 0: a recall of 1/2 at a precision of 1, so that the levels
/// 0, 0.01, … 0.5 are reached, 51 of 101. Class 1: the intruder comes first, so that the precision is 1/2.
#[test]
fn a_swapped_class_costs_what_it_must() {
    let mut scene = perfect();
    scene.detections[1].class = 1;
    let scores = scene.coco();
    assert_close(scores.classes[0].ap, Some(51.0 / 101.0), "class 0");
    assert_close(scores.classes[1].ap, Some(0.5), "class 1");
    assert_close(scores.ap, Some((51.0 / 101.0 + 0.5) / 2.0), "mean");
    // If classes 0 and 1 are exchanged altogether, nothing is found.
    let mut scene = perfect();
    for detection in &mut scene.detections {
        detection.class = 1 - detection.class;
    }
    assert_eq!(scene.coco().ap, Some(0.0));
}

/// A box of 10 by 10, found one pixel to the right, overlaps by 90 / 110 = 0.818: 7 of 10 thresholds.
#[test]
fn a_box_that_is_off_by_one_costs_what_it_must() {
    let scene = |shift: f64| {
        Scene::new(1, 1).truth(0, 0, [20.0, 20.0, 30.0, 30.0]).detect(
            0,
            0,
            0.5,
            [20.0 + shift, 20.0, 30.0 + shift, 30.0],
        )
    };
    assert_eq!(scene(0.0).coco().ap, Some(1.0));
    assert_close(scene(1.0).coco().ap, Some(0.7), "one pixel to the right");
    assert_eq!(scene(1.0).coco().ap50, Some(1.0));
    // Had the right edge been taken to belong to the box, the overlap would be 90 / 100: 9 thresholds.
    let mut inclusive = scene(0.0);
    inclusive.detections[0].bbox.x2 -= 1.0;
    assert_close(inclusive.coco().ap, Some(0.9), "a right edge that is one short");
}

/// Detections in a crowd count for nothing, however many. Those outside count against the detector, with a precision
/// of 1/2 at the one object.
#[test]
fn a_crowd_takes_any_number_of_detections() {
    let scene = Scene::new(1, 1)
        .truth(0, 0, [0.0, 0.0, 200.0, 200.0])
        .crowd()
        .truth(0, 0, [300.0, 300.0, 340.0, 340.0])
        .detect(0, 0, 0.9, [10.0, 10.0, 40.0, 40.0])
        .detect(0, 0, 0.8, [50.0, 50.0, 80.0, 90.0])
        // Half of it lies in the crowd: ignored at a threshold of 0.5 only.
        .detect(0, 0, 0.7, [150.0, 0.0, 250.0, 40.0])
        .detect(0, 0, 0.6, [300.0, 300.0, 340.0, 340.0]);
    let scores = scene.coco();
    assert_close(scores.ap50, Some(1.0), "half of a detection in the crowd is enough");
    assert_close(scores.ap75, Some(0.5), "half of a detection in the crowd is not enough");
    // Two detections were needed before the object came, the third is beyond the limit.
    assert_close(scores.recalls[0].ar, Some(0.0), "one detection");
    assert_close(scores.recalls[1].ar, Some(1.0), "ten detections");
}

/// Two truths lie so close that the second detection overlaps the first truth most, which is taken. The other one is
/// free, and overlaps enough: 80 of 100 + 100 - 80. VOC decides otherwise, see `voc.rs`.
#[test]
fn a_detection_takes_the_best_truth_that_is_free() {
    let scene = Scene::new(1, 1)
        .truth(0, 0, [0.0, 0.0, 10.0, 10.0])
        .truth(0, 0, [2.0, 0.0, 12.0, 10.0])
        .detect(0, 0, 0.9, [0.0, 0.0, 10.0, 10.0])
        .detect(0, 0, 0.8, [0.0, 0.0, 10.0, 10.0]);
    assert_eq!(scene.coco().ap50, Some(1.0));
}

/// Three of three are found, with a mistake between the first and the second: precisions 1, 2/3, 3/4, of which the
/// curve keeps 1, 3/4, 3/4. The recall of 1/3 reaches the levels 0 to 0.33, which are 34.
#[test]
fn the_curve_takes_the_best_precision_to_the_right() {
    let place = |x: f64| [x, 0.0, x + 20.0, 20.0];
    let scene = Scene::new(1, 1)
        .truth(0, 0, place(0.0))
        .truth(0, 0, place(100.0))
        .truth(0, 0, place(200.0))
        .detect(0, 0, 0.9, place(0.0))
        .detect(0, 0, 0.8, place(300.0))
        .detect(0, 0, 0.7, place(100.0))
        .detect(0, 0, 0.6, place(200.0));
    assert_close(scene.coco().ap, Some((34.0 + 67.0 * 0.75) / 101.0), "area under the curve");
}

/// An object of 20 by 20 is tiny by the ranges of this test, and found; one of 100 by 100 is not.
#[test]
fn ranges_of_areas_are_settings() {
    let scene = Scene::new(1, 1)
        .truth(0, 0, [0.0, 0.0, 20.0, 20.0])
        .truth(0, 0, [100.0, 100.0, 200.0, 200.0])
        .detect(0, 0, 0.5, [0.0, 0.0, 20.0, 20.0]);
    let areas = vec![
        AreaRange::new("tiny", 0.0, 400.0),
        AreaRange::new("other", 401.0, f64::INFINITY),
        AreaRange::new("none", 500.0, 600.0),
    ];
    let matches = CocoMatches::new(&scene.grouped().unwrap(), CocoSettings::with_areas(areas)).unwrap();
    let scores = matches.accumulate(None).unwrap().scores();
    let areas: Vec<_> = scores.areas.iter().map(|area| (area.name.as_str(), area.ap, area.ar)).collect();
    let (zero, one) = (Some(0.0), Some(1.0));
    assert_eq!(areas, [("tiny", one, one), ("other", zero, zero), ("none", None, None)]);
}

#[test]
fn settings_that_make_no_metric_are_refused() {
    let good = CocoSettings::default();
    let scene = perfect();
    let grouped = scene.grouped().unwrap();
    for (settings, complaint) in [
        (CocoSettings { thresholds: vec![], ..good.clone() }, "between 1 and 16"),
        (CocoSettings { thresholds: vec![0.5; 17], ..good.clone() }, "between 1 and 16"),
        (CocoSettings { thresholds: vec![0.5, 0.5], ..good.clone() }, "do not rise"),
        (CocoSettings { thresholds: vec![0.0], ..good.clone() }, "between 0 and 1"),
        (CocoSettings { thresholds: vec![f64::NAN], ..good.clone() }, "between 0 and 1"),
        (CocoSettings { limits: vec![], ..good.clone() }, "between 1 and 255"),
        (CocoSettings { limits: vec![0, 10], ..good.clone() }, "from 1 or more"),
        (CocoSettings { limits: vec![10, 1], ..good.clone() }, "do not rise"),
        (CocoSettings::with_areas(vec![AreaRange::new("odd", 2.0, 1.0)]), "`odd` from 2 to 1 is empty"),
    ] {
        let error = CocoMatches::new(&grouped, settings).unwrap_err().to_string();
        assert!(error.contains(complaint), "{error}");
    }
}

/// Objects with a position and nothing else: they are alike as far as they are close.
struct Points<'a> {
    truths: &'a [Truth],
    detections: &'a [Detection],
}

impl Similarity for Points<'_> {
    fn similarity(&self, detection: usize, truth: usize, _: bool) -> f64 {
        let (detection, truth) = (&self.detections[detection].bbox, &self.truths[truth].bbox);
        1.0 - (detection.x1 - truth.x1).abs() / 10.0
    }

    fn detection_area(&self, _: usize) -> f64 {
        1.0
    }
}

/// Boxes without area overlap with nothing. As points, the detection is 0.72 alike to the one object, which is enough for
/// 0.5, 0.55, … 0.7: 5 of 10 thresholds.
#[test]
fn matching_knows_shapes_by_their_similarity_only() {
    let point = |x: f64| [x, 0.0, x, 0.0];
    let scene = Scene::new(1, 1).truth(0, 0, point(5.0)).detect(0, 0, 0.5, point(7.8));
    assert_eq!(scene.coco().ap, Some(0.0));
    let points = Points { truths: &scene.truths, detections: &scene.detections };
    let matches =
        CocoMatches::with_similarity(&scene.grouped().unwrap(), CocoSettings::default(), &points).unwrap();
    assert_close(matches.accumulate(None).unwrap().scores().ap, Some(0.5), "points");
}
