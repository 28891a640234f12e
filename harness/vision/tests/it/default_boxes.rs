//! Default boxes.

use secateur_vision::{Clipping, DefaultBoxes, FeatureMap, centre_to_corners};
use tch::{Device, Kind, Tensor};

use crate::support::{Golden, assert_close, table, values};

fn unclipped() -> DefaultBoxes {
    DefaultBoxes { clipping: Clipping::None, ..DefaultBoxes::ssd300() }
}

fn centres(boxes: &DefaultBoxes) -> Tensor {
    boxes.centres(Kind::Double, Device::Cpu).unwrap()
}

fn row(boxes: &Tensor, index: usize) -> Vec<f64> {
    values(&boxes.get(index as i64))
}

#[track_caller]
fn assert_row(boxes: &Tensor, index: usize, expected: [f64; 4]) {
    for (found, expected) in row(boxes, index).into_iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12, "box {index} is {:?}", row(boxes, index));
    }
}

#[test]
fn ssd300_has_8732_boxes_in_the_order_of_its_heads() {
    let ssd = DefaultBoxes::ssd300();
    assert_eq!(ssd.count(), 8732);
    let boxes = centres(&ssd);
    assert_eq!(boxes.size(), [8732, 4]);
    let root = 2.0_f64.sqrt();
    // The first cell of the first map: its centre is half of eight pixels from the edge.
    let (centre, small, large) = (4.0 / 300.0, 21.0 / 300.0, (21.0 * 45.0_f64).sqrt() / 300.0);
    assert_row(&boxes, 0, [centre, centre, small, small]);
    assert_row(&boxes, 1, [centre, centre, large, large]);
    assert_row(&boxes, 2, [centre, centre, small * root, small / root]);
    assert_row(&boxes, 3, [centre, centre, small / root, small * root]);
    // Columns before rows.
    assert_row(&boxes, 4, [12.0 / 300.0, centre, small, small]);
    assert_row(&boxes, 4 * 38, [centre, 12.0 / 300.0, small, small]);
    // The second map begins after 38 times 38 cells of four boxes, and has the ratio of three, too.
    let start = 38 * 38 * 4;
    let root3 = 3.0_f64.sqrt();
    assert_row(&boxes, start, [8.0 / 300.0, 8.0 / 300.0, 0.15, 0.15]);
    assert_row(&boxes, start + 4, [8.0 / 300.0, 8.0 / 300.0, 0.15 * root3, 0.15 / root3]);
    // The last map has one cell; boxes wider or higher than the picture are held to it.
    let large = (261.0 * 315.0_f64).sqrt() / 300.0;
    assert_row(&boxes, 8728, [0.5, 0.5, 0.87, 0.87]);
    assert_row(&boxes, 8729, [0.5, 0.5, large, large]);
    assert_row(&boxes, 8730, [0.5, 0.5, 1.0, 0.87 / root]);
    assert_row(&boxes, 8731, [0.5, 0.5, 0.87 / root, 1.0]);
    assert_row(&centres(&unclipped()), 8731, [0.5, 0.5, 0.87 / root, 0.87 * root]);
}

#[test]
fn boxes_are_those_of_torchvision() {
    let expected = Golden::read().get("default_boxes/every43");
    let boxes = unclipped().corners(Kind::Float, Device::Cpu).unwrap();
    let mut rows: Vec<i64> = (0..8732).step_by(43).collect();
    rows.push(8731);
    assert_close(&boxes.index_select(0, &Tensor::from_slice(&rows)), &expected, 1e-6, "default boxes");
    // A cell further is another box.
    rows.iter_mut().for_each(|row| *row = (*row + 4).min(8731));
    let moved = boxes.index_select(0, &Tensor::from_slice(&rows));
    assert!(crate::support::relative(&moved, &expected) > 0.01);
}

#[test]
fn a_picture_may_be_oblong_and_the_head_layout_fits() {
    let map =
        FeatureMap { cells: [2, 3], step: 100.0, scale: 30.0, next_scale: 60.0, aspect_ratios: vec![4.0] };
    let boxes = DefaultBoxes { picture: [200.0, 300.0], maps: vec![map.clone()], clipping: Clipping::None };
    let found = centres(&boxes);
    assert_row(&found, 0, [1.0 / 6.0, 0.25, 0.1, 0.15]);
    assert_row(&found, 2, [1.0 / 6.0, 0.25, 0.2, 0.075]);
    // A head that answers with its row, column, and kind: in the documented reshape each answer stands at its
    // box.
    let kinds = map.per_cell() as i64;
    let head = Tensor::from_slice(
        &(0..kinds * 4 * 6).map(|at| (at / 24 * 100 + at % 6) as f64).collect::<Vec<f64>>(),
    )
    .reshape([1, kinds * 4, 2, 3]);
    let answers = values(&head.permute([0, 2, 3, 1]).reshape([1, -1, 4]).select(2, 0));
    for (index, answer) in answers.into_iter().enumerate() {
        let (kind, cell) = (answer as usize / 100, answer as usize % 100);
        let [cx, cy, w, h] = row(&found, index).try_into().unwrap();
        let column = (cx * 3.0 - 0.5).round() as usize;
        let line = (cy * 2.0 - 0.5).round() as usize;
        assert_eq!(cell, line * 3 + column, "box {index}");
        let size = row(&found, kind);
        assert_eq!([w, h], [size[2], size[3]], "box {index}");
    }
}

#[test]
fn clipping_is_of_centre_and_size_or_of_corners() {
    let corners = |clipping| {
        let boxes = DefaultBoxes { clipping, ..DefaultBoxes::ssd300() };
        (centres(&boxes), boxes.corners(Kind::Double, Device::Cpu).unwrap())
    };
    let (free, free_corners) = corners(Clipping::None);
    let (held, held_corners) = corners(Clipping::CentreAndSize);
    let (cut, cut_corners) = corners(Clipping::Corners);
    assert_eq!(held, free.clamp(0.0, 1.0));
    assert_eq!(cut_corners, free_corners.clamp(0.0, 1.0));
    for (centres, corners) in [(&free, &free_corners), (&held, &held_corners), (&cut, &cut_corners)] {
        assert_close(&centre_to_corners(centres).unwrap(), corners, 1e-14, "both forms");
    }
    // The largest map's first box reaches over the edge.
    assert!(held_corners.double_value(&[0, 0]) < 0.0 && cut_corners.double_value(&[0, 0]) == 0.0);
    assert_eq!(table([[1.0]]).double_value(&[0, 0]), free.select(1, 0).ge(0.0).all().double_value(&[]));
}
