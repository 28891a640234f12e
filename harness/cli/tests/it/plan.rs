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
    assert!(plan.contains("  dtd: there is no ./dtd; the suite names it"), "{plan}");
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
    assert!(refused.contains("upstream.checkpoint: there is no checkpoint `resnet50.pth`"), "{refused}");
}

#[test]
fn detectors_take_no_augmentation_of_pictures_with_one_class() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("boxes.yaml");
    let plan = |augmentation: &str| {
        let suite = format!(
            "name: boxes\nseed: 1\nnetwork: {{name: ssd-small}}\n\
             upstream: {{task: generated/figures, train: {{recipe: r, length: 8it}}}}\n\
             prunable: {{name: p}}\nkeeps: [0.5]\ntracks: [{{name: none, allowance: 0ex}}]\n\
             recipes: {{r: {{batch: 8, lr: 0.1, {augmentation}}}}}\n"
        );
        std::fs::write(&file, suite).expect("written");
        let mut program = Command::new(env!("CARGO_BIN_EXE_secateur"));
        program.arg("plan").arg(&file).arg("--store").arg(folder.path().join("store"));
        let output = program.output().expect("secateur runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for augmentation in [
        "shift: 2",
        "crop_area: [0.2, 1]",
        "color_jitter: {brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, probability: 0.8}",
        "grayscale: 0.2",
        "blur: {kernel: boxes, sigma: [0.1, 2], probability: 0.5}",
    ] {
        let (code, told) = plan(augmentation);
        let key = augmentation.split(':').next().expect("a key");
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains(&format!("recipes.r.{key} is for pictures with one class")), "{told}");
    }
    assert_eq!(plan("flip: true").0, Some(0));
}
