//! What programs tell one another and leave in a store: orders, reports, results, manifests, questions to plugins.

use proptest::prelude::*;
use secateur_store::{ParamsQuestion, StageOrder, StageResult, Store, SuiteManifest, WorkerReport};
use serde::de::DeserializeOwned;

use crate::cases;
use crate::memory::bounded;
use crate::mutate::{apply, changed, edits};

/// A value of one byte is a node of a tree with room for more, under a name.
const TIMES: usize = 300;

const ENVIRONMENT: &str = r#"{"threads": 1, "device_class": "cpu", "precision": "f32", "layout": "contiguous", "libtorch": "2.11.0"}"#;
const MACHINE: &str =
    r#"{"processor": "x", "cores": 2, "memory_bytes": 1000000, "system": "Linux", "device": "cpu"}"#;

fn order() -> String {
    let recipe = r#"{"batch": 16, "lr": 0.05, "milestones": [0.5], "schedule": "step"}"#;
    format!(
        r#"{{
  "identity": "0123456789abcdef0123456789abcdef01234567",
  "label": "recover magnitude",
  "spec": {{"kind": "recover", "network": {{"name": "resnet8", "width": 0.25}}, "samples": 480, "recipe": {recipe},
           "recalibrate": 10, "compact": false, "seed": 18446744073709551615}},
  "environment": {ENVIRONMENT},
  "device": "cpu",
  "inputs": {{"weights": {{"path": "/store/objects/a/keep-0.safetensors", "digest": "ab12"}}}},
  "work_dir": "/store/attempt/b/1",
  "limit_seconds": 3600
}}"#
    )
}

fn report() -> String {
    format!(
        r#"{{"outcome": "ok", "detail": "", "outputs": {{"weights": "weights.safetensors", "features": "features"}},
"facts": {{"steps": 30, "loss": 0.25, "deep": [[1, {{"a": null}}]]}}, "machine": {MACHINE}}}"#
    )
}

fn result() -> String {
    format!(
        r#"{{"schema": 1, "identity": "0123456789abcdef0123456789abcdef01234567", "kind": "train", "label": "train",
"outcome": "ok", "detail": "", "outputs": {{"end": {{"path": "end.safetensors", "digest": "ab"}}}}, "inputs": {{"trainval": "cd"}},
"facts": {{"steps": 24, "loss": 1.5, "validation": null}},
"cost": {{"seconds": 1.25, "peak_bytes": 123456, "finished": "2026-01-01T00:00:00Z", "attempt": 1}},
"environment": {ENVIRONMENT}, "machine": {MACHINE}, "harness": "0.1.0"}}"#
    )
}

fn manifest() -> String {
    let suite = secateur_suite::read_suite(
        "mini.yaml",
        "name: mini\nseed: 1\nnetwork: {name: resnet8}\nupstream: {task: generated/upstream, checkpoint: x}\n\
         prunable: {name: c}\nkeeps: [0.5]\ntracks: [{name: none, allowance: 0ex}]\n\
         methods: [{label: m, method: org.m, params: {a: 1}}]\n",
    );
    let suite = serde_json::to_string(&suite.expect("a suite")).expect("JSON");
    format!(
        r#"{{"schema": 1, "suite": {suite}, "suite_digest": "00", "environment": {ENVIRONMENT}, "upstream": {{"end": "aa"}},
"trials": [{{"track": "none", "method": "m", "method_id": "org.m", "params": "{{}}", "control": "", "keep": 0.5, "keep_index": 0,
"replicate": 0, "prune": "aa", "verify": null, "recover": null, "measure": null,
"scores": [{{"protocol": "direct", "regime": "none", "task": "t", "stage": null, "blocked": ["crashed", "why"]}}],
"blocked": null}}], "shared": ["aa"]}}"#
    )
}

const QUESTIONS: &str = r#"[{"method": "org.m", "params": {"rate": 0.5, "deep": [{"a": [1]}]}}, {"method": "org.n", "params": {}}]"#;

/// Reads JSON as both programs do, and what was read must survive being written.
fn read<T: DeserializeOwned + serde::Serialize + Send>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    bounded(bytes.len(), TIMES, || {
        let value: T = serde_json::from_slice(bytes)?;
        let text = serde_json::to_vec(&value)?;
        Ok(serde_json::from_slice::<T>(&text).map(|_| value).unwrap_or_else(|error| panic!("{error}")))
    })
}

fn read_all(bytes: &[u8]) {
    let _ = read::<StageOrder>(bytes);
    if let Ok(report) = read::<WorkerReport>(bytes) {
        let _ = report.stray_output();
    }
    let _ = read::<StageResult>(bytes);
    let _ = read::<Vec<ParamsQuestion>>(bytes);
}

proptest! {
    #![proptest_config(cases(3000))]

    #[test]
    fn changed_messages_are_read_or_refused(
        bytes in changed([order(), report(), result(), QUESTIONS.to_owned()].map(String::into_bytes).to_vec())
    ) {
        read_all(&bytes);
    }

    #[test]
    fn changed_manifests_are_read_or_refused(edits in edits()) {
        let _ = read::<SuiteManifest>(&apply(manifest().as_bytes(), &edits));
    }
}

proptest! {
    #![proptest_config(cases(300))]

    /// The files of a store, as the parent and reports read them.
    #[test]
    fn a_store_with_changed_files_is_read_or_names_the_file(
        which in 0_usize..4, edits in edits()
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("store");
        for name in ["objects", "work", "attempts", "suites"] {
            std::fs::create_dir_all(root.join(name)).expect("made");
        }
        let identity = "0123456789abcdef0123456789abcdef01234567";
        let mut files = [
            (format!("objects/{identity}/result.json"), result()),
            (format!("attempts/{identity}/1/result.json"), result().replace("\"ok\"", "\"crashed\"")),
            ("suites/mini.json".to_owned(), manifest()),
            ("secateur-store.json".to_owned(), "{\"format\": 1}\n".to_owned()),
        ]
        .map(|(name, text)| (root.join(name), text.into_bytes()));
        files[which].1 = apply(&files[which].1, &edits);
        let length: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        for (path, bytes) in &files {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, bytes).expect("written");
        }
        let outcome = bounded(length, TIMES, || {
            let store = Store::open(&root)?;
            store.manifests()?;
            store.attempts(identity)?;
            store.results()?;
            store.ledger_rows()?;
            Ok::<(), secateur_store::StoreError>(())
        });
        if let Err(error) = outcome {
            let text = error.to_string();
            prop_assert!(text.contains("store"), "{}", text);
        }
        // A report of it is a report, or an error.
        let _ = bounded(length, 20 * TIMES, || {
            let store = Store::open(&root).ok()?;
            secateur_reports::load(&store, Some("mini")).ok()
        });
    }
}

#[test]
fn the_messages_that_are_changed_can_be_read() {
    read::<StageOrder>(order().as_bytes()).expect("an order");
    read::<WorkerReport>(report().as_bytes()).expect("a report");
    read::<StageResult>(result().as_bytes()).expect("a result");
    read::<SuiteManifest>(manifest().as_bytes()).expect("a manifest");
    read::<Vec<ParamsQuestion>>(QUESTIONS.as_bytes()).expect("questions");
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [200, 200_000] {
            let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            read_all(deep.as_bytes());
            let inside = report().replace("[[1, {\"a\": null}]]", &deep);
            read::<WorkerReport>(inside.as_bytes()).expect_err("too deep");
        }
    }
}
