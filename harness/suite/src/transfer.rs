//! Transfer: to which tasks, and how networks are adapted to them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::recipe::Length;
use crate::spec::NetworkSpec;

/// Transfer to other tasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// Tasks; `generated/*` stands for the twelve generated ones.
    pub tasks: Vec<String>,
    /// The network on the tasks, which takes from the pruned one what has the same name and shape, masks included: a detector
    /// whose backbone was pruned as a classifier. Absent: the suite's network with a new classifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkSpec>,
    /// Frozen features and a linear classifier.
    #[serde(default)]
    pub linear: Option<Regime>,
    /// Fine-tuning of all weights that remain.
    #[serde(default)]
    pub full: Option<Regime>,
}

/// How a regime trains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Regime {
    /// Name of a recipe.
    pub recipe: String,
    /// How long.
    pub length: Length,
    /// Keeps it is run at, dense always among them; absent: all.
    #[serde(default)]
    pub keeps: Option<Vec<f64>>,
    /// Tasks that use another recipe: task to recipe name.
    #[serde(default)]
    pub task_recipes: BTreeMap<String, String>,
    /// What pictures are normalized with in this regime, in the place of their tasks' own mean and deviation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalize: Option<Normalize>,
    /// Which network of the training is scored.
    #[serde(default, skip_serializing_if = "Select::is_last")]
    pub select: Select,
    /// How many of the suite's replicates it is run in, the first ones; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicates: Option<u32>,
}

/// What is subtracted from the channels of pictures, and what they are divided by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Normalize {
    /// Mean of each channel on the scale from 0 to 1.
    pub mean: [f64; 3],
    /// Standard deviation of each channel on the scale from 0 to 1.
    pub std: [f64; 3],
}

impl Normalize {
    /// What is wrong with the values, if anything.
    pub(crate) fn problem(&self) -> Option<String> {
        if !self.mean.iter().all(|mean| mean.is_finite()) {
            return Some("mean must be three numbers".to_owned());
        }
        let positive = |std: &f64| std.is_finite() && *std > 0.0;
        (!self.std.iter().all(positive)).then(|| "std must be three numbers above zero".to_owned())
    }
}

/// Which network of a training is scored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Select {
    /// The one at the end.
    #[default]
    Last,
    /// The one at the end of the epoch that is best on the validation split, the first of equal ones.
    BestValidation,
}

impl Select {
    /// Whether it is the one that files need not name.
    #[must_use]
    pub fn is_last(&self) -> bool {
        *self == Self::Last
    }
}
