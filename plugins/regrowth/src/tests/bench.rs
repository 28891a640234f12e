//! A small task and network, and what a method does to the network while it runs.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use secateur_bench::{Trial, convolutions, noise, task};
use secateur_engine::{DeviceSet, Model};
use secateur_host::{MethodFailure, Removable, Snapshot};
use secateur_network::{Builder, Network, Op, ParamId};
use secateur_sdk::prelude::*;
use secateur_suite::{Recipe, Schedule};

use crate::secateur_plugin_entry;

/// Pictures of the task, which are all in a batch too: what a step sees does not depend on their order.
pub(super) const PICTURES: usize = 8;

/// Each prunable parameter's mask and weights when a method told its progress.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) done: u64,
    pub(super) masks: Vec<Vec<bool>>,
    pub(super) weights: Vec<Vec<f32>>,
}

impl Seen {
    pub(super) fn counts(&self) -> Vec<usize> {
        self.masks.iter().map(|mask| mask.iter().filter(|kept| **kept).count()).collect()
    }
}

thread_local! {
    /// The host takes a plain function for progress, so what it looks at stands here.
    static WATCHED: RefCell<Option<(Rc<Model>, Vec<ParamId>)>> = const { RefCell::new(None) };
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.detach().to_kind(Kind::Float).contiguous().view([-1])).unwrap()
}

fn watch(done: u64, _: u64, _: &str) {
    WATCHED.with_borrow(|watched| {
        let (model, prunable) = watched.as_ref().expect("a bench runs");
        let mask = |id: &ParamId| match model.mask(*id) {
            Some(mask) => flat(&mask).iter().map(|kept| *kept != 0.0).collect(),
            None => vec![true; model.param(*id).numel()],
        };
        let seen = Seen {
            done,
            masks: prunable.iter().map(mask).collect(),
            weights: prunable.iter().map(|id| flat(model.param(*id))).collect(),
        };
        SEEN.with_borrow_mut(|all| all.push(seen));
    });
}

/// What a run of a method left.
pub(super) struct Outcome {
    /// The end of the run, and what was emitted whether it succeeded or not.
    pub(super) result: std::result::Result<(), MethodFailure>,
    pub(super) snapshots: Vec<Option<Snapshot>>,
    pub(super) seen: Vec<Seen>,
    prunable: Vec<ParamId>,
}

impl Outcome {
    /// The masks of the answer to a target.
    pub(super) fn masks(&self, target: usize) -> Vec<Vec<bool>> {
        let state = &self.snapshots[target].as_ref().expect("the target is answered").state;
        let mask = |id: &ParamId| flat(state.mask(*id).unwrap()).iter().map(|kept| *kept != 0.0).collect();
        self.prunable.iter().map(mask).collect()
    }

    /// The weights of the answer to a target.
    pub(super) fn weights(&self, target: usize) -> Vec<Vec<f32>> {
        let state = &self.snapshots[target].as_ref().expect("the target is answered").state;
        self.prunable.iter().map(|id| flat(state.param(*id))).collect()
    }
}

/// A network with its task.
pub(super) struct Bench {
    pub(super) model: Rc<Model>,
    pub(super) data: DeviceSet,
    pub(super) prunable: Vec<ParamId>,
    /// Weight decay of the recipe.
    pub(super) decay: f64,
}

impl Bench {
    /// Two convolutions (54 and 216 weights), of which both are prunable, and a classifier, which is not.
    pub(super) fn convolutions() -> Self {
        Self::new(convolutions(), [1, 4, 4], 2, &["first.weight", "second.weight"])
    }

    /// A linear classifier of four pixels into three classes: twelve weights, all prunable.
    pub(super) fn linear() -> Self {
        let mut builder = Builder::new("linear", [1, 2, 2]);
        let input = builder.input();
        let flat = builder.push("flat", Op::Flatten, &[input]);
        builder.push("head", Op::Linear { in_features: 4, out_features: 3, bias: false }, &[flat]);
        Self::new(builder.finish().unwrap(), [1, 2, 2], 3, &["head.weight"])
    }

    fn new(network: Network, shape: [usize; 3], classes: usize, prunable: &[&str]) -> Self {
        let model = secateur_bench::model(Arc::new(network), 5);
        let data = task(shape, noise(PICTURES * shape.iter().product::<usize>()), classes);
        let find = |name: &&str| model.network().find_param(name).unwrap().id;
        let prunable = prunable.iter().map(find).collect();
        Self { model: Rc::new(model), data, prunable, decay: 0.0 }
    }

    /// Runs a method on a fresh copy of the weights.
    pub(super) fn run(&self, method: &str, params: &str, keeps: &[f64], steps: u64, seed: u64) -> Outcome {
        let start = secateur_engine::State::of(&self.model, None);
        let removable = Removable::Weights(self.prunable.clone());
        let recipe = Recipe {
            weight_decay: self.decay,
            schedule: Schedule::Constant,
            ..Recipe::new(PICTURES as u32, 0.2)
        };
        let trial = Trial {
            recipe: (steps > 0).then_some(&recipe),
            allowance: steps * PICTURES as u64,
            seed,
            progress: watch,
            ..Trial::new(&self.model, &self.data, removable, keeps)
        };
        SEEN.with_borrow_mut(Vec::clear);
        WATCHED.set(Some((self.model.clone(), self.prunable.clone())));
        let secateur_bench::Outcome { result, snapshots, .. } =
            trial.run(secateur_plugin_entry, method, params);
        start.restore(&self.model, None).unwrap();
        Outcome { result, snapshots, seen: SEEN.take(), prunable: self.prunable.clone() }
    }
}
