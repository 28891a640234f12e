//! `secateur.host.calibration/1`: pictures, forward and backward passes outside of training.

use secateur_abi as abi;
use secateur_engine::{Capture, Examples, Pass};
use secateur_network::NodeId;
use tch::Tensor;

use crate::callback::{Answer, Failure, answer, expect, give, put};
use crate::session::{Meters, Session};

pub(crate) static CALIBRATION: abi::ExtCalibration = abi::ExtCalibration {
    struct_size: size_of::<abi::ExtCalibration>() as u32,
    reserved: 0,
    rewind,
    next,
    forward,
    loss,
    backward,
    zero_grad,
    capture,
    captured,
    forward_to,
};

impl Session<'_> {
    fn calibration_set(&self, validation: bool) -> &dyn Examples {
        if validation { self.setup.validation } else { self.setup.train }
    }

    fn rewind_data(&self, split: u32, batch: u32, per_class: u32) -> Answer<()> {
        let validation = match split {
            abi::SPLIT_TRAIN => false,
            abi::SPLIT_VALIDATION => true,
            other => return Err(Failure::invalid(format!("there is no split {other}"))),
        };
        let set = self.calibration_set(validation);
        if set.is_empty() {
            return Err(Failure::new(abi::E_UNSUPPORTED, "this task has no validation pictures"));
        }
        if batch == 0 {
            return Err(Failure::invalid("a batch needs at least one picture"));
        }
        let mut order = self.setup.streams.permutation("calibration", 0, set.len());
        if per_class > 0 {
            let classes = set.classes_of_pictures()?;
            let mut taken = std::collections::BTreeMap::new();
            // A picture with objects of several classes counts for each, and is taken while one of them lacks pictures.
            order.retain(|index| {
                let own = &classes[*index as usize];
                let lacks = own.iter().any(|class| *taken.entry(*class).or_insert(0) < per_class);
                if lacks {
                    own.iter().for_each(|class| *taken.entry(*class).or_insert(0) += 1);
                }
                lacks
            });
        }
        order.reverse();
        let untrained = validation || self.next_batch.get() == 0;
        if let Some(memory) = set.memory().filter(|_| untrained) {
            // Nothing has trained on these pictures, so that what they remember must be of the network as it is now.
            memory.begin();
        }
        let mut reader = self.reader.borrow_mut();
        reader.validation = validation;
        reader.batch = batch as usize;
        reader.left = order;
        reader.ready = true;
        Ok(())
    }

    fn next_batch_of_data(&self) -> Answer<Option<(Tensor, Tensor)>> {
        let (validation, indices) = {
            let mut reader = self.reader.borrow_mut();
            if !reader.ready {
                return Err(Failure::invalid("call rewind first"));
            }
            let rest = reader.left.len().saturating_sub(reader.batch);
            let mut indices = reader.left.split_off(rest);
            indices.reverse();
            (reader.validation, indices)
        };
        if indices.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.calibration_set(validation).gather(&indices)?))
    }

    fn run_forward(&self, input: &Tensor, flags: u32, until: Option<NodeId>) -> Answer<Tensor> {
        let samples = input.size().first().copied().unwrap_or(0).max(0) as u64;
        self.charge(Meters { forward_samples: samples, ..Meters::default() })?;
        let _guard = (flags & abi::FWD_NO_GRAD != 0).then(tch::no_grad_guard);
        if flags & abi::FWD_REFERENCE != 0 {
            // Its weights stand in for the live ones, its statistics are swapped in for this one pass.
            let saved = self.saved.borrow().get("reference").map(std::rc::Rc::clone);
            let reference = saved.as_deref().unwrap_or(&self.start);
            let params = self.model().params().len();
            let effective: Vec<Option<Tensor>> = (0..params)
                .map(|id| Some(reference.param(secateur_network::ParamId(id as u32)).shallow_clone()))
                .collect();
            let now = secateur_engine::State::of(self.model(), None);
            reference.restore_buffers(self.model())?;
            let output =
                self.model().forward(input, &Pass { until, effective: Some(&effective), ..Pass::default() });
            now.restore_buffers(self.model())?;
            return Ok(output?);
        }
        // The plan's masks are applied to the weights when they are set, so PLANNED has nothing more to do.
        let pass = Pass {
            train: flags & abi::FWD_TRAIN != 0,
            until,
            captured: Some(&self.captured),
            ..Pass::default()
        };
        let output = self.model().forward(input, &pass)?;
        self.pending_forward.set(self.pending_forward.get() + samples);
        Ok(output)
    }

    fn node(&self, id: u32) -> Answer<NodeId> {
        let count = self.model().network().nodes().len();
        if (id as usize) < count {
            return Ok(NodeId(id));
        }
        Err(Failure::invalid(format!("there is no node {id}; the network has {count}")))
    }
}

