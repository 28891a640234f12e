//! The prunable weights as one vector, in the order of the network and row-major within a parameter.

use secateur_sdk::prelude::*;
use secateur_sdk::tch::no_grad_guard;

/// Numbers of weights of the prunable parameters.
pub(crate) fn sizes(run: &Run<'_>) -> Vec<i64> {
    run.prunable().iter().map(|param| param.numel() as i64).collect()
}

/// Views of a contiguous vector `[n]`, one for each prunable parameter and of its shape.
pub(crate) fn parts<'a>(run: &'a Run<'_>, vector: &Tensor) -> Result<Vec<(Param<'a>, Tensor)>> {
    let mut start = 0;
    let mut parts = Vec::new();
    for param in run.prunable() {
        let length = param.numel() as i64;
        let part = vector.f_narrow(0, start, length)?.f_view(param.shape())?;
        parts.push((param, part));
        start += length;
    }
    Ok(parts)
}

/// The live weights, f64 `[n]`: a copy.
pub(crate) fn weights(run: &Run<'_>) -> Result<Tensor> {
    let _guard = no_grad_guard();
    let mut parts = Vec::new();
    for param in run.prunable() {
        parts.push(run.weight(&param)?.detach().f_to_kind(Kind::Double)?.f_reshape([-1])?);
    }
    Ok(Tensor::f_cat(&parts, 0)?)
}

/// Overwrites the live weights by those of a vector `[n]`.
pub(crate) fn write(run: &Run<'_>, values: &Tensor) -> Result<()> {
    let _guard = no_grad_guard();
    for (param, part) in parts(run, values)? {
        run.weight(&param)?.f_copy_(&part)?;
    }
    Ok(())
}

/// The masks as they stand, bool `[n]`: true where a weight stays.
pub(crate) fn masks(run: &Run<'_>) -> Result<Tensor> {
    let mut parts = Vec::new();
    for param in run.prunable() {
        parts.push(match run.mask(&param)? {
            Some(mask) => mask.f_reshape([-1])?,
            None => Tensor::f_ones([param.numel() as i64], (Kind::Bool, run.weight(&param)?.device()))?,
        });
    }
    Ok(Tensor::f_cat(&parts, 0)?)
}

/// Hands scores `[n]` to the host.
pub(crate) fn set_scores(run: &Run<'_>, scores: &Tensor) -> Result<()> {
    for (param, part) in parts(run, scores)? {
        run.set_scores(&param, &part)?;
    }
    Ok(())
}
