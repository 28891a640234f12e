//! Masks in files as `prune` stages write them, counted by other means.

use std::path::Path;

use proptest::prelude::*;
use safetensors::tensor::TensorView;
use serde_json::json;

use super::*;
use crate::testing::noise;

/// A file with a weight for each layer, and a mask for those that have one.
fn write(path: &Path, layers: &[(&str, usize, Option<Vec<u8>>)]) {
    let zeros = vec![0; 4 * layers.iter().map(|layer| layer.1).max().unwrap_or(0)];
    let mut tensors = Vec::new();
    for (name, weights, mask) in layers {
        let shape = vec![*weights, 1, 1, 1];
        let weight = TensorView::new(Dtype::F32, shape.clone(), &zeros[..4 * weights]).unwrap();
        tensors.push(((*name).to_owned(), weight));
        if let Some(mask) = mask {
            tensors.push((format!("mask.{name}"), TensorView::new(Dtype::U8, shape, mask).unwrap()));
        }
    }
    // What every network has, and no layer is: values of one dimension.
    tensors.push(("bn1.weight".to_owned(), TensorView::new(Dtype::F32, vec![1], &zeros[..4]).unwrap()));
    tensors.push(("mask.bn1.weight".to_owned(), TensorView::new(Dtype::U8, vec![1], &zeros[..1]).unwrap()));
    std::fs::write(path, safetensors::serialize(tensors, None).unwrap()).unwrap();
}

fn network_file(path: &Path, suite: &str, method: &str, replicate: u32) -> NetworkFile {
    NetworkFile {
        track: "short".to_owned(),
        beside: None,
        granularity: "weights",
        keep: 0.5,
        network: MaskedNetwork {
            suite: suite.to_owned(),
            pretraining: None,
            task: "task".to_owned(),
            method: method.to_owned(),
            control: None,
            replicate,
            state: MaskState::Read,
            kept: Vec::new(),
        },
        path: path.to_owned(),
        zoo: ("resnet8".to_owned(), 1.0),
    }
}

/// Layers of these sizes, all with masks.
fn masked(masks: &[(&'static str, &[u8])]) -> Vec<(&'static str, usize, Option<Vec<u8>>)> {
    masks.iter().map(|(name, mask)| (*name, mask.len(), Some(mask.to_vec()))).collect()
}

fn names(set: &MaskSet) -> Vec<(&str, u64)> {
    set.layers.iter().map(|layer| (layer.name.as_str(), layer.weights)).collect()
}

#[test]
fn layers_are_counted_in_the_order_of_the_network() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // By name, `fc` would come before `layer1`.
    write(&path("a"), &masked(&[("fc.weight", &[1, 0, 1]), ("layer1.0.conv1.weight", &[1, 1, 0, 0, 1])]));
    write(&path("b"), &masked(&[("fc.weight", &[1, 1, 0]), ("layer1.0.conv1.weight", &[0, 1, 0, 0, 1])]));
    let files = || vec![network_file(&path("b"), "s", "b", 0), network_file(&path("a"), "s", "a", 0)];
    let all = sets(files());
    assert_eq!(all.len(), 1);
    assert_eq!(names(&all[0]), [("layer1.0.conv1.weight", 5), ("fc.weight", 3)]);
    let kept: Vec<&[u64]> = all[0].networks.iter().map(|network| network.kept.as_slice()).collect();
    assert_eq!(kept, [[3, 2], [2, 2]]);
    // Two of the first layer and one of the second.
    assert_eq!((all[0].shared(0, 1), all[0].shared(1, 0), all[0].shared(1, 1)), (Some(3), Some(3), None));
    // A network that the zoo does not have has its layers by name.
    let unknown = files().into_iter().map(|file| NetworkFile { zoo: ("own".to_owned(), 1.0), ..file });
    assert_eq!(names(&sets(unknown.collect())[0]), [("fc.weight", 3), ("layer1.0.conv1.weight", 5)]);
}

#[test]
fn a_layer_without_a_mask_is_kept_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mask = |kept: u8| Some(vec![kept; 70]);
    write(
        &path("a"),
        &[("conv1.weight", 9, None), ("layer1.0.conv1.weight", 70, None), ("fc.weight", 70, mask(0))],
    );
    write(
        &path("b"),
        &[("conv1.weight", 9, None), ("layer1.0.conv1.weight", 70, mask(1)), ("fc.weight", 70, mask(1))],
    );
    let sets = sets(vec![network_file(&path("a"), "s", "a", 0), network_file(&path("b"), "s", "b", 0)]);
    // The first convolution is in no mask at all, so that it is no layer of the set.
    assert_eq!(names(&sets[0]), [("layer1.0.conv1.weight", 70), ("fc.weight", 70)]);
    assert_eq!((&sets[0].networks[0].kept, &sets[0].networks[1].kept), (&vec![70, 0], &vec![70, 70]));
    assert_eq!(sets[0].shared, [70]);
}

