//! Areas, overlaps and forms.

use proptest::prelude::*;
use secateur_vision::{
    area, centre_to_corners, clip, corners_to_centre, corners_to_origin, enclosing, giou_loss,
    origin_to_corners, paired_giou, paired_iou, pairwise_giou, pairwise_iou,
};
use tch::{Kind, Tensor};

use crate::support::{Golden, KINDS, assert_close, assert_gradient, table, values};

#[test]
fn overlaps_are_those_of_torchvision() {
    let golden = Golden::read();
    for (name, kind, tolerance) in KINDS {
        let get = |tensor: &str| golden.get(&format!("overlap/{tensor}")).to_kind(kind);
        let (first, second) = (get("first"), get("second"));
        let expected = |tensor: &str| golden.get(&format!("overlap/{tensor}/{name}"));
        assert_close(&pairwise_iou(&first, &second).unwrap(), &expected("iou"), tolerance, "IoU");
        assert_close(&pairwise_giou(&first, &second).unwrap(), &expected("giou"), tolerance, "GIoU");

        let predicted = get("predicted").set_requires_grad(true);
        let loss = giou_loss(&predicted, &get("truth")).unwrap();
        assert_close(&loss, &expected("loss"), tolerance, "loss");
        loss.sum(kind).backward();
        assert_close(&predicted.grad(), &expected("loss_gradient"), tolerance, "gradient of the loss");
    }
}

#[test]
fn golden_overlaps_tell_a_box_that_is_a_pixel_off() {
    let golden = Golden::read();
    let first = golden.get("overlap/first");
    let second = golden.get("overlap/second") + 1.0;
    for (found, name) in [
        (pairwise_iou(&first, &second), "overlap/iou/f64"),
        (pairwise_giou(&first, &second), "overlap/giou/f64"),
    ] {
        assert!(crate::support::relative(&found.unwrap(), &golden.get(name)) > 0.01, "{name}");
    }
}

/// Two squares of side 2 that share a square of side 1: IoU 1/7; the enclosing square of area 9 has 2 that
/// neither covers. And two unit squares a unit apart: nothing shared, an enclosing 3 by 1 with a third empty.
#[test]
fn overlaps_by_hand() {
    let a = table([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 1.0, 1.0]]);
    let b = table([[1.0, 1.0, 3.0, 3.0], [2.0, 0.0, 3.0, 1.0]]);
    assert_eq!(values(&area(&(&a * 3.0)).unwrap()), [36.0, 9.0]);
    assert_eq!(values(&paired_iou(&a, &b).unwrap()), [1.0 / 7.0, 0.0]);
    assert_eq!(values(&paired_giou(&a, &b).unwrap()), [1.0 / 7.0 - 2.0 / 9.0, -1.0 / 3.0]);
    assert_eq!(values(&enclosing(&a, &b).unwrap()), [0.0, 0.0, 3.0, 3.0, 0.0, 0.0, 3.0, 1.0]);
    let pairs = pairwise_iou(&a, &b).unwrap();
    assert_eq!(values(&pairs), [1.0 / 7.0, 0.0, 0.0, 0.0]);
}

#[test]
fn lists_of_boxes_may_have_a_batch() {
    let a = table([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 1.0, 1.0], [5.0, 5.0, 9.0, 7.0]]);
    let b = table([[1.0, 1.0, 3.0, 3.0], [2.0, 0.0, 3.0, 1.0]]);
    let batch = Tensor::stack(&[&a, &(&a + 0.5)], 0);
    let found = pairwise_giou(&batch, &b).unwrap();
    assert_eq!(found.size(), [2, 3, 2]);
    assert_eq!(found.get(1), pairwise_giou(&(&a + 0.5), &b).unwrap());
}

#[test]
fn the_gradient_of_giou_is_that_of_finite_differences() {
    // Overlapping, nested both ways, apart; nowhere at a kink.
    let truth = table([[1.0, 1.0, 5.0, 4.0]; 4]);
    let predicted =
        table([[2.1, 0.3, 6.2, 3.4], [2.1, 1.7, 3.3, 3.1], [0.2, 0.4, 7.3, 5.6], [8.3, 9.1, 10.2, 12.3]]);
    assert_gradient(&predicted, 1e-7, |boxes| giou_loss(boxes, &truth).unwrap().sum(Kind::Double));
    assert_gradient(&predicted, 1e-7, |boxes| {
        let weights = Tensor::from_slice(&[1.0, -2.0, 3.0, 4.0]);
        (paired_giou(boxes, &truth).unwrap() * weights).sum(Kind::Double)
    });
    // Towards the truth: a box to the lower right of it is pulled to the upper left.
    let leaf = table([[8.3, 9.1, 10.2, 12.3]]).set_requires_grad(true);
    giou_loss(&leaf, &truth.narrow(0, 0, 1)).unwrap().sum(Kind::Double).backward();
    assert!(values(&leaf.grad()).into_iter().sum::<f64>() > 0.0);
}

