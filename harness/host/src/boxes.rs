//! `secateur.host.boxes/1`, on tasks with boxes only.

use std::cell::Cell;

use secateur_abi as abi;

use crate::callback::{Failure, answer, borrow, expect, give, put};

pub(crate) static BOXES: abi::ExtBoxes =
    abi::ExtBoxes { struct_size: size_of::<abi::ExtBoxes>() as u32, reserved: 0, matched };

thread_local! {
    /// Whether the method that runs on this thread has a task with boxes: `get_extension` is asked without a context.
    static OFFERED: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, this thread's `get_extension` answers for a task with or without boxes.
pub(crate) struct Offer(bool);

impl Offer {
    pub(crate) fn enter(has_boxes: bool) -> Self {
        Self(OFFERED.replace(has_boxes))
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        OFFERED.set(self.0);
    }
}

pub(crate) fn is_offered() -> bool {
    OFFERED.get()
}

unsafe extern "C" fn matched(
    ctx: *mut abi::Ctx,
    target: abi::TensorHandle,
    output: abi::TensorHandle,
    image: *mut abi::TensorHandle,
    defaults: *mut abi::TensorHandle,
    predicted: *mut abi::TensorHandle,
    truth: *mut abi::TensorHandle,
    label: *mut abi::TensorHandle,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, the handles are live, and the places are valid for writing, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let target = expect(target, "the target")?;
            let output = borrow(output);
            let found = session.setup.train.matched(&target, output.as_ref())?;
            let found = found.ok_or_else(|| Failure::new(abi::E_UNSUPPORTED, "this task has no boxes"))?;
            put(image, give(found.pictures))?;
            put(defaults, give(found.defaults))?;
            put(predicted, found.predicted.map_or(std::ptr::null_mut(), give))?;
            put(truth, give(found.truths))?;
            put(label, give(found.classes))?;
            Ok(abi::OK)
        })
    }
}
