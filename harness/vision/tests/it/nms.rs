//! Non-maximum suppression.

use proptest::prelude::*;
use secateur_vision::{batched_nms, nms, origin_to_corners, paired_iou};
use tch::{Kind, Tensor};

use crate::support::{Golden, KINDS, integers, table};

#[test]
fn what_stays_is_what_torchvision_keeps_in_the_same_order() {
    let golden = Golden::read();
    for case in ["few", "many"] {
        let get = |tensor: &str| golden.get(&format!("nms/{case}/{tensor}"));
        for (name, kind, _) in KINDS {
            let (boxes, scores) = (get("boxes").to_kind(kind), get("scores").to_kind(kind));
            for percent in [30, 50, 75] {
                let threshold = f64::from(percent) / 100.0;
                let found = nms(&boxes, &scores, threshold).unwrap();
                let expected = get(&format!("kept{percent}/{name}"));
                assert_eq!(integers(&found), integers(&expected), "{case}, {name}, {percent} %");
                let found = batched_nms(&boxes, &scores, &get("classes"), threshold).unwrap();
                let expected = get(&format!("kept_by_class{percent}/{name}"));
                assert_eq!(integers(&found), integers(&expected), "{case} by class, {name}, {percent} %");
            }
        }
    }
}

#[test]
fn golden_suppression_tells_a_box_that_is_a_pixel_off() {
    let golden = Golden::read();
    let (boxes, scores) = (golden.get("nms/few/boxes"), golden.get("nms/few/scores"));
    let moved = boxes + Tensor::from_slice(&[0.0_f32, 0.0, 1.0, 0.0]);
    let found = nms(&moved, &scores, 0.5).unwrap();
    assert_ne!(integers(&found), integers(&golden.get("nms/few/kept50/f32")));
}

/// An IoU equal to the threshold does not suppress, but in f32 a third is rounded up, which is above a third.
#[test]
fn overlaps_at_the_threshold_end_as_in_torchvision() {
    let golden = Golden::read();
    for (name, kind, _) in KINDS {
        let boxes = golden.get("nms/exact/boxes").to_kind(kind);
        let scores = golden.get("nms/exact/scores").to_kind(kind);
        for (case, threshold) in [("half", 1.0 / 2.0), ("third", 1.0 / 3.0), ("two_thirds", 2.0 / 3.0)] {
            let found = nms(&boxes, &scores, threshold).unwrap();
            let expected = golden.get(&format!("nms/exact/{case}/{name}"));
            assert_eq!(integers(&found), integers(&expected), "{case}, {name}");
        }
    }
    // Half of the first box has an IoU of exactly one half with it.
    let boxes = table([[0.0, 0.0, 2.0, 1.0], [0.0, 0.0, 1.0, 1.0]]);
    let scores = Tensor::from_slice(&[2.0, 1.0]);
    assert_eq!(integers(&nms(&boxes, &scores, 0.5).unwrap()), [0, 1]);
    assert_eq!(integers(&nms(&boxes, &scores, 0.4999).unwrap()), [0]);
}

#[test]
fn of_equal_scores_the_first_stays() {
    let boxes = table([[0.0, 0.0, 4.0, 4.0]; 4]);
    let scores = Tensor::from_slice(&[1.0, 2.0, 2.0, 1.0]);
    assert_eq!(integers(&nms(&boxes, &scores, 0.5).unwrap()), [1]);
    let classes = Tensor::from_slice(&[5_i64, -3, 5, 7]);
    assert_eq!(integers(&batched_nms(&boxes, &scores, &classes, 0.5).unwrap()), [1, 2, 3]);
    // Minus zero and zero are one score.
    let scores = Tensor::from_slice(&[-0.0, 0.0, -1.0, -2.0]);
    assert_eq!(integers(&nms(&boxes, &scores, 0.5).unwrap()), [0]);
}

#[test]
fn nothing_and_boxes_without_area_are_no_problem() {
    let none = Tensor::zeros([0, 4], (Kind::Float, tch::Device::Cpu));
    let scores = Tensor::zeros([0], (Kind::Float, tch::Device::Cpu));
    assert_eq!(nms(&none, &scores, 0.5).unwrap().size(), [0]);
    let points = table([[1.0; 4], [1.0; 4], [f64::NAN; 4]]);
    assert_eq!(integers(&nms(&points, &Tensor::from_slice(&[1.0, 2.0, 3.0]), 0.5).unwrap()), [2, 1, 0]);
}

/// The definition: a box stays unless one that stays, has its class, and comes before it overlaps it too
/// much.
fn by_definition(boxes: &Tensor, scores: &[f64], classes: &[i64], threshold: f64) -> Vec<i64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let mut kept: Vec<i64> = Vec::new();
    for index in order {
        let suppressed = kept.iter().any(|other| {
            let iou = paired_iou(&boxes.get(*other), &boxes.get(index as i64)).unwrap().double_value(&[]);
            classes[*other as usize] == classes[index] && iou > threshold
        });
        if !suppressed {
            kept.push(index as i64);
        }
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_stays_is_what_the_definition_says(
        boxes in prop::collection::vec((0..6_u8, 0..6_u8, 1..5_u8, 1..5_u8, 0..5_u8, 0..3_i64), 0..25),
        threshold in 0.0..=1.0_f64,
    ) {
        let numbers: Vec<f64> =
            boxes.iter().flat_map(|(x, y, w, h, _, _)| [*x, *y, *w, *h]).map(f64::from).collect();
        let corners = origin_to_corners(&Tensor::from_slice(&numbers).reshape([-1, 4])).unwrap();
        let scores: Vec<f64> = boxes.iter().map(|(.., score, _)| f64::from(*score)).collect();
        let classes: Vec<i64> = boxes.iter().map(|(.., class)| *class).collect();
        let (score, class) = (Tensor::from_slice(&scores), Tensor::from_slice(&classes));
        let found = batched_nms(&corners, &score, &class, threshold).unwrap();
        prop_assert_eq!(integers(&found), by_definition(&corners, &scores, &classes, threshold));
        let found = nms(&corners, &score, threshold).unwrap();
        prop_assert_eq!(integers(&found), by_definition(&corners, &scores, &vec![0; scores.len()], threshold));
    }
}
