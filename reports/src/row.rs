//! The table that every report is made of: one row per scored trial, task and regime.

pub use secateur_store::Outcome;
use serde::{Deserialize, Serialize};

use crate::analysis::masks::MaskSet;
use crate::analysis::pretraining::PretrainedTrack;
use crate::conditions::TransferConditions;
use crate::difficulty::TaskTest;
use crate::gallery::Gallery;
use crate::pairs::Resampled;
use crate::published::{PublishedFigure, PublishedName, PublishedProtocol};
use crate::speed::Speed;
use crate::strata::StratumScore;
use crate::trials::TrialRecords;

/// Whether a row is a control rather than a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// The upstream network untouched.
    DenseAsIs,
    /// The upstream network with the same allowance, recipe and seeds; every drop is against it.
    DenseTrained,
    /// The network's initialization, transferred without upstream training.
    Scratch,
    /// A pruning baseline that every run has: random, layer-wise-matched random or magnitude.
    Baseline,
}

impl Control {
    /// The control of a trial in a store's list of trials; nothing for a method.
    pub(crate) fn of_manifest(name: &str) -> Option<Control> {
        match name {
            "dense-as-is" => Some(Control::DenseAsIs),
            "dense-trained" => Some(Control::DenseTrained),
            "scratch" => Some(Control::Scratch),
            "baseline" => Some(Control::Baseline),
            _ => None,
        }
    }
}

/// One scored trial: a method at a keep in one replicate, on one task in one regime.
///
/// All fields but `outcome_detail` are reproducible: two runs with the same identities give the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Row {
    /// Suite name.
    pub suite: String,
    /// Track: the allowance and recipe the suite gives, by name.
    pub track: String,
    /// `transfer` (pruned upstream, scored downstream), `direct` (pruned and scored on one task) or `upstream`
    /// (the pruned network scored on the task it was pruned on, in a suite that transfers), or `validation` (pruned and
    /// scored on one task, but on its validation split: for choosing).
    pub protocol: String,
    /// `linear`, `full` or `none` (scored as it is).
    pub regime: String,
    /// `weights`, `channels` or `dense`.
    pub granularity: String,
    /// Task identifier.
    pub task: String,
    /// Method label of the suite, for example `imp-rewind-init`.
    pub method: String,
    /// Method identifier, for example `org.secateur.magnitude`; empty for dense controls.
    pub method_id: String,
    /// Parameters of the method as canonical JSON.
    pub params: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Fraction of the prunable weights asked for; 1 for dense rows.
    pub keep: f64,
    /// Replicate number.
    pub replicate: u32,
    /// How it ended.
    #[schemars(with = "String")]
    pub outcome: Outcome,
    /// Why it ended so, if not `ok`.
    pub outcome_detail: String,
    /// Name of the task's own metric: `top1` or `mean-per-class`, and of detection `voc-ap50`, `voc07-ap50` or `coco-ap`.
    pub metric: String,
    /// The task's own metric in `[0, 1]`; absent if not `ok`.
    pub score: Option<f64>,
    /// Fraction of right answers; absent for detectors.
    pub top1: Option<f64>,
    /// Mean over classes of right answers; absent for detectors.
    pub mean_per_class: Option<f64>,
    /// Test pictures scored.
    pub test_pictures: Option<u64>,
    /// The integer to reach: prunable weights that remain.
    pub target_count: Option<u64>,
    /// Prunable weights that remain, counted by `verify`.
    pub achieved_count: Option<u64>,
    /// Prunable weights of the dense network, and the name of the prunable set.
    pub prunable_total: Option<u64>,
    /// Name of the suite's prunable set.
    pub prunable_set: String,
    /// All parameters of the dense network.
    pub params_total: Option<u64>,
    /// All parameters that are not zeroed by a mask.
    pub params_remaining: Option<u64>,
    /// Convolution and fully connected weights of the dense network.
    pub conv_fc_total: Option<u64>,
    /// Convolution and fully connected weights that remain.
    pub conv_fc_remaining: Option<u64>,
    /// Multiply-accumulates that are executed (convention `core`), for one picture.
    pub macs_executed: Option<u64>,
    /// Multiply-accumulates with a non-zero weight (convention `core`), for one picture.
    pub macs_nonzero: Option<u64>,
    /// Training samples of the track's allowance.
    pub allowance_samples: u64,
    /// Training samples that a method that begins from initialization was given beside it: those of the upstream network's
    /// training. 0 for all others.
    pub init_samples: u64,
    /// The factor by which the suite multiplies both for this method; 1 for all that are given the same.
    #[serde(default = "unstretched")]
    pub stretch: u32,
    /// Training samples the method itself spent, forward-only ones counted a third.
    pub method_samples: Option<u64>,
    /// Training samples the host spent on mask-fixed recovery.
    pub recover_samples: Option<u64>,
    /// Training multiply-accumulates of method and recovery together, as a multiple of one dense training sample, of
    /// which a forward pass alone is a third: masked weights count as if they were there, removed channels in recovery do not.
    pub training_macs: Option<f64>,
    /// Identity of the stage that gave the score.
    pub stage: String,
    /// Identity of the `prune` stage, empty for dense rows.
    pub prune_stage: String,
    /// The upstream checkpoint whose values the weights that the method left have, bit for bit: `end`, `init`, `step-N`;
    /// absent where they have been changed, where nobody looked, and for dense rows.
    #[serde(default)]
    pub weights_of: Option<String>,
    /// Which of these checkpoints is the pre-trained network, theta_p of arXiv 2012.06908: `end` of the upstream training, or
    /// `init` where the suite trains, prunes and scores on one task; empty where that training began at random.
    #[serde(default)]
    pub pretrained: String,
    /// Prunable weights that were not zero when the host last selected what stays: all of them for a method that prunes
    /// once, those of the round before for one that prunes in rounds. For one that learns which weights are zero, what lies above
    /// the target was trimmed by the host, and what lies below was restored.
    #[serde(default)]
    pub nonzero_before: Option<u64>,
    /// Average precision of a detector as COCO defines it; absent for classifiers, as all that follow.
    pub ap: Option<f64>,
    /// The same at an overlap of 0.5 alone.
    pub ap50: Option<f64>,
    /// Average recall of 100 detections a picture.
    pub ar: Option<f64>,
    /// Average precision on small objects; absent where there is none of that size.
    pub ap_small: Option<f64>,
    /// Average precision on medium objects.
    pub ap_medium: Option<f64>,
    /// Average precision on large objects.
    pub ap_large: Option<f64>,
}

