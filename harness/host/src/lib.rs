//! The host's side of the plugin contract: the loader, the context a method runs in, and the meters.
//!
//! Only this crate opens libraries, and it never closes one.
#![expect(unsafe_code, reason = "this crate is one of the three where foreign code is called")]

mod boxes;
mod calibration;
mod callback;
mod descriptor;
mod entry;
mod graph;
mod loader;
mod log;
mod method;
mod model;
mod modes;
mod origin;
mod pattern;
mod plan;
mod probe;
mod process;
mod prunable;
mod run;
mod session;
#[cfg(test)]
mod testing;
mod torch;
mod train;
mod units;

pub use descriptor::{DescriptorProblem, DescriptorRule};
pub use entry::{EntryFacts, call_entry};
pub use loader::{LoadError, LoadStep, MethodInfo, Plugin, PluginInfo};
pub use method::{
    MethodFailure, check_params, offered_extensions, run_method, unknown_extension_is_null, without_extension,
};
pub use pattern::pattern_complaint;
pub use probe::{Breach, INJECTED, Probe, ProbePlan};
pub use process::{allocated_bytes, flush_streams, leave, thread_count};
pub use prunable::{Channels, Removable, prunable_params, target_count};
pub use session::{Meters, Session, SessionSetup, Snapshot};
pub use torch::{
    library_folders, load_cuda, release_memory, torch_abi_version, torch_version, tune_allocator,
};
