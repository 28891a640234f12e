//! Everything of a model and its optimizer that a checkpoint holds.

use std::collections::BTreeMap;

use secateur_checkpoint::{Dtype, TensorData, Tensors};
use secateur_network::ParamId;
use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::model::Model;
use crate::sgd::Sgd;

/// Prefix of momentum tensors in a checkpoint.
const MOMENTUM: &str = "optimizer.momentum.";
/// Prefix of mask tensors in a checkpoint.
const MASK: &str = "mask.";

/// A copy of weights, statistics, masks and optimizer state.
#[derive(Debug)]
pub struct State {
    params: Vec<Tensor>,
    buffers: Vec<Tensor>,
    masks: Vec<Option<Tensor>>,
    momentum: Vec<Option<Tensor>>,
}

impl Clone for State {
    fn clone(&self) -> Self {
        let copy =
            |tensors: &[Option<Tensor>]| tensors.iter().map(|t| t.as_ref().map(Tensor::copy)).collect();
        Self {
            params: self.params.iter().map(Tensor::copy).collect(),
            buffers: self.buffers.iter().map(Tensor::copy).collect(),
            masks: copy(&self.masks),
            momentum: copy(&self.momentum),
        }
    }
}

impl State {
    /// Copies the state of a model and, if given, of its optimizer.
    #[must_use]
    pub fn of(model: &Model, sgd: Option<&Sgd>) -> Self {
        let _guard = tch::no_grad_guard();
        let count = model.params().len();
        Self {
            params: model.params().iter().map(|param| param.detach().copy()).collect(),
            buffers: model.buffers().iter().map(Tensor::copy).collect(),
            masks: (0..count).map(|id| model.mask(ParamId(id as u32)).map(|mask| mask.copy())).collect(),
            momentum: sgd.map(Sgd::state).unwrap_or_else(|| (0..count).map(|_| None).collect()),
        }
    }

    /// Value of a parameter.
    pub fn param(&self, id: ParamId) -> &Tensor {
        &self.params[id.index()]
    }

    /// Mask of a parameter.
    #[must_use]
    pub fn mask(&self, id: ParamId) -> Option<&Tensor> {
        self.masks[id.index()].as_ref()
    }

    /// Writes weights and statistics back into the model; its masks stay and are applied.
    ///
    /// # Errors
    /// Fails if shapes differ, or libtorch fails.
    pub fn restore_weights(&self, model: &Model, sgd: Option<&Sgd>) -> Result<()> {
        for (index, value) in self.params.iter().enumerate() {
            model.set_param(ParamId(index as u32), value)?;
        }
        for (index, value) in self.buffers.iter().enumerate() {
            model.set_buffer(index, value)?;
        }
        if let Some(sgd) = sgd {
            sgd.restore(&self.momentum);
        }
        model.apply_masks()
    }

    /// Writes the batch-norm statistics back, and nothing else.
    ///
    /// # Errors
    /// Fails if shapes differ, or libtorch fails.
    pub fn restore_buffers(&self, model: &Model) -> Result<()> {
        for (index, value) in self.buffers.iter().enumerate() {
            model.set_buffer(index, value)?;
        }
        Ok(())
    }

    /// Writes everything back, masks included.
    ///
    /// # Errors
    /// Fails if shapes differ, or libtorch fails.
    pub fn restore(&self, model: &Model, sgd: Option<&Sgd>) -> Result<()> {
        for (index, mask) in self.masks.iter().enumerate() {
            model.set_mask(ParamId(index as u32), mask.as_ref())?;
        }
        self.restore_weights(model, sgd)
    }

