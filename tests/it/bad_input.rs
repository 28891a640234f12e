//! What users get wrong: every error says what, where, and what to do, with exit code 2, or 1 where a run goes on.

use std::process::Command;

use crate::support::{GIVEN, Lab, MAGNITUDE, RANDOM, Said, Suite};

#[track_caller]
fn refused(lab: &Lab, suite: &Suite, words: &[&str]) {
    lab.run(suite, "store", &[]).exits(2).names(words);
    assert!(!lab.path("store").exists(), "a run that cannot start leaves no store");
}

#[test]
fn misspelt_names_in_a_suite_are_placed_and_the_nearest_is_named() {
    let lab = Lab::new();
    let good = Suite::untrained(&[MAGNITUDE]);
    let line = good.text().lines().position(|line| line.starts_with("methods")).expect("a line") + 1;
    let unknown_key = Suite { more: "replicats: 2\n".to_owned(), ..good.clone() };
    refused(
        &lab,
        &unknown_key,
        &[&format!("mini.yaml:{line}:"), "`replicats`", "did you mean `replicates`?"],
    );

    let method = "  - {label: magnitude, method: org.secateur.magnitud}\n";
    refused(
        &lab,
        &Suite::untrained(&[method]),
        &["mini.yaml", "org.secateur.magnitud`", "`org.secateur.magnitude`"],
    );

    let track = "{name: t, allowance: 480ex, recipe: bas}";
    refused(&lab, &Suite { track, ..good.clone() }, &["mini.yaml:", "tracks[0].recipe", "`bas`", "`base`"]);

    let transfer = "transfer: {tasks: [generated/texture], linear: {recipe: base, length: 2it}}\n".to_owned();
    let task = Suite { more: transfer, ..good.clone() };
    refused(&lab, &task, &["mini.yaml", "generated/texture`", "`generated/textures`"]);

    let keeps = Suite { keeps: "[0.3, 1.5]", ..good.clone() };
    refused(&lab, &keeps, &["mini.yaml:", "keeps", "1.5", "(0, 1]"]);

    let label = Suite::untrained(&[MAGNITUDE, MAGNITUDE]);
    refused(&lab, &label, &["mini.yaml", "methods[1].label", "used twice"]);

    // The place is that of the track and not of the suite's own name.
    let track = Suite { track: "{name: a/b, allowance: 0ex}", ..good.clone() };
    let line = track.text().lines().position(|line| line.contains("a/b")).expect("a line") + 1;
    refused(&lab, &track, &[&format!("mini.yaml:{line}:"), "tracks[0].name", "`a/b`"]);

    let step = Suite { upstream: "train: {recipe: base, length: 24it, keep_steps: [0]}", ..good.clone() };
    refused(&lab, &step, &["mini.yaml:4:", "keep_steps", "`init`"]);

    let precision = Suite { more: "precision: tf32\n".to_owned(), ..good.clone() };
    refused(&lab, &precision, &["mini.yaml:", "precision", "`f32`", "--device cuda:0"]);

    lab.write(&good);
    let broken = good.text().replace("resnet8", "resnet9");
    std::fs::write(lab.path("mini.yaml"), broken).expect("written");
    let said = Said::of(&lab.command("store").output().expect("secateur starts"));
    said.exits(2).names(&["mini", "network.name", "resnet9", "resnet8"]);
    let unseeded = good.text().replace("seed: 7\n", "");
    std::fs::write(lab.path("mini.yaml"), unseeded).expect("written");
    Said::of(&lab.command("store").output().expect("secateur starts"))
        .exits(2)
        .names(&["missing field `seed`"]);
    assert!(!lab.path("store").exists());
}

#[test]
fn parameters_that_a_method_refuses_are_named_before_anything_runs() {
    let lab = Lab::new();
    let refused = |entry: &str, words: &[&str]| {
        let entry = format!("  - {{label: wrong, method: org.secateur.{entry}}}\n");
        lab.run(&Suite { keeps: "[0.2]", ..Suite::untrained(&[MAGNITUDE, &entry]) }, "store", &[])
            .exits(2)
            .names(words);
        assert!(!lab.path("store").exists(), "{entry}");
    };
    // An unknown name with the nearest one, a wrong type, a value out of range: with the line, and by any kind of plugin.
    refused(
        "magnitude, params: {skope: uniform}",
        &["mini.yaml:", "methods[1].params", "`skope`", "did you mean `scope`"],
    );
    refused("magnitude, params: {scope: globl}", &["methods[1].params", "`globl`", "did you mean `global`"]);
    refused("magnitude, params: {scope: 3}", &["methods[1].params", "scope: invalid type", "3"]);
    refused("lottery-ticket, params: {rate: 1.5}", &["methods[1].params", "rate is 1.5"]);
    refused("woodfisher, params: {gradients: 0}", &["methods[1].params", "gradients"]);
    refused("rigl, params: {alpha: two}", &["methods[1].params", "alpha: invalid type", "two"]);
}

