//! The small networks and the small task that checks run methods on.

use std::sync::Arc;

use secateur_data::detection::DetectionInfo;
use secateur_data::{Pictures, TaskInfo};
use secateur_engine::detection::SceneSet;
use secateur_engine::{DeviceSet, Examples};
use secateur_metrics::ClassificationMetric;
use secateur_network::{Builder, Network, NodeId, Op, Window, zoo};
use secateur_suite::{ChannelBudget, ChannelSet, Prunable, PruneSet};
use tch::Device;

const SIDE: usize = 8;
const CLASSES: usize = 4;
const PICTURES: usize = 64;
/// Side of the pictures of the detector, and how many there are.
const DETECTOR_SIDE: usize = 96;
const DETECTOR_PICTURES: usize = 8;

/// What lives or dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Weights,
    Channels,
}

/// A network with what may be removed of it.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    pub(crate) network: Arc<Network>,
    pub(crate) set: PruneSet,
    pub(crate) is_detector: bool,
}

impl Scene {
    fn new(name: &'static str, network: Network, kind: Kind) -> Self {
        let set = match kind {
            Kind::Weights => weights(true),
            Kind::Channels => channels(true, 1, 1),
        };
        Self { name, network: Arc::new(network), set, is_detector: false }
    }

    /// Pictures to train on and to validate with.
    pub(crate) fn data(&self) -> anyhow::Result<[Box<dyn Examples>; 2]> {
        if self.is_detector {
            return self.detections();
        }
        let info = TaskInfo {
            id: "validator".to_owned(),
            title: String::new(),
            summary: String::new(),
            version: 1,
            classes: (0..CLASSES).map(|class| class.to_string()).collect(),
            metric: ClassificationMetric::Top1,
            mean: vec![0.5; 3],
            std: vec![0.25; 3],
        };
        let set = |first: usize| -> anyhow::Result<Box<dyn Examples>> {
            Ok(Box::new(DeviceSet::new(&pictures(first), &info, Device::Cpu)?))
        };
        Ok([set(0)?, set(PICTURES)?])
    }

    fn detections(&self) -> anyhow::Result<[Box<dyn Examples>; 2]> {
        let data = secateur_data::generated::generate_detection_first(
            "generated/figures",
            1,
            DETECTOR_SIDE,
            DETECTOR_PICTURES,
        )?;
        let info: &DetectionInfo = &data.info;
        let set = |scenes| -> anyhow::Result<Box<dyn Examples>> {
            Ok(Box::new(SceneSet::new(scenes, info, &self.network, Device::Cpu)?))
        };
        Ok([set(&data.train)?, set(&data.validation)?])
    }
}

