//! Golden files, small networks and small tasks.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secateur_checkpoint::Tensors;
use secateur_data::{Pictures, TaskInfo};
use secateur_engine::{DeviceSet, Model, Options, Streams, to_tensor};
use secateur_metrics::ClassificationMetric;
use secateur_network::zoo;
use secateur_network::{Builder, Network, NodeId, Op, Window};
use secateur_suite::{Recipe, Schedule};
use serde_json::Value;
use tch::{Device, Kind, Tensor};

/// Holds libtorch's generator and its number of threads, which all threads of a process share.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    // A failed test leaves nothing behind that the next one would read.
    let guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    tch::set_num_threads(1);
    guard
}

/// Reads a file of the golden folder; the script that made it stands beside it.
pub(crate) fn golden_json(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Tensors of a golden file, by `CASE/NAME`.
pub(crate) struct Golden(Tensors);

impl Golden {
    pub(crate) fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
        Self(secateur_checkpoint::read(&path).unwrap().tensors)
    }

    pub(crate) fn get(&self, name: &str) -> Tensor {
        self.find(name).unwrap_or_else(|| panic!("there is no golden tensor `{name}`"))
    }

    pub(crate) fn find(&self, name: &str) -> Option<Tensor> {
        self.0.get(name).map(|data| to_tensor(data).unwrap())
    }

    /// A model of that network with the parameters and buffers of a case.
    pub(crate) fn model(&self, network: &Arc<Network>, case: &str, options: Options) -> Model {
        let model = Model::new(network.clone(), options, &Streams::new(0)).unwrap();
        for spec in network.params() {
            model.set_param(spec.id, &self.get(&format!("{case}/{}", spec.name))).unwrap();
        }
        for (index, spec) in network.buffers().iter().enumerate() {
            model.set_buffer(index, &self.get(&format!("{case}/{}", spec.name))).unwrap();
        }
        model
    }
}

/// Builds the network that a golden file describes.
pub(crate) fn network(name: &str, input: &Value, nodes: &Value) -> Arc<Network> {
    let input: Vec<usize> = numbers(input);
    let mut builder = Builder::new(name, input.try_into().unwrap());
    let mut ids = vec![("input".to_owned(), builder.input())];
    for node in nodes.as_array().unwrap() {
        let inputs: Vec<NodeId> = node["inputs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|input| ids.iter().find(|(name, _)| name == input.as_str().unwrap()).unwrap().1)
            .collect();
        let name = node["name"].as_str().unwrap();
        let id = builder.push(name, op(node), &inputs);
        ids.push((name.to_owned(), id));
    }
    Arc::new(builder.finish().unwrap())
}

fn op(node: &Value) -> Op {
    let number = |key: &str| node[key].as_u64().unwrap() as usize;
    let pair = |key: &str| -> [usize; 2] { numbers(&node[key]).try_into().unwrap() };
    let window = || Window {
        kernel: pair("kernel"),
        stride: pair("stride"),
        padding: pair("padding"),
        dilation: pair("dilation"),
    };
    let bias = || node["bias"].as_bool().unwrap();
    match node["op"].as_str().unwrap() {
        "conv" => Op::Conv2d {
            in_channels: number("channels"),
            out_channels: number("outputs"),
            window: window(),
            groups: number("groups"),
            bias: bias(),
        },
        "conv-transpose" => Op::ConvTranspose2d {
            in_channels: number("channels"),
            out_channels: number("outputs"),
            window: window(),
            groups: number("groups"),
            bias: bias(),
        },
        "norm" => Op::BatchNorm2d {
            channels: number("channels"),
            eps: node["eps"].as_f64().unwrap(),
            momentum: node["momentum"].as_f64().unwrap(),
        },
        "linear" => {
            Op::Linear { in_features: number("channels"), out_features: number("outputs"), bias: bias() }
        }
        "relu" => Op::Relu,
        "relu6" => Op::Relu6,
        "hardswish" => Op::Hardswish,
        "max-pool" => Op::MaxPool2d { window: window() },
        "avg-pool" => Op::AvgPool2d { window: window() },
        "adaptive-avg-pool" => Op::AdaptiveAvgPool2d { output: pair("output") },
        "add" => Op::Add,
        "concat" => Op::Concat,
        "flatten" => Op::Flatten,
        "upsample" => Op::Upsample { scale: number("scale") },
        "dropout" => Op::Dropout { p: node["p"].as_f64().unwrap() },
        other => panic!("unknown operation {other}"),
    }
}

fn numbers(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|number| number.as_u64().unwrap() as usize).collect()
}

