//! Bad input ends in an error that says what is wrong.

use secateur_vision::{
    BoxCoder, Clipping, DefaultBoxes, RoiAlign, area, batched_nms, centre_to_corners, contextual_roi_align,
    giou_loss, match_boxes, nms, pairwise_iou, regions, roi_align,
};
use tch::{Device, Kind, Tensor};

use crate::support::{noise, table};

#[track_caller]
fn refused<T>(result: secateur_vision::Result<T>, parts: &[&str]) {
    let error = result.err().expect("an error").to_string();
    for part in parts {
        assert!(error.contains(part), "`{error}` does not say `{part}`");
    }
}

fn zeros(shape: &[i64], kind: Kind) -> Tensor {
    Tensor::zeros(shape, (kind, Device::Cpu))
}

#[test]
fn what_is_not_boxes() {
    refused(area(&zeros(&[3, 5], Kind::Float)), &["boxes", "[3, 5]", "[.., 4]"]);
    refused(centre_to_corners(&zeros(&[], Kind::Float)), &["boxes", "[.., 4]"]);
    refused(area(&zeros(&[3, 4], Kind::Int64)), &["Int64", "f32 or f64", "to_kind"]);
    refused(
        pairwise_iou(&zeros(&[4], Kind::Float), &zeros(&[2, 4], Kind::Float)),
        &["the first boxes", "[4]"],
    );
    refused(giou_loss(&zeros(&[3, 4], Kind::Float), &zeros(&[2, 4], Kind::Float)), &["libtorch failed"]);
    let coder = BoxCoder::default();
    refused(coder.decode(&zeros(&[2, 3], Kind::Float), &zeros(&[2, 4], Kind::Float)), &["offsets", "[2, 3]"]);
}

const HOW: RoiAlign = RoiAlign { output: [2, 2], spatial_scale: 1.0, sampling_ratio: 2, aligned: true };

#[test]
fn what_cannot_be_pooled() {
    let features = noise(1, &[2, 3, 4, 5]);
    let region = table([[0.0, 1.0, 1.0, 3.0, 3.0]]);
    let with = |how: RoiAlign| roi_align(&features, &region, &how);
    refused(with(RoiAlign { output: [2, 0], ..HOW }), &["columns of the output", "0", "at least 1"]);
    refused(with(RoiAlign { spatial_scale: 0.0, ..HOW }), &["spatial scale", "positive"]);
    refused(with(RoiAlign { spatial_scale: f64::NAN, ..HOW }), &["spatial scale", "NaN"]);
    refused(roi_align(&features.get(0), &region, &HOW), &["features", "[3, 4, 5]", "[n, c, h, w]"]);
    refused(roi_align(&zeros(&[2, 3, 0, 5], Kind::Float), &region, &HOW), &["features", "one cell"]);
    refused(roi_align(&features.to_kind(Kind::Half), &region, &HOW), &["features", "Half", "f32 or f64"]);
    refused(roi_align(&features, &region.narrow(1, 1, 4), &HOW), &["regions", "[1, 4]", "[k, 5]"]);
    for picture in [2.0, -1.0, f64::NAN] {
        let region = table([[picture, 1.0, 1.0, 3.0, 3.0]]);
        refused(roi_align(&features, &region, &HOW), &["picture", "not there"]);
    }
    let endless = table([[0.0, 0.0, 0.0, 3.0, 1e9]]);
    assert!(roi_align(&features, &endless, &HOW).is_ok());
    refused(
        roi_align(&features, &endless, &RoiAlign { sampling_ratio: 0, ..HOW }),
        &["samples", "4096", "clip"],
    );
    let (boxes, pictures) = (zeros(&[3, 4], Kind::Float), zeros(&[2], Kind::Int64));
    refused(regions(&pictures, &boxes), &["positions of pictures", "[2]", "[3]"]);
    let boxes = boxes.to_kind(Kind::Double);
    refused(contextual_roi_align(&features, &pictures, &boxes, &boxes, &HOW), &["positions of pictures"]);
}

#[test]
fn what_cannot_be_suppressed() {
    let (boxes, scores) = (noise(1, &[3, 4]), noise(2, &[3]));
    refused(nms(&boxes, &scores, 1.5), &["threshold", "1.5"]);
    refused(nms(&boxes, &scores, f64::NAN), &["threshold", "NaN"]);
    refused(nms(&boxes.narrow(1, 0, 3), &scores, 0.5), &["boxes", "[3, 3]"]);
    refused(nms(&boxes, &scores.narrow(0, 0, 2), 0.5), &["scores", "[2]", "[3]"]);
    refused(nms(&boxes, &scores.to_kind(Kind::Float), 0.5), &["scores", "Float"]);
    refused(nms(&boxes, &Tensor::from_slice(&[0.0, f64::NAN, 1.0]), 0.5), &["score 1", "NaN"]);
    refused(batched_nms(&boxes, &scores, &scores, 0.5), &["classes", "Double", "i64"]);
    refused(batched_nms(&boxes, &scores, &zeros(&[4], Kind::Int64), 0.5), &["classes", "[4]", "[3]"]);
}

#[test]
fn what_cannot_be_matched() {
    let (defaults, truths) = (noise(1, &[5, 4]), noise(2, &[2, 3, 4]));
    let counts = Tensor::from_slice(&[3_i64, 1]);
    refused(match_boxes(&truths, &truths, &counts, 0.5), &["default boxes", "[m, 4]"]);
    refused(match_boxes(&defaults, &defaults, &counts, 0.5), &["truths", "[n, t, 4]"]);
    refused(match_boxes(&defaults, &truths, &counts.narrow(0, 0, 1), 0.5), &["counts", "[1]", "[2]"]);
    refused(match_boxes(&defaults, &truths, &counts.to_kind(Kind::Int), 0.5), &["counts", "Int", "i64"]);
    refused(match_boxes(&defaults, &truths, &counts, -0.1), &["threshold", "-0.1"]);
    let matches = match_boxes(&defaults, &truths, &counts, 0.5).unwrap();
    refused(matches.boxes(&truths.narrow(1, 0, 0)), &["truths", "t > 0"]);
    refused(matches.boxes(&truths.narrow(0, 0, 1)), &["truths", "[2, t, 4]"]);
    refused(matches.classes(&zeros(&[1, 3], Kind::Int64), 0), &["classes", "[2, t]"]);
    refused(matches.classes(&zeros(&[2, 3], Kind::Float), 0), &["classes", "i64"]);
}

#[test]
fn default_boxes_without_measures() {
    let made = |change: fn(&mut DefaultBoxes)| {
        let mut boxes = DefaultBoxes::ssd300();
        change(&mut boxes);
        boxes.corners(Kind::Float, Device::Cpu)
    };
    refused(made(|boxes| boxes.picture[1] = 0.0), &["width", "0", "positive"]);
    refused(made(|boxes| boxes.maps[2].step = -1.0), &["step of feature map 2", "-1"]);
    refused(made(|boxes| boxes.maps[5].next_scale = f64::INFINITY), &["next scale of feature map 5", "inf"]);
    refused(
        made(|boxes| boxes.maps[1].aspect_ratios[1] = f64::NAN),
        &["aspect ratio of feature map 1", "NaN"],
    );
    refused(DefaultBoxes::ssd300().centres(Kind::Int64, Device::Cpu), &["default boxes", "Int64"]);
    let none = DefaultBoxes { picture: [1.0, 1.0], maps: Vec::new(), clipping: Clipping::Corners };
    assert_eq!(none.centres(Kind::Float, Device::Cpu).unwrap().size(), [0, 4]);
}
