//! Data sets of the benchmark: formats, splits and generated tasks. No libtorch.

mod error;
pub mod generated;
mod split;
mod task;

pub use error::DataError;
pub use split::Split;
pub use task::{Pictures, TaskData, TaskInfo};
