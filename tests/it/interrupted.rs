//! Runs that are killed or asked to stop: the same command continues, and the end is the same as without.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use secateur_checkpoint::read;

use crate::support::{GIVEN, Lab, MAGNITUDE, Said, Suite};

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

/// The folders in which stages of a kind run, or were stopped.
fn attempts(store: &Path, kind: &str) -> Vec<PathBuf> {
    let stages = std::fs::read_dir(store.join("work")).into_iter().flatten();
    let attempts = stages.filter_map(|stage| std::fs::read_dir(stage.ok()?.path()).ok());
    let attempts = attempts.flatten().filter_map(|attempt| Some(attempt.ok()?.path()));
    let is_of_kind = |attempt: &PathBuf| {
        let order = std::fs::read_to_string(attempt.join("order.json")).unwrap_or_default();
        order.contains(&format!("\"kind\": \"{kind}\""))
    };
    attempts.filter(is_of_kind).collect()
}

/// Waits until a stage of a kind has left a checkpoint in the store's work folder, and returns the stage's folder.
fn checkpoint_of(store: &Path, kind: &str) -> PathBuf {
    wait_for(&format!("a checkpoint of a stage `{kind}`"), || {
        attempts(store, kind).into_iter().find(|attempt| attempt.join("training.checkpoint").exists())
    })
}

/// Waits until the upstream network's training has left a checkpoint.
fn training(store: &Path) -> PathBuf {
    checkpoint_of(store, "train")
}

/// Runs the suite file into a store, kills the run when a stage of a kind has left a checkpoint, and returns the stage's folder.
pub(crate) fn killed_in(lab: &Lab, store: &str, kind: &str) -> PathBuf {
    let mut command = lab.command(store);
    command.args(["--jobs", "1"]);
    let parent = start(command);
    let attempt = checkpoint_of(&lab.path(store), kind);
    kill_process(pid(&parent), Signal::KILL).expect("the parent can be killed");
    end(parent);
    attempt
}

/// The same folder under another name.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
        }
    }
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

/// MoCo's average and queue go on with the weights.
#[test]
fn training_without_labels_continues_to_the_same_bits() {
    let lab = Lab::new();
    let suite = Suite {
        upstream: "projection: {out: 6}, train: {recipe: pretrain, length: 400it}",
        keeps: "[0.2]",
        track: "{name: equal-allowance, allowance: 6400ex, recipe: pretrain}",
        more: format!("controls: [dense-as-is]\n{}", crate::contrast::LINEAR),
        ..crate::contrast::suite(&[MAGNITUDE])
    };
    lab.run(&suite, "whole", &["--jobs", "1"]).exits(0);
    for kind in ["train", "recover"] {
        let attempt = killed_in(&lab, kind, kind);
        let saved = read(&attempt.join("training.checkpoint"));
        let saved =
            saved.unwrap_or_else(|error| panic!("the {kind} was too short to be interrupted: {error}"));
        assert!(saved.tensors.contains_key("contrast.queue"));
        let order = crate::support::json(&attempt.join("order.json"));
        lab.run(&suite, kind, &["--jobs", "1"]).exits(0);
        let label = order["label"].as_str().expect("a label");
        let log = std::fs::read_to_string(lab.file(kind, label, "log.txt")).expect("a log");
        assert!(log.contains("continuing from a checkpoint"), "{log}");
        let results = |store: &str| {
            let object = lab.object(store, label);
            format!("{} {} {}", object["identity"], object["outputs"], object["facts"])
        };
        assert_eq!(results(kind), results("whole"), "{kind}");
    }
}

/// Recovery and full transfer train, too, and go on from where they were.
#[test]
fn recovery_and_full_transfer_continue_to_the_same_bits() {
    let lab = Lab::new();
    let transfer = "transfer: {tasks: [stripes], full: {recipe: base, length: 500it}}\n";
    let suite = Suite {
        upstream: GIVEN,
        keeps: "[0.2]",
        track: "{name: equal-allowance, allowance: 8000ex, recipe: base, recalibrate: 16}",
        more: format!("controls: [dense-as-is]\nevaluate: false\n{transfer}"),
        ..Suite::new(&[MAGNITUDE])
    };
    lab.run(&suite, "whole", &["--jobs", "1"]).exits(0);
    let whole = lab.results("whole");
    let objects = |store: &str| -> Vec<String> {
        let text = |object: serde_json::Value| {
            format!("{} {} {}", object["identity"], object["outputs"], object["facts"])
        };
        lab.objects(store).into_iter().map(text).collect()
    };
    for kind in ["recover", "transfer"] {
        let attempt = killed_in(&lab, kind, kind);
        assert!(attempt.join("training.checkpoint").exists(), "the {kind} was too short to be interrupted");
        let order = crate::support::json(&attempt.join("order.json"));
        lab.run(&suite, kind, &["--jobs", "1"]).exits(0);
        let log = lab.file(kind, order["label"].as_str().expect("a label"), "log.txt");
        let log = std::fs::read_to_string(log).expect("a log");
        assert!(log.contains("continuing from a checkpoint"), "{log}");
        assert_eq!(lab.results(kind), whole, "{kind}");
        assert_eq!(objects(kind), objects("whole"), "{kind}");
    }
}

