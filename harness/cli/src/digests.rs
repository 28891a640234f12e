//! Digests of data sets and checkpoints that were read before: a file that has not changed is not read again.
//!
//! A file is taken to be the same if its path, size and inode are, and the times of its last changes of content and of state. What was
//! changed within the last seconds is not remembered, since a clock may not tell a later change of it from this one.
//! `--verify-data` reads everything, and remembers it anew.

use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// How old the last change of a file must be: more than the clock of any file system is coarse.
const SETTLED: Duration = Duration::from_secs(10);

/// Version of how `digest_source` and `digest_file` compute digests: what was remembered of another one is not taken.
const VERSION: u32 = 1;

/// What is remembered of digests, in the user's cache.
#[derive(Debug)]
pub(crate) struct Digests {
    /// Absent: nothing is.
    folder: Option<PathBuf>,
    /// Whether everything is read again.
    verify: bool,
}

/// What is remembered of one path.
#[derive(Serialize, Deserialize)]
struct Remembered {
    stamp: String,
    digest: String,
}

impl Digests {
    /// Those of the user.
    pub(crate) fn of_user(verify: bool) -> Self {
        let cache = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
        Self { folder: cache.map(|cache| cache.join("secateur/digests")), verify }
    }

    /// The digest of a file or folder, as `read` computes it, or as it was when this last was the same. `kind` tells ways to compute
    /// one apart.
    ///
    /// # Errors
    /// As `read`. The cache only saves time: where it cannot be read or written, everything is read.
    pub(crate) fn digest<E>(
        &self,
        kind: &str,
        path: &Path,
        read: impl FnOnce(&Path) -> Result<String, E>,
    ) -> Result<String, E> {
        self.digest_at(SystemTime::now(), kind, path, read)
    }

    fn digest_at<E>(
        &self,
        now: SystemTime,
        kind: &str,
        path: &Path,
        read: impl FnOnce(&Path) -> Result<String, E>,
    ) -> Result<String, E> {
        // Whichever way a path is spelled, it is one entry.
        let Ok(place) = std::fs::canonicalize(path) else { return read(path) };
        let (Some(file), Some(before)) = (self.file(kind, &place), stamp(&place, now)) else {
            return read(path);
        };
        if !self.verify
            && let Some(known) = remembered(&file)
            && known.stamp == before
        {
            return Ok(known.digest);
        }
        let digest = read(path)?;
        // What changed while it was read has a digest that is of neither state.
        if stamp(&place, now).as_ref() == Some(&before) {
            let known = Remembered { stamp: before, digest: digest.clone() };
            if let (Some(folder), Ok(text)) = (file.parent(), serde_json::to_vec(&known))
                && std::fs::create_dir_all(folder).is_ok()
            {
                let _ = secateur_store::write_atomic(&file, &text);
            }
        }
        Ok(digest)
    }

    /// Where the digest of a canonical path is remembered.
    fn file(&self, kind: &str, path: &Path) -> Option<PathBuf> {
        let mut hasher = blake3::Hasher::new_derive_key("secateur 2026 remembered digests");
        hasher.update(&VERSION.to_le_bytes());
        hasher.update(kind.as_bytes()).update(&[0]).update(path.as_os_str().as_bytes());
        Some(self.folder.as_ref()?.join(format!("{}.json", hasher.finalize().to_hex())))
    }
}

fn remembered(file: &Path) -> Option<Remembered> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

/// A hash over all that is seen of a path's files without reading them. Nothing if one of them cannot be seen or was changed a moment
/// ago.
fn stamp(path: &Path, now: SystemTime) -> Option<String> {
    let mut files = Vec::new();
    collect(path, &mut files).ok()?;
    files.sort_by(|a, b| a.0.cmp(&b.0));
    let settled = now.duration_since(UNIX_EPOCH).ok()?.checked_sub(SETTLED)?.as_nanos() as i128;
    let mut hasher = blake3::Hasher::new_derive_key("secateur 2026 stamp of files");
    for (path, metadata) in files {
        let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        let changed = nanoseconds(metadata.mtime(), metadata.mtime_nsec());
        let state = nanoseconds(metadata.ctime(), metadata.ctime_nsec());
        if changed.max(state) > settled {
            return None;
        }
        hasher.update(path.as_os_str().as_bytes()).update(&[0]);
        for number in [metadata.dev(), metadata.ino(), metadata.len()] {
            hasher.update(&number.to_le_bytes());
        }
        hasher.update(&changed.to_le_bytes()).update(&state.to_le_bytes());
    }
    Some(hasher.finalize().to_hex().to_string())
}

/// The files of a path, links followed as a reader follows them.
fn collect(path: &Path, files: &mut Vec<(PathBuf, Metadata)>) -> io::Result<()> {
    let mut pending = vec![path.to_owned()];
    while let Some(path) = pending.pop() {
        let metadata = std::fs::metadata(&path)?;
        if metadata.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                pending.push(entry?.path());
            }
        } else {
            files.push((path, metadata));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
