//! What a suite file says.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contrast::Projection;
use crate::pattern::Pattern;
use crate::recipe::{Length, Recipe};
use crate::task::TaskSource;
use crate::transfer::Transfer;
use crate::upstream::Upstream;
use crate::views::Interpolation;

/// A suite: one network, one upstream task, methods to compare, and how they are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// Name; letters, digits, `-` and `_`.
    pub name: String,
    /// What it is for, in a sentence or two.
    #[serde(default)]
    pub description: String,
    /// Root of all random streams. There is no default: an unseeded benchmark cannot be repeated.
    pub seed: u64,
    /// Paired, uncrossed repetitions: replicate r fixes one prune seed and one transfer seed.
    #[serde(default = "one")]
    pub replicates: u32,
    /// Threads of each stage. It changes bits, so it belongs to the identity; `--jobs` does not.
    #[serde(default = "one")]
    pub threads: u32,
    /// Seconds after which a stage is stopped with the outcome `timeout`.
    #[serde(default = "default_stage_seconds")]
    pub stage_seconds: u64,
    /// Memory in GiB that a stage and all processes it starts may take together, or it ends as `crashed`. The default is four fifths
    /// of the machine's. It changes no result and no identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_memory_gib: Option<f64>,
    /// GiB that a stage may write to its folder, or it ends as `crashed`. It changes no result and no identity.
    #[serde(default = "default_stage_disk")]
    pub stage_disk_gib: f64,
    /// Memory layout of pictures and convolutions; it changes bits, so it belongs to the identity.
    #[serde(default)]
    pub layout: LayoutChoice,
    /// Arithmetic of convolutions and fully connected layers.
    #[serde(default)]
    pub precision: PrecisionChoice,
    /// The network.
    pub network: NetworkSpec,
    /// Where pruning begins.
    pub upstream: Upstream,
    /// Further networks where pruning begins, of the same architecture but trained another way or on another task: each has tracks
    /// of its own, which name it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pretrainings: BTreeMap<String, Upstream>,
    /// Seed of the generated tasks.
    #[serde(default = "default_generator_seed")]
    pub generator_seed: u64,
    /// Tasks that are read from files, by name.
    #[serde(default)]
    pub tasks: BTreeMap<String, TaskSource>,
    /// For suites that remove single weights: the weights that count, one set for all methods.
    #[serde(default)]
    pub prunable: Option<Prunable>,
    /// For suites that remove channels: the channels that may go, one set for all methods.
    #[serde(default)]
    pub channels: Option<ChannelSet>,
    /// Files with more recipes, relative to the suite file: those of papers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipe_files: Vec<String>,
    /// Training recipes, by name.
    #[serde(default)]
    pub recipes: BTreeMap<String, Recipe>,
    /// Fractions that remain, in any order: of the prunable weights, or of what `channels.budget` counts.
    pub keeps: Vec<f64>,
    /// Whether a method is run once for each keep, each time with the whole allowance. Otherwise it answers all keeps in
    /// one run, and what it spends on the first ones counts for the later ones, too.
    #[serde(default)]
    pub separate_keeps: bool,
    /// What every method is given; each track is a set of boards of its own.
    pub tracks: Vec<Track>,
    /// Dense networks to compare with.
    #[serde(default = "default_controls")]
    pub controls: Vec<DenseControl>,
    /// The methods.
    #[serde(default)]
    pub methods: Vec<MethodEntry>,
    /// Whether pruned networks are scored on the upstream task's test split.
    #[serde(default = "yes")]
    pub evaluate: bool,
    /// The split on which they are scored: `validation` in suites that choose hyper-parameters, which never see the test
    /// split.
    #[serde(default)]
    pub score_on: ScoredSplit,
    /// Transfer to other tasks.
    #[serde(default)]
    pub transfer: Option<Transfer>,
    /// Pruning on other tasks themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct: Option<Direct>,
    /// Whether latencies are measured.
    #[serde(default)]
    pub measure: bool,
    /// Batch sizes at which they are.
    #[serde(default = "default_measure_batches")]
    pub measure_batches: Vec<u32>,
}

