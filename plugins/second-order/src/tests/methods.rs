//! The methods as the host runs them, on a small network and eight pictures.

use secateur_bench::{Trial, noise, task};
use secateur_engine::{DeviceSet, Model, Pass};
use secateur_host::{MethodFailure, Removable, Snapshot};
use secateur_network::{Builder, Network, Op, ParamId, Window};
use secateur_sdk::prelude::*;
use secateur_suite::{Prunable, PruneSet, Recipe};

use super::{close, fisher, values};
use crate::secateur_plugin_entry;

const WOODFISHER: &str = "org.secateur.woodfisher";
const DIAGONAL: &str = "org.secateur.diagonal-fisher";
const MFAC: &str = "org.secateur.m-fac";
const METHODS: [&str; 3] = [WOODFISHER, DIAGONAL, MFAC];
const PICTURES: usize = 8;
/// Weights of the stem and of the head: 4 filters of 9, and 2 rows of 4.
const SIZES: [i64; 2] = [36, 8];
/// One picture in each gradient, and all of them: then the host's order does not matter.
const ALL: &str = r#""gradients": 8, "batch": 1"#;

fn network() -> Network {
    let mut builder = Builder::new("small", [1, 4, 4]);
    let input = builder.input();
    let conv = Op::Conv2d {
        in_channels: 1,
        out_channels: 4,
        window: Window::square(3, 1, 1),
        groups: 1,
        bias: false,
    };
    let stem = builder.push("stem", conv, &[input]);
    let norm = builder.push("norm", Op::BatchNorm2d { channels: 4, eps: 1e-5, momentum: 0.1 }, &[stem]);
    let relu = builder.push("relu", Op::Relu, &[norm]);
    let pooled = builder.push("pool", Op::AdaptiveAvgPool2d { output: [1, 1] }, &[relu]);
    let flat = builder.push("flat", Op::Flatten, &[pooled]);
    builder.push("head", Op::Linear { in_features: 4, out_features: 2, bias: true }, &[flat]);
    builder.finish().unwrap()
}

/// A small task and a network as a trial starts with it.
struct Bench {
    model: Model,
    data: DeviceSet,
    params: Vec<ParamId>,
}

impl Bench {
    fn new() -> Self {
        let data = task([1, 4, 4], noise(PICTURES * 16), 2);
        let model = secateur_bench::model(std::sync::Arc::new(network()), 5);
        let params = ["stem.weight", "head.weight"].map(|name| model.network().find_param(name).unwrap().id);
        Self { model, data, params: params.to_vec() }
    }

    /// The prunable weights, one after the other.
    fn weights(&self) -> Tensor {
        let parts: Vec<Tensor> = self
            .params
            .iter()
            .map(|id| self.model.param(*id).detach().to_kind(Kind::Double).flatten(0, -1))
            .collect();
        Tensor::cat(&parts, 0)
    }

    /// Gradients of each picture alone, f32 `[pictures, n]`.
    fn gradients(&self) -> Tensor {
        let rows: Vec<Tensor> = (0..PICTURES)
            .map(|index| {
                self.model.zero_grad();
                let (input, target) = self.data.range(index, 1).unwrap();
                let output = self.model.forward(&input, &Pass::default()).unwrap();
                self.model.backward(&output.cross_entropy_for_logits(&target), &[]).unwrap();
                let parts: Vec<Tensor> =
                    self.params.iter().map(|id| self.model.grad(*id).unwrap().flatten(0, -1)).collect();
                Tensor::cat(&parts, 0)
            })
            .collect();
        self.model.zero_grad();
        Tensor::stack(&rows, 0)
    }

    /// What a method leaves for each keep.
    fn run(
        &self,
        method: &str,
        params: &str,
        keeps: &[f64],
        allowance: u64,
    ) -> std::result::Result<Vec<Snapshot>, MethodFailure> {
        let set = Prunable {
            name: "all".to_owned(),
            linear: true,
            stem: true,
            shortcuts: true,
            head: true,
            pattern: None,
        };
        let removable = Removable::new(self.model.network(), &PruneSet::Weights(set));
        let recipe = Recipe { lr: 0.05, ..Recipe::new(4, 0.05) };
        let trial = Trial {
            recipe: Some(&recipe),
            allowance,
            ..Trial::new(&self.model, &self.data, removable, keeps)
        };
        trial.run(secateur_plugin_entry, method, params).answers()
    }

