//! The auxiliary losses of `lcp`: values of torch and torchvision, and values worked out by hand.

use std::collections::BTreeMap;
use std::path::Path;

use secateur_sdk::MatchedBoxes;
use secateur_sdk::prelude::*;

use crate::heads::{Head, Place};
use crate::lcp_config::{Regions, Regression};
use crate::readout::Readout;
use crate::regions::{RegionHead, Terms};

/// Plain RoIAlign of default boxes and classification.
const PLAIN: Terms = Terms {
    context: false,
    regions: Regions::DefaultBoxes,
    regression: None,
    roi_size: 3,
    sampling_ratio: 2,
};
const CONTEXTUAL: Terms = Terms { context: true, ..PLAIN };

fn head(channels: i64, classes: i64, terms: Terms) -> RegionHead {
    let place = Place { node: 0, channels, seed: 5, device: Device::Cpu };
    RegionHead::new(&place, classes, terms).unwrap()
}

fn table<const ROWS: usize, const COLUMNS: usize>(rows: [[f32; COLUMNS]; ROWS]) -> Tensor {
    Tensor::from_slice(rows.as_flattened()).reshape([ROWS as i64, COLUMNS as i64])
}

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.detach().to_kind(Kind::Double).reshape([-1])).unwrap()
}

/// The largest difference over the largest expected magnitude, or the difference itself below one.
#[track_caller]
fn assert_close(found: &Tensor, expected: &Tensor, what: &str) {
    assert_eq!(found.size(), expected.size(), "{what}");
    let difference = (found - expected).abs().max().double_value(&[]);
    let largest = expected.abs().max().double_value(&[]).max(1.0);
    assert!(difference <= 1e-5 * largest, "{what}: {difference} of {largest}");
}

/// What torch and torchvision computed; the script that made it stands beside the file.
struct Golden(BTreeMap<String, Tensor>);

impl Golden {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/lcp/golden.safetensors");
        Self(Tensor::read_safetensors(path).unwrap().into_iter().collect())
    }

    fn get(&self, name: &str) -> Tensor {
        self.0.get(name).unwrap_or_else(|| panic!("there is no golden tensor `{name}`")).copy()
    }

    fn boxes(&self) -> MatchedBoxes {
        MatchedBoxes {
            picture: self.get("input/picture"),
            defaults: self.get("input/defaults"),
            predicted: Some(self.get("input/predicted").set_requires_grad(true)),
            truths: self.get("input/truths"),
            classes: self.get("input/classes"),
        }
    }

    /// A head of three classes with the weights of the file, which has some for four offsets, too.
    fn head(&self, terms: Terms) -> RegionHead {
        let mut head = head(4, 3, terms);
        let outputs = head.readout.bias.size()[0];
        let leaf = |name: &str| self.get(name).set_requires_grad(true);
        head.readout = Readout {
            scale: leaf("head/scale"),
            shift: leaf("head/shift"),
            mean: self.get("head/mean"),
            variance: self.get("head/variance"),
            weight: self.get("head/weight").narrow(0, 0, outputs).set_requires_grad(true),
            bias: self.get("head/bias").narrow(0, 0, outputs).set_requires_grad(true),
        };
        head
    }
}

#[test]
fn losses_and_gradients_of_all_rungs_are_those_of_torchvision() {
    let golden = Golden::read();
    let truths = |terms| Terms { regions: Regions::Truths, ..terms };
    let giou = |regression, m| Terms { regression: Some((regression, m)), ..CONTEXTUAL };
    for (case, terms) in [
        ("roi-align", PLAIN),
        ("roi-align-truths", truths(PLAIN)),
        ("contextual", CONTEXTUAL),
        ("contextual-truths", truths(CONTEXTUAL)),
        ("contextual-giou-detector", giou(Regression::Detector, 1.0)),
        ("contextual-giou-auxiliary", giou(Regression::Auxiliary, 50.0)),
    ] {
        for (mode, train) in [("evaluate", false), ("train", true)] {
            let check = |found: &Tensor, name: &str| {
                let name = format!("{case}/{mode}/{name}");
                assert_close(found, &golden.get(&name), &name);
            };
            let head = golden.head(terms);
            let boxes = golden.boxes();
            let features = golden.get("input/features").set_requires_grad(true);
            check(&head.pool(&features, 72, &boxes).unwrap(), "pooled");
            let loss = head.loss_of(&features, 72, &boxes, train).unwrap();
            check(&loss, "loss");
            loss.backward();
            check(&features.grad(), "features");
            check(&head.readout.scale.grad(), "scale");
            let weight = golden.get(&format!("{case}/{mode}/weight"));
            let outputs = head.readout.bias.size()[0];
            assert_close(&head.readout.weight.grad(), &weight.narrow(0, 0, outputs), case);
            check(&head.readout.mean, "mean");
            check(&head.readout.variance, "variance");
            if matches!(terms.regression, Some((Regression::Detector, _))) {
                check(&boxes.predicted.as_ref().unwrap().grad(), "predicted");
            }
        }
    }
}

