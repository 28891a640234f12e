//! Whole runs on a small network for classification, and searches whose answer is known.

use std::collections::BTreeMap;
use std::sync::Arc;

use secateur_bench::{Trial, noise, task};
use secateur_engine::Model;
use secateur_host::Removable;
use secateur_network::zoo;
use secateur_sdk::prelude::*;
use secateur_suite::{ChannelBudget, ChannelSet, PruneSet, Recipe};

use crate::config::Score;
use crate::layer_search::channel_norms;

#[test]
fn scores_are_sums_of_kernel_norms_or_frobenius_norms() {
    // Two filters, two channels, kernels of one by two: norms 5, 13 of the first filter and 10, 0 of the second.
    let gradient = Tensor::from_slice(&[3.0_f32, 4.0, 5.0, 12.0, 6.0, 8.0, 0.0, 0.0]).view([2, 2, 1, 2]);
    let of = |score| Vec::<f64>::try_from(channel_norms(&gradient, score).unwrap()).unwrap();
    assert_eq!(of(Score::SumOfNorms), [15.0, 13.0]);
    assert_eq!(of(Score::Frobenius), [125.0_f64.sqrt(), 13.0]);
}

/// A residual network half as wide, in which some inner channels of one block are zero on every picture: their batch
/// norm gives minus one, and the rectifier zero.
fn model_with(network: &str, block: &str, dead: &[usize]) -> Model {
    let options = zoo::Options { width: Some(0.5), classes: Some(3), input: Some([3, 8, 8]) };
    let network = Arc::new(zoo::build(network, &options).unwrap());
    let model = secateur_bench::model(network.clone(), 7);
    for (name, value) in [("bn1.weight", 0.0), ("bn1.bias", -1.0)] {
        let param = network.find_param(&format!("{block}.{name}")).unwrap();
        let mut values = Vec::<f32>::try_from(model.param(param.id).detach()).unwrap();
        for channel in dead {
            values[*channel] = value;
        }
        model.set_param(param.id, &Tensor::from_slice(&values)).unwrap();
    }
    model
}

/// A ResNet-8 with dead channels in its second block.
fn model(dead: &[usize]) -> Model {
    model_with("resnet8", "layer2.0", dead)
}

/// What a method answers at half of all inner channels.
#[derive(Debug)]
struct Answer {
    /// Which channels of each block's first convolution it keeps, by the name of the block.
    kept: BTreeMap<String, Vec<bool>>,
    /// What it spent.
    spent: u64,
}

/// Runs a method on a network, which it leaves pruned: take a new one for each run.
fn run(model: &Model, method: &str, params: &str, allowance: u64) -> std::result::Result<Answer, String> {
    let data = task([3, 8, 8], noise(24 * 3 * 64), 3);
    let network = model.network();
    let set = ChannelSet {
        name: "inner".to_owned(),
        budget: ChannelBudget::Channels,
        summed: false,
        min_keep: 1,
        align: 1,
    };
    let removable = Removable::new(network, &PruneSet::Channels(set));
    let recipe = Recipe {
        nesterov: true,
        weight_decay: 1e-4,
        schedule: secateur_suite::Schedule::Constant,
        ..Recipe::new(8, 0.01)
    };
    let trial = Trial { recipe: Some(&recipe), allowance, ..Trial::new(model, &data, removable, &[0.5]) };
    let outcome = trial.run(crate::secateur_plugin_entry, method, params);
    let snapshot = outcome.answers().map_err(|failure| failure.message)?.remove(0);
    let mut kept = BTreeMap::new();
    for param in network.params() {
        if let Some(block) = param.name.strip_suffix(".conv1.weight") {
            let all = vec![true; param.shape[0]];
            kept.insert(block.to_owned(), snapshot.state.mask(param.id).map_or(all, rows_left));
        }
    }
    Ok(Answer { kept, spent: snapshot.meters.charged() })
}

