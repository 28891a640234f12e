//! Each criterion against its formula, worked out by hand or by other means on a small network.

use secateur_bench::{Trial, noise, task};
use secateur_engine::{Captured, DeviceSet, Model, Pass};
use secateur_host::{Removable, Snapshot};
use secateur_network::channels::Kept;
use secateur_network::{Builder, Network, Op, Window};
use secateur_sdk::prelude::*;
use secateur_suite::{ChannelBudget, ChannelSet, PruneSet, Recipe};

use crate::secateur_plugin_entry;

fn rows(values: &[f32], columns: i64) -> Tensor {
    Tensor::from_slice(values).view([-1, columns])
}

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{found} instead of {expected}");
    }
}

#[test]
fn norms_are_sums_of_absolute_values_and_roots_of_sums_of_squares() {
    let filters = rows(&[3.0, -4.0, 0.0, 1.0, -2.0, 2.0], 3);
    close(&crate::values(&crate::norm::norms(&filters, 1).unwrap()).unwrap(), &[7.0, 5.0]);
    close(&crate::values(&crate::norm::norms(&filters, 2).unwrap()).unwrap(), &[5.0, 3.0]);
    close(&crate::by_mean(vec![1.0, 3.0]), &[0.5, 1.5]);
    close(&crate::by_mean(vec![0.0, 0.0]), &[0.0, 0.0]);
}

#[test]
fn the_filter_in_the_middle_has_the_smallest_sum_of_distances() {
    // Points on a line at 0, 1, 2 and 10, times the vector (3, 4): distances are five times those on the line.
    let filters = rows(&[0.0, 0.0, 3.0, 4.0, 6.0, 8.0, 30.0, 40.0], 2);
    let sums = crate::values(&crate::fpgm::distances(&filters).unwrap()).unwrap();
    close(&sums, &[5.0 * 13.0, 5.0 * 11.0, 5.0 * 11.0, 5.0 * 27.0]);
}

#[test]
fn lamp_divides_by_what_is_at_least_as_large() {
    close(&crate::lamp::lamp(&[4.0, 1.0, 5.0]), &[4.0 / 9.0, 1.0 / 10.0, 1.0]);
    // The largest always scores one, so that no layer is removed whole before others lose all but one.
    close(&crate::lamp::lamp(&[0.0, 0.0]), &[0.0, 0.0]);
}

#[test]
fn ranks_are_those_of_the_maps() {
    // Two pictures with two channels: a map of rank 1 and of rank 2, then of rank 0 and of rank 2.
    let maps = Tensor::from_slice(&[
        1.0_f32, 2.0, 2.0, 4.0, /**/ 1.0, 0.0, 0.0, 1.0, /**/ 0.0, 0.0, 0.0, 0.0, /**/ 3.0,
        1.0, 1.0, 3.0,
    ])
    .view([2, 2, 2, 2]);
    close(&crate::values(&crate::hrank::rank_sums(&maps).unwrap()).unwrap(), &[1.0, 4.0]);
}

/// Two convolutions with a batch norm between them, and perhaps another one behind them, then a classifier.
fn network(second_norm: bool) -> Network {
    let mut builder = Builder::new("small", [1, 4, 4]);
    let input = builder.input();
    let conv = |from, to| Op::Conv2d {
        in_channels: from,
        out_channels: to,
        window: Window::square(3, 1, 1),
        groups: 1,
        bias: false,
    };
    let first = builder.push("first", conv(1, 6), &[input]);
    let norm = builder.push("norm", Op::BatchNorm2d { channels: 6, eps: 1e-5, momentum: 0.1 }, &[first]);
    let relu = builder.push("relu", Op::Relu, &[norm]);
    let mut second = builder.push("second", conv(6, 4), &[relu]);
    if second_norm {
        second = builder.push("norm2", Op::BatchNorm2d { channels: 4, eps: 1e-5, momentum: 0.1 }, &[second]);
    }
    let pooled = builder.push("pool", Op::AdaptiveAvgPool2d { output: [1, 1] }, &[second]);
    let flat = builder.push("flat", Op::Flatten, &[pooled]);
    builder.push("head", Op::Linear { in_features: 4, out_features: 2, bias: true }, &[flat]);
    builder.finish().unwrap()
}

/// A small task, a model, and what a method leaves of it when three of six channels of `first` may stay.
struct Bench {
    model: Model,
    data: DeviceSet,
}

impl Bench {
    fn new(second_norm: bool) -> Self {
        let data = task([1, 4, 4], noise(8 * 16), 2);
        let network = std::sync::Arc::new(network(second_norm));
        let model = secateur_bench::model(network, 5);
        for (param, values) in
            [("norm.weight", [0.3, 0.9, 0.1, 0.7, 0.5, 0.2]), ("norm.bias", [0.1, -0.2, 0.3, 0.0, 0.2, 0.4])]
        {
            let id = model.network().find_param(param).unwrap().id;
            let values: Vec<f32> = values.to_vec();
            model.set_param(id, &Tensor::from_slice(&values)).unwrap();
        }
        Self { model, data }
    }

