//! A small store, as a run leaves it.

use std::fs;

use serde_json::json;

use super::*;
use crate::show;

const PRUNE: &str = "aa11111111111111111111111111111111111111";
const SCORE: &str = "aa22222222222222222222222222222222222222";
const CRASHED: &str = "bb33333333333333333333333333333333333333";

struct Fixture {
    _folder: tempfile::TempDir,
    store: Store,
}

fn result(identity: &str, kind: &str, outcome: &str, facts: serde_json::Value) -> StageResult {
    serde_json::from_value(json!({
        "schema": secateur_store::SCHEMA, "identity": identity, "kind": kind, "label": format!("{kind} imp"),
        "outcome": outcome, "detail": if outcome == "ok" { "" } else { "signal 11" }, "outputs": {},
        "inputs": { "end": "c0ffee" }, "facts": facts,
        "cost": { "seconds": 2.5, "peak_bytes": 1 << 20, "finished": "2026-01-02T03:04:05Z", "attempt": 1 },
        "environment": {
            "threads": 1, "device_class": "cpu", "precision": "f32", "layout": "contiguous", "libtorch": "2.11.0"
        },
        "machine": { "processor": "p", "cores": 1, "memory_bytes": 1, "system": "s", "device": "cpu" },
        "harness": "0.1.0",
    }))
    .expect("a result")
}

impl Fixture {
    fn new() -> Fixture {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::create_or_open(&folder.path().join("store")).expect("a store");
        let snapshot = json!({
            "target_count": 10, "train_samples": 64, "forward_samples": 0, "charged_samples": 64, "steps": 7,
        });
        let pruned = json!({
            "method": "org.example.method", "version": "1", "plugin": "libexample.so", "plugin_sha256": "", "built_with": "",
            "snapshots": [snapshot],
        });
        let scored = json!({
            "task": "drawn/pets", "task_version": 1, "metric": "top1", "score": 0.8125, "top1": 0.8125,
            "mean_per_class": 0.8, "loss": 0.5, "pictures": 160, "classes": 10, "validation": null, "steps": 3, "leaked": 0,
        });
        for (identity, kind, facts) in [(PRUNE, "prune", pruned), (SCORE, "transfer", scored)] {
            let work = store.begin(identity).expect("a work folder");
            fs::write(work.path.join("log.txt"), "first\nINFO \u{1b}[31mdone\u{1b}[0m\n").expect("a log");
            store.commit(work, &result(identity, kind, "ok", facts)).expect("an object");
        }
        let attempt = store.root().join("attempts").join(CRASHED).join("1");
        fs::create_dir_all(&attempt).expect("a folder");
        let crashed = result(CRASHED, "transfer", "crashed", json!(null));
        fs::write(attempt.join("result.json"), serde_json::to_vec(&crashed).expect("JSON")).expect("a file");
        fs::write(attempt.join("log.txt"), "the last words\n").expect("a log");
        let fixture = Fixture { _folder: folder, store };
        fixture.write_suite();
        fixture
    }

    /// A suite of one trial, which has been scored twice.
    fn write_suite(&self) {
        let score = |task: &str, stage: &str| json!({ "protocol": "transfer", "regime": "linear", "task": task, "stage": stage, "blocked": null });
        let manifest = json!({
            "schema": secateur_store::SCHEMA,
            "suite": {
                "name": "tiny", "seed": 1, "network": { "name": "any" }, "upstream": { "task": "drawn/pets" },
                "keeps": [0.1], "tracks": [{ "name": "short", "allowance": "0ex" }],
            },
            "suite_digest": "", "upstream": {}, "shared": [],
            "environment": {
                "threads": 1, "device_class": "cpu", "precision": "f32", "layout": "contiguous", "libtorch": "2.11.0"
            },
            "trials": [{
                "track": "short", "method": "imp", "method_id": "org.example.method", "params": "{}", "control": "",
                "keep": 0.1, "keep_index": 0, "replicate": 0, "prune": PRUNE, "verify": null, "recover": null,
                "measure": null, "blocked": null,
                "scores": [score("drawn/pets", SCORE), score("drawn/cars", CRASHED)],
            }],
        });
        self.store.write_manifest(&serde_json::from_value(manifest).expect("a manifest")).expect("written");
    }

