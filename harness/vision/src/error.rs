//! What can go wrong here, and the checks that say so.

use tch::{Kind, TchError, Tensor};

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// libtorch failed.
    #[error("libtorch failed: {0}")]
    Torch(#[from] TchError),
    /// A tensor has the wrong shape.
    #[error("{what} have shape {found:?}, expected {expected}")]
    Shape {
        /// Which tensor, in the plural.
        what: &'static str,
        /// Its shape.
        found: Vec<i64>,
        /// The shape it should have.
        expected: String,
    },
    /// A tensor has elements of the wrong kind.
    #[error("{what} are {found:?}, expected {expected}; convert them with `to_kind`")]
    Kind {
        /// Which tensor, in the plural.
        what: &'static str,
        /// Its kind.
        found: Kind,
        /// The kind it should have.
        expected: &'static str,
    },
    /// A number is outside of its range.
    #[error("{what} is {found}, expected {expected}")]
    Value {
        /// Which number.
        what: String,
        /// What it is.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl Error {
    pub(crate) fn shape(what: &'static str, tensor: &Tensor, expected: impl Into<String>) -> Self {
        Self::Shape { what, found: tensor.size(), expected: expected.into() }
    }

    pub(crate) fn value(what: impl Into<String>, found: impl ToString, expected: &'static str) -> Self {
        Self::Value { what: what.into(), found: found.to_string(), expected }
    }
}

/// The kind of a tensor of f32 or f64.
pub(crate) fn float_kind(what: &'static str, tensor: &Tensor) -> Result<Kind> {
    match tensor.f_kind()? {
        kind @ (Kind::Float | Kind::Double) => Ok(kind),
        found => Err(Error::Kind { what, found, expected: "f32 or f64" }),
    }
}

/// Fails unless the tensor has elements of kind i64.
pub(crate) fn check_integers(what: &'static str, tensor: &Tensor) -> Result<()> {
    match tensor.f_kind()? {
        Kind::Int64 => Ok(()),
        found => Err(Error::Kind { what, found, expected: "i64" }),
    }
}
