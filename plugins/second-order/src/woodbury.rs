//! The inverse of one block by the Woodbury identity (WoodFisher, arXiv 2004.14340).

use secateur_sdk::prelude::*;

use crate::inverse::{Inverse, not_definite};

/// The inverse of the damped empirical Fisher matrix of one block.
///
/// The paper adds one gradient after the other to a `B x B` inverse. All at once the identity reads
/// `F^-1 = (I - G^T (N damp I + G G^T)^-1 G) / damp` for the `N` gradients `G` `[N, B]`, which takes one factorization
/// `[N, N]` and no matrix `[B, B]`. A block with no more weights than there are gradients is inverted as it stands.
///
/// The difference cancels: where gradients are large against `damp`, its result is smaller than its terms by their
/// ratio. Everything but the gradients is therefore 64-bit.
#[derive(Debug)]
pub(crate) struct Woodbury {
    damp: f64,
    /// f64 `[B]`.
    diagonal: Tensor,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// Gradients f32 `[N, B]`, which may be a view of longer ones, and the lower Cholesky factor of
    /// `N damp I + G G^T`, f64 `[N, N]`.
    Gradients { gradients: Tensor, factor: Tensor },
    /// The inverse, f64 `[B, B]`.
    Matrix(Tensor),
}

impl Woodbury {
    /// From gradients f32 `[N, B]`.
    ///
    /// # Errors
    /// Fails if the gradients are too large against `damp` for 64-bit arithmetic.
    pub(crate) fn new(gradients: Tensor, damp: f64) -> Result<Self> {
        let (count, block) = gradients.size2()?;
        let wide = gradients.f_to_kind(Kind::Double)?;
        if count < block {
            let gram = add_to_diagonal(wide.f_matmul(&wide.f_transpose(0, 1)?)?, count as f64 * damp)?;
            let factor = gram.f_linalg_cholesky(false).map_err(|error| not_definite(error, damp))?;
            // `g^T K^-1 g` of each weight is the squared length of its column of `L^-1 G`.
            let half = factor.f_linalg_solve_triangular(&wide, false, true, false)?;
            let explained = half.f_square()?.f_sum_dim_intlist(0, false, Kind::Double)?;
            let diagonal = explained.f_neg()?.f_add_scalar(1.0)?.f_div_scalar(damp)?;
            return Ok(Self { damp, diagonal, form: Form::Gradients { gradients, factor } });
        }
        let fisher =
            add_to_diagonal(wide.f_transpose(0, 1)?.f_matmul(&wide)?.f_div_scalar(count as f64)?, damp)?;
        let factor = fisher.f_linalg_cholesky(false).map_err(|error| not_definite(error, damp))?;
        let inverse = factor.f_cholesky_inverse(false)?;
        let diagonal = inverse.f_diagonal(0, 0, 1)?.f_contiguous()?;
        Ok(Self { damp, diagonal, form: Form::Matrix(inverse) })
    }
}

impl Inverse for Woodbury {
    fn diagonal(&self) -> Result<Tensor> {
        Ok(self.diagonal.shallow_clone())
    }

    fn times(&self, vector: &Tensor) -> Result<Tensor> {
        match &self.form {
            Form::Gradients { gradients, factor } => {
                let wide = gradients.f_to_kind(Kind::Double)?;
                let along = wide.f_mv(vector)?.f_unsqueeze(1)?;
                let solved = along.f_cholesky_solve(factor, false)?.f_squeeze_dim(1)?;
                Ok(vector.f_sub(&wide.f_transpose(0, 1)?.f_mv(&solved)?)?.f_div_scalar(self.damp)?)
            }
            Form::Matrix(inverse) => Ok(inverse.f_mv(vector)?),
        }
    }
}

fn add_to_diagonal(matrix: Tensor, value: f64) -> Result<Tensor> {
    drop(matrix.f_diagonal(0, 0, 1)?.f_add_scalar_(value)?);
    Ok(matrix)
}
