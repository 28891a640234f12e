//! `secateur weights`: names of published checkpoints, digests, and suites that name one.

use std::path::{Path, PathBuf};
use std::process::Command;

use secateur_checkpoint::{Dtype, Published, TensorData, Tensors, read, write_safetensors};

/// What was printed, after the exit code was looked at.
fn said(arguments: &[&str], code: i32) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_secateur")).args(arguments).output().expect("secateur runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    out + &err
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// A checkpoint with one tensor, which is of no network.
fn write_one(path: &Path) {
    let tensor = TensorData { dtype: Dtype::F32, shape: vec![1], bytes: vec![0; 4] };
    let tensors: Tensors = [("one".to_owned(), tensor)].into();
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    write_safetensors(path, &tensors, &Default::default()).expect("written");
}

const MOBILENET: &str = "mobilenet_v2-imagenet1k-v1";

#[test]
fn published_checkpoints_are_listed_with_what_is_there() {
    let table = said(&["weights", "list"], 0);
    for one in Published::all() {
        let line = table.lines().find(|line| line.starts_with(&format!("{} ", one.name)));
        let cells: Vec<&str> = line.expect("a line").split_whitespace().collect();
        assert_eq!(cells[1..3], [one.network, &one.sha256[..8]]);
        assert_eq!(cells.last(), Some(&one.address().as_str()));
    }
    assert!(table.contains("BSD-3-Clause") && table.contains("ImageNet"), "{table}");

    let root = tempfile::tempdir().expect("a folder");
    write_one(&root.path().join("resnet18-f37072fd.pth"));
    write_one(&root.path().join("checkpoints/vgg16-397923af.pth"));
    write_one(&root.path().join("checkpoints/resnet50-imagenet1k-v1.safetensors"));
    let json = said(&["weights", "list", "--json", "--data-root", text(root.path())], 0);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).expect("JSON");
    for (row, one) in rows.iter().zip(Published::all()) {
        let state = match one.name {
            "resnet18-imagenet1k-v1" | "vgg16-imagenet1k-v1" => "not imported",
            "resnet50-imagenet1k-v1" => "imported",
            _ => "not there",
        };
        assert_eq!((&row["name"], &row["state"]), (&one.name.into(), &state.into()), "{row}");
    }
    assert_eq!(rows.len(), Published::all().len());
}

#[test]
fn what_cannot_be_imported_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = text(folder.path());
    let own = folder.path().join("own.safetensors");
    write_one(&own);
    let wrong = folder.path().join("mobilenet_v2-b0353104.pth");
    write_one(&wrong);
    let import = |arguments: &[&str], words: &[&str]| {
        let said = said(&[&["weights", "import"], arguments].concat(), 2);
        for word in words {
            assert!(said.contains(word), "no `{word}` in {said}");
        }
    };
    import(&[MOBILENET], &["--data-root", "mobilenet_v2-b0353104.pth", "https://"]);
    import(
        &["resnet18-imagenet1k-v1", "--data-root", root],
        &["there is no", "checkpoints/resnet18-f37072fd.pth", "https://"],
    );
    let known = &Published::named(MOBILENET).expect("known").sha256[..20];
    import(&[MOBILENET, "--data-root", root], &["is not the published", known, "fetch it again"]);
    import(&[text(&wrong), "--out", "x.safetensors"], &["is not the published", known]);
    import(&["resnet18", "--out", "x.safetensors"], &["no published checkpoint", "secateur weights list"]);
    import(&[text(&own)], &["--out", "is no published checkpoint"]);
    let out = folder.path().join("out/own.safetensors");
    import(
        &[text(&own), "--network", "resnet18", "--out", text(&out)],
        &["own.safetensors does not fit", "missing"],
    );
    assert!(!out.exists());
    said(&["weights", "import", text(&own), "--out", text(&out)], 0);
    let written = read(&out).expect("readable");
    assert_eq!(written.tensors, read(&own).expect("readable").tensors);
    assert_eq!(written.metadata["source_file"], "own.safetensors");
}

