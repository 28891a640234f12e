//! The Python process: how it is started, what it may inherit, and how it ends.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use secateur_sdk::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use crate::config::Config;
use crate::message::{FEATURES, NEEDED, PROTOCOL, Said, Tell};
use crate::wire::{Lost, Wire};

/// The bridge's Python files by module; they travel with this library, so that nothing has to be installed.
const SOURCES: [(&str, &str); 6] = [
    ("secateur_bridge", include_str!("../python/secateur_bridge/__init__.py")),
    ("secateur_bridge.api", include_str!("../python/secateur_bridge/api.py")),
    ("secateur_bridge.arrays", include_str!("../python/secateur_bridge/arrays.py")),
    ("secateur_bridge.child", include_str!("../python/secateur_bridge/child.py")),
    ("secateur_bridge.protocol", include_str!("../python/secateur_bridge/protocol.py")),
    ("secateur_bridge.tensors", include_str!("../python/secateur_bridge/tensors.py")),
];
/// What the interpreter runs: it takes the files from the first message.
const BOOTSTRAP: &str = include_str!("../python/bootstrap.py");

/// How long a class may take to be imported and made. Importing torch from a slow disk takes most of a minute.
const START: Duration = Duration::from_secs(180);
/// How long a process may go on after the host was asked to stop.
const GRACE: Duration = Duration::from_secs(2);
/// How long a process that has closed its socket may take to end.
const ENDING: Duration = Duration::from_secs(2);

/// A running Python process.
#[derive(Debug)]
pub(crate) struct Child {
    process: std::process::Child,
    wire: Wire,
    interpreter: String,
    /// Since when the host is known to want this process to stop.
    cancelled: Option<Instant>,
    /// What the class is called, and what its tensors are.
    pub(crate) name: String,
    pub(crate) arrays: String,
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Child {
    /// Starts the interpreter and has the class made.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] says what is wrong with class, file or parameters.
    pub(crate) fn start(config: &Config, granularity: &str) -> Result<Self> {
        let interpreter = config.interpreter();
        let internal = |what: &str, error: std::io::Error| {
            Error::new(ErrorKind::Internal, format!("cannot {what} the Python process: {error}"))
        };
        let (ours, theirs) = UnixStream::pair().map_err(|error| internal("speak with", error))?;
        // What the class prints is for the log; the socket stands where standard input is.
        let log = std::io::stderr().as_fd().try_clone_to_owned();
        let log = log.map_err(|error| internal("log for", error))?;
        let mut command = Command::new(&interpreter);
        command
            .args(["-B", "-u", "-c", BOOTSTRAP])
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(log))
            // The order of sets of texts is a random one otherwise.
            .env("PYTHONHASHSEED", "0");
        without_our_libtorch(&mut command);
        let process = command.spawn().map_err(|error| {
            let help = "name a Python of 3.8 or newer in SECATEUR_PYTHON";
            Error::new(ErrorKind::Internal, format!("cannot start `{interpreter}`: {error}; {help}"))
        })?;
        // The command holds the other end of the socket, which must be the process's alone: its closing tells that it ended.
        drop(command);
        let wire = Wire::new(ours).map_err(|error| internal("speak with", error));
        let name = config.class.clone();
        let mut child =
            Self { process, wire: wire?, interpreter, cancelled: None, name, arrays: String::new() };
        child.greet()?;
        child.load(config, granularity)?;
        Ok(child)
    }

