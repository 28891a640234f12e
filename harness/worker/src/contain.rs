//! What a worker with a plugin may touch: its inputs, libraries and device files for reading, its own folder for
//! writing, no network. The threat is a careless or over-eager plugin, not hostile native code.

use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus,
};
use secateur_store::StageOrder;

/// Ends this process when its parent ends, however that happens. False if the parent has ended already.
pub(crate) fn end_with(parent: &str) -> bool {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, getppid, set_parent_process_death_signal};
        // A kernel that refuses leaves things as they were.
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
        getppid().is_none_or(|running| running.as_raw_nonzero().to_string() == parent)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = parent;
        true
    }
}

/// Restricts this process, as far as the kernel can. Returns a sentence for the log.
pub(crate) fn restrict(order: &StageOrder) -> anyhow::Result<String> {
    let abi = ABI::V4;
    let mut readable: Vec<PathBuf> = order.inputs.values().map(|input| input.path.clone()).collect();
    for path in ["/usr", "/lib", "/lib64", "/etc", "/proc", "/sys", "/dev"] {
        readable.push(PathBuf::from(path));
    }
    if let Some(interpreter) = &order.interpreter {
        readable.push(interpreter.program.clone());
        // No folder in which the store lies: the other stages' work is there, and the test pictures.
        let work_dir = order.work_dir.canonicalize().unwrap_or_else(|_| order.work_dir.clone());
        readable.extend(interpreter.folders.iter().filter(|folder| !work_dir.starts_with(folder)).cloned());
    }
    // The libraries that are running: libtorch may lie anywhere.
    readable.extend(secateur_host::library_folders());
    let mut writable = vec![order.work_dir.clone(), PathBuf::from("/dev/null")];
    let devices = std::fs::read_dir("/dev").into_iter().flatten().filter_map(|entry| entry.ok());
    writable.extend(
        devices
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("nvidia"))
            .map(|entry| entry.path()),
    );
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .create()?;
    for path in &readable {
        // What does not exist needs no rule.
        let Ok(fd) = PathFd::new(path) else { continue };
        let access = if path.is_dir() {
            AccessFs::from_read(abi)
        } else {
            AccessFs::from_file(abi) & AccessFs::from_read(abi)
        };
        ruleset = ruleset.add_rule(PathBeneath::new(fd, access))?;
    }
    for path in &writable {
        let Ok(fd) = PathFd::new(path) else { continue };
        let access = if path.is_dir() { AccessFs::from_all(abi) } else { AccessFs::from_file(abi) };
        ruleset = ruleset.add_rule(PathBeneath::new(fd, access))?;
    }
    let others = std::fs::read_dir("/proc/self/task").map_or(0, |tasks| tasks.count().saturating_sub(1));
    let status = ruleset.restrict_self()?;
    let mut sentence = match status.ruleset {
        RulesetStatus::FullyEnforced => "contained by Landlock".to_owned(),
        RulesetStatus::PartiallyEnforced => "contained by Landlock, as far as this kernel can".to_owned(),
        RulesetStatus::NotEnforced => "not contained: this kernel has no Landlock".to_owned(),
    };
    if others > 0 {
        sentence.push_str(&format!("; {others} threads of libraries are not"));
    }
    Ok(sentence)
}
