//! A small task and a small network, and what the method leaves of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use secateur_bench::{Trial, convolutions, noise, task};
use secateur_engine::{DeviceSet, Model, Sgd, State, Streams};
use secateur_host::{MethodFailure, Removable, Snapshot};
use secateur_network::ParamId;
use secateur_sdk::prelude::*;
use secateur_suite::{Recipe, Schedule};

use crate::secateur_plugin_entry;

/// Pictures in a training batch.
pub(super) const BATCH: u64 = 4;
/// Weights of the two prunable layers, 54 and 216.
pub(super) const TOTAL: usize = 270;
/// Seed of the trials.
pub(super) const SEED: u64 = 3;

/// Values and masks of the two prunable layers, one behind the other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) weights: Vec<f32>,
    pub(super) kept: Vec<bool>,
    /// Steps trained since the method began.
    pub(super) steps: u64,
    /// What the target asks for.
    pub(super) count: u64,
    /// The checkpoint whose values the host found in it.
    pub(super) weights_of: Option<String>,
}

impl Answer {
    pub(super) fn kept(&self) -> u64 {
        self.kept.iter().filter(|kept| **kept).count() as u64
    }

    /// Weights that the two layers keep.
    pub(super) fn layers(&self) -> [usize; 2] {
        let (first, second) = self.kept.split_at(54);
        [first, second].map(|layer| layer.iter().filter(|kept| **kept).count())
    }

    /// Positions that only one of two masks keeps.
    pub(super) fn distance(&self, other: &Self) -> usize {
        self.kept.iter().zip(&other.kept).filter(|(one, other)| one != other).count()
    }

    /// Whether all that this mask keeps is kept by the other one, too.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.kept.iter().zip(&other.kept).all(|(inner, outer)| *outer || !inner)
    }
}

/// A trial on noise, in which the classes cannot be told apart but by heart.
pub(super) struct Lab {
    pub(super) model: Model,
    pub(super) data: DeviceSet,
    pub(super) recipe: Recipe,
    pub(super) prunable: Vec<ParamId>,
}

impl Lab {
    pub(super) fn new(lr: f64) -> Self {
        let network = Arc::new(convolutions());
        let prunable = ["first.weight", "second.weight"].map(|name| network.find_param(name).unwrap().id);
        Self {
            model: secateur_bench::model(network, 5),
            data: task([1, 4, 4], noise(8 * 16), 2),
            recipe: Recipe {
                weight_decay: 1e-3,
                schedule: Schedule::Constant,
                ..Recipe::new(BATCH as u32, lr)
            },
            prunable: prunable.to_vec(),
        }
    }

    /// A state as the upstream's training keeps one: other weights, and momentum everywhere.
    pub(super) fn early_step(&self) -> State {
        let start = State::of(&self.model, None);
        let sgd = Sgd::new(&self.recipe, self.model.params().len());
        let _alone = secateur_bench::alone();
        let trainer = secateur_engine::Trainer {
            model: &self.model,
            sgd: &sgd,
            data: &self.data,
            recipe: &self.recipe,
            streams: Streams::new(77),
        };
        trainer.train(secateur_engine::Position::start(2), 2, &[], &mut secateur_engine::NoHooks).unwrap();
        let state = State::of(&self.model, Some(&sgd));
        start.restore(&self.model, None).unwrap();
        state
    }

    pub(super) fn run(
        &self,
        params: &str,
        steps: u64,
        keeps: &[f64],
        upstream: BTreeMap<String, State>,
    ) -> std::result::Result<Vec<Answer>, MethodFailure> {
        let trial = Trial {
            recipe: (steps > 0).then_some(&self.recipe),
            allowance: steps * BATCH,
            upstream,
            seed: SEED,
            ..Trial::new(&self.model, &self.data, Removable::Weights(self.prunable.clone()), keeps)
        };
        let outcome = trial.run(secateur_plugin_entry, "org.secateur.lottery-ticket", params);
        let counts = outcome.counts.clone();
        let answers = outcome.answers()?.into_iter().zip(counts);
        Ok(answers.map(|(snapshot, count)| self.answer(&snapshot, count)).collect())
    }

    fn answer(&self, snapshot: &Snapshot, count: u64) -> Answer {
        let masks = self.prunable.iter().map(|id| snapshot.state.mask(*id).expect("a mask"));
        Answer {
            weights: self.values(&snapshot.state),
            kept: masks.flat_map(flat).map(|value| value != 0.0).collect(),
            steps: snapshot.meters.steps,
            count,
            weights_of: snapshot.weights_of.clone(),
        }
    }

    /// The prunable weights of a state, one layer behind the other.
    pub(super) fn values(&self, state: &State) -> Vec<f32> {
        self.prunable.iter().flat_map(|id| flat(state.param(*id))).collect()
    }
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.detach().reshape([-1])).unwrap()
}

/// Runs the method on a network of its own.
pub(super) fn run(
    params: &str,
    steps: u64,
    keeps: &[f64],
) -> std::result::Result<Vec<Answer>, MethodFailure> {
    Lab::new(0.05).run(params, steps, keeps, BTreeMap::new())
}

/// As [`run`], for parameters that must do.
pub(super) fn answers(params: &str, steps: u64, keeps: &[f64]) -> Vec<Answer> {
    run(params, steps, keeps).unwrap_or_else(|failure| panic!("{params}: {failure}"))
}

/// Prunable weights where the trials begin.
pub(super) fn start() -> Vec<f32> {
    let lab = Lab::new(0.05);
    lab.values(&State::of(&lab.model, None))
}

/// The `count` largest absolute values, of equal ones the first.
pub(super) fn largest(values: &[f32], count: u64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*b].abs().total_cmp(&values[*a].abs()).then(a.cmp(b)));
    let mut kept = vec![false; values.len()];
    order[..count as usize].iter().for_each(|index| kept[*index] = true);
    kept
}

/// Values where the mask keeps them, and zero elsewhere.
pub(super) fn masked(values: &[f32], kept: &[bool]) -> Vec<f32> {
    values.iter().zip(kept).map(|(value, kept)| if *kept { *value } else { 0.0 }).collect()
}
