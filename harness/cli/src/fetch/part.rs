//! What has come of a file, and the record of it.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use super::client::Validator;

/// Version of the record; others are not read, and the file is begun anew.
const VERSION: u32 = 1;
/// A record is not larger than this: 39 GB in ranges of 64 MiB are 600 ranges.
const LARGEST_RECORD: u64 = 16 << 20;

/// The names that a file has on its way.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// When it is official.
    pub(super) place: PathBuf,
    /// While it comes.
    pub(super) part: PathBuf,
    /// Which of its ranges are there.
    pub(super) record: PathBuf,
    /// When it is not official.
    pub(super) bad: PathBuf,
}

impl Names {
    pub(super) fn of(place: &Path) -> Self {
        let with = |ending: &str| {
            let mut name = OsString::from(place);
            name.push(ending);
            PathBuf::from(name)
        };
        Self {
            place: place.to_path_buf(),
            part: with(".part"),
            record: with(".part.json"),
            bad: with(".bad"),
        }
    }

    /// Forgets what has come.
    fn forget(&self) -> anyhow::Result<()> {
        remove(&self.record)?;
        remove(&self.part)
    }

    /// The whole file becomes the official one.
    pub(super) fn put_in_place(&self) -> anyhow::Result<()> {
        self.rename_part(&self.place)
    }

    /// The whole file is kept under the name of what is not official.
    pub(super) fn set_aside(&self) -> anyhow::Result<()> {
        self.rename_part(&self.bad)
    }

    fn rename_part(&self, to: &Path) -> anyhow::Result<()> {
        std::fs::rename(&self.part, to).with_context(|| format!("cannot rename to {}", to.display()))?;
        remove(&self.record)?;
        let folder = to.parent().unwrap_or(Path::new("."));
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .with_context(|| format!("cannot sync {}", folder.display()))
    }
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// What stands in the record.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    version: u32,
    /// Size of the whole file.
    bytes: u64,
    validator: Validator,
    /// Start, how far it has come, end; one after the other without gaps.
    segments: Vec<[u64; 3]>,
}

impl Record {
    /// Reads a record that fits to the file beside it; nothing if there is none.
    fn read(names: &Names) -> Option<Self> {
        let size = std::fs::metadata(&names.record).ok()?.len();
        if size > LARGEST_RECORD {
            return None;
        }
        let record: Self = serde_json::from_slice(&std::fs::read(&names.record).ok()?).ok()?;
        let mut next = 0;
        for [start, at, end] in &record.segments {
            if *start != next || at < start || end < at || end == start {
                return None;
            }
            next = *end;
        }
        let reached = record.segments.iter().filter(|[start, at, _]| at > start).map(|[_, at, _]| *at).max();
        let there = std::fs::metadata(&names.part).ok()?.len();
        let fits = record.version == VERSION && next == record.bytes && reached.unwrap_or(0) <= there;
        fits.then_some(record)
    }

    fn done(&self) -> u64 {
        self.segments.iter().map(|[start, at, _]| at - start).sum()
    }
}

/// Bytes that a next fetch need not ask for.
pub(super) fn kept_bytes(names: &Names) -> u64 {
    Record::read(names).map_or(0, |record| record.done())
}

/// A range of the file, filled from its start on.
#[derive(Debug)]
pub(super) struct Segment {
    start: u64,
    /// Before which byte it ends; the greatest number if nobody knows.
    pub(super) end: u64,
    at: AtomicU64,
}

impl Segment {
    /// The next byte to come.
    pub(super) fn at(&self) -> u64 {
        self.at.load(Ordering::Acquire)
    }

    pub(super) fn is_whole(&self) -> bool {
        self.at() == self.end
    }

    /// Writes what comes next.
    pub(super) fn write(&self, file: &File, bytes: &[u8]) -> std::io::Result<()> {
        let at = self.at();
        file.write_all_at(bytes, at)?;
        // Only what was written is recorded.
        self.at.store(at + bytes.len() as u64, Ordering::Release);
        Ok(())
    }

