//! Boxes and regions of pictures on libtorch: what detectors and localization-aware pruning need beside
//! layers.
//!
//! A box is a row of four numbers in the last dimension of a tensor, f32 or f64. Its form is in the names:
//! *corners* `x1, y1, x2, y2`, *centre* `cx, cy, w, h`, or *origin* `x, y, w, h`, with x to the right and y
//! downwards. Where nothing is said, boxes are corners. Units are the caller's: pixels, cells of a feature
//! map, or parts of a picture.
//!
//! Everything runs where its tensors are and, unless its documentation says otherwise, never waits for a GPU.
//! Bad input ends in an [`Error`]. The values are those of torchvision, with which the tests compare.

mod boxes;
mod coding;
mod default_boxes;
mod error;
mod matching;
mod nms;
mod roi_align;
mod sampling;

pub use boxes::{
    area, centre_to_corners, clip, corners_to_centre, corners_to_origin, enclosing, giou_loss,
    origin_to_corners, paired_giou, paired_iou, pairwise_giou, pairwise_iou,
};
pub use coding::BoxCoder;
pub use default_boxes::{Clipping, DefaultBoxes, FeatureMap};
pub use error::{Error, Result};
pub use matching::{Matches, match_boxes};
pub use nms::{batched_nms, nms};
pub use roi_align::{RoiAlign, contextual_roi_align, regions, roi_align};