#[test]
fn missing_and_damaged_files_are_told_apart_and_share_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let good = masked(&[("layer1.0.conv1.weight", &[1, 1, 0]), ("fc.weight", &[1; 4])]);
    for name in ["a", "b", "cut"] {
        write(&path(name), &good);
    }
    let whole = std::fs::read(path("cut")).unwrap();
    std::fs::write(path("cut"), &whole[..whole.len() - 1]).unwrap();
    std::fs::write(path("text"), "no tensors").unwrap();
    write(&path("other"), &masked(&[("layer1.0.conv1.weight", &[1, 1]), ("fc.weight", &[1; 4])]));
    let methods = ["a", "b", "cut", "gone", "other", "text"];
    let files = methods.iter().map(|name| network_file(&path(name), "s", name, 0));
    let set = sets(files.collect()).remove(0);
    use MaskState::{Damaged, Gone, Read};
    let states: Vec<MaskState> = set.networks.iter().map(|network| network.state).collect();
    assert_eq!(states, [Read, Read, Damaged, Gone, Damaged, Damaged]);
    assert_eq!(names(&set), [("layer1.0.conv1.weight", 3), ("fc.weight", 4)]);
    assert_eq!(set.networks[1].kept, [2, 4]);
    assert!(set.networks[2..].iter().all(|network| network.kept.is_empty()));
    let pairs = || (1..6).flat_map(|high| (0..high).map(move |low| (low, high)));
    assert!(pairs().all(|(low, high)| set.shared(low, high) == Some(if high == 1 { 6 } else { 0 })));
    // With no file left there is a set that says so.
    let set = sets(vec![network_file(&path("gone"), "s", "gone", 0)]).remove(0);
    assert_eq!((set.layers.len(), set.networks[0].state), (0, Gone));
}

#[test]
fn networks_of_other_suites_meet_where_their_layers_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write(&path("a"), &masked(&[("fc.weight", &[1, 0, 0, 1])]));
    write(&path("b"), &masked(&[("fc.weight", &[0, 0, 1, 1])]));
    write(&path("wide"), &masked(&[("fc.weight", &[0, 0, 1, 1, 1])]));
    let file = |name: &str, suite: &str| network_file(&path(name), suite, "imp", 0);
    let other_keep = NetworkFile { keep: 0.25, ..file("a", "one") };
    let channels = |name| NetworkFile { granularity: "channels", ..file(name, "three") };
    let mut second = channels("b");
    second.network.replicate = 1;
    let sets = sets(vec![
        file("a", "one"),
        file("b", "two"),
        file("wide", "four"),
        other_keep,
        channels("a"),
        second,
    ]);
    let found: Vec<(Vec<&str>, &[u64])> = sets
        .iter()
        .map(|set| (set.networks.iter().map(|it| it.suite.as_str()).collect(), set.shared.as_slice()))
        .collect();
    let expected: [(Vec<&str>, &[u64]); 4] =
        [(vec!["three", "three"], &[]), (vec!["one"], &[]), (vec!["one", "two"], &[1]), (vec!["four"], &[])];
    assert_eq!(found, expected);
}