    fn trial_id(&self) -> String {
        let input = crate::load(&self.store, None).expect("a report's input");
        input.trials.trials[0].id()
    }
}

#[test]
fn a_stage_is_found_by_as_few_digits_as_tell_it_apart() {
    let fixture = Fixture::new();
    for name in [SCORE, "aa2", "AA222", " aa22 "] {
        let Found::Stage(stage) = find(&fixture.store, name).expect(name) else {
            panic!("{name} is a stage")
        };
        assert_eq!((stage.identity.as_str(), stage.kind.as_str()), (SCORE, "transfer"));
        assert_eq!(stage.log, "first\nINFO done");
    }
    // What crashed is no object, and is shown nevertheless.
    let Found::Stage(stage) = find(&fixture.store, "bb3").expect("an attempt") else { panic!("a stage") };
    assert_eq!((stage.outcome, stage.log.as_str()), (crate::Outcome::Crashed, "the last words"));
    let text = show(&Found::Stage(stage));
    assert!(text.contains("crashed: signal 11") && text.contains("    the last words\n"), "{text}");
}

#[test]
fn a_trial_is_found_with_its_stages() {
    let fixture = Fixture::new();
    let id = fixture.trial_id();
    let found = find(&fixture.store, &id[..6]).expect("a trial");
    let Found::Trial { id: whole, trial, stages } = &found else { panic!("a trial") };
    assert_eq!((whole, trial.method.as_str()), (&id, "imp"));
    let identities: Vec<&str> = stages.iter().map(|stage| stage.identity.as_str()).collect();
    assert_eq!(identities, [PRUNE, CRASHED, SCORE]);
    let text = show(&found);
    for part in [
        &format!("trial {id}: imp at keep 0.1, replicate 0"),
        "transfer, linear, drawn/cars: crashed",
        "transfer, linear, drawn/pets: 81.25 %",
        "    snapshots.0.steps = 7",
        "    end = c0ffee",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // The same for programs.
    let json = serde_json::to_value(&found).expect("JSON");
    assert_eq!(json["trial"]["stages"][2]["facts"]["score"], 0.8125);
}

#[test]
fn an_error_says_what_is_near() {
    let fixture = Fixture::new();
    let said = |name: &str| find(&fixture.store, name).expect_err(name).to_string();
    let several = said("aa");
    assert!(several.contains("three hexadecimal digits"), "{several}");
    assert!(said("imp-2").contains("no name of a trial or stage"));
    let nothing = said("aa9");
    assert!(nothing.contains(PRUNE) && nothing.contains(SCORE) && !nothing.contains(CRASHED), "{nothing}");
    // A second stage with the same beginning.
    let other = "aa1f".to_owned() + &PRUNE[4..];
    let work = fixture.store.begin(&other).expect("a work folder");
    fixture.store.commit(work, &result(&other, "prune", "ok", json!(null))).expect("an object");
    let several = said("aa1");
    assert!(several.contains("2 names") && several.contains(PRUNE) && several.contains(&other), "{several}");
}

#[test]
fn what_is_loaded_is_what_is_shown() {
    let fixture = Fixture::new();
    let input = crate::load(&fixture.store, None).expect("a report's input");
    assert_eq!((input.trials.trials.len(), input.trials.stages.len(), input.trials.left_out), (1, 3, 0));
    let Found::Trial { trial, stages, .. } = find(&fixture.store, &fixture.trial_id()).expect("a trial")
    else {
        panic!("a trial")
    };
    assert_eq!(*trial, input.trials.trials[0]);
    assert!(stages.iter().all(|stage| input.trials.stages[&stage.identity] == *stage));
    // Every row of the report is a score of the trial, and its page has all stages and logs.
    assert!(input.rows.iter().all(|row| trial.has(row)));
    let site = crate::site(&crate::Report::new(&input), &input).expect("a site");
    let path = format!("trials/{}.html", trial.id());
    let page = &site.iter().find(|file| file.path == path).expect("its page").content;
    for part in [PRUNE, SCORE, CRASHED, "the last words", "INFO done", "snapshots.0.steps"] {
        assert!(page.contains(part), "{part}");
    }
}
