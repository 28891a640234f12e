//! Asking a worker about a plugin, outside of a run: what it says of itself, whether it takes parameters, whether it passes a check.
//!
//! The plugin may end the process, never come back, print without end, or leave processes behind. Whatever it does, the
//! answer comes within the time, is of a bounded size, and nothing is left running.

use std::io::{Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::Signal;

use crate::executor::{PARENT, on_one_line, signal_name};
use crate::family;
use crate::worker::Worker;

/// How much of what a process prints is kept, in bytes: the end. A plugin with hundreds of methods describes itself in less.
const KEPT: usize = 4 << 20;

/// A question about a plugin.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// What is asked, as the worker has it: `--inspect`, `--check` or `--validate`.
    pub(crate) mode: &'static str,
    /// The library.
    pub(crate) path: &'a Path,
    /// More about it, as JSON; empty if there is no more.
    pub(crate) input: String,
    /// Variables of the environment beside those of this process.
    pub(crate) environment: &'a [(&'a str, &'a str)],
    /// How long to wait.
    pub(crate) limit: Duration,
}

/// What became of a question.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) ended: Ended,
    /// The last line of the process's output that is not empty. The plugin may have printed lines before it.
    pub(crate) line: String,
    /// The end of its error output, without what would drive a terminal.
    pub(crate) said: String,
}

impl Answer {
    /// The last line that the process wrote to its error output; empty if it wrote nothing.
    pub(crate) fn last_words(&self) -> &str {
        last_line(&self.said)
    }

    /// What the worker gave as its error, after whatever the plugin has written.
    pub(crate) fn error(&self) -> &str {
        let begin = self.said.rfind("\nerror: ").map_or(0, |at| at + 1);
        self.said[begin..].trim().trim_start_matches("error: ")
    }
}

/// How the process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Exited(i32),
    Signal(i32),
    TimedOut,
}

impl Ended {
    /// Why there is no answer, for people.
    pub(crate) fn describe(self, limit: Duration) -> String {
        match self {
            Self::Exited(code) => format!("the process exited with {code}"),
            Self::Signal(signal) => format!("the process was ended by {}", signal_name(signal)),
            Self::TimedOut => format!("there was no answer within {} s", limit.as_secs()),
        }
    }
}

impl Question<'_> {
    /// Asks. An error is one of this program or machine, not of the plugin. The calling thread waits, so that the worker may
    /// end with it.
    pub(crate) fn ask(&self, worker: &Worker) -> anyhow::Result<Answer> {
        let mut command = worker.command();
        command
            .arg(self.mode)
            .arg(self.path)
            .env("RUST_BACKTRACE", "0")
            .env(PARENT, std::process::id().to_string())
            .envs(self.environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = family::start(&mut command).context("cannot start secateur-worker")?;
        let (out, err) = (tail_of(child.stdout.take()), tail_of(child.stderr.take()));
        if let Some(mut stdin) = child.stdin.take() {
            let input = self.input.clone();
            // Who does not listen must not keep this thread from looking at the clock, and who ends without listening gives no
            // answer below.
            thread::spawn(move || stdin.write_all(input.as_bytes()));
        }
        let status = wait(&mut child, self.limit);
        // Whatever the plugin has left behind would hold the pipes open, in its group or out of it.
        family::signal_group(child.id(), Signal::KILL);
        family::bury(child.id());
        let (out, err) = (out.join().unwrap_or_default(), err.join().unwrap_or_default());
        let ended = match status.context("the worker was lost")? {
            None => Ended::TimedOut,
            Some(status) => match (status.code(), status.signal()) {
                (Some(code), _) => Ended::Exited(code),
                (None, signal) => Ended::Signal(signal.unwrap_or_default()),
            },
        };
        let said: Vec<String> = String::from_utf8_lossy(&err).lines().map(on_one_line).collect();
        let line = last_line(&String::from_utf8_lossy(&out)).to_owned();
        Ok(Answer { ended, line, said: said.join("\n") })
    }
}

/// The end of a process, or `None` and it is killed after the time.
fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > limit {
            family::signal_group(child.id(), Signal::KILL);
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(5));
    }
}

fn last_line(text: &str) -> &str {
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim()
}

/// The end of what comes out of a pipe, however much that is.
fn tail_of(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut kept = Vec::new();
        let mut buffer = [0; 8 << 10];
        let Some(mut pipe) = pipe else { return kept };
        while let Ok(read @ 1..) = pipe.read(&mut buffer) {
            kept.extend_from_slice(&buffer[..read]);
            if kept.len() > 2 * KEPT {
                kept.drain(..kept.len() - KEPT);
            }
        }
        kept
    })
}
