//! Stochastic gradient descent whose state can be masked, reset and saved.

use std::cell::RefCell;

use secateur_network::ParamId;
use secateur_suite::{Optimizer, Recipe};
use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::lars;
use crate::model::Model;

/// A leaf tensor that is trained beside the model's parameters.
#[derive(Debug)]
pub struct ExtraParam {
    /// The tensor; written in place.
    pub tensor: Tensor,
    /// Weight decay of its own.
    pub weight_decay: f64,
    momentum: RefCell<Option<Tensor>>,
}

impl ExtraParam {
    /// An extra parameter without momentum yet.
    #[must_use]
    pub fn new(tensor: Tensor, weight_decay: f64) -> Self {
        Self { tensor, weight_decay, momentum: RefCell::new(None) }
    }
}

/// SGD with momentum, Nesterov momentum and weight decay, as PyTorch's: the first gradient starts the momentum.
///
/// Where the recipe says so, layers have rates of their own (LARS). Momentum is then one of steps and not of gradients, as
/// SimCLR's optimizer has it: `v <- momentum v - lr ratio (g + decay w)`, `w <- w + v`. Extra parameters are no layers; they are
/// stepped as without LARS.
#[derive(Debug)]
pub struct Sgd {
    optimizer: Optimizer,
    momentum: f64,
    nesterov: bool,
    weight_decay: f64,
    buffers: RefCell<Vec<Option<Tensor>>>,
}

/// Factors of a step, as tensors of no dimension.
///
/// tch leaves out the factor that PyTorch's `add` takes. `addcmul` with such a tensor is the same arithmetic in one
/// pass over memory, where a product and a sum would be two and a temporary.
struct Rates {
    decay: Option<Tensor>,
    momentum: Tensor,
    step: Tensor,
}

impl Rates {
    fn new(sgd: &Sgd, decay: f64, lr: f64, device: Device) -> Result<Self> {
        // Rounded here, because tch panics on a number that does not fit; an infinite rate ends in `Diverged`.
        let scalar = |value: f64| Tensor::f_full([], f64::from(value as f32), (Kind::Float, device));
        Ok(Self {
            decay: if decay == 0.0 { None } else { Some(scalar(decay)?) },
            momentum: scalar(sgd.momentum)?,
            step: scalar(-lr)?,
        })
    }
}

impl Sgd {
    /// An optimizer without state for `params` parameters.
    #[must_use]
    pub fn new(recipe: &Recipe, params: usize) -> Self {
        Self {
            optimizer: recipe.optimizer,
            momentum: recipe.momentum,
            nesterov: recipe.nesterov,
            weight_decay: recipe.weight_decay,
            buffers: RefCell::new((0..params).map(|_| None).collect()),
        }
    }

    /// Steps all parameters along the model's gradients: decay, momentum, step, each under the parameter's mask.
    ///
    /// Removed weights get no momentum, and lose what they had. A removed weight that is zero stays zero. The gradients
    /// stay as they are.
    ///
    /// # Errors
    /// Fails if the optimizer was made for another number of parameters, or libtorch fails.
    pub fn step(&self, model: &Model, lr: f64) -> Result<()> {
        let _guard = tch::no_grad_guard();
        let mut buffers = self.buffers.borrow_mut();
        if buffers.len() != model.params().len() {
            let (made, found) = (buffers.len(), model.params().len());
            return Err(Error::Data(format!(
                "an optimizer for {made} parameters cannot train a model of {found}"
            )));
        }
        let rates = Rates::new(self, self.weight_decay, lr, model.options().device)?;
        for (index, (param, buffer)) in model.params().iter().zip(buffers.iter_mut()).enumerate() {
            let id = ParamId(index as u32);
            let Some(grad) = model.grad(id) else { continue };
            let mask = model.mask(id);
            match self.optimizer {
                Optimizer::Sgd => self.update(param, &grad, mask.as_ref(), buffer, &rates)?,
                Optimizer::Lars => {
                    let adapts = lars::adapts(model.network().params()[index].role);
                    self.update_layer(param, &grad, mask.as_ref(), buffer, &rates, adapts)?;
                }
            }
        }
        Ok(())
    }

