//! Matching of default boxes to objects.

use proptest::prelude::*;
use secateur_vision::{Clipping, DefaultBoxes, match_boxes, origin_to_corners};
use tch::{Device, Kind, Tensor};

use crate::support::{Golden, integers, table, values};

/// Three defaults: a large square, a small one in its corner, and one far away.
fn defaults() -> Tensor {
    table([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 4.0, 4.0], [20.0, 20.0, 30.0, 30.0]])
}

fn matched(truths: &Tensor, counts: &[i64]) -> Vec<i64> {
    integers(&match_boxes(&defaults(), truths, &Tensor::from_slice(counts), 0.5).unwrap().truth)
}

#[test]
fn an_object_gets_its_best_default_however_bad() {
    // A tenth of the large square and of nothing else: below the threshold, and still matched.
    let truth = table([[6.0, 6.0, 10.0, 8.5]]).unsqueeze(0);
    assert_eq!(matched(&truth, &[1]), [0, -1, -1]);
}

#[test]
fn a_default_above_the_threshold_gets_its_best_object() {
    // IoU 0.9 and 0.81 with the large square: one object must have it as its best, the other overlaps nothing
    // else.
    let truths = table([[0.0, 0.0, 10.0, 9.0], [0.0, 0.0, 4.0, 3.0]]).unsqueeze(0);
    // The small square has 0.75 with the second object and 16/90 with the first.
    assert_eq!(matched(&truths, &[2]), [0, 1, -1]);
    // One object may have several defaults, but half is not above a half.
    let truth = table([[0.0, 0.0, 10.0, 5.0]]).unsqueeze(0);
    let defaults = table([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 5.0], [0.0, 0.0, 10.0, 6.0]]);
    let counts = Tensor::from_slice(&[1_i64]);
    assert_eq!(integers(&match_boxes(&defaults, &truth, &counts, 0.5).unwrap().truth), [-1, 0, 0]);
    // 30/100 with the large square and 16/30 with the small one, which is the best.
    let truth = table([[0.0, 0.0, 6.0, 5.0]]).unsqueeze(0);
    assert_eq!(matched(&truth, &[1]), [-1, 0, -1]);
}

#[test]
fn a_default_that_is_the_best_of_two_goes_to_the_last() {
    let truths = table([[20.0, 20.0, 30.0, 30.0], [20.0, 20.0, 30.0, 24.0]]).unsqueeze(0);
    assert_eq!(matched(&truths, &[2]), [-1, -1, 1]);
    assert_eq!(matched(&truths.flip([1]), &[2]), [-1, -1, 1]);
    // A claim counts more than another object's higher IoU.
    let truths = table([[0.0, 0.0, 9.0, 10.0], [5.0, 5.0, 12.0, 12.0]]).unsqueeze(0);
    assert_eq!(matched(&truths, &[2]), [1, -1, -1]);
}

#[test]
fn padding_and_objects_that_overlap_nothing_get_no_default() {
    let truths = table([[20.0, 20.0, 30.0, 30.0], [0.0, 0.0, 10.0, 10.0]]).unsqueeze(0);
    assert_eq!(matched(&truths, &[1]), [-1, -1, 0]);
    assert_eq!(matched(&truths, &[0]), [-1, -1, -1]);
    let nowhere =
        table([[50.0, 50.0, 60.0, 60.0], [f64::NAN, 0.0, 1.0, 1.0], [3.0, 3.0, 3.0, 3.0]]).unsqueeze(0);
    assert_eq!(matched(&nowhere, &[3]), [-1, -1, -1]);
    let none = Tensor::zeros([2, 0, 4], (Kind::Double, Device::Cpu));
    assert_eq!(matched(&none, &[0, 0]), [-1; 6]);
}

#[test]
fn matches_bring_classes_and_boxes() {
    let truths = table([[20.0, 20.0, 30.0, 30.0], [0.0, 0.0, 10.0, 10.0]]).unsqueeze(0);
    let matches = match_boxes(&defaults(), &truths, &Tensor::from_slice(&[2_i64]), 0.5).unwrap();
    let classes = Tensor::from_slice(&[7_i64, 9]).unsqueeze(0);
    assert_eq!(integers(&matches.classes(&classes, 0).unwrap()), [9, 0, 7]);
    assert_eq!(integers(&matches.positive().unwrap()), [1, 0, 1]);
    let boxes = matches.boxes(&truths).unwrap();
    assert_eq!(values(&boxes.get(0).get(0)), [0.0, 0.0, 10.0, 10.0]);
    assert_eq!(values(&boxes.get(0).get(2)), [20.0, 20.0, 30.0, 30.0]);
    // Pictures without objects have classes, too.
    let none = Tensor::zeros([1, 0, 4], (Kind::Double, Device::Cpu));
    let matches = match_boxes(&defaults(), &none, &Tensor::from_slice(&[0_i64]), 0.5).unwrap();
    let classes = Tensor::zeros([1, 0], (Kind::Int64, Device::Cpu));
    assert_eq!(integers(&matches.classes(&classes, 80).unwrap()), [80, 80, 80]);
}

