//! A small store with a packed test split and predictions, as a run leaves it.

use std::fs;

use safetensors::tensor::TensorView;
use secateur_data::generated::generate_first;
use serde_json::json;

use super::*;
use crate::ReportInput;

const TASK: &str = "generated/textures";
const PICTURES: usize = 20;

struct Fixture {
    folder: tempfile::TempDir,
    store: Store,
    labels: Vec<u16>,
}

fn stage(
    store: &Store,
    identity: &str,
    kind: &str,
    output: (&str, &str),
    test: Option<&str>,
    facts: serde_json::Value,
    write: impl FnOnce(&Path),
) -> String {
    let work = store.begin(identity).expect("a work folder");
    let path = work.path.join(output.1);
    write(&path);
    let digest = secateur_store::digest_output(&path).expect("a digest");
    let inputs = test.map_or(json!({}), |test| json!({ "test": test }));
    let result = json!({
        "schema": secateur_store::SCHEMA, "identity": identity, "kind": kind, "label": identity, "outcome": "ok",
        "detail": "", "outputs": { output.0: { "path": output.1, "digest": digest } }, "inputs": inputs, "facts": facts,
        "cost": { "seconds": 1.0, "peak_bytes": 1, "finished": "", "attempt": 1 },
        "environment": {
            "threads": 1, "device_class": "cpu", "precision": "f32", "layout": "contiguous", "libtorch": "2.11.0"
        },
        "machine": { "processor": "", "cores": 1, "memory_bytes": 1, "system": "", "device": "cpu" },
        "harness": "0.1.0",
    });
    store.commit(work, &serde_json::from_value(result).expect("a result")).expect("an object");
    digest
}

fn predictions(classes: &[i32]) -> Vec<u8> {
    let bytes: Vec<u8> = classes.iter().flat_map(|class| class.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::I32, vec![classes.len()], &bytes).expect("a tensor");
    safetensors::serialize([("predictions", view)], None).expect("a file")
}

impl Fixture {
    /// Two dense replicates, and a method at two keeps in two replicates. `wrong` says which pictures a network gets wrong.
    fn new() -> Fixture {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::create_or_open(&folder.path().join("store")).expect("a store");
        let task = generate_first(TASK, 3, 16, PICTURES).expect("a task");
        let labels = task.test.labels.clone();
        let test = stage(&store, "prepare", "prepare", ("test", "test"), None, json!({}), |path| {
            pack::write_test(path, &task).expect("a pack");
        });
        let facts = json!({
            "task": TASK, "task_version": 1, "metric": "top1", "score": 0.5, "top1": 0.5, "mean_per_class": 0.5, "loss": 1.0,
            "pictures": PICTURES, "classes": task.info.classes.len(), "validation": null, "steps": 1, "leaked": 0,
        });
        let networks: [(&str, &str, f64, u32, &[usize]); 6] = [
            ("dense-0", "dense-trained", 1.0, 0, &[7]),
            ("dense-1", "dense-trained", 1.0, 1, &[7, 8]),
            ("half-0", "imp", 0.5, 0, &[7, 8, 9]),
            ("half-1", "imp", 0.5, 1, &[7, 9, 10, 11]),
            ("tenth-0", "imp", 0.1, 0, &[0, 1, 2, 3, 7]),
            ("tenth-1", "imp", 0.1, 1, &[0, 1, 2, 8]),
        ];
        let mut trials = Vec::new();
        for (identity, method, keep, replicate, wrong) in networks {
            let classes: Vec<i32> = (0..PICTURES)
                .map(|at| if wrong.contains(&at) { -1 } else { i32::from(labels[at]) })
                .collect();
            let output = ("predictions", "predictions.safetensors");
            // Those of the second replicate were trained on features, which another stage has taken from the pictures.
            let features = format!("features-{identity}");
            let from_features = replicate == 1;
            if from_features {
                stage(
                    &store,
                    &features,
                    "extract",
                    ("features", "features"),
                    Some(&test),
                    json!(null),
                    |path| {
                        fs::write(path, "numbers").expect("a file");
                    },
                );
            }
            let input = (!from_features).then_some(test.as_str());
            stage(&store, identity, "transfer", output, input, facts.clone(), |path| {
                fs::write(path, predictions(&classes)).expect("a file");
            });
            let dense = method.starts_with("dense");
            trials.push(json!({
                "track": "short", "method": method, "method_id": if dense { "" } else { "org.example.imp" },
                "params": "{}", "control": if dense { method } else { "" }, "keep": keep, "keep_index": 0,
                "replicate": replicate, "prune": null, "verify": null, "recover": null, "measure": null, "blocked": null,
                "scores": [{
                    "protocol": "transfer", "regime": "linear", "task": TASK, "stage": identity, "blocked": null,
                    "features": from_features.then_some(features),
                }],
            }));
        }
        let manifest = json!({
            "schema": secateur_store::SCHEMA,
            "suite": {
                "name": "tiny", "seed": 1, "network": { "name": "any" }, "upstream": { "task": TASK },
                "keeps": [0.5, 0.1], "tracks": [{ "name": "short", "allowance": "0ex" }],
            },
            "suite_digest": "", "upstream": {}, "shared": ["prepare"],
            "environment": {
                "threads": 1, "device_class": "cpu", "precision": "f32", "layout": "contiguous", "libtorch": "2.11.0"
            },
            "trials": trials,
        });
        store.write_manifest(&serde_json::from_value(manifest).expect("a manifest")).expect("written");
        Fixture { folder, store, labels }
    }

