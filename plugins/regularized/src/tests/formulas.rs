//! Gradients worked out by hand, and the schedules.

use secateur_sdk::prelude::*;

use crate::dnw::largest_straight_through;
use crate::phases::{Change, Phases};
use crate::soft_threshold::{margin, parameter_of, soft_threshold};
use crate::steering::{Steering, factor};

const PAPER: Phases = Phases {
    warmup: 0.1,
    compressed: 0.05,
    decompressed: 0.05,
    last_decompressed: 0.1,
    last_compressed: 0.15,
};

fn leaf(values: &[f64]) -> Tensor {
    Tensor::from_slice(values).set_requires_grad(true)
}

fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.detach().to_kind(Kind::Double)).unwrap()
}

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{found} instead of {expected}");
    }
}

#[test]
fn soft_thresholds_and_their_gradients_are_those_worked_out_by_hand() {
    // A threshold of 0.2; the loss is the sum of effective weights times 1, 2, 3, 4.
    let weight = leaf(&[0.5, -0.3, 0.1, -0.05]);
    let s = leaf(&[parameter_of(0.2)]);
    close(&values(&s), &[0.25_f64.ln()]);
    let effective = soft_threshold(&weight, &s).unwrap();
    close(&values(&effective), &[0.3, -0.1, 0.0, 0.0]);
    close(&values(&margin(&weight, &s).unwrap()), &[0.3, 0.1, -0.1, -0.15]);
    let loss = (effective * Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0])).sum(Kind::Double);
    let gradients = Tensor::run_backward(&[loss], &[&weight, &s], false, false);
    // Weights that are left get the gradient as it is, the others none.
    close(&values(&gradients[0]), &[1.0, 2.0, 0.0, 0.0]);
    // -sigmoid'(s) times the sum of the gradients of what is left, along its signs: -0.2 * 0.8 * (1 - 2).
    close(&values(&gradients[1]), &[0.16]);
}

#[test]
fn straight_through_uses_the_largest_and_passes_gradients_to_all() {
    let weight = leaf(&[0.5, -0.7, 0.1, -0.2]);
    let effective = largest_straight_through(&weight, 2).unwrap();
    assert_eq!(values(&effective), [0.5, -0.7, 0.0, 0.0]);
    let loss = (effective * Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0])).sum(Kind::Double);
    let gradients = Tensor::run_backward(&[loss], &[&weight], false, false);
    assert_eq!(values(&gradients[0]), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(values(&largest_straight_through(&weight, 0).unwrap()), [0.0; 4]);
    assert_eq!(values(&largest_straight_through(&weight, 4).unwrap()), values(&weight));
}

#[test]
fn phases_of_100_epochs_are_those_of_the_paper() {
    // Compression at epochs 10, 20, ..., 70 and 85; decompression at 15, 25, ..., 65 and 75.
    for steps_per_epoch in [1, 7, 5004] {
        let mut expected: Vec<(u64, Change)> = Vec::new();
        for epoch in (10..=70).step_by(10) {
            expected.push((epoch * steps_per_epoch, Change::Compress));
            expected.push(((epoch + 5) * steps_per_epoch, Change::Decompress));
        }
        expected.push((85 * steps_per_epoch, Change::Compress));
        assert_eq!(PAPER.changes(100 * steps_per_epoch).unwrap(), expected);
    }
}

#[test]
fn other_phases_fill_the_training_and_take_turns() {
    for (warmup, compressed, decompressed) in [(0.0, 0.2, 0.1), (0.3, 0.01, 0.07), (0.1, 0.9, 0.9)] {
        let phases = Phases { warmup, compressed, decompressed, ..PAPER };
        phases.check().unwrap();
        let changes = phases.changes(1000).unwrap();
        assert_eq!(changes[0], ((warmup * 1000.0) as u64, Change::Compress));
        assert_eq!(changes[changes.len() - 1], (850, Change::Compress));
        assert_eq!(changes[changes.len() - 2], (750, Change::Decompress));
        assert!(
            changes.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 != pair[1].1),
            "{changes:?}"
        );
    }
    let refused = PAPER.changes(12).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Exhausted);
    assert!(refused.message.contains("12 steps"), "{refused}");
}

#[test]
fn steering_falls_to_the_count_and_then_lets_go() {
    let steering = Steering { from: 1000, to: 100, steps: 200, reach: 0.5, every: 10 };
    assert_eq!(steering.wanted(5), None);
    // A half of the way: an eighth of the difference is left.
    assert_eq!(steering.wanted(50), Some(100 + 113));
    assert_eq!(steering.wanted(100), Some(100));
    assert_eq!(steering.wanted(190), Some(100));
    assert_eq!(steering.wanted(200), None);
}

#[test]
fn the_factor_leaves_exactly_what_is_wanted() {
    let weights =
        [Tensor::from_slice(&[0.3_f32, -0.01, 0.02, 1.5]), Tensor::from_slice(&[0.1_f32, -0.2, 0.0])];
    let s = [Tensor::from_slice(&[-3.0_f32]), Tensor::from_slice(&[-5.0_f32])];
    let left = |factor: f64| -> i64 {
        let own = weights.iter().zip(&s).map(|(weight, s)| {
            soft_threshold(weight, &(s * factor)).unwrap().count_nonzero(None).int64_value(&[])
        });
        own.sum()
    };
    for wanted in 1..=6 {
        let factor = factor(&weights, &s, wanted).unwrap();
        // Of six weights that are not zero all stay with an infinite threshold only, to which no factor leads.
        if wanted < 6 {
            assert_eq!(left(factor), wanted as i64, "{factor}");
        } else {
            assert_eq!(factor, 1.0);
        }
    }
    // Thresholds are below one half, so the weight above stays.
    assert_eq!(left(factor(&weights, &s, 0).unwrap()), 1);
}
