//! Data sets of the benchmark: formats, splits and generated tasks. No libtorch.

mod task;

pub use task::{Pictures, TaskData, TaskInfo};
