//! What a plugin exports, and what the host hands to it.

use core::ffi::{c_char, c_void};

use crate::{Ctx, ErrorSink, Method, Status, Str};

/// Uses libtorch's C++ interface (or tch): the exact version is needed.
pub const BUILD_LINKS_LIBTORCH: u32 = 1 << 0;
/// Uses only libtorch's C shims.
pub const BUILD_STABLE_SHIM: u32 = 1 << 1;
/// Rust with `panic = "unwind"`, or C++ with a catch-all.
pub const BUILD_UNWINDS: u32 = 1 << 2;

/// How the plugin was built.
#[repr(C)]
#[derive(Debug)]
pub struct BuildInfo {
    /// Size of this structure as the plugin knows it.
    pub struct_size: u32,
    /// `BUILD_*` bits.
    pub flags: u32,
    /// `TORCH_ABI_VERSION` at compile time; 0 without libtorch.
    pub torch_abi_version: u64,
    /// For example "2.11.0"; null without libtorch.
    pub torch_version: *const c_char,
    /// For example "rustc 1.95.0".
    pub compiler: *const c_char,
    /// For example "x86_64-unknown-linux-gnu".
    pub target: *const c_char,
    /// For example "secateur-sdk 0.1.0 / tch 0.24.0".
    pub sdk_version: *const c_char,
    /// Source revision, or null.
    pub source_rev: *const c_char,
}

/// Services of the host; lives as long as the process.
#[repr(C)]
#[derive(Debug)]
pub struct Host {
    /// Size of this structure as the host knows it.
    pub struct_size: u32,
    /// The host's ABI major version.
    pub abi_major: u16,
    /// The host's ABI minor version.
    pub abi_minor: u16,
    /// The running libtorch's ABI version.
    pub torch_abi_version: u64,
    /// The running libtorch's version.
    pub torch_version: *const c_char,
    /// Name of the host.
    pub name: *const c_char,
    /// Version of the host.
    pub version: *const c_char,
    /// Returns the extension's table, or null if the host does not have it. Thread-safe.
    pub get_extension: unsafe extern "C" fn(*const Host, *const c_char) -> *const c_void,
}

/// Single weights live or die.
pub const GRANULARITY_WEIGHT: u32 = 0;
/// Channel groups live or die.
pub const GRANULARITY_CHANNEL: u32 = 1;

/// The budget counts non-zero prunable weights.
pub const BUDGET_WEIGHTS: u32 = 0;
/// The budget counts parameters.
pub const BUDGET_PARAMS: u32 = 1;
/// The budget counts multiply-accumulates.
pub const BUDGET_MACS: u32 = 2;
/// The budget counts channels.
pub const BUDGET_CHANNELS: u32 = 3;

/// One budget to reach.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Fraction of the dense network's budget metric that remains, `0 < keep <= 1`.
    pub keep: f64,
    /// The integer to reach: `round(keep * dense count)`; exact for weights.
    pub count: u64,
    /// The achieved count may differ from `count` by no more than this; 0 for weights.
    pub tolerance: u64,
}

/// What `prune` is asked for.
#[repr(C)]
#[derive(Debug)]
pub struct Request {
    /// Size of this structure as the host knows it.
    pub struct_size: u32,
    /// `GRANULARITY_*`.
    pub granularity: u32,
    /// `BUDGET_*`.
    pub budget_metric: u32,
    /// Number of targets.
    pub n_targets: u32,
    /// Targets with descending keep: an iterative method passes them one after the other.
    pub targets: *const Target,
    /// Derived from the suite's seed and the replicate: the same for all methods.
    pub seed: u64,
}

/// Functions of a method.
#[repr(C)]
#[derive(Debug)]
pub struct MethodVtable {
    /// Size of this structure as the plugin knows it.
    pub struct_size: u32,
    /// Zero.
    pub reserved: u32,
    /// Makes an instance from a JSON object of parameters. Run-thread.
    pub create: unsafe extern "C" fn(*const Host, Str, *mut *mut Method, *const ErrorSink) -> Status,
    /// Frees an instance. Run-thread.
    pub destroy: unsafe extern "C" fn(*mut Method),
    /// Answers all targets of the request. Run-thread.
    pub prune: unsafe extern "C" fn(*mut Method, *mut Ctx, *const Request, *const ErrorSink) -> Status,
    /// Returns an extension of the method, or null. Thread-safe. May be absent.
    pub get_extension: Option<unsafe extern "C" fn(*const Method, *const c_char) -> *const c_void>,
}

/// Prunes single weights.
pub const METHOD_WEIGHT: u32 = 1 << 0;
/// Prunes channel groups.
pub const METHOD_CHANNEL: u32 = 1 << 1;
/// Reads training pictures.
pub const METHOD_NEEDS_DATA: u32 = 1 << 2;
/// Reads gradients.
pub const METHOD_NEEDS_GRAD: u32 = 1 << 3;
/// Trains.
pub const METHOD_TRAINS: u32 = 1 << 4;
/// Writes to parameters.
pub const METHOD_MUTATES_WEIGHTS: u32 = 1 << 5;
/// The same seed gives the same plan.
pub const METHOD_DETERMINISTIC: u32 = 1 << 6;
/// All bits this version knows.
pub const METHOD_KNOWN_FLAGS: u32 = (1 << 7) - 1;

/// Description of one method.
#[repr(C)]
#[derive(Debug)]
pub struct MethodDesc {
    /// Size of this structure as the plugin knows it.
    pub struct_size: u32,
    /// `METHOD_*` bits.
    pub flags: u32,
    /// For example "org.example.magnitude"; never reused for another method.
    pub id: *const c_char,
    /// Name for people.
    pub name: *const c_char,
    /// Version of the method.
    pub version: *const c_char,
    /// One sentence.
    pub summary: *const c_char,
    /// DOI or arXiv identifier, or null.
    pub citation: *const c_char,
    /// JSON Schema of the parameters.
    pub params_schema: *const c_char,
    /// Null-terminated list of host extensions it cannot do without.
    pub required_extensions: *const *const c_char,
    /// Its functions.
    pub vtable: *const MethodVtable,
}

/// What the entry function returns. Offsets 0, 8, 12, 14 and 16 never move, in any major version.
#[repr(C)]
#[derive(Debug)]
pub struct Entry {
    /// [`crate::MAGIC`].
    pub magic: u64,
    /// Size of this structure as the plugin knows it.
    pub struct_size: u32,
    /// Major version it was compiled against.
    pub abi_major: u16,
    /// Minor version it was compiled against.
    pub abi_minor: u16,
    /// The lowest host minor version it works with.
    pub abi_min_minor: u16,
    /// Zero.
    pub reserved0: u16,
    /// Zero.
    pub reserved1: u32,
    /// How it was built.
    pub build: *const BuildInfo,
    /// Number of methods.
    pub method_count: u32,
    /// Zero.
    pub reserved2: u32,
    /// The methods.
    pub methods: *const *const MethodDesc,
    /// Called once, before the first `create`. May be absent.
    pub init: Option<unsafe extern "C" fn(*const Host, *const ErrorSink) -> Status>,
}

/// Type of the entry function. It must not start threads, touch libtorch or fail, and returns the same pointer
/// each time.
pub type EntryFn = unsafe extern "C" fn() -> *const Entry;
