//! Accuracy of classifiers.

use serde::{Deserialize, Serialize};

/// The metric by which a classification task is judged. Both are recorded for every task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassificationMetric {
    /// Fraction of pictures whose highest-scored class is the right one.
    Top1,
    /// Mean over classes of the fraction of right answers within the class.
    MeanPerClass,
}

impl ClassificationMetric {
    /// Name as it stands in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Top1 => "top1",
            Self::MeanPerClass => "mean-per-class",
        }
    }
}

/// Right answers and pictures of each class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    right: Vec<u64>,
    total: Vec<u64>,
}

impl Confusion {
    /// Counts for `classes` classes, all zero.
    #[must_use]
    pub fn new(classes: usize) -> Self {
        Self { right: vec![0; classes], total: vec![0; classes] }
    }

    /// Counts one picture. Labels outside the classes count as a wrong answer of no class and are ignored.
    pub fn add(&mut self, truth: usize, predicted: usize) {
        if let Some(total) = self.total.get_mut(truth) {
            *total += 1;
            self.right[truth] += u64::from(truth == predicted);
        }
    }

    /// Number of pictures counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.total.iter().sum()
    }

    /// The metric as a fraction in `[0, 1]`; `None` before any picture was counted.
    #[must_use]
    pub fn score(&self, metric: ClassificationMetric) -> Option<f64> {
        if self.count() == 0 {
            return None;
        }
        Some(match metric {
            ClassificationMetric::Top1 => self.right.iter().sum::<u64>() as f64 / self.count() as f64,
            ClassificationMetric::MeanPerClass => {
                let present = self.total.iter().zip(&self.right).filter(|(total, _)| **total > 0);
                let (sum, classes) = present.fold((0.0, 0u32), |(sum, classes), (total, right)| {
                    (sum + *right as f64 / *total as f64, classes + 1)
                });
                sum / f64::from(classes)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_predictor_scores_exactly_one() {
        let mut confusion = Confusion::new(7);
        for picture in 0..10_001 {
            confusion.add(picture % 7, picture % 7);
        }
        assert_eq!(confusion.score(ClassificationMetric::Top1), Some(1.0));
        assert_eq!(confusion.score(ClassificationMetric::MeanPerClass), Some(1.0));
    }

    #[test]
    fn mean_per_class_weighs_classes_alike() {
        let mut confusion = Confusion::new(3);
        for _ in 0..9 {
            confusion.add(0, 0);
        }
        confusion.add(1, 0);
        // Class 2 has no picture and does not enter the mean.
        assert_eq!(confusion.score(ClassificationMetric::Top1), Some(0.9));
        assert_eq!(confusion.score(ClassificationMetric::MeanPerClass), Some(0.5));
    }

    #[test]
    fn nothing_counted_has_no_score() {
        assert_eq!(Confusion::new(2).score(ClassificationMetric::Top1), None);
    }
}