    /// The handshake: both sides say which version they speak.
    fn greet(&mut self) -> Result<()> {
        let sources: Value = SOURCES.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
        let host = concat!("secateur-python-bridge ", env!("CARGO_PKG_VERSION"));
        let parent = std::process::id();
        self.tell(
            &Tell::Hello { protocol: PROTOCOL, host, features: &FEATURES, parent, sources: &sources },
            None,
            None,
        )?;
        let (text, _) = self.receive(None)?;
        // Of another version nothing is known but that it says its number.
        let hello: Value = serde_json::from_slice(&text).map_err(|_| self.garbage(&text))?;
        if hello["say"] != "hello" {
            return Err(self.garbage(&text));
        }
        if hello["protocol"] != PROTOCOL {
            return Err(Error::invalid(format!(
                "`{}` speaks version {} of the bridge's protocol, and this plugin version {PROTOCOL}; what answers is not the \
                 bridge that this plugin brings along, so name a plain Python in SECATEUR_PYTHON or `python`",
                self.interpreter, hello["protocol"]
            )));
        }
        let said: Said = serde_json::from_value(hello).map_err(|_| self.garbage(&text))?;
        let Said::Hello { protocol, bridge, python, features } = said else {
            return Err(self.garbage(&text));
        };
        if !features.iter().any(|feature| feature == NEEDED) {
            return Err(Error::unsupported(format!(
                "`{}` ({python}) cannot pass open files, which tensors travel in; the bridge needs Python 3.8 or newer on Unix",
                self.interpreter
            )));
        }
        tracing::info!("{python} at {}, bridge {bridge}, protocol {protocol}", self.interpreter);
        Ok(())
    }

    /// Has an instance of the class made.
    fn load(&mut self, config: &Config, granularity: &str) -> Result<()> {
        let Config { class, path, params, arrays, .. } = config;
        let load = Tell::Load { class, path: path.as_deref(), params, arrays: *arrays, granularity };
        self.tell(&load, None, None)?;
        loop {
            match self.hear(None)?.0 {
                Said::Log { level, message } => log(&level, &message),
                Said::Ready { name, arrays } => {
                    tracing::info!("{name} with arrays of {arrays}");
                    (self.name, self.arrays) = (name, arrays);
                    return Ok(());
                }
                Said::Raised { kind, message } => {
                    return Err(Error::new(crate::message::kind_of(&kind), message));
                }
                other => return Err(self.out_of_turn(&format!("{other:?}"))),
            }
        }
    }

    /// Sends a message, with tensors in a file.
    pub(crate) fn tell(
        &mut self,
        tell: &Tell<'_>,
        file: Option<&OwnedFd>,
        run: Option<&Run<'_>>,
    ) -> Result<()> {
        let text = to_json(tell)?;
        let Self { process, wire, cancelled, .. } = self;
        let mut watch = Watch::new(process, cancelled, run);
        let sent = wire.send(&text, file, &mut || watch.look_up());
        sent.map_err(|lost| self.explain(lost, run))
    }

    /// The next message, with tensors in a file.
    pub(crate) fn hear(&mut self, run: Option<&Run<'_>>) -> Result<(Said, Option<File>)> {
        let (text, file) = self.receive(run)?;
        let said = serde_json::from_slice(&text);
        said.map(|said| (said, file)).map_err(|error| {
            let garbage = self.garbage(&text);
            Error::new(garbage.kind, format!("{} ({error})", garbage.message))
        })
    }

    fn receive(&mut self, run: Option<&Run<'_>>) -> Result<(Vec<u8>, Option<File>)> {
        let Self { process, wire, cancelled, .. } = self;
        let mut watch = Watch::new(process, cancelled, run);
        // One that goes on asking is never waited for.
        let received = watch.stop_in_time().and_then(|()| wire.receive(&mut || watch.look_up()));
        received.map_err(|lost| self.explain(lost, run))
    }

    /// An error for something that cannot be read.
    fn garbage(&self, text: &[u8]) -> Error {
        let begin: String = String::from_utf8_lossy(text).chars().take(80).collect();
        self.out_of_turn(&format!("`{}`", begin.escape_debug()))
    }

    /// An error for something that nobody asked for.
    pub(crate) fn out_of_turn(&self, what: &str) -> Error {
        let what: String = what.chars().take(160).collect();
        Error::new(
            ErrorKind::Internal,
            format!(
                "the Python process of `{}` says what the bridge's protocol does not have: {what}; something in it writes to the \
                 bridge's socket, or uses the run from another process",
                self.name
            ),
        )
    }

