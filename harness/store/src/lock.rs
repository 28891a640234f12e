//! One writer per store.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::objects::StoreError;

/// More of a holder's command line is not read.
const LONGEST: u64 = 4096;

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
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let mut holder = Vec::new();
                (&mut file).take(LONGEST).read_to_end(&mut holder).map_err(at)?;
                let mut holder = String::from_utf8_lossy(&holder).trim().to_owned();
                if holder.is_empty() {
                    // It has the lock and has not written its name yet.
                    "another process that has just begun".clone_into(&mut holder);
                }
                return Err(StoreError::Locked { path: path.to_owned(), holder });
            }
            // For example a network file system without locks: nobody holds it, and nobody can.
            Err(error) => return Err(at(error.into())),
        }
        file.set_len(0).map_err(at)?;
        file.rewind().map_err(at)?;
        let command: Vec<String> = std::env::args().collect();
        writeln!(file, "process {} ({})", std::process::id(), command.join(" ")).map_err(at)?;
        Ok(Self { _file: file })
    }
}
