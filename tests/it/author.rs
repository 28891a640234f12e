//! The way of an author: from `secateur plugin new` in an empty folder to a compared result.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Lab, Said, Suite, artifacts, library, run, secateur, sheltered, workspace};

const LANGUAGES: [&str; 3] = ["rust", "cpp", "c"];

/// Makes a folder with a method.
#[track_caller]
fn new(folder: &Path, name: &str, more: &[&str]) -> Said {
    let output = secateur().current_dir(folder).args(["plugin", "new", name]).args(more).output();
    Said::of(&output.expect("secateur starts"))
}

/// Builds what is in a folder, as its README says, and gives the library back. Crates share a target folder, so that libtorch's bindings
/// are compiled for the first of them alone.
#[track_caller]
fn build(folder: &Path, name: &str, lang: &str) -> PathBuf {
    if lang == "python" {
        return library("secateur-python-bridge");
    }
    let file = format!("lib{}{}", name.replace('-', "_"), std::env::consts::DLL_SUFFIX);
    if lang != "rust" {
        let output = sheltered("sh").arg("build.sh").current_dir(folder).output().expect("a shell starts");
        let said = Said::of(&output).exits(0);
        assert_eq!(said.err, "", "a warning of the compiler");
        return folder.join(file);
    }
    let built = artifacts();
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--offline"]).current_dir(folder);
    command.env("CARGO_TARGET_DIR", built.parent().expect("profiles lie in the target folder"));
    if built.ends_with("release") {
        command.arg("--release");
    } else {
        command.args(["--config", "profile.dev.debug=false"]);
    }
    let said = Said::of(&command.output().expect("cargo starts")).exits(0);
    assert!(!said.err.contains("warning"), "{}", said.err);
    let library = folder.join("target/release").join(&file);
    std::fs::create_dir_all(library.parent().expect("a folder")).expect("a folder can be made");
    std::fs::copy(built.join(&file), &library).expect("the crate builds its library");
    library
}

/// The commands of a README, without the one that builds, which Python does not have.
fn commands(folder: &Path, lang: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("README.md")).expect("a folder has a README");
    let lines: Vec<String> =
        text.lines().filter_map(|line| line.strip_prefix("$ ")).map(str::to_owned).collect();
    let built = usize::from(lang != "python");
    assert_eq!(lines.len(), built + 3, "build, validate, run and report:\n{text}");
    lines.into_iter().skip(built).collect()
}

#[test]
fn a_method_of_ones_own_is_compared_by_the_commands_of_its_readme() {
    let lab = Lab::new();
    for lang in [&LANGUAGES[..], &["python"]].concat() {
        let name = format!("my-{lang}");
        let place = lab.path("author");
        std::fs::create_dir_all(&place).expect("a folder can be made");
        let said = new(&place, &name, &["--lang", lang]).exits(0);
        let folder = place.join(&name);
        let library = build(&folder, &name, lang);
        let output = secateur().args(["plugin", "inspect"]).arg(&library).output().expect("secateur starts");
        let inspected = Said::of(&output).exits(0);
        let id =
            if lang == "python" { "org.secateur.python".to_owned() } else { format!("org.example.{name}") };
        assert!(inspected.out.contains(&id), "{}", inspected.out);
        // A minute of random requests would be the last level, and each instance in Python is a process.
        let level = if lang == "python" { 2 } else { 4 };
        for line in commands(&folder, lang) {
            assert!(said.out.contains(&line), "`{line}` is not among\n{}", said.out);
            // Of the suite one trial, and one store for all languages, so that they share what comes before.
            let (only, store) = (format!("--only method={name} --only keep=0.1"), "--store ../store");
            let line = line
                .replace(" plugin validate ", &format!(" plugin validate --level {level} "))
                .replace("--store store", store)
                .replace(" run suite.yaml", &format!(" run suite.yaml {only}"));
            let output =
                sheltered("sh").args(["-c", &line]).current_dir(&folder).output().expect("a shell starts");
            // A suite without its controls is not done.
            let code = output.status.code();
            assert!(
                code == Some(0) || code == Some(1) && line.contains(" run "),
                "{line}: {:?}",
                Said::of(&output)
            );
        }
        let table = std::fs::read(folder.join("report/results.csv")).expect("a report has results.csv");
        let rows = crate::support::table(&table);
        let scored = |row: &&crate::support::Row| row["method"] == name && row["keep"] == "0.1";
        let own: Vec<_> = rows.iter().filter(scored).collect();
        assert!(!own.is_empty(), "{lang}");
        for row in own {
            assert_eq!(row["outcome"], "ok", "{lang}: {row:?}");
        }
        assert!(folder.join("report/index.html").is_file());
    }
}

