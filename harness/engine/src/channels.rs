//! Channel plans on tensors: as masks over a network of the same size, and as a smaller network.

use std::sync::Arc;

use secateur_network::ParamId;
use secateur_network::channels::{Cut, Groups, Kept, Surgery, TensorId};
use tch::Tensor;

use crate::error::Result;
use crate::model::Model;

impl Model {
    /// Masks everything that belongs to removed units: filters, biases, normalizations, and the weights that read
    /// them. The network then computes what [`Model::compacted`] computes, at its old size. Masks that were there
    /// before are replaced; parameters that lose nothing have none afterwards.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn set_unit_masks(&self, groups: &Groups, kept: &Kept) -> Result<()> {
        let mut masks: Vec<Option<Tensor>> = self.params().iter().map(|_| None).collect();
        for (index, group) in groups.all().iter().enumerate() {
            if kept.is_whole(index) {
                continue;
            }
            for member in &group.members {
                let TensorId::Param(id) = member.tensor else { continue };
                let size = self.param(id).size();
                let mut flags = vec![1_u8; size[member.dim] as usize];
                for unit in (0..group.units).filter(|unit| !kept.group(index)[*unit]) {
                    for entry in member.entries(unit) {
                        flags[entry] = 0;
                    }
                }
                let mut shape = vec![1; size.len()];
                shape[member.dim] = size[member.dim];
                let flags = Tensor::f_from_slice(&flags)?.f_view(&shape[..])?;
                let mask = &mut masks[id.index()];
                *mask = Some(match mask.take() {
                    Some(mask) => mask.f_mul(&flags)?,
                    None => flags.f_expand(&size[..], false)?.f_contiguous()?,
                });
            }
        }
        for (index, mask) in masks.iter().enumerate() {
            self.set_mask(ParamId(index as u32), mask.as_ref())?;
        }
        Ok(())
    }

    /// The smaller network of a surgery with what stays of this one's parameters and statistics. Masks are not
    /// carried over: the units that they remove are gone.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn compacted(&self, surgery: &Surgery) -> Result<Model> {
        let _guard = tch::no_grad_guard();
        let mut params: Vec<Tensor> = self.params().iter().map(Tensor::detach).collect();
        let mut buffers: Vec<Tensor> = self.buffers().iter().map(Tensor::shallow_clone).collect();
        let mut is_cut = vec![false; params.len() + buffers.len()];
        for Cut { tensor, dims } in &surgery.cuts {
            let (value, position) = match tensor {
                TensorId::Param(id) => (&mut params[id.index()], id.index()),
                TensorId::Buffer(index) => (&mut buffers[*index], self.params().len() + index),
            };
            is_cut[position] = true;
            for (dim, stays) in dims {
                let stays: Vec<i64> = stays.iter().map(|entry| i64::from(*entry)).collect();
                let stays = Tensor::f_from_slice(&stays)?.f_to_device(self.options().device)?;
                *value = value.f_index_select(*dim as i64, &stays)?;
            }
        }
        for (value, is_cut) in params.iter_mut().chain(&mut buffers).zip(is_cut) {
            // A cut is a new tensor; what is whole must not stay an alias of this model's.
            if !is_cut {
                *value = value.copy();
            }
        }
        let arranged = params.iter().map(|value| {
            let value = self.options().arrange(value)?;
            Ok(value.f_set_requires_grad(true)?)
        });
        let params = arranged.collect::<Result<_>>()?;
        Ok(Self::assemble(Arc::new(surgery.network.clone()), self.options(), params, buffers))
    }
}
