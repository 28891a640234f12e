//! The inverse without a matrix, by the recursion of M-FAC's static algorithm (arXiv 2107.03356).

use secateur_sdk::prelude::*;

use crate::inverse::Inverse;

/// Inverses of the damped empirical Fisher matrices of several blocks of the same size, side by side.
///
/// With `F_i` the matrix of the first `i` gradients, `v_i = F_(i-1)^-1 g_i` and `d_i = N + g_i^T v_i`, the identity of
/// Sherman and Morrison gives `F_N^-1 x = x / damp - sum_i v_i (v_i^T x) / d_i`. The same formula with `i - 1` for `N`
/// and `g_i` for `x` gives the next `v_i`, so that products with a vector and the diagonal need `v` and `d` alone. All
/// of it is 64-bit, for the reason given at [`crate::woodbury::Woodbury`].
#[derive(Debug)]
pub(crate) struct Recursion {
    damp: f64,
    /// `v`, f64 `[blocks, N, B]`.
    vectors: Tensor,
    /// `d`, f64 `[blocks, N]`.
    denominators: Tensor,
}

impl Recursion {
    /// From gradients f32 `[N, blocks * block]`.
    ///
    /// # Errors
    /// Fails if libtorch does, for example for want of memory.
    pub(crate) fn new(gradients: &Tensor, block: i64, damp: f64) -> Result<Self> {
        let (count, length) = gradients.size2()?;
        // The change of kind copies, so `v` can be written over its gradients.
        let vectors = gradients
            .f_to_kind(Kind::Double)?
            .f_reshape([count, length / block, block])?
            .f_transpose(0, 1)?
            .f_contiguous()?;
        let denominators = Tensor::f_zeros([length / block, count], (Kind::Double, gradients.device()))?;
        for index in 0..count {
            let mut slot = vectors.f_select(1, index)?;
            let gradient = slot.copy();
            let vector = times(&vectors, &denominators, index, damp, &gradient)?;
            let along = gradient.f_mul(&vector)?.f_sum_dim_intlist(1, false, Kind::Double)?;
            denominators.f_select(1, index)?.f_copy_(&along.f_add_scalar(count as f64)?)?;
            slot.f_copy_(&vector)?;
        }
        Ok(Self { damp, vectors, denominators })
    }
}

/// The product of the inverse of the first `count` gradients with vectors f64 `[blocks, B]`.
fn times(vectors: &Tensor, denominators: &Tensor, count: i64, damp: f64, x: &Tensor) -> Result<Tensor> {
    let start = x.f_div_scalar(damp)?;
    if count == 0 {
        return Ok(start);
    }
    let vectors = vectors.f_narrow(1, 0, count)?;
    let along = vectors.f_bmm(&x.f_unsqueeze(2)?)?;
    let scaled = along.f_div(&denominators.f_narrow(1, 0, count)?.f_unsqueeze(2)?)?;
    Ok(start.f_sub(&scaled.f_transpose(1, 2)?.f_bmm(&vectors)?.f_squeeze_dim(1)?)?)
}

impl Inverse for Recursion {
    fn diagonal(&self) -> Result<Tensor> {
        let (blocks, count, block) = self.vectors.size3()?;
        let mut diagonal =
            Tensor::f_full([blocks, block], 1.0 / self.damp, (Kind::Double, self.vectors.device()))?;
        // One gradient at a time: the squares of all would take as much memory as they do.
        for index in 0..count {
            let square = self.vectors.f_select(1, index)?.f_square()?;
            drop(diagonal.f_sub_(&square.f_div(&self.denominators.f_narrow(1, index, 1)?)?)?);
        }
        Ok(diagonal.f_reshape([-1])?)
    }

    fn times(&self, vector: &Tensor) -> Result<Tensor> {
        let (blocks, count, block) = self.vectors.size3()?;
        let x = vector.f_reshape([blocks, block])?;
        Ok(times(&self.vectors, &self.denominators, count, self.damp, &x)?.f_reshape([-1])?)
    }
}
