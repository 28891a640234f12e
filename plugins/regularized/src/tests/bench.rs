//! A small task and a small network, and what methods leave of it.

use std::sync::Arc;

use secateur_bench::{EntryFunction, Trial, convolutions, noise, task};
use secateur_host::{MethodFailure, Removable, Snapshot};
use secateur_network::ParamId;
use secateur_sdk::prelude::*;
use secateur_suite::{Recipe, Schedule};

/// Pictures in a training batch.
pub(super) const BATCH: u64 = 4;

/// What is left of one prunable layer.
#[derive(Debug, PartialEq)]
pub(super) struct Layer {
    pub(super) weight: Vec<f32>,
    pub(super) kept: Vec<bool>,
}

impl Layer {
    pub(super) fn kept(&self) -> u64 {
        self.kept.iter().filter(|kept| **kept).count() as u64
    }

    pub(super) fn nonzero(&self) -> u64 {
        self.weight.iter().filter(|value| **value != 0.0).count() as u64
    }
}

/// The answer to one target.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) layers: Vec<Layer>,
    /// Steps trained since the method began.
    pub(super) steps: u64,
    pub(super) count: u64,
    /// Weights that were not zero before the host selected.
    pub(super) learned: u64,
}

impl Answer {
    fn new(snapshot: &Snapshot, params: &[ParamId], count: u64) -> Self {
        let flat = |tensor: &Tensor| Vec::<f32>::try_from(tensor.detach().reshape([-1])).unwrap();
        let layers = params.iter().map(|id| {
            let weight = flat(snapshot.state.param(*id));
            let kept = match snapshot.state.mask(*id) {
                Some(mask) => flat(mask).iter().map(|value| *value != 0.0).collect(),
                None => vec![true; weight.len()],
            };
            Layer { weight, kept }
        });
        let learned = snapshot.nonzero_before.expect("the host has selected");
        Self { layers: layers.collect(), steps: snapshot.meters.steps, count, learned }
    }
}

/// What a method of a plugin makes of the network with so many training steps, for each keep.
pub(super) fn run(
    entry: EntryFunction,
    method: &str,
    params: &str,
    steps: u64,
    keeps: &[f64],
) -> std::result::Result<Vec<Answer>, MethodFailure> {
    run_with(Schedule::Constant, entry, method, params, steps, keeps)
}

/// As [`run`], with a schedule of the learning rate.
pub(super) fn run_with(
    schedule: Schedule,
    entry: EntryFunction,
    method: &str,
    params: &str,
    steps: u64,
    keeps: &[f64],
) -> std::result::Result<Vec<Answer>, MethodFailure> {
    let data = task([1, 4, 4], noise(8 * 16), 2);
    let network = Arc::new(convolutions());
    let model = secateur_bench::model(network.clone(), 5);
    let prunable = ["first.weight", "second.weight"].map(|name| network.find_param(name).unwrap().id);
    let removable = Removable::Weights(prunable.to_vec());
    let recipe = Recipe { weight_decay: 1e-3, schedule, ..Recipe::new(BATCH as u32, 0.05) };
    let trial = Trial {
        recipe: Some(&recipe),
        allowance: steps * BATCH,
        ..Trial::new(&model, &data, removable, keeps)
    };
    let outcome = trial.run(entry, method, params);
    let counts = outcome.counts.clone();
    let answers = outcome.answers()?.into_iter().zip(counts);
    Ok(answers.map(|(snapshot, count)| Answer::new(&snapshot, &prunable, count)).collect())
}
