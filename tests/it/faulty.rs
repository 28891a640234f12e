//! Methods that misbehave: each ends in its own outcome with a readable reason, and changes nothing else.

use std::path::Path;
use std::process::Command;

use crate::support::{GIVEN, Lab, MAGNITUDE, RANDOM, Suite, lines_of, processes_with, workspace};

/// What becomes of a fault.
struct Case {
    /// Label and last part of the identifier of the method that has it.
    name: &'static str,
    /// What goes wrong, for people.
    fault: &'static str,
    outcome: &'static str,
    /// Words of the reason.
    words: &'static [&'static str],
    kept: Kept,
}

/// What remains of a method's work.
#[derive(Clone, Copy, PartialEq)]
enum Kept {
    /// Its result, which is what magnitude pruning gives: the fault does not show.
    AsMagnitude,
    /// Its result.
    Result,
    /// The outcome with its reason, and the log; it is not run again.
    Reason,
    /// An attempt with its log, which `--retry` repeats.
    Attempt,
}

impl Kept {
    fn words(self) -> &'static str {
        match self {
            Self::AsMagnitude => "the result, which is the same as without the fault",
            Self::Result => "the result",
            Self::Reason => "the outcome with its reason and the log; it is final",
            Self::Attempt => "an attempt with its log; `--retry` runs it again",
        }
    }
}

const fn case(
    name: &'static str,
    fault: &'static str,
    outcome: &'static str,
    words: &'static [&'static str],
    kept: Kept,
) -> Case {
    Case { name, fault, outcome, words, kept }
}

