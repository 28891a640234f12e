//! Scores and masks against PyTorch's, which `tests/golden/make.py` wrote.

use secateur_sdk::prelude::*;
use serde_json::Value;

use super::bench::{Bench, flat, network};
use crate::looking::At;
use crate::synflow::Flow;
use crate::{grasp, snip};

fn golden() -> Value {
    serde_json::from_str(include_str!("../../tests/golden/golden.json")).unwrap()
}

fn integers(value: &Value) -> Vec<usize> {
    serde_json::from_value(value.clone()).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

/// The network of a case with its values.
fn bench(golden: &Value, case: &str) -> Bench {
    let size = |key: &str| golden[key].as_u64().unwrap() as usize;
    let network = network(case == "norm", size("filters"), size("side"), size("classes"));
    let pixels = integers(&golden["pixels"]).into_iter().map(|value| value as u8).collect();
    // The bench's pictures have their classes in turns, and so must those of the oracle.
    let turns: Vec<usize> = (0..6).map(|picture| picture % size("classes")).collect();
    assert_eq!(integers(&golden["labels"]), turns);
    let bench = Bench::new(network, pixels, size("classes"));
    for (name, values) in golden["cases"][case]["params"].as_object().unwrap() {
        let values: Vec<f32> = floats(values).into_iter().map(|value| value as f32).collect();
        bench.set(name, &values);
    }
    bench
}

/// Compares scores of the convolution and of the classifier, up to a factor.
fn compare(what: &str, found: &[Tensor], expected: &Value, factor: f64) {
    for (found, name) in found.iter().zip(["conv.weight", "head.weight"]) {
        let expected: Vec<f64> = floats(&expected[name]).iter().map(|value| value * factor).collect();
        let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let found = flat(found);
        assert_eq!(found.len(), expected.len());
        assert!(largest > 0.0, "{what}: {name} has no scores to compare");
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                (found - expected).abs() <= 1e-4 * largest,
                "{what}: {name} has {found} instead of {expected}"
            );
        }
    }
}

#[test]
fn snip_is_the_gradient_times_the_weight() {
    let golden = golden();
    for case in ["plain", "norm"] {
        for (key, params) in
            [("snip_running", r#"{"batch": 6}"#), ("snip_batch", r#"{"batch": 6, "statistics": "batch"}"#)]
        {
            let config: snip::Config = serde_json::from_str(params).unwrap();
            let found = bench(&golden, case).ask(move |run| snip::scores(run, &config)).unwrap();
            compare(key, &found, &golden["cases"][case][key], 1.0);
        }
        // The sum of two batches' gradients is twice that of all pictures.
        let config: snip::Config = serde_json::from_str(r#"{"batch": 3, "batches": 2}"#).unwrap();
        let found = bench(&golden, case).ask(move |run| snip::scores(run, &config)).unwrap();
        compare("two batches", &found, &golden["cases"][case]["snip_running"], 2.0);
    }
}

#[test]
fn grasp_is_the_weight_times_hessian_times_gradient() {
    let golden = golden();
    for case in ["plain", "norm"] {
        for (key, params) in [
            ("grasp_200", r#"{"parts": 1}"#),
            ("grasp_1", r#"{"parts": 1, "temperature": 1}"#),
            ("grasp_halves", r#"{"statistics": "running"}"#),
        ] {
            let config: grasp::Config = serde_json::from_str(params).unwrap();
            let found = bench(&golden, case).ask(move |run| grasp::scores(run, &config)).unwrap();
            compare(key, &found, &golden["cases"][case][key], 1.0);
        }
    }
}

#[test]
fn flows_and_the_masks_of_all_rounds_are_pytorchs() {
    let golden = golden();
    for case in ["plain", "norm"] {
        let expected = &golden["cases"][case];
        let found = bench(&golden, case).ask(|run| Flow::new(run, At::Start)?.scores(run)).unwrap();
        compare("flow", &found, &expected["flow"], 1.0 / expected["total"].as_f64().unwrap());
        let params = format!(r#"{{"rounds": {}}}"#, golden["rounds"]);
        for (kept, indices) in expected["synflow"].as_object().unwrap() {
            let keep = kept.parse::<f64>().unwrap() / 84.0;
            let found =
                bench(&golden, case).kept("org.secateur.synflow", &params, 1000, &[keep]).unwrap().remove(0);
            for (name, found) in found {
                assert_eq!(found, integers(&indices[&name]), "{case}, {kept} of {name}");
            }
        }
    }
}
