//! Metrics of the benchmark, computed from counts so that batch sizes cannot matter. No libtorch.

mod classification;

pub use classification::{ClassificationMetric, Confusion};
