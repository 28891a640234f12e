//! Calling a plugin's entry function for what it does beside returning a table.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::descriptor::{DescriptorProblem, problems};
use crate::loader::{LoadError, Plugin, open_library};
use crate::process::thread_count;
use crate::torch::loaded_libraries;

/// What calling the entry function showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryFacts {
    /// Whether a second call returned the same pointer.
    pub same_pointer: bool,
    /// Threads that it started and that still run.
    pub threads_started: usize,
    /// Libraries that it opened.
    pub libraries_opened: usize,
    /// Time from opening the library to the table, the libraries that this process has already left out.
    pub time: Duration,
}

/// Opens a library and calls its entry function twice. The table is not looked at.
///
/// # Errors
/// Fails if the library cannot be opened or has no entry function.
pub fn call_entry(path: &Path) -> Result<EntryFacts, LoadError> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let start = Instant::now();
    let entry = open_library(&path)?;
    let (threads, libraries) = (thread_count(), loaded_libraries().into_iter().collect::<BTreeSet<_>>());
    // SAFETY: the function takes nothing and returns a pointer, which is compared and not followed.
    let first = unsafe { entry() };
    let time = start.elapsed();
    // SAFETY: as above.
    let second = unsafe { entry() };
    let opened = loaded_libraries().into_iter().filter(|path| !libraries.contains(path)).count();
    Ok(EntryFacts {
        same_pointer: std::ptr::eq(first, second),
        threads_started: thread_count().saturating_sub(threads),
        libraries_opened: opened,
        time,
    })
}

impl Plugin {
    /// All that is wrong with the descriptions of a plugin's methods; [`Plugin::load`] stops at the first.
    ///
    /// # Errors
    /// Fails if the plugin does not load so far.
    pub fn descriptor_problems(path: &Path) -> Result<Vec<DescriptorProblem>, LoadError> {
        Ok(problems(Self::open(path)?.entry()))
    }
}
