//! A detection task as the harness uses it.

use serde::{Deserialize, Serialize};

use super::Scenes;
use crate::Split;
use crate::task::Outline;

/// The metric by which a detection task is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DetectionMetric {
    /// Mean over classes of the average precision at an overlap of 0.5, interpolated at 11 recalls (VOC until 2009).
    Voc07Ap50,
    /// The same with the area under the whole interpolated curve (VOC since 2010).
    #[serde(rename = "voc-ap50")]
    VocAp50,
    /// Mean over classes and overlaps of 0.50, 0.55, … 0.95 of the average precision at 101 recalls (COCO).
    CocoAp,
}

impl DetectionMetric {
    /// Name as it stands in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Voc07Ap50 => "voc07-ap50",
            Self::VocAp50 => "voc-ap50",
            Self::CocoAp => "coco-ap",
        }
    }
}

/// COCO's borders between small, medium and large objects, in square pixels.
pub const COCO_SIZE_BORDERS: [f64; 2] = [32.0 * 32.0, 96.0 * 96.0];

/// What a detection task is, apart from its pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectionInfo {
    /// Identifier, for example `generated/figures`.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// One sentence: what is to be found.
    pub summary: String,
    /// Version of the loader or generator; results of different versions are not comparable.
    pub version: u32,
    /// Class names in label order; there is no class for the background.
    pub classes: Vec<String>,
    /// The metric by which the task is judged.
    pub metric: DetectionMetric,
    /// Areas that divide small from medium and medium from large objects, in square pixels of the original picture.
    pub size_borders: [f64; 2],
    /// Mean of each channel on the scale `[0, 1]`, subtracted before the network.
    pub mean: Vec<f32>,
    /// Standard deviation of each channel on the scale `[0, 1]`.
    pub std: Vec<f32>,
}

impl DetectionInfo {
    pub(crate) fn outline(&self) -> Outline<'_> {
        Outline {
            id: &self.id,
            title: &self.title,
            summary: &self.summary,
            version: self.version,
            classes: &self.classes,
            metric: self.metric.name(),
            mean: &self.mean,
            std: &self.std,
        }
    }
}

/// A whole detection task in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectionData {
    /// What it is.
    pub info: DetectionInfo,
    /// Pictures to train on.
    pub train: Scenes,
    /// Pictures to choose on; never trained on, never reported.
    pub validation: Scenes,
    /// Pictures to score on, once.
    pub test: Scenes,
}

impl DetectionData {
    /// The pictures of one split.
    #[must_use]
    pub fn split(&self, split: Split) -> &Scenes {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Test => &self.test,
        }
    }
}
