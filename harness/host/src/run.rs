//! `secateur.host.run/1`.

use std::sync::atomic::Ordering;
use std::time::Instant;

use secateur_abi as abi;

use crate::callback::{Failure, answer, put, string};
use crate::session::Session;

pub(crate) static RUN: abi::ExtRun = abi::ExtRun {
    struct_size: size_of::<abi::ExtRun>() as u32,
    reserved: 0,
    cancelled,
    progress,
    seed,
    allowance,
};

unsafe extern "C" fn cancelled(ctx: *mut abi::Ctx) -> i32 {
    if ctx.is_null() {
        return 1;
    }
    // SAFETY: `ctx` is the running session. Only the shared atomic is touched, so this is fine on any thread.
    let flag = unsafe { (*ctx.cast::<Session<'_>>()).cancelled };
    i32::from(flag.load(Ordering::Relaxed))
}

unsafe extern "C" fn progress(ctx: *mut abi::Ctx, done: u64, total: u64, what: abi::Str) {
    // SAFETY: run-thread, by contract.
    let _ = unsafe {
        answer(ctx, std::ptr::null(), |session| {
            (session.setup.progress)(done, total, &string(what)?);
            Ok(abi::OK)
        })
    };
}

unsafe extern "C" fn seed(ctx: *mut abi::Ctx, label: abi::Str) -> u64 {
    let mut seed = 0;
    // SAFETY: run-thread, by contract.
    let _ = unsafe {
        answer(ctx, std::ptr::null(), |session| {
            seed = session.setup.streams.seed(&format!("plugin/{}", string(label)?), 0);
            Ok(abi::OK)
        })
    };
    seed
}

unsafe extern "C" fn allowance(
    ctx: *mut abi::Ctx,
    out: *mut abi::Allowance,
    err: *const abi::ErrorSink,
) -> abi::Status {
    // SAFETY: run-thread, by contract.
    unsafe {
        answer(ctx, err, |session| {
            let setup = &session.setup;
            let batch = setup.recipe.map_or(0, |recipe| recipe.batch);
            let value = abi::Allowance {
                struct_size: size_of::<abi::Allowance>() as u32,
                batch,
                total_samples: setup.allowance,
                left_samples: setup.allowance.saturating_sub(session.meters().charged()),
                steps_per_epoch: (setup.train.len() as u64).div_ceil(u64::from(batch.max(1))),
                left_seconds: setup
                    .deadline
                    .map_or(f64::INFINITY, |at| at.saturating_duration_since(Instant::now()).as_secs_f64()),
            };
            fill(out, value, |value| value.struct_size)
        })
    }
}

/// Fills a structure whose `struct_size` the caller has set to its capacity.
///
/// # Safety
/// `out` must be null or valid for writing as many bytes as its `struct_size` says.
pub(crate) unsafe fn fill<T: Copy>(
    out: *mut T,
    value: T,
    size_of_value: impl Fn(&T) -> u32,
) -> Result<abi::Status, Failure> {
    if out.is_null() {
        return Err(Failure::invalid("an out-parameter is null"));
    }
    // SAFETY: the first field of every such structure is its size.
    let capacity = unsafe { out.cast::<u32>().read() };
    if capacity >= size_of_value(&value) {
        // SAFETY: the caller's promise.
        unsafe { put(out, value)? };
    } else {
        // An older plugin knows fewer fields: it gets those, and the size it set stays true.
        // SAFETY: the caller's promise; the value is plain data of at least that size.
        unsafe {
            let bytes = (&raw const value).cast::<u8>();
            std::ptr::copy_nonoverlapping(
                bytes.add(4),
                out.cast::<u8>().add(4),
                (capacity as usize).saturating_sub(4),
            );
        }
    }
    Ok(abi::OK)
}
