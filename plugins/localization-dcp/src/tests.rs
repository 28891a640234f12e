//! The search on small networks whose answer is known.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use secateur_data::{Pictures, TaskInfo};
use secateur_engine::{DeviceSet, Model, Options, Streams};
use secateur_host::{Plugin, Removable, Session, SessionSetup, run_method};
use secateur_metrics::ClassificationMetric;
use secateur_network::{Network, zoo};
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

/// A ResNet-8 half as wide, in which some inner channels of one block are zero on every picture: their batch norm
/// gives minus one, and the rectifier zero.
fn model(dead: &[usize]) -> Model {
    let options = zoo::Options { width: Some(0.5), classes: Some(3), input: Some([3, 8, 8]) };
    let network = Arc::new(zoo::build("resnet8", &options).unwrap());
    let model = Model::new(network.clone(), Options::default(), &Streams::new(7)).unwrap();
    for (name, value) in [("layer2.0.bn1.weight", 0.0), ("layer2.0.bn1.bias", -1.0)] {
        let param = network.find_param(name).unwrap();
        let mut values = Vec::<f32>::try_from(model.param(param.id).detach()).unwrap();
        for channel in dead {
            values[*channel] = value;
        }
        model.set_param(param.id, &Tensor::from_slice(&values)).unwrap();
    }
    model
}

fn data() -> (DeviceSet, TaskInfo) {
    let info = TaskInfo {
        id: "small".to_owned(),
        title: String::new(),
        summary: String::new(),
        version: 1,
        classes: ["a", "b", "c"].map(str::to_owned).to_vec(),
        metric: ClassificationMetric::Top1,
        mean: vec![0.5; 3],
        std: vec![0.25; 3],
    };
    let mut seed = 9_u32;
    let mut pixels = Vec::new();
    for _ in 0..24 * 3 * 64 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        pixels.push((seed >> 24) as u8);
    }
    let labels = (0..24).map(|picture| picture % 3).collect();
    let pictures = Pictures { shape: [3, 8, 8], pixels, labels };
    (DeviceSet::new(&pictures, &info, Device::Cpu).unwrap(), info)
}

/// Which of the channels of `layer2.0.conv1` a method keeps at half of all inner channels, and what it spent.
fn run(
    model: &Model,
    method: &str,
    params: &str,
    allowance: u64,
) -> std::result::Result<(Vec<bool>, u64), String> {
    // Small networks are fastest on one thread.
    tch::set_num_threads(1);
    let (data, info) = data();
    let network = model.network();
    let set = ChannelSet {
        name: "inner".to_owned(),
        budget: ChannelBudget::Channels,
        summed: false,
        min_keep: 1,
        align: 1,
    };
    let removable = Removable::new(network, &PruneSet::Channels(set));
    let targets = vec![removable.target(network, 0.5)];
    let recipe: Recipe = Recipe {
        batch: 8,
        lr: 0.01,
        momentum: 0.9,
        nesterov: true,
        weight_decay: 1e-4,
        schedule: secateur_suite::Schedule::Constant,
        warmup: 0.0,
        milestones: Vec::new(),
        gamma: 1.0,
        label_smoothing: 0.0,
        shift: 0,
        flip: false,
    };
    let cancelled = AtomicBool::new(false);
    let session = Session::new(SessionSetup {
        model,
        train: &data,
        validation: &data,
        classes: info.classes.len(),
        recipe: Some(&recipe),
        allowance,
        removable,
        targets,
        upstream: Default::default(),
        streams: Streams::new(3),
        cancelled: &cancelled,
        deadline: None,
        progress: |_, _, _| {},
    });
    let plugin = Plugin::in_process(crate::secateur_plugin_entry).unwrap();
    run_method(&plugin, method, params, &session).map_err(|failure| failure.message)?;
    let snapshot = session.into_snapshots().remove(0).expect("the method answered");
    Ok((
        kept(network, snapshot.state.mask(network.find_param("layer2.0.conv1.weight").unwrap().id)),
        snapshot.meters.charged(),
    ))
}

fn kept(network: &Network, mask: Option<&Tensor>) -> Vec<bool> {
    let units = network.find_param("layer2.0.conv1.weight").unwrap().shape[0];
    let Some(mask) = mask else { return vec![true; units] };
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
    let model = model(&dead);
    let alive: Vec<bool> = (0..16).map(|unit| !dead.contains(&unit)).collect();
    for search in ["greedy", "top-k"] {
        let params = format!(r#"{{"search": "{search}", "losses": 2, "samples": 24, "batch": 8}}"#);
        let (kept, _) = run(&model, "org.secateur.dcp", &params, 1_000_000).unwrap();
        // Their gradient is zero, whatever the loss.
        assert_eq!(kept, alive, "{search}");
    }
}

#[test]
fn every_picture_that_the_search_looks_at_is_charged() {
    let params = r#"{"losses": 0, "samples": 24, "batch": 8}"#;
    let (_, spent) = run(&model(&[]), "org.secateur.dcp", params, 1_000_000).unwrap();
    // Three blocks with 8, 16 and 32 inner channels, half of which join one by one. Each layer reads the 24 pictures
    // once for the reference, scores once at the beginning, and optimizes and scores once for each channel that joins.
    let picks = 4 + 8 + 16;
    assert_eq!(spent, 24 * (3 + 2 * picks) + 24 * 3 / 3);
}

#[test]
fn all_searches_reach_the_budget_and_say_what_they_cannot_do() {
    let model = model(&[]);
    for (method, params) in [
        ("org.secateur.dcp", r#"{"losses": 1, "search": "top-k", "samples": 8, "auxiliary_fraction": 0.01}"#),
        ("org.secateur.dcp", r#"{"losses": 2, "channels_at_a_time": 4, "samples": 8, "score": "frobenius"}"#),
        ("org.secateur.dcp-adapt", r#"{"losses": 0, "channels_at_a_time": 4, "samples": 8}"#),
    ] {
        run(&model, method, params, 4000).unwrap_or_else(|error| panic!("{method} {params}: {error}"));
    }
    let refused = run(&model, "org.secateur.dcp-adapt", r#"{"search": "top-k"}"#, 100).unwrap_err();
    assert!(refused.contains("nothing to stop"), "{refused}");
    let refused = run(&model, "org.secateur.dcp", r#"{"samples": 8}"#, 40).unwrap_err();
    assert!(refused.contains("allowance"), "{refused}");
    let refused = run(&model, "org.secateur.dcp", r#"{"lambda": -1}"#, 100).unwrap_err();
    assert!(refused.contains("`lambda`"), "{refused}");
}

#[test]
fn what_remains_of_a_layer_is_optimized() {
    // After the search the readers' weights of the kept channels are not the original ones.
    let model = model(&[]);
    let reader = model.network().find_param("layer2.0.conv2.weight").unwrap().id;
    let before = model.param(reader).detach().copy();
    let params = r#"{"losses": 0, "search": "top-k", "samples": 24, "batch": 8, "lambda": 0}"#;
    let (kept, _) = run(&model, "org.secateur.dcp", params, 100_000).unwrap();
    let after = model.param(reader).detach();
    let changed = (&after - &before).abs().amax([0, 2, 3], false);
    let changed = Vec::<f32>::try_from(changed).unwrap();
    for (unit, kept) in kept.iter().enumerate() {
        assert!(changed[unit] > 0.0, "channel {unit} (kept: {kept}) is as it was");
    }
}
