//! From a file of predictions to the metric on draws of pictures.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata};

use super::Resampled;
use crate::row::Row;

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

/// Reads the one tensor, not the detections beside it: these are megabytes, and a suite has hundreds of such files.
fn read(path: &Path) -> Option<Vec<Option<f64>>> {
    let mut file = File::open(path).ok()?;
    let total = file.metadata().ok()?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length).ok()?;
    let length = u64::from_le_bytes(length);
    let mut header = Vec::new();
    // Taken, not allocated: a damaged file may claim any length.
    file.by_ref().take(length).read_to_end(&mut header).ok()?;
    let header: Metadata = serde_json::from_slice(&header).ok()?;
    let rest = total.checked_sub(8)?.checked_sub(length)?;
    let info = header.info(TENSOR).filter(|info| info.dtype == Dtype::F64 && info.shape.len() == 1)?;
    if rest != header.data_len() as u64 {
        return None;
    }
    let (start, end) = info.data_offsets;
    file.seek(SeekFrom::Current(i64::try_from(start).ok()?)).ok()?;
    let mut bytes = vec![0; end - start];
    file.read_exact(&mut bytes).ok()?;
    let values = bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes));
    Some(values.map(|value| value.is_finite().then_some(value)).collect())
}

#[cfg(test)]
pub(crate) mod tests;
