//! What a stage leaves behind.

use std::collections::BTreeMap;

use secateur_suite::Environment;
use serde::{Deserialize, Serialize};

/// Version of `result.json`.
pub const SCHEMA: u32 = 1;

/// How a stage, and with it a trial, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It has a result.
    Ok,
    /// The method cannot handle this network, granularity or budget.
    Unsupported,
    /// The budget cannot be met.
    Infeasible,
    /// The plan broke a rule, or missed its count.
    Invalid,
    /// The allowance was spent before the method was done.
    Exhausted,
    /// The plugin panicked.
    Panicked,
    /// The worker died of a signal.
    Crashed,
    /// The stage took longer than its limit.
    Timeout,
    /// Any other failure.
    Failed,
    /// Stopped by the user; never a result.
    Cancelled,
    /// Not run yet.
    Missing,
}

impl Outcome {
    /// Whether running the stage again cannot be expected to change it.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Ok
                | Self::Unsupported
                | Self::Infeasible
                | Self::Invalid
                | Self::Exhausted
                | Self::Panicked
        )
    }

    /// The word that reports use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unsupported => "unsupported",
            Self::Infeasible => "infeasible",
            Self::Invalid => "invalid",
            Self::Exhausted => "exhausted",
            Self::Panicked => "panicked",
            Self::Crashed => "crashed",
            Self::Timeout => "timeout",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Missing => "missing",
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// One output of a stage: a file or a folder below the object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputEntry {
    /// Path below the object's folder.
    pub path: String,
    /// Digest of the content; of a folder, of its sorted names and contents.
    pub digest: String,
}

/// What a stage took, as the parent measured it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Wall-clock seconds of the process.
    pub seconds: f64,
    /// Peak resident memory of the process in bytes.
    pub peak_bytes: u64,
    /// When it ended, RFC 3339 in UTC.
    pub finished: String,
    /// Number of this attempt, from 1.
    pub attempt: u32,
}

/// The machine a stage ran on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Processor.
    pub processor: String,
    /// Cores.
    pub cores: u32,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Operating system and kernel.
    pub system: String,
    /// Device the stage computed on, for example `cpu` or the GPU's name.
    pub device: String,
}

/// The content of `result.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageResult {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Identity of the stage.
    pub identity: String,
    /// Kind of the stage.
    pub kind: String,
    /// What people call it; the label of the first trial that needed it.
    pub label: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it ended so, if not `ok`.
    pub detail: String,
    /// Outputs by name.
    pub outputs: BTreeMap<String, OutputEntry>,
    /// Digests of its inputs by name.
    pub inputs: BTreeMap<String, String>,
    /// What it found out, by kind (see the `facts` module); reproducible.
    pub facts: serde_json::Value,
    /// What it took; not reproducible.
    pub cost: Cost,
    /// What it has in common with the other stages of the run.
    pub environment: Environment,
    /// The machine it ran on.
    pub machine: Machine,
    /// Version of the harness.
    pub harness: String,
}

impl StageResult {
    /// The facts as their type.
    ///
    /// # Errors
    /// Fails if the stage has other facts.
    pub fn facts<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.facts)
    }
}