    fn input(&self) -> ReportInput {
        crate::load(&self.store, None).expect("a report's input")
    }

    fn test(&self) -> TaskTest {
        self.input().tests.pop().expect("a test split")
    }
}

fn counts(test: &TaskTest) -> Vec<(f64, usize, usize, usize, Option<usize>)> {
    let of = |it: &Difficulty| (it.keep, it.networks, it.right_by_all, it.right_by_none, it.lost);
    let mut counts: Vec<_> = test.difficulty.iter().map(of).collect();
    counts.sort_by(|a, b| a.0.total_cmp(&b.0));
    counts
}

#[test]
fn pictures_are_counted_keep_by_keep_and_shown() {
    let fixture = Fixture::new();
    let test = fixture.test();
    assert_eq!((test.pictures, test.problem.clone()), (PICTURES, None));
    // At a tenth 0, 1 and 2 are lost, and 3, 7 and 8 are wrong once. At half, 7 and 9 are wrong twice, but the dense network
    // gets 7 wrong, too.
    assert_eq!(counts(&test), [(0.1, 2, 14, 3, Some(3)), (0.5, 2, 15, 2, Some(1))]);
    assert_eq!(test.examples.len(), EXAMPLES);
    assert_eq!((test.examples[0].index, test.examples[EXAMPLES - 1].index), (0, PICTURES - 1));
    for example in &test.examples {
        assert_eq!(example.class, usize::from(fixture.labels[example.index]));
        assert!(example.png.starts_with("iVBORw0KGgo"), "no PNG");
    }
    // On the page they are percentages of twenty pictures.
    let input = fixture.input();
    let site = crate::site(&crate::Report::new(&input), &input).expect("a site");
    let page =
        &site.iter().find(|file| file.path == "tasks/generated-textures.html").expect("a page").content;
    for part in ["70.0 %", "15.0 %", "75.0 %", "10.0 %", "5.0 %", "16 of 20 test pictures"] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn what_is_gone_or_damaged_is_said_and_costs_nothing_else() {
    let fixture = Fixture::new();
    let file = |identity: &str| fixture.store.object_dir(identity).join("predictions.safetensors");
    fs::remove_file(file("tenth-1")).expect("removed");
    fs::write(file("half-0"), predictions(&[0; PICTURES - 1])).expect("a file");
    fs::write(file("half-1"), b"nothing of the kind").expect("a file");
    let test = fixture.test();
    assert_eq!(counts(&test), [(0.1, 1, 15, 5, Some(4))]);
    assert!(test.problem.is_some_and(|problem| problem.contains("Predictions of 3 networks")));

    let split = fixture.store.object_dir("prepare").join("test");
    fs::write(split.join("test.safetensors"), b"\xff\xff\xff\xff\xff\xff\xff\x7f{}").expect("a file");
    let test = fixture.test();
    assert!(test.problem.as_ref().is_some_and(|problem| problem.contains("cannot be read")), "{test:?}");
    assert!(test.examples.is_empty() && test.difficulty.is_empty());
    fs::remove_dir_all(fixture.store.object_dir("prepare")).expect("removed");
    assert_eq!(fixture.test().problem.as_deref(), Some("The test split is not in the store any more."));
    // No path of this machine reaches a page.
    let input = fixture.input();
    let site = crate::site(&crate::Report::new(&input), &input).expect("a site");
    let machine = fixture.folder.path().display().to_string();
    assert!(site.iter().all(|file| !file.content.contains(&machine)));
}