    /// What it means that no message came.
    fn explain(&mut self, lost: Lost, run: Option<&Run<'_>>) -> Error {
        match lost {
            Lost::GivenUp(error) => error,
            Lost::Garbage(what) => self.out_of_turn(&what),
            Lost::Closed => {
                let ended = self.ended();
                if run.is_some_and(Run::is_cancelled) {
                    return Error::new(ErrorKind::Cancelled, "the host asked to stop");
                }
                let how = match ended {
                    None => "closed the bridge's socket, and goes on without it".to_owned(),
                    Some(status) => match (status.code(), status.signal()) {
                        (Some(code), _) => format!("ended with exit code {code}"),
                        (None, Some(signal)) => format!("was ended by signal {signal}"),
                        (None, None) => "ended".to_owned(),
                    },
                };
                let when =
                    if run.is_some() { "in the middle of the run" } else { "before it had made the class" };
                Error::new(
                    ErrorKind::Internal,
                    format!(
                        "the Python process of `{}` {how} {when}; what it printed is in the stage's log",
                        self.name
                    ),
                )
            }
        }
    }

    /// How the process has ended, if it does so soon.
    fn ended(&mut self) -> Option<ExitStatus> {
        let since = Instant::now();
        loop {
            match self.process.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if since.elapsed() < ENDING => std::thread::sleep(Duration::from_millis(5)),
                Ok(None) | Err(_) => return None,
            }
        }
    }
}

/// Looks up while Python computes.
struct Watch<'a> {
    process: &'a mut std::process::Child,
    run: Option<&'a Run<'a>>,
    since: Instant,
    cancelled: &'a mut Option<Instant>,
    has_ended: bool,
}

impl<'a> Watch<'a> {
    fn new(
        process: &'a mut std::process::Child,
        cancelled: &'a mut Option<Instant>,
        run: Option<&'a Run<'a>>,
    ) -> Self {
        Self { process, run, since: Instant::now(), cancelled, has_ended: false }
    }

    fn look_up(&mut self) -> std::result::Result<(), Lost> {
        // What it said before it ended has been read by the second time. Its own children may hold the socket open.
        if self.has_ended {
            return Err(Lost::Closed);
        }
        self.has_ended = matches!(self.process.try_wait(), Ok(Some(_)));
        if self.run.is_none() && self.since.elapsed() > START {
            let message = format!("the class was not imported and made within {} seconds", START.as_secs());
            return Err(Lost::GivenUp(Error::new(ErrorKind::Internal, message)));
        }
        self.stop_in_time()
    }

    /// An error once the host has wanted the process to stop for too long.
    fn stop_in_time(&mut self) -> std::result::Result<(), Lost> {
        let wanted = self.run.is_some_and(Run::is_cancelled);
        if wanted && self.cancelled.get_or_insert_with(Instant::now).elapsed() > GRACE {
            let message = "the host asked to stop, and the Python process did not";
            return Err(Lost::GivenUp(Error::new(ErrorKind::Cancelled, message)));
        }
        Ok(())
    }
}

/// Writes a line to the host's log.
pub(crate) fn log(level: &str, message: &str) {
    match level {
        "error" => tracing::error!("{message}"),
        "warning" => tracing::warn!("{message}"),
        "debug" => tracing::debug!("{message}"),
        _ => tracing::info!("{message}"),
    }
}

fn to_json(message: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(message)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("a message for Python is no JSON: {error}")))
}

/// Python may have a torch of its own, which must not find this process's libtorch in place of its own one.
fn without_our_libtorch(command: &mut Command) {
    if let Some(folders) = std::env::var_os("LD_LIBRARY_PATH") {
        let others =
            std::env::split_paths(&folders).filter(|folder| !folder.join("libtorch_cpu.so").exists());
        if let Ok(others) = std::env::join_paths(others) {
            command.env("LD_LIBRARY_PATH", others);
        }
    }
    if let Ok(libraries) = std::env::var("LD_PRELOAD") {
        let others: Vec<&str> =
            libraries.split([':', ' ']).filter(|library| !library.contains("libtorch")).collect();
        command.env("LD_PRELOAD", others.join(":"));
    }
}
