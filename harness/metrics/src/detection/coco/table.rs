//! COCO's numbers.

use serde::{Deserialize, Serialize};

use super::CocoSettings;
use crate::detection::curve::Curves;

/// Average precision and recall of each class, range of areas and threshold, from which all of COCO's numbers are means.
///
/// Areas are counted from 0, which is the range of all areas; those of the settings follow. Thresholds and limits are
/// counted as in the settings. What has no wanted truth, or does not exist, is `None`, where pycocotools says -1.
#[derive(Clone, Debug, PartialEq)]
pub struct CocoTable<'m> {
    settings: &'m CocoSettings,
    curves: Curves,
    classes: usize,
}

/// COCO's summary. Fractions in `[0, 1]`; `None` if there is no truth from which the number could be computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CocoScores {
    /// Average precision: the mean over thresholds and over classes that occur. COCO's primary metric.
    pub ap: Option<f64>,
    /// Average precision at a threshold of 0.5; `None` if that is not a threshold of the settings.
    pub ap50: Option<f64>,
    /// Average precision at a threshold of 0.75; `None` if that is not a threshold of the settings.
    pub ap75: Option<f64>,
    /// Average recall with so many detections per class and picture: the mean over thresholds and classes.
    pub recalls: Vec<LimitScores>,
    /// Precision and recall on objects of different sizes.
    pub areas: Vec<AreaScores>,
    /// Precision of each class.
    pub classes: Vec<ClassScores>,
}

/// Recall with a limited number of detections.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LimitScores {
    /// How many detections of a class count in a picture.
    pub limit: usize,
    /// Average recall.
    pub ar: Option<f64>,
}

/// Scores on objects of a range of areas, with the last limit of detections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AreaScores {
    /// Name of the range.
    pub name: String,
    /// Average precision.
    pub ap: Option<f64>,
    /// Average recall.
    pub ar: Option<f64>,
}

/// Scores of a class, for objects of all areas, with the last limit of detections.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassScores {
    /// Average precision: the mean over thresholds.
    pub ap: Option<f64>,
    /// Average precision at a threshold of 0.5.
    pub ap50: Option<f64>,
}

impl<'m> CocoTable<'m> {
    pub(super) fn new(settings: &'m CocoSettings, classes: usize, curves: Curves) -> Self {
        Self { settings, curves, classes }
    }

    /// Number of wanted truths of a class in a range of areas, each as often as its picture weighs.
    #[must_use]
    pub fn wanted(&self, class: usize, area: usize) -> u64 {
        self.curves.wanted(class, area)
    }

    /// Average precision of a class in a range of areas at each threshold, with the last limit of detections.
    #[must_use]
    pub fn precisions(&self, class: usize, area: usize) -> Option<&[f64]> {
        self.curves.precision(class, area)
    }

    /// Recall of a class in a range of areas at each threshold, with a limit of detections.
    #[must_use]
    pub fn recalls(&self, class: usize, area: usize, limit: usize) -> Option<&[f64]> {
        self.curves.recall(class, area, limit)
    }

    /// Mean average precision in a range of areas, over all thresholds or at one of them: the mean over classes that
    /// have wanted truths there.
    #[must_use]
    pub fn mean_precision(&self, area: usize, threshold: Option<usize>) -> Option<f64> {
        mean((0..self.classes).filter_map(|class| {
            let precisions = self.precisions(class, area)?;
            match threshold {
                Some(threshold) => precisions.get(threshold).copied(),
                None => mean(precisions.iter().copied()),
            }
        }))
    }

    /// Mean average recall in a range of areas with a limit of detections: the mean over thresholds and over classes
    /// that have wanted truths there.
    #[must_use]
    pub fn mean_recall(&self, area: usize, limit: usize) -> Option<f64> {
        mean((0..self.classes).filter_map(|class| mean(self.recalls(class, area, limit)?.iter().copied())))
    }

    /// COCO's summary.
    #[must_use]
    pub fn scores(&self) -> CocoScores {
        let settings = self.settings;
        let at =
            |value: f64| settings.thresholds.iter().position(|threshold| (threshold - value).abs() < 1e-9);
        let at_50 = at(0.5);
        let last = settings.limits.len() - 1;
        CocoScores {
            ap: self.mean_precision(0, None),
            ap50: at_50.and_then(|threshold| self.mean_precision(0, Some(threshold))),
            ap75: at(0.75).and_then(|threshold| self.mean_precision(0, Some(threshold))),
            recalls: (settings.limits.iter().enumerate())
                .map(|(index, limit)| LimitScores { limit: *limit, ar: self.mean_recall(0, index) })
                .collect(),
            areas: (settings.areas.iter().zip(1..))
                .map(|(range, area)| AreaScores {
                    name: range.name.clone(),
                    ap: self.mean_precision(area, None),
                    ar: self.mean_recall(area, last),
                })
                .collect(),
            classes: (0..self.classes)
                .map(|class| {
                    let precisions = self.precisions(class, 0);
                    ClassScores {
                        ap: precisions.and_then(|precisions| mean(precisions.iter().copied())),
                        ap50: precisions.zip(at_50).map(|(precisions, threshold)| precisions[threshold]),
                    }
                })
                .collect(),
        }
    }
}

/// The mean; `None` of nothing.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}
