//! VOC's metric on scenes that are small enough to be worked out by hand.

use secateur_metrics::detection::VocInterpolation::{AllPoints, ElevenPoints};
use secateur_metrics::detection::{BoundingBox, VocMatches};

use crate::{Scene, assert_close};

const HERE: [f64; 4] = [0.0, 0.0, 20.0, 20.0];
const THERE: [f64; 4] = [100.0, 0.0, 120.0, 20.0];

/// Three objects in two pictures; a hit, the same one again, another hit. Precisions 1, 1/2, 2/3 at recalls 1/3, 1/3,
/// 2/3. All points: 1/3 at 1, and 1/3 at 2/3. Eleven points: 0 to 0.3 at 1, 0.4 to 0.6 at 2/3, nothing beyond.
fn three() -> Scene {
    Scene::new(2, 1)
        .truth(0, 0, HERE)
        .truth(0, 0, THERE)
        .truth(1, 0, HERE)
        .detect(0, 0, 0.9, HERE)
        .detect(0, 0, 0.8, HERE)
        .detect(1, 0, 0.7, HERE)
}

#[test]
fn a_truth_that_is_found_twice_counts_once_for_and_once_against() {
    assert_close(three().voc(AllPoints).map, Some(1.0 / 3.0 + 1.0 / 3.0 * 2.0 / 3.0), "all points");
    assert_close(three().voc(ElevenPoints).map, Some((4.0 + 3.0 * 2.0 / 3.0) / 11.0), "eleven points");
}

/// If the second detection hits another, difficult object, it counts for nothing: precisions 1, 1 at recalls 1/2, 1.
#[test]
fn a_difficult_truth_counts_for_nothing() {
    let mut scene = three();
    scene.truths[1].difficult = true;
    scene.detections[1].bbox = THERE.into();
    assert_eq!(scene.voc(AllPoints).map, Some(1.0));
    assert_eq!(scene.voc(ElevenPoints).map, Some(1.0));
    // Found again and again, it still counts for nothing.
    let again = scene.detect(0, 0, 0.95, THERE).detect(0, 0, 0.85, THERE);
    assert_eq!(again.voc(AllPoints).map, Some(1.0));
}

/// The greatest overlap of the second detection is with the truth that is taken: a false positive, even though the
/// other truth is free and overlaps by 80 / 120. COCO decides otherwise, see `coco.rs`. Recall ends at 1/2.
#[test]
fn a_detection_is_compared_with_one_truth_only() {
    let scene = Scene::new(1, 1)
        .truth(0, 0, [0.0, 0.0, 10.0, 10.0])
        .truth(0, 0, [2.0, 0.0, 12.0, 10.0])
        .detect(0, 0, 0.9, [0.0, 0.0, 10.0, 10.0])
        .detect(0, 0, 0.8, [0.0, 0.0, 10.0, 10.0]);
    assert_eq!(scene.voc(AllPoints).map, Some(0.5));
    // 0, 0.1, … 0.5 are reached.
    assert_close(scene.voc(ElevenPoints).map, Some(6.0 / 11.0), "eleven points");
}

/// Ten objects, three found: a recall of exactly 0.3, which reaches 0, 0.1, 0.2 and 0.3.
#[test]
fn levels_of_recall_are_compared_exactly() {
    let place = |index: u32| {
        let x = 30.0 * f64::from(index);
        [x, 0.0, x + 20.0, 20.0]
    };
    let mut scene = (0..10).fold(Scene::new(1, 1), |scene, index| scene.truth(0, 0, place(index)));
    for found in 1..=10 {
        scene = scene.detect(0, 0, 0.5, place(found - 1));
        let expected = f64::from(found + 1) / 11.0;
        assert_close(scene.voc(ElevenPoints).map, Some(expected), &format!("{found} of ten found"));
    }
}

/// One of two objects of class 0 is called class 1, whose own object is found, but later: class 0 has a recall of 1/2
/// at a precision of 1, class 1 a precision of 1/2.
#[test]
fn a_swapped_class_costs_what_it_must() {
    let mut scene = Scene::new(2, 2)
        .truth(0, 0, HERE)
        .truth(1, 0, HERE)
        .truth(1, 1, THERE)
        .detect(0, 0, 0.9, HERE)
        .detect(1, 0, 0.8, HERE)
        .detect(1, 1, 0.7, THERE);
    assert_eq!(scene.voc(AllPoints).map, Some(1.0));
    scene.detections[1].class = 1;
    assert_eq!(scene.voc(AllPoints).classes, [Some(0.5), Some(0.5)]);
    assert_close(scene.voc(ElevenPoints).map, Some((6.0 / 11.0 + 0.5) / 2.0), "eleven points");
}

