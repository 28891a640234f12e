//! A network with its tensors on a device.

use std::cell::RefCell;
use std::sync::Arc;

use secateur_network::{Attribute, Network, NodeId, Op, ParamId, ParamRole};
use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::random::Streams;

/// Order of the values of pictures and convolution weights in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Channels outermost.
    #[default]
    Contiguous,
    /// Channels innermost.
    ChannelsLast,
}

/// Arithmetic of convolutions and fully connected layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats.
    #[default]
    F32,
    /// bfloat16 products of 32-bit master weights, by explicit casts; normalization and loss stay 32-bit.
    Bf16,
    /// 64-bit floats throughout: to tell apart rounding from a wrong result.
    F64,
}

impl Precision {
    /// Kind of weights, statistics and results.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::F32 | Self::Bf16 => Kind::Float,
            Self::F64 => Kind::Double,
        }
    }
}

/// Where and how a model computes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Device of all tensors.
    pub device: Device,
    /// Memory layout.
    pub layout: Layout,
    /// Arithmetic.
    pub precision: Precision,
}

impl Default for Options {
    fn default() -> Self {
        Self { device: Device::Cpu, layout: Layout::default(), precision: Precision::default() }
    }
}

/// A network with its parameters, buffers, masks and gradients.
///
/// Parameters are leaf tensors whose storage never changes: loading and stepping write in place, so that an
/// alias handed out stays an alias.
#[derive(Debug)]
pub struct Model {
    network: Arc<Network>,
    options: Options,
    params: Vec<Tensor>,
    buffers: Vec<Tensor>,
    masks: RefCell<Vec<Option<Tensor>>>,
    grads: RefCell<Vec<Option<Tensor>>>,
    /// Running mean and variance of each node, as indices into `buffers`.
    pub(crate) statistics: Vec<Option<(usize, usize)>>,
    /// The last node that reads each node's output.
    pub(crate) last_use: Vec<usize>,
}

impl Model {
    /// A network initialized from the stream `init`: He-normal convolutions (fan out), fully connected layers as
    /// torchvision's, batch norms at one and zero. The values do not depend on the device.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn new(network: Arc<Network>, options: Options, streams: &Streams) -> Result<Self> {
        let _guard = tch::no_grad_guard();
        let kind = options.precision.kind();
        let mut params = Vec::with_capacity(network.params().len());
        for param in network.params() {
            let shape = dims(&param.shape);
            streams.seed_torch(&format!("init/{}", param.name), 0);
            let value = match param.role {
                ParamRole::ConvWeight => {
                    let fan_out = shape[0] * shape[2..].iter().product::<i64>();
                    Tensor::f_randn(&shape[..], (Kind::Float, Device::Cpu))? * (2.0 / fan_out as f64).sqrt()
                }
                ParamRole::LinearWeight => uniform(&shape, 1.0 / (shape[1] as f64).sqrt())?,
                ParamRole::Bias => uniform(&shape, bias_bound(&network, param.node))?,
                ParamRole::NormWeight => Tensor::f_ones(&shape[..], (Kind::Float, Device::Cpu))?,
                ParamRole::NormBias => Tensor::f_zeros(&shape[..], (Kind::Float, Device::Cpu))?,
            };
            let value = options.arrange(&value.f_to_kind(kind)?.f_to_device(options.device)?)?;
            params.push(value.f_set_requires_grad(true)?);
        }
        let target = (kind, options.device);
        let buffers = network.buffers().iter().map(|buffer| {
            let shape = dims(&buffer.shape);
            match buffer.attribute {
                Attribute::RunningMean => Tensor::f_zeros(&shape[..], target),
                Attribute::RunningVar => Tensor::f_ones(&shape[..], target),
            }
        });
        let buffers = buffers.collect::<std::result::Result<_, _>>()?;
        Ok(Self::assemble(network, options, params, buffers))
    }

    /// A model of tensors that are its own: parameters in the layout and requiring gradients, and buffers.
    pub(crate) fn assemble(
        network: Arc<Network>,
        options: Options,
        params: Vec<Tensor>,
        buffers: Vec<Tensor>,
    ) -> Self {
        let mut statistics = vec![None; network.nodes().len()];
        for (index, buffer) in network.buffers().iter().enumerate() {
            let (mean, variance) = statistics[buffer.node.index()].get_or_insert((index, index));
            match buffer.attribute {
                Attribute::RunningMean => *mean = index,
                Attribute::RunningVar => *variance = index,
            }
        }
        let mut last_use = vec![usize::MAX; network.nodes().len()];
        for (index, node) in network.nodes().iter().enumerate() {
            for input in &node.inputs {
                last_use[input.index()] = index;
            }
        }
        for output in network.outputs() {
            // What the network gives is never dropped on the way.
            last_use[output.index()] = usize::MAX;
        }
        let count = params.len();
        Self {
            network,
            options,
            params,
            buffers,
            masks: RefCell::new((0..count).map(|_| None).collect()),
            grads: RefCell::new((0..count).map(|_| None).collect()),
            statistics,
            last_use,
        }
    }

    /// The graph.
    #[must_use]
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// Device, layout and precision.
    #[must_use]
    pub fn options(&self) -> Options {
        self.options
    }

    /// Live parameters in the order of [`Network::params`].
    pub fn params(&self) -> &[Tensor] {
        &self.params
    }

    /// A live parameter.
    pub fn param(&self, id: ParamId) -> &Tensor {
        &self.params[id.index()]
    }

    /// Live buffers in the order of [`Network::buffers`].
    pub fn buffers(&self) -> &[Tensor] {
        &self.buffers
    }

    /// The gradient that backward passes have left, if any.
    #[must_use]
    pub fn grad(&self, id: ParamId) -> Option<Tensor> {
        self.grads.borrow()[id.index()].as_ref().map(Tensor::shallow_clone)
    }

    /// Forgets all gradients.
    pub fn zero_grad(&self) {
        for grad in self.grads.borrow_mut().iter_mut() {
            *grad = None;
        }
    }

    /// Differentiates a scalar by all parameters and adds the result to the gradients. `extra` are further leaf
    /// tensors; their gradients come back.
    ///
    /// # Errors
    /// Fails if libtorch does, for example when the scalar does not depend on any parameter.
    pub fn backward(&self, loss: &Tensor, extra: &[&Tensor]) -> Result<Vec<Tensor>> {
        let inputs: Vec<&Tensor> = self.params.iter().chain(extra.iter().copied()).collect();
        let mut fresh = Tensor::f_run_backward(&[loss], &inputs, false, false)?;
        let extra_grads = fresh.split_off(self.params.len());
        let mut grads = self.grads.borrow_mut();
        for (grad, fresh) in grads.iter_mut().zip(fresh) {
            if !fresh.defined() {
                continue;
            }
            match grad {
                // Not in place: autograd may give one tensor for several inputs, and hooks may hold the sum so far.
                Some(sum) => *sum = sum.f_add(&fresh)?,
                None => *grad = Some(fresh),
            }
        }
        Ok(extra_grads)
    }

    /// The mask of a parameter: a float tensor of its shape, 1 where the weight stays.
    #[must_use]
    pub fn mask(&self, id: ParamId) -> Option<Tensor> {
        self.masks.borrow()[id.index()].as_ref().map(Tensor::shallow_clone)
    }

    /// Sets a mask (any kind; non-zero stays) or lifts it, and zeroes what it removes.
    ///
    /// # Errors
    /// Returns [`Error::Shape`] if the mask has another shape than the parameter.
    pub fn set_mask(&self, id: ParamId, mask: Option<&Tensor>) -> Result<()> {
        let _guard = tch::no_grad_guard();
        let param = self.param(id);
        let mask = match mask {
            None => None,
            Some(mask) if mask.size() != param.size() => {
                let what = format!("the mask of `{}`", self.network.params()[id.index()].name);
                return Err(Error::Shape { what, found: mask.size(), expected: param.size() });
            }
            Some(mask) => {
                let mask = mask.f_to_device(self.options.device)?.f_ne(0.0)?.f_to_kind(param.kind())?;
                let mask = self.options.arrange(&mask)?;
                drop(param.shallow_clone().f_mul_(&mask)?);
                Some(mask)
            }
        };
        self.masks.borrow_mut()[id.index()] = mask;
        Ok(())
    }

    /// Multiplies masked parameters by their masks.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn apply_masks(&self) -> Result<()> {
        let _guard = tch::no_grad_guard();
        for (param, mask) in self.params.iter().zip(self.masks.borrow().iter()) {
            if let Some(mask) = mask {
                drop(param.shallow_clone().f_mul_(mask)?);
            }
        }
        Ok(())
    }

    /// Overwrites a parameter in place.
    ///
    /// # Errors
    /// Returns [`Error::Shape`] if the shapes differ.
    pub fn set_param(&self, id: ParamId, value: &Tensor) -> Result<()> {
        overwrite(&self.params[id.index()], value, &self.network.params()[id.index()].name)
    }

    /// Overwrites a buffer in place.
    ///
    /// # Errors
    /// Returns [`Error::Shape`] if the shapes differ.
    pub fn set_buffer(&self, index: usize, value: &Tensor) -> Result<()> {
        overwrite(&self.buffers[index], value, &self.network.buffers()[index].name)
    }
}

