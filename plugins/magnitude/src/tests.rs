//! Gradual pruning: its schedule against values worked out by hand, and whole runs on a linear classifier.

mod layers;
mod pattern;
mod random;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use secateur_bench::{Trial, normalized_task};
use secateur_engine::{Model, State};
use secateur_host::{MethodFailure, Removable, Snapshot};
use secateur_network::{Builder, Op, ParamId};
use secateur_sdk::prelude::*;
use secateur_sdk::secateur_abi as abi;
use secateur_suite::{Recipe, Schedule};

use crate::cubic::{Timing, count};
use crate::secateur_plugin_entry;

const METHOD: &str = "org.secateur.gradual-magnitude";

#[test]
fn the_sparsity_rises_along_a_cubic() {
    // From 0 to 0.9 of 10000 weights in 10 updates: 0.9 (1 - (1 - k/10)^3).
    for (update, sparsity) in [(0, 0.0), (1, 0.2439), (2, 0.4392), (5, 0.7875), (9, 0.8991), (10, 0.9)] {
        let kept = 10_000 - (sparsity * 10_000_f64).round() as u64;
        assert_eq!(count(10_000, 1000, 0.0, update, 10), kept, "update {update}");
    }
    // From 0.5 to 0.9 in two: 0.9 - 0.4 / 8 = 0.85 in the middle.
    assert_eq!([0, 1, 2].map(|update| count(1000, 100, 0.5, update, 2)), [500, 150, 100]);
    // The goal itself at the end, which a sparsity need not give back.
    for goal in 0..=270 {
        assert_eq!(count(270, goal, 0.0, 7, 7), goal);
        let counts: Vec<u64> = (0..=7).map(|update| count(270, goal, 0.0, update, 7)).collect();
        assert!(counts.is_sorted_by(|a, b| a >= b), "{counts:?}");
    }
}

#[test]
fn updates_come_at_equal_distances_from_the_beginning_on() {
    let timing = Timing { steps: 50, begin: 10, interval: 6, updates: 4 };
    let due: Vec<(u64, u64)> =
        (0..=50).filter_map(|done| timing.update(done).map(|update| (done, update))).collect();
    assert_eq!(due, [(10, 0), (16, 1), (22, 2), (28, 3), (34, 4)]);
}

/// Steps that are done, kept weights and values of all prunable parameters when the method told its progress.
type Seen = (u64, Vec<bool>, Vec<f32>);

thread_local! {
    /// The host takes a plain function for progress, so what it looks at stands here.
    static WATCHED: RefCell<Option<(Rc<Model>, Vec<ParamId>)>> = const { RefCell::new(None) };
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.detach().contiguous().view([-1])).unwrap()
}

fn kept(mask: &Tensor) -> Vec<bool> {
    flat(mask).iter().map(|kept| *kept != 0.0).collect()
}

fn watch(done: u64, _: u64, _: &str) {
    WATCHED.with_borrow(|watched| {
        let (model, ids) = watched.as_ref().expect("a test runs");
        let masks = ids.iter().flat_map(|id| kept(&model.mask(*id).expect("there is a mask"))).collect();
        let weights = ids.iter().flat_map(|id| flat(model.param(*id))).collect();
        SEEN.with_borrow_mut(|all| all.push((done, masks, weights)));
    });
}

/// What a run left.
struct Outcome {
    result: std::result::Result<(), MethodFailure>,
    snapshots: Vec<Option<Snapshot>>,
    seen: Vec<Seen>,
    ids: Vec<ParamId>,
}

impl Outcome {
    fn state(&self, target: usize) -> &State {
        &self.snapshots[target].as_ref().expect("the target is answered").state
    }

    fn mask(&self, target: usize) -> Vec<bool> {
        self.ids.iter().flat_map(|id| kept(self.state(target).mask(*id).unwrap())).collect()
    }

    fn weights(&self, target: usize) -> Vec<f32> {
        self.ids.iter().flat_map(|id| flat(self.state(target).param(*id))).collect()
    }
}

/// Runs the method, watched, on the trial's network, which is `model`.
fn watched(model: &Rc<Model>, trial: Trial<'_>, params: &str) -> Outcome {
    let trial = Trial { progress: watch, ..trial };
    let ids = trial.removable.params().to_vec();
    SEEN.with_borrow_mut(Vec::clear);
    WATCHED.set(Some((model.clone(), ids.clone())));
    let secateur_bench::Outcome { result, snapshots, .. } = trial.run(secateur_plugin_entry, METHOD, params);
    Outcome { result, snapshots, seen: SEEN.take(), ids }
}

