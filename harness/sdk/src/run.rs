//! The running call: everything that a method may ask of the host.

use std::cell::RefCell;
use std::ffi::{CStr, c_void};
use std::marker::PhantomData;

use secateur_abi as abi;
use tch::Tensor;
use torch_sys::C_tensor;

use crate::error::{Error, ErrorKind, Result};
use crate::hooks::{Hooked, TrainHooks, hook_table};
use crate::method::Scope;
use crate::param::Param;

/// What `prune` is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    raw: &'a abi::Request,
}

/// One budget to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Fraction that remains: of the prunable weights, or of what the suite counts of channels.
    pub keep: f64,
    /// The integer to reach.
    pub count: u64,
    /// The achieved count may differ by no more than this.
    pub tolerance: u64,
}

impl<'a> Request<'a> {
    pub(crate) fn new(raw: &'a abi::Request) -> Self {
        Self { raw }
    }

    /// Targets with descending keep: an iterative method passes them one after the other.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        // SAFETY: the host lends `n_targets` targets for the call of `prune`, during which the request exists.
        let raw = unsafe { slice(self.raw.targets, self.raw.n_targets as usize) };
        raw.iter().map(|t| Target { keep: t.keep, count: t.count, tolerance: t.tolerance }).collect()
    }

    /// The trial's seed. [`Run::seed`] derives one per purpose from it.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.raw.seed
    }
}

/// Tables of host functions, found once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tables {
    run: &'static abi::ExtRun,
    pub(crate) graph: &'static abi::ExtGraph,
    model: &'static abi::ExtModel,
    pub(crate) calibration: &'static abi::ExtCalibration,
    pub(crate) plan: &'static abi::ExtPlan,
    train: &'static abi::ExtTrain,
    /// On tasks with boxes only.
    pub(crate) boxes: Option<&'static abi::ExtBoxes>,
}

impl Tables {
    /// # Safety
    /// The host must be valid for as long as the process lives.
    pub(crate) unsafe fn of(host: *const abi::Host) -> Result<Self> {
        // SAFETY: the caller's promise; tables live as long as the host.
        unsafe {
            Ok(Self {
                run: table(host, abi::EXT_RUN)?,
                graph: table(host, abi::EXT_GRAPH)?,
                model: table(host, abi::EXT_MODEL)?,
                calibration: table(host, abi::EXT_CALIBRATION)?,
                plan: table(host, abi::EXT_PLAN)?,
                train: table(host, abi::EXT_TRAIN)?,
                boxes: optional_table(host, abi::EXT_BOXES)?,
            })
        }
    }
}

/// # Safety
/// As [`Tables::of`].
unsafe fn table<T>(host: *const abi::Host, id: &CStr) -> Result<&'static T> {
    // SAFETY: the caller's promise.
    let table = unsafe { optional_table(host, id)? };
    table.ok_or_else(|| Error::unsupported(format!("the host has no {}", id.to_string_lossy())))
}

/// # Safety
/// As [`Tables::of`].
unsafe fn optional_table<T>(host: *const abi::Host, id: &CStr) -> Result<Option<&'static T>> {
    // SAFETY: the caller's promise.
    let pointer = unsafe { ((*host).get_extension)(host, id.as_ptr()) };
    // SAFETY: every extension's table starts with its size.
    let Some(size) = (unsafe { pointer.cast::<u32>().as_ref() }) else { return Ok(None) };
    if (*size as usize) < size_of::<T>() {
        return Err(Error::unsupported(format!(
            "the host's {} is older than this plugin",
            id.to_string_lossy()
        )));
    }
    // SAFETY: large enough, static, and of this type by its identifier.
    Ok(Some(unsafe { &*pointer.cast::<T>() }))
}

