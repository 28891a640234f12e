//! Runs that are killed or asked to stop: the same command continues, and the end is the same as without.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::support::{Lab, MAGNITUDE, Said, Suite};

/// Training that takes long enough to be interrupted, with checkpoints all the time.
fn long() -> Suite {
    let upstream = "train: {recipe: base, length: 600it, keep_steps: [8]}";
    Suite {
        upstream,
        keeps: "[0.2]",
        more: "controls: [dense-as-is]\n".to_owned(),
        ..Suite::new(&[MAGNITUDE])
    }
}

fn start(mut command: Command) -> Child {
    command.env("SECATEUR_CHECKPOINT_SECONDS", "0");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("secateur starts")
}

/// Waits for something; a test whose program does nothing must end as well.
#[track_caller]
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(120), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until a training has left a checkpoint in the store's work folder, and returns the stage's folder.
fn training(store: &Path) -> PathBuf {
    wait_for("a checkpoint of a training", || {
        let stages = std::fs::read_dir(store.join("work")).ok()?;
        let attempts = stages.filter_map(|stage| std::fs::read_dir(stage.ok()?.path()).ok());
        let mut attempts = attempts.flatten().filter_map(|attempt| Some(attempt.ok()?.path()));
        attempts.find(|attempt| attempt.join("training.checkpoint").exists())
    })
}

/// The log of a stage that runs, if one has this text in its own.
fn log_of(store: &Path, text: &str) -> Option<String> {
    let stages = std::fs::read_dir(store.join("work")).ok()?;
    let logs = stages.filter_map(|stage| std::fs::read_to_string(stage.ok()?.path().join("1/log.txt")).ok());
    logs.into_iter().find(|log| log.contains(text))
}

/// The processes whose parent is this one.
fn children(parent: u32) -> Vec<Pid> {
    let processes = std::fs::read_dir("/proc").expect("there is /proc");
    let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let own = numbers.filter(|number| {
        let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        // The name in brackets may hold anything; the state and the parent come after it.
        let rest = stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned()).unwrap_or_default();
        rest.split(' ').nth(1).and_then(|parent| parent.parse().ok()) == Some(parent)
    });
    own.filter_map(Pid::from_raw).collect()
}

fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

fn end(child: Child) -> Said {
    Said::of(&child.wait_with_output().expect("secateur ends"))
}

/// Whether a process is gone, or a zombie that nobody has buried yet.
fn is_gone(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    test_kill_process(pid).is_err() || stat.is_empty() || stat.contains(") Z ")
}

#[test]
fn killed_and_stopped_runs_continue_to_the_same_bytes() {
    let lab = Lab::new();
    let suite = long();
    lab.run(&suite, "whole", &[]).exits(0);
    let whole = lab.results("whole");
    let outputs = |store: &str| lab.object(store, "train upstream")["outputs"].to_string();

    // The parent is killed: its worker must not go on alone, the lock is free, and the checkpoint is used.
    let parent = start(lab.command("parent-killed"));
    let attempt = training(&lab.path("parent-killed"));
    let workers = children(parent.id());
    assert_eq!(workers.len(), 1);
    // Meanwhile nobody else may write to the store.
    let second = Said::of(&lab.command("parent-killed").output().expect("secateur starts")).exits(2);
    second.names(&["in use by", &format!("process {}", parent.id()), "lock"]);
    kill_process(pid(&parent), Signal::KILL).expect("the parent can be killed");
    end(parent);
    wait_for("the end of the orphan", || is_gone(workers[0]).then_some(()));
    assert!(attempt.join("training.checkpoint").exists(), "the training was too short to be interrupted");
    lab.run(&suite, "parent-killed", &[]).exits(0);
    let log = std::fs::read_to_string(lab.file("parent-killed", "train upstream", "log.txt")).expect("a log");
    assert!(log.contains("continuing from a checkpoint"), "{log}");
    assert_eq!(lab.results("parent-killed"), whole);
    assert_eq!(outputs("parent-killed"), outputs("whole"));

    // A worker is killed: an attempt that crashed, which is tried again only when asked for.
    let parent = start(lab.command("worker-killed"));
    training(&lab.path("worker-killed"));
    for worker in children(parent.id()) {
        kill_process(worker, Signal::KILL).expect("the worker can be killed");
    }
    end(parent).exits(1);
    assert!(lab.rows("worker-killed").iter().all(|row| row["outcome"] == "crashed"));
    assert!(lab.rows("worker-killed").iter().all(|row| row["outcome_detail"].contains("SIGKILL")));
    lab.run(&suite, "worker-killed", &[]).exits(1);
    lab.run(&suite, "worker-killed", &["--retry"]).exits(0);
    assert_eq!(lab.results("worker-killed"), whole);
    assert_eq!(outputs("worker-killed"), outputs("whole"));

    // Ctrl-C: what runs stops at its next step, and is no result.
    let parent = start(lab.command("stopped"));
    training(&lab.path("stopped"));
    kill_process(pid(&parent), Signal::INT).expect("the parent can be interrupted");
    let said = end(parent).exits(1);
    assert!(said.out.contains("the same command continues"), "{}", said.out);
    assert!(lab.rows("stopped").iter().all(|row| row["outcome"] != "ok"));
    lab.run(&suite, "stopped", &[]).exits(0);
    assert_eq!(lab.results("stopped"), whole);
    assert_eq!(outputs("stopped"), outputs("whole"));
}

/// A worker that is asked to stop before it can listen dies of the signal. That is no crash.
#[test]
fn a_stage_that_is_stopped_while_it_starts_is_run_by_the_same_command() {
    let lab = Lab::new();
    let suite = Suite { keeps: "[0.2]", ..Suite::untrained(&[MAGNITUDE]) };
    lab.write(&suite);
    let parent = start(lab.command("store"));
    wait_for("the first worker", || log_of(&lab.path("store"), "").map(drop));
    kill_process(pid(&parent), Signal::INT).expect("the parent can be interrupted");
    end(parent).exits(1);
    lab.run(&suite, "store", &[]).exits(0);
    assert!(lab.rows("store").iter().all(|row| row["outcome"] == "ok"));
}

/// A second Ctrl-C does not wait for the next step, and the stage is no crash either.
#[test]
fn a_second_signal_stops_at_once() {
    let lab = Lab::new();
    let hangs = "  - {label: hangs, method: org.secateur.fixture.hangs}\n";
    let suite = Suite { keeps: "[0.2]", ..Suite::untrained(&[hangs]) };
    lab.write(&suite);
    let parent = start(lab.command("store"));
    // Dense controls end by themselves; the one that is left hangs.
    wait_for("the plugin", || log_of(&lab.path("store"), "Landlock").map(drop));
    kill_process(pid(&parent), Signal::INT).expect("the parent can be interrupted");
    std::thread::sleep(Duration::from_millis(100));
    kill_process(pid(&parent), Signal::INT).expect("the parent can be interrupted");
    end(parent).exits(1);
    let rows = lab.rows("store");
    let hanging = rows.iter().find(|row| row["method"] == "hangs").expect("a row");
    assert!(matches!(hanging["outcome"].as_str(), "cancelled" | "missing"), "{hanging:?}");
}