/// Noise, in which the class decides which rows are brighter.
fn pictures(first: usize) -> Pictures {
    let mut pixels = Vec::with_capacity(PICTURES * 3 * SIDE * SIDE);
    for picture in first..first + PICTURES {
        for position in 0..3 * SIDE * SIDE {
            let noise = ((picture * 7919 + position) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57;
            let bright = position / SIDE % SIDE * CLASSES / SIDE == picture % CLASSES;
            pixels.push(noise as u8 + if bright { 100 } else { 0 });
        }
    }
    let labels = (first..first + PICTURES).map(|picture| (picture % CLASSES) as u16).collect();
    Pictures { shape: [3, SIDE, SIDE], pixels, labels }
}

fn weights(stem: bool) -> PruneSet {
    PruneSet::Weights(Prunable {
        name: "validator".to_owned(),
        linear: true,
        stem,
        shortcuts: true,
        head: false,
        pattern: None,
    })
}

fn channels(summed: bool, min_keep: u32, align: u32) -> PruneSet {
    let budget = ChannelBudget::Params;
    PruneSet::Channels(ChannelSet { name: "validator".to_owned(), budget, summed, min_keep, align })
}

/// Puts a network together, layer by layer.
struct Layers {
    builder: Builder,
    count: usize,
}

impl Layers {
    fn new(name: &str) -> (Self, NodeId) {
        let builder = Builder::new(name, [3, SIDE, SIDE]);
        let input = builder.input();
        (Self { builder, count: 0 }, input)
    }

    fn push(&mut self, what: &str, op: Op, inputs: &[NodeId]) -> NodeId {
        self.count += 1;
        self.builder.push(&format!("{what}{}", self.count), op, inputs)
    }

    fn conv(&mut self, from: usize, to: usize, kernel: usize, groups: usize, input: NodeId) -> NodeId {
        let window = Window::square(kernel, 1, kernel / 2);
        let op = Op::Conv2d { in_channels: from, out_channels: to, window, groups, bias: false };
        self.push("conv", op, &[input])
    }

    fn norm(&mut self, channels: usize, input: NodeId) -> NodeId {
        self.push("norm", Op::BatchNorm2d { channels, eps: 1e-5, momentum: 0.1 }, &[input])
    }

    fn relu(&mut self, input: NodeId) -> NodeId {
        self.push("relu", Op::Relu, &[input])
    }

    fn linear(&mut self, from: usize, to: usize, input: NodeId) -> NodeId {
        self.push("linear", Op::Linear { in_features: from, out_features: to, bias: true }, &[input])
    }

    /// Mean over the picture, and the classifier.
    fn head(&mut self, channels: usize, input: NodeId) {
        let pooled = self.push("pool", Op::AdaptiveAvgPool2d { output: [1, 1] }, &[input]);
        let flat = self.push("flat", Op::Flatten, &[pooled]);
        self.linear(channels, CLASSES, flat);
    }

    fn finish(self) -> anyhow::Result<Network> {
        Ok(self.builder.finish()?)
    }
}

/// Two fully connected layers.
fn perceptron() -> anyhow::Result<Network> {
    let (mut layers, input) = Layers::new("perceptron");
    let flat = layers.push("flat", Op::Flatten, &[input]);
    let hidden = layers.linear(3 * SIDE * SIDE, 16, flat);
    let hidden = layers.relu(hidden);
    layers.linear(16, CLASSES, hidden);
    layers.finish()
}

/// Convolutions with batch norms and sums, each around two of them.
fn residual(name: &str, blocks: usize) -> anyhow::Result<Network> {
    let (mut layers, input) = Layers::new(name);
    let stem = layers.conv(3, 8, 3, 1, input);
    let stem = layers.norm(8, stem);
    let mut x = layers.relu(stem);
    for _ in 0..blocks {
        let inner = layers.conv(8, 16, 3, 1, x);
        let inner = layers.norm(16, inner);
        let inner = layers.relu(inner);
        let outer = layers.conv(16, 8, 3, 1, inner);
        let outer = layers.norm(8, outer);
        let sum = layers.push("sum", Op::Add, &[outer, x]);
        x = layers.relu(sum);
    }
    layers.head(8, x);
    layers.finish()
}

/// A depthwise convolution between two others.
fn depthwise() -> anyhow::Result<Network> {
    let (mut layers, input) = Layers::new("depthwise");
    let mut x = layers.conv(3, 8, 3, 1, input);
    x = layers.norm(8, x);
    x = layers.conv(8, 8, 3, 8, x);
    x = layers.norm(8, x);
    x = layers.relu(x);
    x = layers.conv(8, 16, 1, 1, x);
    x = layers.norm(16, x);
    x = layers.relu(x);
    layers.head(16, x);
    layers.finish()
}

/// A picture that is flattened into a fully connected layer: a channel is many of its inputs.
fn flattened() -> anyhow::Result<Network> {
    let (mut layers, input) = Layers::new("flattened");
    let mut x = layers.conv(3, 8, 3, 1, input);
    x = layers.norm(8, x);
    x = layers.relu(x);
    let window = Window::square(4, 4, 0);
    x = layers.push("pool", Op::MaxPool2d { window }, &[x]);
    x = layers.push("flat", Op::Flatten, &[x]);
    x = layers.linear(8 * 4, 12, x);
    x = layers.relu(x);
    layers.linear(12, CLASSES, x);
    layers.finish()
}

/// A convolution that is used twice.
fn shared() -> anyhow::Result<Network> {
    let (mut layers, input) = Layers::new("shared");
    let mut x = layers.conv(3, 8, 3, 1, input);
    x = layers.norm(8, x);
    x = layers.relu(x);
    let used = layers.conv(8, 8, 3, 1, x);
    let first = layers.relu(used);
    x = layers.builder.push_again("again", used, &[first]);
    x = layers.norm(8, x);
    x = layers.relu(x);
    layers.head(8, x);
    layers.finish()
}

/// The small networks. The engine has no attention yet, so no network has any.
pub(crate) fn all(kind: Kind) -> anyhow::Result<Vec<Scene>> {
    Ok(vec![
        Scene::new("perceptron", perceptron()?, kind),
        Scene::new("residual", residual("residual", 1)?, kind),
        Scene::new("depthwise", depthwise()?, kind),
        Scene::new("flattened", flattened()?, kind),
        Scene::new("shared", shared()?, kind),
    ])
}

/// The network that most checks use: it has sums, norms and convolutions.
pub(crate) fn main(kind: Kind) -> anyhow::Result<Scene> {
    Ok(Scene::new("residual", residual("residual", 1)?, kind))
}

/// What a method that declines `scene` is tried on instead: three residual blocks, of which only the channels inside may go, and a
/// detector of generated figures. What is asked of the groups stays as it was.
pub(crate) fn others(kind: Kind, scene: &Scene) -> anyhow::Result<[Scene; 2]> {
    let set = match &scene.set {
        PruneSet::Channels(set) => channels(false, set.min_keep, set.align),
        PruneSet::Weights(_) => scene.set.clone(),
    };
    let blocks = Scene { set: set.clone(), ..Scene::new("blocks", residual("blocks", 3)?, kind) };
    let classes =
        secateur_data::generated::detection_info("generated/figures").map_or(1, |info| info.classes.len());
    let input = Some([3, DETECTOR_SIDE, DETECTOR_SIDE]);
    let network =
        zoo::build("ssd-small", &zoo::Options { width: Some(0.125), classes: Some(classes), input })?;
    let detector = Scene { set, is_detector: true, ..Scene::new("detector", network, kind) };
    Ok([blocks, detector])
}

/// The main network with a set that leaves something out: the stem, or the channels that go through sums.
pub(crate) fn protecting(kind: Kind) -> anyhow::Result<Scene> {
    let set = match kind {
        Kind::Weights => weights(false),
        Kind::Channels => channels(false, 1, 1),
    };
    Ok(Scene { set, ..main(kind)? })
}

/// The main network whose groups keep at least four units, in multiples of four.
pub(crate) fn aligned() -> anyhow::Result<Scene> {
    Ok(Scene { set: channels(true, 4, 4), ..main(Kind::Channels)? })
}
