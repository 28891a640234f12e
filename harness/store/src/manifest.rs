//! Which trials a suite has, and which stages they read: what a report starts from.

use std::collections::BTreeMap;

use secateur_suite::{Environment, Suite};
use serde::{Deserialize, Serialize};

/// A suite as it was last run on the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SuiteManifest {
    /// [`crate::SCHEMA`].
    pub schema: u32,
    /// The suite.
    pub suite: Suite,
    /// blake3 of the suite file.
    pub suite_digest: String,
    /// Its environment.
    pub environment: Environment,
    /// Digests of the upstream checkpoint's files.
    pub upstream: BTreeMap<String, String>,
    /// If the generated tasks were drawn from a private seed, what reports may say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_task_seed: Option<String>,
    /// What plugins say of the suite's methods, by their identifiers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub methods: BTreeMap<String, MethodAbout>,
    /// Its trials.
    pub trials: Vec<ManifestTrial>,
    /// Identities of stages that belong to no single trial (`prepare`, `train`).
    pub shared: Vec<String>,
}

/// What a plugin says of a method.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MethodAbout {
    /// Name for people.
    pub name: String,
    /// Version.
    pub version: String,
    /// One sentence.
    pub summary: String,
    /// Where it was published: `arXiv:` or `doi:` and an identifier, or a text; empty if the plugin does not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub citation: String,
}

/// A trial and its stages. A stage that could not be identified, because one before it has no result, is absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManifestTrial {
    /// Track name.
    pub track: String,
    /// Method label.
    pub method: String,
    /// The task it was pruned on, in the direct protocol; absent: the upstream task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Method identifier; empty for dense controls.
    pub method_id: String,
    /// Parameters as JSON.
    pub params: String,
    /// `dense-as-is`, `dense-trained`, `scratch`, `baseline` or empty.
    pub control: String,
    /// Fraction that remains.
    pub keep: f64,
    /// Index of the keep in the `prune` stage.
    pub keep_index: usize,
    /// Replicate.
    pub replicate: u32,
    /// `prune` stage.
    pub prune: Option<String>,
    /// `verify` stage.
    pub verify: Option<String>,
    /// `recover` stage.
    pub recover: Option<String>,
    /// `measure` stage.
    pub measure: Option<String>,
    /// Scored stages.
    pub scores: Vec<ManifestScore>,
    /// Outcome of the first stage that kept the trial from a result, if one did, and why.
    pub blocked: Option<(crate::Outcome, String)>,
}

/// A scored stage of a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManifestScore {
    /// `direct`, `upstream` or `transfer`.
    pub protocol: String,
    /// `none`, `linear` or `full`.
    pub regime: String,
    /// Task identifier.
    pub task: String,
    /// The stage.
    pub stage: Option<String>,
    /// The stage that extracted the features it is trained on, for linear transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<String>,
    /// How it ended, if it has no result, and why.
    pub blocked: Option<(crate::Outcome, String)>,
}
