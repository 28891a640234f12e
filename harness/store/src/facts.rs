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

/// What the host metered until a snapshot was emitted, and where it found its weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// The checkpoint whose values the remaining prunable weights have, bit for bit: `end`, `init`, `step-N`; absent where
    /// they have been changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights_of: Option<String>,
    /// Prunable weights that were not zero when the host last selected what stays. For methods that learn which weights are
    /// zero (STR), what lies above the target is what the host trimmed, and what lies below is what it restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonzero_before: Option<u64>,
}

/// Counts of a network, taken from the tensors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Prunable weights, or the budget's count of a channel suite.
    pub prunable_total: u64,
    /// What remains of it.
    pub prunable_kept: u64,
    /// All parameters.
    pub params_total: u64,
    /// All parameters without those that a mask removes or that went with their channels.
    pub params_kept: u64,
    /// Convolution and fully connected weights.
    pub conv_fc_total: u64,
    /// Convolution and fully connected weights that remain.
    pub conv_fc_kept: u64,
    /// Multiply-accumulates for one picture, convention `core`, after removed channels are cut out.
    pub macs_executed: u64,
    /// Of these, the ones with a weight that remains.
    pub macs_nonzero: u64,
    /// Weights under a mask that are not zero; must be 0.
    pub leaked: u64,
}

/// Facts of a `verify` stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerifyFacts {
    /// What should remain: prunable weights, or the budget's count of a channel suite.
    pub target_count: u64,
    /// By how much whole channels may miss it; 0 for weights.
    #[serde(default)]
    pub tolerance: u64,
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

/// Facts of an `extract` stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExtractFacts {
    /// Task identifier.
    pub task: String,
    /// Pictures of all splits.
    pub pictures: u64,
    /// Features of a picture.
    pub width: u64,
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
    /// Fraction of right answers; absent for detectors.
    pub top1: Option<f64>,
    /// Mean over classes of right answers; absent for detectors.
    pub mean_per_class: Option<f64>,
    /// What a detector found; absent for classifiers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection: Option<DetectionFacts>,
    /// Mean loss: the cross-entropy, or that of the detector.
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

/// How well a detector finds objects. Means are over classes that have objects; a value is absent where there is nothing
/// to find.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DetectionFacts {
    /// Average precision as COCO defines it: mean over overlaps of 0.50, 0.55, … 0.95, at 101 recalls.
    pub ap: Option<f64>,
    /// The same at an overlap of 0.5 alone.
    pub ap50: Option<f64>,
    /// Average recall of 100 detections a picture, over the same overlaps.
    pub ar: Option<f64>,
    /// VOC's average precision at an overlap of 0.5: the area under the interpolated curve.
    pub voc_ap50: Option<f64>,
    /// VOC's average precision at an overlap of 0.5, interpolated at 11 recalls.
    pub voc07_ap50: Option<f64>,
    /// Objects that were to be found.
    pub objects: u64,
    /// Detections that were scored.
    pub detections: u64,
    /// By size of the objects, smallest first.
    pub sizes: Vec<SizeFacts>,
    /// By class, in the task's order.
    pub classes: Vec<ClassFacts>,
}

/// How well a detector finds objects of one size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SizeFacts {
    /// `small`, `medium` or `large`.
    pub name: String,
    /// Least area in square pixels of the original picture.
    pub from: f64,
    /// Largest area; absent: any.
    pub to: Option<f64>,
    /// Objects of that size.
    pub objects: u64,
    /// Average precision as [`DetectionFacts::ap`].
    pub ap: Option<f64>,
    /// Average precision as [`DetectionFacts::ap50`].
    pub ap50: Option<f64>,
}

/// How well a detector finds objects of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassFacts {
    /// Name of the class.
    pub name: String,
    /// Objects of the class.
    pub objects: u64,
    /// Average precision as [`DetectionFacts::ap`].
    pub ap: Option<f64>,
    /// Average precision as [`DetectionFacts::ap50`].
    pub ap50: Option<f64>,
}

/// Facts of a `measure` stage: its latencies and its memory are measurements and not reproducible, unlike all other
/// facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasureFacts {
    /// The forms of the network that were measured, one pass of each in turn: `dense`, the network before anything
    /// was removed; `masked`, of the same size with zeros; `compacted`, without the removed channels.
    pub forms: Vec<FormFacts>,
}

impl MeasureFacts {
    /// The form of that name.
    #[must_use]
    pub fn form(&self, name: &str) -> Option<&FormFacts> {
        self.forms.iter().find(|form| form.form == name)
    }

    /// The form that stands for the pruned network: compacted if there is one, else masked, else dense.
    #[must_use]
    pub fn pruned(&self) -> Option<&FormFacts> {
        ["compacted", "masked", "dense"].into_iter().find_map(|name| self.form(name))
    }

    /// How much faster the pruned network is than the dense one at a batch size: the ratio of medians.
    #[must_use]
    pub fn speed_up(&self, batch: u32) -> Option<f64> {
        let median = |form: &FormFacts| {
            form.latency.iter().find(|latency| latency.batch == batch).map(|latency| latency.median_ms)
        };
        Some(median(self.form("dense")?)? / median(self.pruned()?)?)
    }
}

/// One form of a network, measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FormFacts {
    /// `dense`, `masked` or `compacted`.
    pub form: String,
    /// Parameters that are stored.
    pub params: u64,
    /// Of these, the ones that no mask removes.
    pub params_nonzero: u64,
    /// Bytes of the stored parameters: 4 for each that stays, and one bit for each that a mask covers.
    pub bytes: u64,
    /// Multiply-accumulates executed for one picture, convention `core`.
    pub macs_core: u64,
    /// The same, convention `tp`.
    pub macs_tp: u64,
    /// Latencies, one entry for each batch size.
    pub latency: Vec<LatencyFacts>,
    /// Convolutions that make a number of channels that is no multiple of 8.
    pub unaligned_layers: u64,
    /// Memory that a forward pass of the largest batch took beside the weights, in bytes; `None` on a GPU.
    pub working_bytes: Option<u64>,
}

/// Latencies of forward passes at one batch size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyFacts {
    /// Pictures in a batch.
    pub batch: u32,
    /// 10th percentile in milliseconds.
    pub p10_ms: f64,
    /// Median in milliseconds.
    pub median_ms: f64,
    /// 90th percentile in milliseconds.
    pub p90_ms: f64,
}

impl LatencyFacts {
    /// Pictures a second at the median.
    #[must_use]
    pub fn pictures_per_second(&self) -> f64 {
        f64::from(self.batch) * 1e3 / self.median_ms
    }
}