/// A suite of two keeps with a channel or a weight set, as a store has it.
fn manifest(extra: (&str, serde_json::Value)) -> SuiteManifest {
    let keeps = [0.5, 0.25];
    let trial = |method: &str, index: usize, replicate: u32, prune: Option<&str>| {
        json!({
            "track": "short", "method": method, "method_id": "org.example.method", "params": "{}",
            "control": if method == "random" { "baseline" } else { "" }, "keep": keeps[index], "keep_index": index,
            "replicate": replicate, "prune": prune, "verify": null, "recover": null, "measure": null,
            "scores": [], "blocked": null,
        })
    };
    let mut suite = json!({
        "name": "tiny", "seed": 1, "network": { "name": "resnet8" }, "upstream": { "task": "up" },
        "keeps": keeps, "tracks": [{ "name": "short", "allowance": "0ex" }],
    });
    suite[extra.0] = extra.1;
    let manifest = json!({
        "schema": secateur_store::SCHEMA, "suite": suite, "suite_digest": "", "upstream": {}, "shared": [],
        "environment": {
            "threads": 1, "device_class": "cpu", "precision": "f32", "layout": "contiguous", "libtorch": "2.11.0"
        },
        "trials": [
            trial("random", 0, 0, Some("p")), trial("random", 1, 0, Some("p")), trial("imp", 0, 1, Some("q")),
            trial("imp", 1, 1, Some("q")), trial("dense-trained", 0, 0, None),
        ],
    });
    serde_json::from_value(manifest).unwrap()
}

#[test]
fn files_are_found_through_the_stages_that_handed_them_in() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create_or_open(&folder.path().join("store")).unwrap();
    let result = |identity: &str, outputs: serde_json::Value| -> StageResult {
        let result = json!({
            "schema": secateur_store::SCHEMA, "identity": identity, "kind": "prune", "label": identity, "outcome": "ok",
            "detail": "", "outputs": outputs, "inputs": {}, "facts": null,
            "cost": { "seconds": 1.0, "peak_bytes": 1, "finished": "", "attempt": 1 },
            "environment": {
                "threads": 1, "device_class": "cpu", "precision": "f32", "layout": "contiguous", "libtorch": "2.11.0"
            },
            "machine": { "processor": "", "cores": 1, "memory_bytes": 1, "system": "", "device": "cpu" },
            "harness": "0.1.0",
        });
        serde_json::from_value(result).unwrap()
    };
    let output = |name: &str| json!({ "path": format!("{name}.safetensors"), "digest": "" });
    let results = BTreeMap::from([
        ("p".to_owned(), result("p", json!({ "keep-0": output("keep-0"), "keep-1": output("keep-1") }))),
        // The second keep was never handed in.
        ("q".to_owned(), result("q", json!({ "keep-0": output("keep-0") }))),
    ]);
    let found = files(&store, &manifest(("prunable", json!({ "name": "all" }))), &results);
    let told: Vec<_> = found
        .iter()
        .map(|file| {
            let place = file.path.strip_prefix(store.root().join("objects")).unwrap().to_str().unwrap();
            (file.network.method.as_str(), file.keep, file.network.replicate, place.replace('\\', "/"))
        })
        .collect();
    let expected = [
        ("random", 0.5, 0, "p/keep-0.safetensors".to_owned()),
        ("random", 0.25, 0, "p/keep-1.safetensors".to_owned()),
        ("imp", 0.5, 1, "q/keep-0.safetensors".to_owned()),
    ];
    assert_eq!(told, expected);
    assert!(found.iter().all(|file| file.granularity == "weights" && file.network.task == "up"));
    assert_eq!((found[0].network.control, found[2].network.control), (Some(Control::Baseline), None));
    let channels = files(&store, &manifest(("channels", json!({ "name": "c" }))), &results);
    assert!(channels.iter().all(|file| file.granularity == "channels"));
}

proptest! {
    #[test]
    fn bits_count_as_bytes_do(masks in prop::collection::vec((0_u8..3, 0_u8..3), 0..300)) {
        let (a, b): (Vec<u8>, Vec<u8>) = masks.iter().copied().unzip();
        let count = |wanted: &dyn Fn(usize) -> bool| (0..masks.len()).filter(|place| wanted(*place)).count() as u64;
        prop_assert_eq!(ones(&pack(&a)), count(&|place| a[place] != 0));
        prop_assert_eq!(common(&pack(&a), &pack(&b)), count(&|place| a[place] != 0 && b[place] != 0));
    }
}

