//! `secateur.host.train/1`: training with the suite's recipe, and hooks into it.

use std::ffi::c_void;
use std::ops::ControlFlow;

use secateur_abi as abi;
use secateur_engine::{
    Captured, Error, ExtraParam, Model, Position, StepChoice, StepHooks, Trainer, recalibrate as anew,
};
use tch::Tensor;

use crate::callback::{Answer, Failure, Sink, answer, expect, give, put, string, take};
use crate::run::fill;
use crate::session::{Meters, Session};

pub(crate) static TRAIN: abi::ExtTrain = abi::ExtTrain {
    struct_size: size_of::<abi::ExtTrain>() as u32,
    reserved: 0,
    train,
    step_batch,
    reset_optimizer,
    evaluate,
    recalibrate,
    save,
    rewind_to,
};

/// A plugin's hooks during one call of `train`.
struct PluginHooks<'a, 'b> {
    session: &'a Session<'b>,
    table: Option<&'a abi::TrainHooks>,
    data: *mut c_void,
    effective: Vec<u32>,
    failure: Option<Failure>,
}

impl PluginHooks<'_, '_> {
    /// Calls into the plugin and keeps its failure; the engine sees only that there was one.
    fn call(
        &mut self,
        purpose: &str,
        body: impl FnOnce(*mut abi::Ctx, *const abi::ErrorSink) -> abi::Status,
    ) -> secateur_engine::Result<abi::Status> {
        let sink = Sink::default();
        let error_sink = sink.as_abi();
        let ctx = std::ptr::from_ref(self.session).cast_mut().cast::<abi::Ctx>();
        let status = self.session.enter_plugin(purpose, || body(ctx, &raw const error_sink));
        if status >= 0 {
            return Ok(status);
        }
        let message = sink.message(status);
        if status == abi::E_PANIC {
            self.session.poison(&message);
        }
        self.failure = Some(Failure::new(status, message.clone()));
        Err(Error::Hook(message))
    }
}

impl StepHooks for PluginHooks<'_, '_> {
    fn before_step(&mut self, _: u64) -> secateur_engine::Result<()> {
        if self.session.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }

    fn effective_weights(&mut self, model: &Model) -> secateur_engine::Result<Option<Vec<Option<Tensor>>>> {
        let Some(hook) = self.table.and_then(|table| table.effective_weight) else { return Ok(None) };
        if self.effective.is_empty() {
            return Ok(None);
        }
        let mut all: Vec<Option<Tensor>> = (0..model.params().len()).map(|_| None).collect();
        for id in self.effective.clone() {
            let weight = model.params()[id as usize].shallow_clone();
            let mut out: abi::TensorHandle = std::ptr::null_mut();
            let data = self.data;
            self.call("hook/effective-weight", |ctx, err| {
                // SAFETY: the hook and its data live for this call of `train`, by contract; the weight is lent.
                unsafe { hook(data, ctx, id, weight.as_ptr().cast_mut().cast(), &raw mut out, err) }
            })?;
            // SAFETY: the plugin gives the tensor away, by contract.
            let Some(tensor) = (unsafe { take(out) }) else { continue };
            if tensor.size() != weight.size() {
                let what = format!("the effective weight of parameter {id}");
                return Err(Error::Shape { what, found: tensor.size(), expected: weight.size() });
            }
            all[id as usize] = Some(tensor);
        }
        Ok(Some(all))
    }

    fn captured(&self) -> Option<&Captured> {
        (!self.session.captured.is_empty()).then_some(&self.session.captured)
    }

    fn batch(&mut self, input: &Tensor, target: &Tensor) {
        *self.session.step_batch.borrow_mut() = Some((input.shallow_clone(), target.shallow_clone()));
    }

    fn extra_loss(&mut self, step: u64) -> secateur_engine::Result<Option<Tensor>> {
        let Some(hook) = self.table.and_then(|table| table.extra_loss) else { return Ok(None) };
        let mut out: abi::TensorHandle = std::ptr::null_mut();
        let data = self.data;
        self.call("hook/extra-loss", |ctx, err| {
            // SAFETY: the hook and its data live for this call of `train`, by contract.
            unsafe { hook(data, ctx, step, &raw mut out, err) }
        })?;
        // SAFETY: the plugin gives the tensor away, by contract.
        Ok(unsafe { take(out) })
    }

