//! Tasks that are read from files: how they are laid out, and how they are judged.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::views::Interpolation;

/// A task that is read from files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskSource {
    /// How the files are laid out.
    pub format: TaskFormat,
    /// Path below `--data-root`.
    pub path: String,
    /// Title for people.
    #[serde(default)]
    pub title: String,
    /// The metric by which the task is judged.
    #[serde(default)]
    pub metric: Metric,
    /// Mean of each channel on the scale from 0 to 1.
    #[serde(default = "half3")]
    pub mean: Vec<f64>,
    /// Standard deviation of each channel on the scale from 0 to 1.
    #[serde(default = "half3")]
    pub std: Vec<f64>,
    /// Side to which pictures are resized; absent: they all have one size already.
    #[serde(default)]
    pub side: Option<u32>,
    /// What is kept of the pictures for the stages that read them.
    #[serde(default, skip_serializing_if = "Packed::is_pixels")]
    pub packed: Packed,
    /// Beside `packed: files`: what the shorter side becomes before the middle is cut out for tests; absent: a seventh more than
    /// `side`, 256 for 224.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<u32>,
    /// Beside `packed: files`: how pictures are resized.
    #[serde(default, skip_serializing_if = "Interpolation::is_bilinear")]
    pub interpolation: Interpolation,
    /// Training pictures of each class that are set aside for validation.
    #[serde(default)]
    pub validation_per_class: u32,
    /// Detection only: which lists of the data set are the splits, which classes there are, and what is small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection: Option<Box<DetectionSource>>,
    /// Official data sets only: which one, and what becomes of its validation split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub official: Option<OfficialSource>,
}

/// What is kept of pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Packed {
    /// Pixels of one size: each picture is decoded once, its shorter side becomes `side`, and the middle is cut out.
    #[default]
    Pixels,
    /// The files as they are, decoded whenever they are seen, so that training sees random parts of pictures of full size, as
    /// published results have it.
    Files,
}

impl Packed {
    /// Whether it is what files need not name.
    #[must_use]
    pub fn is_pixels(&self) -> bool {
        *self == Self::Pixels
    }
}

/// Which official data set a task is, and in which form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfficialSource {
    /// Identifier of the set, as `secateur data list` has it. It brings classes, splits, metric and normalization.
    pub set: String,
    /// Set the pinned validation split aside (the set's own, else a tenth of each class). Absent: everything but the test split is
    /// trained on, as in published protocols.
    #[serde(default)]
    pub held_out: bool,
    /// Take a set that has fewer pictures or classes than it officially has; the task's title says how many.
    #[serde(default)]
    pub reduced: bool,
    /// Take so many pictures of it alone, to learn from and to choose on; the task's title and identifier say how many. The test
    /// split stays whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
}

/// How many pictures of an official set are taken. Which ones follows from their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Pictures to learn from.
    pub train: u32,
    /// Pictures to choose on.
    pub validation: u32,
}

/// What a detection task is beside its files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DetectionSource {
    /// Lists of the pictures to learn from; absent: `train` (VOC), `train2017` (COCO).
    #[serde(default)]
    pub train: Option<Vec<String>>,
    /// Lists of the pictures to choose on; absent: `val` (VOC), a twentieth of the training pictures (COCO). An empty list:
    /// none.
    #[serde(default)]
    pub validation: Option<Vec<String>>,
    /// Lists of the pictures to score on; absent: `test` (VOC), `val2017` (COCO).
    #[serde(default)]
    pub test: Option<Vec<String>>,
    /// VOC: the classes in the order of their labels; absent: those that occur, by name.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// Areas that divide small from medium and medium from large objects, in square pixels of the original picture;
    /// absent: COCO's, 1,024 and 9,216.
    #[serde(default)]
    pub size_borders: Option<[f64; 2]>,
}

/// Layout of a task's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TaskFormat {
    /// `{train,test}/<class>/*.jpg`, a folder, or a `.tar`, `.tar.gz` or `.zip` of one.
    ImageFolder,
    /// Pictures without labels, anywhere below a folder or in an archive of one: for networks that are trained without labels.
    Unlabelled,
    /// A data set in the form in which its authors publish it: a folder with its archives, or with what is in them.
    Official,
    /// Objects in boxes, in the layout of PASCAL VOC's devkit.
    Voc,
    /// Objects in boxes, in the layout of COCO.
    Coco,
}

impl TaskFormat {
    /// Whether such files hold objects in boxes.
    #[must_use]
    pub fn has_boxes(self) -> bool {
        matches!(self, Self::Voc | Self::Coco)
    }

    /// Whether such files have anything that answers can be scored by.
    #[must_use]
    pub fn has_labels(self) -> bool {
        self != Self::Unlabelled
    }
}

/// A metric by which a task is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Fraction of right answers.
    #[default]
    Top1,
    /// Mean over classes of the fraction of right answers.
    MeanPerClass,
    /// Detection: average precision at an overlap of 0.5, interpolated at 11 recalls (VOC until 2009).
    Voc07Ap50,
    /// Detection: average precision at an overlap of 0.5, the area under the whole curve (VOC since 2010).
    #[serde(rename = "voc-ap50")]
    VocAp50,
    /// Detection: average precision over overlaps of 0.50 to 0.95 (COCO).
    CocoAp,
}

impl Metric {
    /// Whether it judges detections.
    #[must_use]
    pub fn is_of_detection(self) -> bool {
        matches!(self, Self::Voc07Ap50 | Self::VocAp50 | Self::CocoAp)
    }
}

fn half3() -> Vec<f64> {
    vec![0.5; 3]
}
