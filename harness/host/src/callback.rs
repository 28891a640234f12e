//! What every callback has in common: it finds its session, catches panics, and turns errors into statuses.

use std::cell::RefCell;
use std::ffi::{c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use secateur_abi as abi;
use tch::Tensor;
use torch_sys::C_tensor;

use crate::modes::PlainModes;
use crate::session::Session;

/// Why a callback fails.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: abi::Status,
    pub(crate) message: String,
}

pub(crate) type Answer<T> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(status: abi::Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(abi::E_INVALID, message)
    }
}

impl From<secateur_engine::Error> for Failure {
    fn from(error: secateur_engine::Error) -> Self {
        use secateur_engine::Error;
        let status = match &error {
            Error::Torch(_) => abi::E_TORCH,
            Error::Shape { .. } => abi::E_INVALID,
            Error::Unsupported(_) | Error::MissingTensor(_) => abi::E_UNSUPPORTED,
            Error::Cancelled => abi::E_CANCELLED,
            _ => abi::E_INTERNAL,
        };
        Self::new(status, error.to_string())
    }
}

impl From<tch::TchError> for Failure {
    fn from(error: tch::TchError) -> Self {
        Self::new(abi::E_TORCH, error.to_string())
    }
}

/// Runs a callback's body: refuses when the session is cancelled or poisoned, catches panics, reports errors. The body
/// sees the host's modes of libtorch, and the plugin finds its own again afterwards.
///
/// # Safety
/// `ctx` must be the context that the host gave to the running method, on the run-thread, and `err` null or valid.
pub(crate) unsafe fn answer(
    ctx: *mut abi::Ctx,
    err: *const abi::ErrorSink,
    body: impl FnOnce(&Session<'_>) -> Answer<abi::Status>,
) -> abi::Status {
    // SAFETY: the caller's promise; a session outlives the method's call.
    let Some(session) = (unsafe { ctx.cast::<Session<'_>>().as_ref() }) else { return abi::E_INVALID };
    let probed = session.probe.as_ref().map_or(Ok(()), |probe| probe.called(session, !err.is_null()));
    let result = if session.is_poisoned() {
        Err(Failure::new(abi::E_PANIC, "a hook panicked; the method must return"))
    } else if let Err(failure) = probed {
        Err(failure)
    } else if session.is_cancelled() {
        Err(Failure::new(abi::E_CANCELLED, "the host asked to stop"))
    } else {
        let _modes = PlainModes::enter();
        catch_unwind(AssertUnwindSafe(|| body(session))).unwrap_or_else(|panic| {
            Err(Failure::new(abi::E_INTERNAL, format!("the host panicked: {}", panic_text(&*panic))))
        })
    };
    if let Some(probe) = &session.probe {
        probe.give(session);
    }
    match result {
        Ok(status) => status,
        Err(failure) => {
            // SAFETY: the caller's promise.
            if let Some(sink) = unsafe { err.as_ref() } {
                let (message, detail) = (abi::Str::new(&failure.message), abi::Str::new(""));
                // SAFETY: the sink's own function with its own context; the texts live until it returns.
                unsafe { (sink.set)(sink.ctx, failure.status, message, detail) };
            }
            failure.status
        }
    }
}

/// The text of a panic.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

/// Gives a tensor away: whoever has the handle frees it.
pub(crate) fn give(tensor: Tensor) -> abi::TensorHandle {
    let mut tensor = tensor;
    let pointer = tensor.as_mut_ptr();
    std::mem::forget(tensor);
    pointer.cast()
}

/// Clones a borrowed handle; `None` for null.
///
/// # Safety
/// The handle must be null or a live tensor.
pub(crate) unsafe fn borrow(handle: abi::TensorHandle) -> Option<Tensor> {
    if handle.is_null() {
        return None;
    }
    // SAFETY: the caller's promise; a handle is torch-sys' pointer.
    Some(unsafe { Tensor::clone_from_ptr(handle.cast::<C_tensor>()) })
}

/// As [`borrow`], with an error for null.
///
/// # Safety
/// The handle must be null or a live tensor.
pub(crate) unsafe fn expect(handle: abi::TensorHandle, what: &str) -> Answer<Tensor> {
    // SAFETY: the caller's promise.
    unsafe { borrow(handle) }.ok_or_else(|| Failure::invalid(format!("{what} is null")))
}

/// Takes over a handle that the plugin gave away; `None` for null.
///
/// # Safety
/// The handle must be null or a tensor that nobody else frees.
pub(crate) unsafe fn take(handle: abi::TensorHandle) -> Option<Tensor> {
    if handle.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    Some(unsafe { Tensor::from_ptr(handle.cast::<C_tensor>()) })
}

/// Writes a result through an out-parameter.
///
/// # Safety
/// `out` must be null or valid for writing.
pub(crate) unsafe fn put<T>(out: *mut T, value: T) -> Answer<()> {
    if out.is_null() {
        return Err(Failure::invalid("an out-parameter is null"));
    }
    // SAFETY: the caller's promise.
    unsafe { out.write(value) };
    Ok(())
}

/// The text of a borrowed string.
///
/// # Safety
/// The string must be valid for the duration of the call.
pub(crate) unsafe fn string(text: abi::Str) -> Answer<String> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { bytes(text.ptr, text.len) };
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Failure::invalid("a text is not UTF-8"))
}

unsafe fn bytes<'a>(pointer: *const c_char, length: usize) -> &'a [u8] {
    if pointer.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(pointer.cast(), length) }
}

/// Receives errors of a plugin.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    text: RefCell<Option<(abi::Status, String)>>,
}

impl Sink {
    pub(crate) fn as_abi(&self) -> abi::ErrorSink {
        unsafe extern "C" fn set(ctx: *mut c_void, code: abi::Status, message: abi::Str, detail: abi::Str) {
            // SAFETY: `ctx` is the sink below, and the texts are valid for this call.
            let (sink, message, detail) = unsafe {
                (&*ctx.cast::<Sink>(), bytes(message.ptr, message.len), bytes(detail.ptr, detail.len))
            };
            let mut text = String::from_utf8_lossy(message).into_owned();
            let detail = String::from_utf8_lossy(detail);
            if !detail.is_empty() {
                text = format!("{text} ({detail})");
            }
            // A plugin's text may be endless; what a person reads is not.
            if text.len() > 4096 {
                text = text.chars().take(4096).chain(['…']).collect();
            }
            if let Ok(mut slot) = sink.text.try_borrow_mut() {
                *slot = Some((code, text));
            }
        }
        abi::ErrorSink { ctx: (&raw const *self).cast_mut().cast(), set }
    }

    /// What was reported, or words for the bare status.
    pub(crate) fn message(&self, status: abi::Status) -> String {
        match &*self.text.borrow() {
            Some((_, text)) if !text.is_empty() => text.clone(),
            _ => format!("status {status} without a message"),
        }
    }
}