unsafe extern "C" fn rewind(
    ctx: *mut abi::Ctx,
    split: u32,
    batch: u32,
    per_class: u32,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| {
            session.rewind_data(split, batch, per_class)?;
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn next(
    ctx: *mut abi::Ctx,
    input: *mut abi::TensorHandle,
    target: *mut abi::TensorHandle,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| match session.next_batch_of_data()? {
            Some((pictures, labels)) => {
                put(input, give(pictures))?;
                put(target, give(labels))?;
                Ok(abi::OK)
            }
            None => Ok(abi::DONE),
        })
    }
}

unsafe extern "C" fn forward(
    ctx: *mut abi::Ctx,
    input: abi::TensorHandle,
    flags: u32,
    out: *mut abi::TensorHandle,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, and the handle is live, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let output = session.run_forward(&expect(input, "the input")?, flags, None)?;
            put(out, give(output))?;
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn loss(
    ctx: *mut abi::Ctx,
    output: abi::TensorHandle,
    target: abi::TensorHandle,
    out: *mut abi::TensorHandle,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, and the handles are live, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let smoothing = session.setup.recipe.map_or(0.0, |recipe| recipe.label_smoothing);
            let (output, target) = (expect(output, "the output")?, expect(target, "the target")?);
            let loss = session.setup.train.loss(&output, &target, smoothing)?;
            put(out, give(loss))?;
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn backward(
    ctx: *mut abi::Ctx,
    loss: abi::TensorHandle,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, and the handle is live, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let loss = expect(loss, "the loss")?;
            // libtorch's engine does not look: it follows a null pointer.
            if !loss.requires_grad() {
                return Err(Failure::invalid("the loss depends on nothing that has a gradient"));
            }
            // The samples have been charged as forward-only ones; a backward pass makes training samples of them.
            let samples = session.pending_forward.get();
            let before = session.meters();
            session.meters.set(Meters { forward_samples: before.forward_samples - samples, ..before });
            if let Err(failure) = session.charge(Meters { train_samples: samples, ..Meters::default() }) {
                session.meters.set(before);
                return Err(failure);
            }
            session.pending_forward.set(0);
            let wanted: Vec<NodeId> = session.reader.borrow().output_grads.keys().copied().collect();
            let outputs: Vec<Tensor> =
                wanted.iter().filter_map(|node| session.captured.get(*node, Capture::Output)).collect();
            let references: Vec<&Tensor> = outputs.iter().collect();
            let grads = session.model().backward(&loss, &references)?;
            let mut reader = session.reader.borrow_mut();
            for (node, grad) in wanted.into_iter().zip(grads) {
                reader.output_grads.insert(node, grad.defined().then_some(grad));
            }
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn zero_grad(ctx: *mut abi::Ctx, err: *const abi::ErrorSink) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| {
            session.model().zero_grad();
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn capture(
    ctx: *mut abi::Ctx,
    node: u32,
    what: u32,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let node = session.node(node)?;
            if what & abi::CAPTURE_INPUT != 0 {
                session.captured.want(node, Capture::Input);
            }
            if what & (abi::CAPTURE_OUTPUT | abi::CAPTURE_OUTPUT_GRAD) != 0 {
                session.captured.want(node, Capture::Output);
            }
            if what & abi::CAPTURE_OUTPUT_GRAD != 0 {
                session.reader.borrow_mut().output_grads.entry(node).or_insert(None);
            }
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn captured(
    ctx: *mut abi::Ctx,
    node: u32,
    what: u32,
    out: *mut abi::TensorHandle,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let node = session.node(node)?;
            let value = match what {
                abi::CAPTURE_INPUT => session.captured.get(node, Capture::Input),
                abi::CAPTURE_OUTPUT => session.captured.get(node, Capture::Output),
                abi::CAPTURE_OUTPUT_GRAD => {
                    let reader = session.reader.borrow();
                    reader.output_grads.get(&node).and_then(|grad| grad.as_ref().map(Tensor::shallow_clone))
                }
                other => return Err(Failure::invalid(format!("{other} is not one thing to ask for"))),
            };
            let value = value.ok_or_else(|| {
                let name = &session.model().network().node(node).name;
                Failure::invalid(format!("nothing was captured at `{name}`; call capture, then forward"))
            })?;
            put(out, give(value))?;
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn forward_to(
    ctx: *mut abi::Ctx,
    input: abi::TensorHandle,
    node: u32,
    flags: u32,
    out: *mut abi::TensorHandle,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, and the handle is live, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let node = session.node(node)?;
            let output = session.run_forward(&expect(input, "the input")?, flags, Some(node))?;
            put(out, give(output))?;
            Ok(abi::OK)
        })
    }
}