/// Largest difference over the largest magnitude of what is expected.
pub(crate) fn relative(found: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(found.size(), expected.size());
    let difference = (found.detach() - expected).abs().max().double_value(&[]);
    difference / expected.abs().max().double_value(&[]).max(1e-12)
}

#[track_caller]
pub(crate) fn assert_close(found: &Tensor, expected: &Tensor, tolerance: f64, what: &str) {
    let error = relative(found, expected);
    // Written so that NaN fails.
    assert!(error <= tolerance, "{what}: off by {error:.2e} of the largest value, allowed {tolerance:.0e}");
}

/// Whether two tensors have the same bits.
pub(crate) fn same(a: &Tensor, b: &Tensor) -> bool {
    a.size() == b.size() && bits(a) == bits(b)
}

pub(crate) fn bits(tensor: &Tensor) -> Vec<u32> {
    floats(tensor).into_iter().map(f32::to_bits).collect()
}

pub(crate) fn floats(tensor: &Tensor) -> Vec<f32> {
    Vec::<f32>::try_from(tensor.detach().to_kind(Kind::Float).contiguous().flatten(0, -1)).unwrap()
}

/// ResNet-8 with a quarter of its channels, for 8x8 pictures of 4 classes: all that a network needs, and fast.
pub(crate) fn small_network() -> Arc<Network> {
    let options = zoo::Options { width: Some(0.25), classes: Some(4), input: Some([3, 8, 8]) };
    Arc::new(zoo::build("resnet8", &options).unwrap())
}

pub(crate) fn small_model(seed: u64) -> Model {
    Model::new(small_network(), Options::default(), &Streams::new(seed)).unwrap()
}

/// Information on a task without normalization: values from 0 to 1.
pub(crate) fn task(channels: usize, classes: usize) -> TaskInfo {
    TaskInfo {
        id: "test/task".to_owned(),
        title: String::new(),
        summary: String::new(),
        version: 1,
        classes: (0..classes).map(|class| class.to_string()).collect(),
        metric: ClassificationMetric::Top1,
        mean: vec![0.0; channels],
        std: vec![1.0; channels],
    }
}

/// Noise in which a picture's class decides which quarter of the rows is brighter.
pub(crate) fn pictures(count: usize, shape: [usize; 3], classes: usize) -> Pictures {
    let [channels, height, width] = shape;
    let mut pixels = Vec::with_capacity(count * channels * height * width);
    let labels: Vec<u16> = (0..count).map(|picture| (picture % classes) as u16).collect();
    for picture in 0..count {
        for position in 0..channels * height * width {
            let noise = ((picture * 7919 + position) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57;
            let row = position / width % height;
            let bright = row * classes / height == picture % classes;
            pixels.push(noise as u8 + if bright { 100 } else { 0 });
        }
    }
    Pictures { shape, pixels, labels }
}

pub(crate) fn small_set(count: usize) -> DeviceSet {
    DeviceSet::new(&pictures(count, [3, 8, 8], 4), &task(3, 4), Device::Cpu).unwrap()
}

/// A recipe with everything that has state: momentum, decay, a schedule, augmentation.
pub(crate) fn recipe() -> Recipe {
    Recipe {
        batch: 16,
        lr: 0.05,
        momentum: 0.9,
        nesterov: true,
        weight_decay: 1e-3,
        schedule: Schedule::Cosine,
        warmup: 0.0,
        milestones: Vec::new(),
        gamma: 0.1,
        label_smoothing: 0.1,
        shift: 2,
        flip: true,
        ..Recipe::new(1, 1.0)
    }
}
