//! Inverses, costs and updates against exact solutions.

use secateur_sdk::prelude::*;
use serde_json::Value;

use super::{close, fisher, values};
use crate::blocks::Blocks;
use crate::inverse::Inverse;
use crate::recursion::Recursion;
use crate::saliency::{Damage, Saliency, Surgeon};
use crate::woodbury::Woodbury;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn rows(value: &Value) -> Tensor {
    let rows: Vec<Tensor> =
        value.as_array().unwrap().iter().map(|row| Tensor::from_slice(&numbers(row))).collect();
    Tensor::stack(&rows, 0).to_kind(Kind::Float)
}

/// The whole inverse, column by column.
fn matrix(inverse: &dyn Inverse, size: i64) -> Tensor {
    let identity = Tensor::eye(size, (Kind::Double, Device::Cpu));
    let columns: Vec<Tensor> = (0..size).map(|index| inverse.times(&identity.get(index)).unwrap()).collect();
    Tensor::stack(&columns, 1)
}

/// Gradients with a few directions in common, as those of networks have: f32 `[count, size]`, reproducible.
fn draw(count: i64, size: i64, scale: f64) -> Tensor {
    let mut state = 12_345_u64;
    let mut number = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 23) - 1.0
    };
    let mut tensor = |rows: i64, columns: i64| {
        let numbers: Vec<f64> = (0..rows * columns).map(|_| number()).collect();
        Tensor::from_slice(&numbers).view([rows, columns])
    };
    let common = tensor(count, 5).matmul(&tensor(5, size));
    ((common + tensor(count, size)) * scale).to_kind(Kind::Float)
}

#[test]
fn inverses_costs_and_updates_are_those_of_exact_arithmetic() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../../tests/golden/golden.json")).unwrap();
    assert_eq!(cases.len(), 4);
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        let damp = case["damp"].as_f64().unwrap();
        let gradients = rows(&case["gradients"]);
        let size = gradients.size()[1];
        let expected: Vec<f64> = case["inverse"].as_array().unwrap().iter().flat_map(numbers).collect();
        let probe = Tensor::from_slice(&numbers(&case["probe"]));
        let woodbury = Woodbury::new(gradients.shallow_clone(), damp).unwrap();
        let recursion = Recursion::new(&gradients, size, damp).unwrap();
        for (kind, inverse) in
            [("woodbury", Box::new(woodbury) as Box<dyn Inverse>), ("recursion", Box::new(recursion))]
        {
            let what = format!("{name}, {kind}");
            close(&values(&matrix(&*inverse, size)), &expected, 1e-9, &what);
            close(&values(&inverse.times(&probe).unwrap()), &numbers(&case["product"]), 1e-9, &what);
            let diagonal: Vec<f64> = expected.iter().step_by(size as usize + 1).copied().collect();
            close(&values(&inverse.diagonal().unwrap()), &diagonal, 1e-9, &what);
        }
        let weights = Tensor::from_slice(&numbers(&case["weights"]));
        let removed: Vec<u64> =
            case["removed"].as_array().unwrap().iter().map(|q| q.as_u64().unwrap()).collect();
        for block in [size, size + 10] {
            let surgeons = [
                Surgeon::new(Blocks::within(&gradients, &[size], block, damp).unwrap(), 1.0).unwrap(),
                Surgeon::new(Blocks::matrix_free(gradients.copy(), block, damp).unwrap(), 1.0).unwrap(),
                Surgeon::new(Blocks::matrix_free(gradients.copy(), 0, damp).unwrap(), 1.0).unwrap(),
            ];
            for surgeon in surgeons {
                let costs = values(&surgeon.scores(&weights).unwrap());
                close(&costs, &numbers(&case["costs"]), 1e-9, name);
                let mut order: Vec<usize> = (0..costs.len()).collect();
                order.sort_by(|a, b| costs[*a].total_cmp(&costs[*b]));
                let mut cheapest = order[..removed.len()].to_vec();
                cheapest.sort_unstable();
                assert_eq!(cheapest.iter().map(|q| *q as u64).collect::<Vec<_>>(), removed, "{name}");
                let gone: Vec<bool> = (0..size as u64).map(|q| removed.contains(&q)).collect();
                let after = values(&surgeon.without(&weights, &Tensor::from_slice(&gone)).unwrap());
                close(&after, &numbers(&case["after"]), 1e-9, name);
                assert!(removed.iter().all(|q| after[*q as usize] == 0.0), "{name}: {after:?}");
            }
        }
    }
}

#[test]
fn removing_one_weight_is_the_best_that_the_others_can_make_of_it() {
    // Brute force: for each weight the minimum of the quadratic over all others, by solving for them.
    let (damp, size) = (1e-3, 24);
    let gradients = draw(10, size, 0.3);
    let matrix = fisher(&gradients, damp);
    let weights = draw(1, size, 1.0).get(0).to_kind(Kind::Double);
    let surgeon = Surgeon::new(Blocks::within(&gradients, &[size], 2000, damp).unwrap(), 1.0).unwrap();
    let costs = values(&surgeon.scores(&weights).unwrap());
    let mut least = Vec::new();
    for gone in 0..size {
        let others: Vec<i64> = (0..size).filter(|index| *index != gone).collect();
        let others = Tensor::from_slice(&others);
        let inner = matrix.index_select(0, &others).index_select(1, &others);
        let pull = matrix.index_select(0, &others).select(1, gone) * weights.get(gone);
        let solved = Tensor::linalg_solve(&inner, &pull.unsqueeze(1), true).squeeze_dim(1);
        let change = Tensor::zeros([size], (Kind::Double, Device::Cpu)).index_copy(0, &others, &solved);
        change.get(gone).copy_(&(-weights.get(gone)));
        least.push(change.dot(&matrix.mv(&change)).double_value(&[]) / 2.0);
        let removed = Tensor::zeros([size], (Kind::Bool, Device::Cpu));
        drop(removed.get(gone).fill_(1));
        let after = surgeon.without(&weights, &removed).unwrap();
        close(&values(&after), &values(&(&weights + &change)), 1e-9, &format!("without {gone}"));
    }
    close(&costs, &least, 1e-9, "costs");
}