    /// What a method leaves: kept units of `first`, and of `second`.
    fn run(&self, method: &str, params: &str, allowance: u64) -> std::result::Result<[Vec<bool>; 2], String> {
        let network = self.model.network();
        let set = ChannelSet {
            name: "all".to_owned(),
            budget: ChannelBudget::Channels,
            summed: true,
            min_keep: 1,
            align: 1,
        };
        let removable = Removable::new(network, &PruneSet::Channels(set));
        let recipe = Recipe { batch: 4, ..serde_recipe() };
        let trial = Trial {
            recipe: Some(&recipe),
            allowance,
            ..Trial::new(&self.model, &self.data, removable, &[0.5])
        };
        let outcome = trial.run(secateur_plugin_entry, method, params);
        let count = outcome.counts[0];
        let snapshot = outcome.answers().map_err(|failure| failure.message)?.remove(0);
        let kept = ["first", "second"].map(|layer| kept(network, &snapshot, layer));
        assert_eq!(kept.iter().flatten().filter(|keep| **keep).count() as u64, count);
        Ok(kept)
    }
}

fn serde_recipe() -> Recipe {
    Recipe {
        batch: 4,
        lr: 0.05,
        momentum: 0.0,
        nesterov: false,
        weight_decay: 0.0,
        schedule: secateur_suite::Schedule::Constant,
        warmup: 0.0,
        milestones: Vec::new(),
        gamma: 1.0,
        label_smoothing: 0.0,
        shift: 0,
        flip: false,
        ..Recipe::new(1, 1.0)
    }
}

/// Filters of a layer that a snapshot keeps.
fn kept(network: &Network, snapshot: &Snapshot, layer: &str) -> Vec<bool> {
    let param = network.find_param(&format!("{layer}.weight")).unwrap();
    let Some(mask) = snapshot.state.mask(param.id) else { return vec![true; param.shape[0]] };
    let left = mask.flatten(1, -1).amax([1], false);
    Vec::<f32>::try_from(left).unwrap().iter().map(|left| *left != 0.0).collect()
}

/// The `count` highest scores.
fn best(scores: &[f64], count: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    (0..scores.len()).map(|unit| order[..count].contains(&unit)).collect()
}

#[test]
fn uniform_norms_keep_half_of_each_group() {
    let bench = Bench::new(false);
    for (method, power) in [("org.secateur.channel-l1", 1), ("org.secateur.channel-l2", 2)] {
        let [first, second] = bench.run(method, "{}", 0).unwrap();
        for (layer, found, count) in [("first", first, 3), ("second", second, 2)] {
            let id = bench.model.network().find_param(&format!("{layer}.weight")).unwrap().id;
            let weight = bench.model.param(id).detach().flatten(1, -1);
            let norm = if power == 1 {
                weight.abs().sum_dim_intlist(1, false, Kind::Double)
            } else {
                weight.square().sum_dim_intlist(1, false, Kind::Double)
            };
            assert_eq!(found, best(&Vec::try_from(norm).unwrap(), count), "{method} {layer}");
        }
    }
}