impl Options {
    /// Brings a tensor of four dimensions into the layout; others stay as they are.
    pub(crate) fn arrange(&self, tensor: &Tensor) -> Result<Tensor> {
        if self.layout == Layout::ChannelsLast && tensor.dim() == 4 {
            // tch has no memory format; a permuted contiguous tensor has the same strides.
            let last = tensor.f_permute([0, 2, 3, 1])?.f_contiguous()?;
            return Ok(last.f_permute([0, 3, 1, 2])?);
        }
        Ok(tensor.shallow_clone())
    }
}

/// A shape as libtorch wants it.
pub(crate) fn dims(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|size| *size as i64).collect()
}

fn overwrite(live: &Tensor, value: &Tensor, name: &str) -> Result<()> {
    let _guard = tch::no_grad_guard();
    if live.size() != value.size() {
        return Err(Error::Shape { what: format!("`{name}`"), found: value.size(), expected: live.size() });
    }
    let mut live = live.shallow_clone();
    live.f_copy_(value)?;
    Ok(())
}

fn uniform(shape: &[i64], bound: f64) -> Result<Tensor> {
    Ok(Tensor::f_rand(shape, (Kind::Float, Device::Cpu))? * (2.0 * bound) - bound)
}

/// Biases start within one over the square root of what PyTorch calls the fan in: the values in a slice of the weight
/// along its first dimension, which in a transposed convolution are those of one *input* channel.
fn bias_bound(network: &Network, node: NodeId) -> f64 {
    let inputs = match &network.node(node).op {
        Op::Linear { in_features, .. } => *in_features,
        Op::Conv2d { in_channels, window, groups, .. } => {
            in_channels / groups * window.kernel[0] * window.kernel[1]
        }
        Op::ConvTranspose2d { out_channels, window, groups, .. } => {
            out_channels / groups * window.kernel[0] * window.kernel[1]
        }
        _ => 1,
    };
    1.0 / (inputs as f64).sqrt()
}
