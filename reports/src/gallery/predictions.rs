//! Detections that a scored stage has stored.
//!
//! | tensor | type | shape |
//! |---|---|---|
//! | `offsets` | i64 | `[pictures + 1]`; the detections of picture `k` are `offsets[k]..offsets[k + 1]` |
//! | `classes` | i32 | `[detections]` |
//! | `scores` | f32 | `[detections]`, falling within a picture |
//! | `boxes` | f32 | `[detections, 4]`: left, top, right, bottom in pixels of the original picture |
//!
//! What else may be in the file is none of a gallery's business; `crate::pairs` reads `resampled`.

use safetensors::tensor::{Dtype, SafeTensors};

use super::{DRAWN_FROM, GalleryDetection, MOST_DETECTIONS};

/// The detections worth drawing of the given pictures, from the bytes of a file of predictions for a split of
/// `total` pictures and `classes` classes.
pub(super) fn read(
    bytes: &[u8],
    total: usize,
    classes: usize,
    pictures: &[usize],
) -> Result<Vec<Vec<GalleryDetection>>, String> {
    let file =
        SafeTensors::deserialize(bytes).map_err(|error| format!("not a whole safetensors file ({error})"))?;
    let tensor = |name: &str, dtype: Dtype, shape: &[usize]| {
        let view = file.tensor(name).map_err(|_| format!("has no tensor `{name}`"))?;
        if view.dtype() != dtype || view.shape() != shape {
            let (found, extent) = (view.dtype(), view.shape());
            return Err(format!("`{name}` is {found:?} {extent:?} instead of {dtype:?} {shape:?}"));
        }
        Ok(view.data())
    };
    let offsets: Vec<i64> = tensor("offsets", Dtype::I64, &[total + 1])?
        .as_chunks()
        .0
        .iter()
        .map(|bytes| i64::from_le_bytes(*bytes))
        .collect();
    let count = usize::try_from(offsets[total]).map_err(|_| "`offsets` has a negative end".to_owned())?;
    if offsets[0] != 0 || !offsets.is_sorted() {
        return Err("`offsets` does not rise from 0".to_owned());
    }
    let labels = tensor("classes", Dtype::I32, &[count])?.as_chunks().0;
    let scores = tensor("scores", Dtype::F32, &[count])?.as_chunks().0;
    let boxes = tensor("boxes", Dtype::F32, &[count, 4])?.as_chunks::<16>().0;
    let detection = |at: usize| {
        let class = i32::from_le_bytes(labels[at]);
        let class = usize::try_from(class).ok().filter(|class| *class < classes);
        let class = class.ok_or_else(|| format!("detection {at} is of no class of {classes}"))?;
        let score = f64::from(f32::from_le_bytes(scores[at]));
        let mut corners = [0.0; 4];
        for (corner, bytes) in corners.iter_mut().zip(boxes[at].as_chunks().0) {
            *corner = f64::from(f32::from_le_bytes(*bytes));
        }
        if !score.is_finite() || corners.iter().any(|corner| !corner.is_finite()) {
            return Err(format!("detection {at} has a number that is not finite"));
        }
        Ok(GalleryDetection { class, score, corners })
    };
    let mut found = Vec::with_capacity(pictures.len());
    for picture in pictures {
        let (Some(start), Some(end)) = (offsets.get(*picture), offsets.get(picture + 1)) else {
            return Err(format!("has {total} pictures, and none with number {picture}"));
        };
        // Sorted offsets between 0 and `count` are positions.
        let mut own = (*start as usize..*end as usize).map(detection).collect::<Result<Vec<_>, String>>()?;
        own.retain(|detection| detection.score >= DRAWN_FROM);
        own.sort_by(|a, b| b.score.total_cmp(&a.score));
        own.truncate(MOST_DETECTIONS);
        found.push(own);
    }
    Ok(found)
}

#[cfg(test)]
pub(super) mod tests;
