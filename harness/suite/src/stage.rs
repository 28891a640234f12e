//! Stages: functions of their inputs, with an identity.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::recipe::{Length, Recipe};
use crate::spec::{NetworkSpec, PruneSet, ScoredSplit};
use crate::task::TaskSource;
use crate::transfer::{Normalize, Select};
use crate::views::Interpolation;

/// Version of everything in the harness that affects results. A test fails when the bytes of a tiny reference
/// stage change without a new version.
pub const RESULT_VERSION: u32 = 1;

/// What a stage does, apart from where its inputs lie. All of it enters the identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum StageSpec {
    /// Packs a task's splits. Outputs `trainval` and `test`.
    Prepare(PrepareSpec),
    /// Trains the upstream network. Inputs `trainval`, and `backbone` if it does not begin from initialization alone;
    /// outputs `init`, `step-N`, `end`.
    Train(TrainSpec),
    /// Runs a plugin's method. Inputs `trainval`, `plugin`, and `end` with other upstream checkpoints, or `init` alone:
    /// then it begins there, and without both at an initialization of its own; `file-NAME` for each file that its entry
    /// declares, and `interpreter` if it runs on one; outputs `keep-I`.
    Prune(PruneSpec),
    /// Counts what remains. Inputs `trainval`, `weights`; output `verdict`.
    Verify(VerifySpec),
    /// Spends the allowance that a method left, masks fixed. Inputs `trainval`, `weights`; outputs `weights`.
    Recover(RecoverSpec),
    /// Scores on the test split of the task it was trained on, or on its validation split. Inputs `test` or `trainval`,
    /// and `weights`.
    Evaluate(EvaluateSpec),
    /// Runs a task's pictures through a network up to its classifier, once for all linear classifiers on them. Inputs
    /// `trainval`, `test`, `weights` (absent: an initialization); output `features`.
    Extract(ExtractSpec),
    /// Adapts to another task and scores there. Inputs `trainval`, and for the linear regime `features`, for the full one
    /// `test` and `weights` (absent: from scratch).
    Transfer(TransferSpec),
    /// Measures latencies. Inputs `trainval`, `weights`.
    Measure(MeasureSpec),
}

/// See [`StageSpec::Prepare`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrepareSpec {
    /// Task identifier.
    pub task: String,
    /// Where it comes from.
    pub source: DataSource,
}

/// Where a task's pictures come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataSource {
    /// Made by the generator.
    Generated {
        /// Seed of the generator.
        seed: u64,
        /// Version of the generator.
        version: u32,
    },
    /// Read from files; the input `data` is their path and digest.
    Files {
        /// What the suite says of the files.
        source: TaskSource,
        /// Version of the loader.
        version: u32,
    },
}

/// See [`StageSpec::Train`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainSpec {
    /// Network.
    pub network: NetworkSpec,
    /// Recipe.
    pub recipe: Recipe,
    /// Length.
    pub length: Length,
    /// Early steps to keep.
    pub keep_steps: Vec<u64>,
    /// Root seed.
    pub seed: u64,
}

/// See [`StageSpec::Prune`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PruneSpec {
    /// Network.
    pub network: NetworkSpec,
    /// Method identifier.
    pub method: String,
    /// Parameters.
    pub params: serde_json::Value,
    /// Fractions that remain, descending.
    pub keeps: Vec<f64>,
    /// What may be removed.
    pub set: PruneSet,
    /// Training pictures.
    pub allowance: Length,
    /// Recipe, if there is an allowance.
    pub recipe: Option<Recipe>,
    /// Root seed.
    pub seed: u64,
}

/// See [`StageSpec::Verify`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerifySpec {
    /// Network.
    pub network: NetworkSpec,
    /// Fraction that should remain.
    pub keep: f64,
    /// What may be removed.
    pub set: PruneSet,
}

/// See [`StageSpec::Recover`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecoverSpec {
    /// Network.
    pub network: NetworkSpec,
    /// Training pictures to spend.
    pub samples: u64,
    /// Recipe, if there is anything to spend.
    pub recipe: Option<Recipe>,
    /// Pictures for batch-norm recalibration afterwards.
    pub recalibrate: u64,
    /// Whether removed channels are cut out first, so that training and everything after has the smaller network.
    pub compact: bool,
    /// Root seed.
    pub seed: u64,
}

