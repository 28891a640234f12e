//! Official data sets in suites: miniature trees in the official layouts, as archives and unpacked.

use std::path::Path;

use secateur_data::official::testing::{Size, publish};

use crate::interrupted;
use crate::support::{GIVEN, Lab, MAGNITUDE, Suite, secateur, workspace};

/// The twelve tasks of transfer.
const SETS: [&str; 12] = secateur_data::official::TRANSFER;

const SMALL: Size = Size { classes: 3, train: 12, validation: 6, test: 9 };

/// Every other set in its archives, the others unpacked.
fn publish_all(root: &Path) {
    for (number, id) in SETS.iter().enumerate() {
        let (set, folder) = (publish(id, SMALL), root.join(id));
        if number % 2 == 0 { set.pack(&folder) } else { set.unpack(&folder) }
    }
}

fn suite(tasks: &[&str], official: &str) -> String {
    let base = Suite {
        keeps: "[0.3]",
        set: "prunable: {name: convolutions, head: false}",
        more: "evaluate: false\ncontrols: [dense-trained]\ntransfer:\n  tasks: [TASKS]\n  \
               linear: {recipe: base, length: 6it}\n  full: {recipe: base, length: 4it}\n"
            .replace("TASKS", &tasks.join(", ")),
        upstream: GIVEN,
        track: "{name: equal-allowance, allowance: 64ex, recipe: base}",
        ..Suite::new(&[MAGNITUDE])
    };
    let declared: String = tasks
        .iter()
        .map(|id| {
            format!("  {id}: {{format: official, path: {id}, side: 16, official: {{set: {id}{official}}}}}\n")
        })
        .collect();
    base.text().replace("tasks:\n  stripes", &format!("tasks:\n{declared}  stripes"))
}

/// The same with pictures of full size, of which full transfer sees random parts, and linear transfer the middle.
fn in_full_size(text: &str) -> String {
    let replacements = [
        ("side: 16,", "side: 16, packed: files,"),
        ("recipes:\n", "recipes:\n  parts: {batch: 16, lr: 0.05, crop_area: [0.08, 1], flip: true}\n"),
        ("full: {recipe: base", "full: {recipe: parts"),
        (
            "linear: {recipe: base,",
            "linear: {recipe: base, normalize: {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]},",
        ),
    ];
    replacements.into_iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the suite has no `{from}`");
        text.replace(from, to)
    })
}

fn run(lab: &Lab, text: &str, more: &[&str]) -> crate::support::Said {
    std::fs::write(lab.path("mini.yaml"), text).expect("a suite can be written");
    let mut command = lab.command("store");
    crate::support::Said::of(&command.args(more).output().expect("secateur starts"))
}

/// The suite of the twelve official tasks itself, in miniature: reduced sets, small pictures and a small network, an epoch, one
/// replicate, and one method at one keep. Everything else of it, recipes, regimes, normalization and packs of files, is what it says.
fn transfer_12() -> String {
    let text =
        std::fs::read_to_string(workspace().join("benchmarks/suites/transfer-12.yaml")).expect("a suite");
    let replacements = [
        ("side: 224,", "side: 16,"),
        ("{name: resnet50}", "{name: resnet8, width: 0.25}"),
        ("precision: tf32", "precision: f32"),
        ("checkpoint: resnet50-imagenet1k-v1", "checkpoint: given.safetensors"),
        ("length: 115305030ex", "length: 64ex"),
        ("allowance: 38435010ex", "allowance: 256ex"),
        ("length: 150ep", "length: 1ep"),
        ("replicates: 5", "replicates: 1"),
        ("replicates: 3", "replicates: 1"),
        ("keeps: [0.2, 0.1, 0.05]", "keeps: [0.2]"),
        ("controls: [dense-as-is, dense-trained]", "controls: [dense-trained]"),
    ];
    let small = replacements.into_iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "transfer-12.yaml has no `{from}`");
        text.replace(from, to)
    });
    let reduced = |id: &str| (format!("{{set: {id}}}"), format!("{{set: {id}, reduced: true}}"));
    let small = SETS.iter().chain(&["imagenet"]).fold(small, |text, id| {
        let (from, to) = reduced(id);
        assert!(text.contains(&from), "transfer-12.yaml has no `{from}`");
        text.replace(&from, &to)
    });
    let kept = |line: &&str| !line.starts_with("  - {label: ") || line.contains("label: magnitude,");
    small.lines().filter(kept).collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn the_suite_of_the_twelve_official_tasks_runs_in_both_regimes() {
    let lab = Lab::new();
    publish_all(&lab.path("."));
    // As many classes as the given network has.
    publish("imagenet", Size { classes: 4, ..SMALL }).pack(&lab.path("imagenet"));
    let recipes = lab.path("recipes");
    std::fs::create_dir_all(&recipes).expect("made");
    std::fs::copy(workspace().join("benchmarks/recipes/papers.yaml"), recipes.join("papers.yaml"))
        .expect("copied");
    let text = transfer_12().replace("../recipes/papers.yaml", "recipes/papers.yaml");
    run(&lab, &text, &["--jobs", "2"]).exits(0);
    let rows = lab.rows("store");
    let transferred: Vec<_> = rows.iter().filter(|row| row["task"] != "imagenet").collect();
    assert_eq!(transferred.len(), 12 * 2 * 2);
    for row in transferred {
        assert_eq!(row["outcome"], "ok", "{row:?}");
        let entry = secateur_data::official::entry(&row["task"]).expect("a set");
        let metric = entry.metric.classification().expect("a metric of classes").name();
        assert_eq!(row["metric"], metric, "{row:?}");
        assert!(!row["top1"].is_empty() && !row["mean_per_class"].is_empty(), "both are recorded: {row:?}");
        assert!(row["test_pictures"].parse::<u32>().expect("a count") >= 9, "{row:?}");
    }
    // Whether a set lies in its archives or unpacked, what is packed is the same to the bit.
    let outputs = |id: &str| lab.object("store", &format!("prepare {id}"))["outputs"].clone();
    let before: Vec<_> = SETS.iter().map(|id| outputs(id)).collect();
    assert!(before.iter().all(|outputs| outputs["trainval"].is_object() && outputs["test"].is_object()));
    for (number, id) in SETS.iter().enumerate() {
        let folder = lab.path(id);
        std::fs::remove_dir_all(&folder).expect("removed");
        let set = publish(id, SMALL);
        if number % 2 == 0 { set.unpack(&folder) } else { set.pack(&folder) }
    }
    std::fs::remove_dir_all(lab.path("store")).expect("removed");
    let again = ["--jobs", "2", "--only", "method=dense-trained", "--only", "regime=linear"];
    run(&lab, &text, &again).exits(0);
    assert_eq!(SETS.iter().map(|id| outputs(id)).collect::<Vec<_>>(), before);
}

