//! Metrics of object detection: average precision and recall as COCO and VOC define them.
//!
//! A metric is computed in three steps, of which the later ones can be repeated:
//!
//! 1. [`Grouped`] checks truths and detections and puts those of a class and picture together;
//! 2. [`CocoMatches`] or [`VocMatches`] match them once, by boxes or by any other [`Similarity`];
//! 3. `accumulate` turns matches into numbers, and may weight pictures. A bootstrap over pictures repeats only this.
//!
//! Pictures and classes are positions, counted from 0. Boxes are edges in continuous 0-based pixels of the *original*
//! picture, see [`BoundingBox`].

mod bounding_box;
mod coco;
mod curve;
mod error;
mod grouped;
mod object;
mod ranking;
mod similarity;
mod voc;

pub use bounding_box::BoundingBox;
pub use coco::{
    AreaRange, AreaScores, ClassScores, CocoMatches, CocoScores, CocoSettings, CocoTable, LARGEST_AREA,
    LimitScores,
};
pub use error::{DetectionError, Item};
pub use grouped::Grouped;
pub use object::{Detection, Extent, Truth};
pub use similarity::{BoxOverlap, Similarity};
pub use voc::{VocInterpolation, VocMatches, VocScores};