/// See [`StageSpec::Evaluate`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluateSpec {
    /// Network.
    pub network: NetworkSpec,
    /// What it is scored on.
    #[serde(default, skip_serializing_if = "ScoredSplit::is_test")]
    pub split: ScoredSplit,
}

/// See [`StageSpec::Extract`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExtractSpec {
    /// Network.
    pub network: NetworkSpec,
    /// Root seed of an initialization; absent where there are weights, so that replicates share their features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// What pictures are normalized with; absent: as their task says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalize: Option<Normalize>,
    /// How pictures are resized; absent: as their task says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpolation: Option<Interpolation>,
}

/// See [`StageSpec::Transfer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransferSpec {
    /// Network on the task.
    pub network: NetworkSpec,
    /// The network that the weights are of, where it is another one: what agrees in name and shape is taken, with its masks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NetworkSpec>,
    /// Regime.
    pub regime: RegimeKind,
    /// Recipe.
    pub recipe: Recipe,
    /// Length.
    pub length: Length,
    /// Root seed; a function of suite seed, task and replicate alone.
    pub seed: u64,
    /// What pictures are normalized with; absent: as their task says. A linear classifier's pictures were normalized when their
    /// features were extracted, so that its stage never names it, nor how they were resized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalize: Option<Normalize>,
    /// How pictures are resized; absent: as their task says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpolation: Option<Interpolation>,
    /// Which network of the training is scored.
    #[serde(default, skip_serializing_if = "Select::is_last")]
    pub select: Select,
}

/// How a network is adapted to another task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegimeKind {
    /// Frozen features and a linear classifier.
    Linear,
    /// All weights that remain.
    Full,
}

impl RegimeKind {
    /// Name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Full => "full",
        }
    }
}

/// See [`StageSpec::Measure`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasureSpec {
    /// Network.
    pub network: NetworkSpec,
    /// Batch sizes.
    pub batches: Vec<u32>,
    /// Whether the network is also measured without its removed channels.
    pub compact: bool,
}

impl StageSpec {
    /// Training pictures that the stage spends at the most: forward and backward, the unit of an allowance. `None` where
    /// that depends on the number of the task's pictures. Recovery spends what pruning left, so that of the two together
    /// the larger is the most.
    #[must_use]
    pub fn pictures(&self) -> Option<u64> {
        let trained = |recipe: &Recipe, length: Length| match length {
            Length::Samples(samples) => Some(samples),
            Length::Steps(steps) => steps.checked_mul(u64::from(recipe.batch)),
            Length::Epochs(_) => None,
        };
        match self {
            Self::Train(spec) => trained(&spec.recipe, spec.length),
            Self::Prune(spec) => match (&spec.recipe, spec.allowance) {
                (_, Length::Samples(samples)) => Some(samples),
                (recipe, length) => trained(recipe.as_ref()?, length),
            },
            Self::Recover(spec) => Some(spec.samples),
            Self::Transfer(spec) => match spec.regime {
                RegimeKind::Full => trained(&spec.recipe, spec.length),
                // The classifier trains on stored features.
                RegimeKind::Linear => Some(0),
            },
            Self::Prepare(_) | Self::Verify(_) | Self::Evaluate(_) | Self::Extract(_) | Self::Measure(_) => {
                Some(0)
            }
        }
    }

    /// Name of the kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Prepare(_) => "prepare",
            Self::Train(_) => "train",
            Self::Prune(_) => "prune",
            Self::Verify(_) => "verify",
            Self::Recover(_) => "recover",
            Self::Evaluate(_) => "evaluate",
            Self::Extract(_) => "extract",
            Self::Transfer(_) => "transfer",
            Self::Measure(_) => "measure",
        }
    }
}

/// Version of libtorch that results are made with; the worker refuses another one.
pub const LIBTORCH_VERSION: &str = "2.11.0";

/// What the stages of a run have in common and what changes their bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Threads of each stage.
    pub threads: u32,
    /// `cpu` or `cuda`.
    pub device_class: String,
    /// `f32`, `tf32` or `bf16`.
    pub precision: String,
    /// `contiguous` or `channels-last`.
    pub layout: String,
    /// Version of libtorch.
    pub libtorch: String,
}