    fn of(&self, snapshot: &Snapshot) -> (Vec<f64>, Vec<bool>) {
        let (mut weights, mut kept) = (Vec::new(), Vec::new());
        for id in &self.params {
            weights.extend(values(snapshot.state.param(*id)));
            let mask = snapshot.state.mask(*id).expect("a mask");
            kept.extend(values(mask).iter().map(|value| *value != 0.0));
        }
        (weights, kept)
    }
}

/// The `count` highest scores.
fn best(scores: &[f64], count: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    (0..scores.len()).map(|index| order[..count].contains(&index)).collect()
}

/// Costs and weights after removal by the inverse itself, for blocks of these lengths.
fn surgery(gradients: &Tensor, weights: &Tensor, lengths: &[i64], count: usize) -> (Vec<bool>, Vec<f64>) {
    let mut start = 0;
    let mut inverses = Vec::new();
    let mut costs = Vec::new();
    for length in lengths {
        let inverse = Tensor::linalg_inv(&fisher(&gradients.narrow(1, start, *length), 1e-5));
        let own = weights.narrow(0, start, *length);
        costs.extend(values(&(own.square() / (inverse.diagonal(0, 0, 1) * 2.0))));
        inverses.push(inverse);
        start += length;
    }
    let kept = best(&costs, count);
    let mut after = values(weights);
    let mut start = 0;
    for inverse in inverses {
        let length = inverse.size()[0] as usize;
        for gone in (0..length).filter(|index| !kept[start + index]) {
            let factor = weights.double_value(&[(start + gone) as i64])
                / inverse.double_value(&[gone as i64, gone as i64]);
            for index in 0..length {
                after[start + index] -= factor * inverse.double_value(&[index as i64, gone as i64]);
            }
        }
        start += length;
    }
    for (value, kept) in after.iter_mut().zip(&kept) {
        *value = if *kept { *value } else { 0.0 };
    }
    (kept, after)
}

#[test]
fn weights_go_and_others_make_up_for_them_as_the_inverse_says() {
    let (gradients, weights) = {
        let bench = Bench::new();
        (bench.gradients(), bench.weights())
    };
    let lengths_of = [
        (WOODFISHER, format!("{{{ALL}}}"), vec![36, 8]),
        (WOODFISHER, format!("{{{ALL}, \"block\": 20}}"), vec![20, 16, 8]),
        (MFAC, format!("{{{ALL}, \"block\": 20}}"), vec![20, 20, 4]),
        (MFAC, format!("{{{ALL}, \"block\": 0}}"), vec![44]),
    ];
    for (method, params, lengths) in lengths_of {
        let bench = Bench::new();
        let snapshots = bench.run(method, &params, &[0.5, 0.25], 8).unwrap();
        for (snapshot, count) in snapshots.iter().zip([22, 11]) {
            let (kept, after) = surgery(&gradients, &weights, &lengths, count);
            let (found, mask) = bench.of(snapshot);
            assert_eq!(mask, kept, "{method} {params}");
            // Gradients and weights are 32-bit.
            close(&found, &after, 1e-4, &format!("{method} {params}"));
            assert!(found.iter().zip(&mask).all(|(value, kept)| *kept || *value == 0.0));
        }
        assert_eq!(snapshots[0].meters.train_samples, 8, "one set of gradients for all targets");
    }
}

#[test]
fn the_diagonal_fisher_keeps_its_highest_scores_as_they_are() {
    let bench = Bench::new();
    let (gradients, weights) = (bench.gradients(), bench.weights());
    let curvature = gradients.to_kind(Kind::Double).square().mean_dim(0, false, Kind::Double);
    let costs = values(&(weights.square() * curvature));
    let snapshots = bench.run(DIAGONAL, &format!("{{{ALL}}}"), &[0.5, 0.25], 8).unwrap();
    for (snapshot, count) in snapshots.iter().zip([22, 11]) {
        let (found, mask) = bench.of(snapshot);
        assert_eq!(mask, best(&costs, count));
        for ((found, weight), kept) in found.iter().zip(values(&weights)).zip(mask) {
            assert_eq!(*found, if kept { weight } else { 0.0 });
        }
    }
}

