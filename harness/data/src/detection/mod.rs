//! Pictures with objects in boxes, in three splits.

mod info;
mod scenes;

pub use info::{COCO_SIZE_BORDERS, DetectionData, DetectionInfo, DetectionMetric};
pub use scenes::{Object, Objects, Scenes};
