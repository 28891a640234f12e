//! A small store with a packed test split and predictions, as a run leaves it.

use std::fs;
use std::path::Path;

use secateur_data::detection::DetectionData;
use secateur_data::generated::generate_detection_first;
use serde_json::json;

use super::*;
use crate::gallery::predictions::tests::file;
use crate::pairs::load::tests::file as drawn;
use crate::testing::detection_facts;

const TASK: &str = "generated/figures";
const PICTURES: usize = 9;

struct Fixture {
    folder: tempfile::TempDir,
    store: Store,
    task: DetectionData,
}

/// A stage's result with an output, which `write` writes.
fn stage(
    store: &Store,
    identity: &str,
    kind: &str,
    output: (&str, &str),
    inputs: serde_json::Value,
    facts: serde_json::Value,
    write: impl FnOnce(&Path),
) -> String {
    let work = store.begin(identity).unwrap();
    let path = work.path.join(output.1);
    write(&path);
    let digest = secateur_store::digest_output(&path).unwrap();
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
    store.commit(work, &serde_json::from_value(result).unwrap()).unwrap();
    digest
}

fn trial(method: &str, keep: f64, replicate: u32, stage: Option<&str>) -> serde_json::Value {
    let dense = method.starts_with("dense");
    json!({
        "track": "short", "method": method, "method_id": if dense { "" } else { "org.example.method" }, "params": "{}",
        "control": if dense { method } else { "" }, "keep": keep, "keep_index": 0, "replicate": replicate,
        "prune": null, "verify": null, "recover": null, "measure": null,
        "scores": [{ "protocol": "direct", "regime": "none", "task": TASK, "stage": stage, "blocked": null }],
        "blocked": if stage.is_none() { json!(["timeout", "too long"]) } else { json!(null) },
    })
}

impl Fixture {
    /// Two dense controls, a method at two keeps and in two replicates, and one that timed out.
    fn new() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create_or_open(&folder.path().join("store")).unwrap();
        let task = generate_detection_first(TASK, 3, 16, PICTURES).unwrap();
        let test = stage(&store, "prepare", "prepare", ("test", "test"), json!({}), json!({}), |path| {
            pack::write_detection_test(path, &task).unwrap();
        });
        let detection = detection_facts(0.6);
        let facts = json!({
            "task": TASK, "task_version": 1, "metric": "voc-ap50", "score": detection.voc_ap50, "top1": null,
            "mean_per_class": null, "detection": detection, "loss": 1.0, "pictures": PICTURES,
            "classes": task.info.classes.len(), "validation": null, "steps": 0, "leaked": 0,
        });
        // As many detections in a picture as its number, of scores that tell the stages apart.
        let offsets: Vec<i64> = (0..=PICTURES as i64).map(|picture| picture * (picture - 1) / 2).collect();
        let last = offsets[PICTURES] as usize;
        for (identity, score) in
            [("as-is", 0.5), ("trained", 0.6), ("dcp-half", 0.7), ("dcp-quarter", 0.8), ("dcp-other", 0.9)]
        {
            let found = vec![(1, score, [1.0, 1.0, 5.0, 5.0]); last];
            let output = ("predictions", "predictions.safetensors");
            stage(&store, identity, "evaluate", output, json!({ "test": test }), facts.clone(), |path| {
                fs::write(path, file(&offsets, &found)).unwrap();
            });
        }
        let manifest = json!({
            "schema": secateur_store::SCHEMA,
            "suite": {
                "name": "tiny", "seed": 1, "network": { "name": "any" }, "upstream": { "task": TASK },
                "keeps": [0.5, 0.25], "tracks": [{ "name": "short", "allowance": "0ex" }],
            },
            "suite_digest": "", "upstream": {}, "shared": ["prepare"],
            "environment": {
                "threads": 1, "device_class": "cpu", "precision": "f32", "layout": "contiguous", "libtorch": "2.11.0"
            },
            "trials": [
                trial("dense-as-is", 1.0, 0, Some("as-is")), trial("dense-trained", 1.0, 0, Some("trained")),
                trial("dcp", 0.5, 0, Some("dcp-half")), trial("dcp", 0.25, 0, Some("dcp-quarter")),
                trial("taylor", 0.25, 0, None), trial("dcp", 0.25, 1, Some("dcp-other")),
            ],
        });
        store.write_manifest(&serde_json::from_value(manifest).unwrap()).unwrap();
        Fixture { folder, store, task }
    }

    fn input(&self) -> crate::ReportInput {
        crate::load(&self.store, None).unwrap()
    }

    fn gallery(&self) -> Gallery {
        let mut galleries = self.input().galleries;
        assert_eq!(galleries.len(), 1);
        galleries.remove(0)
    }
}