    /// Steps one extra parameter.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn step_extra(&self, extra: &ExtraParam, grad: &Tensor, lr: f64) -> Result<()> {
        let _guard = tch::no_grad_guard();
        let rates = Rates::new(self, extra.weight_decay, lr, extra.tensor.device())?;
        self.update(&extra.tensor, grad, None, &mut extra.momentum.borrow_mut(), &rates)
    }

    /// One parameter's step. `grad` is only read: autograd may have given the same tensor for another parameter too.
    fn update(
        &self,
        param: &Tensor,
        grad: &Tensor,
        mask: Option<&Tensor>,
        buffer: &mut Option<Tensor>,
        rates: &Rates,
    ) -> Result<()> {
        let grad = decayed(param, grad, mask, rates.decay.as_ref())?;
        let direction = if self.momentum == 0.0 {
            grad
        } else {
            let velocity = match buffer.take() {
                None => grad.copy(),
                Some(velocity) => masked(grad.f_addcmul(&velocity, &rates.momentum)?, mask)?,
            };
            let direction = if self.nesterov {
                grad.f_addcmul(&velocity, &rates.momentum)?
            } else {
                velocity.shallow_clone()
            };
            *buffer = Some(velocity);
            direction
        };
        drop(param.shallow_clone().f_addcmul_(&direction, &rates.step)?);
        Ok(())
    }

    /// One layer's step, or that of a parameter that does not adapt. `grad` is only read.
    fn update_layer(
        &self,
        param: &Tensor,
        grad: &Tensor,
        mask: Option<&Tensor>,
        buffer: &mut Option<Tensor>,
        rates: &Rates,
        adapts: bool,
    ) -> Result<()> {
        let grad = decayed(param, grad, mask, rates.decay.as_ref().filter(|_| adapts))?;
        let rate = match adapts {
            true => rates.step.f_mul(&lars::trust_ratio(param, &grad)?)?,
            false => rates.step.shallow_clone(),
        };
        let step = grad.f_mul(&rate)?;
        let velocity = match buffer.take() {
            None => step,
            Some(velocity) => masked(step.f_addcmul(&velocity, &rates.momentum)?, mask)?,
        };
        drop(param.shallow_clone().f_add_(&velocity)?);
        *buffer = Some(velocity);
        Ok(())
    }

    /// Forgets all momentum.
    pub fn reset(&self) {
        for buffer in self.buffers.borrow_mut().iter_mut() {
            *buffer = None;
        }
    }

    /// Forgets the momentum of a parameter where `mask` is true.
    ///
    /// # Errors
    /// Returns [`Error::Shape`] if the mask has another shape than the parameter.
    pub fn reset_where(&self, id: ParamId, mask: &Tensor) -> Result<()> {
        let _guard = tch::no_grad_guard();
        let mut buffers = self.buffers.borrow_mut();
        let Some(buffer) = buffers.get_mut(id.index()).and_then(Option::as_mut) else { return Ok(()) };
        if buffer.size() != mask.size() {
            let what = format!("the reset mask of parameter {}", id.0);
            return Err(Error::Shape { what, found: mask.size(), expected: buffer.size() });
        }
        let mask = mask.f_to_device(buffer.device())?.f_ne(0.0)?;
        let _ = buffer.f_masked_fill_(&mask, 0.0)?;
        Ok(())
    }

    /// The momentum of each parameter.
    #[must_use]
    pub fn state(&self) -> Vec<Option<Tensor>> {
        self.buffers.borrow().iter().map(|buffer| buffer.as_ref().map(Tensor::copy)).collect()
    }

    /// Restores what [`Sgd::state`] gave.
    pub fn restore(&self, state: &[Option<Tensor>]) {
        let restored = state.iter().map(|buffer| buffer.as_ref().map(Tensor::copy)).collect();
        *self.buffers.borrow_mut() = restored;
    }
}

/// A gradient with its parameter's decay, under its mask. The tensor that was given stays as it is.
fn decayed(param: &Tensor, grad: &Tensor, mask: Option<&Tensor>, decay: Option<&Tensor>) -> Result<Tensor> {
    match decay {
        Some(decay) => masked(grad.f_addcmul(param, decay)?, mask),
        None if mask.is_some() => masked(grad.copy(), mask),
        None => Ok(grad.shallow_clone()),
    }
}

/// A tensor that is nobody else's, multiplied by a mask in place.
fn masked(tensor: Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
    Ok(match mask {
        Some(mask) => tensor.shallow_clone().f_mul_(mask)?,
        None => tensor,
    })
}
