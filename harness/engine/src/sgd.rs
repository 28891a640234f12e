//! Stochastic gradient descent whose state can be masked, reset and saved.

use std::cell::RefCell;

use secateur_network::ParamId;
use secateur_suite::Recipe;
use tch::Tensor;

use crate::error::{Error, Result};
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
#[derive(Debug)]
pub struct Sgd {
    momentum: f64,
    nesterov: bool,
    weight_decay: f64,
    buffers: RefCell<Vec<Option<Tensor>>>,
}

impl Sgd {
    /// An optimizer without state for `params` parameters.
    #[must_use]
    pub fn new(recipe: &Recipe, params: usize) -> Self {
        Self {
            momentum: recipe.momentum,
            nesterov: recipe.nesterov,
            weight_decay: recipe.weight_decay,
            buffers: RefCell::new((0..params).map(|_| None).collect()),
        }
    }

    /// Steps all parameters along the model's gradients: masked gradients, decay, momentum, step, masks again.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn step(&self, model: &Model, lr: f64) -> Result<()> {
        let _guard = tch::no_grad_guard();
        let mut buffers = self.buffers.borrow_mut();
        for (index, (param, buffer)) in model.params().iter().zip(buffers.iter_mut()).enumerate() {
            let id = ParamId(index as u32);
            let Some(mut grad) = model.grad(id) else { continue };
            let mask = model.mask(id);
            if let Some(mask) = &mask {
                grad = grad.f_mul_(mask)?;
            }
            self.update(param, grad, buffer, lr, self.weight_decay)?;
            if let Some(mask) = &mask {
                drop(param.shallow_clone().f_mul_(mask)?);
            }
        }
        Ok(())
    }

    /// Steps one extra parameter.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn step_extra(&self, extra: &ExtraParam, grad: Tensor, lr: f64) -> Result<()> {
        let _guard = tch::no_grad_guard();
        self.update(&extra.tensor, grad, &mut extra.momentum.borrow_mut(), lr, extra.weight_decay)
    }

    fn update(&self, param: &Tensor, grad: Tensor, buffer: &mut Option<Tensor>, lr: f64, decay: f64) -> Result<()> {
        let mut grad = grad;
        if decay != 0.0 {
            grad = grad.f_add_(&(param * decay))?;
        }
        let direction = if self.momentum == 0.0 {
            grad
        } else {
            let velocity = match buffer.take() {
                None => grad.copy(),
                Some(mut velocity) => velocity.f_mul_scalar_(self.momentum)?.f_add_(&grad)?,
            };
            *buffer = Some(velocity.shallow_clone());
            if self.nesterov { grad.f_add_(&(velocity * self.momentum))? } else { velocity }
        };
        drop(param.shallow_clone().f_sub_(&(direction * lr))?);
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
