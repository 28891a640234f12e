//! What the quadratic says about removing weights.

use secateur_sdk::prelude::*;

use crate::inverse::Inverse;

/// Scores of weights, and what becomes of the others when some go.
pub(crate) trait Saliency {
    /// The increase of the loss when each weight alone goes, f64 `[n]`, for the weights f64 `[n]`.
    fn scores(&self, weights: &Tensor) -> Result<Tensor>;

    /// The weights f64 `[n]` after those in `removed` (bool `[n]`) have gone; the removed ones are exactly zero.
    fn without(&self, weights: &Tensor, removed: &Tensor) -> Result<Tensor>;
}

/// Optimal brain surgeon: the others make up for what goes (Hassibi & Stork 1992; arXiv 2004.14340).
///
/// `rho_q = w_q^2 / (2 [F^-1]_qq)`, and `dw = -w_q F^-1 e_q / [F^-1]_qq`, summed over all removed `q`. The sum is the
/// papers' way: each removal is made up for as if it were the only one, so what is left of a removed weight is set to
/// zero afterwards.
pub(crate) struct Surgeon<I> {
    inverse: I,
    diagonal: Tensor,
    scale: f64,
}

impl<I: Inverse> Surgeon<I> {
    /// With the fraction `scale` of the update.
    ///
    /// # Errors
    /// Fails if rounding left a diagonal entry that is not positive.
    pub(crate) fn new(inverse: I, scale: f64) -> Result<Self> {
        let diagonal = inverse.diagonal()?;
        let smallest = diagonal.f_min()?.f_double_value(&[])?;
        // Also false for NaN.
        if smallest > 0.0 {
            return Ok(Self { inverse, diagonal, scale });
        }
        Err(Error::new(
            ErrorKind::Torch,
            format!(
                "the inverse Fisher matrix has {smallest} on its diagonal, which is rounding; raise `damp`"
            ),
        ))
    }
}

impl<I: Inverse> Saliency for Surgeon<I> {
    fn scores(&self, weights: &Tensor) -> Result<Tensor> {
        Ok(weights.f_square()?.f_div(&self.diagonal)?.f_div_scalar(2.0)?)
    }

    fn without(&self, weights: &Tensor, removed: &Tensor) -> Result<Tensor> {
        let kept = removed.f_logical_not()?;
        let coefficients = weights.f_div(&self.diagonal)?.f_masked_fill(&kept, 0.0)?;
        let update = self.inverse.times(&coefficients)?.f_mul_scalar(self.scale)?;
        Ok(weights.f_sub(&update)?.f_masked_fill(removed, 0.0)?)
    }
}

/// Optimal brain damage: the Hessian is taken as diagonal (LeCun et al. 1989), so nothing has to be made up for.
///
/// `rho_q = w_q^2 F_qq / 2` with the diagonal of the empirical Fisher matrix, `F_qq = 1/N sum_i g_iq^2`.
pub(crate) struct Damage {
    fisher: Tensor,
}

impl Damage {
    /// From gradients f32 `[N, n]`.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub(crate) fn new(gradients: &Tensor) -> Result<Self> {
        let (count, total) = gradients.size2()?;
        let mut fisher = Tensor::f_zeros([total], (Kind::Double, gradients.device()))?;
        for index in 0..count {
            let square = gradients.f_select(0, index)?.f_to_kind(Kind::Double)?.f_square()?;
            drop(fisher.f_add_(&square)?);
        }
        Ok(Self { fisher: fisher.f_div_scalar(count as f64)? })
    }
}

impl Saliency for Damage {
    fn scores(&self, weights: &Tensor) -> Result<Tensor> {
        Ok(weights.f_square()?.f_mul(&self.fisher)?.f_div_scalar(2.0)?)
    }

    fn without(&self, weights: &Tensor, removed: &Tensor) -> Result<Tensor> {
        Ok(weights.f_masked_fill(removed, 0.0)?)
    }
}
