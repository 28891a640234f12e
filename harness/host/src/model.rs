//! `secateur.host.model/1`.

use secateur_abi as abi;
use tch::Tensor;

use crate::callback::{answer, give, put, string};

pub(crate) static MODEL: abi::ExtModel =
    abi::ExtModel { struct_size: size_of::<abi::ExtModel>() as u32, reserved: 0, param, grad, at };

unsafe extern "C" fn param(
    ctx: *mut abi::Ctx,
    id: u32,
    out: *mut abi::TensorHandle,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let id = session.param(id)?;
            put(out, give(session.model().param(id).shallow_clone()))?;
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn grad(
    ctx: *mut abi::Ctx,
    id: u32,
    out: *mut abi::TensorHandle,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let grad = session.model().grad(session.param(id)?);
            put(out, grad.map_or(std::ptr::null_mut(), give))?;
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn at(
    ctx: *mut abi::Ctx,
    id: u32,
    checkpoint: abi::Str,
    out: *mut abi::TensorHandle,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let id = session.param(id)?;
            let value =
                session.with_state(&string(checkpoint)?, |state| Ok(Tensor::copy(state.param(id))))?;
            put(out, give(value))?;
            Ok(abi::OK)
        })
    }
}