#[test]
fn a_target_does_not_depend_on_the_others() {
    for method in METHODS {
        for scope in ["global", "uniform"] {
            let params = format!("{{{ALL}, \"scope\": \"{scope}\"}}");
            let bench = Bench::new();
            let together = bench.run(method, &params, &[0.8, 0.5, 0.1], 8).unwrap();
            for (snapshot, keep) in together.iter().zip([0.8, 0.5, 0.1]) {
                let alone = Bench::new();
                let only = alone.run(method, &params, &[keep], 8).unwrap();
                assert_eq!(bench.of(snapshot), alone.of(&only[0]), "{method}, {scope}, keep {keep}");
            }
        }
    }
}

#[test]
fn uniform_selection_keeps_the_same_fraction_of_each_parameter() {
    for method in METHODS {
        let bench = Bench::new();
        let params = format!("{{{ALL}, \"scope\": \"uniform\"}}");
        let snapshots = bench.run(method, &params, &[0.5], 8).unwrap();
        let (_, mask) = bench.of(&snapshots[0]);
        let (stem, head) = mask.split_at(SIZES[0] as usize);
        let count = |part: &[bool]| part.iter().filter(|kept| **kept).count();
        assert_eq!((count(stem), count(head)), (18, 4), "{method}");
    }
}

#[test]
fn several_steps_meet_all_targets_nested_and_spend_what_they_say() {
    // Ten prunings at most: five steps to each target. Each takes 8 samples; half of 400 is for the search. 22 and 18
    // weights go in cubic shares: after each step 0.512, 0.216, 0.064 and 0.008 of them are left. The last rounds to none,
    // so that the target is met a step early.
    let prunings = 4 + 4;
    let training = (200 - prunings * 8) / 4 / (prunings - 1);
    for method in METHODS {
        let params = format!("{{{ALL}, \"steps\": 5, \"search_fraction\": 0.5}}");
        let run = || {
            let bench = Bench::new();
            let snapshots = bench.run(method, &params, &[0.5, 0.1], 400).unwrap();
            let found: Vec<_> = snapshots.iter().map(|snapshot| bench.of(snapshot)).collect();
            (found, snapshots.last().unwrap().meters)
        };
        let (found, meters) = run();
        let kept = |mask: &[bool]| mask.iter().filter(|kept| **kept).count();
        assert_eq!((kept(&found[0].1), kept(&found[1].1)), (22, 4), "{method}");
        for (weights, mask) in &found {
            assert!(weights.iter().zip(mask).all(|(value, kept)| *kept || *value == 0.0), "{method}");
        }
        assert!(found[1].1.iter().zip(&found[0].1).all(|(later, before)| *before || !later), "{method}");
        assert_eq!(meters.steps, training * (prunings - 1), "{method}");
        assert_eq!(meters.train_samples, prunings * 8 + meters.steps * 4, "{method}");
        assert_eq!(run(), (found, meters), "{method}: the same seed gives the same bytes");
    }
}

#[test]
fn steps_without_training_only_compute_the_matrix_anew() {
    let bench = Bench::new();
    let params = format!("{{{ALL}, \"steps\": 3, \"search_fraction\": 0}}");
    let snapshots = bench.run(WOODFISHER, &params, &[0.25], 24).unwrap();
    assert_eq!((snapshots[0].meters.steps, snapshots[0].meters.train_samples), (0, 24));
    let one = Bench::new();
    let shot = one.run(WOODFISHER, &format!("{{{ALL}}}"), &[0.25], 24).unwrap();
    assert_ne!(bench.of(&snapshots[0]).0, one.of(&shot[0]).0);
}