const CASES: [Case; 41] = [
    case(
        "panics",
        "panics in `prune`",
        "panicked",
        &["the fixture panics on purpose", "crash.rs"],
        Kept::Reason,
    ),
    case(
        "panics-in-hook",
        "panics in a training hook, then goes on and reports success",
        "panicked",
        &["the hook panics on purpose in step 0", "crash.rs"],
        Kept::Reason,
    ),
    case("mute", "fails without a message", "failed", &["without a message"], Kept::Attempt),
    case("colours", "fails with control characters in its message", "failed", &["all is"], Kept::Attempt),
    case(
        "emits-nothing",
        "reports success without an answer",
        "invalid",
        &["emitted nothing", "0.3"],
        Kept::Reason,
    ),
    case(
        "wrong-count",
        "keeps one weight too few and reports success",
        "invalid",
        &["emitted nothing"],
        Kept::Reason,
    ),
    case("claims-sparsity", "masks nothing and answers", "invalid", &["the plan keeps"], Kept::Reason),
    case("nan-scores", "scores that are not numbers", "invalid", &["not a number", "weight"], Kept::Reason),
    case("wrong-shape", "scores of another shape", "invalid", &["shape", "[3, 1, 4]"], Kept::Reason),
    case(
        "unknown-param",
        "names a parameter that is not there",
        "invalid",
        &["no parameter 4294967295"],
        Kept::Reason,
    ),
    case("masks-foreign", "masks what the suite protects", "invalid", &["prunable set"], Kept::Reason),
    case(
        "loose-loss",
        "goes backward from a constant",
        "invalid",
        &["the loss depends on nothing"],
        Kept::Reason,
    ),
    case(
        "writes-weights",
        "writes to weights without the flag for it",
        "invalid",
        &["MUTATES_WEIGHTS"],
        Kept::Reason,
    ),
    case("writes-nan", "writes NaN into weights", "failed", &["loss"], Kept::Attempt),
    case(
        "overspends",
        "trains for longer than it may",
        "exhausted",
        &["the allowance of 480 samples is spent"],
        Kept::Reason,
    ),
    case("throws", "throws a C++ exception through its border", "crashed", &["SIGABRT"], Kept::Attempt),
    case("exits", "calls `exit(0)`", "failed", &["left without a report"], Kept::Attempt),
    case("aborts", "aborts", "crashed", &["SIGABRT"], Kept::Attempt),
    case(
        "aborts-at-exit",
        "leaves something for the end of the process that aborts",
        "ok",
        &[],
        Kept::AsMagnitude,
    ),
    case("segfaults", "writes through a null pointer", "crashed", &["SIGSEGV"], Kept::Attempt),
    case("overflows", "calls itself until the stack ends", "crashed", &["SIG"], Kept::Attempt),
    case("devours", "allocates memory without end", "crashed", &["1.00 GiB of memory"], Kept::Attempt),
    case("fills", "writes to its folder without end", "crashed", &["0.25 GiB to its folder"], Kept::Attempt),
    case("floods", "writes 64 MiB to the log", "ok", &[], Kept::AsMagnitude),
    case(
        "stays-behind",
        "starts processes that leave its group and stay behind",
        "ok",
        &[],
        Kept::AsMagnitude,
    ),
    case(
        "leaves-thread",
        "starts a thread that stays behind with the lock of a stream",
        "ok",
        &[],
        Kept::AsMagnitude,
    ),
    case("opens-socket", "sends a datagram", "ok", &[], Kept::AsMagnitude),
    case("kills-parent", "sends SIGTERM to the process that has started it", "ok", &[], Kept::AsMagnitude),
    case(
        "snoops",
        "tries to read the test split and the store, to write elsewhere, and to listen",
        "ok",
        &[],
        Kept::AsMagnitude,
    ),
    case("leaves-gradients-off", "leaves gradients switched off", "ok", &[], Kept::AsMagnitude),
    case("leaves-autocast-on", "leaves autocast switched on", "ok", &[], Kept::AsMagnitude),
    case("changes-threads", "changes the number of libtorch's threads", "ok", &[], Kept::AsMagnitude),
    case("reseeds", "seeds libtorch's generator", "ok", &[], Kept::AsMagnitude),
    case("leaks-tensor", "leaks tensors", "ok", &[], Kept::AsMagnitude),
    case("leaks-graph", "leaks the graph of a batch", "ok", &[], Kept::Result),
    case(
        "regrows-afterwards",
        "writes to removed weights after it has answered",
        "ok",
        &[],
        Kept::AsMagnitude,
    ),
    case("swallows-errors", "takes no notice of errors", "ok", &[], Kept::AsMagnitude),
    case("spares-first", "removes nothing of one layer", "ok", &[], Kept::Result),
    case("unnested", "brings back for one keep what another had removed", "ok", &[], Kept::Result),
    case("uses-clock", "scores by the clock and says that it is deterministic", "ok", &[], Kept::Result),
    case("disturbs", "trains with libtorch's state changed before", "ok", &[], Kept::Result),
];

/// Faults that are none of a method in a suite, with the test that shows what becomes of them.
const OTHERS: [(&str, &str, &str, &str); 9] = [
    (
        "a method never returns",
        "timeout",
        Kept::Attempt.words_of(),
        "faulty::a_method_that_never_returns_ends_at_the_limit",
    ),
    (
        "a library is no plugin, or of another ABI or libtorch",
        "exit code 2, before anything runs",
        "everything stored",
        "loader",
    ),
    ("parameters are wrong", "exit code 2, before anything runs", "everything stored", "bad_input"),
    (
        "a worker is killed",
        "crashed",
        Kept::Attempt.words_of(),
        "interrupted::killed_and_stopped_runs_continue_to_the_same_bytes",
    ),
    (
        "the run is killed",
        "nothing yet",
        "what was finished, and checkpoints of training",
        "interrupted::killed_and_stopped_runs_continue_to_the_same_bytes",
    ),
    (
        "Ctrl-C",
        "cancelled, which is not stored; exit code 1",
        "what was finished, and checkpoints of training",
        "interrupted::killed_and_stopped_runs_continue_to_the_same_bytes",
    ),
    (
        "Ctrl-C, twice",
        "the same, at once",
        "what was finished, and checkpoints of training",
        "interrupted::a_second_signal_stops_at_once",
    ),
    (
        "the disk is full",
        "exit code 2",
        "what was finished",
        "bad_input::a_full_disk_is_an_error_and_not_the_end_of_the_store",
    ),
    (
        "a second run on the same store",
        "exit code 2, naming the first",
        "everything",
        "interrupted::killed_and_stopped_runs_continue_to_the_same_bytes",
    ),
];

