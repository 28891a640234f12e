//! Which weights go and which come. All tensors are flat and of one length; masks are bool.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use secateur_sdk::prelude::*;

/// Number of weights that a mask keeps.
pub(crate) fn count(mask: &Tensor) -> Result<i64> {
    Ok(mask.f_sum(Kind::Int64)?.f_int64_value(&[])?)
}

/// A mask of the `number` largest values among those that are `eligible`; of equal ones the first. There must be as many.
pub(crate) fn largest(values: &Tensor, eligible: &Tensor, number: i64) -> Result<Tensor> {
    let scores = values.f_masked_fill(&eligible.f_logical_not()?, f64::NEG_INFINITY)?;
    // A stable sort, because `topk` chooses among equal values as it pleases, and gradients are often exactly zero.
    let (_, order) = scores.f_sort_stable(true, 0, true)?;
    at(eligible, &order.f_narrow(0, 0, number)?)
}

/// A mask of `number` of the `eligible` places, any as likely as any other. There must be as many.
pub(crate) fn any(eligible: &Tensor, number: i64, rng: &mut ChaCha8Rng) -> Result<Tensor> {
    let places = eligible.f_nonzero()?.f_view([-1])?.f_to_device(Device::Cpu)?;
    let mut places: Vec<i64> = Vec::try_from(places)?;
    let number = number as usize;
    for next in 0..number {
        let drawn = below(rng, places.len() - next);
        places.swap(next, next + drawn);
    }
    at(eligible, &Tensor::f_from_slice(&places[..number])?.f_to_device(eligible.device())?)
}

/// A random number below a bound that is not zero.
pub(crate) fn below(rng: &mut ChaCha8Rng, bound: usize) -> usize {
    // The upper half of a product of 128 bits: uniform but for `bound` parts in 2^64.
    ((u128::from(rng.next_u64()) * bound as u128) >> 64) as usize
}

/// A mask of these places.
fn at(like: &Tensor, places: &Tensor) -> Result<Tensor> {
    Ok(like.f_zeros_like()?.f_index_fill(0, places, 1)?)
}
