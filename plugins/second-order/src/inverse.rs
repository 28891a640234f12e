//! What pruning needs of the inverse of a Fisher matrix, and it is not the matrix.

use secateur_sdk::prelude::*;

/// The inverse of the damped empirical Fisher matrix `F = damp I + 1/N sum_i g_i g_i^T` of `n` weights.
pub(crate) trait Inverse {
    /// Its diagonal, f64 `[n]`.
    fn diagonal(&self) -> Result<Tensor>;

    /// Its product with a vector f64 `[n]`.
    fn times(&self, vector: &Tensor) -> Result<Tensor>;
}

/// What went wrong when a matrix that must be positive definite was not.
pub(crate) fn not_definite(error: impl std::fmt::Display, damp: f64) -> Error {
    Error::new(
        ErrorKind::Torch,
        format!("the Fisher matrix cannot be factorized with a `damp` of {damp}; raise it ({error})"),
    )
}