    /// The state as named tensors for a file: weights and statistics under their own names, masks (u8) under
    /// `mask.NAME`, momentum under `optimizer.momentum.NAME`.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn to_tensors(&self, model: &Model) -> Result<Tensors> {
        let mut tensors = BTreeMap::new();
        for (spec, value) in model.network().params().iter().zip(&self.params) {
            tensors.insert(spec.name.clone(), to_tensor_data(value)?);
            if let Some(mask) = &self.masks[spec.id.index()] {
                tensors
                    .insert(format!("{MASK}{}", spec.name), to_tensor_data(&mask.f_to_kind(Kind::Uint8)?)?);
            }
            if let Some(momentum) = &self.momentum[spec.id.index()] {
                tensors.insert(format!("{MOMENTUM}{}", spec.name), to_tensor_data(momentum)?);
            }
        }
        for (spec, value) in model.network().buffers().iter().zip(&self.buffers) {
            tensors.insert(spec.name.clone(), to_tensor_data(value)?);
        }
        Ok(tensors)
    }

    /// Reads a state for a model from named tensors. Masks and momentum may be absent.
    ///
    /// # Errors
    /// Fails if a weight or statistic is missing or misshapen.
    pub fn from_tensors(model: &Model, tensors: &Tensors) -> Result<Self> {
        let network = model.network();
        let target = (model.options().precision.kind(), model.options().device);
        let read = |name: &str, shape: &[usize]| -> Result<Tensor> {
            optional(tensors, name, shape, target)?.ok_or_else(|| Error::MissingTensor(name.to_owned()))
        };
        let params =
            network.params().iter().map(|spec| read(&spec.name, &spec.shape)).collect::<Result<_>>()?;
        let buffers =
            network.buffers().iter().map(|spec| read(&spec.name, &spec.shape)).collect::<Result<_>>()?;
        let prefixed = |prefix: &str| -> Result<Vec<Option<Tensor>>> {
            let specs = network.params().iter();
            specs
                .map(|spec| optional(tensors, &format!("{prefix}{}", spec.name), &spec.shape, target))
                .collect()
        };
        Ok(Self { params, buffers, masks: prefixed(MASK)?, momentum: prefixed(MOMENTUM)? })
    }
}

fn optional(
    tensors: &Tensors,
    name: &str,
    shape: &[usize],
    (kind, device): (Kind, Device),
) -> Result<Option<Tensor>> {
    let Some(data) = tensors.get(name) else { return Ok(None) };
    if data.shape != shape {
        let found = data.shape.iter().map(|size| *size as i64).collect();
        let expected = shape.iter().map(|size| *size as i64).collect();
        return Err(Error::Shape { what: format!("`{name}`"), found, expected });
    }
    Ok(Some(to_tensor(data)?.f_to_kind(kind)?.f_to_device(device)?))
}

/// Copies file data into a tensor on the CPU.
///
/// # Errors
/// Fails on a kind that libtorch does not have.
pub fn to_tensor(data: &TensorData) -> Result<Tensor> {
    let kind = match data.dtype {
        Dtype::F32 => Kind::Float,
        Dtype::F64 => Kind::Double,
        Dtype::F16 => Kind::Half,
        Dtype::BF16 => Kind::BFloat16,
        Dtype::I64 => Kind::Int64,
        Dtype::I32 => Kind::Int,
        Dtype::U8 => Kind::Uint8,
        Dtype::Bool => Kind::Bool,
        other => return Err(Error::Unsupported(format!("tensors of {other:?} cannot be used"))),
    };
    let shape: Vec<i64> = data.shape.iter().map(|size| *size as i64).collect();
    Ok(Tensor::f_from_data_size(&data.bytes, &shape, kind)?)
}

/// Copies a tensor into file data, row-major.
///
/// # Errors
/// Fails on a kind that files do not have.
pub fn to_tensor_data(tensor: &Tensor) -> Result<TensorData> {
    let tensor = tensor.detach().f_to_device(Device::Cpu)?.f_contiguous()?;
    let dtype = match tensor.f_kind()? {
        Kind::Float => Dtype::F32,
        Kind::Double => Dtype::F64,
        Kind::Half => Dtype::F16,
        Kind::BFloat16 => Dtype::BF16,
        Kind::Int64 => Dtype::I64,
        Kind::Int => Dtype::I32,
        Kind::Uint8 => Dtype::U8,
        Kind::Bool => Dtype::Bool,
        other => return Err(Error::Unsupported(format!("tensors of {other:?} cannot be stored"))),
    };
    let shape: Vec<usize> = tensor.size().iter().map(|size| *size as usize).collect();
    let numel = tensor.numel();
    let mut bytes = vec![0; numel * tensor.f_kind()?.elt_size_in_bytes()];
    if numel > 0 {
        tensor.f_copy_data_u8(&mut bytes, numel)?;
    }
    Ok(TensorData { dtype, shape, bytes })
}
