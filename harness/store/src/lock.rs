//! One writer per store.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use crate::objects::StoreError;

/// Held as long as the process writes to the store; the system releases it however the process ends.
#[derive(Debug)]
pub struct StoreLock {
    _file: File,
}

impl StoreLock {
    /// Takes the lock at `path`, or names its holder.
    ///
    /// # Errors
    /// Returns [`StoreError::Locked`] if another process has it.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreError> {
        let at = |error| StoreError::at(path, error);
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(at)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            file.read_to_string(&mut holder).map_err(at)?;
            return Err(StoreError::Locked { path: path.to_owned(), holder: holder.trim().to_owned() });
        }
        file.set_len(0).map_err(at)?;
        file.rewind().map_err(at)?;
        let command: Vec<String> = std::env::args().collect();
        writeln!(file, "process {} ({})", std::process::id(), command.join(" ")).map_err(at)?;
        Ok(Self { _file: file })
    }
}