#[test]
fn blocks_of_the_size_and_damping_of_the_paper_are_inverted_to_a_millionth() {
    // Gradients of a trained network are between a thousandth and a tenth; all of these are hard on 32 bits.
    for scale in [1e-3, 1e-2, 1e-1] {
        let gradients = draw(400, 2000, scale);
        let exact = Tensor::linalg_inv(&fisher(&gradients, 1e-5));
        let vector = draw(1, 2000, 1.0).get(0).to_kind(Kind::Double);
        let woodbury = Woodbury::new(gradients.shallow_clone(), 1e-5).unwrap();
        let recursion = Recursion::new(&gradients, 2000, 1e-5).unwrap();
        for (kind, inverse) in [("woodbury", &woodbury as &dyn Inverse), ("recursion", &recursion)] {
            let found = inverse.diagonal().unwrap();
            let expected = exact.diagonal(0, 0, 1);
            let error = ((&found - &expected) / &expected).abs().max().double_value(&[]);
            assert!(error < 1e-6, "{kind}, scale {scale}: the diagonal is off by {error}");
            close(
                &values(&inverse.times(&vector).unwrap()),
                &values(&exact.mv(&vector)),
                1e-6,
                &format!("{kind}, scale {scale}"),
            );
        }
    }
}

#[test]
fn blocks_stay_within_parameters_or_run_across_them() {
    // Parameters of 5 and 4 weights, blocks of 3: [3, 2 | 3, 1] and [3, 3, 3]; of 4: [4, 4, 1].
    let gradients = draw(6, 9, 0.5);
    let damp = 1e-2;
    let full = fisher(&gradients, damp);
    let expected = |lengths: &[i64]| {
        let mut start = 0;
        let matrix = Tensor::zeros([9, 9], (Kind::Double, Device::Cpu));
        for length in lengths {
            let piece = full.narrow(0, start, *length).narrow(1, start, *length);
            matrix.narrow(0, start, *length).narrow(1, start, *length).copy_(&Tensor::linalg_inv(&piece));
            start += length;
        }
        values(&matrix)
    };
    let within = Blocks::within(&gradients, &[5, 4], 3, damp).unwrap();
    close(&values(&matrix(&within, 9)), &expected(&[3, 2, 3, 1]), 1e-9, "within");
    let across = Blocks::matrix_free(gradients.copy(), 3, damp).unwrap();
    close(&values(&matrix(&across, 9)), &expected(&[3, 3, 3]), 1e-9, "across");
    let ragged = Blocks::matrix_free(gradients.copy(), 4, damp).unwrap();
    close(&values(&matrix(&ragged, 9)), &expected(&[4, 4, 1]), 1e-9, "ragged");
    close(
        &values(&ragged.diagonal().unwrap()),
        &values(&matrix(&ragged, 9).diagonal(0, 0, 1)),
        1e-9,
        "the diagonal of several blocks",
    );
}

#[test]
fn the_diagonal_fisher_of_two_weights_by_hand() {
    // F = [(1 + 9) / 2, (4 + 0) / 2] = [5, 2]; costs 2^2 * 5 / 2 = 10 and 3^2 * 2 / 2 = 9: the larger weight goes.
    let gradients = Tensor::from_slice(&[1.0_f32, 2.0, -3.0, 0.0]).view([2, 2]);
    let damage = Damage::new(&gradients).unwrap();
    let weights = Tensor::from_slice(&[2.0_f64, -3.0]);
    assert_eq!(values(&damage.scores(&weights).unwrap()), [10.0, 9.0]);
    let after = damage.without(&weights, &Tensor::from_slice(&[false, true])).unwrap();
    assert_eq!(values(&after), [2.0, 0.0]);
}

#[test]
fn half_an_update_is_half_of_it_and_none_leaves_the_others() {
    let gradients = draw(4, 6, 0.5);
    let weights = draw(1, 6, 1.0).get(0).to_kind(Kind::Double);
    let removed = Tensor::from_slice(&[true, false, false, true, false, false]);
    let after = |scale: f64| {
        let blocks = Blocks::within(&gradients, &[6], 6, 1e-2).unwrap();
        values(&Surgeon::new(blocks, scale).unwrap().without(&weights, &removed).unwrap())
    };
    let (none, half, whole) = (after(0.0), after(0.5), after(1.0));
    for index in [1, 2, 4, 5] {
        assert_eq!(none[index], weights.double_value(&[index as i64]));
        assert!((half[index] - (none[index] + whole[index]) / 2.0).abs() < 1e-12);
        assert!(whole[index] != none[index]);
    }
}

#[test]
fn gradients_beyond_64_bits_are_refused_with_advice() {
    // One gradient that is all in one weight: the inverse has 1e-24 there, which is the difference of two numbers that
    // are 1e5.
    let gradients = Tensor::from_slice(&[1e12_f32, 0.0, 0.0]).view([1, 3]);
    for blocks in [Blocks::within(&gradients, &[3], 3, 1e-5), Blocks::matrix_free(gradients.copy(), 0, 1e-5)]
    {
        let refused = blocks.and_then(|blocks| Surgeon::new(blocks, 1.0)).err().expect("rounding");
        assert!(refused.message.contains("`damp`"), "{refused}");
    }
}