/// What the suite allows this call, and what is left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowance {
    /// Pictures in a training batch; 0 without an allowance.
    pub batch: u32,
    /// Training samples in all; a forward-only sample counts a third.
    pub total_samples: u64,
    /// Training samples left.
    pub left_samples: u64,
    /// Training steps in one pass over the training split.
    pub steps_per_epoch: u64,
    /// Seconds before the stage's time limit.
    pub left_seconds: f64,
}

impl Allowance {
    /// Training steps left.
    #[must_use]
    pub fn left_steps(&self) -> u64 {
        if self.batch == 0 { 0 } else { self.left_samples / u64::from(self.batch) }
    }

    /// Steps of each of so many equal trainings within a fraction of what is left; 0 without trainings.
    #[must_use]
    pub fn steps_each(&self, fraction: f64, trainings: u64) -> u64 {
        ((self.left_steps() as f64 * fraction) as u64).checked_div(trainings).unwrap_or(0)
    }
}

/// Cost of the plan so far, as fractions of the dense network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Prunable weights.
    pub weights: f64,
    /// All parameters.
    pub params: f64,
    /// Multiply-accumulates.
    pub macs: f64,
    /// Channels of the suite's set.
    pub channels: f64,
}

/// A batch of pictures.
#[derive(Debug)]
pub struct Batch {
    /// f32 `[n, c, h, w]`, normalized.
    pub input: Tensor,
    /// Classes i64 `[n]`; on a task with boxes ([`Run::has_boxes`]) a row for each object, f32 `[m, 6]`: index of the
    /// picture in the batch, class (from 0, no background), x1, y1, x2, y2 in pixels of the input.
    pub target: Tensor,
}

/// How to train.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainOptions {
    /// Optimizer steps.
    pub steps: u64,
    /// Factor on the recipe's learning rate.
    pub lr_scale: f64,
    /// Begin the learning-rate schedule anew, over these steps.
    pub restart_schedule: bool,
    /// Forget the optimizer's state first.
    pub reset_optimizer: bool,
}

impl TrainOptions {
    /// So many steps of the schedule that is going on.
    #[must_use]
    pub fn steps(steps: u64) -> Self {
        Self { steps, lr_scale: 1.0, restart_schedule: false, reset_optimizer: false }
    }

    /// So many steps as a training of their own: schedule and optimizer begin anew.
    #[must_use]
    pub fn afresh(steps: u64) -> Self {
        Self { restart_schedule: true, reset_optimizer: true, ..Self::steps(steps) }
    }
}

/// What training did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trained {
    /// Steps trained: fewer than asked for if [`TrainHooks::is_done`] said so.
    pub steps: u64,
    /// Mean loss of the batches.
    pub loss: f64,
    /// Fraction of right answers on the training batches.
    pub accuracy: f64,
}

/// The running call of `prune`. It belongs to the thread that runs it.
#[derive(Debug)]
pub struct Run<'a> {
    pub(crate) ctx: *mut abi::Ctx,
    pub(crate) tables: Tables,
    _call: PhantomData<&'a ()>,
}

