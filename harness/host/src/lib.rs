//! The host's side of the plugin contract: the loader, the context a method runs in, and the meters.
//!
//! Only this crate opens libraries, and it never closes one.
#![expect(unsafe_code, reason = "this crate is one of the three where foreign code is called")]

mod boxes;
mod calibration;
mod callback;
mod graph;
mod loader;
mod log;
mod method;
mod model;
mod modes;
mod origin;
mod pattern;
mod plan;
mod prunable;
mod run;
mod session;
mod torch;
mod train;
mod units;

pub use loader::{LoadError, MethodInfo, Plugin, PluginInfo};
pub use method::{MethodFailure, check_params, run_method};
pub use pattern::pattern_complaint;
pub use prunable::{Channels, Removable, prunable_params, target_count};
pub use session::{Meters, Session, SessionSetup, Snapshot};
pub use torch::{
    library_folders, load_cuda, release_memory, torch_abi_version, torch_version, tune_allocator,
};