/// A split to score on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScoredSplit {
    /// The test split: once, when everything is chosen.
    #[default]
    Test,
    /// The validation split.
    Validation,
}

impl ScoredSplit {
    /// Whether it is the test split.
    #[must_use]
    pub fn is_test(&self) -> bool {
        *self == Self::Test
    }
}

/// Memory layout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LayoutChoice {
    /// Channels outermost.
    #[default]
    Contiguous,
    /// Channels innermost.
    ChannelsLast,
}

/// Arithmetic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PrecisionChoice {
    /// 32-bit floats.
    #[default]
    F32,
    /// On GPUs alone: products of 32-bit floats that are rounded to the 10 bits of NVIDIA's TF32, which is PyTorch's default
    /// for convolutions. `f32` switches it off.
    Tf32,
    /// bfloat16 products, 32-bit weights.
    Bf16,
}

/// A network of the zoo. Its classes and input are those of the task it is used on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkSpec {
    /// Name, as `secateur networks` lists it.
    pub name: String,
    /// Factor on all widths.
    #[serde(default = "one_f64")]
    pub width: f64,
    /// What it ends in, in place of a classifier, where it is trained without labels. Suites say it where the network is trained, as
    /// `upstream.projection`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projection: Option<Projection>,
}

/// The prunable set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prunable {
    /// Its name in reports.
    pub name: String,
    /// Whether fully connected weights belong to it, apart from the head.
    #[serde(default)]
    pub linear: bool,
    /// Whether the first convolution belongs to it.
    #[serde(default)]
    pub stem: bool,
    /// Whether 1x1 convolutions of shortcuts belong to it.
    #[serde(default = "yes")]
    pub shortcuts: bool,
    /// Whether the classifier's weight belongs to it; never in a suite that transfers, where it is replaced.
    #[serde(default)]
    pub head: bool,
    /// How the weights that remain must lie: `2:4` for exactly two of each four along the input channels. Layers whose
    /// input channels do not fall into such groups then do not belong to the set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Pattern>,
}

/// The channels that may go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelSet {
    /// Its name in reports.
    pub name: String,
    /// What a keep is a fraction of.
    #[serde(default)]
    pub budget: ChannelBudget,
    /// Whether channels that go through sums belong to it: those of the streams between residual blocks.
    #[serde(default)]
    pub summed: bool,
    /// Channels that every group keeps at least.
    #[serde(default = "one")]
    pub min_keep: u32,
    /// Every group keeps a multiple of so many channels, or all of them.
    #[serde(default = "one")]
    pub align: u32,
}

/// What a channel suite counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelBudget {
    /// All trainable parameters of the network.
    #[default]
    Params,
    /// Multiply-accumulates of the network for one picture, convention `core`.
    Macs,
    /// The channels of the set.
    Channels,
}

/// What the methods of a suite may remove.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PruneSet {
    /// Single weights.
    Weights(Prunable),
    /// Channels.
    Channels(ChannelSet),
}

impl PruneSet {
    /// Its name in reports.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Weights(set) => &set.name,
            Self::Channels(set) => &set.name,
        }
    }

    /// `weights` or `channels`.
    #[must_use]
    pub fn granularity(&self) -> &'static str {
        match self {
            Self::Weights(_) => "weights",
            Self::Channels(_) => "channels",
        }
    }
}

/// What every method is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// Name in reports.
    pub name: String,
    /// The one of `pretrainings` whose network is pruned; absent: the network of `upstream`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretraining: Option<String>,
    /// Training pictures of each `prune` stage; what the method leaves, the host spends on recovery. `0ex`: none.
    pub allowance: Length,
    /// Training pictures of recovery, the same for all methods whatever they spent: boards at equal fine-tuning. Absent:
    /// what the method left of the allowance.
    #[serde(default)]
    pub recovery: Option<Length>,
    /// Name of the recipe for pruning and recovery; not needed without an allowance.
    #[serde(default)]
    pub recipe: Option<String>,
    /// Unlabelled training pictures on which batch-norm statistics are estimated anew, for all alike.
    #[serde(default)]
    pub recalibrate: u64,
}

