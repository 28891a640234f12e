//! Where stages run: in local processes.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::Signal;
use secateur_store::{Outcome, StageOrder, WorkerReport};

use crate::family;
use crate::limits::{bytes_in, memory_below, memory_of};
use crate::worker::Worker;

/// Time between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(10);
/// The log of a stage is cut at this size: the first and the last part stay.
const LOG_LIMIT: u64 = 4 << 20;

/// Time between two looks at how much a stage has written.
const LOOK_AT_DISK: Duration = Duration::from_millis(500);

/// Longest report, or log, that is read.
const REPORT_LIMIT: u64 = 64 << 20;

/// Names this process to a worker, which ends when this process does: the stage would otherwise go on in a folder that
/// the next run continues in. Workers are started by the main thread, which lives as long as the process.
pub(crate) const PARENT: &str = "SECATEUR_PARENT";

/// A stage that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The token that [`Executor::start`] was given.
    pub(crate) token: usize,
    /// What the worker reported, or what became of it.
    pub(crate) report: WorkerReport,
    /// Wall-clock seconds.
    pub(crate) seconds: f64,
    /// Peak resident memory in bytes.
    pub(crate) peak_bytes: u64,
}

/// Runs stages.
pub(crate) trait Executor {
    /// Starts a stage; its end comes out of [`Executor::wait`] with the token.
    fn start(&mut self, token: usize, order: StageOrder) -> anyhow::Result<()>;

    /// The next stage that has ended, or `None` after the time.
    fn wait(&mut self, at_most: Duration) -> Option<Finished>;
}

/// How urgently everything must stop: 0 not at all, 1 at the next step, 2 at once.
pub(crate) type Stop = Arc<AtomicU8>;

/// Stages as processes on this machine, each in a process group of its own.
#[derive(Debug)]
pub(crate) struct LocalExecutor {
    worker: Option<Worker>,
    stop: Stop,
    sender: Sender<Finished>,
    receiver: Receiver<Finished>,
}

impl LocalExecutor {
    pub(crate) fn new(stop: Stop) -> Self {
        let (sender, receiver) = channel();
        Self { worker: None, stop, sender, receiver }
    }
}

impl Executor for LocalExecutor {
    fn start(&mut self, token: usize, order: StageOrder) -> anyhow::Result<()> {
        // The worker is looked for only when there is something to run.
        let worker = match &self.worker {
            Some(worker) => worker,
            None => self.worker.insert(Worker::find()?),
        };
        let order_file = order.work_dir.join("order.json");
        let log_file = order.work_dir.join("log.txt");
        let log = File::options().create(true).append(true).open(&log_file);
        let log = log.with_context(|| format!("cannot write {}", log_file.display()))?;
        let threads = order.environment.threads.to_string();
        let mut command = worker.command();
        command
            .arg(&order_file)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .env("OMP_NUM_THREADS", &threads)
            .env("MKL_NUM_THREADS", &threads)
            .env("RUST_BACKTRACE", "0")
            .env(PARENT, std::process::id().to_string());
        if order.device != "cpu" && order.environment.precision != "tf32" {
            // cuDNN rounds the factors of 32-bit products to 10 bits unless it is told not to. libtorch's own switch cannot be
            // reached from here; this one is NVIDIA's, and is read as the libraries start.
            command.env("NVIDIA_TF32_OVERRIDE", "0");
        }
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let start = Instant::now();
        let child = family::start(&mut command).context("cannot start secateur-worker")?;
        let (sender, stop) = (self.sender.clone(), Arc::clone(&self.stop));
        std::thread::spawn(move || {
            let process = child.id();
            let (ended, peak_bytes) = watch(child, start, &order, &stop, &log_file);
            family::bury(process);
            let report = report_of(&order.work_dir, ended);
            let seconds = start.elapsed().as_secs_f64();
            // The receiver is gone only when the run has ended.
            let _ = sender.send(Finished { token, report, seconds, peak_bytes });
        });
        Ok(())
    }

    fn wait(&mut self, at_most: Duration) -> Option<Finished> {
        self.receiver.recv_timeout(at_most).ok()
    }
}

/// How a process ended.
enum Ended {
    Exited(std::process::ExitStatus),
    TimedOut(Duration),
    /// It took more of the machine than it may.
    Overran(String),
    /// By a signal, after everything was asked to stop.
    Stopped,
    Lost(std::io::Error),
}

