//! What stages may take of the machine, and what they leave behind.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

/// The part of the machine's memory that a stage may take unless the suite says otherwise.
const PART_OF_MEMORY: f64 = 0.8;

/// A number of GiB in bytes.
pub(crate) fn gibibytes(number: f64) -> u64 {
    (number * f64::from(1 << 30)) as u64
}

/// The memory limit of a stage in bytes.
pub(crate) fn memory_limit(gib: Option<f64>) -> u64 {
    match (gib, machine_memory()) {
        (Some(gib), _) => gibibytes(gib),
        (None, Some(bytes)) => (bytes as f64 * PART_OF_MEMORY) as u64,
        (None, None) => u64::MAX,
    }
}

/// The machine's memory in bytes, or what its control group leaves of it.
fn machine_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let total = kibibytes(&text, "MemTotal:")?;
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let group = group.and_then(|text| text.trim().parse::<u64>().ok());
    Some(group.map_or(total, |group| group.min(total)))
}

/// A field of a file in `/proc` that is given in kB, in bytes.
fn kibibytes(text: &str, field: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Resident memory of a process, now and at its highest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    pub(crate) peak: u64,
}

/// Resident memory of a process in bytes; nothing of one that has ended.
pub(crate) fn memory_of(process: u32) -> Memory {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let field = |name| kibibytes(&text, name).unwrap_or(0);
    Memory { now: field("VmRSS:"), peak: field("VmHWM:") }
}

/// The children of a process, of all its threads.
fn children(process: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task"));
    let threads = threads.into_iter().flatten().filter_map(|entry| entry.ok());
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Resident memory of all processes below one, in bytes.
pub(crate) fn memory_below(process: u32) -> u64 {
    children(process).into_iter().map(|child| memory_of(child).now + memory_below(child)).sum()
}

/// Bytes of all files in a folder, up to a limit: who has passed it need not be counted further.
pub(crate) fn bytes_in(folder: &Path, limit: u64) -> u64 {
    let mut sum: u64 = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| entry.ok()) {
        let Ok(info) = entry.metadata() else { continue };
        sum = sum.saturating_add(if info.is_dir() { bytes_in(&entry.path(), limit) } else { info.len() });
        if sum > limit {
            break;
        }
    }
    sum
}

/// The processes that this one has started itself and still waits for.
///
/// Whoever else is a child of this process was orphaned by a stage: this process is the nearest subreaper, to which the system gives
/// processes whose parent has ended.
#[derive(Clone, Debug)]
pub(crate) struct Family(Arc<Mutex<BTreeSet<u32>>>);

impl Family {
    /// A family without members. From now on this process is where orphans of its children come to.
    pub(crate) fn new() -> Self {
        // Where the system refuses, orphans are beyond reach, as without a family.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        Self(Arc::default())
    }

    /// Starts a process that belongs to the family. Nobody is taken for an orphan meanwhile.
    pub(crate) fn start<E>(
        &self,
        start: impl FnOnce() -> Result<std::process::Child, E>,
    ) -> Result<std::process::Child, E> {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let child = start()?;
        own.insert(child.id());
        Ok(child)
    }

    /// Forgets a process that has been waited for, and ends all orphans, with what they have started.
    pub(crate) fn bury(&self, ended: u32) {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.remove(&ended);
        // Children of an orphan become orphans when it ends.
        for _ in 0..64 {
            let orphans: Vec<Pid> = children(std::process::id())
                .into_iter()
                .filter(|child| !own.contains(child))
                .filter_map(|child| Pid::from_raw(child as i32))
                .collect();
            if orphans.is_empty() {
                break;
            }
            for orphan in orphans {
                let _ = kill_process(orphan, Signal::KILL);
                let _ = waitpid(Some(orphan), WaitOptions::empty());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_bytes() {
        let text = "VmHWM:\t   2048 kB\nVmRSS:\t     12 kB\n";
        assert_eq!(kibibytes(text, "VmRSS:"), Some(12 << 10));
        assert_eq!(kibibytes(text, "VmHWM:"), Some(2 << 20));
        assert_eq!(kibibytes(text, "VmSize:"), None);
        let own = memory_of(std::process::id());
        assert!(own.now > 0 && own.peak >= own.now, "{own:?}");
        assert_eq!(memory_of(u32::MAX), Memory::default());
    }

    #[test]
    fn limits_are_in_bytes_and_default_to_a_part_of_the_machine() {
        assert_eq!(memory_limit(Some(1.5)), 3 << 29);
        assert!(machine_memory().is_none_or(|bytes| memory_limit(None) < bytes));
    }

    #[test]
    fn folders_are_added_up_with_what_is_in_them() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("inner")).unwrap();
        std::fs::write(folder.path().join("a"), [0; 100]).unwrap();
        std::fs::write(folder.path().join("inner/b"), [0; 20]).unwrap();
        assert_eq!(bytes_in(folder.path(), u64::MAX), 120);
    }
}
