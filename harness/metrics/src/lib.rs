//! Metrics of the benchmark, computed from counts so that batch sizes cannot matter. No libtorch.
//!
//! Classification has [`Confusion`]; object detection has the module [`detection`].

mod classification;
pub mod detection;

pub use classification::{ClassificationMetric, Confusion};
