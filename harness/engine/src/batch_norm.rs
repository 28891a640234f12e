//! Batch-norm statistics.

use crate::dataset::{Augmentation, Batches, DeviceSet};
use crate::error::Result;
use crate::forward::Pass;
use crate::model::Model;
use crate::random::Streams;

/// Pictures in one batch of a recalibration.
const BATCH: usize = 250;

/// Estimates the batch-norm statistics anew on `pictures` training pictures (no labels, no augmentation, no weight
/// changes): the running values become the plain mean over the batches.
///
/// # Errors
/// Fails if the set is empty, or libtorch fails.
pub fn recalibrate(model: &Model, set: &DeviceSet, pictures: u64, streams: &Streams) -> Result<()> {
    if pictures == 0 {
        return Ok(());
    }
    let _guard = tch::no_grad_guard();
    let batch = BATCH.min(set.len()).min(pictures as usize);
    let mut batches = Batches::new(set, streams.fork("recalibration"), batch, Augmentation::default())?;
    for index in 0..pictures.div_ceil(batch as u64) {
        let (input, _) = batches.get(index)?;
        let momentum = 1.0 / (index + 1) as f64;
        let _ = model.forward(&input, &Pass { train: true, norm_momentum: Some(momentum), ..Pass::default() })?;
    }
    Ok(())
}
