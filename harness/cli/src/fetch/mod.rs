//! Fetching a published file over HTTP: in ranges side by side where the server has them, continued where it ended, and
//! in its place only when it is the official one.
//!
//! While a file comes it is called `<file>.part`; which ranges of it are there stands in `<file>.part.json`. One that
//! turns out not to be the official one is kept as `<file>.bad`. `client` makes single requests, `part` keeps what has
//! come, `workers` fill ranges, and `transfer` decides what is asked for and when to begin anew.

mod client;
mod part;
mod transfer;
mod workers;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use secateur_data::official::{Archive, DigestState, Entry, compare_archive};

/// How often it is looked whether somebody wants to stop.
const LOOK: Duration = Duration::from_millis(50);

/// What is to be fetched.
pub(crate) struct Wanted<'a> {
    /// The set that it belongs to.
    pub(crate) entry: &'a Entry,
    /// What is known of it.
    pub(crate) archive: &'a Archive,
    /// Where it is on the network.
    pub(crate) address: String,
    /// Where it belongs; the folder exists.
    pub(crate) place: PathBuf,
}

/// How it is fetched.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Requests side by side.
    pub(crate) connections: usize,
    /// Bytes that one request asks for; what is not larger is fetched with one request.
    pub(crate) segment_bytes: u64,
    /// How long no byte may come before a connection is given up.
    pub(crate) stall: Duration,
    /// How long to wait before the first retry; each further wait is twice as long, up to [`Settings::LONGEST_WAIT`].
    pub(crate) wait: Duration,
    /// Retries without noteworthy progress between them before the file is given up.
    pub(crate) retries: u32,
    /// The proxy to go through.
    pub(crate) proxy: Option<ureq::Proxy>,
}

impl Settings {
    const LONGEST_WAIT: Duration = Duration::from_secs(60);

    /// What suits data sets of gigabytes; the proxy is that of the environment.
    pub(crate) fn new(connections: usize) -> Self {
        Self {
            connections,
            segment_bytes: 64 << 20,
            stall: Duration::from_secs(30),
            wait: Duration::from_secs(1),
            retries: 6,
            proxy: ureq::Proxy::try_from_env(),
        }
    }
}

/// Is told how far a fetch is.
pub(crate) trait Watch {
    /// The transfer begins, or begins anew, with so many of the bytes there already; without a size if the server tells
    /// none.
    fn begin(&self, done: u64, bytes: Option<u64>);
    /// So many bytes are there.
    fn progress(&self, done: u64);
    /// All bytes are there, and their digests are computed.
    fn comparing(&self);
    /// Something happened that explains a delay.
    fn note(&self, text: &str);
}

/// How a fetch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The file is in its place.
    InPlace,
    /// It was to stop; what has come is kept.
    Stopped,
}

/// Fetches a file, unless `stop` becomes true.
///
/// # Errors
/// If the server does not have it, or gives up on it more often than is borne, if its size is not the official one or
/// there is no room for it, if it was changed again and again meanwhile, if it is not the official one (then it is kept
/// as `.bad`), if another process fetches it, and if something cannot be read or written.
pub(crate) fn fetch(
    wanted: &Wanted<'_>,
    settings: &Settings,
    stop: &AtomicBool,
    watch: &dyn Watch,
) -> anyhow::Result<Ended> {
    let names = part::Names::of(&wanted.place);
    // Kept to the end, since its lock is held as long.
    let Some(_part) = transfer::transfer(wanted, &names, settings, stop, watch)? else {
        return Ok(Ended::Stopped);
    };
    watch.comparing();
    let Some(state) = compare(&names.part, wanted.archive, wanted.entry, stop)? else {
        return Ok(Ended::Stopped);
    };
    if let DigestState::Wrong(differing) = state {
        names.set_aside()?;
        bail!(
            "{} is not the official file ({differing}); it is kept as {}; fetch it from elsewhere with --mirror",
            wanted.address,
            names.bad.display()
        );
    }
    names.put_in_place()?;
    Ok(Ended::InPlace)
}

/// Whether a file is what is known of an archive, unless `stop` becomes true.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn compare(
    path: &Path,
    archive: &Archive,
    entry: &Entry,
    stop: &AtomicBool,
) -> anyhow::Result<Option<DigestState>> {
    let (path, archive, entry) = (path.to_path_buf(), archive.clone(), entry.clone());
    let state = unless_stopped(stop, move || compare_archive(&path, &archive, &entry));
    Ok(state.transpose()?)
}

/// Free bytes where a folder is or will be.
///
/// # Errors
/// If the system does not say.
pub(crate) fn free_bytes(folder: &Path) -> anyhow::Result<u64> {
    let there = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let room = rustix::fs::statvfs(there)
        .with_context(|| format!("cannot find out how much room there is in {}", there.display()))?;
    Ok(room.f_bavail.saturating_mul(room.f_frsize))
}

/// Bytes of a file that came earlier and were kept, so that they need not come again.
pub(crate) fn kept_bytes(place: &Path) -> u64 {
    part::kept_bytes(&part::Names::of(place))
}

/// What `work` returns, or nothing as soon as `stop` is true. It is then left to itself: it may hang in the network for
/// as long as a stall may take, and nobody who wants to stop waits for that.
pub(crate) fn unless_stopped<T: Send + 'static>(
    stop: &AtomicBool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    let worker = std::thread::spawn(move || {
        // Nobody listens any more after a stop.
        let _ = sender.send(work());
    });
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(value) => return Some(value),
            Err(mpsc::RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => return None,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => match worker.join() {
                Err(panic) => std::panic::resume_unwind(panic),
                Ok(()) => return None,
            },
        }
    }
}

/// Waits; whether it was for the whole time, and not cut short by one of the flags.
fn wait(time: Duration, flags: &[&AtomicBool]) -> bool {
    let start = Instant::now();
    while start.elapsed() < time {
        if flags.iter().any(|flag| flag.load(Ordering::Relaxed)) {
            return false;
        }
        std::thread::sleep(LOOK.min(time.saturating_sub(start.elapsed())));
    }
    true
}

/// How often something may fail.
struct Patience {
    failures: u32,
    retries: u32,
    wait: Duration,
}

impl Patience {
    fn new(settings: &Settings) -> Self {
        Self { failures: 0, retries: settings.retries, wait: settings.wait }
    }

    /// How long to wait before it is tried again; nothing if it was tried often enough.
    fn again(&mut self) -> Option<Duration> {
        if self.failures >= self.retries {
            return None;
        }
        let wait = self.wait.saturating_mul(1 << self.failures.min(16));
        self.failures += 1;
        Some(wait.min(Settings::LONGEST_WAIT))
    }
}

#[cfg(test)]
mod tests;
