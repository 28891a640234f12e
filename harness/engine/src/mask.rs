//! Masks as tensors.

use tch::{Kind, Tensor};

use crate::error::Result;

/// Number of weights that a mask keeps.
///
/// # Errors
/// Fails if libtorch does.
pub fn count_kept(mask: &Tensor) -> Result<u64> {
    Ok(mask.f_ne(0.0)?.f_sum(Kind::Int64)?.int64_value(&[]) as u64)
}

/// A bool mask of `shape`, true at the flat row-major `kept` indices.
///
/// # Errors
/// Fails if an index lies outside the shape.
pub fn mask_from_indices(shape: &[i64], kept: &[u32]) -> Result<Tensor> {
    let numel: i64 = shape.iter().product();
    let mut flags = vec![0_u8; numel as usize];
    for index in kept {
        match flags.get_mut(*index as usize) {
            Some(flag) => *flag = 1,
            None => {
                return Err(crate::Error::Data(format!(
                    "mask index {index} lies outside a tensor of {numel} values"
                )));
            }
        }
    }
    Ok(Tensor::f_from_data_size(&flags, shape, Kind::Bool)?)
}