/// For each row of a mask whether anything is left of it.
fn rows_left(mask: &Tensor) -> Vec<bool> {
    let left = Vec::<f32>::try_from(mask.flatten(1, -1).amax([1], false)).unwrap();
    left.iter().map(|left| *left != 0.0).collect()
}

/// Half of the sixteen channels of the block, every other one.
fn every_other() -> Vec<usize> {
    (0..16).step_by(2).collect()
}

#[test]
fn channels_without_a_signal_never_join_before_others() {
    let dead = every_other();
    let alive: Vec<bool> = (0..16).map(|unit| !dead.contains(&unit)).collect();
    for search in [r#""greedy""#, r#""top-k""#, r#""top-k", "ranked_at": "zero""#] {
        let params = format!(r#"{{"search": {search}, "losses": 2, "samples": 24, "batch": 8}}"#);
        let answer = run(&model(&dead), "org.secateur.dcp", &params, 1_000_000).unwrap();
        // Their gradient is zero, whatever the loss.
        assert_eq!(answer.kept["layer2.0"], alive, "{search}");
    }
}

#[test]
fn every_picture_that_the_search_looks_at_is_charged() {
    let params = r#"{"losses": 0, "samples": 24, "batch": 8}"#;
    let spent = run(&model(&[]), "org.secateur.dcp", params, 1_000_000).unwrap().spent;
    // Three blocks with 8, 16 and 32 inner channels, half of which join one by one. Each layer reads the 24 pictures
    // once for the reference, scores once at the beginning, and optimizes and scores once for each channel that joins.
    let picks = 4 + 8 + 16;
    assert_eq!(spent, 24 * (3 + 2 * picks) + 24 * 3 / 3);
}

#[test]
fn a_search_reads_whole_batches_of_no_more_than_its_samples() {
    let spent = |samples: u32, batch: u32| {
        let params = format!(
            r#"{{"losses": 0, "search": "top-k", "samples": {samples}, "batch": {batch}, "passes": 0}}"#
        );
        run(&model(&[]), "org.secateur.dcp", &params, 1_000_000).unwrap().spent
    };
    // Each of three layers is referred to and scored once.
    let layers = |pictures: u64| 3 * pictures + 3 * pictures / 3;
    assert_eq!(spent(23, 8), layers(16));
    assert_eq!(spent(6, 8), layers(6));
    // There are no more than 24 pictures.
    assert_eq!(spent(100, 8), layers(24));
}

#[test]
fn one_ranking_at_zero_is_a_greedy_search_with_a_single_pick() {
    let kept = |search: &str| {
        let params = format!(r#"{{"losses": 0, "samples": 24, "batch": 8, "score": "frobenius", {search}}}"#);
        run(&model(&[]), "org.secateur.dcp", &params, 1_000_000).unwrap().kept
    };
    assert_eq!(
        kept(r#""search": "top-k", "ranked_at": "zero""#),
        kept(r#""search": "greedy", "channels_at_a_time": 64"#)
    );
}

#[test]
fn reconstruction_alone_ranks_the_first_layer_at_zero_and_not_at_its_weights() {
    let kept = |ranked_at: &str| {
        // The first four of eight channels are dead.
        let model = model_with("resnet8", "layer1.0", &[0, 1, 2, 3]);
        let params = format!(
            r#"{{"losses": 0, "lambda": 0, "search": "top-k", "ranked_at": "{ranked_at}", "samples": 24, "batch": 8}}"#
        );
        run(&model, "org.secateur.dcp", &params, 1_000_000).unwrap().kept["layer1.0"].clone()
    };
    let last = [false, false, false, false, true, true, true, true];
    assert_eq!(kept("zero"), last);
    // Nothing is to be reconstructed yet: all gradients are zero, and position decides.
    assert_eq!(kept("weights"), last.map(|kept| !kept));
}

#[test]
fn auxiliary_heads_train_with_the_network() {
    let spent = |losses: u32| {
        // Nine blocks have room for one head.
        let model = model_with("resnet20", "layer2.0", &[]);
        let params =
            format!(r#"{{"losses": {losses}, "search": "top-k", "passes": 0, "samples": 8, "batch": 8}}"#);
        run(&model, "org.secateur.dcp", &params, 4000).unwrap().spent
    };
    // Each of nine layers is referred to and scored on eight pictures.
    let search = 9 * 8 + 9 * 8 / 3;
    // The head's width is found with one picture, which leaves 499 steps; a quarter of them is trained.
    assert_eq!(spent(2), search + 1 + 124 * 8);
    assert_eq!(spent(0), search);
}

#[test]
fn layers_before_a_head_are_judged_by_it_and_those_behind_by_the_network() {
    let kept = |losses: u32, blind: bool| {
        let model = model_with("resnet20", "layer2.0", &[]);
        if blind {
            let classifier = model.network().find_param("fc.weight").unwrap().id;
            model.set_param(classifier, &model.param(classifier).detach().zeros_like()).unwrap();
        }
        let params = format!(
            r#"{{"losses": {losses}, "auxiliary_fraction": 0, "search": "top-k", "passes": 0, "samples": 8, "batch": 8}}"#
        );
        let kept = run(&model, "org.secateur.dcp", &params, 4000).unwrap().kept;
        // The head stands behind the fifth of nine blocks.
        kept.into_values().take(5).collect::<Vec<_>>()
    };
    // A classifier of zeros has no gradient for any channel, so that position decides in the first block.
    let by_position = [true, true, true, true, false, false, false, false];
    assert_eq!(kept(0, true)[0], by_position);
    assert_ne!(kept(0, false)[0], by_position);
    assert_ne!(kept(2, false)[0], by_position);
    assert_eq!(kept(2, false), kept(2, true));
}

#[test]
fn lcp_says_that_it_needs_boxes() {
    let refused = run(&model(&[]), "org.secateur.lcp", "{}", 1000).unwrap_err();
    assert!(refused.contains("no boxes") && refused.contains("`dcp`"), "{refused}");
}

#[test]
fn all_searches_reach_the_budget_and_say_what_they_cannot_do() {
    for (method, params) in [
        ("org.secateur.dcp", r#"{"losses": 1, "search": "top-k", "samples": 8, "auxiliary_fraction": 0.01}"#),
        ("org.secateur.dcp", r#"{"losses": 2, "channels_at_a_time": 4, "samples": 8, "score": "frobenius"}"#),
        ("org.secateur.dcp-adapt", r#"{"losses": 0, "channels_at_a_time": 4, "samples": 8}"#),
    ] {
        run(&model(&[]), method, params, 4000).unwrap_or_else(|error| panic!("{method} {params}: {error}"));
    }
    let refused = run(&model(&[]), "org.secateur.dcp-adapt", r#"{"search": "top-k"}"#, 100).unwrap_err();
    assert!(refused.contains("nothing to stop"), "{refused}");
    let refused = run(&model(&[]), "org.secateur.dcp", r#"{"samples": 8}"#, 40).unwrap_err();
    assert!(refused.contains("allowance"), "{refused}");
    let refused = run(&model(&[]), "org.secateur.dcp", r#"{"lambda": -1}"#, 100).unwrap_err();
    assert!(refused.contains("`lambda`"), "{refused}");
}

#[test]
fn what_remains_of_a_layer_is_optimized() {
    // After the search the readers' weights of the kept channels are not the original ones.
    let model = model(&[]);
    let reader = model.network().find_param("layer2.0.conv2.weight").unwrap().id;
    let before = model.param(reader).detach().copy();
    let params = r#"{"losses": 0, "search": "top-k", "samples": 24, "batch": 8, "lambda": 0}"#;
    let kept = &run(&model, "org.secateur.dcp", params, 100_000).unwrap().kept["layer2.0"];
    let after = model.param(reader).detach();
    let changed = (&after - &before).abs().amax([0, 2, 3], false);
    let changed = Vec::<f32>::try_from(changed).unwrap();
    for (unit, kept) in kept.iter().enumerate() {
        assert!(changed[unit] > 0.0, "channel {unit} (kept: {kept}) is as it was");
    }
}
