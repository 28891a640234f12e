//! `cargo xtask test`: every test.

use std::path::Path;
use std::process::{ExitCode, Stdio};

use anyhow::Result;

use crate::cargo::{self, Workspace};
use crate::setup;

/// Builds what tests start or load, then runs them.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<ExitCode> {
    setup::ensure(root, false)?;
    // Cargo builds neither the dynamic libraries nor the executables of other packages for a test.
    let built = if selects_packages(arguments) {
        let workspace = Workspace::read(root)?;
        let artifacts: Vec<_> =
            workspace.plugins.iter().chain(&workspace.fixtures).chain(&workspace.binaries).collect();
        cargo::build(root, &artifacts, release(arguments))?
    } else {
        cargo::build_with_tests(root, release(arguments))?
    };
    if !built {
        return Ok(ExitCode::FAILURE);
    }
    let mut command = cargo::command(root);
    if has_nextest(root) {
        command.args(["nextest", "run"]);
        if !says_threads(arguments) && std::env::var_os("NEXTEST_TEST_THREADS").is_none() {
            command.arg(format!("--test-threads={}", default_threads()));
        }
    } else {
        println!("cargo-nextest is not installed, so `cargo test` runs the tests");
        command.arg("test");
    }
    if !selects_packages(arguments) {
        command.arg("--workspace");
    }
    command.args(arguments);
    Ok(if cargo::status(command)?.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether `cargo nextest` can be started.
fn has_nextest(root: &Path) -> bool {
    let mut command = cargo::command(root);
    command.args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// How many tests run at a time: one more than there are cores, since some wait for a disk or a browser.
fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get) + 1
}

/// Whether arguments say how many tests run at a time.
fn says_threads(arguments: &[String]) -> bool {
    let said = |argument: &String| {
        ["-j", "--jobs", "--test-threads"].iter().any(|name| argument.starts_with(name))
            // One at a time, and not to be had with another number.
            || matches!(argument.as_str(), "--no-capture" | "--nocapture")
    };
    cargo_arguments(arguments).iter().any(said)
}

/// Whether the tests are built with the release profile, so that what they start must be, too.
fn release(arguments: &[String]) -> bool {
    let profile = |pair: &[String]| pair[0] == "--cargo-profile" && pair[1] == "release";
    cargo_arguments(arguments)
        .iter()
        .any(|argument| matches!(argument.as_str(), "--release" | "-r" | "--cargo-profile=release"))
        || arguments.windows(2).any(profile)
}

/// Whether arguments choose packages, which `--workspace` would override.
fn selects_packages(arguments: &[String]) -> bool {
    cargo_arguments(arguments).iter().any(|argument| {
        argument == "--package"
            || argument.starts_with("--package=")
            || (argument.starts_with("-p") && argument != "--profile")
    })
}

/// The arguments before `--`; those after it are the test programs'.
fn cargo_arguments(arguments: &[String]) -> &[String] {
    let end = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    &arguments[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(arguments: &[&str]) -> Vec<String> {
        arguments.iter().map(|argument| (*argument).to_owned()).collect()
    }

    #[test]
    fn chosen_packages_replace_the_whole_workspace() {
        for chosen in [&["-p", "secateur-network"][..], &["-psecateur-network"], &["--package=x", "name"]] {
            assert!(selects_packages(&owned(chosen)), "{chosen:?}");
        }
        for all in [&[][..], &["name"], &["--", "-p"], &["--profile", "ci"]] {
            assert!(!selects_packages(&owned(all)), "{all:?}");
        }
    }

    #[test]
    fn who_says_how_many_tests_run_at_a_time_is_obeyed() {
        for said in
            [&["-j1"][..], &["-j", "4"], &["--test-threads=2", "name"], &["--no-capture"], &["--nocapture"]]
        {
            assert!(says_threads(&owned(said)), "{said:?}");
        }
        for silent in [&[][..], &["name"], &["--", "-j1"]] {
            assert!(!says_threads(&owned(silent)), "{silent:?}");
        }
        assert!(default_threads() > 1);
    }

    #[test]
    fn the_release_profile_is_noticed() {
        assert!(release(&owned(&["--release"])));
        assert!(release(&owned(&["--cargo-profile", "release"])));
        assert!(!release(&owned(&["--profile", "ci", "--", "--release"])));
    }
}
