//! DNW on a linear classifier against a second implementation of the whole training, in plain loops of f64.

use std::sync::Arc;

use secateur_bench::{Trial, noise, task};
use secateur_host::Removable;
use secateur_network::{Builder, Op};
use secateur_sdk::prelude::*;
use secateur_suite::{Recipe, Schedule};

use crate::secateur_plugin_entry;

const PICTURES: usize = 8;
const PIXELS: usize = 4;
const CLASSES: usize = 3;
const WEIGHTS: usize = CLASSES * PIXELS;
const KEPT: usize = 6;
const STEPS: u64 = 30;
const RATE: f64 = 0.2;
const MOMENTUM: f64 = 0.9;
const DECAY: f64 = 1e-2;

/// Mean gradient of the cross-entropy, for all weights.
fn gradient(pictures: &[f64], labels: &[i64], weights: &[f64]) -> Vec<f64> {
    let mut gradient = vec![0.0; WEIGHTS];
    for (picture, label) in pictures.chunks(PIXELS).zip(labels) {
        let exponentials: Vec<f64> = weights
            .chunks(PIXELS)
            .map(|row| picture.iter().zip(row).map(|(x, w)| x * w).sum::<f64>().exp())
            .collect();
        let sum: f64 = exponentials.iter().sum();
        for (class, exponential) in exponentials.iter().enumerate() {
            let error = exponential / sum - f64::from(u8::from(class as i64 == *label));
            for (pixel, x) in picture.iter().enumerate() {
                gradient[class * PIXELS + pixel] += error * x / PICTURES as f64;
            }
        }
    }
    gradient
}

/// The six largest absolute values, and by how much the last of them is larger than the next one.
fn largest(weights: &[f64]) -> (Vec<bool>, f64) {
    let mut order: Vec<usize> = (0..WEIGHTS).collect();
    order.sort_by(|a, b| weights[*b].abs().total_cmp(&weights[*a].abs()));
    let gap = weights[order[KEPT - 1]].abs() - weights[order[KEPT]].abs();
    ((0..WEIGHTS).map(|index| order[..KEPT].contains(&index)).collect(), gap)
}

#[test]
fn masks_and_weights_are_those_of_a_second_implementation() {
    let values = [0.05_f32, -0.6, 0.3, 0.02, -0.4, 0.1, 0.7, -0.2, 0.15, -0.5, 0.01, 0.35];
    let data = task([1, 2, 2], noise(PICTURES * PIXELS), CLASSES);
    let mut builder = Builder::new("linear", [1, 2, 2]);
    let input = builder.input();
    let flat = builder.push("flat", Op::Flatten, &[input]);
    builder.push("head", Op::Linear { in_features: PIXELS, out_features: CLASSES, bias: false }, &[flat]);
    let model = secateur_bench::model(Arc::new(builder.finish().unwrap()), 5);
    let id = model.network().find_param("head.weight").unwrap().id;
    model.set_param(id, &Tensor::from_slice(&values).view([CLASSES as i64, PIXELS as i64])).unwrap();
    // All pictures are in each batch, so that their order does not matter.
    let recipe =
        Recipe { weight_decay: DECAY, schedule: Schedule::Constant, ..Recipe::new(PICTURES as u32, RATE) };
    assert_eq!((recipe.momentum, recipe.nesterov), (MOMENTUM, false));

    let (pictures, labels) = data.range(0, PICTURES).unwrap();
    let pictures = Vec::<f64>::try_from(pictures.to_kind(Kind::Double).view([-1])).unwrap();
    let labels = Vec::<i64>::try_from(labels).unwrap();
    let mut weights = values.map(f64::from).to_vec();
    let mut velocity = [0.0; WEIGHTS];
    let (mut used, mut changes) = (largest(&weights).0, 0);
    for _ in 0..STEPS {
        let (now, gap) = largest(&weights);
        assert!(gap > 1e-4, "rounding may decide what is used: {gap}");
        changes += usize::from(now != used);
        used = now;
        let effective: Vec<f64> =
            weights.iter().zip(&used).map(|(weight, used)| if *used { *weight } else { 0.0 }).collect();
        // The gradient of what the pass uses goes to all weights, and so does the decay of each.
        let gradient = gradient(&pictures, &labels, &effective);
        for index in 0..WEIGHTS {
            velocity[index] = MOMENTUM * velocity[index] + gradient[index] + DECAY * weights[index];
            weights[index] -= RATE * velocity[index];
        }
    }
    let (kept, gap) = largest(&weights);
    assert!(gap > 1e-4, "rounding may decide what is kept: {gap}");
    assert!(changes > 1, "the same weights were used throughout");

    let trial = Trial {
        recipe: Some(&recipe),
        allowance: STEPS * PICTURES as u64,
        ..Trial::new(&model, &data, Removable::Weights(vec![id]), &[0.5])
    };
    let state = trial.run(secateur_plugin_entry, "org.secateur.dnw", "{}").answers().unwrap().remove(0).state;
    let flat = |tensor: &Tensor| Vec::<f32>::try_from(tensor.detach().reshape([-1])).unwrap();
    assert_eq!(flat(state.mask(id).unwrap()).iter().map(|kept| *kept != 0.0).collect::<Vec<bool>>(), kept);
    for ((found, weight), kept) in flat(state.param(id)).iter().zip(&weights).zip(kept) {
        let expected = if kept { *weight } else { 0.0 };
        assert!((f64::from(*found) - expected).abs() < 1e-5, "{found} and {expected}");
    }
}
