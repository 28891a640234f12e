//! From a suite to a graph of stages and the trials that read them.

mod bases;
mod stages;
mod trials;

use std::collections::BTreeMap;

use crate::spec::{DenseControl, Suite};
use crate::stage::StageSpec;
use trials::Planner;

/// Index of a node in [`Plan::nodes`].
pub type NodeIndex = usize;

/// Where an input of a stage comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum InputSource {
    /// An output of another stage.
    Output {
        /// The stage.
        node: NodeIndex,
        /// Name of its output.
        output: String,
    },
    /// A file of the upstream checkpoint: `end`, `init` or `step-N`.
    Upstream(String),
    /// A file of the checkpoint of one of the suite's `pretrainings`.
    Pretraining {
        /// Its name.
        pretraining: String,
        /// `end`, `init` or `step-N`.
        file: String,
    },
    /// The files of a task, below the data root.
    Data(String),
    /// The plugin that has this method.
    Plugin(String),
    /// A file or folder that a method entry declares, as the suite names it.
    File(String),
    /// An interpreter that the method runs on, as the parameter names it. Planning does not know which methods have one; who
    /// asks the plugins adds it.
    Interpreter(String),
}

/// How a stage's specification is completed once its inputs are known.
#[derive(Clone, Debug, PartialEq)]
pub enum Completion {
    /// It is complete, and of a dense control.
    Complete,
    /// It is complete, and of a pruned network: recovery of a fixed length.
    Fixed,
    /// The pictures to spend are what the `prune` stage left of its allowance at that snapshot. If nothing is left
    /// and nothing is recalibrated, the stage passes its weights on unchanged.
    LeftOver {
        /// The `prune` stage.
        prune: NodeIndex,
        /// Index of the keep among its keeps.
        keep: usize,
    },
}

/// One stage of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanNode {
    /// What it does.
    pub spec: StageSpec,
    /// How the specification is completed.
    pub completion: Completion,
    /// Its inputs by name.
    pub inputs: BTreeMap<String, InputSource>,
    /// What people call it.
    pub label: String,
}

/// A result that a trial is scored by.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// `direct`, `upstream`, `transfer` or `validation`.
    pub protocol: &'static str,
    /// `none`, `linear` or `full`.
    pub regime: &'static str,
    /// Task identifier.
    pub task: String,
    /// The stage that gives it.
    pub node: NodeIndex,
    /// The stage that extracted the features it is trained on, for linear transfer.
    pub features: Option<NodeIndex>,
}

/// A method, or a dense control, at one keep in one replicate of one track.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Track name.
    pub track: String,
    /// Method label.
    pub method: String,
    /// The task it was pruned on, in the direct protocol; absent: the upstream task.
    pub task: Option<String>,
    /// The dense control it is, if any.
    pub control: Option<DenseControl>,
    /// Index in the suite's methods, for a method.
    pub entry: Option<usize>,
    /// Fraction that remains; 1 for dense.
    pub keep: f64,
    /// Replicate.
    pub replicate: u32,
    /// Its `prune` stage.
    pub prune: Option<NodeIndex>,
    /// Its `verify` stage.
    pub verify: Option<NodeIndex>,
    /// Its `recover` stage.
    pub recover: Option<NodeIndex>,
    /// Its `measure` stage.
    pub measure: Option<NodeIndex>,
    /// What it is scored by.
    pub scores: Vec<Score>,
}

/// All stages and trials of a suite. Stages stand after the stages they read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Stages.
    pub nodes: Vec<PlanNode>,
    /// Trials.
    pub trials: Vec<Trial>,
}

/// What planning must know that is not in the suite.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The generated transfer tasks.
    pub generated: Vec<String>,
    /// Version of the generator.
    pub generator_version: u32,
    /// Version of the loader of image folders.
    pub loader_version: u32,
    /// Version of the loaders of official data sets.
    pub official_loader_version: u32,
    /// The generated tasks with boxes.
    pub generated_detection: Vec<String>,
    /// Version of their generator.
    pub detection_generator_version: u32,
    /// Version of the loaders of files with boxes.
    pub detection_loader_version: u32,
    /// Upstream checkpoints that are there: `end`, `init`, `step-N`. Empty if the suite trains its upstream.
    pub upstream: Vec<String>,
    /// The same of the suite's `pretrainings` that are checkpoints, by name.
    pub pretrainings: BTreeMap<String, Vec<String>>,
    /// A replicate beside those of the suite, in which every method runs: the rotating one of a night.
    pub rotating: Option<u32>,
}

/// Expands a suite.
///
/// # Errors
/// Names a task that is neither generated nor declared.
pub fn expand(suite: &Suite, surroundings: &Surroundings) -> Result<Plan, String> {
    let mut planner = Planner::new(suite, surroundings);
    planner.run()?;
    Ok(planner.plan)
}

fn output(node: NodeIndex, name: &str) -> InputSource {
    InputSource::Output { node, output: name.to_owned() }
}
