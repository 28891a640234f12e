//! Batch-norm statistics.

use crate::error::Result;
use crate::examples::{Augmentation, Batches, Examples};
use crate::forward::Pass;
use crate::model::Model;
use crate::random::Streams;

/// Most pictures in one batch of a recalibration.
const BATCH: u64 = 250;

/// Estimates the batch-norm statistics anew on `pictures` training pictures (no labels, no augmentation, no weight
/// changes): the running values become the plain mean over batches of equal size, and nothing remains of what they were.
///
/// No picture is read twice, so a smaller set is read whole; where the number does not divide into equal batches of at
/// most 250, the rest (fewer pictures than there are batches) is left out.
///
/// # Errors
/// Fails if the set is empty, or libtorch fails.
pub fn recalibrate(model: &Model, set: &dyn Examples, pictures: u64, streams: &Streams) -> Result<()> {
    if pictures == 0 {
        return Ok(());
    }
    let _guard = tch::no_grad_guard();
    let pictures = pictures.min(set.len() as u64);
    let count = pictures.div_ceil(BATCH).max(1);
    let batch = (pictures / count) as usize;
    let batches = Batches::new(set, streams.fork("recalibration"), batch, Augmentation::default())?;
    for (mean, variance) in model.statistics.iter().flatten() {
        // The first batch replaces them, but zero times what a diverged training left would be NaN.
        model.set_buffer(*mean, &model.buffers()[*mean].f_zeros_like()?)?;
        model.set_buffer(*variance, &model.buffers()[*variance].f_ones_like()?)?;
    }
    for index in 0..count {
        let (input, _) = batches.get(index)?;
        let momentum = 1.0 / (index + 1) as f64;
        let _ =
            model.forward(&input, &Pass { train: true, norm_momentum: Some(momentum), ..Pass::default() })?;
    }
    Ok(())
}
