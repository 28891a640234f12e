//! `cargo xtask demo`: the quick suite with every plugin, and its report.

use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::cargo::{self, Workspace};
use crate::setup;

/// The suite, from the workspace's root.
const SUITE: &str = "benchmarks/suites/quick.yaml";

/// Builds, runs and reports. What is stored is not run again, so that a second demo takes no time.
pub(crate) fn run(root: &Path) -> Result<ExitCode> {
    let start = Instant::now();
    setup::ensure(root, false)?;
    let workspace = Workspace::read(root)?;
    workspace.require_binaries()?;
    ensure!(root.join(SUITE).is_file(), "there is no suite `{SUITE}` in `{}`", root.display());
    let artifacts: Vec<_> = workspace.plugins.iter().chain(&workspace.binaries).collect();
    if !cargo::build(root, &artifacts, true)? {
        return Ok(ExitCode::FAILURE);
    }
    let built = workspace.target.join("release");
    let demo = workspace.target.join("demo");
    let (store, report) = (demo.join("store"), demo.join("report"));
    let secateur = || {
        let mut command = Command::new(built.join("secateur"));
        command.current_dir(root);
        command
    };
    let mut suite = secateur();
    suite.args(["run", SUITE, "--store"]).arg(&store);
    for plugin in &workspace.plugins {
        suite.arg("--plugin").arg(built.join(&plugin.file));
    }
    let outcome = cargo::status(suite)?;
    if outcome.code() != Some(0) && outcome.code() != Some(1) {
        return Ok(exit_code(outcome));
    }
    // A suite with trials that did not end well (1) still has a report, which says which ones.
    let mut make_report = secateur();
    make_report.args(["report", "--quiet", "--store"]).arg(&store).arg("--out").arg(&report);
    let reported = cargo::status(make_report)?;
    if !reported.success() {
        return Ok(exit_code(reported));
    }
    println!("the demo took {:.1} s", start.elapsed().as_secs_f64());
    Ok(exit_code(outcome))
}

/// A child's exit code as one's own; 2 where a signal ended it.
fn exit_code(status: ExitStatus) -> ExitCode {
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(2))
}