    fn after_backward(&mut self, step: u64) -> secateur_engine::Result<StepChoice> {
        let Some(hook) = self.table.and_then(|table| table.after_backward) else {
            return Ok(StepChoice::Step);
        };
        let data = self.data;
        let status = self.call("hook/after-backward", |ctx, err| {
            // SAFETY: the hook and its data live for this call of `train`, by contract.
            unsafe { hook(data, ctx, step, err) }
        })?;
        Ok(if status == abi::SKIP_STEP { StepChoice::Skip } else { StepChoice::Step })
    }

    fn after_step(&mut self, step: u64) -> secateur_engine::Result<ControlFlow<()>> {
        let Some(hook) = self.table.and_then(|table| table.after_step) else {
            return Ok(ControlFlow::Continue(()));
        };
        let data = self.data;
        let status = self.call("hook/after-step", |ctx, err| {
            // SAFETY: the hook and its data live for this call of `train`, by contract.
            unsafe { hook(data, ctx, step, err) }
        })?;
        Ok(if status == abi::STOP_TRAINING { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

impl Session<'_> {
    fn not_in_hook(&self, what: &str) -> Answer<()> {
        if self.in_training.get() {
            return Err(Failure::invalid(format!("{what} cannot be called in a hook")));
        }
        Ok(())
    }

    /// Forgets what the training pictures remember of earlier steps, which the weights do not follow from any more.
    fn begin_memory(&self) {
        if let Some(memory) = self.setup.train.memory() {
            memory.begin();
        }
    }

    /// # Safety
    /// The request and everything it points to must be valid for this call, as the contract says.
    unsafe fn train(&self, request: &abi::TrainRequest) -> Answer<abi::TrainResult> {
        self.not_in_hook("train")?;
        let recipe = self
            .setup
            .recipe
            .ok_or_else(|| Failure::new(abi::E_EXHAUSTED, "this track has no allowance for training"))?;
        if !(request.lr_scale.is_finite() && request.lr_scale >= 0.0) {
            return Err(Failure::invalid(format!("lr_scale is {}", request.lr_scale)));
        }
        let cost =
            |steps| Meters { train_samples: steps * u64::from(recipe.batch), steps, ..Meters::default() };
        self.charge(cost(request.steps))?;
        // SAFETY: the caller's promise.
        let (table, effective, extra_handles) = unsafe {
            (
                request.hooks.as_ref(),
                slice(request.effective_params, request.n_effective_params),
                slice(request.extra_params, request.n_extra_params),
            )
        };
        if let Some(table) = table
            && (table.struct_size as usize) < size_of::<abi::TrainHooks>()
        {
            return Err(Failure::invalid(format!(
                "the hooks take {} bytes, fewer than ABI 1.0's",
                table.struct_size
            )));
        }
        for id in effective {
            self.param(*id)?;
        }
        let mut extra = Vec::new();
        for handle in extra_handles {
            // SAFETY: lent by the plugin for this call.
            let tensor = unsafe { expect(*handle, "an extra parameter") }?;
            if !tensor.requires_grad() {
                return Err(Failure::invalid("an extra parameter does not require gradients"));
            }
            extra.push(ExtraParam::new(tensor, request.extra_weight_decay));
        }
        let reset = request.flags & abi::TRAIN_RESET_OPTIMIZER != 0;
        let restart = request.flags & abi::TRAIN_RESTART_SCHEDULE != 0;
        if reset {
            self.sgd.reset();
        }
        // Before the first training there may have been calibration, and weights may have gone since.
        if reset || restart || self.next_batch.get() == 0 {
            self.begin_memory();
        }
        let (schedule_step, schedule_total) = if restart { (0, request.steps) } else { self.schedule.get() };
        let position = Position {
            batch: self.next_batch.get(),
            schedule_step,
            schedule_total,
            lr_scale: request.lr_scale,
        };
        let trainer = Trainer {
            model: self.model(),
            sgd: &self.sgd,
            data: self.setup.train,
            recipe,
            streams: self.setup.streams.fork("train"),
        };
        let mut hooks = PluginHooks {
            session: self,
            table,
            data: request.hooks_data,
            effective: effective.to_vec(),
            failure: None,
        };
        self.in_training.set(true);
        let result = trainer.train(position, request.steps, &extra, &mut hooks);
        self.in_training.set(false);
        *self.step_batch.borrow_mut() = None;
        let summary = match result {
            Ok(summary) => summary,
            Err(error) => return Err(hooks.failure.take().unwrap_or_else(|| error.into())),
        };
        // A hook may have stopped the training.
        self.give_back(cost(request.steps - summary.steps));
        self.next_batch.set(self.next_batch.get() + summary.steps);
        self.schedule.set((schedule_step + summary.steps, schedule_total));
        Ok(abi::TrainResult {
            struct_size: size_of::<abi::TrainResult>() as u32,
            reserved: 0,
            steps: summary.steps,
            loss: summary.loss,
            metric: summary.accuracy,
        })
    }
}

/// # Safety
/// The pointer must be valid for `count` entries, or the count zero.
unsafe fn slice<'a, T>(pointer: *const T, count: u64) -> &'a [T] {
    if pointer.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(pointer, count as usize) }
}

unsafe extern "C" fn train(
    ctx: *mut abi::Ctx,
    request: *const abi::TrainRequest,
    out: *mut abi::TrainResult,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, and the request is valid for this call, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let request = request.as_ref().ok_or_else(|| Failure::invalid("the request is null"))?;
            if (request.struct_size as usize) < size_of::<abi::TrainRequest>() {
                return Err(Failure::invalid(format!(
                    "the request takes {} bytes, fewer than ABI 1.0's",
                    request.struct_size
                )));
            }
            let result = session.train(request)?;
            if out.is_null() {
                return Ok(abi::OK);
            }
            fill(out, result, |result| result.struct_size)
        })
    }
}