#[test]
fn taylor_is_the_squared_change_of_the_loss_when_a_gate_closes() {
    // The change to first order, by closing each channel's gate a little: scale and shift times 1 - h.
    let bench = Bench::new(false);
    let loss = |from: i64| {
        let _guard = tch::no_grad_guard();
        let (input, target) = bench.data.range(from as usize, 4).unwrap();
        let output = bench.model.forward(&input, &Pass::default()).unwrap();
        output
            .to_kind(Kind::Double)
            .cross_entropy_loss::<Tensor>(&target, None, tch::Reduction::Mean, -100, 0.0)
            .double_value(&[])
    };
    let network = bench.model.network().clone();
    let scale = |param: &str, unit: i64, factor: f64| {
        let _guard = tch::no_grad_guard();
        let id = network.find_param(param).unwrap().id;
        let mut value = bench.model.param(id).detach().select(0, unit);
        let scaled = &value * factor;
        value.copy_(&scaled);
    };
    // The host's order of pictures is its own; one batch of all pictures has no order.
    let batches = [0_i64, 4];
    let h = 1e-2;
    let mut first = Vec::new();
    for unit in 0..6 {
        let mut change = 0.0;
        for from in batches {
            let mut at = [0.0; 2];
            for (at, factor) in at.iter_mut().zip([1.0 - h, 1.0 + h]) {
                scale("norm.weight", unit, factor);
                scale("norm.bias", unit, factor);
                *at = loss(from) / 2.0;
                scale("norm.weight", unit, 1.0 / factor);
                scale("norm.bias", unit, 1.0 / factor);
            }
            change += (at[1] - at[0]) / (2.0 * h);
        }
        first.push(change * change);
    }
    let mut second = Vec::new();
    for unit in 0..4 {
        let mut change = 0.0;
        for from in batches {
            let mut at = [0.0; 2];
            for (at, factor) in at.iter_mut().zip([1.0 - h, 1.0 + h]) {
                scale("second.weight", unit, factor);
                *at = loss(from) / 2.0;
                scale("second.weight", unit, 1.0 / factor);
            }
            change += (at[1] - at[0]) / (2.0 * h);
        }
        second.push(change * change);
    }
    let all: Vec<f64> = first.iter().chain(&second).copied().collect();
    let expected = best(&all, 5);
    let [found_first, found_second] =
        bench.run("org.secateur.channel-taylor", r#"{"batches": 1, "batch": 8}"#, 8).unwrap();
    let found: Vec<bool> = found_first.into_iter().chain(found_second).collect();
    assert_eq!(found, expected, "{all:?}");
    let uniform = r#"{"batches": 1, "batch": 8, "scope": "uniform"}"#;
    let [found_first, found_second] =
        Bench::new(false).run("org.secateur.channel-taylor", uniform, 8).unwrap();
    assert_eq!((found_first, found_second), (best(&first, 3), best(&second, 2)), "{all:?}");
    // Looking at pictures costs: without an allowance there is nothing to look at them with.
    let refused = bench.run("org.secateur.channel-taylor", "{}", 0).unwrap_err();
    assert!(refused.contains("allowance"), "{refused}");
}

#[test]
fn slimming_keeps_the_largest_scales_of_the_whole_network_and_shrinks_the_rest() {
    let bench = Bench::new(true);
    // The scales of `norm` as `Bench::new` sets them, and those of `norm2`, which begin at one.
    let [first, second] = bench.run("org.secateur.network-slimming", r#"{"search_fraction": 0}"#, 0).unwrap();
    assert_eq!(first, [false, true, false, false, false, false]);
    assert_eq!(second, [true; 4]);
    let scales = || -> f64 {
        let id = bench.model.network().find_param("norm.weight").unwrap().id;
        bench.model.param(id).detach().abs().sum(Kind::Double).double_value(&[])
    };
    let before = scales();
    // A strong penalty for a few steps: every step takes the learning rate times lambda from each scale. Only the
    // channel that stays is looked at, since what goes is zero.
    bench.run("org.secateur.network-slimming", r#"{"lambda": 0.5, "search_fraction": 1}"#, 16).unwrap();
    assert!(scales() < before, "{} is not below {before}", scales());
    // `second` has no batch norm here, so there is nothing to judge its channels by.
    let refused = Bench::new(false).run("org.secateur.network-slimming", "{}", 0).unwrap_err();
    assert_eq!(refused, "no batch norm follows `second`, so there is no scale to judge it by");
}

#[test]
fn hrank_keeps_the_maps_of_highest_rank() {
    let bench = Bench::new(false);
    let network = bench.model.network().clone();
    let captured = Captured::default();
    let second = network.find("second").unwrap();
    captured.want(second, secateur_engine::Capture::Input);
    captured.want(second, secateur_engine::Capture::Output);
    let (input, _) = bench.data.range(0, 8).unwrap();
    let pass = Pass { captured: Some(&captured), ..Pass::default() };
    drop(tch::no_grad(|| bench.model.forward(&input, &pass).unwrap()));
    let expected =
        [(secateur_engine::Capture::Input, 3), (secateur_engine::Capture::Output, 2)].map(|(what, count)| {
            let maps = captured.get(second, what).unwrap();
            let size = maps.size();
            let mut ranks = vec![0.0; size[1] as usize];
            for picture in 0..size[0] {
                for channel in 0..size[1] {
                    let (_, singular, _) = maps.get(picture).get(channel).svd(true, true);
                    let singular = Vec::<f64>::try_from(singular.to_kind(Kind::Double)).unwrap();
                    let threshold = singular[0] * size[3] as f64 * f64::from(f32::EPSILON);
                    ranks[channel as usize] +=
                        singular.iter().filter(|value| **value > threshold).count() as f64;
                }
            }
            (best(&ranks, count), ranks)
        });
    let [first, second] = bench.run("org.secateur.channel-hrank", r#"{"pictures": 8}"#, 8).unwrap();
    let [(expected_first, ranks), (expected_second, _)] = expected;
    // Ties make `best` ambiguous; the ranks of what stays are not.
    let total = |kept: &[bool]| -> f64 {
        ranks.iter().zip(kept).filter(|(_, kept)| **kept).map(|(rank, _)| rank).sum()
    };
    assert_eq!(total(&first), total(&expected_first), "{ranks:?}");
    assert_eq!(second.len(), expected_second.len());
}

#[test]
fn random_channels_follow_the_seed_and_wrong_parameters_are_named() {
    let bench = Bench::new(false);
    let once = bench.run("org.secateur.channel-random", "{}", 0).unwrap();
    assert_eq!(once, bench.run("org.secateur.channel-random", "{}", 0).unwrap());
    let groups = bench.model.network().channel_groups();
    assert_eq!(Kept::all(&groups).count(groups.find("first").unwrap()), 6);
    let refused = bench.run("org.secateur.channel-l1", r#"{"scop": "global"}"#, 0).unwrap_err();
    assert!(refused.contains("scop"), "{refused}");
    let refused = bench.run("org.secateur.network-slimming", r#"{"lambda": -1}"#, 0).unwrap_err();
    assert!(refused.contains("`lambda`"), "{refused}");
}