/// Runs the method on a classifier of six pixels into two classes, with these weights. All pictures are black, so that
/// no weight has a gradient: what changes them is weight decay.
fn run_with(weights: [f32; 12], params: &str, keeps: &[f64], steps: u64, recipe: &Recipe) -> Outcome {
    let data = normalized_task([1, 2, 3], vec![0; 4 * 6], 2, [0.0, 1.0]);
    let mut builder = Builder::new("linear", [1, 2, 3]);
    let input = builder.input();
    let flattened = builder.push("flat", Op::Flatten, &[input]);
    builder.push("head", Op::Linear { in_features: 6, out_features: 2, bias: false }, &[flattened]);
    let network = Arc::new(builder.finish().unwrap());
    let id = network.find_param("head.weight").unwrap().id;
    let model = Rc::new(secateur_bench::model(network, 5));
    model.set_param(id, &Tensor::from_slice(&weights).view([2, 6])).unwrap();
    let trial = Trial {
        recipe: (steps > 0).then_some(recipe),
        allowance: steps * 4,
        ..Trial::new(&model, &data, Removable::Weights(vec![id]), keeps)
    };
    watched(&model, trial, params)
}

/// As [`run_with`], with a decay that halves all weights in each step.
fn run(weights: [f32; 12], params: &str, keeps: &[f64], steps: u64) -> Outcome {
    let recipe =
        Recipe { momentum: 0.0, weight_decay: 0.5, schedule: Schedule::Constant, ..Recipe::new(4, 1.0) };
    run_with(weights, params, keeps, steps, &recipe)
}

/// Magnitudes from 1.2 down to 0.1, signs in turns.
fn falling() -> [f32; 12] {
    std::array::from_fn(|index| (12 - index) as f32 / 10.0 * if index % 2 == 0 { 1.0 } else { -1.0 })
}

/// Magnitudes that each fall to a tenth of the one before, so that no decay of a few steps changes their order.
fn steep() -> [f32; 12] {
    std::array::from_fn(|index| 0.1_f32.powi(index as i32))
}

#[test]
fn each_update_keeps_the_schedules_count_of_the_largest_weights() {
    let params = r#"{"updates": 3, "begin": 0.25, "end": 0.4}"#;
    let outcome = run(steep(), params, &[0.5, 0.25], 40);
    outcome.result.as_ref().unwrap();
    // Trainings of 20 steps, of which the updates follow 5, 6, 7 and 8. From no sparsity to 0.5 the sparsities are 0,
    // 0.5 (1 - 8/27) = 0.352, 0.5 (1 - 1/27) = 0.481 and 0.5; to 0.75 they are 0, 0.528, 0.722 and 0.75.
    let counts: Vec<(u64, usize)> = outcome
        .seen
        .iter()
        .map(|(done, mask, _)| (*done, mask.iter().filter(|kept| **kept).count()))
        .collect();
    assert_eq!(counts, [(5, 12), (6, 8), (7, 6), (8, 6), (25, 12), (26, 6), (27, 3), (28, 3)]);
    let largest = |count: usize| (0..12).map(|index| index < count).collect::<Vec<bool>>();
    // Half of the weights, and a quarter, from the same start: halved by each of 20 steps.
    for (target, count) in [(0, 6), (1, 3)] {
        assert_eq!(outcome.mask(target), largest(count));
        for (index, weight) in outcome.weights(target).into_iter().enumerate() {
            let expected = if index < count { steep()[index] * 0.5_f32.powi(20) } else { 0.0 };
            assert!((weight - expected).abs() <= expected.abs() * 1e-5, "{index}: {weight}, not {expected}");
        }
    }
    let charged: Vec<u64> =
        outcome.snapshots.iter().map(|snapshot| snapshot.as_ref().unwrap().meters.charged()).collect();
    assert_eq!(charged, [80, 160]);
}

#[test]
fn masked_weights_wait_with_their_values_and_come_back_when_others_get_smaller() {
    // Sparsities of 0, 0.5 - 0.5 / 8 = 0.4375 and 0.5: of twelve weights 12, 7 and 6 remain after 0, 2 and 4 steps.
    let params = r#"{"updates": 2, "end": 0.4}"#;
    let outcome = run(falling(), params, &[0.5], 10);
    outcome.result.as_ref().unwrap();
    let (done, mask, weights) = &outcome.seen[1];
    assert_eq!(*done, 2);
    assert_eq!(mask.iter().filter(|kept| **kept).count(), 7);
    assert_eq!((mask[6], mask[7]), (true, false));
    assert_eq!((weights[6], weights[7]), (0.6 / 4.0, 0.0));
    // After two more steps those that stayed are a sixteenth of what they were: 0.075, 0.06875, 0.0625, 0.05625 and less.
    // Those that went wait at a quarter: 0.125, 0.1, 0.075, 0.05 and 0.025.
    let (done, mask, weights) = &outcome.seen[2];
    assert_eq!(*done, 4);
    let expected = [1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0].map(|kept| kept == 1);
    assert_eq!(mask[..], expected);
    for (index, expected) in
        [(0, 1.2 / 16.0), (1, -1.1 / 16.0), (2, 1.0 / 16.0), (7, -0.5 / 4.0), (9, -0.3 / 4.0)]
    {
        assert!((weights[index] - expected).abs() < 1e-6, "{index}: {}", weights[index]);
    }
    // Six more steps halve what is there, whenever it came.
    assert_eq!(outcome.mask(0), expected);
    assert!((outcome.weights(0)[7] + 0.5 / 256.0).abs() < 1e-7);
    assert_eq!(outcome.weights(0)[3], 0.0);
}