/// An identity: a hash in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identity(String);

impl Identity {
    /// The identity of a stage: specification, environment, versions, and the content of its inputs.
    #[must_use]
    pub fn of(spec: &StageSpec, environment: &Environment, inputs: &BTreeMap<String, String>) -> Self {
        // The keys of JSON objects are sorted, so this text is canonical. Packing data involves no arithmetic
        // of libtorch, so packs do not depend on the environment.
        let environment = (!matches!(spec, StageSpec::Prepare(_))).then_some(environment);
        let text = serde_json::json!({
            "result_version": RESULT_VERSION,
            "spec": spec,
            "environment": environment,
            "inputs": inputs,
        })
        .to_string();
        Self(blake3::hash(text.as_bytes()).to_hex()[..40].to_owned())
    }

    /// The identity as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads an identity; `None` if it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())).then(|| Self(text.to_owned()))
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What may be published of a seed of the generated tasks that is kept private: it tells nothing of one that was drawn from 64 bits,
/// and who is told the seed later can see that it was this one. Sixteen hexadecimal digits.
#[must_use]
pub fn seed_commitment(seed: u64) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("secateur 2026 commitment to a task seed");
    hasher.update(&seed.to_le_bytes());
    hasher.finalize().to_hex()[..16].to_owned()
}

/// A seed derived from a root for a purpose.
#[must_use]
pub fn derive_seed(root: u64, purpose: &str) -> u64 {
    let mut hasher = blake3::Hasher::new_derive_key("secateur 2026 suite seed");
    hasher.update(&root.to_le_bytes());
    hasher.update(purpose.as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The version, the specification, the environment and every input stand in the text that is hashed, and nothing else.
    #[test]
    fn an_identity_is_the_hash_of_all_that_changes_results() {
        let spec = StageSpec::Prepare(PrepareSpec {
            task: "generated/digits".to_owned(),
            source: DataSource::Generated { seed: 3, version: 1 },
        });
        let environment = Environment {
            threads: 1,
            device_class: "cpu".to_owned(),
            precision: "f32".to_owned(),
            layout: "contiguous".to_owned(),
            libtorch: LIBTORCH_VERSION.to_owned(),
        };
        let inputs = BTreeMap::from([("data".to_owned(), "aa".to_owned())]);
        let hash = |version: u32| {
            let text = format!(
                "{{\"environment\":null,\"inputs\":{{\"data\":\"aa\"}},\"result_version\":{version},\"spec\":{{\"kind\":\"prepare\",\
                 \"source\":{{\"generated\":{{\"seed\":3,\"version\":1}}}},\"task\":\"generated/digits\"}}}}"
            );
            blake3::hash(text.as_bytes()).to_hex()[..40].to_owned()
        };
        let identity = Identity::of(&spec, &environment, &inputs);
        assert_eq!(identity.as_str(), hash(RESULT_VERSION));
        assert_ne!(identity.as_str(), hash(RESULT_VERSION + 1));
        // Packing data computes nothing, so that it does not depend on the environment; everything else does.
        let threads = Environment { threads: 2, ..environment.clone() };
        assert_eq!(Identity::of(&spec, &threads, &inputs), identity);
        assert_ne!(Identity::of(&spec, &environment, &BTreeMap::new()), identity);
        let network: NetworkSpec = serde_json::from_str("{\"name\": \"resnet8\"}").unwrap();
        let evaluate = StageSpec::Evaluate(EvaluateSpec { network, split: ScoredSplit::Test });
        let own = Identity::of(&evaluate, &environment, &inputs);
        for other in [
            Environment { threads: 2, ..environment.clone() },
            Environment { device_class: "cuda".to_owned(), ..environment.clone() },
            Environment { precision: "bf16".to_owned(), ..environment.clone() },
            Environment { layout: "channels-last".to_owned(), ..environment.clone() },
            Environment { libtorch: "2.12.0".to_owned(), ..environment.clone() },
        ] {
            assert_ne!(Identity::of(&evaluate, &other, &inputs), own, "{other:?}");
        }
    }
}