impl Run<'_> {
    /// # Safety
    /// `ctx` must be the context of the running call, on its thread, for as long as the result lives.
    pub(crate) unsafe fn new(ctx: *mut abi::Ctx, tables: Tables) -> Self {
        Self { ctx, tables, _call: PhantomData }
    }

    /// Calls the host with an error sink.
    pub(crate) fn call(
        &self,
        body: impl FnOnce(*mut abi::Ctx, *const abi::ErrorSink) -> abi::Status,
    ) -> Result<abi::Status> {
        let message = RefCell::new(String::new());
        let sink = abi::ErrorSink { ctx: (&raw const message).cast_mut().cast(), set: receive };
        let status = body(self.ctx, &raw const sink);
        if status >= 0 { Ok(status) } else { Err(Error::of_status(status, message.into_inner())) }
    }

    pub(crate) fn tensor(
        &self,
        body: impl FnOnce(*mut abi::Ctx, *mut abi::TensorHandle, *const abi::ErrorSink) -> abi::Status,
    ) -> Result<Option<Tensor>> {
        let mut out: abi::TensorHandle = std::ptr::null_mut();
        self.call(|ctx, err| body(ctx, &raw mut out, err))?;
        // SAFETY: what comes out belongs to the caller, by contract.
        Ok((!out.is_null()).then(|| unsafe { Tensor::from_ptr(out.cast::<C_tensor>()) }))
    }

    /// All parameters, in the order of the network.
    #[must_use]
    pub fn params(&self) -> Vec<Param<'_>> {
        // SAFETY: the context is that of the running call; the pointers live until it returns.
        unsafe {
            let count = (self.tables.graph.param_count)(self.ctx);
            let pointers = (0..count).map(|index| (self.tables.graph.param)(self.ctx, index));
            pointers.filter_map(|pointer| pointer.as_ref()).map(Param::new).collect()
        }
    }

    /// The suite's prunable set, in the order of the network.
    #[must_use]
    pub fn prunable(&self) -> Vec<Param<'_>> {
        self.params().into_iter().filter(Param::is_prunable).collect()
    }

    /// Name and operation of every node (`conv2d`, `batch_norm`, `relu`, `add`, ...), in topological order.
    #[must_use]
    pub fn nodes(&self) -> Vec<(String, String)> {
        // SAFETY: as in `params`.
        unsafe {
            let count = (self.tables.graph.node_count)(self.ctx);
            let nodes = (0..count).filter_map(|index| (self.tables.graph.node)(self.ctx, index).as_ref());
            nodes.map(|node| (text(node.name).to_owned(), text(node.op).to_owned())).collect()
        }
    }

    /// Index of a node by name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<u32> {
        // SAFETY: as in `params`.
        unsafe {
            let count = (self.tables.graph.node_count)(self.ctx);
            (0..count).find(|index| {
                let node = (self.tables.graph.node)(self.ctx, *index).as_ref();
                node.is_some_and(|node| text(node.name) == name)
            })
        }
    }

    /// The live weight: an alias, to be written to only by methods with [`crate::Flags::WRITES_WEIGHTS`].
    ///
    /// # Errors
    /// Fails if the host does.
    pub fn weight(&self, param: &Param<'_>) -> Result<Tensor> {
        // SAFETY: the host's function with the running context.
        let tensor =
            self.tensor(|ctx, out, err| unsafe { (self.tables.model.param)(ctx, param.id(), out, err) })?;
        tensor.ok_or_else(|| Error::new(ErrorKind::Internal, "the host gave no tensor"))
    }

    /// The gradient, if there is one.
    ///
    /// # Errors
    /// Fails if the host does.
    pub fn grad(&self, param: &Param<'_>) -> Result<Option<Tensor>> {
        // SAFETY: as in `weight`.
        self.tensor(|ctx, out, err| unsafe { (self.tables.model.grad)(ctx, param.id(), out, err) })
    }

    /// The value at `start`, at a name given to [`Run::save`], or at what the upstream kept (`init`, `step:500`).
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if there is no such checkpoint.
    pub fn weight_at(&self, param: &Param<'_>, checkpoint: &str) -> Result<Tensor> {
        let name = abi::Str::new(checkpoint);
        // SAFETY: as in `weight`; the name outlives the call.
        let tensor =
            self.tensor(|ctx, out, err| unsafe { (self.tables.model.at)(ctx, param.id(), name, out, err) })?;
        tensor.ok_or_else(|| Error::new(ErrorKind::Internal, "the host gave no tensor"))
    }

    /// The mask as it stands (bool, true where the weight stays); `None` if there is none.
    ///
    /// # Errors
    /// Fails if the host does.
    pub fn mask(&self, param: &Param<'_>) -> Result<Option<Tensor>> {
        // SAFETY: as in `weight`.
        self.tensor(|ctx, out, err| unsafe { (self.tables.plan.mask)(ctx, param.id(), out, err) })
    }

    /// Sets a mask (any kind, non-zero stays) or lifts it. Also allowed in hooks.
    ///
    /// # Errors
    /// Fails on another shape, or on a parameter outside of the prunable set.
    pub fn set_mask(&self, param: &Param<'_>, mask: Option<&Tensor>) -> Result<()> {
        let handle = mask.map_or(std::ptr::null_mut(), lend);
        // SAFETY: as in `weight`; the mask is lent for the call.
        self.call(|ctx, err| unsafe { (self.tables.plan.mask_param)(ctx, param.id(), handle, err) })?;
        Ok(())
    }

    /// Gives the host scores for [`Run::select`], of the parameter's shape; higher is kept.
    ///
    /// # Errors
    /// Fails on another shape, or on a parameter outside of the prunable set.
    pub fn set_scores(&self, param: &Param<'_>, scores: &Tensor) -> Result<()> {
        // SAFETY: as in `weight`; the scores are lent for the call.
        self.call(|ctx, err| unsafe {
            (self.tables.plan.weight_scores)(ctx, param.id(), lend(scores), err)
        })?;
        Ok(())
    }

    /// The host keeps exactly `count` weights with the highest scores, ties broken by index, and sets the masks.
    ///
    /// # Errors
    /// Fails if a prunable parameter has no scores, or a score is NaN.
    pub fn select(&self, scope: Scope, count: u64) -> Result<()> {
        // SAFETY: as in `weight`.
        self.call(|ctx, err| unsafe { (self.tables.plan.select)(ctx, scope.code(), count, err) })?;
        Ok(())
    }

    /// Network and masks as they stand are the answer to target number `index`.
    ///
    /// # Errors
    /// Fails if the masks do not keep the target's count.
    pub fn emit(&self, index: usize) -> Result<()> {
        // SAFETY: as in `weight`.
        self.call(|ctx, err| unsafe { (self.tables.plan.emit)(ctx, index as u32, err) })?;
        Ok(())
    }

    /// Lifts the masks of all prunable parameters. What they removed stays zero until [`Run::rewind_to`].
    ///
    /// # Errors
    /// Fails if the host does.
    pub fn lift_masks(&self) -> Result<()> {
        self.prunable().iter().try_for_each(|param| self.set_mask(param, None))
    }

    /// What the plan so far would cost.
    ///
    /// # Errors
    /// Fails if the host does.
    pub fn cost(&self) -> Result<Cost> {
        let mut out = abi::PlanCost { struct_size: size_of::<abi::PlanCost>() as u32, ..Default::default() };
        // SAFETY: as in `weight`; the structure says its capacity.
        self.call(|ctx, err| unsafe { (self.tables.plan.cost)(ctx, &raw mut out, err) })?;
        Ok(Cost { weights: out.weights, params: out.params, macs: out.macs, channels: out.channels })
    }

    /// What the suite allows, and what is left.
    ///
    /// # Errors
    /// Fails if the host does.
    pub fn allowance(&self) -> Result<Allowance> {
        let mut out =
            abi::Allowance { struct_size: size_of::<abi::Allowance>() as u32, ..Default::default() };
        // SAFETY: as in `cost`.
        self.call(|ctx, err| unsafe { (self.tables.run.allowance)(ctx, &raw mut out, err) })?;
        Ok(Allowance {
            batch: out.batch,
            total_samples: out.total_samples,
            left_samples: out.left_samples,
            steps_per_epoch: out.steps_per_epoch,
            left_seconds: out.left_seconds,
        })
    }

    /// A seed for a purpose; the same label gives the same seed.
    #[must_use]
    pub fn seed(&self, label: &str) -> u64 {
        // SAFETY: as in `weight`; the label outlives the call.
        unsafe { (self.tables.run.seed)(self.ctx, abi::Str::new(label)) }
    }

    /// Whether the host asked to stop. Cheap; every other call answers [`ErrorKind::Cancelled`] from then on.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        // SAFETY: as in `weight`.
        unsafe { (self.tables.run.cancelled)(self.ctx) != 0 }
    }

    /// Tells how far the method is.
    pub fn progress(&self, done: u64, total: u64, what: &str) {
        // SAFETY: as in `seed`.
        unsafe { (self.tables.run.progress)(self.ctx, done, total, abi::Str::new(what)) }
    }

    /// Trains with the suite's recipe and the masks as they stand. Every sample counts against the allowance.
    ///
    /// # Errors
    /// [`ErrorKind::Exhausted`] if the allowance does not reach for all steps; then nothing is trained.
    pub fn train(&self, options: TrainOptions) -> Result<Trained> {
        self.train_raw(options, std::ptr::null(), std::ptr::null_mut(), &[], &[], 0.0)
    }

    /// As [`Run::train`], with hooks.
    ///
    /// # Errors
    /// As [`Run::train`], and what a hook returns.
    pub fn train_with(&self, options: TrainOptions, hooks: &mut dyn TrainHooks) -> Result<Trained> {
        let effective = hooks.effective_params();
        let (extra, extra_weight_decay) = hooks.extra_params();
        let handles: Vec<abi::TensorHandle> = extra.iter().map(lend).collect();
        let table = hook_table();
        let mut hooked = Hooked::new(hooks, self.tables);
        let data = (&raw mut hooked).cast::<c_void>();
        self.train_raw(options, &raw const table, data, &effective, &handles, extra_weight_decay)
    }

    fn train_raw(
        &self,
        options: TrainOptions,
        hooks: *const abi::TrainHooks,
        hooks_data: *mut c_void,
        effective: &[u32],
        extra: &[abi::TensorHandle],
        extra_weight_decay: f64,
    ) -> Result<Trained> {
        let mut flags = 0;
        if options.restart_schedule {
            flags |= abi::TRAIN_RESTART_SCHEDULE;
        }
        if options.reset_optimizer {
            flags |= abi::TRAIN_RESET_OPTIMIZER;
        }
        let request = abi::TrainRequest {
            struct_size: size_of::<abi::TrainRequest>() as u32,
            flags,
            steps: options.steps,
            lr_scale: options.lr_scale,
            hooks,
            hooks_data,
            effective_params: effective.as_ptr(),
            n_effective_params: effective.len() as u64,
            extra_params: extra.as_ptr(),
            n_extra_params: extra.len() as u64,
            extra_weight_decay,
        };
        let mut out =
            abi::TrainResult { struct_size: size_of::<abi::TrainResult>() as u32, ..Default::default() };
        // SAFETY: request, hooks and tensors are lent for the call; the result says its capacity.
        self.call(|ctx, err| unsafe {
            (self.tables.train.train)(ctx, &raw const request, &raw mut out, err)
        })?;
        Ok(Trained { steps: out.steps, loss: out.loss, accuracy: out.metric })
    }

    /// In hooks: the batch of this step.
    ///
    /// # Errors
    /// Fails outside of hooks.
    pub fn step_batch(&self) -> Result<Batch> {
        self.batch(|ctx, input, target, err| {
            // SAFETY: as in `weight`.
            unsafe { (self.tables.train.step_batch)(ctx, input, target, err) }
        })?
        .ok_or_else(|| Error::new(ErrorKind::Internal, "the host gave no batch"))
    }

    pub(crate) fn batch(
        &self,
        body: impl FnOnce(
            *mut abi::Ctx,
            *mut abi::TensorHandle,
            *mut abi::TensorHandle,
            *const abi::ErrorSink,
        ) -> abi::Status,
    ) -> Result<Option<Batch>> {
        let mut input: abi::TensorHandle = std::ptr::null_mut();
        let mut target: abi::TensorHandle = std::ptr::null_mut();
        let status = self.call(|ctx, err| body(ctx, &raw mut input, &raw mut target, err))?;
        if status == abi::DONE || input.is_null() || target.is_null() {
            return Ok(None);
        }
        // SAFETY: what comes out belongs to the caller, by contract.
        unsafe {
            Ok(Some(Batch {
                input: Tensor::from_ptr(input.cast::<C_tensor>()),
                target: Tensor::from_ptr(target.cast::<C_tensor>()),
            }))
        }
    }

    /// Forgets the optimizer's momentum of a parameter where `mask` is true.
    ///
    /// # Errors
    /// Fails on another shape.
    pub fn reset_optimizer(&self, param: &Param<'_>, mask: &Tensor) -> Result<()> {
        // SAFETY: as in `set_mask`.
        self.call(|ctx, err| unsafe {
            (self.tables.train.reset_optimizer)(ctx, param.id(), lend(mask), err)
        })?;
        Ok(())
    }

    /// Accuracy and mean loss on the validation split.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if the task has no validation pictures.
    pub fn evaluate(&self) -> Result<(f64, f64)> {
        let (mut metric, mut loss) = (0.0, 0.0);
        // SAFETY: as in `weight`; the numbers outlive the call.
        self.call(|ctx, err| unsafe {
            (self.tables.train.evaluate)(ctx, &raw mut metric, &raw mut loss, err)
        })?;
        Ok((metric, loss))
    }

    /// Estimates the batch-norm statistics anew on so many training pictures.
    ///
    /// # Errors
    /// [`ErrorKind::Exhausted`] if the allowance does not reach.
    pub fn recalibrate(&self, samples: u64) -> Result<()> {
        // SAFETY: as in `weight`.
        self.call(|ctx, err| unsafe { (self.tables.train.recalibrate)(ctx, samples, err) })?;
        Ok(())
    }

    /// Keeps weights, statistics and optimizer state under a name.
    ///
    /// # Errors
    /// Fails if the name is one of the host's.
    pub fn save(&self, name: &str) -> Result<()> {
        // SAFETY: as in `weight`; the name outlives the call.
        self.call(|ctx, err| unsafe { (self.tables.train.save)(ctx, abi::Str::new(name), err) })?;
        Ok(())
    }

    /// Sets weights, statistics and optimizer back to `start`, a saved name, or what the upstream kept. Masks stay.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if there is no such checkpoint.
    pub fn rewind_to(&self, name: &str) -> Result<()> {
        // SAFETY: as in `save`.
        self.call(|ctx, err| unsafe { (self.tables.train.rewind_to)(ctx, abi::Str::new(name), err) })?;
        Ok(())
    }
}

/// Lends a tensor for a call.
pub(crate) fn lend(tensor: &Tensor) -> abi::TensorHandle {
    tensor.as_ptr().cast_mut().cast()
}

unsafe extern "C" fn receive(ctx: *mut c_void, _: abi::Status, message: abi::Str, _: abi::Str) {
    // SAFETY: `ctx` is the cell in `Run::call`, and the text is valid for this call.
    unsafe {
        if let Ok(mut slot) = (*ctx.cast::<RefCell<String>>()).try_borrow_mut() {
            text(message).clone_into(&mut slot);
        }
    }
}

/// # Safety
/// The text must be valid for the lifetime that the caller gives the result.
pub(crate) unsafe fn text<'a>(text: abi::Str) -> &'a str {
    // SAFETY: the caller's promise.
    let bytes = unsafe { slice(text.ptr.cast::<u8>(), text.len) };
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// # Safety
/// The pointer must be valid for `length` entries for the lifetime that the caller gives the result, or the length 0.
pub(crate) unsafe fn slice<'a, T>(pointer: *const T, length: usize) -> &'a [T] {
    if pointer.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(pointer, length) }
}
