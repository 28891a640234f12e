//! RigL and SET on a linear classifier against a second implementation of the whole training, in plain loops of f64.

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
    decay: f64,
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
                let gradient = gradient + self.decay * self.weights[index];
                self.velocity[index] = MOMENTUM * self.velocity[index] + gradient;
                self.weights[index] -= RATE * self.velocity[index];
            }
        }
    }

    /// What is active but for the so many smallest weights, which go one after the other.
    fn kept(&self, number: usize) -> Vec<bool> {
        let mut kept = self.active.clone();
        for _ in 0..number {
            let smallest = (0..WEIGHTS)
                .filter(|index| kept[*index])
                .min_by(|a, b| self.weights[*a].abs().total_cmp(&self.weights[*b].abs()))
                .unwrap();
            kept[smallest] = false;
        }
        kept
    }

    /// What grows on what is kept where the gradient is steepest, with so much of the weight decay in it.
    fn steepest(&self, kept: &[bool], number: usize, decay: f64) -> Vec<bool> {
        let gradient: Vec<f64> = self
            .gradient()
            .iter()
            .zip(&self.weights)
            .map(|(gradient, weight)| gradient + decay * weight)
            .collect();
        let mut grown = kept.to_vec();
        for _ in 0..number {
            let steepest = (0..WEIGHTS)
                .filter(|index| !grown[*index])
                .max_by(|a, b| gradient[*a].abs().total_cmp(&gradient[*b].abs()))
                .unwrap();
            grown[steepest] = true;
        }
        grown
    }

    /// Takes another mask, in which new weights begin at zero and at rest.
    fn take(&mut self, mask: Vec<bool>) {
        for (index, active) in mask.iter().enumerate() {
            if !active || !self.active[index] {
                self.weights[index] = 0.0;
                self.velocity[index] = 0.0;
            }
        }
        self.active = mask;
    }
}

/// How often something was put to the test.
#[derive(Debug, Default)]
struct Tally {
    /// Weights that came and were gone before.
    fresh: usize,
    /// Weights that came back in the update in which they went.
    back: usize,
    /// Updates in which the gradient with weight decay would have grown others.
    decay_matters: usize,
}

impl Tally {
    fn count(&mut self, active: &[bool], kept: &[bool], grown: &[bool]) {
        for index in (0..WEIGHTS).filter(|index| grown[*index] && !kept[*index]) {
            if active[index] { self.back += 1 } else { self.fresh += 1 }
        }
    }
}

/// Masks move after steps 0, 3, ... 15 of 20: 0.8 of them are 16. Half of six weights move.
const PARAMS: &str =
    r#"{"distribution": "uniform", "alpha": 0.5, "anneal": "constant", "interval": 3, "end": 0.8}"#;
const STEPS: u64 = 20;
const MOVED: usize = 3;

/// Follows trainings of a method with several seeds. RigL's update takes the place of a step and grows what is steepest;
/// SET's comes behind a step, and grows what the run itself has drawn.
fn follow(method: &str, decay: f64) -> Tally {
    let rigl = method == "org.secateur.rigl";
    let bench = Bench { decay, ..Bench::linear() };
    let values = [0.05_f32, -0.6, 0.3, 0.02, -0.4, 0.1, 0.7, -0.2, 0.15, -0.5, 0.01, 0.35];
    bench.model.set_param(bench.prunable[0], &Tensor::from_slice(&values).view([3, 4])).unwrap();
    let (pictures, labels) = bench.data.range(0, PICTURES).unwrap();
    let pictures = Vec::<f64>::try_from(pictures.to_kind(Kind::Double).view([-1])).unwrap();
    let labels = Vec::<i64>::try_from(labels).unwrap();
    let mut tally = Tally::default();
    for seed in 0..6 {
        let outcome = bench.run(method, PARAMS, &[0.5], STEPS, seed);
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
            decay,
        };
        let mut seen = outcome.seen[1..].iter();
        for step in 0..STEPS {
            let due = step % 3 == 0 && step < 16;
            if !due || !rigl {
                reference.step();
            }
            if !due {
                continue;
            }
            let seen = seen.next().expect("there was an update");
            assert_eq!(seen.done, step + 1);
            let kept = reference.kept(MOVED);
            let grown = if rigl { reference.steepest(&kept, MOVED, 0.0) } else { seen.masks[0].clone() };
            assert_eq!(seen.masks[0], grown, "seed {seed}, step {step}");
            assert_eq!(seen.counts(), [6]);
            assert!(
                kept.iter().zip(&grown).all(|(kept, grown)| *grown || !*kept),
                "seed {seed}, step {step}"
            );
            tally.count(&reference.active, &kept, &grown);
            tally.decay_matters += usize::from(reference.steepest(&kept, MOVED, decay) != grown);
            reference.take(grown);
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
    tally
}

#[test]
fn rigls_masks_weights_and_momentum_are_those_of_a_second_implementation() {
    let tally = follow("org.secateur.rigl", 1e-2);
    // Both kinds of growth were put to the test, and that weight decay is no part of the gradient.
    assert!(tally.fresh > 0 && tally.back > 0 && tally.decay_matters > 0, "{tally:?}");
}

#[test]
fn sets_weights_and_momentum_are_those_of_a_second_implementation() {
    let tally = follow("org.secateur.set", 1e-2);
    assert!(tally.fresh > 0 && tally.back > 0, "{tally:?}");
}
