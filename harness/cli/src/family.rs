//! The processes that this one has started, and those that they have left behind.
//!
//! Whoever is a child of this process and was not started by it was orphaned by a stage or a check: this process is the nearest
//! subreaper, to which the system gives processes whose parent has ended. Hence whatever may run beside a plugin is started here.

use std::collections::BTreeSet;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpid};

/// The processes that this one still waits for.
static MEMBERS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Starts a process that belongs to the family. Nobody is taken for an orphan meanwhile.
pub(crate) fn start(command: &mut Command) -> std::io::Result<Child> {
    // Where the system refuses, orphans are beyond reach.
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    let mut members = MEMBERS.lock().unwrap_or_else(PoisonError::into_inner);
    let child = command.spawn()?;
    members.insert(child.id());
    Ok(child)
}

/// Sends a signal to a process that leads a group, and to whoever is in it. The group is gone when the last process of it is.
pub(crate) fn signal_group(leader: u32, signal: Signal) {
    if let Some(group) = Pid::from_raw(leader as i32) {
        let _ = kill_process_group(group, signal);
    }
}

/// Forgets a process that has been waited for, and ends all orphans, with what they have started.
pub(crate) fn bury(ended: u32) {
    let mut members = MEMBERS.lock().unwrap_or_else(PoisonError::into_inner);
    members.remove(&ended);
    // Children of an orphan become orphans when it ends.
    for _ in 0..64 {
        let orphans: Vec<Pid> = children(std::process::id())
            .into_iter()
            .filter(|child| !members.contains(child))
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

/// Runs a program that is trusted to end and to say little, such as an interpreter that is asked where it lies.
pub(crate) fn output(command: &mut Command) -> std::io::Result<Output> {
    let child = start(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    let id = child.id();
    let output = child.wait_with_output();
    bury(id);
    output
}

/// The children of a process, of all its threads.
pub(crate) fn children(process: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task"));
    let threads = threads.into_iter().flatten().filter_map(|entry| entry.ok());
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}
