//! Finding and asking the worker program.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::family;

/// The worker program, and where it finds libtorch.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    program: PathBuf,
    torch_folder: Option<PathBuf>,
}

impl Worker {
    /// The worker beside this program. Its libtorch is that of `LIBTORCH`, the one it was built with, or that of a
    /// `python3` with a torch of the right version.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let own = std::env::current_exe().context("cannot find this program's own folder")?;
        let program = own.with_file_name("secateur-worker");
        if !program.exists() {
            bail!(
                "there is no {}; build it with `cargo build --release -p secateur-worker`",
                program.display()
            );
        }
        if let Some(root) = std::env::var_os("LIBTORCH") {
            let torch_folder = Some(PathBuf::from(root).join("lib"));
            return Ok(Self { program, torch_folder });
        }
        let worker = Self { program, torch_folder: None };
        if worker.starts() {
            return Ok(worker);
        }
        let code = "import torch, os; print(torch.__version__, os.path.dirname(torch.__file__))";
        let python = family::output(Command::new("python3").args(["-c", code]));
        let text =
            python.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        if let Some((version, folder)) = text.trim().split_once(' ')
            && version.split('+').next() == Some(secateur_suite::LIBTORCH_VERSION)
        {
            let worker = Self { torch_folder: Some(Path::new(folder).join("lib")), ..worker };
            if worker.starts() {
                return Ok(worker);
            }
        }
        bail!(
            "the worker does not find libtorch {}; set LIBTORCH to its folder, or install torch=={} for python3",
            secateur_suite::LIBTORCH_VERSION,
            secateur_suite::LIBTORCH_VERSION
        )
    }

    /// Tells one worker program from another without starting it; empty if there is none.
    pub(crate) fn fingerprint() -> String {
        let own = std::env::current_exe().unwrap_or_default();
        let Ok(file) = std::fs::metadata(own.with_file_name("secateur-worker")) else { return String::new() };
        let modified = file.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        format!("{:x}-{:x}", file.len(), modified.unwrap_or_default().as_nanos())
    }

    /// Whether the program starts at all: without arguments it prints its usage and exits with 2.
    fn starts(&self) -> bool {
        // Who was ended by a signal, for example Ctrl-C on a terminal, has found its libraries.
        family::output(&mut self.command()).is_ok_and(|output| matches!(output.status.code(), Some(2) | None))
    }

    /// A command that runs the worker.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(folder) = &self.torch_folder {
            let mut folders = vec![folder.clone()];
            if let Some(existing) = std::env::var_os("LD_LIBRARY_PATH") {
                folders.extend(std::env::split_paths(&existing));
            }
            if let Ok(joined) = std::env::join_paths(folders) {
                command.env("LD_LIBRARY_PATH", joined);
            }
        }
        command
    }
}
