//! What stages find out, by kind. Everything here is reproducible.

use serde::{Deserialize, Serialize};

/// Facts of a `train` stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainFacts {
    /// Steps trained.
    pub steps: u64,
    /// Mean training loss.
    pub loss: f64,
    /// Metric on the validation split, if there is one.
    pub validation: Option<f64>,
}

/// Facts of a `prune` stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PruneFacts {
    /// Identifier of the method.
    pub method: String,
    /// Version of the method.
    pub version: String,
    /// File name of the plugin.
    pub plugin: String,
    /// sha256 of the plugin.
    pub plugin_sha256: String,
    /// What the plugin's library says of how it was built.
    pub built_with: String,
    /// One entry per keep of the stage, in its order; absent where nothing was emitted.
    pub snapshots: Vec<Option<SnapshotFacts>>,
}

/// What the host metered until a snapshot was emitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SnapshotFacts {
    /// Weights that should remain.
    pub target_count: u64,
    /// Training samples (forward and backward).
    pub train_samples: u64,
    /// Samples that went forward only.
    pub forward_samples: u64,
    /// What counts against the allowance: training samples, and a third of the forward-only ones.
    pub charged_samples: u64,
    /// Optimizer steps.
    pub steps: u64,
}

/// Counts of a network, taken from the tensors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Prunable weights.
    pub prunable_total: u64,
    /// Prunable weights that remain.
    pub prunable_kept: u64,
    /// All parameters.
    pub params_total: u64,
    /// All parameters without those that a mask removes.
    pub params_kept: u64,
    /// Convolution and fully connected weights.
    pub conv_fc_total: u64,
    /// Convolution and fully connected weights that remain.
    pub conv_fc_kept: u64,
    /// Multiply-accumulates for one picture, convention `core`.
    pub macs_executed: u64,
    /// Of these, the ones with a weight that remains.
    pub macs_nonzero: u64,
    /// Weights under a mask that are not zero; must be 0.
    pub leaked: u64,
}

/// Facts of a `verify` stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerifyFacts {
    /// Weights that should remain.
    pub target_count: u64,
    /// The counts.
    pub counts: Counts,
}

/// Facts of a `recover` stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecoverFacts {
    /// Training samples spent.
    pub samples: u64,
    /// Steps trained.
    pub steps: u64,
    /// Pictures the batch-norm statistics were estimated on.
    pub recalibrated: u64,
    /// Metric on the validation split, if there is one.
    pub validation: Option<f64>,
    /// Weights under a mask that are not zero; 0.
    pub leaked: u64,
}

/// Facts of `evaluate` and `transfer` stages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreFacts {
    /// Task identifier.
    pub task: String,
    /// Version of the task's loader or generator.
    pub task_version: u32,
    /// Name of the task's own metric.
    pub metric: String,
    /// The task's own metric.
    pub score: f64,
    /// Fraction of right answers.
    pub top1: f64,
    /// Mean over classes of right answers.
    pub mean_per_class: f64,
    /// Mean cross-entropy.
    pub loss: f64,
    /// Pictures scored.
    pub pictures: u64,
    /// Classes.
    pub classes: u64,
    /// Metric on the validation split, for choosing recipes.
    pub validation: Option<f64>,
    /// Steps trained on the task.
    pub steps: u64,
    /// Weights under a mask that are not zero after fine-tuning; 0.
    pub leaked: u64,
}

/// Facts of a `measure` stage: they are measurements and not reproducible, unlike all others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasureFacts {
    /// Batch size, then milliseconds for one batch: 10th percentile, median, 90th percentile.
    pub latency_ms: Vec<(u32, f64, f64, f64)>,
    /// Bytes of the stored network: non-zero values as f32, and one bit per prunable weight for the mask.
    pub bytes: u64,
}
