//! Densities of ResNet-50 against `tests/golden/make_erk.py`, and the host's counts against RigL's.

use secateur_network::zoo;

use crate::erk::{counts, densities};

/// A case of the golden file: sparsity, densities, and counts of the layers that remain.
type Case = (f64, Vec<f64>, Vec<u64>);

fn golden() -> (Vec<Vec<i64>>, Vec<Case>) {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/golden/erk_resnet50.json")).unwrap();
    let list = |value: &serde_json::Value| value.as_array().unwrap().clone();
    let integers = |value: &serde_json::Value| -> Vec<i64> {
        list(value).iter().map(|value| value.as_i64().unwrap()).collect()
    };
    let shapes = list(&golden["shapes"]).iter().map(integers).collect();
    let case = |case: &serde_json::Value| {
        let density = list(&case["density"]).iter().map(|value| value.as_f64().unwrap()).collect();
        let kept = integers(&case["kept"]).into_iter().map(|kept| kept as u64).collect();
        (case["sparsity"].as_f64().unwrap(), density, kept)
    };
    (shapes, list(&golden["cases"]).iter().map(case).collect())
}

#[test]
fn the_golden_shapes_are_those_of_the_network() {
    let network = zoo::build("resnet50", &zoo::Options::default()).unwrap();
    let mut of_network: Vec<Vec<i64>> = network
        .params()
        .iter()
        .filter(|param| param.shape.len() > 1)
        .map(|param| param.shape.iter().map(|side| *side as i64).collect())
        .collect();
    let (mut shapes, _) = golden();
    // The order of a block's shortcut is the network's own affair.
    of_network.sort();
    shapes.sort();
    assert_eq!(of_network, shapes);
}

#[test]
fn densities_and_counts_are_those_of_the_formula() {
    let (shapes, cases) = golden();
    let shapes: Vec<&[i64]> = shapes.iter().map(Vec::as_slice).collect();
    for (sparsity, density, kept) in cases {
        for (found, expected) in densities(&shapes, sparsity).iter().zip(&density) {
            assert!((found - expected).abs() < 1e-12, "{sparsity}: {found} instead of {expected}");
        }
        assert_eq!(counts(&shapes, sparsity), kept, "{sparsity}");
    }
}

#[test]
fn the_hosts_counts_are_rigls_but_for_a_few_weights() {
    let (shapes, cases) = golden();
    let shapes: Vec<&[i64]> = shapes.iter().map(Vec::as_slice).collect();
    let sizes: Vec<u64> = shapes.iter().map(|shape| shape.iter().product::<i64>() as u64).collect();
    let total: u64 = sizes.iter().sum();
    for (sparsity, _, kept) in cases {
        let keep = 1.0 - sparsity;
        let count = (keep * total as f64).round() as u64;
        let host = secateur_engine::quotas(&secateur_engine::erk_densities(&shapes, keep), &sizes, count);
        assert_eq!(host.iter().sum::<u64>(), count);
        for (host, kept) in host.iter().zip(&kept) {
            assert!(host.abs_diff(*kept) <= 3, "{sparsity}: {host} and {kept}");
        }
        // RigL rounds each layer by itself, and so misses the sum by up to a weight for each layer.
        assert!(kept.iter().sum::<u64>().abs_diff(count) <= 2 * shapes.len() as u64);
    }
}

#[test]
fn all_layers_may_be_dense_or_empty() {
    let shapes: [&[i64]; 2] = [&[8, 4, 3, 3], &[10, 8]];
    assert_eq!(counts(&shapes, 0.0), [288, 80]);
    assert_eq!(counts(&shapes, 1.0), [0, 0]);
}
