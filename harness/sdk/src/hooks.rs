//! Hooks into the host's training.

use std::ffi::c_void;

use secateur_abi as abi;
use tch::Tensor;
use torch_sys::C_tensor;

use crate::error::Result;
use crate::export::guard;
use crate::run::{Run, Tables};

/// What the host does after [`TrainHooks::after_backward`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StepAction {
    /// The optimizer steps.
    #[default]
    Step,
    /// It does not; RigL's mask update replaces the step.
    Skip,
}

/// Parts of a method that run while the host trains. Every one has a default that does nothing.
///
/// Hooks are a value of their own, never the method: the host enters them while `prune` is running.
pub trait TrainHooks {
    /// Parameters for which [`TrainHooks::effective_weight`] is called.
    fn effective_params(&self) -> Vec<u32> {
        Vec::new()
    }

    /// What the forward pass uses in place of a parameter; differentiable.
    ///
    /// # Errors
    /// An error ends training.
    fn effective_weight(&mut self, run: &Run<'_>, param: u32, weight: &Tensor) -> Result<Option<Tensor>> {
        let _ = (run, param, weight);
        Ok(None)
    }

    /// Leaf tensors that the host's optimizer trains too, and their weight decay.
    fn extra_params(&self) -> (Vec<Tensor>, f64) {
        (Vec::new(), 0.0)
    }

    /// A scalar to add to the loss.
    ///
    /// # Errors
    /// An error ends training.
    fn extra_loss(&mut self, run: &Run<'_>, step: u64) -> Result<Option<Tensor>> {
        let _ = (run, step);
        Ok(None)
    }

    /// After the backward pass. Gradients are dense: before masking and weight decay.
    ///
    /// # Errors
    /// An error ends training.
    fn after_backward(&mut self, run: &Run<'_>, step: u64) -> Result<StepAction> {
        let _ = (run, step);
        Ok(StepAction::Step)
    }

    /// After the optimizer's step.
    ///
    /// # Errors
    /// An error ends training.
    fn after_step(&mut self, run: &Run<'_>, step: u64) -> Result<()> {
        let _ = (run, step);
        Ok(())
    }

    /// Whether this step, the optimizer's and [`TrainHooks::after_step`] done, was the last one. What is left of the
    /// training is not charged.
    ///
    /// # Errors
    /// An error ends training.
    fn is_done(&mut self, run: &Run<'_>, step: u64) -> Result<bool> {
        let _ = (run, step);
        Ok(false)
    }
}

/// Hooks with what they need to make a [`Run`] of the host's context.
#[doc(hidden)]
pub struct Hooked<'a> {
    hooks: &'a mut dyn TrainHooks,
    tables: Tables,
}

impl std::fmt::Debug for Hooked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hooked").finish_non_exhaustive()
    }
}

impl<'a> Hooked<'a> {
    pub(crate) fn new(hooks: &'a mut dyn TrainHooks, tables: Tables) -> Self {
        Self { hooks, tables }
    }
}

/// The table of hooks; `data` is a [`Hooked`].
pub(crate) fn hook_table() -> abi::TrainHooks {
    abi::TrainHooks {
        struct_size: size_of::<abi::TrainHooks>() as u32,
        reserved: 0,
        effective_weight: Some(effective_weight),
        extra_loss: Some(extra_loss),
        after_backward: Some(after_backward),
        after_step: Some(after_step),
    }
}

/// Enters a hook with a run of the host's context.
///
/// # Safety
/// `data` must be the [`Hooked`] of the running call of `train`, and `ctx` its context.
unsafe fn enter(
    data: *mut c_void,
    ctx: *mut abi::Ctx,
    err: *const abi::ErrorSink,
    body: impl FnOnce(&mut dyn TrainHooks, &Run<'_>) -> Result<abi::Status>,
) -> abi::Status {
    // SAFETY: the caller's promise; hooks are entered one at a time.
    unsafe {
        guard(err, || {
            let hooked = &mut *data.cast::<Hooked<'_>>();
            let run = Run::new(ctx, hooked.tables);
            body(hooked.hooks, &run)
        })
    }
}

/// Gives a tensor to the host.
///
/// # Safety
/// `out` must be valid for writing.
unsafe fn give(out: *mut abi::TensorHandle, tensor: Option<Tensor>) {
    let handle = tensor.map_or(std::ptr::null_mut(), |mut tensor| {
        let pointer = tensor.as_mut_ptr();
        std::mem::forget(tensor);
        pointer.cast()
    });
    // SAFETY: the caller's promise.
    unsafe { out.write(handle) };
}

unsafe extern "C" fn effective_weight(
    data: *mut c_void,
    ctx: *mut abi::Ctx,
    param: u32,
    weight: abi::TensorHandle,
    out: *mut abi::TensorHandle,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: the host passes what `train_with` gave it, and lends a live tensor.
    unsafe {
        enter(data, ctx, err, |hooks, run| {
            let weight = Tensor::clone_from_ptr(weight.cast::<C_tensor>());
            give(out, hooks.effective_weight(run, param, &weight)?);
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn extra_loss(
    data: *mut c_void,
    ctx: *mut abi::Ctx,
    step: u64,
    out: *mut abi::TensorHandle,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: the host passes what `train_with` gave it.
    unsafe {
        enter(data, ctx, err, |hooks, run| {
            give(out, hooks.extra_loss(run, step)?);
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn after_backward(
    data: *mut c_void,
    ctx: *mut abi::Ctx,
    step: u64,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: the host passes what `train_with` gave it.
    unsafe {
        enter(data, ctx, err, |hooks, run| {
            Ok(match hooks.after_backward(run, step)? {
                StepAction::Step => abi::OK,
                StepAction::Skip => abi::SKIP_STEP,
            })
        })
    }
}

unsafe extern "C" fn after_step(
    data: *mut c_void,
    ctx: *mut abi::Ctx,
    step: u64,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: the host passes what `train_with` gave it.
    unsafe {
        enter(data, ctx, err, |hooks, run| {
            hooks.after_step(run, step)?;
            Ok(if hooks.is_done(run, step)? { abi::STOP_TRAINING } else { abi::OK })
        })
    }
}
