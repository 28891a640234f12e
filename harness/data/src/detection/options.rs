//! How the files of a detection data set become a task.

use super::{COCO_SIZE_BORDERS, DetectionMetric};
use crate::DataError;

const MOST_SIDE: u32 = 2048;

/// Where the validation split comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Validation {
    /// There is none.
    None,
    /// Lists of the data set, named as in [`Options::train`].
    Lists(Vec<String>),
    /// A fraction of the training pictures, rounded down. Which ones follows from the seed and each picture's name
    /// alone, so other pictures may come and go without moving one between splits.
    Fraction {
        /// Between 0 and 1, both excluded.
        fraction: f64,
        /// Seed of the choice.
        seed: u64,
    },
}

/// How the files of a detection data set become a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The task's identifier, for example `voc/blood-cells`.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// One sentence: what is to be found.
    pub summary: String,
    /// Metric by which the task is judged.
    pub metric: DetectionMetric,
    /// Areas that divide small from medium and medium from large objects, in square pixels.
    pub size_borders: [f64; 2],
    /// Mean of each channel on the scale `[0, 1]`.
    pub mean: [f32; 3],
    /// Standard deviation of each channel on the scale `[0, 1]`.
    pub std: [f32; 3],
    /// Side in pixels of the square that every picture is warped to. All pictures are held in memory, and packing holds
    /// a split twice: with a side of 256 the 123,287 pictures of COCO 2017 take 24 GB, the 9,963 of VOC 2007 take 2.
    pub side: u32,
    /// Lists of the data set with the pictures to train on: for VOC files in `ImageSets/Main` without their ending
    /// (`trainval`, or `VOC2007/trainval` where there are several folders of the kind), for COCO the sets that the
    /// annotation files are named for (`train2017`).
    pub train: Vec<String>,
    /// Where the validation split comes from.
    pub validation: Validation,
    /// Lists of the data set with the pictures to score on.
    pub test: Vec<String>,
}

impl Options {
    /// Options for a data set in the layout of VOC: the lists `train`, `val` and `test`, judged as VOC did since 2010.
    #[must_use]
    pub fn voc(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            title: id.to_owned(),
            summary: "Objects in photographs.".to_owned(),
            metric: DetectionMetric::VocAp50,
            size_borders: COCO_SIZE_BORDERS,
            mean: [0.5; 3],
            std: [0.5; 3],
            side: 256,
            train: vec!["train".to_owned()],
            validation: Validation::Lists(vec!["val".to_owned()]),
            test: vec!["test".to_owned()],
        }
    }

    /// Options for COCO 2017: a twentieth of `train2017` to choose on, and `val2017`, which has the last published
    /// annotations, to score on.
    #[must_use]
    pub fn coco(id: &str) -> Self {
        Self {
            metric: DetectionMetric::CocoAp,
            train: vec!["train2017".to_owned()],
            validation: Validation::Fraction { fraction: 0.05, seed: 0 },
            test: vec!["val2017".to_owned()],
            ..Self::voc(id)
        }
    }

    pub(super) fn check(&self) -> Result<(), DataError> {
        let complain = |option, problem: String| Err(DataError::Option { option, problem });
        if !(8..=MOST_SIDE).contains(&self.side) {
            return complain("side", format!("{} pixels; choose between 8 and {MOST_SIDE}", self.side));
        }
        if let Validation::Fraction { fraction, .. } = self.validation
            && !(fraction > 0.0 && fraction < 1.0)
        {
            return complain("validation", format!("a fraction of {fraction}; it must be between 0 and 1"));
        }
        if self.train.is_empty() {
            return complain("train", "names no list of pictures".to_owned());
        }
        if self.test.is_empty() {
            return complain("test", "names no list of pictures".to_owned());
        }
        Ok(())
    }
}
