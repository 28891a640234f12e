//! What can go wrong in the engine.

use tch::TchError;

/// Result of the engine.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of the engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// libtorch failed.
    #[error("libtorch failed: {0}")]
    Torch(#[from] TchError),
    /// Boxes or regions do not fit.
    #[error(transparent)]
    Boxes(#[from] secateur_vision::Error),
    /// A tensor has the wrong shape.
    #[error("{what} has shape {found:?}, expected {expected:?}")]
    Shape {
        /// Which tensor.
        what: String,
        /// Its shape.
        found: Vec<i64>,
        /// The shape it should have.
        expected: Vec<i64>,
    },
    /// A tensor is missing in a saved state.
    #[error("the state has no tensor `{0}`")]
    MissingTensor(String),
    /// The data cannot be used.
    #[error("{0}")]
    Data(String),
    /// Pictures cannot be read or decoded.
    #[error(transparent)]
    Pictures(#[from] secateur_pictures::LoadError),
    /// Training produced a loss that is not a number.
    #[error("the training loss is {loss} after {step} steps; lower the learning rate")]
    Diverged {
        /// The loss.
        loss: f64,
        /// Steps trained.
        step: u64,
    },
    /// Somebody asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// A hook failed; whoever installed it knows why.
    #[error("a training hook failed: {0}")]
    Hook(String),
    /// The operation is not available.
    #[error("{0}")]
    Unsupported(String),
}
