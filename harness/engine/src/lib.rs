//! Networks on libtorch: forward passes, training, masks, transfer, evaluation, measuring.
//!
//! The engine knows nothing of plugins. Everything that a plugin may touch while it is running ([`Model`],
//! [`Sgd`]) is used through shared references with interior mutability, so that no borrow is held while
//! foreign code runs.

mod batch_norm;
mod channels;
pub mod contrast;
mod dataset;
pub mod detection;
mod error;
mod evaluate;
mod examples;
mod forward;
mod labels;
mod lars;
mod linear;
mod mask;
mod memory;
mod model;
mod order;
mod pattern;
mod random;
mod select;
mod sgd;
mod state;
mod train;
mod view_set;

pub use batch_norm::recalibrate;
pub use dataset::DeviceSet;
pub use error::{Error, Result};
pub use evaluate::{Evaluation, evaluate, predict};
pub use examples::{Augmentation, Batches, Draw, Examples, Labelled, Score, ViewChanges};
pub use forward::{Capture, Captured, Pass};
pub use linear::{Features, LinearHead, extract_features, train_head};
pub use mask::{count_kept, mask_from_indices};
pub use memory::Memory;
pub use model::{Layout, Model, Options, Precision};
pub use pattern::{PatternGroup, broken_group, fits_pattern, pattern_groups, select_pattern};
pub use random::Streams;
pub use select::{Scope, SelectError, erk_densities, quotas, select_top};
pub use sgd::{ExtraParam, Sgd};
pub use state::{State, to_tensor, to_tensor_data};
pub use train::{NoHooks, Position, StepChoice, StepHooks, TrainSummary, Trainer, loss};
pub use view_set::{ViewSet, interpolation};
