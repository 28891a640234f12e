//! Data sets of the benchmark: formats, splits and generated tasks. No libtorch.
//!
//! - [`generated`] draws the upstream task and the twelve transfer tasks;
//! - [`folder`] reads pictures sorted by split and class, unpacked or from an archive;
//! - [`pack`] writes a task's splits to files and reads them back;
//! - [`contact_sheet`] shows what is in tasks.

mod check;
mod digest;
mod error;
mod files;
pub mod folder;
pub mod generated;
pub mod pack;
mod picture;
mod sheet;
mod split;
mod task;
#[cfg(test)]
mod testing;

pub use digest::{digest, digest_pictures};
pub use error::DataError;
pub use sheet::{SheetOptions, contact_sheet};
pub use split::Split;
pub use task::{Pictures, TaskData, TaskInfo};
