//! A task as the harness uses it: labelled pictures in three splits.

use secateur_metrics::ClassificationMetric;
use serde::{Deserialize, Serialize};

/// Labelled pictures of one size, as 8-bit values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pictures {
    /// Channels, height and width of each picture.
    pub shape: [usize; 3],
    /// Values, `[count, channels, height, width]`, outermost dimension first.
    pub pixels: Vec<u8>,
    /// Class of each picture, `[count]`.
    pub labels: Vec<u16>,
}

impl Pictures {
    /// Number of pictures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no picture.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// What a task is, apart from its pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskInfo {
    /// Identifier, for example `generated/textures`.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// One sentence: what varies between the classes.
    pub summary: String,
    /// Version of the loader or generator; results of different versions are not comparable.
    pub version: u32,
    /// Class names in label order.
    pub classes: Vec<String>,
    /// The metric by which the task is judged.
    pub metric: ClassificationMetric,
    /// Mean of each channel on the scale `[0, 1]`, subtracted before the network.
    pub mean: Vec<f32>,
    /// Standard deviation of each channel on the scale `[0, 1]`.
    pub std: Vec<f32>,
}

impl TaskInfo {
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

/// What is said of every task, whatever is asked of a network there.
pub(crate) struct Outline<'a> {
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    pub(crate) summary: &'a str,
    pub(crate) version: u32,
    pub(crate) classes: &'a [String],
    pub(crate) metric: &'static str,
    pub(crate) mean: &'a [f32],
    pub(crate) std: &'a [f32],
}

/// A whole task in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskData {
    /// What it is.
    pub info: TaskInfo,
    /// Pictures to train on.
    pub train: Pictures,
    /// Pictures to choose on; never trained on, never reported.
    pub validation: Pictures,
    /// Pictures to score on, once.
    pub test: Pictures,
}