#[test]
fn a_gallery_has_the_dense_control_and_every_method_at_its_smallest_keep() {
    let fixture = Fixture::new();
    let gallery = fixture.gallery();
    assert_eq!((gallery.task.as_str(), gallery.test_pictures, &gallery.problem), (TASK, PICTURES, &None));
    assert_eq!(gallery.classes, fixture.task.info.classes);
    let shown: Vec<usize> = gallery.pictures.iter().map(|picture| picture.index).collect();
    assert_eq!(shown, [0, 1, 3, 4, 6, 8]);
    let [track] = &gallery.tracks[..] else { panic!("one track") };
    let columns: Vec<(&str, f64, Option<f64>)> = track
        .columns
        .iter()
        .map(|column| {
            let score = column.detections.last().map(|found| (found[0].score * 10.0).round() / 10.0);
            (column.method.as_str(), column.keep, score)
        })
        .collect();
    assert_eq!(
        columns,
        [("dense-trained", 1.0, Some(0.6)), ("dcp", 0.25, Some(0.8)), ("taylor", 0.25, None)]
    );
    let counts: Vec<usize> = track.columns[1].detections.iter().map(Vec::len).collect();
    assert_eq!(counts, shown, "a picture has as many detections as its number");
    assert_eq!(track.columns[2].problem.as_deref(), Some("No detections: timeout."));
}

#[test]
fn pictures_have_their_pixels_and_objects() {
    let fixture = Fixture::new();
    let test = &fixture.task.test;
    let values = test.shape.iter().product::<usize>();
    for picture in fixture.gallery().pictures {
        let index = picture.index;
        assert_eq!(picture.name, test.names[index]);
        assert_eq!([picture.width, picture.height], test.sizes[index]);
        let pixels = &test.pixels[index * values..(index + 1) * values];
        assert_eq!(picture.png, base64(&picture_png(test.shape, pixels).unwrap()));
        let truths: Vec<(usize, [f64; 4])> = picture.truths.iter().map(|it| (it.class, it.corners)).collect();
        let objects: Vec<_> = test.objects_of(index).map(|it| (usize::from(it.class), it.corners)).collect();
        assert_eq!(truths, objects);
    }
}

#[test]
fn rows_sizes_and_classes_are_those_of_the_facts() {
    let input = Fixture::new().input();
    let facts = detection_facts(0.6);
    let row = input.rows.iter().find(|row| row.method == "dcp" && row.keep < 0.3).unwrap();
    assert_eq!((row.score, row.top1, row.metric.as_str()), (facts.voc_ap50, None, "voc-ap50"));
    assert_eq!((row.ap, row.ap50, row.ar), (facts.ap, facts.ap50, facts.ar));
    assert_eq!((row.ap_small, row.ap_medium), (facts.sizes[0].ap, facts.sizes[1].ap));
    assert_eq!(row.ap_large, facts.sizes[2].ap);
    let failed = input.rows.iter().find(|row| row.method == "taylor").unwrap();
    assert_eq!((failed.outcome, failed.ap, failed.ap_small), (Outcome::Timeout, None, None));
    // Five scored networks with three sizes and six classes each.
    assert_eq!(input.strata.len(), 5 * (3 + 6));
    let scores_of = |name: &str| -> Vec<(u64, Option<f64>)> {
        let own = input.strata.iter().filter(|score| score.stratum.name == name);
        own.map(|score| (score.stratum.objects, score.ap)).collect()
    };
    let (small, cross) = (&facts.sizes[0], &facts.classes[2]);
    assert_eq!(scores_of("small"), [(small.objects, small.ap); 5]);
    assert_eq!(scores_of("cross"), [(cross.objects, cross.ap); 5]);
}

