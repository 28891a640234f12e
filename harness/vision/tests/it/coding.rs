//! Box coding.

use proptest::prelude::*;
use secateur_vision::{BoxCoder, centre_to_corners, corners_to_centre};
use tch::{Kind, Tensor};

use crate::support::{Golden, KINDS, assert_close, assert_gradient, table, values};

#[test]
fn codes_are_those_of_torchvision() {
    let golden = Golden::read();
    for (name, _, tolerance) in KINDS {
        let get = |tensor: &str| golden.get(&format!("coding/{tensor}/{name}"));
        let defaults = corners_to_centre(&get("defaults")).unwrap();
        let coder = BoxCoder::default();
        let codes = coder.encode(&get("boxes"), &defaults).unwrap();
        assert_close(&codes, &get("codes"), 2.0 * tolerance, "codes");
        assert_close(&coder.decode(&(codes * 0.5), &defaults).unwrap(), &get("decoded"), tolerance, "boxes");
    }
}

/// A box whose centre is a tenth of the default box's width to the right and a twentieth of its height up,
/// twice as wide and half as high.
#[test]
fn codes_by_hand() {
    let defaults = table([[0.5, 0.5, 0.2, 0.4]]);
    let truth = centre_to_corners(&table([[0.52, 0.48, 0.4, 0.2]])).unwrap();
    let codes = BoxCoder::default().encode(&truth, &defaults).unwrap();
    let double = 2.0_f64.ln() / 0.2;
    assert_close(&codes, &table([[1.0, -0.5, double, -double]]), 1e-12, "codes");
    let zero =
        BoxCoder::default().decode(&Tensor::zeros([1, 4], (Kind::Double, tch::Device::Cpu)), &defaults);
    assert_close(&zero.unwrap(), &table([[0.4, 0.3, 0.6, 0.7]]), 1e-12, "the default box itself");
}

#[test]
fn the_gradient_of_decoding_is_that_of_finite_differences() {
    let defaults = table([[0.5, 0.5, 0.2, 0.4], [0.1, 0.9, 0.3, 0.2]]);
    let offsets = table([[0.3, -0.7, 1.1, -0.2], [-2.0, 0.4, 0.1, 0.9]]);
    let weights = table([[1.0, 2.0, -3.0, 0.5], [0.7, -0.4, 2.0, 1.5]]);
    assert_gradient(&offsets, 1e-7, |offsets| {
        (BoxCoder::default().decode(offsets, &defaults).unwrap() * &weights).sum(Kind::Double)
    });
}

proptest! {
    #[test]
    fn encoding_and_decoding_are_inverse_to_each_other(
        numbers in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64, 0.01..1.0_f64, 0.01..1.0_f64), 10),
        centre_variance in 0.01..1.0_f64,
        size_variance in 0.01..1.0_f64,
    ) {
        let numbers: Vec<f64> = numbers.into_iter().flat_map(|(x, y, w, h)| [x, y, w, h]).collect();
        let boxes = Tensor::from_slice(&numbers).reshape([2, 5, 4]);
        let (truths, defaults) = (centre_to_corners(&boxes.get(0)).unwrap(), boxes.get(1));
        let coder = BoxCoder { centre_variance, size_variance };
        let codes = coder.encode(&truths, &defaults).unwrap();
        assert_close(&coder.decode(&codes, &defaults).unwrap(), &truths, 1e-12, "boxes");
        let again = coder.encode(&coder.decode(&codes, &defaults).unwrap(), &defaults).unwrap();
        assert_close(&again, &codes, 1e-9, "codes");
        // A list of defaults goes with pictures of that many boxes.
        let two = coder.encode(&Tensor::stack(&[&truths, &truths], 0), &defaults).unwrap();
        prop_assert_eq!(values(&two.get(1)), values(&codes));
    }
}
