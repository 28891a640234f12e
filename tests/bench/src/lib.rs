//! What the tests of plugins share: small tasks, and runs of a method in this process, as the host runs it in a worker.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secateur_abi as abi;
use secateur_data::{Pictures, TaskInfo};
use secateur_engine::{DeviceSet, Examples, Model, Options, State, Streams};
use secateur_host::{MethodFailure, Plugin, Removable, Session, SessionSetup, Snapshot, run_method};
use secateur_metrics::ClassificationMetric;
use secateur_network::{Builder, Network, Op, Window};
use secateur_suite::Recipe;

/// The entry function of a plugin.
pub type EntryFunction = extern "C" fn() -> *const abi::Entry;

/// So many bytes that look random and are always the same.
#[must_use]
pub fn noise(count: usize) -> Vec<u8> {
    let mut seed = 1_u32;
    let draw = |_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    (0..count).map(draw).collect()
}

/// A task of pictures of a shape (channels, height, width), as many as the pixels are enough for, which are normalized to
/// the range from -1 to 1. The classes take turns.
///
/// # Panics
/// As [`normalized_task`].
#[must_use]
pub fn task(shape: [usize; 3], pixels: Vec<u8>, classes: usize) -> DeviceSet {
    normalized_task(shape, pixels, classes, [0.5, 0.5])
}

/// As [`task`], with another mean and standard deviation of pixels from 0 to 1.
///
/// # Panics
/// If the pixels are not those of whole pictures, or there are no classes.
#[must_use]
pub fn normalized_task(
    shape: [usize; 3],
    pixels: Vec<u8>,
    classes: usize,
    [mean, std]: [f32; 2],
) -> DeviceSet {
    // Small networks are fastest on one thread.
    tch::set_num_threads(1);
    let channels = shape[0];
    let count = pixels.len() / shape.iter().product::<usize>();
    let info = TaskInfo {
        id: "small".to_owned(),
        title: String::new(),
        summary: String::new(),
        version: 1,
        classes: (0..classes).map(|class| class.to_string()).collect(),
        metric: ClassificationMetric::Top1,
        mean: vec![mean; channels],
        std: vec![std; channels],
    };
    let labels = (0..count).map(|picture| (picture % classes) as u16).collect();
    let pictures = Pictures { shape, pixels, labels };
    DeviceSet::new(&pictures, &info, tch::Device::Cpu).expect("the pictures fit their shape")
}

/// Two convolutions, of 54 and 216 weights, with a batch norm between them, and a classifier of two classes, for pictures of
/// one channel and 4x4 pixels.
///
/// # Panics
/// Never: the network fits together.
#[must_use]
pub fn convolutions() -> Network {
    let mut builder = Builder::new("small", [1, 4, 4]);
    let input = builder.input();
    let conv = |in_channels, out_channels| Op::Conv2d {
        in_channels,
        out_channels,
        window: Window::square(3, 1, 1),
        groups: 1,
        bias: false,
    };
    let first = builder.push("first", conv(1, 6), &[input]);
    let norm = builder.push("norm", Op::BatchNorm2d { channels: 6, eps: 1e-5, momentum: 0.1 }, &[first]);
    let relu = builder.push("relu", Op::Relu, &[norm]);
    let second = builder.push("second", conv(6, 4), &[relu]);
    let pooled = builder.push("pool", Op::AdaptiveAvgPool2d { output: [1, 1] }, &[second]);
    let flat = builder.push("flat", Op::Flatten, &[pooled]);
    builder.push("head", Op::Linear { in_features: 4, out_features: 2, bias: true }, &[flat]);
    builder.finish().expect("the network fits together")
}

/// A network with the initial weights of a seed.
///
/// # Panics
/// If libtorch fails.
#[must_use]
pub fn model(network: Arc<Network>, seed: u64) -> Model {
    let _alone = alone();
    Model::new(network, Options::default(), &Streams::new(seed)).expect("a model")
}

/// libtorch's generator belongs to the process, and tests run in threads of one: who seeds and draws does so alone. [`model`]
/// and [`Trial::run`] see to it; who trains without them holds this meanwhile.
pub fn alone() -> MutexGuard<'static, ()> {
    static DRAWING: Mutex<()> = Mutex::new(());
    DRAWING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run of a method, as a `prune` stage would make it.
#[derive(Debug)]
pub struct Trial<'a> {
    /// The network where the trial begins. A run changes it.
    pub model: &'a Model,
    /// Training and validation pictures.
    pub data: &'a dyn Examples,
    /// What may be removed.
    pub removable: Removable,
    /// Fractions to be kept, descending.
    pub keeps: &'a [f64],
    /// How the method trains, if it may.
    pub recipe: Option<&'a Recipe>,
    /// Training pictures that it may spend.
    pub allowance: u64,
    /// What the upstream kept, by name.
    pub upstream: BTreeMap<String, State>,
    /// Seed of the trial.
    pub seed: u64,
    /// Called when the method tells how far it is.
    pub progress: fn(u64, u64, &str),
}

impl<'a> Trial<'a> {
    /// A run without training, without anything kept upstream, and with a seed of 3.
    #[must_use]
    pub fn new(model: &'a Model, data: &'a dyn Examples, removable: Removable, keeps: &'a [f64]) -> Self {
        Self {
            model,
            data,
            removable,
            keeps,
            recipe: None,
            allowance: 0,
            upstream: BTreeMap::new(),
            seed: 3,
            progress: |_, _, _| {},
        }
    }

    /// Runs a method of a plugin. Parameters are JSON.
    ///
    /// # Panics
    /// If the plugin cannot be loaded.
    pub fn run(self, entry: EntryFunction, method: &str, params: &str) -> Outcome {
        let network = self.model.network();
        let targets: Vec<abi::Target> =
            self.keeps.iter().map(|keep| self.removable.target(network, *keep)).collect();
        let counts = targets.iter().map(|target| target.count).collect();
        let cancelled = AtomicBool::new(false);
        let _alone = alone();
        let session = Session::new(SessionSetup {
            model: self.model,
            train: self.data,
            validation: self.data,
            recipe: self.recipe,
            allowance: self.allowance,
            removable: self.removable,
            targets,
            upstream: self.upstream,
            streams: Streams::new(self.seed),
            cancelled: &cancelled,
            deadline: None,
            progress: self.progress,
        });
        let plugin = Plugin::in_process(entry).expect("a plugin");
        let result = run_method(&plugin, method, params, &session);
        Outcome { result, counts, snapshots: session.into_snapshots() }
    }
}

/// What a run left.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended.
    pub result: Result<(), MethodFailure>,
    /// The count of each target.
    pub counts: Vec<u64>,
    /// What was emitted for each target, whether the run succeeded or not.
    pub snapshots: Vec<Option<Snapshot>>,
}

impl Outcome {
    /// The answers to all targets.
    ///
    /// # Errors
    /// The method's own.
    ///
    /// # Panics
    /// If the method succeeded without an answer to each target.
    pub fn answers(self) -> Result<Vec<Snapshot>, MethodFailure> {
        self.result?;
        Ok(self.snapshots.into_iter().map(|snapshot| snapshot.expect("an answer to each target")).collect())
    }
}