/// The IoU of boxes that touch grows in one direction only; like that of boxes apart, it has no gradient.
#[test]
fn boxes_that_only_touch_pull_at_nothing() {
    let boxes = table([[0.0, 0.0, 2.0, 2.0], [0.0, 2.0, 2.0, 4.0]]).set_requires_grad(true);
    let truth = table([[2.0, 0.0, 4.0, 2.0], [0.0, 0.0, 2.0, 2.0]]);
    paired_iou(&boxes, &truth).unwrap().sum(Kind::Double).backward();
    assert_eq!(values(&boxes.grad()), [0.0; 8]);
}

#[test]
fn boxes_without_an_area_have_a_finite_loss() {
    let point = table([[2.0, 2.0, 2.0, 2.0]]).set_requires_grad(true);
    let loss = giou_loss(&point, &table([[2.0, 2.0, 2.0, 2.0]])).unwrap();
    assert_eq!(values(&loss), [1.0]);
    loss.sum(Kind::Double).backward();
    assert!(values(&point.grad()).iter().all(|value| value.is_finite()));
}

#[test]
fn clipping_cuts_at_the_edges() {
    let boxes = table([[-3.0, 2.0, 50.0, 9.0], [1.0, -8.0, 2.0, -1.0], [3.0, 4.0, 5.0, 6.0]]);
    let expected = table([[0.0, 2.0, 40.0, 9.0], [1.0, 0.0, 2.0, 0.0], [3.0, 4.0, 5.0, 6.0]]);
    assert_eq!(clip(&boxes, 30.0, 40.0).unwrap(), expected);
}

#[test]
fn forms_by_hand() {
    let corners = table([[2.0, 3.0, 8.0, 13.0]]);
    assert_eq!(values(&corners_to_centre(&corners).unwrap()), [5.0, 8.0, 6.0, 10.0]);
    assert_eq!(values(&corners_to_origin(&corners).unwrap()), [2.0, 3.0, 6.0, 10.0]);
}

proptest! {
    #[test]
    fn forms_are_inverse_to_each_other(numbers in prop::collection::vec(-100.0..100.0_f64, 4 * 6)) {
        let boxes = Tensor::from_slice(&numbers).reshape([2, 3, 4]);
        for (there, back) in [
            (corners_to_centre as fn(&Tensor) -> _, centre_to_corners as fn(&Tensor) -> _),
            (centre_to_corners, corners_to_centre),
            (corners_to_origin, origin_to_corners),
            (origin_to_corners, corners_to_origin),
        ] {
            assert_close(&back(&there(&boxes).unwrap()).unwrap(), &boxes, 1e-14, "there and back");
        }
    }

    #[test]
    fn giou_is_at_most_iou_and_both_are_symmetric(numbers in prop::collection::vec(0.1..20.0_f64, 8)) {
        let boxes = Tensor::from_slice(&numbers).reshape([2, 4]);
        let [a, b] = [0, 1].map(|row| origin_to_corners(&boxes.narrow(0, row, 1)).unwrap());
        let number = |tensor: secateur_vision::Result<Tensor>| tensor.unwrap().double_value(&[0]);
        let (iou, giou) = (number(paired_iou(&a, &b)), number(paired_giou(&a, &b)));
        // Of nested boxes both are the same but for rounding.
        prop_assert!((0.0..=1.0).contains(&iou) && giou <= iou + 1e-12 && giou > -1.0, "{iou} {giou}");
        prop_assert_eq!(iou, number(paired_iou(&b, &a)));
        prop_assert_eq!(giou, number(paired_giou(&b, &a)));
        prop_assert!((number(paired_giou(&a, &a)) - 1.0).abs() < 1e-12);
        // In pixels the loss's epsilon is not seen.
        prop_assert!((1.0 - number(giou_loss(&a, &b)) - giou).abs() < 1e-4);
        // Neither depends on where the origin is or on the unit.
        let moved = number(paired_giou(&(&a * 7.0 + 3.0), &(&b * 7.0 + 3.0)));
        prop_assert!((moved - giou).abs() < 1e-9);
    }
}
