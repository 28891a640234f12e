//! Removed channels, read back from masks. Nothing that a plugin says of its plan is believed.

use anyhow::Context;
use secateur_checkpoint::Tensors;
use secateur_network::Network;
use secateur_network::channels::{Groups, Kept, Member, TensorId};

/// The units that masks leave. A unit is gone if everything of it is masked.
///
/// # Errors
/// Fails if masks remove anything that is not all of a unit, and says where.
pub fn kept_units(network: &Network, groups: &Groups, tensors: &Tensors) -> anyhow::Result<Kept> {
    let mut empty = Vec::with_capacity(network.params().len());
    for param in network.params() {
        let dims = match tensors.get(&format!("mask.{}", param.name)) {
            Some(mask) => {
                anyhow::ensure!(
                    mask.shape == param.shape && mask.bytes.len() == param.numel(),
                    "the mask of `{}` has shape {:?}, expected {:?}",
                    param.name,
                    mask.shape,
                    param.shape
                );
                Some(empty_entries(&param.shape, &mask.bytes))
            }
            None => None,
        };
        empty.push(dims);
    }
    let gone = |member: &Member, unit: usize| match member.tensor {
        // Statistics have no masks; they go with the normalization.
        TensorId::Buffer(_) => true,
        TensorId::Param(id) => empty[id.index()]
            .as_ref()
            .is_some_and(|dims: &[Vec<bool>; 2]| member.entries(unit).all(|entry| dims[member.dim][entry])),
    };
    let mut kept = Kept::all(groups);
    for (index, group) in groups.all().iter().enumerate() {
        for unit in 0..group.units {
            kept.group_mut(index)[unit] = !group.members.iter().all(|member| gone(member, unit));
        }
    }
    let surgery = network.surgery(groups, &kept).context("the masks leave no network")?;
    for (before, after) in network.params().iter().zip(surgery.network.params()) {
        let Some(mask) = tensors.get(&format!("mask.{}", before.name)) else { continue };
        let left = mask.bytes.iter().filter(|byte| **byte != 0).count();
        anyhow::ensure!(
            left == after.numel(),
            "the mask of `{}` keeps {left} values, but whole channels would leave {}",
            before.name,
            after.numel()
        );
    }
    Ok(kept)
}

/// For the first two dimensions of a mask: which entries have nothing left.
fn empty_entries(shape: &[usize], mask: &[u8]) -> [Vec<bool>; 2] {
    let (first, second) = (shape[0], shape.get(1).copied().unwrap_or(1));
    let inner: usize = shape.iter().skip(2).product();
    let mut empty = [vec![true; first], vec![true; second]];
    for (position, block) in mask.chunks(inner.max(1)).enumerate() {
        if block.iter().any(|byte| *byte != 0) {
            empty[0][position / second] = false;
            empty[1][position % second] = false;
        }
    }
    empty
}