#[test]
fn a_split_with_fewer_pictures_gives_fewer_gradients() {
    // Three whole mini-batches of 8 / 3 pictures do not exist: two of three do.
    let bench = Bench::new();
    let snapshots = bench.run(WOODFISHER, r#"{"gradients": 400, "batch": 3}"#, &[0.5], 100).unwrap();
    assert_eq!(snapshots[0].meters.train_samples, 6);
    let refused = bench.run(WOODFISHER, r#"{"batch": 9}"#, &[0.5], 100).unwrap_err();
    assert_eq!(refused.status, secateur_sdk::secateur_abi::E_INVALID);
    assert!(refused.message.contains("`batch`"), "{refused}");
}

#[test]
fn mini_batches_are_as_many_as_are_wanted_and_there() {
    // With a recipe of four pictures, an epoch of two steps says that there are five pictures at least, so that some
    // splits are counted and others are not.
    for gradients in 1..=9 {
        for batch in 1..=4 {
            let params = format!(r#"{{"gradients": {gradients}, "batch": {batch}}}"#);
            let snapshots = Bench::new().run(DIAGONAL, &params, &[0.5], 100).unwrap();
            let count = gradients.min(PICTURES as u64 / batch);
            assert_eq!(snapshots[0].meters.train_samples, count * batch, "{params}");
        }
    }
}

#[test]
fn gradients_that_are_not_finite_are_told() {
    let bench = Bench::new();
    let stem = bench.model.param(bench.params[0]);
    bench.model.set_param(bench.params[0], &stem.detach().full_like(f64::INFINITY)).unwrap();
    for method in METHODS {
        let refused = bench.run(method, &format!("{{{ALL}}}"), &[0.5], 8).unwrap_err();
        assert!(refused.message.contains("gradient 0 is not finite"), "{refused}");
    }
}

#[test]
fn too_small_an_allowance_is_exhausted_and_says_what_to_do() {
    for method in METHODS {
        for (params, allowance) in [
            (format!("{{{ALL}}}"), 7),
            (format!("{{{ALL}}}"), 0),
            // Three prunings fit, but not a step of training with four pictures after each of the first two.
            (format!("{{{ALL}, \"steps\": 3, \"search_fraction\": 1}}"), 3 * 8 + 7),
        ] {
            let refused = Bench::new().run(method, &params, &[0.25], allowance).unwrap_err();
            assert_eq!(refused.status, secateur_sdk::secateur_abi::E_EXHAUSTED, "{refused}");
            for word in ["`gradients`", "`batch`", "`steps`", "allowance"] {
                assert!(refused.message.contains(word), "{refused}");
            }
        }
    }
    // Exactly enough is enough.
    Bench::new().run(WOODFISHER, &format!("{{{ALL}}}"), &[0.25], 8).unwrap();
}

#[test]
fn wrong_parameters_are_refused_by_name() {
    let bench = Bench::new();
    let common = [
        (r#"{"gradients": 0}"#, "`gradients`"),
        (r#"{"batch": 0}"#, "`batch`"),
        (r#"{"steps": 0}"#, "`steps`"),
        (r#"{"search_fraction": 1.5}"#, "`search_fraction`"),
        (r#"{"gradient": 3}"#, "gradient"),
    ];
    for (params, name) in common {
        for method in METHODS {
            let refused = bench.run(method, params, &[0.5], 100).unwrap_err();
            assert_eq!(refused.status, secateur_sdk::secateur_abi::E_INVALID, "{refused}");
            assert!(refused.message.contains(name), "{refused}");
        }
    }
    for (method, params, name) in [
        (WOODFISHER, r#"{"damp": 0}"#, "`damp`"),
        (MFAC, r#"{"damp": -1}"#, "`damp`"),
        (WOODFISHER, r#"{"block": 0}"#, "`block`"),
        (WOODFISHER, r#"{"update_scale": 2}"#, "`update_scale`"),
        (DIAGONAL, r#"{"damp": 1}"#, "damp"),
        (MFAC, r#"{"update_scale": 1}"#, "update_scale"),
    ] {
        let refused = bench.run(method, params, &[0.5], 100).unwrap_err();
        assert!(refused.message.contains(name), "{refused}");
    }
}