#[test]
fn filters_and_devices_that_do_not_exist_are_refused() {
    let lab = Lab::new();
    let suite = Suite::untrained(&[MAGNITUDE]);
    lab.run(&suite, "store", &["--only", "method=magnitud"]).exits(2).names(&[
        "magnitud",
        "magnitude",
        "dense-as-is",
    ]);
    lab.run(&suite, "store", &["--only", "colour=red"]).exits(2).names(&["colour", "method, track, keep"]);
    lab.run(&suite, "store", &["--only", "magnitude"]).exits(2).names(&["KEY=VALUE"]);
    lab.run(&suite, "store", &["--device", "gpu"]).exits(2).names(&["gpu", "cuda:0"]);
    lab.run(&suite, "store", &["--jobs", "0"]).exits(2).names(&["--jobs 0"]);
}

#[test]
fn missing_files_are_named() {
    let lab = Lab::new();
    let suite = Suite::untrained(&[MAGNITUDE]);
    std::fs::rename(lab.path("given.safetensors"), lab.path("other.safetensors")).expect("renamed");
    refused(&lab, &suite, &["given.safetensors", "mini.yaml"]);
    std::fs::rename(lab.path("other.safetensors"), lab.path("given.safetensors")).expect("renamed");
    std::fs::rename(lab.path("stripes"), lab.path("dots")).expect("renamed");
    refused(&lab, &suite, &["stripes", "--data-root"]);
    let nowhere = crate::support::run(&["run", "nowhere.yaml", "--store", "store"]);
    nowhere.exits(2).names(&["nowhere.yaml", "No such file"]);
    let report = crate::support::run(&["report", "--store", "/nowhere/store", "--out", "/nowhere/out"]);
    report.exits(2).names(&["/nowhere/store", "no store"]);
}

#[test]
fn a_damaged_checkpoint_is_named_in_every_row_that_needs_it() {
    let lab = Lab::new();
    let path = lab.path("given.safetensors");
    let bytes = std::fs::read(&path).expect("readable");
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("written");
    let suite = Suite { keeps: "[0.2]", ..Suite::untrained(&[MAGNITUDE]) };
    lab.run(&suite, "store", &[]).exits(1);
    for row in lab.rows("store") {
        assert_eq!(row["outcome"], "failed", "{row:?}");
        assert!(row["outcome_detail"].contains("given.safetensors"), "{row:?}");
    }
    // A network of another width is another mistake, with other words.
    std::fs::write(&path, bytes).expect("written");
    let text = suite.text().replace("width: 0.25", "width: 0.5");
    std::fs::write(lab.path("mini.yaml"), text).expect("written");
    Said::of(&lab.command("wider").output().expect("secateur starts")).exits(1);
    for row in lab.rows("wider") {
        assert_eq!(row["outcome"], "failed", "{row:?}");
        assert!(row["outcome_detail"].contains("does not fit"), "{row:?}");
        assert!(row["outcome_detail"].contains("conv1.weight"), "{row:?}");
    }
}

#[test]
fn a_damaged_picture_is_named() {
    let lab = Lab::new();
    let picture = lab.path("stripes/train/class-2/07.png");
    let bytes = std::fs::read(&picture).expect("readable");
    let suite = Suite { keeps: "[0.2]", ..Suite::untrained(&[MAGNITUDE]) };
    let jpeg = lab.path("stripes/train/class-2/99.jpg");
    image::open(&picture).expect("a picture").save(&jpeg).expect("written");
    let whole = std::fs::read(&jpeg).expect("readable");
    std::fs::remove_file(&jpeg).expect("removed");
    for (file, bytes) in [(&picture, &bytes), (&jpeg, &whole)] {
        std::fs::write(file, &bytes[..bytes.len() / 2]).expect("written");
        let store = file.extension().expect("an extension").display().to_string();
        lab.run(&suite, &store, &[]).exits(1);
        for row in lab.rows(&store) {
            assert_eq!(row["outcome"], "failed", "{row:?}");
            let name = file.file_name().expect("a name").display().to_string();
            assert!(row["outcome_detail"].contains(&format!("train/class-2/{name}")), "{row:?}");
        }
        std::fs::remove_file(file).expect("removed");
    }
    // Once it is repaired, its content is another: nothing has to be forgotten by hand.
    std::fs::write(&picture, bytes).expect("written");
    lab.run(&suite, "png", &[]).exits(0);
    assert!(lab.rows("png").iter().all(|row| row["outcome"] == "ok"));
}

