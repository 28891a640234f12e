//! Every check of `secateur plugin validate` finds the fixture that is meant for it, and every plugin that is shipped passes.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{Said, library, secateur, workspace};

/// Faults of `fixtures/misbehaves/c/tables.c`, with the check that must find each.
const TABLES: [(&str, &str, &str); 25] = [
    ("MISSING_SYMBOL", "rtld-now", "failed"),
    ("NO_ENTRY", "exports-entry", "failed"),
    ("CRASHES", "exports-entry", "crashed"),
    ("EXTRA_EXPORT", "exports-only-known-symbols", "warning"),
    ("ANOTHER_TABLE", "entry-is-pure", "failed"),
    ("STARTS_THREAD", "entry-is-pure", "failed"),
    ("BAD_MAGIC", "magic-and-sizes", "failed"),
    ("SHORT_TABLE", "magic-and-sizes", "failed"),
    ("OTHER_ABI", "abi-version", "failed"),
    ("OTHER_TORCH", "torch-version", "failed"),
    ("SECOND_TORCH", "single-libtorch", "failed"),
    ("SLOW", "scan-time", "failed"),
    ("NO_COMPILER", "build-info-complete", "failed"),
    ("NO_UNWINDING", "unwinds", "failed"),
    ("NO_FUNCTIONS", "method-tables", "failed"),
    ("BAD_ID", "id-well-formed", "failed"),
    ("TWICE", "ids-unique", "failed"),
    ("UNKNOWN_FLAGS", "flags-known", "failed"),
    ("NO_SCHEMA", "schema-parses", "failed"),
    ("UNKNOWN_EXTENSION", "required-extensions-known", "failed"),
    ("NOT_UTF8", "strings-utf8", "failed"),
    ("REFUSES_DEFAULT", "schema-accepts-defaults", "failed"),
    ("LEAKS_INSTANCE", "create-destroy-1000", "failed"),
    ("ANY_EXTENSION", "unknown-extension-is-null", "failed"),
    ("NO_LOG_NEEDED", "missing-optional-extension", "crashed"),
];

/// What a plugin that takes any parameters is found by.
const TAKES_ANYTHING: [&str; 3] = ["unknown-key-rejected", "wrong-type-rejected", "truncated-json"];

/// Methods of `fixtures/misbehaves`, with the check that must find each.
const METHODS: [(&str, &str, &str); 32] = [
    ("wrong-count", "meets-budget", "failed"),
    ("emits-nothing", "meets-budget", "failed"),
    ("nan-scores", "meets-budget", "failed"),
    ("wrong-shape", "meets-budget", "failed"),
    ("claims-sparsity", "meets-budget", "failed"),
    ("panics", "meets-budget", "failed"),
    ("panics-in-hook", "meets-budget", "failed"),
    ("unknown-param", "meets-budget", "failed"),
    ("loose-loss", "meets-budget", "failed"),
    ("segfaults", "meets-budget", "crashed"),
    ("aborts", "meets-budget", "crashed"),
    ("exits", "meets-budget", "crashed"),
    ("overflows", "meets-budget", "crashed"),
    ("writes-weights", "keep-one-is-identity", "failed"),
    ("masks-foreign", "respects-protected", "failed"),
    ("removes-protected", "respects-protected", "failed"),
    ("ignores-align", "respects-min-keep-and-align", "failed"),
    ("spares-first", "covers-every-group", "warning"),
    ("writes-nan", "pruned-model-runs", "failed"),
    ("writes-weights", "no-weight-writes", "failed"),
    ("leaves-gradients-off", "grad-mode-restored", "failed"),
    ("leaves-autocast-on", "autocast-restored", "failed"),
    ("changes-threads", "threads-unchanged", "failed"),
    ("leaves-thread", "threads-unchanged", "failed"),
    ("reseeds", "rng-not-reseeded", "failed"),
    ("leaks-tensor", "no-tensor-leak", "failed"),
    ("uses-clock", "same-seed-same-plan", "failed"),
    ("fixed-random", "other-seed-other-plan", "warning"),
    ("emits-first-only", "emits-every-target", "failed"),
    ("unnested", "nested-masks", "warning"),
    ("swallows-errors", "faults-passed-on", "failed"),
    ("panics-without-allowance", "exhausted-allowance", "failed"),
];

/// The rest, which takes a word of its own.
const MORE: [(&str, &str, &str); 3] = [
    ("leaks-graph", "no-graph-leak", "failed"),
    ("swallows-errors", "cancel-within-grace", "failed"),
    ("panics-on-five", "random-requests", "failed"),
];

fn validate(path: &Path, arguments: &[&str]) -> (Said, Vec<Value>) {
    let output = secateur()
        .args(["plugin", "validate", "--json", "--seconds", "2"])
        .args(arguments)
        .arg(path)
        .output()
        .expect("secateur starts");
    let said = Said::of(&output);
    let verdicts = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    (said, verdicts)
}

/// The one check of a run ends so, with a text that says what to do, and the exit code says whether it is bad.
#[track_caller]
fn finds(path: &Path, fault: &str, check: &str, status: &str, more: &[&str]) {
    let (said, verdicts) = validate(path, &[&["--only", check], more].concat());
    assert_eq!(verdicts.len(), 1, "{fault}: {verdicts:?}");
    assert_eq!(verdicts[0]["status"], status, "{fault}, {check}: {verdicts:?}");
    assert!(verdicts[0]["text"].as_str().is_some_and(|text| text.len() > 20), "{fault}: {verdicts:?}");
    let code = i32::from(!matches!(status, "warning" | "passed" | "skipped"));
    assert_eq!(said.code, Some(code), "{fault}: {said:?}");
}

