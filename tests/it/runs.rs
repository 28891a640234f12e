//! Whole runs: everything is `ok`, nothing is done twice, and bits depend on the seed and on nothing else.

use std::collections::BTreeSet;

use crate::support::{Lab, MAGNITUDE, MATCHED, RANDOM, Said, Suite, TICKET, secateur, table};

#[test]
fn a_suite_runs_to_ok_and_a_second_run_has_nothing_to_do() {
    let lab = Lab::new();
    let suite = Suite::new(&[MAGNITUDE, RANDOM, MATCHED, TICKET]);
    lab.run(&suite, "store", &["--jobs", "1"]).exits(0);
    let rows = lab.rows("store");
    // Two dense controls, and four methods at two keeps.
    assert_eq!(rows.len(), 2 + 4 * 2);
    for row in &rows {
        assert_eq!(row["outcome"], "ok", "{row:?}");
        assert_eq!(row["target_count"], row["achieved_count"], "{row:?}");
        assert_eq!(row["test_pictures"], "24", "{row:?}");
        // Whatever a method leaves of its allowance is spent on recovery; only whole batches can be.
        let spent = |key: &str| row[key].parse::<u64>().expect("a number");
        if row["control"] != "dense-as-is" {
            assert!(
                (480 - 15..=480).contains(&(spent("method_samples") + spent("recover_samples"))),
                "{row:?}"
            );
        }
    }
    let before = lab.results("store");

    let again = lab.run(&suite, "store", &["--jobs", "1"]).exits(0);
    assert!(again.out.contains("\n0 stages ran"), "{}", again.out);
    assert_eq!(lab.results("store"), before);

    // A store in which the same suite ran with two stages at a time holds the same bytes.
    lab.run(&suite, "other", &["--jobs", "2"]).exits(0);
    assert_eq!(lab.results("other"), before);
    let identities = |store: &str| -> Vec<String> {
        let objects = lab.objects(store);
        let text = |object: &serde_json::Value| {
            format!("{} {} {} {}", object["identity"], object["outputs"], object["facts"], object["inputs"])
        };
        let mut texts: Vec<String> = objects.iter().map(text).collect();
        texts.sort();
        texts
    };
    assert_eq!(identities("other"), identities("store"));
}

#[test]
fn a_part_of_a_suite_that_was_run_before_is_not_run_again() {
    let lab = Lab::new();
    let suite = Suite::untrained(&[MAGNITUDE, RANDOM]);
    lab.run(&suite, "store", &["--only", "method=magnitude"]).exits(0);
    let stored = lab.objects("store").len();
    let rest = lab.run(&suite, "store", &[]).exits(0);
    assert!(
        rest.out.contains(&format!("{} stages ran", lab.objects("store").len() - stored)),
        "{}",
        rest.out
    );
    assert_eq!(lab.rows("store").len(), 2 + 2 * 2);
}

#[test]
fn a_seed_gives_its_own_bits_and_zero_is_a_seed() {
    let lab = Lab::new();
    let mut suite = Suite { keeps: "[0.2]", seed: 0, ..Suite::new(&[RANDOM]) };
    lab.run(&suite, "zero", &[]).exits(0);
    lab.run(&suite, "zero-again", &[]).exits(0);
    suite.seed = 1;
    lab.run(&suite, "one", &[]).exits(0);
    assert_eq!(lab.results("zero"), lab.results("zero-again"));
    // Not only the labels differ: the upstream network does, and so do the masks.
    let label = "prune random (equal-allowance, replicate 0)";
    for (label, output) in [("train upstream", "init"), ("train upstream", "end"), (label, "keep-0")] {
        let digest = |store: &str| lab.object(store, label)["outputs"][output]["digest"].to_string();
        assert_eq!(digest("zero"), digest("zero-again"), "{label}");
        assert_ne!(digest("zero"), digest("one"), "{label}");
    }
    // The pictures are files, which have no seed.
    let pictures = |store: &str| lab.object(store, "prepare stripes")["identity"].to_string();
    assert_eq!(pictures("zero"), pictures("one"));
}

#[test]
fn the_checkpoint_of_remaining_weights_is_what_the_host_finds() {
    let lab = Lab::new();
    let trained =
        "  - {label: kept, method: org.secateur.lottery-ticket, params: {rate: 0.6, rewind: none}}\n";
    let first =
        "  - {label: first, method: org.secateur.lottery-ticket, params: {rate: 0.6, rewind: init}}\n";
    let more = "evaluate: false\ncontrols: []\n".to_owned();
    lab.run(&Suite { more, ..Suite::new(&[MAGNITUDE, TICKET, trained, first]) }, "store", &[]).exits(0);
    for (method, expected) in
        [("magnitude", Some("end")), ("ticket", Some("step-8")), ("kept", None), ("first", Some("init"))]
    {
        let object = lab.object("store", &format!("prune {method} (equal-allowance, replicate 0)"));
        let snapshots = object["facts"]["snapshots"].as_array().expect("snapshots");
        assert_eq!(snapshots.len(), 2, "{method}");
        for snapshot in snapshots {
            assert_eq!(snapshot.get("weights_of").and_then(|name| name.as_str()), expected, "{method}");
        }
    }
}

