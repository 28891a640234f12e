//! Rates of layers in proportion to their weights (LARS, arXiv 1708.03888).

use secateur_network::ParamRole;
use tch::Tensor;

use crate::error::Result;

/// The trust coefficient: how far a layer moves in a step of rate 1, as a share of its norm.
const TRUST: f64 = 0.001;

/// Whether parameters of a role decay and have a rate of their own: weights of layers. Biases and normalization have neither
/// (arXiv 2002.05709, section 2.1).
pub(crate) fn adapts(role: ParamRole) -> bool {
    matches!(role, ParamRole::ConvWeight | ParamRole::LinearWeight)
}

/// What a layer's rate is multiplied by, a tensor of no dimension: [`TRUST`] times the norm of its weights over that of its
/// gradient, decay included; 1 where one of the two is zero.
///
/// Equation 6 has the sum of the norms of gradient and decay below; this is the norm of their sum, as SimCLR's optimizer has it.
pub(crate) fn trust_ratio(weight: &Tensor, gradient: &Tensor) -> Result<Tensor> {
    let (weight, gradient) = (weight.f_norm()?, gradient.f_norm()?);
    let known = weight.f_gt(0.0)?.f_logical_and(&gradient.f_gt(0.0)?)?;
    let ratio = weight.f_mul_scalar(TRUST)?.f_div(&gradient)?;
    Ok(ratio.f_where_self(&known, &ratio.f_ones_like()?)?)
}