#[test]
fn context_adds_exactly_the_features_of_the_enclosing_box() {
    let golden = Golden::read();
    let features = golden.get("input/features");
    let boxes = MatchedBoxes {
        picture: Tensor::from_slice(&[0_i64, 1]),
        defaults: table([[8.0, 8.0, 40.0, 24.0], [0.0, 0.0, 16.0, 16.0]]),
        predicted: None,
        truths: table([[24.0, 4.0, 56.0, 20.0], [32.0, 24.0, 48.0, 48.0]]),
        classes: Tensor::from_slice(&[0_i64, 1]),
    };
    let around = MatchedBoxes {
        picture: boxes.picture.copy(),
        defaults: table([[8.0, 4.0, 56.0, 24.0], [0.0, 0.0, 48.0, 48.0]]),
        predicted: None,
        truths: boxes.truths.copy(),
        classes: boxes.classes.copy(),
    };
    for regions in [Regions::DefaultBoxes, Regions::Truths] {
        let plain = head(4, 3, Terms { regions, ..PLAIN }).pool(&features, 72, &boxes).unwrap();
        let contextual = head(4, 3, Terms { regions, ..CONTEXTUAL }).pool(&features, 72, &boxes).unwrap();
        let context = head(4, 3, PLAIN).pool(&features, 72, &around).unwrap();
        assert_close(&(contextual - plain), &context, "context");
        assert!(context.abs().max().double_value(&[]) > 0.1);
    }
}

/// A head of two classes on one channel that hands its pooled input `x` through: logits `x` and `-x`, for `x` above 0.
fn transparent(terms: Terms) -> RegionHead {
    let mut head = head(1, 2, terms);
    let _guard = tch::no_grad_guard();
    // Cancels what batch norm adds to the variance.
    head.readout.scale = Tensor::from_slice(&[1.00001_f64.sqrt() as f32]);
    let weight = head.readout.weight.zeros_like();
    weight.narrow(0, 0, 2).copy_(&table([[1.0], [-1.0]]));
    head.readout.weight = weight;
    head.readout.bias = head.readout.bias.zeros_like();
    head
}

/// One object of the first class, at 1, 1, 3, 3 in a picture of 16 by 16 pixels; default and predicted box at 0, 0, 2, 2.
fn one_box() -> MatchedBoxes {
    MatchedBoxes {
        picture: Tensor::from_slice(&[0_i64]),
        defaults: table([[0.0, 0.0, 2.0, 2.0]]),
        predicted: Some(table([[0.0, 0.0, 2.0, 2.0]])),
        truths: table([[1.0, 1.0, 3.0, 3.0]]),
        classes: Tensor::from_slice(&[0_i64]),
    }
}

#[test]
fn losses_of_a_flat_picture_are_those_worked_out_by_hand() {
    let features = Tensor::full([1, 1, 8, 8], 0.25, (Kind::Float, Device::Cpu));
    // Logits are 0.25 and -0.25, with context 0.5 and -0.5.
    let plain = 0.5_f64.exp().recip().ln_1p();
    let contextual = 1.0_f64.exp().recip().ln_1p();
    // Intersection 1, union 7, enclosing 9: 1 - (1/7 - 2/9).
    let overlap = 68.0 / 63.0;
    let with = |regression, m| Terms { regression: Some((regression, m)), ..CONTEXTUAL };
    for (terms, expected) in [
        (PLAIN, plain),
        (CONTEXTUAL, contextual),
        (with(Regression::Detector, 1.0), contextual + overlap),
        (with(Regression::Detector, 50.0), contextual + 50.0 * overlap),
        // Offsets of zero are the default box.
        (with(Regression::Auxiliary, 1.0), contextual + overlap),
        (with(Regression::Auxiliary, 0.0), contextual),
    ] {
        let loss = transparent(terms).loss_of(&features, 16, &one_box(), false).unwrap();
        let found = loss.double_value(&[]);
        assert!((found - expected).abs() < 1e-5 * expected, "{terms:?}: {found}, expected {expected}");
    }
}