/// Flowers of noise, of which there is something to see at every size.
fn publish_noise(lab: &Lab) {
    publish("flowers", SMALL).of_noise().pack(&lab.path("flowers"));
}

/// The linear or full transfer of the pruned network.
#[track_caller]
fn transfer(lab: &Lab, store: &str, regime: &str) -> serde_json::Value {
    let mut objects = lab.objects(store).into_iter();
    let wanted = format!("{regime} transfer of magnitude");
    let found = objects.find(|object| object["label"].as_str().is_some_and(|own| own.starts_with(&wanted)));
    found.unwrap_or_else(|| panic!("no {wanted}"))
}

/// The first event of a kind of a stage in `store`.
#[track_caller]
fn event(lab: &Lab, stage: &serde_json::Value, kind: &str) -> serde_json::Value {
    let events = lab.file("store", stage["label"].as_str().expect("a label"), "events.jsonl");
    let events = std::fs::read_to_string(events).expect("events");
    let mut events = events.lines().map(|line| serde_json::from_str(line).expect("an event"));
    events
        .find(|event: &serde_json::Value| event["event"] == kind)
        .unwrap_or_else(|| panic!("no event `{kind}`"))
}

/// Interpolation and normalization of a regime change what is scored, and so does the choice of the best snapshot.
#[test]
fn a_regime_says_how_pictures_are_seen_and_which_network_is_scored() {
    let lab = Lab::new();
    publish_noise(&lab);
    let text = in_full_size(&suite(&["flowers"], ", reduced: true, held_out: true"));
    let text = text.replace("length: 4it", "length: 12it");
    run(&lab, &text, &[]).exits(0);
    let before = ["linear", "full"].map(|regime| transfer(&lab, "store", regime));
    let changed = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        std::fs::remove_dir_all(lab.path("store")).expect("removed");
        run(&lab, &text.replace(from, to), &[]).exits(0);
        ["linear", "full"].map(|regime| transfer(&lab, "store", regime))
    };
    let [linear, full] = changed("{label: magnitude,", "{label: magnitude, interpolation: bicubic,");
    assert_ne!(linear["inputs"]["features"], before[0]["inputs"]["features"]);
    assert_ne!(full["facts"]["loss"], before[1]["facts"]["loss"]);

    let [linear, full] =
        changed(" normalize: {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]},", "");
    assert_ne!(linear["inputs"]["features"], before[0]["inputs"]["features"]);
    assert_eq!(full["identity"], before[1]["identity"]);

    let [linear, full] = changed("length: 12it", "length: 12it, select: best-validation");
    assert_eq!(linear["identity"], before[0]["identity"]);
    let selected = event(&lab, &full, "selected");
    assert!(event(&lab, &full, "trained")["waited_seconds"].is_number());
    let (step, score) = (selected["step"].as_u64().expect("a step"), selected["validation"].as_f64());
    assert_eq!(full["facts"]["validation"].as_f64(), score);
    assert!(score >= before[1]["facts"]["validation"].as_f64(), "the best is no worse than the last");
    // It is the network that a training with the same rates has there.
    assert!((1..=12).contains(&step), "{selected}");
    let constant = text.replace("crop_area:", "schedule: constant, crop_area:");
    let best = constant.replace("length: 12it", "length: 12it, select: best-validation");
    std::fs::remove_dir_all(lab.path("store")).expect("removed");
    run(&lab, &best, &[]).exits(0);
    let chosen = transfer(&lab, "store", "full");
    let selected = event(&lab, &chosen, "selected");
    let short = constant.replace("length: 12it", &format!("length: {}it", selected["step"]));
    std::fs::remove_dir_all(lab.path("store")).expect("removed");
    run(&lab, &short, &[]).exits(0);
    let ended = transfer(&lab, "store", "full");
    assert_eq!(ended["facts"]["loss"], chosen["facts"]["loss"]);
    assert_eq!(ended["outputs"], chosen["outputs"]);
}