unsafe extern "C" fn step_batch(
    ctx: *mut abi::Ctx,
    input: *mut abi::TensorHandle,
    target: *mut abi::TensorHandle,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let batch = session.step_batch.borrow();
            let (pictures, labels) =
                batch.as_ref().ok_or_else(|| Failure::invalid("there is a step's batch in hooks only"))?;
            put(input, give(pictures.shallow_clone()))?;
            put(target, give(labels.shallow_clone()))?;
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn reset_optimizer(
    ctx: *mut abi::Ctx,
    id: u32,
    mask: abi::TensorHandle,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, and the handle is live, by contract.
    unsafe {
        answer(ctx, err, |session| {
            session.sgd.reset_where(session.param(id)?, &expect(mask, "the mask")?)?;
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn evaluate(
    ctx: *mut abi::Ctx,
    metric: *mut f64,
    loss: *mut f64,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let set = session.setup.validation;
            if set.is_empty() {
                return Err(Failure::new(abi::E_UNSUPPORTED, "this task has no validation pictures"));
            }
            session.charge(Meters { forward_samples: set.len() as u64, ..Meters::default() })?;
            let result = set.score(session.model())?;
            if !metric.is_null() {
                put(metric, result.metric)?;
            }
            if !loss.is_null() {
                put(loss, result.loss)?;
            }
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn recalibrate(
    ctx: *mut abi::Ctx,
    samples: u64,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| {
            session.not_in_hook("recalibrate")?;
            session.charge(Meters { forward_samples: samples, ..Meters::default() })?;
            anew(session.model(), session.setup.train, samples, &session.setup.streams)?;
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn save(ctx: *mut abi::Ctx, name: abi::Str, err: *const abi::ErrorSink) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| {
            session.not_in_hook("save")?;
            let name = string(name)?;
            if name == "start" || session.setup.upstream.contains_key(&name) {
                return Err(Failure::invalid(format!("`{name}` is the name of a checkpoint of the host")));
            }
            let state = secateur_engine::State::of(session.model(), Some(&session.sgd));
            session.saved.borrow_mut().insert(name, std::rc::Rc::new(state));
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn rewind_to(
    ctx: *mut abi::Ctx,
    name: abi::Str,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| {
            session.not_in_hook("rewind_to")?;
            session.with_state(&string(name)?, |state| {
                Ok(state.restore_weights(session.model(), Some(&session.sgd))?)
            })?;
            session.begin_memory();
            Ok(abi::OK)
        })
    }
}
