//! Scores and masks against PyTorch's, which `tests/golden/make.py` wrote.

use std::collections::BTreeMap;

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

/// Flat positions of the so many highest scores of both parameters. What decides is far from rounding: scores may be off
/// by 1e-4 of the largest.
fn highest(scores: &Value, count: usize) -> BTreeMap<String, Vec<usize>> {
    let mut all = Vec::new();
    for name in ["conv.weight", "head.weight"] {
        all.extend(floats(&scores[name]).into_iter().enumerate().map(|(index, score)| (score, name, index)));
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    let largest = all.iter().fold(0.0_f64, |largest, (score, ..)| largest.max(score.abs()));
    let gap = all[count - 1].0 - all[count].0;
    assert!(gap > 1e-3 * largest, "no gap behind the first {count}: {gap} of {largest}");
    let mut highest =
        BTreeMap::from(["conv.weight", "head.weight"].map(|name| (name.to_owned(), Vec::new())));
    for (_, name, index) in &all[..count] {
        highest.get_mut(*name).unwrap().push(*index);
    }
    highest.values_mut().for_each(|indices| indices.sort_unstable());
    highest
}

#[test]
fn the_highest_scores_are_kept() {
    let golden = golden();
    // GraSP's golden scores are w * (H g). The paper removes the largest of its negative.
    let methods = [
        ("org.secateur.snip", "snip_running", r#"{"batch": 6}"#),
        ("org.secateur.snip", "snip_batch", r#"{"batch": 6, "statistics": "batch"}"#),
        ("org.secateur.grasp", "grasp_200", r#"{"parts": 1}"#),
        ("org.secateur.grasp", "grasp_1", r#"{"parts": 1, "temperature": 1}"#),
        ("org.secateur.grasp", "grasp_halves", r#"{"statistics": "running"}"#),
    ];
    // Of 84: the first few that go, and the last few that stay.
    let counts = [80, 12, 5];
    let keeps = counts.map(|count| count as f64 / 84.0);
    for case in ["plain", "norm"] {
        for (method, key, params) in methods {
            let found = bench(&golden, case).kept(method, params, 1000, &keeps).unwrap();
            for (found, count) in found.iter().zip(counts) {
                assert_eq!(*found, highest(&golden["cases"][case][key], count), "{case}, {key}, {count}");
            }
            for pair in found.windows(2) {
                let inside = |(name, kept): (&String, &Vec<usize>)| {
                    kept.iter().all(|index| pair[0][name].contains(index))
                };
                assert!(pair[1].iter().all(inside), "{case}, {key}");
            }
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
