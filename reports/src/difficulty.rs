//! What a task's test split looks like, and how hard it is: which pictures every pruned network gets right, and which none.
//!
//! A mean over pictures hides whether methods fail on the same ones. Pictures that all networks get right tell nothing about
//! pruning, and those that none does may be wrong in the data. What the dense network gets right and no pruned one does is what
//! pruning has cost whatever the method.

pub(crate) mod load;

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// The test split of a classification task in a suite.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskTest {
    /// Suite name.
    pub suite: String,
    /// Task identifier.
    pub task: String,
    /// Names of the classes, in label order.
    pub classes: Vec<String>,
    /// Pictures in the test split.
    pub pictures: usize,
    /// A few of them, evenly spaced.
    pub examples: Vec<TaskExample>,
    /// How hard they are at each keep.
    pub difficulty: Vec<Difficulty>,
    /// What could not be read, if something could not.
    pub problem: Option<String>,
}

/// A picture of a test split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskExample {
    /// Number in the test split, from 0.
    pub index: usize,
    /// Number of its class.
    pub class: usize,
    /// PNG in base64.
    pub png: String,
}

/// How the pruned networks of one keep do, picture by picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difficulty {
    /// Track name.
    pub track: String,
    /// `direct`, `upstream` or `transfer`.
    pub protocol: String,
    /// `linear`, `full` or `none`.
    pub regime: String,
    /// Fraction of the prunable weights asked for.
    pub keep: f64,
    /// Networks with predictions: methods times replicates.
    pub networks: usize,
    /// Pictures that all of them get right.
    pub right_by_all: usize,
    /// Pictures that none of them gets right.
    pub right_by_none: usize,
    /// Of those, the ones that `dense-trained` gets right in every replicate; absent without its predictions.
    pub lost: Option<usize>,
}

/// Which pictures networks get right, counted one network at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    networks: u32,
    right: Vec<u32>,
}

impl Tally {
    pub(crate) fn new(pictures: usize) -> Tally {
        Tally { networks: 0, right: vec![0; pictures] }
    }

    /// Adds a network; `predictions` and `labels` are classes, one for each picture.
    pub(crate) fn add(&mut self, labels: &[u16], predictions: &[i32]) {
        self.networks += 1;
        for ((right, label), predicted) in self.right.iter_mut().zip(labels).zip(predictions) {
            *right += u32::from(i32::from(*label) == *predicted);
        }
    }

    fn all(&self, picture: usize) -> bool {
        self.networks > 0 && self.right[picture] == self.networks
    }

    /// How many pictures all networks get right, how many none does, and how many of these all of `dense` do.
    pub(crate) fn counts(&self, dense: Option<&Tally>) -> (usize, usize, Option<usize>) {
        let pictures = 0..self.right.len();
        let none = |picture: &usize| self.right[*picture] == 0;
        let dense = dense.filter(|dense| dense.networks > 0 && dense.right.len() == self.right.len());
        (
            pictures.clone().filter(|picture| self.all(*picture)).count(),
            pictures.clone().filter(none).count(),
            dense.map(|dense| pictures.filter(none).filter(|picture| dense.all(*picture)).count()),
        )
    }

    pub(crate) fn networks(&self) -> usize {
        self.networks as usize
    }
}

/// Reading order: by suite and task.
pub(crate) fn reading_order(a: &TaskTest, b: &TaskTest) -> Ordering {
    (&a.suite, &a.task).cmp(&(&b.suite, &b.task))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_counted_by_who_gets_them_right() {
        let labels = [0, 1, 2, 3];
        let mut pruned = Tally::new(4);
        assert_eq!(pruned.counts(None), (0, 4, None));
        pruned.add(&labels, &[0, 1, 0, 0]);
        pruned.add(&labels, &[0, 0, 0, 1]);
        assert_eq!((pruned.networks(), pruned.counts(None)), (2, (1, 2, None)));
        let mut dense = Tally::new(4);
        assert_eq!(pruned.counts(Some(&dense)), (1, 2, None));
        dense.add(&labels, &[0, 1, 2, 3]);
        assert_eq!(pruned.counts(Some(&dense)), (1, 2, Some(2)));
        // Right once is not right in every replicate.
        dense.add(&labels, &[0, 1, 2, 0]);
        assert_eq!(pruned.counts(Some(&dense)), (1, 2, Some(1)));
        // No class is below zero, and none is predicted where there is no answer.
        let mut absent = Tally::new(1);
        absent.add(&[0], &[-1]);
        assert_eq!(absent.counts(None), (0, 1, None));
    }
}