impl Kept {
    const fn words_of(self) -> &'static str {
        match self {
            Self::Attempt => "an attempt with its log; `--retry` runs it again",
            _ => "",
        }
    }
}

fn entry(name: &str) -> String {
    format!("  - {{label: {name}, method: org.secateur.fixture.{name}}}\n")
}

/// The method in C++ that throws, compiled without anything around it that would catch.
fn throwing(folder: &Path) -> std::path::PathBuf {
    let made = folder.join("libsecateur_throws.so");
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let status = Command::new(compiler)
        .args(["-std=c++17", "-shared", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(workspace().join("harness/abi/include"))
        .arg(workspace().join("tests/fixtures/misbehaves/c/throws.cpp"))
        .arg("-o")
        .arg(&made)
        .status();
    assert!(status.expect("c++ starts").success());
    made
}

#[test]
fn every_misbehaving_method_ends_in_its_outcome_and_changes_no_other_row() {
    let lab = Lab::new();
    let good = Suite { upstream: GIVEN, ..Suite::new(&[MAGNITUDE, RANDOM]) };
    lab.run(&good, "good", &[]).exits(0);
    let faulty: String = CASES.iter().map(|case| entry(case.name)).collect();
    let more = "stage_memory_gib: 1\nstage_disk_gib: 0.25\n".to_owned();
    // In the middle, so that what comes after them is seen to be as it was, too.
    let suite = Suite { methods: [MAGNITUDE, &faulty, RANDOM].concat(), more, ..good.clone() };
    let plugin = throwing(&lab.path("."));
    let with_plugin = ["--plugin", plugin.to_str().expect("a path in UTF-8")];
    let said = lab.run(&suite, "faulty", &with_plugin).exits(1);
    assert!(said.out.contains("results are not ok"), "{}", said.out);
    assert_eq!(processes_with("sleep 7919"), 0, "nothing stays behind");

    let (with, without) = (lab.results("faulty"), lab.results("good"));
    for method in ["dense-as-is", "dense-trained", "magnitude", "random"] {
        let lines = lines_of(&with, method);
        assert!(!lines.is_empty(), "{method}");
        assert_eq!(lines, lines_of(&without, method), "{method}");
    }
    let rows = lab.rows("faulty");
    let of = |name: &str| rows.iter().filter(|row| row["method"] == name).collect::<Vec<_>>();
    for Case { name, outcome, words, kept, .. } in CASES {
        let own = of(name);
        // None is dropped: a row for each keep.
        assert_eq!(own.len(), 2, "{name}");
        for (row, magnitude) in own.iter().zip(of("magnitude")) {
            assert_eq!(row["outcome"], outcome, "{row:?}");
            for word in words {
                assert!(
                    row["outcome_detail"].contains(word),
                    "{name}: no `{word}` in {}",
                    row["outcome_detail"]
                );
            }
            let one_line = !row["outcome_detail"].chars().any(char::is_control);
            assert!(one_line, "{name}: {:?}", row["outcome_detail"]);
            if kept == Kept::AsMagnitude {
                for column in ["score", "achieved_count"] {
                    assert_eq!(row[column], magnitude[column], "{name}");
                }
            }
        }
    }
    let log_of = |name: &str| {
        let log = lab.file("faulty", &format!("prune {name} (equal-allowance, replicate 0)"), "log.txt");
        std::fs::read_to_string(log).expect("a stage has a log")
    };
    // The flood is cut, and what the host itself logs is there.
    let text = log_of("floods");
    assert!(text.len() <= 5 << 20, "{} bytes", text.len());
    assert!(text.contains("has been cut here"), "{}", &text[text.len() - 200..]);
    // After its hook's panic, nothing that the method called was answered.
    let text = log_of("panics-in-hook");
    assert_eq!(text.matches("refused after the panic: ").count(), 3, "{text}");
    assert!(!text.contains("not refused"), "{text}");
    assert!(
        log_of("stays-behind").contains("a process stays behind: true"),
        "the fixture can do what it is for"
    );
    let text = log_of("aborts-at-exit");
    assert!(text.contains("for the end: 0") && text.contains("held back by a stream of C"), "{text}");
    if log_of("opens-socket").contains("; no network") {
        assert!(log_of("opens-socket").contains("a datagram: denied"), "{}", log_of("opens-socket"));
    }
    // Kernels before 6.12 cannot keep signals from the parent, which then stops the run as Ctrl-C does.
    if log_of("kills-parent").contains("contained by Landlock;") {
        assert!(log_of("kills-parent").contains("out of reach"), "{}", log_of("kills-parent"));
    }

    // What is final is not tried again; what crashed or failed is, when asked for.
    let again = lab.run(&suite, "faulty", &with_plugin).exits(1);
    assert!(again.out.contains("\n0 stages ran"), "{}", again.out);
    let retried = lab.run(&suite, "faulty", &[&with_plugin[..], &["--retry"]].concat()).exits(1);
    // Of the weights that are no numbers each keep has failed in its recovery, not in `prune`.
    let retries = CASES.iter().filter(|case| case.kept == Kept::Attempt).count() + 1;
    assert!(retried.out.contains(&format!("\n{retries} stages ran")), "{}", retried.out);
    assert_eq!(lab.results("faulty"), with);
}

/// What users read of faults is what the tests see.
#[test]
fn the_guide_to_faults_is_made_from_these_cases() {
    let mut text = "# Faults, and what becomes of them\n\n\
        What a method or a machine does wrong, the outcome in every table, and what the store keeps. This page is made from the list \
        of the\ntests that show it (`tests/it/faulty.rs`): `UPDATE_GUIDES=1 cargo xtask test` writes it anew.\n\n\
        ## A method that misbehaves\n\n\
        In all of these the other rows of the suite are the same bytes as without it, nothing it started runs on, and the exit \
        code is 1 if a\nresult is not `ok`.\n\n\
        | a method … | outcome | what is kept |\n|---|---|---|\n"
        .to_owned();
    for case in CASES {
        text.push_str(&format!("| {} | `{}` | {} |\n", case.fault, case.outcome, case.kept.words()));
    }
    text.push_str("\n## Everything else\n\n| fault | outcome | what is kept | test |\n|---|---|---|---|\n");
    for (fault, outcome, kept, test) in OTHERS {
        text.push_str(&format!("| {fault} | {outcome} | {kept} | `{test}` |\n"));
    }
    let path = workspace().join("docs/faults.md");
    if std::env::var_os("UPDATE_GUIDES").is_some() {
        std::fs::write(&path, &text).expect("the guide can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/faults.md is out of date; UPDATE_GUIDES=1 writes it anew");
}

#[test]
fn a_method_that_never_returns_ends_at_the_limit() {
    let lab = Lab::new();
    let methods = [MAGNITUDE, &entry("hangs")].concat();
    let suite = Suite { methods, ..Suite::untrained(&[]) };
    lab.run(&suite, "store", &["--only", "method=magnitude"]).exits(0);
    // The limit is no part of a stage's identity, so only the one that hangs is left to run.
    let limited = Suite { more: "stage_seconds: 3\n".to_owned(), ..suite };
    lab.run(&limited, "store", &[]).exits(1);
    let rows = lab.rows("store");
    let hanging: Vec<_> = rows.iter().filter(|row| row["method"] == "hangs").collect();
    assert_eq!(hanging.len(), 2);
    for row in hanging {
        assert_eq!(row["outcome"], "timeout", "{row:?}");
        assert!(row["outcome_detail"].contains("3 seconds"), "{row:?}");
    }
    assert!(rows.iter().filter(|row| row["method"] == "magnitude").all(|row| row["outcome"] == "ok"));
}