/// Half a checkpoint, another one, or one with a changed bit: none of them is gone on from, and none of them stops the run.
#[test]
fn a_damaged_checkpoint_is_not_continued_from() {
    let lab = Lab::new();
    let suite = long();
    lab.run(&suite, "whole", &[]).exits(0);
    let whole = lab.results("whole");
    let parent = start(lab.command("killed"));
    let attempt = training(&lab.path("killed"));
    kill_process(pid(&parent), Signal::KILL).expect("the parent can be killed");
    end(parent);
    let inside = attempt.strip_prefix(lab.path("killed").canonicalize().expect("a path"));
    let inside = inside.or_else(|_| attempt.strip_prefix(lab.path("killed"))).expect("inside").to_owned();
    let saved = std::fs::read(attempt.join("training.checkpoint")).expect("readable");
    let text = String::from_utf8_lossy(&saved).into_owned();
    let step =
        text.split("\"step\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a step").to_owned();
    let replaced = |from: &str, to: &str| {
        let at = saved.windows(from.len()).position(|window| window == from.as_bytes()).expect("it is there");
        [&saved[..at], to.as_bytes(), &saved[at + from.len()..]].concat()
    };
    // As many digits, so that the header keeps its length: a step at which no part ends, and one at which another does.
    let odd = format!("{:0width$}", 1, width = step.len());
    let other = if step == "300" { "330" } else { "300" };
    let other = if step.len() == 3 { other } else { "60" };
    let mut flipped = saved.clone();
    *flipped.last_mut().expect("bytes") ^= 1;
    let damaged = [
        ("empty", Vec::new()),
        ("half", saved[..saved.len() / 2].to_vec()),
        ("zeros", vec![0; saved.len()]),
        ("flipped", flipped),
        ("odd", replaced(&format!("\"step\":\"{step}\""), &format!("\"step\":\"{odd}\""))),
        ("other", replaced(&format!("\"step\":\"{step}\""), &format!("\"step\":\"{other}\""))),
    ];
    for (store, content) in damaged {
        copy(&lab.path("killed"), &lab.path(store));
        std::fs::write(lab.path(store).join(&inside).join("training.checkpoint"), content).expect("written");
        lab.run(&suite, store, &[]).exits(0);
        let log = std::fs::read_to_string(lab.file(store, "train upstream", "log.txt")).expect("a log");
        assert!(log.contains("cannot be continued from"), "{store}: {log}");
        assert!(log.contains("training begins again"), "{store}: {log}");
        assert_eq!(lab.results(store), whole, "{store}");
    }
}

/// A plugin's state is nobody's but its own, so a killed `prune` begins again, in a folder without what it left.
#[test]
fn a_killed_prune_begins_again() {
    let lab = Lab::new();
    let track = "{name: equal-allowance, allowance: 4800ex, recipe: base}";
    let suite = Suite {
        track,
        upstream: GIVEN,
        more: "controls: [dense-as-is]\n".to_owned(),
        ..Suite::new(&[
            "  - {label: ticket, method: org.secateur.lottery-ticket, params: {rate: 0.6, rewind: none}}\n",
        ])
    };
    lab.run(&suite, "whole", &[]).exits(0);
    let parent = start(lab.command("killed"));
    let attempt = wait_for("the plugin", || {
        let found = attempts(&lab.path("killed"), "prune").into_iter().next()?;
        let log = std::fs::read_to_string(found.join("log.txt")).ok()?;
        log.contains("Landlock").then_some(found)
    });
    kill_process(pid(&parent), Signal::KILL).expect("the parent can be killed");
    end(parent);
    assert!(!attempt.join("training.checkpoint").exists());
    for name in ["keep-0.safetensors", "report.json", ".tmp-half"] {
        std::fs::write(attempt.join(name), "half").expect("written");
    }
    lab.run(&suite, "killed", &[]).exits(0);
    assert_eq!(lab.results("killed"), lab.results("whole"));
    let label = "prune ticket (equal-allowance, replicate 0)";
    assert!(!lab.file("killed", label, ".tmp-half").exists());
    assert_eq!(lab.object("killed", label)["outputs"], lab.object("whole", label)["outputs"]);
}

/// The short form of `tests/soak`; its long form is for changes of the store and the schedule.
#[test]
fn kills_at_random_moments_change_nothing() {
    let script = crate::support::workspace().join("tests/soak");
    let mut command = Command::new("python3");
    command.arg(script).args([
        "--kills",
        "12",
        "--seconds",
        "20",
        "--seed",
        "3",
        "--pause",
        "1.5",
        "--programs",
    ]);
    match command.arg(crate::support::artifacts()).output() {
        Err(error) => eprintln!("left out: python3 does not start: {error}"),
        Ok(output) => {
            let said = Said::of(&output).exits(0);
            assert!(
                said.out.contains("results.csv and all objects the same, no process left"),
                "{}",
                said.out
            );
        }
    }
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
