//! Whether tensors are those of a network.

use std::collections::BTreeMap;
use std::fmt;

use secateur_network::Network;

use crate::error::CheckpointError;
use crate::tensor::{Dtype, Tensors};

/// How tensors differ from what a network needs.
#[derive(Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Mismatch {
    /// Name of the network.
    pub network: String,
    /// Names and shapes that the network needs and the tensors lack.
    pub missing: Vec<(String, Vec<usize>)>,
    /// Names and shapes that the network does not know.
    pub extra: Vec<(String, Vec<usize>)>,
    /// Name, the shape that the network needs, and the shape that the tensor has.
    pub misshapen: Vec<(String, Vec<usize>, Vec<usize>)>,
    /// Names and types of tensors that are not floating point.
    pub not_float: Vec<(String, Dtype)>,
}

/// How many differences of one kind are listed before the rest is only counted.
const LISTED: usize = 5;

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tensors are not those of network `{}`", self.network)?;
        let mut section = |title: &str, items: Vec<String>| {
            if items.is_empty() {
                return Ok(());
            }
            write!(f, "; {} {title}: {}", items.len(), items[..items.len().min(LISTED)].join(", "))?;
            if items.len() > LISTED { write!(f, " and {} more", items.len() - LISTED) } else { Ok(()) }
        };
        let named =
            |list: &[(String, Vec<usize>)]| list.iter().map(|(name, s)| format!("`{name}` {s:?}")).collect();
        section("missing", named(&self.missing))?;
        section("extra", named(&self.extra))?;
        let misshapen =
            self.misshapen.iter().map(|(name, need, have)| format!("`{name}` is {have:?}, not {need:?}"));
        section("misshapen", misshapen.collect())?;
        let not_float = self.not_float.iter().map(|(name, dtype)| format!("`{name}` of {dtype}"));
        section("not floating point", not_float.collect())?;
        if !self.extra.is_empty()
            && self.extra.iter().all(|(name, _)| name.starts_with(crate::select::PREFIX))
        {
            write!(
                f,
                "; all extra names begin with `{}`, which normalizing names strips",
                crate::select::PREFIX
            )?;
        }
        Ok(())
    }
}

/// Checks that tensors are exactly the parameters and running statistics of a network. PyTorch's
/// `num_batches_tracked` counters are ignored.
///
/// # Errors
/// Returns [`CheckpointError::Mismatch`] with every missing, extra, misshapen or integer tensor.
pub fn check_against(network: &Network, tensors: &Tensors) -> Result<(), CheckpointError> {
    let params = network.params().iter().map(|param| (param.name.as_str(), param.shape.as_slice()));
    let buffers = network.buffers().iter().map(|buffer| (buffer.name.as_str(), buffer.shape.as_slice()));
    let needed: BTreeMap<&str, &[usize]> = params.chain(buffers).collect();
    let mut mismatch = Mismatch { network: network.name().to_owned(), ..Mismatch::default() };
    for (name, shape) in &needed {
        let name = (*name).to_owned();
        match tensors.get(&name) {
            None => mismatch.missing.push((name, shape.to_vec())),
            Some(tensor) if tensor.shape != *shape => {
                mismatch.misshapen.push((name, shape.to_vec(), tensor.shape.clone()));
            }
            Some(tensor) if !tensor.dtype.is_float() => mismatch.not_float.push((name, tensor.dtype)),
            Some(_) => {}
        }
    }
    let counter = |name: &str| name.rsplit('.').next() == Some("num_batches_tracked");
    for (name, tensor) in tensors {
        if !needed.contains_key(name.as_str()) && !counter(name) {
            mismatch.extra.push((name.clone(), tensor.shape.clone()));
        }
    }
    let same = mismatch.missing.is_empty()
        && mismatch.extra.is_empty()
        && mismatch.misshapen.is_empty()
        && mismatch.not_float.is_empty();
    if same { Ok(()) } else { Err(mismatch.into()) }
}