/// Views that are made ahead, and the best network so far, are the same after a kill.
#[test]
fn a_killed_transfer_of_full_size_pictures_continues_to_the_same_bits() {
    let lab = Lab::new();
    publish_noise(&lab);
    let text = in_full_size(&suite(&["flowers"], ", reduced: true, held_out: true"));
    let text = text.replace("length: 4it", "length: 300it, select: best-validation");
    std::fs::write(lab.path("mini.yaml"), &text).expect("written");
    let whole = |store: &str| {
        let mut command = lab.command(store);
        command.args(["--jobs", "1"]);
        crate::support::Said::of(&command.output().expect("secateur starts")).exits(0);
        let text = |object: serde_json::Value| {
            format!("{} {} {}", object["identity"], object["outputs"], object["facts"])
        };
        lab.objects(store).into_iter().map(text).collect::<Vec<_>>()
    };
    let expected = whole("whole");
    let attempt = interrupted::killed_in(&lab, "killed", "transfer");
    assert!(attempt.join("training.checkpoint").exists(), "the transfer was too short to be interrupted");
    assert!(attempt.join("best.safetensors").exists());
    // Without the best network, what the checkpoint has is not enough: training begins again, to the same end.
    std::fs::remove_file(attempt.join("best.safetensors")).expect("removed");
    assert_eq!(whole("killed"), expected);

    let attempt = interrupted::killed_in(&lab, "continued", "transfer");
    let order = crate::support::json(&attempt.join("order.json"));
    assert_eq!(whole("continued"), expected);
    let log = lab.file("continued", order["label"].as_str().expect("a label"), "log.txt");
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(log.contains("continuing from a checkpoint"), "{log}");
}

#[test]
fn what_is_not_the_official_release_is_told() {
    let lab = Lab::new();
    publish_all(&lab.path("."));
    let flowers = suite(&["flowers"], "");
    // A set in small is not the set, unless the suite says that it is a part of it.
    run(&lab, &flowers, &[]).exits(1);
    let rows = lab.rows("store");
    let task = rows.iter().find(|row| row["task"] == "flowers").expect("a row");
    assert_eq!(task["outcome"], "failed");
    assert!(task["outcome_detail"].contains("3 classes, officially 102"), "{task:?}");

    let typo = flowers.replace("set: flowers", "set: flower");
    run(&lab, &typo, &[]).exits(2).names(&["tasks.flowers.official.set", "`flowers`"]);
    let metric = flowers.replace("side: 16", "side: 16, metric: mean-per-class");
    run(&lab, &metric, &[]).exits(2).names(&["tasks.flowers.metric", "leave it out"]);
    let none = flowers.replace(", official: {set: flowers}", "");
    run(&lab, &none, &[]).exits(2).names(&["tasks.flowers.official", "secateur data list"]);
    let other = flowers.replace("format: official", "format: image-folder");
    run(&lab, &other, &[]).exits(2).names(&["tasks.flowers.official", "format `official`"]);

    // The command that says what is missing.
    let mut command = secateur();
    let said = command.args(["data", "check", "flowers", "--data-root"]).arg(lab.path("."));
    let said = crate::support::Said::of(&said.output().expect("secateur starts")).exits(1);
    assert!(said.out.contains("flowers"), "{}", said.out);
}

/// The pinned validation split is set aside, and what is trained on shrinks by it.
#[test]
fn a_held_out_split_is_pinned() {
    let lab = Lab::new();
    publish_all(&lab.path("."));
    let counts = |official: &str, id: &str| -> (u64, u64, u64) {
        let _ = std::fs::remove_dir_all(lab.path("store"));
        run(&lab, &suite(&[id], official), &["--only", "method=magnitude"]).exits(0);
        let facts = &lab.object("store", &format!("prepare {id}"))["facts"];
        let count = |split: &str| facts[split].as_u64().expect("a count");
        (count("train"), count("validation"), count("test"))
    };
    // Flowers-102 has a validation split of its own.
    assert_eq!(counts(", reduced: true", "flowers"), (18, 0, 9));
    assert_eq!(counts(", reduced: true, held_out: true", "flowers"), (12, 6, 9));
}
