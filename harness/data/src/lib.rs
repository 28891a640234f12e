//! Data sets of the benchmark: formats, splits and generated tasks. No libtorch.
//!
//! - [`generated`] draws the upstream task, the twelve transfer tasks, and a detection task;
//! - [`detection`] has pictures with objects in boxes, and reads them from the layouts of VOC and COCO;
//! - [`folder`] reads pictures sorted by split and class, unpacked or from an archive;
//! - [`official`] knows the official data sets and reads them in their official forms;
//! - [`listing`] is what both list: which pictures there are, and how their bytes are read;
//! - [`pack`] writes a task's splits to files and reads them back;
//! - [`contact_sheet`] and [`detection_sheet`] show what is in tasks.

mod check;
pub mod detection;
mod digest;
mod error;
mod files;
pub mod folder;
pub mod generated;
pub mod listing;
mod mat;
pub mod official;
pub mod pack;
mod sheet;
mod split;
mod task;
#[cfg(test)]
mod testing;

pub use digest::{digest, digest_detection, digest_pictures, digest_scenes};
pub use error::DataError;
pub use sheet::{DetectionSheetOptions, SheetOptions, contact_sheet, detection_sheet};
pub use split::Split;
pub use task::{Pictures, TaskData, TaskInfo};