#[test]
fn four_hundred_networks_take_no_time_to_speak_of() {
    // 40 methods of 10 replicates with 75,000 weights, at one keep of the six that a suite may have.
    let folder = tempfile::tempdir().unwrap();
    let sizes = [
        ("layer1.0.conv1.weight", 15_000),
        ("layer2.0.conv1.weight", 20_000),
        ("layer3.0.conv1.weight", 40_000),
    ];
    let mut files = Vec::new();
    for number in 0..400_u32 {
        let path = folder.path().join(number.to_string());
        let mask = |(place, (name, weights)): (usize, &(&'static str, usize))| {
            let shift = (noise(&[u64::from(number), place as u64]) * 97.0) as usize;
            (
                *name,
                *weights,
                Some((0..*weights).map(|it| u8::from((it + shift).is_multiple_of(10))).collect()),
            )
        };
        write(&path, &sizes.iter().enumerate().map(mask).collect::<Vec<_>>());
        files.push(network_file(&path, "s", &format!("method {}", number / 10), number % 10));
    }
    let started = std::time::Instant::now();
    let sets = sets(files);
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(sets[0].shared.len(), 400 * 399 / 2);
    assert!(sets[0].networks.iter().all(|network| network.kept == [1500, 2000, 4000]));
    // A tenth of a second where the machine is free; the margin is for busy ones and slow builds.
    assert!(seconds < 20.0, "{seconds} s");
}

/// A manifest of a suite with these tracks and two further pre-trainings.
fn with_tracks(tracks: serde_json::Value) -> SuiteManifest {
    let one = json!({ "task": "up", "checkpoint": "a" });
    let mut manifest = manifest(("pretrainings", json!({ "one": one, "two": one })));
    manifest.suite.tracks = serde_json::from_value(tracks).unwrap();
    manifest
}

#[test]
fn tracks_of_different_pre_trainings_meet_where_they_give_as_much() {
    let own = |name: &str, track: &str| Some((name.to_owned(), track.to_owned()));
    let found = beside(&with_tracks(json!([
        { "name": "a", "allowance": "0ex" }, { "name": "b", "pretraining": "one", "allowance": "0ex" },
        { "name": "c", "pretraining": "two", "allowance": "0ex", "recalibrate": 9 },
    ])));
    assert_eq!(found.get("a").cloned(), own("upstream", "a, b"));
    assert_eq!(found.get("b").cloned(), own("one", "a, b"));
    assert_eq!(found.get("c"), None);
    // Which of two tracks of one pre-training is meant cannot be told.
    let twice = json!([
        { "name": "a", "allowance": "0ex" }, { "name": "b", "pretraining": "one", "allowance": "0ex" },
        { "name": "c", "pretraining": "one", "allowance": "0ex" },
    ]);
    assert!(beside(&with_tracks(twice)).is_empty());
}

#[test]
fn masks_of_different_pre_trainings_are_counted_together() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write(&path("labels"), &masked(&[("fc.weight", &[1, 1, 0, 0, 1, 0])]));
    write(&path("views"), &masked(&[("fc.weight", &[1, 0, 0, 1, 1, 0])]));
    let file = |name: &str, track: &str, pretraining: &str| NetworkFile {
        track: track.to_owned(),
        beside: Some((pretraining.to_owned(), "labels, views".to_owned())),
        ..network_file(&path(name), "s", "imp", 0)
    };
    let alone = NetworkFile { beside: None, ..file("labels", "third", "other") };
    let files = vec![file("labels", "labels", "upstream"), file("views", "views", "simclr"), alone];
    let together = sets(across(&files));
    let [set] = together.as_slice() else { panic!("{together:?}") };
    // Positions 0 and 4 are in both masks, 0, 1, 3 and 4 in either.
    assert_eq!((set.track.as_str(), set.shared.as_slice()), ("labels, views", [2].as_slice()));
    let tables = crate::similarity_tables(&together);
    assert_eq!(tables[0].pairs[0].similarity, 0.5);
    let labels: Vec<String> = tables[0].sides.iter().map(|side| tables[0].label(side)).collect();
    assert_eq!(labels, ["simclr: imp", "upstream: imp"]);
    // The tracks themselves stay apart.
    assert_eq!(sets(files).len(), 3);
}
