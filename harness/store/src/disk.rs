//! Everything that the parent changes in a store goes through these few operations, so that a test can let any of them
//! fail, or stop the process there.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The operations by which a store changes. None of them is durable by itself but [`Disk::sync`].
pub(crate) trait Disk: fmt::Debug + Send + Sync {
    /// Makes a file, or empties one, and writes its content.
    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()>;

    /// Makes the content of a file, or the names in a folder, durable.
    fn sync(&self, path: &Path) -> io::Result<()>;

    /// Moves a file or a folder within the store; a file that is there is replaced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes a folder and those above it; not an error if it is there.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty folder.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
}

/// The disk as it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Real;

impl Disk for Real {
    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        File::create(path)?.write_all(content)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }
}

/// Names the operation at which a store should fail: `full:N` or `stop:N`, counted from 1. For tests alone.
const FAULT: &str = "SECATEUR_STORE_FAULT";

/// The disk of a store: as it is, unless a test has asked for a fault.
pub(crate) fn of_environment() -> Box<dyn Disk> {
    match std::env::var(FAULT).ok().and_then(|text| Faulty::parse(&text)) {
        Some(faulty) => Box::new(faulty),
        None => Box::new(Real),
    }
}

/// What happens at the chosen operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is no room: what makes or grows something fails from there on, a write after half of its content.
    Full,
    /// The process ends at once; a write has come to its middle.
    Stop,
}

/// A disk with a fault at one operation.
#[derive(Debug)]
pub(crate) struct Faulty {
    fault: Fault,
    at: u64,
    done: AtomicU64,
}

impl Faulty {
    pub(crate) fn new(fault: Fault, at: u64) -> Self {
        Self { fault, at, done: AtomicU64::new(0) }
    }

    fn parse(text: &str) -> Option<Self> {
        let (fault, at) = text.split_once(':')?;
        let fault = match fault {
            "full" => Fault::Full,
            "stop" => Fault::Stop,
            _ => return None,
        };
        Some(Self::new(fault, at.parse().ok()?))
    }

    /// Counts an operation and does it, if its turn to fail has not come. `half` is what is done of it otherwise.
    fn turn(
        &self,
        grows: bool,
        half: impl FnOnce(),
        whole: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        let number = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        match self.fault {
            Fault::Stop if number == self.at => {
                half();
                // As little as possible runs after this, as when the process is killed.
                std::process::abort();
            }
            Fault::Full if number >= self.at && grows => {
                half();
                Err(io::ErrorKind::StorageFull.into())
            }
            Fault::Stop | Fault::Full => whole(),
        }
    }
}

impl Disk for Faulty {
    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let half = || {
            let _ = Real.write(path, &content[..content.len() / 2]);
        };
        self.turn(true, half, || Real.write(path, content))
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        // Delayed allocation: a disk may turn out to be full when the content is to be made durable.
        self.turn(true, || (), || Real.sync(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        // A name may need a new block of its folder.
        self.turn(true, || (), || Real.rename(from, to))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let grows = !path.is_dir();
        self.turn(grows, || (), || Real.create_dir_all(path))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.turn(false, || (), || Real.remove_file(path))
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.turn(false, || (), || Real.remove_dir(path))
    }
}

/// Ending of the files that a process writes beside their place.
const TEMPORARY: &str = "tmp";

/// Writes a file so that it is either the old one or the new one, whatever happens, and the new one when this returns.
pub(crate) fn write_atomic(disk: &dyn Disk, path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(format!("{TEMPORARY}{}", std::process::id()));
    let write = || -> io::Result<()> {
        disk.write(&temporary, content)?;
        disk.sync(&temporary)?;
        disk.rename(&temporary, path)?;
        sync_name(disk, path)
    };
    write().inspect_err(|_| {
        let _ = disk.remove_file(&temporary);
    })
}

/// Makes the name of a file or a folder durable.
pub(crate) fn sync_name(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match disk.sync(folder) {
        // Who may write in a folder and not list it cannot open it either.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        other => other,
    }
}

/// Whether a file is what a killed process had written beside its place: here, or in a worker with `tempfile`.
pub(crate) fn is_leftover(path: &Path) -> bool {
    if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".tmp-")) {
        return true;
    }
    let number = path.extension().and_then(|extension| extension.to_str()?.strip_prefix(TEMPORARY));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The leftovers of killed processes in a folder.
pub(crate) fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_leftover(path)).collect()
}

/// Removes everything from a folder but the entries whose names stay.
pub(crate) fn clear(disk: &dyn Disk, folder: &Path, stays: &dyn Fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if stays(&entry.file_name().to_string_lossy()) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            clear(disk, &entry.path(), &|_| false)?;
            disk.remove_dir(&entry.path())?;
        } else {
            disk.remove_file(&entry.path())?;
        }
    }
    Ok(())
}

/// Makes all files and folders below a folder durable, and itself last.
pub(crate) fn sync_tree(disk: &dyn Disk, folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()? {
            kind if kind.is_dir() => sync_tree(disk, &entry.path())?,
            kind if kind.is_file() => disk.sync(&entry.path())?,
            // Links lead elsewhere, and opening a pipe waits for a writer.
            _ => {}
        }
    }
    disk.sync(folder)
}