#[test]
fn a_store_that_cannot_be_written_is_named() {
    let lab = Lab::new();
    let suite = Suite::untrained(&[MAGNITUDE]);
    // A file where the folder should be: permissions do not stop everyone.
    std::fs::write(lab.path("file"), "").expect("written");
    lab.run(&suite, "file", &[]).exits(2).names(&["file"]);
    std::fs::create_dir(lab.path("photos")).expect("made");
    std::fs::write(lab.path("photos/cat.png"), "").expect("written");
    lab.run(&suite, "photos", &[]).exits(2).names(&["photos", "not a store"]);
}

/// No file may grow beyond a size, as on a disk that is full: what was stored before stays readable, and the run
/// continues when there is room.
#[test]
fn a_full_disk_is_an_error_and_not_the_end_of_the_store() {
    let lab = Lab::new();
    let suite = Suite { upstream: GIVEN, keeps: "[0.2]", ..Suite::untrained(&[MAGNITUDE, RANDOM]) };
    lab.run(&suite, "store", &["--only", "method=magnitude"]).exits(0);
    let before = lab.results("store");
    lab.write(&suite);
    let run = lab.command("store");
    let mut limited = Command::new("sh");
    // 24 KiB are enough for the index and for descriptions, not for weights. The signal that would end the process
    // in place of an error is ignored.
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 48; exec \"$0\" \"$@\""])
        .arg(run.get_program())
        .args(run.get_args());
    limited.current_dir(run.get_current_dir().expect("a folder"));
    for (key, value) in run.get_envs() {
        match value {
            Some(value) => limited.env(key, value),
            None => limited.env_remove(key),
        };
    }
    let said = Said::of(&limited.output().expect("sh starts"));
    assert!(matches!(said.code, Some(1 | 2)), "{said:?}");
    assert!(!said.err.contains("panicked at"), "{}", said.err);
    let rows = lab.rows("store");
    // What was there is still there; what could not be written is not claimed to be.
    for row in &rows {
        match row["method"].as_str() {
            "magnitude" => assert_eq!(row["outcome"], "ok", "{row:?}"),
            _ => assert!(["ok", "failed", "missing"].contains(&row["outcome"].as_str()), "{row:?}"),
        }
    }
    assert!(rows.iter().any(|row| row["outcome"] != "ok"), "{rows:?}");
    lab.run(&suite, "store", &["--retry"]).exits(0);
    assert!(lab.rows("store").iter().all(|row| row["outcome"] == "ok"));
    let own = |bytes: &[u8]| crate::support::lines_of(bytes, "magnitude");
    assert_eq!(own(&lab.results("store")), own(&before));
}

/// The same at any operation of the store: between writing and renaming, too. And a process that ends there.
#[test]
fn a_store_bears_a_fault_at_any_of_its_operations() {
    let lab = Lab::new();
    let suite = Suite { upstream: GIVEN, keeps: "[0.2]", ..Suite::untrained(&[MAGNITUDE, RANDOM]) };
    lab.run(&suite, "whole", &[]).exits(0);
    let whole = lab.results("whole");
    for fault in ["full", "stop"] {
        let mut done = false;
        // Each run finds what those before it have stored, so that the operations are those of all stages.
        for at in (1..).step_by(3).take(40) {
            let said = Said::of(
                &lab.command(fault)
                    .env("SECATEUR_STORE_FAULT", format!("{fault}:{at}"))
                    .output()
                    .expect("secateur starts"),
            );
            assert!(!said.err.contains("panicked at"), "{fault}:{at}: {}", said.err);
            match (fault, said.code) {
                ("full", Some(2)) => {
                    assert!(said.err.contains("no storage space"), "{fault}:{at}: {}", said.err)
                }
                ("stop", None) => {}
                (_, Some(0)) => {
                    done = true;
                    break;
                }
                _ => panic!("{fault}:{at}: {said:?}"),
            }
        }
        assert!(done, "{fault}: the run comes to no end");
        let again = lab.run(&suite, fault, &[]).exits(0);
        assert!(again.out.contains("\n0 stages ran"), "{}", again.out);
        assert_eq!(lab.results(fault), whole, "{fault}");
        assert_eq!(lab.objects(fault).len(), lab.objects("whole").len(), "{fault}");
    }
}