    /// Forgets what has come of it.
    pub(super) fn rewind(&self) {
        self.at.store(self.start, Ordering::Release);
    }
}

/// A file that comes.
pub(super) struct Part {
    pub(super) file: Arc<File>,
    names: Names,
    /// Size of the whole file, if it is known.
    pub(super) bytes: Option<u64>,
    pub(super) validator: Validator,
    /// Whether the server gives ranges. If not there is one segment, which cannot be continued.
    pub(super) ranges: bool,
    pub(super) segments: Vec<Arc<Segment>>,
}

impl Part {
    /// Begins a file anew. With the size of segments the server gives ranges.
    pub(super) fn begin(
        names: &Names,
        bytes: Option<u64>,
        validator: Validator,
        segment_bytes: Option<u64>,
    ) -> anyhow::Result<Self> {
        // Another process may be writing what would be removed.
        drop(open(names)?);
        names.forget()?;
        let file = open(names)?;
        let end = bytes.unwrap_or(u64::MAX);
        let step = segment_bytes.unwrap_or(end).max(1);
        let mut segments = Vec::new();
        let mut start = 0;
        while start < end {
            let next = start.saturating_add(step).min(end);
            segments.push(Arc::new(Segment { start, end: next, at: AtomicU64::new(start) }));
            start = next;
        }
        let ranges = segment_bytes.is_some();
        Ok(Self { file: Arc::new(file), names: names.clone(), bytes, validator, ranges, segments })
    }

    /// Takes up what came earlier; nothing if there is nothing to continue.
    pub(super) fn take_up(names: &Names) -> anyhow::Result<Option<Self>> {
        let Some(record) = Record::read(names) else { return Ok(None) };
        let file = open(names)?;
        let segments = record
            .segments
            .iter()
            .map(|[start, at, end]| Arc::new(Segment { start: *start, end: *end, at: AtomicU64::new(*at) }))
            .collect();
        Ok(Some(Self {
            file: Arc::new(file),
            names: names.clone(),
            bytes: Some(record.bytes),
            validator: record.validator,
            ranges: true,
            segments,
        }))
    }

    /// The segments of which something is missing, in order.
    pub(super) fn missing(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.segments.iter().filter(|segment| !segment.is_whole())
    }

    pub(super) fn is_whole(&self) -> bool {
        self.missing().next().is_none()
    }

    /// Bytes that have come.
    pub(super) fn done(&self) -> u64 {
        self.segments.iter().map(|segment| segment.at() - segment.start).sum()
    }

    /// Records what has come, if it can be continued.
    pub(super) fn record(&self) -> anyhow::Result<()> {
        let (Some(bytes), true) = (self.bytes, self.ranges) else { return Ok(()) };
        let record = Record {
            version: VERSION,
            bytes,
            validator: self.validator.clone(),
            segments: self
                .segments
                .iter()
                .map(|segment| [segment.start, segment.at(), segment.end])
                .collect(),
        };
        // What the record says is there must be on the disk before the record is.
        self.file.sync_data().with_context(|| format!("cannot sync {}", self.names.part.display()))?;
        let mut new = OsString::from(&self.names.record);
        new.push(".new");
        let write = || {
            let mut file = File::create(&new)?;
            file.write_all(&serde_json::to_vec(&record)?)?;
            file.sync_data()?;
            std::fs::rename(&new, &self.names.record)
        };
        write().with_context(|| format!("cannot write {}", self.names.record.display()))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // A worker that hangs in the network still has the file, and must not keep others from it.
        let _ = self.file.unlock();
    }
}

/// Opens the file that comes, for one process at a time.
fn open(names: &Names) -> anyhow::Result<File> {
    let path = names.part.display();
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&names.part)
        .with_context(|| format!("cannot write {path}"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!("another process is writing {path}; wait until it has ended"),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {path}")),
    }
}
