//! Developer automation: `cargo xtask setup`, `demo`, `test` and `dist`.
//!
//! It is the only thing that a newcomer runs. It does not link libtorch, since its first task is to get it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program prints")]

mod cargo;
mod compiler;
mod demo;
mod dist;
mod fetch;
mod libtorch;
mod platform;
mod python;
mod setup;
mod test;
mod unpack;
mod wheels;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Sets up libtorch, runs the demo and the tests, and makes distribution folders.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Finds or fetches libtorch and points the link `.libtorch` at it.
    Setup {
        /// Fetch what NVIDIA GPUs need, too (2 GB more to fetch, 3.5 GB on disk).
        #[arg(long)]
        cuda: bool,
    },
    /// Builds everything, runs the quick suite and writes its report to `target/demo/report`.
    Demo,
    /// Runs every test, with nextest if it is installed.
    Test {
        /// Passed on to `cargo nextest run` or `cargo test`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Makes a folder that runs on a machine without Rust.
    Dist {
        /// Where to put it.
        #[arg(long, default_value = "dist")]
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Runs a command; the exit code is 1 when a check failed, and an error (2) is the environment's.
fn run(command: Command) -> Result<ExitCode> {
    anyhow::ensure!(
        !cfg!(windows),
        "Windows is not supported: workers are ended through process groups and contained with Landlock; use Linux or WSL 2"
    );
    let root = cargo::workspace_root()?;
    match command {
        Command::Setup { cuda } => setup::run(&root, cuda).map(|()| ExitCode::SUCCESS),
        Command::Demo => demo::run(&root),
        Command::Test { arguments } => test::run(&root, &arguments),
        Command::Dist { out } => dist::run(&root, &out),
    }
}
