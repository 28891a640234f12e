//! What the parent tells a worker, and what the worker answers.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use secateur_suite::{Environment, StageSpec};
use serde::{Deserialize, Serialize};

use crate::result::{Machine, Outcome};

/// An input of a stage: where it lies and what is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputFile {
    /// File or folder.
    pub path: PathBuf,
    /// Digest of the content.
    pub digest: String,
}

/// An interpreter that a method runs on, in a process that it starts itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interpreter {
    /// Name of the method's parameter for it, which the worker sets to the program.
    pub param: String,
    /// The program itself: no link, and no script that looks for it.
    pub program: PathBuf,
    /// What it consists of: folders that a contained worker may read.
    pub folders: Vec<PathBuf>,
}

/// What `secateur-worker --check` is asked: would this method take these parameters?
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParamsQuestion {
    /// Method identifier.
    pub method: String,
    /// Parameters, an object, with the paths of files in place of their names.
    pub params: serde_json::Value,
    /// Digests of what the parameters name: with other files the question is another one.
    #[serde(default)]
    pub digests: Vec<String>,
    /// Files and folders that the parameters name, which the plugin may read.
    #[serde(default)]
    pub readable: Vec<PathBuf>,
}

/// The content of `order.json`, the one argument of `secateur-worker`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageOrder {
    /// Identity of the stage.
    pub identity: String,
    /// What people call it.
    pub label: String,
    /// What to do.
    pub spec: StageSpec,
    /// With which threads, device class, precision and layout.
    pub environment: Environment,
    /// Device, for example `cpu` or `cuda:0`.
    pub device: String,
    /// Threads that decode pictures for a GPU; on a CPU they are those of the environment. They change nothing of what is seen.
    #[serde(default = "one")]
    pub loader_threads: u32,
    /// Inputs by name.
    pub inputs: BTreeMap<String, InputFile>,
    /// What the method of a `prune` stage runs on beside the worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<Interpreter>,
    /// Folder for everything the stage writes.
    pub work_dir: PathBuf,
    /// Wall-clock limit in seconds.
    pub limit_seconds: u64,
    /// Memory limit in bytes, of the worker and all processes it starts.
    #[serde(default = "no_limit")]
    pub limit_memory_bytes: u64,
    /// Limit in bytes of what lies in the work folder.
    #[serde(default = "no_limit")]
    pub limit_disk_bytes: u64,
}

/// Orders of earlier versions do not say how many.
fn one() -> u32 {
    1
}

/// Orders of earlier versions have no limits.
fn no_limit() -> u64 {
    u64::MAX
}

/// The content of `report.json`, which the worker leaves in its folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkerReport {
    /// How the stage ended.
    pub outcome: Outcome,
    /// Why it ended so, if not `ok`.
    pub detail: String,
    /// Output names and their paths below the work folder.
    pub outputs: BTreeMap<String, String>,
    /// What it found out.
    pub facts: serde_json::Value,
    /// The machine.
    pub machine: Machine,
}

impl WorkerReport {
    /// The name of an output whose path does not stay below the work folder, if there is one: it would be no part of the
    /// object, and could change afterwards.
    #[must_use]
    pub fn stray_output(&self) -> Option<&str> {
        let stays = |path: &String| {
            let mut parts = Path::new(path).components();
            !path.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
        };
        self.outputs.iter().find(|(_, path)| !stays(path)).map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_stay_below_the_work_folder() {
        let stray = |path: &str| {
            let report = WorkerReport {
                outcome: Outcome::Ok,
                detail: String::new(),
                outputs: [("weights".to_owned(), path.to_owned())].into(),
                facts: serde_json::Value::Null,
                machine: Machine::default(),
            };
            report.stray_output().map(str::to_owned)
        };
        for path in ["weights.safetensors", "trainval", "a/b"] {
            assert_eq!(stray(path), None, "{path}");
        }
        for path in ["", ".", "/etc/passwd", "../other/weights", "a/../../b", "./a"] {
            assert_eq!(stray(path).as_deref(), Some("weights"), "{path}");
        }
    }
}