/// The file that `SECATEUR_PUBLISHED` has. If it is not there, says that the test is left out.
#[expect(clippy::print_stderr, reason = "a skipped test says why")]
fn mobilenet() -> Option<PathBuf> {
    let file = Published::named(MOBILENET).expect("known").file;
    let path = std::env::var_os("SECATEUR_PUBLISHED").map(|folder| PathBuf::from(folder).join(file));
    let path = path.filter(|path| path.exists());
    if path.is_none() {
        eprintln!("left out: SECATEUR_PUBLISHED names no folder with {file}");
    }
    path
}

#[test]
fn a_published_checkpoint_is_imported_by_name_and_as_a_file_to_the_same_bytes() {
    let Some(file) = mobilenet() else { return };
    let root = tempfile::tempdir().expect("a folder");
    let published = Published::named(MOBILENET).expect("known");
    std::fs::copy(&file, root.path().join(published.file)).expect("copied");
    let told = said(&["weights", "import", MOBILENET, "--data-root", text(root.path())], 0);
    assert!(told.contains("262 tensors") && told.contains("the published file by its SHA-256"), "{told}");
    let place = root.path().join("checkpoints").join(format!("{MOBILENET}.safetensors"));
    let header = read(&place).expect("readable").metadata;
    for (key, value) in [
        ("source", published.address()),
        ("source_file", published.file.to_owned()),
        ("source_sha256", published.sha256.to_owned()),
        ("published", MOBILENET.to_owned()),
        ("network", "mobilenet_v2".to_owned()),
    ] {
        assert_eq!(header[key], value);
    }
    let other = root.path().join("other.safetensors");
    said(&["weights", "import", text(&file), "--out", text(&other)], 0);
    assert_eq!(std::fs::read(&other).expect("readable"), std::fs::read(&place).expect("readable"));
    let told = said(&["weights", "import", text(&file), "--network", "resnet18", "--out", text(&other)], 2);
    assert!(told.contains("does not fit"), "{told}");
}

/// A suite whose upstream network is a published one.
fn suite(network: &str, checkpoint: &str) -> String {
    format!(
        "name: published\nseed: 1\nnetwork: {{name: {network}}}\n\
         upstream: {{task: mine, checkpoint: {checkpoint}}}\n\
         tasks:\n  mine: {{format: image-folder, path: mine, side: 224}}\n\
         prunable: {{name: convolutions}}\nkeeps: [0.5]\n\
         recipes:\n  base: {{batch: 16, lr: 0.05}}\n\
         tracks:\n  - {{name: no-training, allowance: 0ex}}\nmethods: []\n"
    )
}

#[test]
fn suites_name_published_checkpoints_that_were_imported() {
    let root = tempfile::tempdir().expect("a folder");
    let file = root.path().join("published.yaml");
    let told = |command: &str, network: &str, with_root: bool, code: i32| {
        std::fs::write(&file, suite(network, MOBILENET)).expect("written");
        let rest = ["--data-root", text(root.path())];
        let rest = if with_root { &rest[..] } else { &[] };
        said(&[&[command, text(&file), "--store", text(&root.path().join("store"))], rest].concat(), code)
    };
    // What is of another network is wrong, also where nothing need be there.
    for command in ["plan", "run"] {
        let told = told(command, "resnet18", true, 2);
        assert!(told.contains("is of network `mobilenet_v2`, and the suite's is `resnet18`"), "{told}");
    }
    let narrow = told("plan", "mobilenet_v2, width: 0.5", true, 2);
    assert!(narrow.contains("upstream.checkpoint") && narrow.contains("`width: 0.5`"), "{narrow}");
    // What is missing stops a run; a plan says the same and goes on.
    let import = format!("secateur weights import {MOBILENET} --data-root");
    for (command, code) in [("plan", 0), ("run", 2)] {
        let without = told(command, "mobilenet_v2", false, code);
        assert!(
            without.contains("is a published checkpoint") && without.contains("--data-root"),
            "{without}"
        );
        let not_imported = told(command, "mobilenet_v2", true, code);
        assert!(not_imported.contains(&import), "{not_imported}");
    }
    write_one(&root.path().join(format!("checkpoints/{MOBILENET}.safetensors")));
    std::fs::create_dir(root.path().join("mine")).expect("made");
    let there = told("plan", "mobilenet_v2", true, 0);
    assert!(!there.contains("not there yet"), "{there}");
    // A file of that name comes first, whatever it is of.
    write_one(&root.path().join(MOBILENET));
    told("plan", "resnet18", true, 0);
}
