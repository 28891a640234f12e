//! Contrastive losses.

use tch::{Kind, Reduction, Tensor};

use crate::error::{Error, Result};

/// Below this length a vector is divided by it, as PyTorch's `normalize` does.
const LEAST_LENGTH: f64 = 1e-12;

/// NT-Xent, the loss of simCLR (arXiv 2002.05709, equation 1): the mean over all views of the cross-entropy with which a view's
/// other view is told from all other views of the batch, by cosine similarities over a temperature. A scalar.
///
/// `views` is f32 `[2n, d]`, of any length: the first views of all pictures, then their second ones.
///
/// # Errors
/// Fails if the views are not pairs of vectors.
pub fn nt_xent(views: &Tensor, temperature: f64) -> Result<Tensor> {
    let pairs = pairs(views)?;
    let similarities = similarities(views)?;
    let logits = similarities.f_div_scalar(temperature)?;
    let target = others(pairs, views)?;
    Ok(logits.f_cross_entropy_loss(&target, None::<&Tensor>, Reduction::Mean, -100, 0.0)?)
}

/// InfoNCE, the loss of MoCo (arXiv 1911.05722, equation 1): the mean over queries of the cross-entropy with which the query's
/// own key is told from all of the queue, by dot products over a temperature. A scalar.
///
/// `queries` is f32 `[n, d]`, of any length; `keys` `[n, d]` and `queue` `[k, d]` have unit length already, and no gradient.
///
/// # Errors
/// Fails if the shapes do not fit together.
pub fn info_nce(queries: &Tensor, keys: &Tensor, queue: &Tensor, temperature: f64) -> Result<Tensor> {
    let (own, others) = query_similarities(queries, keys, queue)?;
    let logits = Tensor::f_cat(&[own, others], 1)?.f_div_scalar(temperature)?;
    let target = Tensor::f_zeros([queries.size()[0]], (Kind::Int64, queries.device()))?;
    Ok(logits.f_cross_entropy_loss(&target, None::<&Tensor>, Reduction::Mean, -100, 0.0)?)
}

/// Cosines of queries `[n, d]` with their own keys, `[n, 1]`, and with the queue, `[n, k]`.
pub(super) fn query_similarities(
    queries: &Tensor,
    keys: &Tensor,
    queue: &Tensor,
) -> Result<(Tensor, Tensor)> {
    if keys.size() != queries.size() {
        let what = "the keys of a batch".to_owned();
        return Err(Error::Shape { what, found: keys.size(), expected: queries.size() });
    }
    let queries = unit_length(queries)?;
    let own = queries.f_mul(keys)?.f_sum_dim_intlist([1_i64].as_slice(), true, queries.kind())?;
    Ok((own, queries.f_matmul(&queue.f_tr()?)?))
}

/// Cosines of all views with each other, `[2n, 2n]`, and minus infinity of a view with itself.
pub(super) fn similarities(views: &Tensor) -> Result<Tensor> {
    let unit = unit_length(views)?;
    let itself = Tensor::f_eye(views.size()[0], (Kind::Float, views.device()))?.f_to_kind(Kind::Bool)?;
    Ok(unit.f_matmul(&unit.f_tr()?)?.f_masked_fill(&itself, f64::NEG_INFINITY)?)
}

/// The number of each view's other view, i64 `[2n]`.
pub(super) fn others(pairs: i64, views: &Tensor) -> Result<Tensor> {
    let numbers = Tensor::f_arange(2 * pairs, (Kind::Int64, views.device()))?;
    Ok(numbers.f_roll([pairs], [0])?)
}

/// Number of pairs in views `[2n, d]`.
pub(super) fn pairs(views: &Tensor) -> Result<i64> {
    match views.size().as_slice() {
        [count, _] if *count > 0 && count % 2 == 0 => Ok(count / 2),
        found => {
            let message = format!(
                "outputs of shape {found:?} are not two views of each picture; a network that is trained without labels ends in a \
                 projection"
            );
            Err(Error::Data(message))
        }
    }
}

/// Rows of unit length.
pub(super) fn unit_length(vectors: &Tensor) -> Result<Tensor> {
    let length = vectors.f_norm_scalaropt_dim(2.0, [1_i64].as_slice(), true)?.f_clamp_min(LEAST_LENGTH)?;
    Ok(vectors.f_div(&length)?)
}
