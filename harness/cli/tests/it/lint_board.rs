//! `secateur lint-board`: exit codes, options, and what is said of files that are no tables.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn lint(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_secateur"));
    command.arg("lint-board").args(arguments).output().expect("secateur runs")
}

/// What was printed, after the exit code was looked at.
fn said(arguments: &[&str], code: i32) -> String {
    let output = lint(arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    out + &err
}

fn boards() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports/tests/boards")
}

fn path(folder: &str, name: &str) -> String {
    boards().join(folder).join(name).to_str().expect("a path in UTF-8").to_owned()
}

/// A file with that content, in a folder that lives as long as it is held.
fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(name);
    std::fs::write(&file, content).expect("a file");
    (folder, file.to_str().expect("a path in UTF-8").to_owned())
}

#[test]
fn exit_codes_tell_clean_from_wrong_from_unreadable() {
    said(&[&path("clean", "ranked.md")], 0);
    let found = said(&[&path("planted", "delta-size.md")], 1);
    assert!(found.contains("delta-size.md:9: error [delta] `Δ Top-1`"), "{found}");
    // Notes alone are no failure.
    assert!(said(&[&path("planted", "precision.md")], 0).contains("note [mixed-precision]"));
    // One wrong file of several is a failure.
    said(&[&path("clean", "ranked.md"), &path("planted", "delta-size.md")], 1);
    for (name, content, reason) in [
        ("empty.csv", b"" as &[u8], "is empty"),
        ("paper.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is not text"),
        ("words.md", b"# No table\n", "has no table"),
        ("words.txt", b"no table\n", "has no table"),
    ] {
        let (_folder, file) = file(name, content);
        let said = said(&[&file], 2);
        assert!(said.contains("error: ") && said.contains(reason) && said.contains(name), "{said}");
    }
    assert!(said(&["no-such.csv"], 2).contains("no-such.csv"));
    assert!(said(&[], 2).contains("FILE"));
}

#[test]
fn typing_errors_are_told_with_the_nearest_name() {
    let board = path("clean", "seeds-long.csv");
    for (arguments, hint) in [
        (vec!["--colum", "a=score"], "--column"),
        (vec!["--column", "val_acc=scor"], "`score`"),
        (vec!["--column", "val_ac=score"], "`val_acc`"),
        (vec!["--column", "val_acc"], "NAME=ROLE"),
        (vec!["--key", "dset,modell"], "modell"),
        (vec!["--group", "dest"], "`dset`"),
        (vec!["--explain", "params-procent"], "`params-percent`"),
        (vec!["--map", "no-such.yaml"], "no-such.yaml"),
    ] {
        let arguments: Vec<&str> = [board.as_str()].into_iter().chain(arguments).collect();
        let said = said(&arguments, 2);
        assert!(said.contains(hint), "{arguments:?}: {said}");
    }
    let (_folder, map) = file("map.yaml", b"columns:\n  val_acc: score\ngrupp: [dset]\n");
    let said = said(&[&board, "--map", &map], 2);
    assert!(said.contains("map.yaml:3") && said.contains("did you mean `group`?"), "{said}");
}

#[test]
fn columns_are_shown_and_can_be_said() {
    let (_folder, board) = file("board.csv", b"thing,q\ndense,0.70\nrandom,1.60\nl1,0.65\n");
    let shown = said(&[&board, "--show-columns", "--column", "q=score:fraction"], 1);
    assert!(shown.contains("score: fraction of one, higher is better (given)"), "{shown}");
    assert!(shown.contains("could not: no column of ranks"), "{shown}");
    assert!(shown.contains("board.csv:3: error [out-of-range] `q` \"1.60\""), "{shown}");
    let (_other, map) = file("map.yaml", b"columns: {q: other}\n");
    said(&[&board, "--map", &map], 0);
}

#[test]
fn programs_can_read_what_was_found() {
    let json = said(&[&path("planted", "rank-order.md"), "--json"], 1);
    let document: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(document["findings"][0]["check"], "rank-order");
    assert_eq!(document["errors"], 1);
    let json = said(&[&path("clean", "ranked.md"), &path("clean", "sized.md"), "--json"], 0);
    let documents: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(documents.as_array().map(Vec::len), Some(2));
}

#[test]
fn checks_are_listed_and_explained() {
    let list = said(&["--list"], 0);
    for check in &secateur_reports::lint::CHECKS {
        assert!(
            list.lines().any(|line| line.starts_with(check.id) && line.contains(check.explanation)),
            "{list}"
        );
        assert!(said(&["--explain", check.id], 0).contains(check.example));
    }
    let help = said(&["--help"], 0);
    for word in ["--column", "--map", "--key", "--group", "--lower-is-better", "Exit code", "average-rank"] {
        assert!(help.contains(word), "{word}: {help}");
    }
}

#[test]
fn the_standard_input_is_a_file() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_secateur"))
        .args(["lint-board", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("secateur runs");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(b"method\ttop-1\ndense\t76.1\nl1\t7O.3\n")
        .expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("has a letter for a digit; 70.3?"));
}

#[test]
fn our_published_results_are_clean() {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/results");
    let mut looked_at = 0;
    for folder in std::fs::read_dir(results).expect("the results") {
        let folder = folder.expect("a folder").path();
        for name in ["results.csv", "summary.md"] {
            let file = folder.join(name);
            if file.exists() {
                said(&[file.to_str().expect("a path in UTF-8")], 0);
                looked_at += 1;
            }
        }
    }
    assert!(looked_at >= 16, "{looked_at}");
}