#[test]
fn losses_are_means_over_boxes() {
    let golden = Golden::read();
    let head = golden.head(Terms { regression: Some((Regression::Detector, 2.0)), ..CONTEXTUAL });
    let features = golden.get("input/features");
    let boxes = golden.boxes();
    let rows = |indices: &[i64]| {
        let indices = Tensor::from_slice(indices);
        let of = |tensor: &Tensor| tensor.index_select(0, &indices);
        MatchedBoxes {
            picture: of(&boxes.picture),
            defaults: of(&boxes.defaults),
            predicted: boxes.predicted.as_ref().map(of),
            truths: of(&boxes.truths),
            classes: of(&boxes.classes),
        }
    };
    let loss =
        |indices: &[i64]| head.loss_of(&features, 72, &rows(indices), false).unwrap().double_value(&[]);
    let alone: f64 = (0..5).map(|index| loss(&[index])).sum();
    let together = loss(&[0, 1, 2, 3, 4]);
    assert!((together - alone / 5.0).abs() < 1e-5, "{together} {alone}");
}

#[test]
fn without_matched_boxes_nothing_is_lost_and_nothing_learned() {
    let golden = Golden::read();
    let none = MatchedBoxes {
        picture: Tensor::zeros([0], (Kind::Int64, Device::Cpu)),
        defaults: Tensor::zeros([0, 4], (Kind::Float, Device::Cpu)),
        predicted: Some(Tensor::zeros([0, 4], (Kind::Float, Device::Cpu))),
        truths: Tensor::zeros([0, 4], (Kind::Float, Device::Cpu)),
        classes: Tensor::zeros([0], (Kind::Int64, Device::Cpu)),
    };
    let features = golden.get("input/features").set_requires_grad(true);
    for regression in [None, Some((Regression::Detector, 1.0)), Some((Regression::Auxiliary, 1.0))] {
        let head = golden.head(Terms { regression, ..CONTEXTUAL });
        let loss = head.loss_of(&features, 72, &none, true).unwrap();
        assert_eq!((loss.size(), values(&loss)), (vec![], vec![0.0]));
        // Beside another loss it changes no gradient.
        (features.sum(Kind::Float) + loss).backward();
        assert_eq!(values(&features.grad()), vec![1.0; 3 * 4 * 6 * 9]);
        let _ = features.grad().zero_();
        assert_eq!(values(&head.readout.mean), values(&golden.get("head/mean")));
        assert_eq!(values(&head.readout.variance), values(&golden.get("head/variance")));
    }
}

#[test]
fn gradients_reach_the_pictures_that_have_objects_and_no_others() {
    let golden = Golden::read();
    for terms in [PLAIN, CONTEXTUAL] {
        let features = golden.get("input/features").set_requires_grad(true);
        golden.head(terms).loss_of(&features, 72, &golden.boxes(), true).unwrap().backward();
        let by_picture = values(&features.grad().abs().amax([1, 2, 3], false));
        assert!(by_picture[0] > 1e-3 && by_picture[1] == 0.0 && by_picture[2] > 1e-3, "{by_picture:?}");
    }
}

#[test]
fn a_single_value_leaves_finite_statistics() {
    let features = Tensor::full([1, 1, 8, 8], 0.25, (Kind::Float, Device::Cpu));
    let head = head(1, 2, Terms { roi_size: 1, ..PLAIN });
    let loss = head.loss_of(&features, 16, &one_box(), true).unwrap();
    assert!(loss.double_value(&[]).is_finite());
    assert_eq!((values(&head.readout.mean), values(&head.readout.variance)), (vec![0.0], vec![1.0]));
}

#[test]
fn only_the_detectors_own_boxes_need_a_whole_pass() {
    let with = |regression| Terms { regression: Some((regression, 1.0)), ..CONTEXTUAL };
    let detector = head(1, 2, with(Regression::Detector));
    assert!(detector.needs_whole_pass());
    for terms in [PLAIN, CONTEXTUAL, with(Regression::Auxiliary)] {
        assert!(!head(1, 2, terms).needs_whole_pass(), "{terms:?}");
    }
    let features = Tensor::full([1, 1, 8, 8], 0.25, (Kind::Float, Device::Cpu));
    let boxes = MatchedBoxes { predicted: None, ..one_box() };
    let refused = detector.loss_of(&features, 16, &boxes, false).unwrap_err();
    assert!(refused.message.contains("predicted boxes"), "{refused}");
}