/// A dense network to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DenseControl {
    /// The upstream network untouched.
    DenseAsIs,
    /// The upstream network with the same allowance and recipe.
    DenseTrained,
    /// The network's initialization, transferred without any upstream training.
    Scratch,
}

impl DenseControl {
    /// Label in reports.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::DenseAsIs => "dense-as-is",
            Self::DenseTrained => "dense-trained",
            Self::Scratch => "scratch",
        }
    }
}

/// Where a method begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// At the trained upstream network.
    #[default]
    Upstream,
    /// At its initialization. The method has the pictures of the upstream network's training beside its allowance, and
    /// that training's recipe, and does not see trained weights.
    Init,
}

impl Start {
    fn is_upstream(&self) -> bool {
        *self == Self::Upstream
    }
}

/// A method with its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MethodEntry {
    /// Label in reports. Entries of one label differ in `keeps` and `replicates` only.
    pub label: String,
    /// Method identifier, as `secateur methods` lists it.
    pub method: String,
    /// Parameters for the plugin.
    #[serde(default)]
    #[schemars(with = "Option<BTreeMap<String, serde_json::Value>>")]
    pub params: serde_yaml::Value,
    /// Files and folders that the method reads, by name: relative to the suite file or to `--data-root`. Where a parameter is
    /// `file:NAME`, the method gets the path. What is in them enters the identity, and where they lie does not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// Where it begins.
    #[serde(default, skip_serializing_if = "Start::is_upstream")]
    pub start: Start,
    /// A factor by which the training pictures that it is given are multiplied, its allowance and those of `start: init`
    /// together: for rows such as RigL's "5x". Its rows say so, and are not equal to the others.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub stretch: u32,
    /// How the pictures of transfer tasks are resized for its networks, where they were trained with pictures that were resized
    /// another way (bicubic in TensorFlow's RigL); for tasks with `packed: files`. Absent: as the tasks say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpolation: Option<Interpolation>,
    /// Whether it is a baseline that every comparison needs.
    #[serde(default)]
    pub baseline: bool,
    /// Names of the tracks it runs in; absent: all.
    #[serde(default)]
    pub tracks: Option<Vec<String>>,
    /// Keeps it runs at; absent: all of the suite.
    #[serde(default)]
    pub keeps: Option<Vec<f64>>,
    /// How many of the suite's replicates it runs in, the first ones; absent: all.
    #[serde(default)]
    pub replicates: Option<u32>,
}

/// The direct protocol: on each task a dense network is trained, then pruned there, and scored there. Beside it stand the
/// dense controls on the same task. Tracks give the allowance, as for the upstream task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Direct {
    /// Tasks; `generated/*` stands for the twelve generated ones.
    pub tasks: Vec<String>,
    /// Name of the recipe of all training on the tasks: of the dense network, in `prune`, and in recovery.
    pub recipe: String,
    /// How long the dense network is trained on its task, once in each replicate.
    pub length: Length,
    /// Where that training begins; a method's `init` and `start: init` are that place, too.
    #[serde(default)]
    pub from: DirectStart,
    /// Early steps of that training to keep for rewinding, beside its beginning and its end.
    #[serde(default)]
    pub keep_steps: Vec<u64>,
    /// Keeps it is run at; absent: all.
    #[serde(default)]
    pub keeps: Option<Vec<f64>>,
}

/// Where the dense network of a task begins in the direct protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DirectStart {
    /// At the trained upstream network with a new classifier.
    #[default]
    Upstream,
    /// At an initialization.
    Init,
}

impl DirectStart {
    /// Whether it is the trained upstream network.
    #[must_use]
    pub fn is_upstream(self) -> bool {
        self == Self::Upstream
    }
}

fn one() -> u32 {
    1
}

fn is_one(number: &u32) -> bool {
    *number == 1
}

fn one_f64() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

fn default_generator_seed() -> u64 {
    1
}

fn default_measure_batches() -> Vec<u32> {
    vec![1, 8, 32]
}

fn default_stage_seconds() -> u64 {
    24 * 3600
}

fn default_stage_disk() -> f64 {
    32.0
}

fn default_controls() -> Vec<DenseControl> {
    vec![DenseControl::DenseAsIs, DenseControl::DenseTrained]
}
