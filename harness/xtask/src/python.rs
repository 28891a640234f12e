//! The Python that has PyTorch, or at least pip.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::libtorch;

/// Names of the interpreter, the usual one first.
const NAMES: [&str; 2] = ["python3", "python"];

/// Prints version and folder of PyTorch without importing it, which would take seconds.
const FIND_TORCH: &str = "
import importlib.metadata, importlib.util
spec = importlib.util.find_spec('torch')
if spec is not None and spec.submodule_search_locations:
    print(importlib.metadata.version('torch'))
    print(list(spec.submodule_search_locations)[0])
";

/// Version (without label) and folder of the PyTorch that `python3` has.
pub(crate) fn torch() -> Option<(String, PathBuf)> {
    let found = NAMES.iter().find_map(|name| {
        let output = Command::new(name).args(["-c", FIND_TORCH]).stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    })?;
    let mut lines = found.lines();
    Some((libtorch::unlabelled(lines.next()?), PathBuf::from(lines.next()?)))
}

/// A command that runs pip.
pub(crate) fn pip() -> Result<Command> {
    let runs = |name: &str, arguments: &[&str]| {
        let status = Command::new(name).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let Some(python) =
        NAMES.into_iter().find(|name| runs(name, &["-c", "import sys; sys.exit(sys.version_info < (3, 8))"]))
    else {
        bail!(
            "python3 (3.8 or newer) is needed to fetch libtorch; install it, or set LIBTORCH to a folder of libtorch"
        );
    };
    if !runs(python, &["-m", "pip", "--version"]) {
        bail!(
            "{python} has no pip, which fetches libtorch; install it (Debian and Ubuntu: `apt-get install python3-pip`, \
             Fedora: `dnf install python3-pip`, elsewhere: `{python} -m ensurepip`)"
        );
    }
    let mut command = Command::new(python);
    command.args(["-m", "pip", "--disable-pip-version-check"]);
    Ok(command)
}

/// Runs a pip command whose output the user sees.
pub(crate) fn run(mut command: Command, what: &str) -> Result<()> {
    let status = command.status().with_context(|| format!("could not run pip to {what}"))?;
    if !status.success() {
        bail!(
            "pip could not {what}; its message stands above (no network? set a proxy or an index as for any pip command)"
        );
    }
    Ok(())
}
