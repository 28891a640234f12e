//! MoCo's memory: an average of earlier networks, and what it said of earlier views.

use std::f64::consts::TAU;
use std::sync::Arc;

use secateur_checkpoint::Tensors;
use tch::{Device, Kind, Tensor};

use super::losses::unit_length;
use crate::error::{Error, Result};
use crate::forward::Pass;
use crate::model::{Model, dims};
use crate::random::{Streams, unit};
use crate::state::{to_tensor, to_tensor_data};

/// Prefix of the average's parameters in a checkpoint.
const KEY: &str = "contrast.key.";
/// Name of the queue in a checkpoint.
const QUEUE: &str = "contrast.queue";
/// Name of the queue's next place in a checkpoint.
const NEXT: &str = "contrast.next";

/// A momentum encoder with its queue (arXiv 1911.05722, section 3.2).
///
/// All is on one device and no batch is shuffled for the batch norms of the encoder, where the paper spreads a batch over
/// several devices in another order (section 3.3).
#[derive(Debug)]
pub(super) struct Momentum {
    encoder: Model,
    /// Keys of earlier views, of unit length: `[k, d]`.
    queue: Tensor,
    /// Where the next key goes: the place of the oldest one.
    next: i64,
}

impl Momentum {
    /// A copy of the model, and a queue of `length` random directions from the stream `contrast/queue`.
    pub(super) fn new(model: &Model, length: u32, streams: &Streams) -> Result<Self> {
        let _guard = tch::no_grad_guard();
        let params = model.params().iter().map(|param| param.detach().copy()).collect();
        let width = model.network().shape(model.network().output()).iter().product();
        let queue = directions(length as usize, width, streams)?;
        Ok(Self {
            encoder: copy_with(model, params),
            queue: queue.f_to_kind(model.options().precision.kind())?.f_to_device(model.options().device)?,
            next: 0,
        })
    }

    /// Keys of views `[n, c, h, w]`: the encoder's outputs at unit length, `[n, d]`, without a graph.
    ///
    /// Batch norms use the statistics of the batch, as in training. The running ones stay as they are, so that keys are a function
    /// of the views and the encoder; and of libtorch's generators where there is `dropout`.
    pub(super) fn keys(&self, views: &Tensor, dropout: bool) -> Result<Tensor> {
        let _guard = tch::no_grad_guard();
        let pass = Pass { train: true, no_dropout: !dropout, norm_momentum: Some(0.0), ..Pass::default() };
        unit_length(&self.encoder.forward(views, &pass)?)
    }

    /// Keys of earlier views, `[k, d]`.
    pub(super) fn queue(&self) -> &Tensor {
        &self.queue
    }

    /// Puts a batch's keys `[n, d]` in the place of the oldest ones, and moves the average by a share of `1 - momentum` to the
    /// model (equation 2).
    ///
    /// The paper moves the average before it encodes the next batch, which is the same: no weights change in between.
    pub(super) fn advance(&mut self, model: &Model, keys: &Tensor, momentum: f64) -> Result<()> {
        let _guard = tch::no_grad_guard();
        let (length, width) = self.queue.size2()?;
        let count = match keys.size().as_slice() {
            [count, found] if *found == width && *count <= length => *count,
            found => {
                let (what, found) = ("the keys of a batch".to_owned(), found.to_vec());
                return Err(Error::Shape { what, found, expected: vec![length, width] });
            }
        };
        let places = Tensor::f_arange(count, (Kind::Int64, self.queue.device()))?;
        let places = places.f_add_scalar(self.next)?.f_remainder(length)?;
        let _ = self.queue.f_index_copy_(0, &places, keys)?;
        self.next = (self.next + count) % length;
        for (average, now) in self.encoder.params().iter().zip(model.params()) {
            let _ = average.shallow_clone().f_lerp_(now, 1.0 - momentum)?;
        }
        Ok(())
    }

    pub(super) fn to_tensors(&self) -> Result<Tensors> {
        let mut tensors = Tensors::new();
        for (spec, value) in self.encoder.network().params().iter().zip(self.encoder.params()) {
            tensors.insert(format!("{KEY}{}", spec.name), to_tensor_data(value)?);
        }
        tensors.insert(QUEUE.to_owned(), to_tensor_data(&self.queue)?);
        tensors.insert(NEXT.to_owned(), to_tensor_data(&Tensor::f_from_slice(&[self.next])?)?);
        Ok(tensors)
    }

    /// What [`Momentum::to_tensors`] gave; `None` if nothing of it is there.
    pub(super) fn from_tensors(model: &Model, length: u32, tensors: &Tensors) -> Result<Option<Self>> {
        let Some(next) = tensors.get(NEXT) else { return Ok(None) };
        let options = model.options();
        let read = |name: &str, expected: Vec<i64>| -> Result<Tensor> {
            let data = tensors.get(name).ok_or_else(|| Error::MissingTensor(name.to_owned()))?;
            let value = to_tensor(data)?;
            if value.size() != expected {
                return Err(Error::Shape { what: format!("`{name}`"), found: value.size(), expected });
            }
            Ok(value.f_to_kind(options.precision.kind())?.f_to_device(options.device)?)
        };
        let network = model.network();
        let params = network
            .params()
            .iter()
            .map(|spec| options.arrange(&read(&format!("{KEY}{}", spec.name), dims(&spec.shape))?));
        let params = params.collect::<Result<_>>()?;
        let width: usize = network.shape(network.output()).iter().product();
        let queue = read(QUEUE, vec![i64::from(length), width as i64])?;
        let next = to_tensor(next)?;
        let next = match Vec::<i64>::try_from(&next)?.as_slice() {
            [next] if (0..i64::from(length)).contains(next) => *next,
            other => {
                return Err(Error::Data(format!(
                    "`{NEXT}` is {other:?}, which is no place in a queue of {length}"
                )));
            }
        };
        Ok(Some(Self { encoder: copy_with(model, params), queue, next }))
    }
}

/// A model of the same network, with these parameters.
fn copy_with(model: &Model, params: Vec<Tensor>) -> Model {
    let buffers = model.buffers().iter().map(Tensor::copy).collect();
    Model::assemble(Arc::clone(model.network()), model.options(), params, buffers)
}

/// Random directions, f32 `[count, width]` on the CPU: rows of normal numbers (Box and Muller 1958) at unit length.
///
/// They come from a generator of their own, since a method may be running that draws from libtorch's.
fn directions(count: usize, width: usize, streams: &Streams) -> Result<Tensor> {
    let mut rng = streams.rng("contrast/queue", 0);
    let mut values = Vec::with_capacity(count * width + 1);
    while values.len() < count * width {
        // Never zero, whose logarithm is not a number.
        let radius = (-2.0 * (1.0 - unit(&mut rng)).ln()).sqrt();
        let angle = TAU * unit(&mut rng);
        values.extend([(radius * angle.cos()) as f32, (radius * angle.sin()) as f32]);
    }
    values.truncate(count * width);
    let rows = Tensor::f_from_slice(&values)?.f_view([count as i64, width as i64])?;
    debug_assert_eq!(rows.device(), Device::Cpu);
    unit_length(&rows)
}
