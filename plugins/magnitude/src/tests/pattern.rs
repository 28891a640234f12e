//! One-shot methods under an N:M pattern, against masks worked out by hand.

use std::sync::Arc;

use secateur_bench::{Trial, normalized_task};
use secateur_host::{MethodFailure, Removable};
use secateur_network::{Builder, Op};
use secateur_sdk::prelude::*;
use secateur_sdk::secateur_abi as abi;

use crate::secateur_plugin_entry;

/// What a method keeps of a classifier of eight pixels into two classes.
fn kept(
    method: &str,
    pattern: Option<&str>,
    weights: [f32; 16],
    keep: f64,
) -> std::result::Result<Vec<u8>, MethodFailure> {
    let data = normalized_task([1, 2, 4], vec![0; 4 * 8], 2, [0.0, 1.0]);
    let mut builder = Builder::new("linear", [1, 2, 4]);
    let input = builder.input();
    let flattened = builder.push("flat", Op::Flatten, &[input]);
    builder.push("head", Op::Linear { in_features: 8, out_features: 2, bias: false }, &[flattened]);
    let network = Arc::new(builder.finish().unwrap());
    let id = network.find_param("head.weight").unwrap().id;
    let model = secateur_bench::model(network, 5);
    model.set_param(id, &Tensor::from_slice(&weights).view([2, 8])).unwrap();
    let removable = match pattern {
        None => Removable::Weights(vec![id]),
        Some(text) => Removable::Patterned { params: vec![id], pattern: text.parse().unwrap() },
    };
    let keeps = [keep];
    let outcome = Trial::new(&model, &data, removable, &keeps).run(secateur_plugin_entry, method, "{}");
    let snapshot = outcome.answers()?.remove(0);
    let mask = snapshot.state.mask(id).unwrap().to_kind(Kind::Uint8).reshape([-1]);
    Ok(Vec::try_from(mask).unwrap())
}

/// The first class has the larger weights, and two of them are equal.
const WEIGHTS: [f32; 16] =
    [9.0, -8.0, 7.0, 7.0, 1.0, -5.0, 5.0, 6.0, 0.1, 0.0, -0.2, 0.3, 0.0, 0.0, 0.0, -0.1];

#[test]
fn magnitude_keeps_the_largest_of_each_group() {
    let method = "org.secateur.magnitude";
    assert_eq!(
        kept(method, Some("2:4"), WEIGHTS, 0.5).unwrap(),
        [1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1]
    );
    assert_eq!(
        kept(method, Some("1:4"), WEIGHTS, 0.25).unwrap(),
        [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]
    );
    // Without a pattern the first class keeps all of them.
    assert_eq!(kept(method, None, WEIGHTS, 0.5).unwrap(), [1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn random_pruning_goes_the_same_way() {
    for method in ["org.secateur.random", "org.secateur.random-layerwise-matched"] {
        let mask = kept(method, Some("2:4"), WEIGHTS, 0.5).unwrap();
        assert!(mask.chunks(4).all(|group| group.iter().sum::<u8>() == 2), "{method}: {mask:?}");
    }
}

#[test]
fn more_than_a_pattern_takes_out_cannot_go() {
    let failure = kept("org.secateur.magnitude", Some("2:4"), WEIGHTS, 0.25).unwrap_err();
    assert_eq!(failure.status, abi::E_INFEASIBLE);
    assert!(failure.message.contains("cannot keep 4 weights where the pattern 2:4 leaves 8"), "{failure}");
}
