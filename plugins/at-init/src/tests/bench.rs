//! Small networks and tasks, methods that answer on them, and a method that only tells scores.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::CStr;
use std::sync::Arc;

use secateur_bench::{EntryFunction, Trial, noise, task};
use secateur_engine::{DeviceSet, Model, State};
use secateur_host::{MethodFailure, Removable, Snapshot};
use secateur_network::{Builder, Network, NodeId, Op, ParamId, Window};
use secateur_sdk::prelude::*;
use secateur_sdk::secateur_abi as abi;
use secateur_sdk::{Exported, NoConfig, SharedEntry, build_entry};
use secateur_suite::Recipe;

use crate::secateur_plugin_entry;

/// A convolution, and perhaps a batch norm, then a rectifier, pooling and a classifier of `filters * side^2 / 4` inputs.
pub(super) fn network(norm: bool, filters: usize, side: usize, classes: usize) -> Network {
    let mut builder = Builder::new("small", [1, side, side]);
    let input = builder.input();
    let mut last = conv(&mut builder, "conv", 1, filters, Window::square(3, 1, 1), input);
    if norm {
        let norm = Op::BatchNorm2d { channels: filters, eps: 1e-5, momentum: 0.1 };
        last = builder.push("norm", norm, &[last]);
    }
    let relu = builder.push("relu", Op::Relu, &[last]);
    let pooled = builder.push("pool", Op::AvgPool2d { window: Window::square(2, 2, 0) }, &[relu]);
    let flat = builder.push("flat", Op::Flatten, &[pooled]);
    let in_features = filters * side * side / 4;
    builder.push("head", Op::Linear { in_features, out_features: classes, bias: norm }, &[flat]);
    builder.finish().unwrap()
}

pub(super) fn conv(
    builder: &mut Builder,
    name: &str,
    from: usize,
    to: usize,
    window: Window,
    input: NodeId,
) -> NodeId {
    let op = Op::Conv2d { in_channels: from, out_channels: to, window, groups: 1, bias: false };
    builder.push(name, op, &[input])
}

/// A network with values, pictures, and what may be removed of it: all weights of convolutions and classifiers.
pub(super) struct Bench {
    pub(super) model: Model,
    data: DeviceSet,
    prunable: Vec<ParamId>,
    pub(super) init: Option<State>,
}

impl Bench {
    /// Pictures whose classes take turns.
    pub(super) fn new(network: Network, pixels: Vec<u8>, classes: usize) -> Self {
        let data = task(network.input(), pixels, classes);
        let prunable = network
            .params()
            .iter()
            .filter(|param| param.name.ends_with("weight") && !param.name.starts_with("norm"));
        Self {
            prunable: prunable.map(|param| param.id).collect(),
            data,
            model: secateur_bench::model(Arc::new(network), 5),
            init: None,
        }
    }

    /// Six pictures of three classes on a network of 84 prunable weights.
    pub(super) fn small(norm: bool) -> Self {
        Self::new(network(norm, 4, 4, 3), noise(6 * 16), 3)
    }

    pub(super) fn set(&self, param: &str, values: &[f32]) {
        let id = self.model.network().find_param(param).unwrap().id;
        let value = Tensor::from_slice(values).view(&self.model.param(id).size()[..]);
        self.model.set_param(id, &value).unwrap();
    }

    fn prune(
        &self,
        entry: EntryFunction,
        method: &str,
        params: &str,
        allowance: u64,
        keeps: &[f64],
    ) -> std::result::Result<Vec<Option<Snapshot>>, MethodFailure> {
        let removable = Removable::Weights(self.prunable.clone());
        let recipe = Recipe::new(2, 0.05);
        let init = self.init.iter().map(|state| ("init".to_owned(), state.clone()));
        let trial = Trial {
            recipe: Some(&recipe),
            allowance,
            upstream: init.collect(),
            ..Trial::new(&self.model, &self.data, removable, keeps)
        };
        let outcome = trial.run(entry, method, params);
        outcome.result.map(|()| outcome.snapshots)
    }

    /// Flat indices of the weights that a method keeps, by the name of the parameter, for each keep. Checks that nothing
    /// else has changed.
    pub(super) fn kept(
        &self,
        method: &str,
        params: &str,
        allowance: u64,
        keeps: &[f64],
    ) -> std::result::Result<Vec<BTreeMap<String, Vec<usize>>>, MethodFailure> {
        let before = State::of(&self.model, None);
        let origin = self.init.as_ref().filter(|_| params.contains("init")).unwrap_or(&before);
        let origin = origin.to_tensors(&self.model).unwrap();
        let snapshots = self.prune(secateur_plugin_entry, method, params, allowance, keeps)?;
        let mut answers = Vec::new();
        for snapshot in snapshots {
            let state = snapshot.expect("an answer to each keep").state;
            let mut kept = BTreeMap::new();
            for id in &self.prunable {
                let name = self.model.network().params()[id.index()].name.clone();
                let mask = state.mask(*id).expect("a mask of each prunable parameter");
                let mask = flat(mask);
                kept.insert(name, (0..mask.len()).filter(|index| mask[*index] != 0.0).collect());
            }
            let after = state.to_tensors(&self.model).unwrap();
            for (name, value) in &origin {
                let [origin, after] =
                    [value, &after[name]].map(|data| flat(&secateur_engine::to_tensor(data).unwrap()));
                for (index, (origin, after)) in origin.iter().zip(&after).enumerate() {
                    let stays = kept.get(name).is_none_or(|kept: &Vec<usize>| kept.contains(&index));
                    assert_eq!(*after, if stays { *origin } else { 0.0 }, "{method}: {name}[{index}]");
                }
            }
            answers.push(kept);
        }
        before.restore(&self.model, None).unwrap();
        Ok(answers)
    }

    /// What a function tells of a run on this network.
    pub(super) fn ask<T: 'static>(
        &self,
        question: impl FnOnce(&Run<'_>) -> Result<T> + 'static,
    ) -> std::result::Result<T, MethodFailure> {
        let answer = std::rc::Rc::new(RefCell::new(None));
        let slot = std::rc::Rc::clone(&answer);
        QUESTION.set(Some(Box::new(move |run| {
            *slot.borrow_mut() = Some(question(run)?);
            Ok(())
        })));
        self.prune(asking_entry, "org.secateur.test.asking", "{}", 10_000, &[1.0])?;
        Ok(answer.take().expect("an answer"))
    }
}

pub(super) fn flat(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.detach().to_kind(Kind::Double).reshape([-1])).unwrap()
}

type Question = Box<dyn FnOnce(&Run<'_>) -> Result<()>>;

thread_local! {
    static QUESTION: RefCell<Option<Question>> = const { RefCell::new(None) };
}

/// A method that asks the question and hands nothing in.
struct Asking;

impl PruneMethod for Asking {
    const ID: &'static CStr = c"org.secateur.test.asking";
    const NAME: &'static CStr = c"Asking";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr = c"Asks a question.";
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = Flags::NONE;
    type Config = NoConfig;

    fn create(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn prune(&mut self, run: &Run<'_>, _: &Request<'_>) -> Result<()> {
        QUESTION.take().expect("a question")(run)
    }
}

extern "C" fn asking_entry() -> *const abi::Entry {
    static ENTRY: std::sync::OnceLock<SharedEntry> = std::sync::OnceLock::new();
    ENTRY.get_or_init(|| build_entry(&[Exported::<Asking>::describe], None)).0
}
