//! What does not load, and why; and what a plugin lets out.

use std::path::PathBuf;
use std::process::Command;

use crate::support::{Lab, MAGNITUDE, Said, Suite, library, processes_with, run, secateur};

fn inspect(path: &std::path::Path) -> Said {
    let output = secateur().args(["plugin", "inspect"]).arg(path).output().expect("secateur starts");
    Said::of(&output)
}

/// A library that every Linux has and that is no plugin.
fn libm() -> Option<PathBuf> {
    let folders =
        ["/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib", "/lib"];
    folders.iter().map(|folder| PathBuf::from(folder).join("libm.so.6")).find(|path| path.exists())
}

#[test]
fn a_plugin_says_what_it_is() {
    let said = inspect(&library("secateur-magnitude")).exits(0);
    for word in ["org.secateur.magnitude", "org.secateur.random", "ABI       1.0", "2.11.0"] {
        assert!(said.out.contains(word), "{}", said.out);
    }
    let output =
        secateur().args(["plugin", "inspect", "--json"]).arg(library("fixture-toy-methods")).output();
    let said = Said::of(&output.expect("secateur starts")).exits(0);
    let info: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let ids: Vec<&str> = info["methods"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|method| method["id"].as_str())
        .collect();
    let fixtures = ["rigl", "str", "acdc", "order"].map(|name| format!("org.secateur.fixture.{name}"));
    assert_eq!(ids, fixtures);
}

#[test]
fn what_is_no_plugin_is_refused_in_words() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let letter = folder.path().join("letter.so");
    std::fs::write(&letter, "Dear library,\n").expect("a file can be written");
    inspect(&letter).exits(2).names(&["letter.so", "not a dynamic library"]);

    let cut = folder.path().join("cut.so");
    let bytes = std::fs::read(library("fixture-no-entry")).expect("a library can be read");
    std::fs::write(&cut, &bytes[..bytes.len() / 3]).expect("a file can be written");
    inspect(&cut).exits(2).names(&["cannot load plugin", "cut.so"]);

    inspect(&folder.path().join("nowhere.so")).exits(2).names(&["nowhere.so", "No such file"]);
    inspect(folder.path()).exits(2).names(&[&folder.path().display().to_string()]);

    let no_entry = ["cannot load plugin", "secateur_plugin_entry", "export_plugin!"];
    inspect(&library("fixture-no-entry")).exits(2).names(&no_entry);
    match libm() {
        Some(path) => drop(inspect(&path).exits(2).names(&no_entry)),
        None => eprintln!("left out: there is no libm.so.6 here"),
    }
}

#[test]
fn other_versions_are_told_apart_before_anything_else_is_read() {
    inspect(&library("fixture-wrong-abi")).exits(2).names(&[
        "plugin ABI 2.3",
        "this host has 1.0",
        "rebuild",
    ]);
    inspect(&library("fixture-other-libtorch")).exits(2).names(&[
        "built for another libtorch",
        "plugin   2.12.0",
        "tch 0.25.0",
        "host     2.11.0",
        "cargo build",
    ]);
}

#[test]
fn a_plugin_named_in_a_run_must_load() {
    let lab = Lab::new();
    let suite = Suite::untrained(&[MAGNITUDE]);
    let plugin = library("fixture-wrong-abi").display().to_string();
    lab.run(&suite, "store", &["--plugin", &plugin]).exits(2).names(&["libfixture_wrong_abi.so", "ABI 2.3"]);
    assert!(!lab.path("store").exists());
}

#[test]
fn two_plugins_with_one_method_are_an_error_that_names_both() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let copy = folder.path().join("libcopy.so");
    let mut bytes = std::fs::read(library("secateur-magnitude")).expect("a library can be read");
    // What stands after the sections changes the content and nothing else.
    bytes.push(0);
    std::fs::write(&copy, bytes).expect("a file can be written");
    let (first, second) = (library("secateur-magnitude").display().to_string(), copy.display().to_string());
    run(&["methods", "--plugin", &first, "--plugin", &second]).exits(2).names(&[
        "is in two plugins",
        "libsecateur_magnitude.so",
        "libcopy.so",
    ]);
}

/// A plugin's symbols must not reach others. What tch's C++ shim calls back by name cannot be hidden.
#[test]
fn a_plugin_exports_its_entry_and_what_the_shim_calls_back() {
    for name in ["secateur-magnitude", "secateur-lottery-ticket", "fixture-toy-methods"] {
        let output =
            Command::new("nm").args(["-D", "--defined-only", "-f", "posix"]).arg(library(name)).output();
        let Ok(output) = output else {
            eprintln!("left out: there is no nm here");
            return;
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let symbols: Vec<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(symbols.contains(&"secateur_plugin_entry"), "{name}: {symbols:?}");
        for symbol in symbols {
            let known =
                matches!(symbol, "secateur_plugin_entry" | "bz_internal_error") || symbol.starts_with("tch_");
            assert!(known, "{name} exports `{symbol}`");
        }
    }
}

/// A plugin that crashes is opened once: whoever looks for plugins would otherwise run into it with every command.
#[test]
fn a_plugin_that_crashes_is_left_alone_until_it_changes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let library = crate::validator::tables(folder.path(), "CRASHES");
    let inspect = || {
        let mut command = secateur();
        command.env("XDG_CACHE_HOME", folder.path().join("cache")).args(["plugin", "inspect"]).arg(&library);
        Said::of(&command.output().expect("secateur starts")).exits(2)
    };
    inspect().names(&["crashed while it was loaded", "SIGABRT"]);
    inspect().names(&["crashed when it was last loaded", "another build of it is tried again"]);
    let mut bytes = std::fs::read(&library).expect("a library can be read");
    bytes.push(0);
    std::fs::write(&library, bytes).expect("a file can be written");
    inspect().names(&["crashed while it was loaded"]);
}

/// Whoever asks about a plugin gets an answer, and nothing that it has started runs on.
#[test]
fn a_plugin_that_does_not_come_back_or_prints_without_measure_is_asked_all_the_same() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let inspect = |fault: &str| {
        let library = crate::validator::tables(folder.path(), fault);
        let mut command = secateur();
        command.env("XDG_CACHE_HOME", folder.path().join("cache")).env("SECATEUR_LOAD_SECONDS", "2");
        Said::of(&command.args(["plugin", "inspect"]).arg(&library).output().expect("secateur starts"))
    };
    inspect("NEVER_LOADS").exits(2).names(&["libNEVER_LOADS.so", "there was no answer within 2 s"]);
    let said = inspect("FLOODS").exits(0);
    assert!(said.out.contains("org.secateur.fixture.tables"), "{}", said.out);
    let folder = folder.path().to_str().expect("a path in UTF-8");
    assert_eq!(processes_with(folder), 0, "nothing stays behind");
}
