//! `secateur plan` of a suite whose data nobody has.

use std::process::Command;

/// Dense networks alone, so that no plugin is needed.
const SUITE: &str = r#"name: dense
seed: 1
network: {name: resnet50}
upstream: {task: imagenet, checkpoint: resnet50.pth}
tasks:
  imagenet: {format: official, path: imagenet, packed: files, side: 224, official: {set: imagenet}}
  dtd: {format: official, path: dtd, packed: files, side: 224, official: {set: dtd}}
prunable: {name: p}
recipes: {r: {batch: 64, lr: 0.1}}
keeps: [0.5]
tracks: [{name: none, allowance: 0ex}]
controls: [dense-as-is]
evaluate: false
transfer: {tasks: [dtd], full: {recipe: r, length: 150ep}}
"#;

fn said(command: &str, more: &[&str], code: i32) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("dense.yaml"), SUITE).expect("written");
    let mut program = Command::new(env!("CARGO_BIN_EXE_secateur"));
    program.current_dir(folder.path()).args([command, "dense.yaml", "--store", "store", "--data-root", "."]);
    let output = program.args(more).output().expect("secateur runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

#[test]
fn a_plan_needs_no_data_and_tells_pictures_and_hours() {
    let plan = said("plan", &["--device", "cuda:0"], 0);
    // 8,813 steps of 64 pictures.
    assert!(
        plan.contains("resnet50 at 224 px: at most 564032 training pictures, and 1880 that are looked at"),
        "{plan}"
    );
    assert!(plan.contains("nobody has measured how fast that is on cuda"), "{plan}");
    assert!(plan.contains("not there yet, and needed to run: dtd, imagenet, resnet50.pth"), "{plan}");
    let told = said("plan", &["--device", "cuda:0", "--pictures-per-second", "100"], 0);
    // (564,032 + 1,880 / 3) / 100 seconds.
    assert!(told.contains("about 1.6 hours at 100 pictures a second on cuda"), "{told}");
    let json: serde_json::Value = serde_json::from_str(&said("plan", &["--json"], 0)).expect("JSON");
    assert_eq!(json["work"][0]["training_pictures"], 564_032);
    assert_eq!(json["missing"], serde_json::json!(["dtd", "imagenet", "resnet50.pth"]));
    assert!(
        json["stages"].as_array().is_some_and(|it| it.iter().all(|stage| stage["state"] == "to run")),
        "{json}"
    );
    said("plan", &["--pictures-per-second", "0"], 2);
}

#[test]
fn a_run_needs_all_of_it() {
    let refused = said("run", &[], 2);
    assert!(refused.contains("no upstream checkpoint `resnet50.pth`"), "{refused}");
}