/// An object of three by three pixels, 5 to 7 in VOC's counting. If the 1 is not taken off, the box has two by two, and
/// the overlap 4 / 9 is too little.
#[test]
fn a_box_that_is_off_by_one_costs_what_it_must() {
    let truth = BoundingBox::from_voc(5.0, 5.0, 7.0, 7.0);
    assert_eq!(truth, BoundingBox::new(4.0, 4.0, 7.0, 7.0));
    let found = |bbox| Scene::new(1, 1).truth(0, 0, truth.into()).detect(0, 0, 0.5, bbox).voc(AllPoints).map;
    assert_eq!(found([4.0, 4.0, 7.0, 7.0]), Some(1.0));
    assert_eq!(found([5.0, 5.0, 7.0, 7.0]), Some(0.0));
}

/// Classes: found; not found; detected where there is none; difficult only; nothing at all.
#[test]
fn the_mean_is_over_classes_that_occur() {
    let scene = Scene::new(2, 5)
        .truth(0, 0, HERE)
        .detect(0, 0, 0.5, HERE)
        .truth(0, 1, HERE)
        .detect(1, 2, 0.5, HERE)
        .truth(1, 3, HERE)
        .difficult()
        .detect(1, 3, 0.5, HERE);
    let scores = scene.voc(AllPoints);
    assert_eq!(scores.classes, [Some(1.0), Some(0.0), None, None, None]);
    assert_eq!(scores.map, Some(0.5));
    assert_eq!(Scene::new(0, 3).voc(ElevenPoints).map, None);
}

/// A crowd is nothing that VOC knows; it need not be found, and takes no detection from an object that fits better. Were
/// it an object like others, the second detection of it would be a mistake before the object is found.
#[test]
fn a_crowd_counts_as_difficult() {
    let scene = Scene::new(1, 1)
        .truth(0, 0, [0.0, 0.0, 200.0, 200.0])
        .crowd()
        .truth(0, 0, HERE)
        .detect(0, 0, 0.9, [0.0, 0.0, 190.0, 200.0])
        .detect(0, 0, 0.8, [0.0, 0.0, 180.0, 200.0])
        .detect(0, 0, 0.7, HERE);
    assert_eq!(scene.voc(AllPoints).map, Some(1.0));
    // Nor does the crowd count as missed.
    let missed = Scene { detections: scene.detections[2..].to_vec(), ..scene };
    assert_eq!(missed.voc(AllPoints).map, Some(1.0));
}

/// A detection overlaps two truths by the same 80 / 120. It takes the first, which is the one that counts or is not.
#[test]
fn of_equal_overlaps_the_first_truth_counts() {
    let (left, right) = ([0.0, 0.0, 10.0, 10.0], [4.0, 0.0, 14.0, 10.0]);
    let found = |scene: Scene| scene.detect(0, 0, 0.5, [2.0, 0.0, 12.0, 10.0]).voc(AllPoints).map;
    let counts_first = Scene::new(1, 1).truth(0, 0, left).truth(0, 0, right).difficult();
    assert_eq!(found(counts_first), Some(1.0));
    let counts_last = Scene::new(1, 1).truth(0, 0, left).difficult().truth(0, 0, right);
    assert_eq!(found(counts_last), Some(0.0));
}

/// The overlap of the two boxes is 200 / 400.
#[test]
fn the_threshold_is_a_setting_and_belongs_to_the_matches() {
    let scene = Scene::new(1, 1).truth(0, 0, HERE).detect(0, 0, 0.5, [0.0, 0.0, 10.0, 20.0]);
    let grouped = scene.grouped().unwrap();
    for (threshold, expected) in [(0.3, 1.0), (0.5, 1.0), (0.51, 0.0)] {
        let matches = VocMatches::new(&grouped, threshold).unwrap();
        assert_eq!(matches.accumulate(AllPoints, None).unwrap().map, Some(expected), "{threshold}");
    }
    for threshold in [0.0, -0.5, 1.5, f64::NAN] {
        assert!(VocMatches::new(&grouped, threshold).is_err(), "{threshold}");
    }
}
