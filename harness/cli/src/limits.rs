//! What stages may take of the machine.

use std::path::Path;

use crate::family::children;

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
