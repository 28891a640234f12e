//! What a worker with a plugin may touch: its inputs, libraries and device files for reading, its own folder for
//! writing, no network. The threat is a careless or over-eager plugin, not hostile native code.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope,
};
use secateur_store::StageOrder;
use seccompiler::{
    SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

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

/// Restricts this process to what a stage needs, as far as the kernel can. Returns a sentence for the log.
pub(crate) fn restrict(order: &StageOrder) -> anyhow::Result<String> {
    let mut readable: Vec<PathBuf> = order.inputs.values().map(|input| input.path.clone()).collect();
    readable.extend(order.inputs.get("plugin").into_iter().flat_map(|plugin| companions(&plugin.path)));
    if let Some(interpreter) = &order.interpreter {
        readable.push(interpreter.program.clone());
        // No folder in which the store lies: the other stages' work is there, and the test pictures.
        let work_dir = order.work_dir.canonicalize().unwrap_or_else(|_| order.work_dir.clone());
        readable.extend(interpreter.folders.iter().filter(|folder| !work_dir.starts_with(folder)).cloned());
    }
    restrict_to(readable, vec![order.work_dir.clone()])
}

/// Restricts this process to reading a plugin, libraries, and what its parameters name, for a look at what it is.
pub(crate) fn restrict_to_reading(plugin: &Path, named: &[PathBuf]) -> anyhow::Result<String> {
    let mut readable = companions(plugin);
    readable.push(plugin.to_owned());
    readable.extend_from_slice(named);
    restrict_to(readable, Vec::new())
}

/// The libraries beside a plugin, which it may be linked with. Nothing else of its folder, which may hold anything.
fn companions(plugin: &Path) -> Vec<PathBuf> {
    let entries = plugin.parent().and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten();
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let is_library = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        path.is_file() && (name.ends_with(".so") || name.contains(".so.") || name.ends_with(".dylib"))
    };
    paths.filter(is_library).collect()
}

fn restrict_to(mut readable: Vec<PathBuf>, mut writable: Vec<PathBuf>) -> anyhow::Result<String> {
    let abi = ABI::V4;
    for path in ["/usr", "/lib", "/lib64", "/etc", "/proc", "/sys", "/dev"] {
        readable.push(PathBuf::from(path));
    }
    // The libraries that are running: libtorch may lie anywhere.
    readable.extend(secateur_host::library_folders());
    writable.push(PathBuf::from("/dev/null"));
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
        // Signals to the parent and to other stages, and their sockets. Older kernels have no such scopes.
        .scope(Scope::from_all(ABI::V6))?
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
    match forbid_sockets() {
        Ok(()) => sentence.push_str("; no network"),
        Err(error) => sentence.push_str(&format!("; sockets are not kept from it: {error}")),
    }
    if others > 0 {
        sentence.push_str(&format!("; {others} threads of libraries are not"));
    }
    Ok(sentence)
}

/// Refuses sockets that reach other machines. Landlock knows ports of TCP alone, so datagrams would go out.
fn forbid_sockets() -> anyhow::Result<()> {
    let families = [libc::AF_INET, libc::AF_INET6, libc::AF_PACKET, libc::AF_VSOCK];
    let rule = |family: i32| -> Result<SeccompRule, seccompiler::BackendError> {
        SeccompRule::new(vec![SeccompCondition::new(
            0,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::Eq,
            family as u64,
        )?])
    };
    let rules = families.into_iter().map(rule).collect::<Result<Vec<_>, _>>()?;
    let filter = SeccompFilter::new(
        [(libc::SYS_socket, rules)].into_iter().collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EACCES as u32),
        std::env::consts::ARCH.try_into()?,
    )?;
    let program: seccompiler::BpfProgram = filter.try_into()?;
    seccompiler::apply_filter(&program)?;
    Ok(())
}
