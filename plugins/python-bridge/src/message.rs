//! What both sides say. The README of this plugin describes it for people.

use secateur_sdk::{ErrorKind, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of the protocol. Whatever changes a message raises it, and both sides must have the same one.
pub(crate) const PROTOCOL: u32 = 1;

/// What this side can do, and what the other side must be able to do.
pub(crate) const FEATURES: [&str; 4] = ["tensors-by-descriptor", "hooks", "channels", "boxes"];
/// Without this one nothing goes.
pub(crate) const NEEDED: &str = "tensors-by-descriptor";

/// What Python is told.
#[derive(Debug, Serialize)]
#[serde(tag = "tell", rename_all = "kebab-case")]
pub(crate) enum Tell<'a> {
    /// First of all: the version of the protocol, and the bridge's own Python files, which need not be installed.
    Hello { protocol: u32, host: &'a str, features: &'a [&'a str], parent: u32, sources: &'a Value },
    /// Make an instance of the class.
    Load {
        class: &'a str,
        path: Option<&'a str>,
        params: &'a serde_json::Map<String, Value>,
        arrays: crate::config::Arrays,
        granularity: &'a str,
    },
    /// Answer a request. A call follows.
    Prune { targets: Value, seed: u64, params: Value, nodes: Value, has_boxes: bool },
    /// The answer to a call.
    Answer { value: &'a Value },
    /// A call has failed.
    Error { kind: &'a str, message: &'a str },
    /// Run a hook, in the middle of the call of `train`.
    Hook { hook: &'a str, step: u64 },
}

/// What Python says.
#[derive(Debug, Deserialize)]
#[serde(tag = "say", rename_all = "kebab-case")]
pub(crate) enum Said {
    /// Its version and what it can do.
    Hello { protocol: u32, bridge: String, python: String, features: Vec<String> },
    /// An instance is made.
    Ready { name: String, arrays: String },
    /// A line for the log, without an answer.
    Log { level: String, message: String },
    /// A question to the host, and the host's tensors that nobody holds any more.
    Call {
        call: Call,
        #[serde(default)]
        dropped: Vec<u64>,
    },
    /// `prune` or a hook has returned.
    Returned {
        #[serde(default)]
        value: Option<bool>,
    },
    /// `prune`, a hook or the making of the instance has raised an exception.
    Raised { kind: String, message: String },
}

/// A question to the host. Tensors are attached by the names of the fields, or named by numbers that the host gave them.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Call {
    Weight { param: u32 },
    Grad { param: u32 },
    WeightAt { param: u32, checkpoint: String },
    Mask { param: u32 },
    SetMask { param: u32, lift: bool },
    SetScores { param: u32 },
    SetWeight { param: u32 },
    AddGrad { param: u32 },
    ResetOptimizer { param: u32 },
    LiftMasks,
    Select { scope: Scope, count: u64 },
    Emit { index: usize },
    Cost,
    Allowance,
    Seed { label: String },
    IsCancelled,
    Progress { done: u64, total: u64, what: String },
    Train { steps: u64, lr_scale: f64, restart_schedule: bool, reset_optimizer: bool, hooks: Vec<String> },
    StepBatch,
    Evaluate,
    Recalibrate { samples: u64 },
    Save { name: String },
    RewindTo { name: String },
    RewindData { split: Split, batch: u32, per_class: u32 },
    NextBatch,
    Forward { input: Option<u64>, until: Option<u32>, train: bool, no_grad: bool, reference: bool },
    Capture { node: u32, what: What },
    Captured { node: u32, what: What },
    Loss { output: Option<u64>, target: Option<u64> },
    Backward { tensor: u64, weighted: bool },
    ZeroGrad,
    Fetch { tensor: u64 },
    Groups,
    Filters { group: u32, readers: bool },
    NormScales { group: u32 },
    KeepUnits { group: u32, keep: Vec<bool> },
    KeptUnits { group: u32 },
    SetUnitScores { group: u32 },
    Owner { param: u32 },
    MatchedBoxes { target: Option<u64>, output: Option<u64>, decode: bool },
}

/// A split of the task.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Split {
    Train,
    Validation,
}

/// What to keep of a node.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum What {
    Input,
    Output,
    OutputGrad,
}

/// Kinds of errors by the names that both sides have for them.
const KINDS: [(&str, ErrorKind); 7] = [
    ("invalid", ErrorKind::Invalid),
    ("unsupported", ErrorKind::Unsupported),
    ("infeasible", ErrorKind::Infeasible),
    ("torch", ErrorKind::Torch),
    ("cancelled", ErrorKind::Cancelled),
    ("exhausted", ErrorKind::Exhausted),
    ("internal", ErrorKind::Internal),
];

pub(crate) fn kind_of(name: &str) -> ErrorKind {
    KINDS.iter().find(|(known, _)| *known == name).map_or(ErrorKind::Internal, |(_, kind)| *kind)
}

pub(crate) fn name_of(kind: ErrorKind) -> &'static str {
    KINDS.iter().find(|(_, known)| *known == kind).map_or("internal", |(name, _)| *name)
}
