//! The random baselines: their counts in each layer, and the streams that they draw from.

use std::sync::Arc;

use secateur_bench::{Trial, convolutions, noise, task};
use secateur_host::{Removable, Snapshot};
use secateur_network::ParamId;
use secateur_sdk::prelude::*;

use crate::secateur_plugin_entry;

const MAGNITUDE: &str = "org.secateur.magnitude";
const RANDOM: &str = "org.secateur.random";
const MATCHED: &str = "org.secateur.random-layerwise-matched";

/// What a method leaves of two convolutions, of 54 and 216 weights, at each keep.
fn answers(method: &str, seed: u64, keeps: &[f64]) -> ([ParamId; 2], Vec<Snapshot>) {
    let data = task([1, 4, 4], noise(4 * 16), 2);
    let network = Arc::new(convolutions());
    let ids: [ParamId; 2] =
        ["first.weight", "second.weight"].map(|name| network.find_param(name).unwrap().id);
    let model = secateur_bench::model(network, 5);
    let trial = Trial { seed, ..Trial::new(&model, &data, Removable::Weights(ids.to_vec()), keeps) };
    (ids, trial.run(secateur_plugin_entry, method, "{}").answers().unwrap())
}

/// The masks of both convolutions at each keep.
fn masks(method: &str, seed: u64, keeps: &[f64]) -> Vec<[Vec<bool>; 2]> {
    let (ids, snapshots) = answers(method, seed, keeps);
    let kept = |mask: &Tensor| Vec::try_from(mask.to_kind(Kind::Bool).reshape([-1])).unwrap();
    snapshots.iter().map(|snapshot| ids.map(|id| kept(snapshot.state.mask(id).unwrap()))).collect()
}

fn count(mask: &[bool]) -> usize {
    mask.iter().filter(|kept| **kept).count()
}

#[test]
fn matched_masks_have_the_counts_of_magnitude_in_each_layer() {
    let keeps = [0.5, 0.2];
    let matched = masks(MATCHED, 3, &keeps);
    for (magnitude, random) in masks(MAGNITUDE, 3, &keeps).iter().zip(&matched) {
        assert_eq!(magnitude.each_ref().map(|mask| count(mask)), random.each_ref().map(|mask| count(mask)));
        assert_ne!(magnitude, random);
    }
    // Smaller keeps lie within larger ones.
    let [large, small] = &matched[..] else { panic!("two keeps") };
    for (large, small) in large.iter().zip(small) {
        assert!(large.iter().zip(small).all(|(large, small)| *large || !*small));
    }
}

#[test]
fn every_keep_is_selected_from_the_whole_network() {
    // Not from what an earlier keep has left of it, or magnitude, whose counts are what matched masks ask for first.
    for method in [MAGNITUDE, RANDOM, MATCHED] {
        let (_, snapshots) = answers(method, 3, &[0.5, 0.2]);
        for snapshot in snapshots {
            assert_eq!(snapshot.nonzero_before, Some(270), "{method}");
            assert_eq!(snapshot.weights_of.as_deref(), Some("start"), "{method}");
        }
    }
}

#[test]
fn a_seed_is_a_mask_and_each_baseline_draws_its_own() {
    let keeps = [0.5];
    for method in [RANDOM, MATCHED] {
        assert_eq!(masks(method, 0, &keeps), masks(method, 0, &keeps), "{method}");
        assert_ne!(masks(method, 0, &keeps), masks(method, 1, &keeps), "{method}");
    }
    // Independent masks of halves agree at about half of the positions, here of 270: five standard deviations are 0.15.
    let [random, matched] = [RANDOM, MATCHED].map(|method| masks(method, 3, &keeps)[0].concat());
    let same = random.iter().zip(&matched).filter(|(random, matched)| random == matched).count();
    let share = same as f64 / random.len() as f64;
    assert!((share - 0.5).abs() < 0.15, "{share}");
}