#[test]
fn ssd300_matches_as_torchvision_does() {
    let golden = Golden::read();
    let defaults = DefaultBoxes { clipping: Clipping::None, ..DefaultBoxes::ssd300() };
    // Rounded as in the script, so that boxes of equal overlap are that whatever the last bits of a
    // generator.
    let defaults = (defaults.corners(Kind::Float, Device::Cpu).unwrap() * 1024.0).round() / 1024.0;
    let (truths, counts) = (golden.get("matching/truths"), golden.get("matching/counts"));
    let matches = match_boxes(&defaults, &truths, &counts, 0.5).unwrap();
    for picture in 0..4 {
        let found = integers(&matches.truth.get(picture));
        let positive = found.iter().enumerate().filter(|(_, truth)| **truth >= 0);
        let found: Vec<i64> = positive.flat_map(|(default, truth)| [default as i64, *truth]).collect();
        let expected = golden.find(&format!("matching/{picture}"));
        assert_eq!(
            found,
            expected.map(|expected| integers(&expected)).unwrap_or_default(),
            "picture {picture}"
        );
    }
}

fn iou(a: &[f64], b: &[f64]) -> f64 {
    let width = (a[2].min(b[2]) - a[0].max(b[0])).max(0.0);
    let height = (a[3].min(b[3]) - a[1].max(b[1])).max(0.0);
    let area = |x: &[f64]| (x[2] - x[0]) * (x[3] - x[1]);
    width * height / (area(a) + area(b) - width * height)
}

/// The two steps of the documentation, object by object and default by default.
fn brute_force(defaults: &[f64], truths: &[f64], threshold: f64) -> Vec<i64> {
    let (defaults, truths): (Vec<_>, Vec<_>) = (defaults.chunks(4).collect(), truths.chunks(4).collect());
    let best = |of: &[f64], among: &[&[f64]]| {
        let mut best: Option<(usize, f64)> = None;
        for (index, other) in among.iter().enumerate() {
            let iou = iou(of, other);
            if iou > best.map_or(0.0, |best| best.1) {
                best = Some((index, iou));
            }
        }
        best
    };
    let mut matched: Vec<i64> = defaults
        .iter()
        .map(|default| {
            best(default, &truths).filter(|best| best.1 > threshold).map_or(-1, |best| best.0 as i64)
        })
        .collect();
    for (index, truth) in truths.iter().enumerate() {
        if let Some((default, _)) = best(truth, &defaults) {
            matched[default] = index as i64;
        }
    }
    matched
}

/// Boxes on a coarse grid, so that equal overlaps and shared bests are common.
fn boxes(count: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<f64>> {
    let number = |range: std::ops::Range<u8>| range.prop_map(f64::from);
    prop::collection::vec((number(0..8), number(0..8), number(1..5), number(1..5)), count)
        .prop_map(|boxes| boxes.into_iter().flat_map(|(x, y, w, h)| [x, y, w, h]).collect())
}

proptest! {
    #[test]
    fn matching_is_what_brute_force_finds(
        defaults in boxes(1..20),
        pictures in prop::collection::vec(boxes(0..6), 1..4),
        threshold in 0.2..0.7_f64,
    ) {
        let corners = |numbers: &[f64]| {
            origin_to_corners(&Tensor::from_slice(numbers).reshape([-1, 4])).unwrap()
        };
        let most = pictures.iter().map(|boxes| boxes.len() / 4).max().unwrap_or(0);
        let padded: Vec<f64> = pictures
            .iter()
            .flat_map(|boxes| boxes.iter().copied().chain(std::iter::repeat(3.0)).take(4 * most))
            .collect();
        let truths = origin_to_corners(
            &Tensor::from_slice(&padded).reshape([pictures.len() as i64, most as i64, 4])
        ).unwrap();
        let counts: Vec<i64> = pictures.iter().map(|boxes| boxes.len() as i64 / 4).collect();
        let defaults = corners(&defaults);
        let found = match_boxes(&defaults, &truths, &Tensor::from_slice(&counts), threshold).unwrap().truth;
        for (picture, boxes) in pictures.iter().enumerate() {
            let expected = brute_force(&values(&defaults), &values(&corners(boxes)), threshold);
            prop_assert_eq!(integers(&found.get(picture as i64)), expected, "picture {}", picture);
        }
    }
}