fn unstretched() -> u32 {
    1
}

/// Cost of one stage, as the parent measured it. Not reproducible, hence apart from [`Row`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageCost {
    /// Suite name.
    pub suite: String,
    /// Track name.
    pub track: String,
    /// Method label; empty for stages that all methods share.
    pub method: String,
    /// Keep; 1 for dense rows, absent for stages that make all keeps at once.
    pub keep: Option<f64>,
    /// Replicate number.
    pub replicate: Option<u32>,
    /// `prepare`, `train`, `prune`, `recover`, `verify`, `evaluate`, `transfer` or `measure`.
    pub kind: String,
    /// Task identifier, if the stage has one.
    pub task: String,
    /// Regime, if the stage has one.
    pub regime: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Peak resident memory in bytes.
    pub peak_bytes: u64,
    /// Threads it ran with.
    pub threads: u32,
    /// Attempts, this one included.
    pub attempts: u32,
    /// When it ended, RFC 3339 in UTC.
    pub finished: String,
    /// Identity.
    pub stage: String,
    /// For `measure`: median milliseconds for one batch of one picture.
    pub latency_ms: Option<f64>,
}

/// What a plugin says of one of its methods.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct AboutMethod {
    /// Identifier.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Version.
    pub version: String,
    /// One sentence.
    pub summary: String,
    /// Where it was published, as the plugin writes it; empty if it does not say.
    pub citation: String,
}

/// Where results come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Provenance {
    /// Version of the harness.
    pub harness: String,
    /// Version of libtorch.
    pub libtorch: String,
    /// Processor, cores, memory, operating system; or the GPU.
    pub machine: String,
    /// `cpu` or `cuda`.
    pub device_class: String,
    /// Plugins: file name and sha256.
    pub plugins: Vec<(String, String)>,
    /// Data: task identifier and digest.
    pub data: Vec<(String, String)>,
    /// What plugins say of methods.
    #[serde(default)]
    pub methods: Vec<AboutMethod>,
    /// Further facts, name and value (suite file hash, checkpoint digest, seed, recipes, dates).
    pub facts: Vec<(String, String)>,
}

/// Everything a report is made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReportInput {
    /// Scored trials.
    pub rows: Vec<Row>,
    /// Costs of all stages.
    pub costs: Vec<StageCost>,
    /// Measured networks.
    #[serde(default)]
    pub speeds: Vec<Speed>,
    /// How well detectors find objects of each size, and of each class.
    #[serde(default)]
    pub strata: Vec<StratumScore>,
    /// The metric of detectors on draws of pictures, for differences between them.
    #[serde(default)]
    pub resampled: Vec<Resampled>,
    /// What masks keep of each layer, and what they have in common.
    #[serde(default)]
    pub masks: Vec<MaskSet>,
    /// The same of networks of several pre-trainings together, where a suite has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pretraining_masks: Vec<MaskSet>,
    /// Which pre-training the tracks of such a suite prune, in the suite's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pretrained_tracks: Vec<PretrainedTrack>,
    /// Test pictures with what detectors found in them.
    #[serde(default)]
    pub galleries: Vec<Gallery>,
    /// Test splits of classification tasks, and how hard they are.
    #[serde(default)]
    pub tests: Vec<TaskTest>,
    /// Everything that is stored of each trial, unless there are too many.
    #[serde(default)]
    pub trials: TrialRecords,
    /// What papers have published, to be shown beside.
    #[serde(default)]
    pub published: Vec<PublishedFigure>,
    /// Which of our methods is which of a paper's.
    #[serde(default)]
    pub published_names: Vec<PublishedName>,
    /// Under which conditions these figures may stand beside ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published_protocols: Vec<PublishedProtocol>,
    /// How our suites transfer networks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<TransferConditions>,
    /// Where they come from.
    pub provenance: Provenance,
}
