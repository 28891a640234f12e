//! When a training of the search has settled (early-bird tickets, You et al., arXiv 1909.11957, section 3.2).

use std::collections::VecDeque;

use secateur_sdk::prelude::*;
use secateur_sdk::tch::no_grad_guard;

use crate::config::EarlyBird;

/// Looks at the masks that pruning would give during a training, and ends it when they change no more.
#[derive(Debug)]
pub(crate) struct Watch {
    bird: EarlyBird,
    /// Steps of the whole training.
    steps: u64,
    /// Weights that are not removed yet.
    competing: u64,
    /// Weights that each of the prunings after this training leaves.
    counts: Vec<u64>,
    /// The masks of the last checks, the newest at the end, one for each count: bool, flat, of all prunable weights.
    masks: VecDeque<Vec<Tensor>>,
    distance: Option<f64>,
}

impl Watch {
    pub(crate) fn new(bird: EarlyBird, steps: u64, competing: u64, counts: Vec<u64>) -> Self {
        Self { bird, steps, competing, counts, masks: VecDeque::new(), distance: None }
    }

    /// Refuses a bound that no two masks of the prunings could pass, and more checks than steps.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] or [`ErrorKind::Exhausted`].
    pub(crate) fn check(&self) -> Result<()> {
        let (distance, checks) = (self.bird.distance, self.bird.checks);
        for count in self.counts.iter().filter(|count| **count < self.competing) {
            let most = 2.0 * (*count).min(self.competing - count) as f64 / self.competing as f64;
            if most <= distance {
                return Err(Error::invalid(format!(
                    "early_bird.distance is {distance}, but two masks that keep {count} of {} weights never differ in \
                     more than {most:.3} of them; lower it",
                    self.competing
                )));
            }
        }
        if self.steps < checks {
            let message = format!(
                "a training of {} steps cannot be looked at {checks} times; raise the allowance or lower \
                 early_bird.checks and early_bird.window",
                self.steps
            );
            return Err(Error::new(ErrorKind::Exhausted, message));
        }
        Ok(())
    }

    /// The largest distance of the newest mask from the others of the window, as the last check found it; `None` while
    /// there are fewer masks than the window has.
    pub(crate) fn distance(&self) -> Option<f64> {
        self.distance
    }

    /// What the distance must fall below.
    pub(crate) fn bound(&self) -> f64 {
        self.bird.distance
    }

    /// Whether one of the equal parts of the training ends after so many steps.
    fn is_due(&self, done: u64) -> bool {
        let part = |done: u64| u128::from(done) * u128::from(self.bird.checks) / u128::from(self.steps);
        part(done) > part(done - 1)
    }

    /// Takes the masks of a check in.
    fn push(&mut self, masks: Vec<Tensor>) -> Result<()> {
        self.masks.push_back(masks);
        if self.masks.len() > self.bird.window {
            self.masks.pop_front();
        }
        if self.masks.len() < self.bird.window {
            return Ok(());
        }
        let mut largest = 0.0_f64;
        if let Some((newest, others)) = self.masks.make_contiguous().split_last() {
            for (new, old) in others.iter().flat_map(|other| newest.iter().zip(other)) {
                let different = new.f_logical_xor(old)?.f_sum(Kind::Int64)?.f_int64_value(&[])?;
                largest = largest.max(different as f64 / self.competing as f64);
            }
        }
        self.distance = Some(largest);
        Ok(())
    }
}

impl TrainHooks for Watch {
    fn is_done(&mut self, run: &Run<'_>, step: u64) -> Result<bool> {
        if !self.is_due(step + 1) {
            return Ok(false);
        }
        self.push(masks_now(run, &self.counts)?)?;
        tracing::debug!(step = step + 1, distance = self.distance, "looked at the mask");
        Ok(self.distance.is_some_and(|distance| distance < self.bird.distance))
    }
}

/// The masks of the so many largest remaining weights of the whole network, of equal ones the first.
///
/// The host's selection is not asked: it sets the masks that it finds, and the training is to go on as it was.
fn masks_now(run: &Run<'_>, counts: &[u64]) -> Result<Vec<Tensor>> {
    let _guard = no_grad_guard();
    let mut scores = Vec::new();
    for param in run.prunable() {
        scores.push(crate::ticket::magnitude(run, &param)?.f_reshape([-1])?);
    }
    let (_, order) = Tensor::f_cat(&scores, 0)?.f_sort_stable(true, 0, true)?;
    let none = order.f_zeros_like()?.f_to_kind(Kind::Bool)?;
    let mask = |count: &u64| Ok(none.f_index_fill(0, &order.f_narrow(0, 0, *count as i64)?, 1)?);
    counts.iter().map(mask).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(distance: f64, checks: u64, steps: u64) -> Watch {
        let bird = EarlyBird { distance, window: 3, checks };
        Watch::new(bird, steps, 10, vec![5])
    }

    #[test]
    fn checks_divide_the_training_into_equal_parts() {
        let due = |checks, steps| -> Vec<u64> {
            let watch = watch(0.1, checks, steps);
            (1..=steps).filter(|done| watch.is_due(*done)).collect()
        };
        assert_eq!(due(4, 20), [5, 10, 15, 20]);
        assert_eq!(due(3, 10), [4, 7, 10]);
        assert_eq!(due(5, 5), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn the_distance_is_the_largest_within_the_window_of_what_competes() {
        let mut watch = watch(0.1, 20, 20);
        let mut push = |kept: [u8; 10]| {
            watch.push(vec![Tensor::from_slice(&kept).ne(0)]).unwrap();
            watch.distance()
        };
        assert_eq!(push([1, 1, 1, 1, 1, 0, 0, 0, 0, 0]), None);
        assert_eq!(push([1, 1, 1, 0, 0, 1, 1, 0, 0, 0]), None);
        // Two exchanged positions from the first, one from the second: four and two of ten.
        assert_eq!(push([1, 1, 0, 0, 1, 1, 1, 0, 0, 0]), Some(0.4));
        // The first one is forgotten: two of ten from the second, none from the third.
        assert_eq!(push([1, 1, 0, 0, 1, 1, 1, 0, 0, 0]), Some(0.2));
        assert_eq!(push([1, 1, 0, 0, 1, 1, 1, 0, 0, 0]), Some(0.0));
    }

    #[test]
    fn bounds_that_nothing_passes_are_refused() {
        let refused = |competing, counts: &[u64], distance, steps| {
            let bird = EarlyBird { distance, window: 2, checks: 10 };
            Watch::new(bird, steps, competing, counts.to_vec()).check().unwrap_err()
        };
        // Of 5 in 100 all could be others, which are 10 in 100.
        let error = refused(100, &[50, 5], 0.1, 10);
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert!(error.message.contains("keep 5 of 100"), "{}", error.message);
        assert!(refused(100, &[95], 0.1, 10).message.contains("keep 95 of 100"));
        assert_eq!(refused(100, &[50], 0.1, 9).kind, ErrorKind::Exhausted);
        let bird = EarlyBird { distance: 0.1, window: 2, checks: 10 };
        Watch::new(bird, 10, 100, vec![100, 94, 6]).check().unwrap();
    }
}
