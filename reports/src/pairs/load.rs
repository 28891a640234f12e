//! From a file of predictions to the metric on draws of pictures.

use std::path::Path;

use safetensors::tensor::Dtype;

use super::Resampled;
use crate::row::Row;
use crate::tensors::{self, Header};

/// Tensor with the metric on draws: f64 `[draws]`, not a number where a draw has no object to find.
const TENSOR: &str = "resampled";

/// What the detector that `row` is about scores on draws of pictures, from its file of predictions; nothing if it has no
/// score. A file that is not there any more, that is damaged, or that was written before there were draws leaves
/// the values empty.
pub(crate) fn resampled(row: &Row, predictions: Option<&Path>) -> Option<Resampled> {
    Some(Resampled {
        suite: row.suite.clone(),
        track: row.track.clone(),
        protocol: row.protocol.clone(),
        regime: row.regime.clone(),
        task: row.task.clone(),
        method: row.method.clone(),
        control: row.control,
        keep: row.keep,
        replicate: row.replicate,
        score: row.score?,
        values: predictions.and_then(read).unwrap_or_default(),
    })
}

/// Reads the one tensor, not the detections beside it.
fn read(path: &Path) -> Option<Vec<Option<f64>>> {
    let header = Header::read(path).ok()?;
    let info = header.info(TENSOR).filter(|info| info.dtype == Dtype::F64 && info.shape.len() == 1)?;
    let bytes = tensors::read(path, header.place(info)).ok()?;
    let values = bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes));
    Some(values.map(|value| value.is_finite().then_some(value)).collect())
}

#[cfg(test)]
pub(crate) mod tests;
