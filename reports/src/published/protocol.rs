//! Under which conditions a paper's figures may stand beside ours.

use std::collections::BTreeMap;
use std::path::Path;

use secateur_data::pack::Framing;
use secateur_suite::{Interpolation, Length, Normalize, OfficialSource, Packed, Recipe, Select};
use serde::{Deserialize, Serialize};

use super::PublishedError;
use crate::conditions::{Origin, TaskConditions, TransferConditions};

/// Name of the file in a folder of published figures.
const FILE: &str = "protocols.yaml";

/// How far two numbers of a recipe may be apart, as fractions of a schedule are rounded.
const SAME: f64 = 1e-4;

/// How a paper transferred networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedProtocol {
    /// Who published it, as in the tables.
    pub citation: String,
    /// The network, as the tables and the zoo have it.
    pub network: String,
    /// The official set that the networks were trained on before, with its labels.
    pub upstream: String,
    /// Side of the pictures.
    pub side: u32,
    /// What the shorter side became before the middle was cut out for tests.
    pub resize: u32,
    /// Official sets by the paper's names of its tasks.
    pub tasks: BTreeMap<String, String>,
    /// Tasks of which the paper scored other pictures than the official ones, with what is different.
    #[serde(default)]
    pub other_splits: BTreeMap<String, String>,
    /// `linear`, `full` or both.
    pub regimes: BTreeMap<String, PublishedRegime>,
}

/// How a paper adapted networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedRegime {
    /// How long.
    pub length: Length,
    /// What pictures were normalized with; absent: with the statistics of their own set.
    #[serde(default)]
    pub normalize: Option<Normalize>,
    /// How it trained.
    pub recipe: Recipe,
    /// How on tasks where it trained otherwise.
    #[serde(default)]
    pub task_recipes: BTreeMap<String, Recipe>,
}

/// Reads the protocols that lie in a folder of published figures. A folder without them, and a single table, have none.
///
/// # Errors
/// Names the file and what is wrong.
pub fn read_protocols(path: &Path) -> Result<Vec<PublishedProtocol>, PublishedError> {
    let path = path.join(FILE);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(&path)
        .map_err(|source| PublishedError::Read { path: path.clone(), source })?;
    serde_yaml::from_str(&text).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line() as u64);
        PublishedError::Line { path: path.clone(), line, reason: error.to_string() }
    })
}

impl PublishedProtocol {
    /// The paper's name of the task that is an official set.
    pub(crate) fn task(&self, set: &str) -> Option<&str> {
        self.tasks.iter().find(|(_, own)| *own == set).map(|(name, _)| name.as_str())
    }

    /// What of a suite's transfer is not as in the paper, for the networks of a track; nothing if its figures may stand beside the
    /// board.
    pub(crate) fn differences(&self, ours: &TransferConditions, track: &str) -> Vec<String> {
        let Some(regime) = self.regimes.get(&ours.regime) else {
            return vec![format!("the paper has no {} transfer", ours.regime)];
        };
        let mut found = Vec::new();
        if ours.network != self.network {
            found.push(format!("the network is {}, not {}", ours.network, self.network));
        }
        if ours.width != 1.0 {
            found.push(format!("the network has {} times the width", ours.width));
        }
        found.extend(self.origin_difference(ours.origins.get(track)));
        if ours.length != regime.length {
            found.push(format!("it is trained for {}, not for {}", ours.length, regime.length));
        }
        if ours.select != Select::Last {
            found.push("the best network on a validation split is scored, not the last one".to_owned());
        }
        if ours.normalize != regime.normalize {
            found.push("pictures are normalized otherwise".to_owned());
        }
        let mut of_tasks: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (task, own) in &ours.tasks {
            for difference in self.task_differences(regime, own) {
                of_tasks.entry(difference).or_default().push(task);
            }
        }
        found.extend(
            of_tasks.into_iter().map(|(difference, tasks)| format!("{}: {difference}", tasks.join(", "))),
        );
        found
    }

    /// What is different of where the networks come from.
    fn origin_difference(&self, origin: Option<&Origin>) -> Option<String> {
        let Some(origin) = origin else {
            return Some("nothing says where the networks come from".to_owned());
        };
        if origin.projection {
            return Some("the networks were trained without labels".to_owned());
        }
        let official = origin.source.as_ref().and_then(|source| source.official.as_ref());
        let whole = |official: &&OfficialSource| !official.reduced && official.sample.is_none();
        match official.filter(|official| official.set == self.upstream) {
            None => {
                let from = official.map_or_else(
                    || format!("`{}`", origin.task),
                    |it| format!("the official set `{}`", it.set),
                );
                Some(format!("the networks come from {from}, not from the official set `{}`", self.upstream))
            }
            Some(official) if !whole(&official) => {
                Some(format!("the networks come from a part of the official set `{}`", self.upstream))
            }
            Some(_) => None,
        }
    }

    fn task_differences(&self, regime: &PublishedRegime, own: &TaskConditions) -> Vec<String> {
        let Some((source, official)) = own.source.as_ref().and_then(|it| Some((it, it.official.as_ref()?)))
        else {
            return vec!["not an official set".to_owned()];
        };
        let Some(name) = self.task(&official.set) else {
            return vec!["not among the paper's tasks".to_owned()];
        };
        let mut found = Vec::new();
        let mut add = |differs: bool, words: &str| {
            if differs {
                found.push(words.to_owned());
            }
        };
        add(official.reduced, "declared to be reduced");
        add(official.sample.is_some(), "a sample of the set");
        add(official.held_out, "a part is held out for validation");
        add(
            source.packed != Packed::Files,
            "pictures are packed in one size, so that training sees no parts of whole ones",
        );
        let usual = |side| Framing::usual(side, secateur_pictures::Interpolation::Bilinear).resize;
        let resize = source.resize.or(source.side.map(usual));
        let sizes = (Some(self.side), Some(self.resize));
        add((source.side, resize) != sizes, "pictures have other sizes");
        add(source.interpolation != Interpolation::Bilinear, "pictures are resized by other means");
        let theirs = regime.task_recipes.get(name).unwrap_or(&regime.recipe);
        if let Some(key) = recipe_difference(&own.recipe, theirs) {
            found.push(format!("the recipe has another `{key}`"));
        }
        found
    }
}

/// The first key of which two recipes have other values.
fn recipe_difference(ours: &Recipe, theirs: &Recipe) -> Option<String> {
    let fields = |recipe: &Recipe| match serde_json::to_value(recipe) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (ours, theirs) = (fields(ours), fields(theirs));
    let differs = |key: &&String| !same(ours.get(*key), theirs.get(*key));
    ours.keys().chain(theirs.keys()).find(differs).cloned()
}

fn same(ours: Option<&serde_json::Value>, theirs: Option<&serde_json::Value>) -> bool {
    use serde_json::Value::{Array, Number};
    match (ours, theirs) {
        (Some(Number(ours)), Some(Number(theirs))) => match (ours.as_f64(), theirs.as_f64()) {
            (Some(ours), Some(theirs)) => (ours - theirs).abs() <= SAME * ours.abs().max(theirs.abs()),
            _ => false,
        },
        (Some(Array(ours)), Some(Array(theirs))) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| same(Some(a), Some(b)))
        }
        (ours, theirs) => ours == theirs,
    }
}

#[cfg(test)]
mod tests;
