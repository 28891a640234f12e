//! RigL on a linear classifier against a second implementation of the whole training, in plain loops of f64.

use secateur_sdk::prelude::*;

use super::bench::{Bench, PICTURES};

const PIXELS: usize = 4;
/// Not two, whose gradients would be equal but for the sign.
const CLASSES: usize = 3;
const WEIGHTS: usize = CLASSES * PIXELS;
/// Of the recipe of the bench.
const RATE: f64 = 0.2;
const MOMENTUM: f64 = 0.9;

/// The classifier with its optimizer.
struct Reference {
    pictures: Vec<Vec<f64>>,
    labels: Vec<usize>,
    weights: Vec<f64>,
    velocity: Vec<f64>,
    active: Vec<bool>,
}

impl Reference {
    /// Mean gradient of the cross-entropy, for all weights.
    fn gradient(&self) -> Vec<f64> {
        let mut gradient = vec![0.0; WEIGHTS];
        for (picture, label) in self.pictures.iter().zip(&self.labels) {
            let exponential = |class: usize| -> f64 {
                let logit: f64 =
                    picture.iter().zip(&self.weights[class * PIXELS..]).map(|(x, w)| x * w).sum();
                logit.exp()
            };
            let sum: f64 = (0..CLASSES).map(exponential).sum();
            for class in 0..CLASSES {
                let probability = exponential(class) / sum;
                let error = probability - f64::from(u8::from(class == *label));
                for (pixel, x) in picture.iter().enumerate() {
                    gradient[class * PIXELS + pixel] += error * x / PICTURES as f64;
                }
            }
        }
        gradient
    }

    fn step(&mut self) {
        for (index, gradient) in self.gradient().into_iter().enumerate() {
            if self.active[index] {
                self.velocity[index] = MOMENTUM * self.velocity[index] + gradient;
                self.weights[index] -= RATE * self.velocity[index];
            }
        }
    }

    /// Drops and grows one weight after the other. Returns how many came that were gone, and how many came back at once.
    fn update(&mut self, number: usize) -> (usize, usize) {
        let gradient = self.gradient();
        let mut kept = self.active.clone();
        for _ in 0..number {
            let smallest = (0..WEIGHTS)
                .filter(|index| kept[*index])
                .min_by(|a, b| self.weights[*a].abs().total_cmp(&self.weights[*b].abs()))
                .unwrap();
            kept[smallest] = false;
        }
        let (mut fresh, mut back) = (0, 0);
        let mut grown = kept.clone();
        for _ in 0..number {
            let steepest = (0..WEIGHTS)
                .filter(|index| !grown[*index])
                .max_by(|a, b| gradient[*a].abs().total_cmp(&gradient[*b].abs()))
                .unwrap();
            grown[steepest] = true;
            if self.active[steepest] {
                back += 1;
            } else {
                fresh += 1;
            }
        }
        for (index, grown) in grown.iter().enumerate() {
            if !grown || !self.active[index] {
                self.weights[index] = 0.0;
                self.velocity[index] = 0.0;
            }
        }
        self.active = grown;
        (fresh, back)
    }
}

#[test]
fn masks_weights_and_momentum_are_those_of_a_second_implementation() {
    let bench = Bench::linear();
    let values = [0.05_f32, -0.6, 0.3, 0.02, -0.4, 0.1, 0.7, -0.2, 0.15, -0.5, 0.01, 0.35];
    bench.model.set_param(bench.prunable[0], &Tensor::from_slice(&values).view([3, 4])).unwrap();
    let params =
        r#"{"distribution": "uniform", "alpha": 0.5, "anneal": "constant", "interval": 3, "end": 0.8}"#;
    let steps = 20;
    let (pictures, labels) = bench.data.range(0, PICTURES).unwrap();
    let pictures = Vec::<f64>::try_from(pictures.to_kind(Kind::Double).view([-1])).unwrap();
    let labels = Vec::<i64>::try_from(labels).unwrap();
    let (mut all_fresh, mut all_back) = (0, 0);
    for seed in 0..6 {
        let outcome = bench.run("org.secateur.rigl", params, &[0.5], steps, seed);
        outcome.result.as_ref().unwrap();
        let begin = &outcome.seen[0];
        assert_eq!((begin.done, begin.counts()), (0, vec![6]));
        for (index, weight) in begin.weights[0].iter().enumerate() {
            assert_eq!(*weight, if begin.masks[0][index] { values[index] } else { 0.0 });
        }
        let mut reference = Reference {
            pictures: pictures.chunks(PIXELS).map(<[f64]>::to_vec).collect(),
            labels: labels.iter().map(|label| *label as usize).collect(),
            weights: begin.weights[0].iter().map(|weight| f64::from(*weight)).collect(),
            velocity: vec![0.0; WEIGHTS],
            active: begin.masks[0].clone(),
        };
        let mut seen = outcome.seen[1..].iter();
        for step in 0..steps {
            // 0.8 of 20 steps are 16.
            if step % 3 != 0 || step >= 16 {
                reference.step();
                continue;
            }
            // Half of six.
            let (fresh, back) = reference.update(3);
            all_fresh += fresh;
            all_back += back;
            let seen = seen.next().expect("there was an update");
            assert_eq!(seen.done, step + 1);
            assert_eq!(seen.masks[0], reference.active, "seed {seed}, step {step}");
            for (found, expected) in seen.weights[0].iter().zip(&reference.weights) {
                assert!((f64::from(*found) - expected).abs() < 1e-5, "seed {seed}, step {step}");
            }
        }
        assert!(seen.next().is_none());
        assert_eq!(outcome.masks(0)[0], reference.active);
        for (found, expected) in outcome.weights(0)[0].iter().zip(&reference.weights) {
            assert!((f64::from(*found) - expected).abs() < 1e-5, "seed {seed}: {found} and {expected}");
        }
    }
    // Both kinds of growth were put to the test.
    assert!(all_fresh > 0 && all_back > 0, "{all_fresh} {all_back}");
}