/// Every kind in every language builds without a warning, runs, and does the same in all of them.
#[track_caller]
fn does_the_same_in_every_language(set: &'static str, kinds: &[&str]) {
    let lab = Lab::new();
    let (mut methods, mut arguments) = (String::new(), Vec::new());
    for kind in kinds {
        for lang in LANGUAGES {
            let name = format!("{kind}-{lang}");
            new(&lab.path(""), &name, &["--kind", kind, "--lang", lang]).exits(0);
            let library = build(&lab.path(&name), &name, lang);
            arguments.extend(["--plugin".to_owned(), library.display().to_string()]);
            let params = if *kind == "hooks" { "every: 2" } else { "" };
            methods += &format!("  - {{label: {name}, method: org.example.{name}, params: {{{params}}}}}\n");
        }
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let suite = Suite { set, keeps: "[0.7, 0.4]", ..Suite::new(&[&methods]) };
    lab.run(&suite, "store", &arguments).exits(0);
    for kind in kinds {
        let [rust, cpp, c] = LANGUAGES.map(|lang| {
            let label = format!("prune {kind}-{lang} (equal-allowance, replicate 0)");
            let object = lab.object("store", &label);
            let digest = |name: &str| object["outputs"][name]["digest"].clone();
            assert!(digest("keep-1").is_string(), "{label}: {object}");
            (digest("keep-0"), digest("keep-1"))
        });
        assert_eq!(cpp, rust, "{kind}");
        assert_eq!(c, rust, "{kind}");
    }
}

#[test]
fn criteria_and_hooks_do_the_same_in_every_language() {
    does_the_same_in_every_language("prunable: {name: convolutions}", &["criterion", "hooks"]);
}

#[test]
fn whole_methods_do_the_same_in_every_language() {
    does_the_same_in_every_language("prunable: {name: convolutions}", &["method"]);
}

#[test]
fn criteria_for_channels_do_the_same_in_every_language() {
    does_the_same_in_every_language("channels: {name: within-blocks, budget: channels}", &["channels"]);
}

#[test]
fn nothing_is_overwritten_and_bad_names_say_what_a_good_one_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    for name in ["2fast", "a b", "größe", "a/b", "..", "fn", "secateur-sdk"] {
        new(here, name, &[]).exits(2).names(&[&format!("`{name}`"), "take"]);
    }
    std::fs::create_dir(here.join("taken")).expect("a folder can be made");
    std::fs::write(here.join("taken/notes.txt"), "mine").expect("a file can be written");
    for lang in LANGUAGES {
        new(here, "taken", &["--lang", lang]).exits(2).names(&["taken", "is there already", "--path"]);
    }
    assert_eq!(std::fs::read_dir(here.join("taken")).expect("readable").count(), 1);
    // Where a crate would become part of the workspace.
    let inside = workspace().join("plugins/never-made");
    let said = new(here, "x", &["--path", &inside.display().to_string()]);
    said.exits(2).names(&["never-made", "checkout", "adding-a-method"]);
    assert!(!inside.exists());

    new(here, "x", &["--sdk", "nowhere"]).exits(2).names(&["--sdk nowhere"]);
    new(here, "x", &["--sdk", "."]).exits(2).names(&["harness/sdk/Cargo.toml"]);
    new(here, "x", &["--sdk", ".", "--lang", "c"]).exits(2).names(&["--sdk"]);
    new(here, "x", &["--kind", "crietrion"]).exits(2).names(&["crietrion", "criterion"]);
    assert!(!here.join("x").exists());

    // What was asked for is what stands in the manifest.
    let manifest =
        |name: &str| std::fs::read_to_string(here.join(name).join("Cargo.toml")).expect("a manifest");
    new(here, "run", &["--path", "deep/folder"]).exits(0);
    assert!(manifest("deep/folder").contains(&format!("path = \"{}/harness/sdk\"", workspace().display())));
    new(here, "git", &["--sdk", "https://example.org/secateur.git#0123abc"]).exits(0);
    assert!(manifest("git").contains("git = \"https://example.org/secateur.git\", rev = \"0123abc\""));
    new(here, "named", &["--sdk", &workspace().join("harness/sdk").display().to_string()]).exits(0);
    assert!(manifest("named").contains("that --sdk named"));
    assert!(run(&["plugin", "--help"]).exits(0).out.contains("new"));
}
