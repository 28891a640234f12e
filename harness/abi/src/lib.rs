//! The plugin contract of Secateur: the Rust mirror of `include/secateur_plugin.h`.
//!
//! The header is the contract; this file repeats it name by name, and the layouts are asserted in both
//! languages. Nothing here allocates, and no type with a Rust layout stands in it. The rules that a header
//! cannot say (ownership, threads, errors) are in `PLUGIN_ABI.md` beside the header.
//!
//! Every structure that may grow begins with `struct_size`. A reader touches a field only if
//! `offset + size <= struct_size`; [`has_field`] is that test.
#![no_std]

mod entry;
mod extensions;
mod layout;

pub use entry::*;
pub use extensions::*;

/// "SECATAB1" in little-endian.
pub const MAGIC: u64 = 0x3142_4154_4143_4553;
/// Changes only when layout or meaning breaks.
pub const MAJOR: u16 = 1;
/// Grows with each addition.
pub const MINOR: u16 = 0;
/// The one symbol a plugin exports.
pub const ENTRY_SYMBOL: &core::ffi::CStr = c"secateur_plugin_entry";

/// Result of a call: negative values are errors, zero is success, positive values are answers.
pub type Status = i32;
/// A sequence ended; not an error.
pub const DONE: Status = 1;
/// A hook's answer: no optimizer step this time.
pub const SKIP_STEP: Status = 2;
/// A hook's answer: this was the last step of the training.
pub const STOP_TRAINING: Status = 3;
/// Success.
pub const OK: Status = 0;
/// Bad argument or configuration.
pub const E_INVALID: Status = -1;
/// This network, granularity or budget cannot be handled.
pub const E_UNSUPPORTED: Status = -2;
/// The budget cannot be met.
pub const E_INFEASIBLE: Status = -3;
/// libtorch failed.
pub const E_TORCH: Status = -4;
/// The host asked to stop.
pub const E_CANCELLED: Status = -5;
/// The allowance is spent.
pub const E_EXHAUSTED: Status = -6;
/// Any other failure.
pub const E_INTERNAL: Status = -7;
/// A panic was caught; the instance is poisoned.
pub const E_PANIC: Status = -8;

/// Borrowed UTF-8 text, not NUL-terminated, valid for the duration of the call. Frozen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Str {
    /// First byte; may be anything when `len` is zero.
    pub ptr: *const core::ffi::c_char,
    /// Length in bytes.
    pub len: usize,
}

impl Str {
    /// Borrows a Rust string; the result must not outlive it.
    #[must_use]
    pub const fn new(text: &str) -> Self {
        Self { ptr: text.as_ptr().cast(), len: text.len() }
    }
}

/// An opaque `at::Tensor`, the same as libtorch's `AtenTensorOpaque` and torch-sys' `C_tensor`.
#[repr(C)]
#[derive(Debug)]
pub struct TensorOpaque {
    _private: [u8; 0],
}

/// Handle of a tensor: the pointer that `AtenTensorHandle`, `at::Tensor*` and torch-sys' `C_tensor*` are.
pub type TensorHandle = *mut TensorOpaque;

/// One call into a method; dies when the call returns. Opaque to plugins.
#[repr(C)]
#[derive(Debug)]
pub struct Ctx {
    _private: [u8; 0],
}

/// An instance of a method, owned by the plugin. Opaque to the host.
#[repr(C)]
#[derive(Debug)]
pub struct Method {
    _private: [u8; 0],
}

/// Where an error's text goes. Whoever fails calls `set` once; the receiver copies. Frozen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ErrorSink {
    /// Passed back to `set`.
    pub ctx: *mut core::ffi::c_void,
    /// Takes the code, the message and a detail (place, backtrace; may be empty).
    pub set: unsafe extern "C" fn(*mut core::ffi::c_void, Status, Str, Str),
}

/// Whether a structure of `struct_size` bytes contains the field at `offset` of `size` bytes.
#[must_use]
pub const fn has_field(struct_size: u32, offset: usize, size: usize) -> bool {
    offset + size <= struct_size as usize
}