#[test]
fn replicates_differ_in_their_seeds() {
    let lab = Lab::new();
    let more = "replicates: 2\ncontrols: [dense-as-is]\n".to_owned();
    let suite = Suite { keeps: "[0.2]", more, ..Suite::untrained(&[MAGNITUDE, RANDOM]) };
    lab.run(&suite, "store", &[]).exits(0);
    let digest = |method: &str, replicate: u32| {
        let label = format!("prune {method} (no-training, replicate {replicate})");
        lab.object("store", &label)["outputs"]["keep-0"]["digest"].to_string()
    };
    assert_ne!(digest("random", 0), digest("random", 1));
    // Magnitude has nothing to draw.
    assert_eq!(digest("magnitude", 0), digest("magnitude", 1));
}

/// Without an allowance both dense controls are the same network: its stages are needed twice, and run once, also when
/// they do not run at the same time.
#[test]
fn equal_stages_of_several_trials_run_once() {
    let lab = Lab::new();
    let twice = "  - {label: again, method: org.secateur.magnitude}\n";
    let suite = Suite { keeps: "[0.2]", ..Suite::untrained(&[MAGNITUDE, twice]) };
    for jobs in ["1", "3"] {
        let said = lab.run(&suite, jobs, &["--jobs", jobs]).exits(0);
        // The pictures; a verification and a score of the dense network; a pruning, a verification and a score.
        assert!(said.out.contains("\n6 stages ran"), "{}", said.out);
        assert_eq!(lab.objects(jobs).len(), 6);
        assert_eq!(lab.rows(jobs).len(), 4);
    }
    assert_eq!(lab.results("1"), lab.results("3"));
}

#[test]
fn a_plan_tells_what_would_run_and_makes_nothing() {
    let lab = Lab::new();
    let suite = Suite { keeps: "[0.2]", ..Suite::untrained(&[MAGNITUDE]) };
    lab.write(&suite);
    let plan = || {
        let run = lab.command("store");
        // The same arguments but for the command and an option of `run` alone.
        let arguments = run.get_args().skip(1).filter(|argument| *argument != "--quiet");
        let mut command = secateur();
        command
            .arg("plan")
            .args(arguments)
            .arg("--json")
            .current_dir(run.get_current_dir().expect("a folder"));
        let said = Said::of(&command.output().expect("secateur starts")).exits(0);
        let plan: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
        let stages = plan["stages"].as_array().expect("stages").clone();
        stages.iter().map(|stage| stage["state"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let before = plan();
    assert!(!lab.path("store").exists());
    let said = |store: &str| {
        let arguments = ["plan", "mini.yaml", "--store", store, "--data-root", "."];
        let plugin = crate::support::library("secateur-magnitude");
        let folder = lab.path("");
        let mut command = secateur();
        command.current_dir(&folder).args(arguments).arg("--plugin").arg(plugin);
        Said::of(&command.output().expect("secateur starts")).exits(0).out
    };
    assert!(
        said("none").ends_with("how long it takes is not known: nothing of the kind is stored\n"),
        "{}",
        said("none")
    );
    assert!(before.iter().all(|state| state == "to run"), "{before:?}");
    lab.run(&suite, "store", &[]).exits(0);
    let after = plan();
    assert_eq!(after.len(), before.len());
    assert!(after.iter().all(|state| state == "stored"), "{after:?}");
    assert!(said("store").ends_with("nothing is left to run\n"), "{}", said("store"));
    // 480 pictures recover a dense and a pruned network; the upstream network has seen 24 batches of 16.
    lab.write(&Suite { keeps: "[0.2]", ..Suite::new(&[MAGNITUDE]) });
    assert!(said("none").contains("at most 1344 training pictures"), "{}", said("none"));
}

/// A maintainer reruns submissions on pictures that nobody has seen, and publishes the report.
#[test]
fn a_private_seed_of_the_tasks_is_in_no_report() {
    const SEED: &str = "16045690984503098046";
    let lab = Lab::new();
    let transfer = "transfer: {tasks: [generated/digits], linear: {recipe: base, length: 6it}}\n";
    let suite = Suite {
        keeps: "[0.3]",
        set: "prunable: {name: convolutions, head: false}",
        more: format!("evaluate: false\ncontrols: [dense-as-is]\n{transfer}"),
        ..Suite::untrained(&[MAGNITUDE])
    };
    lab.run(&suite, "store", &[]).exits(0);
    let known = lab.results("store");
    let said = lab.run(&suite, "store", &["--task-seed", SEED]).exits(0);
    assert!(!said.out.contains("\n0 stages ran"), "{}", said.out);
    let both = lab.rows("store");
    let names: BTreeSet<&str> = both.iter().map(|row| row["suite"].as_str()).collect();
    let private = format!("mini-private-{}", &secateur_suite::seed_commitment(SEED.parse().unwrap())[..8]);
    assert_eq!(names, BTreeSet::from(["mini", private.as_str()]));
    // Other pictures, so other scores, under the same network; and what everybody knows stays as it was.
    let scores = |suite: &str| -> Vec<&str> {
        both.iter().filter(|row| row["suite"] == suite).map(|row| row["score"].as_str()).collect()
    };
    assert_ne!(scores("mini"), scores(&private));
    assert_eq!(table(&known).len(), scores("mini").len());
    let mut pending = vec![lab.path("store-report")];
    let mut commitments = 0;
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(SEED), "{}", path.display());
        commitments += usize::from(text.contains(&private["mini-private-".len()..]));
    }
    assert!(commitments > 0);
    // The same seed again is the same suite.
    let said = lab.run(&suite, "store", &["--task-seed", SEED]).exits(0);
    assert!(said.out.contains("\n0 stages ran"), "{}", said.out);
    let without = Suite::untrained(&[MAGNITUDE]);
    lab.run(&without, "other", &["--task-seed", "5"]).exits(2).names(&["--task-seed", "the suite has none"]);
}
