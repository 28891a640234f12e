//! Detection with default boxes (SSD, arXiv 1512.02325): what training, calibration and scoring need beside the network.
//!
//! - [`Detector`] is what a network's predictions mean: its default boxes, their matching, the loss;
//! - [`SceneSet`] holds pictures with objects and makes training views of them;
//! - [`detect`] turns predictions into detections, which [`metric`] scores, on a split and [`resampled`].

mod detect;
mod detector;
mod loss;
mod photometric;
mod scene_set;
mod score;

pub use detect::{DetectionRules, Detections, detect};
pub use detector::{Detector, MatchedBoxes};
pub use scene_set::SceneSet;
pub use score::{VOC_OVERLAP, metric, resampled};
