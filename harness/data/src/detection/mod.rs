//! Pictures with objects in boxes, in three splits, and where they come from.
//!
//! - [`voc`] reads the layout of the PASCAL VOC devkit, [`coco`] that of COCO; [`Options`] are common to both;
//! - [`crate::generated`] draws a task that needs no files;
//! - [`view`] and [`augment`] are the geometry of training views: which part of a picture is seen, where its objects
//!   are then, and how SSD draws such parts at random.

pub mod augment;
mod boxes;
pub mod coco;
mod info;
mod load;
mod options;
mod scenes;
pub mod view;
pub mod voc;

pub use boxes::{Cases, Report};
pub use info::{COCO_SIZE_BORDERS, DetectionData, DetectionInfo, DetectionMetric};
pub use load::VERSION;
pub use options::{Options, Validation};
pub(crate) use scenes::area;
pub use scenes::{Object, Objects, Scenes};
