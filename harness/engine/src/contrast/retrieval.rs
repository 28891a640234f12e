//! How often views find each other.

use tch::{Kind, Tensor};

use super::losses;
use crate::error::Result;

/// How many pictures are retrieved (arXiv 2012.06908, appendix A.2): half of the views whose nearest neighbour by cosine, of all
/// other views in the batch, is the other view of the same picture. f64, a scalar on the device; over `n` it is the accuracy.
///
/// `views` is f32 `[2n, d]`, the first views of all pictures before their second ones. A neighbour that others are as near as is
/// not the nearest, so that a network which says the same of all pictures retrieves none.
///
/// # Errors
/// Fails if the views are not pairs of vectors.
pub fn retrieved(views: &Tensor) -> Result<Tensor> {
    let _guard = tch::no_grad_guard();
    let pairs = losses::pairs(views)?;
    let similarities = losses::similarities(views)?;
    let positive = losses::others(pairs, views)?.f_unsqueeze(1)?;
    let own = similarities.f_gather(1, &positive, false)?;
    let rest = similarities.f_scatter_value(1, &positive, f64::NEG_INFINITY)?;
    Ok(nearest(&own, &rest)?.f_mul_scalar(0.5)?)
}

/// How many queries are nearer to their own keys than to all of the queue: f64, a scalar on the device. Shapes are those of
/// [`super::info_nce`].
pub(super) fn told_from_queue(queries: &Tensor, keys: &Tensor, queue: &Tensor) -> Result<Tensor> {
    let _guard = tch::no_grad_guard();
    let (own, others) = losses::query_similarities(queries, keys, queue)?;
    nearest(&own, &others)
}

/// In how many rows a number of `own` `[n, 1]` is above all of `rest` `[n, k]`.
fn nearest(own: &Tensor, rest: &Tensor) -> Result<Tensor> {
    let most = rest.f_amax([1_i64].as_slice(), true)?;
    Ok(own.f_gt_tensor(&most)?.f_sum(Kind::Double)?)
}
