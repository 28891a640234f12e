//! Suites, trials, stages and their identities. No libtorch.

mod check;
mod contrast;
mod files;
mod given;
mod pattern;
mod plan;
mod recipe;
mod spec;
mod stage;
mod task;
mod transfer;
mod upstream;
mod views;
mod yaml;

pub use check::{error_at, read_suite, read_suite_with};
pub use contrast::{Contrast, Optimizer, Projection};
pub use files::{named_files, with_paths};
pub use pattern::Pattern;
pub use plan::{Completion, InputSource, NodeIndex, Plan, PlanNode, Score, Surroundings, Trial, expand};
pub use recipe::{Length, Recipe, Schedule};
pub use spec::{
    ChannelBudget, ChannelSet, DenseControl, Direct, DirectStart, LayoutChoice, MethodEntry, NetworkSpec,
    PrecisionChoice, Prunable, PruneSet, ScoredSplit, Start, Suite, Track,
};
pub use stage::{
    DataSource, Environment, EvaluateSpec, ExtractSpec, Identity, LIBTORCH_VERSION, MeasureSpec, PrepareSpec,
    PruneSpec, RESULT_VERSION, RecoverSpec, RegimeKind, StageSpec, TrainSpec, TransferSpec, VerifySpec,
    derive_seed, seed_commitment,
};
pub use task::{DetectionSource, Metric, OfficialSource, Packed, Sample, TaskFormat, TaskSource};
pub use transfer::{Normalize, Regime, Select, Transfer};
pub use upstream::{TrainedWith, Upstream, UpstreamTraining};
pub use views::{Blur, BlurKernel, ColorJitter, Interpolation};
pub use yaml::{YamlError, nearest, to_json};

/// The JSON Schema of suite files.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Suite).to_value()
}