/// Compiles the C fixture with a fault.
pub(crate) fn tables(folder: &Path, fault: &str) -> PathBuf {
    let library = folder.join(format!("lib{fault}.so"));
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut command = Command::new(compiler);
    command
        .args(["-std=gnu11", "-shared", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror"])
        .arg(format!("-DFAULT={fault}"))
        .arg("-I")
        .arg(workspace().join("harness/abi/include"))
        .arg(workspace().join("tests/fixtures/misbehaves/c/tables.c"));
    if fault == "SECOND_TORCH" {
        // Any library of that name from another place is a second one.
        let source = folder.join("empty.c");
        std::fs::write(&source, "int a_second_libtorch(void) { return 2; }\n").expect("written");
        let made = folder.join("libtorch_cpu.so");
        let status = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&made).arg(&source).status();
        assert!(status.expect("cc starts").success());
        command.arg(&made);
    }
    command.args(["-lpthread", "-o"]).arg(&library);
    assert!(command.status().expect("cc starts").success(), "{fault} compiles");
    library
}

#[test]
fn faults_of_a_librarys_tables_are_found_by_the_checks_for_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (fault, check, status) in TABLES {
        finds(&tables(folder.path(), fault), fault, check, status, &[]);
    }
    let takes_anything = tables(folder.path(), "TAKES_ANYTHING");
    for check in TAKES_ANYTHING {
        finds(&takes_anything, "TAKES_ANYTHING", check, "failed", &[]);
    }
}

#[test]
fn a_small_plugin_in_c_without_a_fault_passes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (said, verdicts) = validate(&tables(folder.path(), "NOTHING"), &[]);
    let bad: Vec<&Value> = verdicts
        .iter()
        .filter(|verdict| !matches!(verdict["status"].as_str(), Some("passed" | "skipped")))
        .collect();
    assert!(bad.is_empty() && said.code == Some(0), "{bad:#?}");
}

fn misbehaving(cases: &[(&str, &str, &str)]) {
    let library = library("fixture-misbehaves");
    for (method, check, status) in cases {
        let id = format!("org.secateur.fixture.{method}");
        finds(&library, method, check, status, &["--method", &id]);
    }
}

#[test]
fn misbehaving_methods_are_found_by_the_checks_for_them() {
    misbehaving(&METHODS);
    misbehaving(&MORE);
}

/// What leaves the group of its check and keeps its pipes is ended all the same; the validator would wait for it for ever.
#[test]
fn a_check_ends_although_a_process_of_the_plugin_stays_behind() {
    let (said, verdicts) = validate(
        &library("fixture-misbehaves"),
        &["--only", "emits-every-target", "--method", "org.secateur.fixture.stays-behind"],
    );
    assert_eq!(verdicts[0]["status"], "passed", "{said:?}");
}

/// The higher levels take minutes for methods that train; CONTRIBUTING.md says how to make them all.
#[test]
fn every_plugin_that_is_shipped_passes_the_first_levels() {
    for name in [
        "magnitude",
        "lottery-ticket",
        "channel-baselines",
        "localization-dcp",
        "regrowth",
        "second-order",
        "regularized",
        "at-init",
    ] {
        let (said, verdicts) = validate(&library(&format!("secateur-{name}")), &["--level", "2"]);
        let bad: Vec<&Value> = verdicts
            .iter()
            .filter(|verdict| !matches!(verdict["status"].as_str(), Some("passed" | "skipped")))
            .collect();
        assert!(bad.is_empty() && said.code == Some(0), "{name}: {bad:#?}");
    }
}

/// A check that no fixture fails might be one that cannot fail.
#[test]
fn every_check_has_a_fixture_that_fails_it() {
    let output = secateur().args(["plugin", "validate", "--list"]).output().expect("secateur starts");
    let listed = Said::of(&output).exits(0).out;
    let found: Vec<&str> = TABLES
        .iter()
        .chain(&METHODS)
        .chain(&MORE)
        .map(|(_, check, _)| *check)
        .chain(TAKES_ANYTHING)
        .collect();
    let mut count = 0;
    for line in listed.lines() {
        let name = line.split_whitespace().nth(1).expect("a name");
        assert!(found.contains(&name), "no fixture fails `{name}`");
        count += 1;
    }
    assert_eq!(count, 46);
}

#[test]
fn misspelt_checks_and_methods_are_named_with_the_nearest() {
    let library = library("secateur-magnitude");
    let said = |arguments: &[&str]| {
        let output = secateur().args(["plugin", "validate"]).args(arguments).arg(&library).output();
        Said::of(&output.expect("secateur starts")).exits(2)
    };
    said(&["--only", "meets-budgets"]).names(&["`meets-budgets`", "did you mean `meets-budget`?"]);
    said(&["--method", "org.secateur.magnitud"]).names(&["org.secateur.magnitud`", "org.secateur.magnitude"]);
    said(&["--params", "[1]"]).names(&["--params"]);
}
