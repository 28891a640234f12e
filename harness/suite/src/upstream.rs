//! Where pruning begins: networks that were trained before, and how.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contrast::Projection;
use crate::recipe::Length;

/// Where pruning begins: a network that was trained on a task, with its labels or without.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// The task it was trained on, and is pruned on.
    pub task: String,
    /// A checkpoint file, or a folder with `end.safetensors` and, if kept, `init.safetensors` and `step-N.safetensors`;
    /// relative to the suite file or to `--data-root`.
    #[serde(default)]
    pub checkpoint: Option<String>,
    /// What the network ends in, in place of a classifier, where its recipe has `contrast`: it is trained, and pruned, without
    /// labels. Transfer drops it, and nothing is scored on its own task, as it has no classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projection: Option<Projection>,
    /// Train it first.
    #[serde(default)]
    pub train: Option<UpstreamTraining>,
    /// Beside `checkpoint`: how it was trained. Methods that begin from initialization are given the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained: Option<TrainedWith>,
}

/// How a checkpoint was trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainedWith {
    /// Name of a recipe of the suite.
    pub recipe: String,
    /// How long, in pictures or steps.
    pub length: Length,
}

/// How the upstream network is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamTraining {
    /// Name of a recipe.
    pub recipe: String,
    /// How long.
    pub length: Length,
    /// Early steps to keep for rewinding, beside the beginning and the end.
    #[serde(default)]
    pub keep_steps: Vec<u64>,
    /// A checkpoint below `--data-root` from which training begins where names and shapes agree: a classifier's for a
    /// detector on it. Absent: everything begins from initialization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backbone: Option<String>,
}
