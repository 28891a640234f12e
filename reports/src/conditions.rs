//! How suites transfer networks: what decides beside which published figures their boards may stand.

use std::collections::BTreeMap;

use secateur_suite::{Length, Normalize, Recipe, Select, Suite, TaskSource, Track};
use serde::{Deserialize, Serialize};

/// One regime of one suite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransferConditions {
    /// Suite name.
    pub suite: String,
    /// `linear` or `full`.
    pub regime: String,
    /// Name of the network on the tasks.
    pub network: String,
    /// The factor on its widths.
    pub width: f64,
    /// How long it is trained.
    pub length: Length,
    /// What pictures are normalized with, if not as their tasks say.
    pub normalize: Option<Normalize>,
    /// Which network is scored.
    pub select: Select,
    /// Where the networks come from, by the track that prunes them.
    pub origins: BTreeMap<String, Origin>,
    /// The tasks, by identifier; `generated/*` as the suite has it.
    pub tasks: BTreeMap<String, TaskConditions>,
}

/// Where the networks of a track come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The task of its pre-training.
    pub task: String,
    /// What the suite says of that task's files; absent for generated tasks.
    pub source: Option<TaskSource>,
    /// Whether that training had no labels, so that the network ends in a projection.
    pub projection: bool,
}

/// What a task is and how it is trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskConditions {
    /// What the suite says of its files; absent for generated tasks.
    pub source: Option<TaskSource>,
    /// The recipe.
    pub recipe: Recipe,
}

/// The regimes of a suite.
pub(crate) fn of_suite(suite: &Suite) -> Vec<TransferConditions> {
    let Some(transfer) = &suite.transfer else { return Vec::new() };
    let regimes = [("linear", &transfer.linear), ("full", &transfer.full)];
    let regimes = regimes.into_iter().filter_map(|(name, regime)| Some((name, regime.as_ref()?)));
    let network = transfer.network.as_ref().unwrap_or(&suite.network);
    let origin = |track: &Track| {
        let base = suite.base(track);
        let source = suite.tasks.get(&base.task).cloned();
        let origin = Origin { task: base.task.clone(), source, projection: base.projection.is_some() };
        (track.name.clone(), origin)
    };
    let origins: BTreeMap<String, Origin> = suite.tracks.iter().map(origin).collect();
    regimes
        .map(|(name, regime)| {
            let task = |task: &String| {
                let recipe = regime.task_recipes.get(task).unwrap_or(&regime.recipe);
                let recipe = suite.recipes.get(recipe)?.clone();
                Some((task.clone(), TaskConditions { source: suite.tasks.get(task).cloned(), recipe }))
            };
            TransferConditions {
                suite: suite.name.clone(),
                regime: name.to_owned(),
                network: network.name.clone(),
                width: network.width,
                length: regime.length,
                normalize: regime.normalize,
                select: regime.select,
                origins: origins.clone(),
                tasks: transfer.tasks.iter().filter_map(task).collect(),
            }
        })
        .collect()
}