/// Follows a process to its end: memory, disk, time limit, cancelling, the size of its log.
fn watch(mut child: Child, start: Instant, order: &StageOrder, stop: &Stop, log: &Path) -> (Ended, u64) {
    let limit = Duration::from_secs(order.limit_seconds);
    let leader = child.id();
    let signal = |signal: Signal| family::signal_group(leader, signal);
    let mut peak_bytes = 0;
    let mut overran: Option<String> = None;
    let mut looked_at_disk = start;
    let mut asked_at: Option<Instant> = None;
    let mut timed_out = false;
    let mut pause = Duration::from_millis(2);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                // Whatever the worker has left behind ends with it.
                signal(Signal::KILL);
                if is_too_long(log) {
                    cut_log(log);
                }
                // A worker that is asked to stop before it can listen dies of the signal, and so does one that does
                // not stop in time. Neither has crashed.
                let stopped = stop.load(Ordering::Relaxed) >= 1 && status.code().is_none();
                let ended = match (overran, timed_out, stopped) {
                    (Some(what), _, _) => Ended::Overran(what),
                    (None, true, _) => Ended::TimedOut(limit),
                    (None, false, true) => Ended::Stopped,
                    (None, false, false) => Ended::Exited(status),
                };
                return (ended, peak_bytes);
            }
            Ok(None) => {}
            Err(error) => return (Ended::Lost(error), peak_bytes),
        }
        let memory = memory_of(child.id());
        peak_bytes = peak_bytes.max(memory.peak);
        let now = Instant::now();
        if memory.now + memory_below(child.id()) > order.limit_memory_bytes {
            overran = Some(format!("it took more than {} of memory", in_gib(order.limit_memory_bytes)));
        }
        if now - looked_at_disk > LOOK_AT_DISK {
            looked_at_disk = now;
            if bytes_in(&order.work_dir, order.limit_disk_bytes) > order.limit_disk_bytes {
                overran =
                    Some(format!("it wrote more than {} to its folder", in_gib(order.limit_disk_bytes)));
            }
        }
        if overran.is_some() {
            // What grows without end is not asked.
            signal(Signal::KILL);
        }
        if now - start > limit && !timed_out {
            timed_out = true;
            asked_at = Some(now);
            signal(Signal::TERM);
        }
        let urgency = stop.load(Ordering::Relaxed);
        if urgency >= 1 && asked_at.is_none() {
            asked_at = Some(now);
            signal(Signal::TERM);
        }
        if urgency >= 2 || asked_at.is_some_and(|at| now - at > GRACE) {
            signal(Signal::KILL);
        }
        if is_too_long(log) {
            cut_log(log);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

fn in_gib(bytes: u64) -> String {
    let gib = bytes as f64 / f64::from(1 << 30);
    if gib >= 10.0 { format!("{gib:.0} GiB") } else { format!("{gib:.2} GiB") }
}

fn is_too_long(log: &Path) -> bool {
    std::fs::metadata(log).is_ok_and(|file| file.len() > LOG_LIMIT)
}

/// Keeps the first quarter of what a log may have; the process goes on appending after it.
fn cut_log(log: &Path) {
    if let Ok(file) = File::options().write(true).open(log)
        && file.set_len(LOG_LIMIT / 4).is_ok()
    {
        use std::io::Write;
        if let Ok(mut file) = File::options().append(true).open(log) {
            let _ = file.write_all(b"\n[the log was too long and has been cut here]\n");
        }
    }
}

/// What a worker reported, or what became of it. A detail may be a plugin's own words: what would drive a terminal, or begin a
/// line of its own in a table, is taken out.
fn report_of(work_dir: &Path, ended: Ended) -> WorkerReport {
    let report = raw_report_of(work_dir, ended);
    WorkerReport { detail: on_one_line(&report.detail), ..report }
}

/// A text without what would drive a terminal or begin a line of its own.
pub(crate) fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn raw_report_of(work_dir: &Path, ended: Ended) -> WorkerReport {
    let failed = |outcome: Outcome, detail: String| WorkerReport {
        outcome,
        detail,
        outputs: Default::default(),
        facts: serde_json::Value::Null,
        machine: Default::default(),
    };
    match ended {
        Ended::TimedOut(limit) => {
            failed(Outcome::Timeout, format!("it ran longer than {} seconds", limit.as_secs()))
        }
        Ended::Overran(what) => failed(Outcome::Crashed, format!("it was ended, because {what}")),
        Ended::Stopped => failed(Outcome::Cancelled, "it was stopped".to_owned()),
        Ended::Lost(error) => failed(Outcome::Failed, format!("the worker was lost: {error}")),
        Ended::Exited(status) => match status.code() {
            Some(0) => {
                let report = read_bounded(&work_dir.join("report.json"));
                let report = report.and_then(|text| serde_json::from_slice(&text).ok());
                report
                    .unwrap_or_else(|| failed(Outcome::Failed, "the worker left without a report".to_owned()))
            }
            Some(code) => {
                failed(Outcome::Failed, format!("the worker exited with {code}: {}", last_line(work_dir)))
            }
            None => {
                use std::os::unix::process::ExitStatusExt;
                let name = status.signal().map_or_else(|| "a signal".to_owned(), signal_name);
                failed(Outcome::Crashed, format!("the worker was ended by {name}"))
            }
        },
    }
}

pub(crate) fn signal_name(signal: i32) -> String {
    let name = match signal {
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        _ => return format!("signal {signal}"),
    };
    name.to_owned()
}

/// A file that a plugin may have put there: a plain one, and no longer than this program wants to hold.
fn read_bounded(path: &Path) -> Option<Vec<u8>> {
    let info = std::fs::symlink_metadata(path).ok()?;
    if !info.is_file() || info.len() > REPORT_LIMIT {
        return None;
    }
    std::fs::read(path).ok()
}

fn last_line(work_dir: &Path) -> String {
    let text = read_bounded(&work_dir.join("log.txt")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("its log is empty").trim().to_owned()
}
