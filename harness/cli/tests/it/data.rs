//! `secateur data`: what is printed of official data sets, and exit codes.

use std::path::Path;
use std::process::Command;

use secateur_data::official::catalogue;
use secateur_data::official::testing::{Published, publish_whole};

/// What was printed, after the exit code was looked at.
fn said(arguments: &[&str], code: i32) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_secateur"));
    let output = command.arg("data").args(arguments).output().expect("secateur runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
    out + &err
}

fn check(root: &Path, more: &[&str], code: i32) -> String {
    let root = root.to_str().expect("a path in UTF-8");
    said(&[&["check", "--data-root", root], more].concat(), code)
}

/// A data root with these sets as they are published.
fn root_of(sets: &[&Published]) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    for set in sets {
        let folder = root.path().join(&set.entry.id);
        std::fs::create_dir(&folder).expect("a folder");
        set.pack(&folder);
    }
    root
}

#[test]
fn every_set_is_listed_with_its_numbers() {
    let table = said(&["list"], 0);
    for set in catalogue() {
        let line = table.lines().find(|line| line.starts_with(&format!("{} ", set.id)));
        let line = line.unwrap_or_else(|| panic!("no {} in {table}", set.id));
        for value in [set.classes.to_string(), set.counts.train.to_string(), set.metric.name().to_owned()] {
            assert!(line.split_whitespace().any(|cell| cell == value), "no {value} in {line}");
        }
    }
    assert!(table.contains("39.1 GB"), "{table}");
    let json: serde_json::Value = serde_json::from_str(&said(&["list", "--json"], 0)).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(catalogue().len()));
}

#[test]
fn an_empty_folder_says_what_to_put_where() {
    let root = tempfile::tempdir().expect("a folder");
    let text = check(root.path(), &["transfer-12"], 1);
    for expected in [
        "aircraft (FGVC Aircraft (variants)): not well",
        "fgvc-aircraft-2013b.tar.gz (2.8 GB, MD5 d4acdd33327262359767eeaa97a4f732)",
        "https://data.caltech.edu/records/nyy15-4j048/files/256_ObjectCategories.tar",
        "was at https://ai.stanford.edu/~jkrause/car196/cars_train.tgz, where nothing is any more",
        "get_birdsnap.py",
        "put cifar-10-binary.tar.gz or cifar-10-python.tar.gz there",
    ] {
        assert!(text.contains(expected), "no `{expected}` in\n{text}");
    }
    let into = root.path().join("sun397").display().to_string();
    assert!(text.contains(&format!("into {into}:")), "{text}");
    assert_eq!(text.matches(": not well").count(), 12, "{text}");
    assert!(!text.contains("imagenet") && !text.contains("mnist"), "{text}");
}

#[test]
fn whole_sets_are_well_and_a_missing_picture_is_named() {
    let (flowers, mut pets) = (publish_whole("flowers"), publish_whole("mnist"));
    let root = root_of(&[&flowers, &pets]);
    let text = check(root.path(), &["flowers", "mnist", "--deep"], 0);
    assert!(text.contains("test: 6149 of 6149 pictures") && text.contains("all is well"), "{text}");
    let text = check(root.path(), &["flowers", "--digests"], 1);
    assert!(text.contains("102flowers.tgz: bytes ") && text.contains("officially 344862509"), "{text}");
    // A picture less, and a file of labels less.
    let mut flowers = flowers;
    flowers.remove("jpg/image_00007.jpg");
    pets.remove("t10k-labels-idx1-ubyte.gz");
    let root = root_of(&[&flowers, &pets]);
    let text = check(root.path(), &["mnist", "flowers"], 1);
    assert!(text.contains("train: 1019 of 1020 pictures, which is not all"), "{text}");
    assert!(text.contains("missing: jpg/image_00007.jpg"), "{text}");
    assert!(text.contains("absent: t10k-labels-idx1-ubyte"), "{text}");
    assert!(text.ends_with("not well: mnist, flowers\n"), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&check(root.path(), &["flowers", "--json"], 1)).expect("JSON");
    assert_eq!(json[0]["well"], false);
    assert_eq!(json[0]["missing_first"][0], "jpg/image_00007.jpg");
    // The same unpacked.
    let root = tempfile::tempdir().expect("a folder");
    flowers.unpack(&root.path().join("flowers"));
    assert!(check(root.path(), &["flowers"], 1).contains("missing: jpg/image_00007.jpg"));
}

#[test]
fn wrong_usage_exits_with_2() {
    let root = tempfile::tempdir().expect("a folder");
    let text = check(root.path(), &["caltech-256"], 2);
    assert!(text.contains("`caltech-256`") && text.contains("did you mean `caltech256`?"), "{text}");
    assert!(check(&root.path().join("none"), &["pets"], 2).contains("--data-root says where the data lies"));
    assert!(said(&["check", "pets"], 2).contains("--data-root"));
    assert!(said(&["chek"], 2).contains("check"));
}