#[test]
fn networks_have_their_metric_on_draws_where_the_store_has_it() {
    let fixture = Fixture::new();
    let path = |identity: &str| fixture.store.object_dir(identity).join("predictions.safetensors");
    let input = fixture.input();
    // Five scored networks, all without draws; the one that timed out has no score.
    assert_eq!(input.resampled.len(), 5);
    assert!(input.resampled.iter().all(|network| network.values.is_empty()));
    let table = crate::Report::new(&input).pairs.remove(0);
    // The untouched network is not compared.
    assert_eq!((table.networks, table.lacking, table.keeps.len()), (4, 4, 0));

    fs::write(path("dcp-quarter"), drawn(Some(&[0.5, f64::NAN, 0.25]))).unwrap();
    fs::write(path("trained"), drawn(Some(&[0.75, f64::NAN, 0.5]))).unwrap();
    fs::remove_file(path("dcp-half")).unwrap();
    let input = fixture.input();
    let quarter = input.resampled.iter().find(|it| it.keep < 0.3 && it.replicate == 0).unwrap();
    assert_eq!(quarter.values, [Some(0.5), None, Some(0.25)]);
    assert_eq!((quarter.method.as_str(), quarter.score), ("dcp", detection_facts(0.6).voc_ap50.unwrap()));
    let table = crate::Report::new(&input).pairs.remove(0);
    assert_eq!((table.networks, table.lacking), (4, 2));
    let pair = &table.keeps[0].pairs[0];
    assert_eq!((pair.method.as_str(), pair.against.as_str()), ("dcp", "dense-trained"));
    assert_eq!((pair.replicates, pair.draws, pair.left_out), (1, 2, 1));
    // Both have the score of the fixture, and each draw is 0.25 apart.
    assert_eq!((pair.difference, pair.interval.low, pair.interval.high), (0.0, -0.25, -0.25));
}

#[test]
fn what_was_collected_is_said_and_does_not_fail() {
    let fixture = Fixture::new();
    let object = |identity: &str| fixture.store.object_dir(identity);
    fs::remove_file(object("dcp-quarter").join("predictions.safetensors")).unwrap();
    let column = fixture.gallery().tracks.remove(0).columns.remove(1);
    let problem = column.problem.unwrap();
    assert!(problem.contains("predictions is not in the store any more"), "{problem}");
    assert_eq!(column.detections, Vec::<Vec<_>>::new());
    fs::write(object("trained").join("predictions.safetensors"), b"damaged").unwrap();
    let problem = fixture.gallery().tracks.remove(0).columns.remove(0).problem.unwrap();
    assert!(problem.contains("cannot be used: not a whole safetensors file"), "{problem}");

    let tests = object("prepare").join("test/test.safetensors");
    fs::write(&tests, b"damaged!").unwrap();
    let problem = fixture.gallery().problem.unwrap();
    assert!(problem.contains("cannot be read: "), "{problem}");
    fs::remove_dir_all(object("prepare").join("test")).unwrap();
    assert_eq!(fixture.gallery().problem.as_deref(), Some("The test split is not in the store any more."));
    fs::remove_dir_all(object("prepare")).unwrap();
    let gallery = fixture.gallery();
    assert_eq!(gallery.problem.as_deref(), Some("The test split is not in the store any more."));
    assert!(gallery.pictures.is_empty() && gallery.tracks.is_empty());
    // No path of this machine reaches the page.
    let input = fixture.input();
    let site = crate::site(&crate::Report::new(&input), &input).unwrap();
    let page: String =
        site.into_iter().filter(|file| file.path.starts_with("tasks/")).map(|file| file.content).collect();
    assert!(page.contains("The test split is not in the store any more."));
    assert!(!page.contains(&fixture.folder.path().display().to_string()));
}

#[test]
fn without_a_trained_control_the_untouched_network_is_shown() {
    let fixture = Fixture::new();
    fs::remove_dir_all(fixture.store.object_dir("trained")).unwrap();
    let first = fixture.gallery().tracks.remove(0).columns.remove(0);
    assert_eq!((first.method.as_str(), first.control), ("dense-as-is", Some(Control::DenseAsIs)));
    assert!(first.problem.is_none());
}