#[test]
fn a_weight_that_comes_back_has_no_momentum() {
    // With a decay of 0.1 and momentum m = 0.9, velocity v and weight w of a weight of 1 are, step by step from v = 0,
    // v = 0.9 v + 0.1 w and w - v: 0.9, 0.72, 0.486, 0.2268, -0.02916, -0.256608 and so on to -0.5887893888 after ten.
    let recipe = Recipe { weight_decay: 0.1, schedule: Schedule::Constant, ..Recipe::new(4, 1.0) };
    assert_eq!((recipe.momentum, recipe.nesterov), (0.9, false));
    let outcome = run_with(falling(), r#"{"updates": 2, "end": 0.4}"#, &[0.5], 10, &recipe);
    outcome.result.as_ref().unwrap();
    // After two steps the five smallest go, at 0.72 of what they were. After four the others are at 0.2268, so that the
    // three largest of the five come back.
    let expected = [1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0].map(|kept| kept == 1);
    assert_eq!(outcome.mask(0), expected);
    let weights = outcome.weights(0);
    let start = falling();
    for index in 0..12 {
        let factor = match index {
            0..3 => -0.588_789_4,
            // Six steps from rest.
            7..10 => 0.72 * -0.256_608,
            _ => 0.0,
        };
        let expected = start[index] * factor;
        assert!((weights[index] - expected).abs() < 1e-6, "{index}: {}, not {expected}", weights[index]);
    }
}

#[test]
fn an_initial_sparsity_is_there_from_the_beginning() {
    let outcome = run(falling(), r#"{"updates": 2, "initial_sparsity": 0.25}"#, &[0.5], 10);
    outcome.result.as_ref().unwrap();
    // 0.25, 0.5 - 0.25 / 8 = 0.469, 0.5.
    let counts: Vec<(u64, usize)> = outcome
        .seen
        .iter()
        .map(|(done, mask, _)| (*done, mask.iter().filter(|kept| **kept).count()))
        .collect();
    assert_eq!(counts, [(0, 9), (4, 6), (8, 6)]);
}

#[test]
fn a_short_allowance_says_what_it_needs() {
    for (params, keeps, steps) in [
        ("{}", &[0.5][..], 0),
        ("{}", &[0.5], 24),
        ("{}", &[0.5, 0.25], 48),
        (r#"{"updates": 9}"#, &[0.5], 11),
        (r#"{"updates": 18446744073709551615}"#, &[0.5], 1000),
    ] {
        let failure = run(falling(), params, keeps, steps).result.unwrap_err();
        assert_eq!(failure.status, abi::E_EXHAUSTED, "{}", failure.message);
        assert!(failure.message.contains("`updates`"), "{}", failure.message);
    }
    // 21 / 0.8 steps, rounded up, of four pictures.
    let failure = run(falling(), "{}", &[0.5], 24).result.unwrap_err();
    assert!(failure.message.contains("Allow 108 samples"), "{}", failure.message);
    run(falling(), "{}", &[0.5], 27).result.unwrap();
}

#[test]
fn wrong_parameters_are_named() {
    for (params, name) in [
        (r#"{"initial_sparsity": -0.1}"#, "initial_sparsity"),
        (r#"{"initial_sparsity": 0.6}"#, "initial_sparsity"),
        (r#"{"begin": 1}"#, "begin"),
        (r#"{"begin": 0.5, "end": 0.5}"#, "end"),
        (r#"{"end": 1.1}"#, "end"),
        (r#"{"updates": 0}"#, "updates"),
        (r#"{"search_fraction": 2}"#, "search_fraction"),
        (r#"{"scopes": "erk"}"#, "scopes"),
    ] {
        let failure = run(falling(), params, &[0.5], 60).result.unwrap_err();
        assert_eq!(failure.status, abi::E_INVALID, "{params}");
        assert!(failure.message.contains(name), "{params}: {}", failure.message);
    }
}
