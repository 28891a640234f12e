//! The best network of a training by its validation split, which outlives a killed process.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use secateur_checkpoint::{read, write_safetensors};
use secateur_engine::{Examples, Model, State};

use crate::order::Order;
use crate::training::digest;

/// Name of the file in the work folder.
const FILE: &str = "best.safetensors";

/// The best network so far, the first of equal ones.
///
/// A killed training goes on from a checkpoint that may be older than the best network. On a CPU it comes to the same networks again,
/// so that nothing depends on where it was killed; on a GPU, whose bits are not promised, it may come to a neighbour of it.
pub(crate) struct Best<'a> {
    path: PathBuf,
    model: &'a Model,
    validation: &'a dyn Examples,
    found: Option<(u64, f64)>,
}

impl<'a> Best<'a> {
    /// What an earlier attempt has found, or nothing yet.
    pub(crate) fn open(order: &Order, model: &'a Model, validation: &'a dyn Examples) -> Self {
        let mut best = Self { path: order.output(FILE), model, validation, found: None };
        if best.path.exists() {
            match best.read() {
                Ok((step, score, _)) => best.found = Some((step, score)),
                Err(reason) => tracing::warn!("{reason:#}"),
            }
        }
        best
    }

    /// Whether anything was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_none()
    }

    /// Scores the model as it is after a step, and keeps it if it is better than all before.
    pub(crate) fn look(&mut self, step: u64) -> anyhow::Result<()> {
        let score = self.validation.score(self.model)?.metric;
        if self.found.is_some_and(|(_, best)| score <= best) {
            return Ok(());
        }
        let tensors = State::of(self.model, None).to_tensors(self.model)?;
        let metadata = BTreeMap::from([
            ("step".to_owned(), step.to_string()),
            // Bits, since the score is compared with later ones.
            ("score".to_owned(), score.to_bits().to_string()),
            ("digest".to_owned(), digest(step, &tensors)),
        ]);
        write_safetensors(&self.path, &tensors, &metadata)?;
        self.found = Some((step, score));
        Ok(())
    }

    /// Makes the model the best one. Returns its step and its score on the validation split.
    pub(crate) fn restore(self) -> anyhow::Result<(u64, f64)> {
        let (step, score, state) = self.read()?;
        state.restore(self.model, None)?;
        std::fs::remove_file(&self.path).with_context(|| format!("cannot remove {}", self.path.display()))?;
        Ok((step, score))
    }

    fn read(&self) -> anyhow::Result<(u64, f64, State)> {
        let damaged = || format!("{} cannot be gone on from", self.path.display());
        let saved = read(&self.path).with_context(damaged)?;
        let number = |key: &str| -> anyhow::Result<u64> {
            let text = saved.metadata.get(key).with_context(|| format!("it has no `{key}`"))?;
            Ok(text.parse()?)
        };
        let (step, score) = (number("step").with_context(damaged)?, number("score").with_context(damaged)?);
        if saved.metadata.get("digest") != Some(&digest(step, &saved.tensors)) {
            return Err(anyhow::anyhow!("its content does not match its digest")).with_context(damaged);
        }
        let state = State::from_tensors(self.model, &saved.tensors).with_context(damaged)?;
        Ok((step, f64::from_bits(score), state))
    }
}

/// The last step of each epoch of `pictures` in a training of `total` steps, and `total`.
pub(crate) fn ends_of_epochs(pictures: u64, batch: u32, total: u64) -> Vec<u64> {
    let (pictures, batch) = (pictures.max(1), u64::from(batch.max(1)));
    let mut ends: Vec<u64> =
        (1..).map(|epoch: u64| (epoch * pictures).div_ceil(batch)).take_while(|end| *end < total).collect();
    ends.push(total);
    // A batch may be as large as several epochs.
    ends.dedup();
    ends
}

#[cfg(test)]
mod tests {
    use super::ends_of_epochs;

    #[test]
    fn epochs_end_where_their_last_picture_is_seen() {
        assert_eq!(ends_of_epochs(100, 64, 8), [2, 4, 5, 7, 8]);
        assert_eq!(ends_of_epochs(128, 64, 4), [2, 4]);
        assert_eq!(ends_of_epochs(10, 64, 2), [1, 2]);
        assert_eq!(ends_of_epochs(1000, 64, 3), [3]);
        assert_eq!(ends_of_epochs(0, 64, 3), [1, 2, 3]);
    }
}
