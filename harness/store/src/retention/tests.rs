use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{Disposable, Inventory};
use crate::manifest::{ManifestScore, ManifestTrial, SuiteManifest};
use crate::objects::{Store, StoreError};
use crate::result::{Outcome, OutputEntry, StageResult};
use crate::testing::result;

/// Stores a stage with outputs of given sizes.
fn store_stage(store: &Store, identity: &str, kind: &str, outputs: &[(&str, &str, usize)]) -> StageResult {
    let work = store.begin(identity).unwrap();
    let mut stored = StageResult { kind: kind.to_owned(), ..result(identity, Outcome::Ok) };
    for (name, path, bytes) in outputs {
        let file = work.path.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, vec![7; *bytes]).unwrap();
        // An output may be the folder of a file.
        let path = Path::new(path).components().next().unwrap().as_os_str().to_str().unwrap();
        let digest = crate::digest_output(&work.path.join(path)).unwrap();
        stored.outputs.insert((*name).to_owned(), OutputEntry { path: path.to_owned(), digest });
    }
    fs::write(work.path.join("log.txt"), "a log").unwrap();
    store.commit(work, &stored).unwrap();
    stored
}

fn manifest(store: &Store) {
    let suite = secateur_suite::read_suite(
        "s.yaml",
        "name: s\nseed: 1\nnetwork: {name: resnet8}\nupstream: {task: generated/digits, checkpoint: a.safetensors}\n\
         tasks: {}\nprunable: {name: convolutions}\nrecipes: {}\nkeeps: [0.5]\n\
         tracks:\n  - {name: t, allowance: 0ex}\nmethods: []\n",
    )
    .unwrap_or_else(|error| panic!("{error}"));
    let score = ManifestScore {
        protocol: "transfer".to_owned(),
        regime: "linear".to_owned(),
        task: "generated/digits".to_owned(),
        stage: Some("score".to_owned()),
        features: Some("features".to_owned()),
        blocked: None,
    };
    let trial = ManifestTrial {
        track: "t".to_owned(),
        method: "m".to_owned(),
        task: None,
        method_id: String::new(),
        params: "{}".to_owned(),
        control: String::new(),
        keep: 0.5,
        keep_index: 0,
        replicate: 0,
        prune: Some("prune".to_owned()),
        verify: None,
        recover: Some("recover".to_owned()),
        measure: None,
        scores: vec![score],
        blocked: None,
    };
    let manifest = SuiteManifest {
        schema: crate::SCHEMA,
        suite,
        suite_digest: String::new(),
        environment: result("x", Outcome::Ok).environment,
        upstream: Default::default(),
        private_task_seed: None,
        methods: Default::default(),
        trials: vec![trial],
        shared: vec!["pack".to_owned(), "upstream".to_owned()],
    };
    store.write_manifest(&manifest).unwrap();
}

/// A store with a stage of each kind, an old prune stage, a crashed attempt, and two work folders.
fn store(root: &Path) -> Store {
    let store = Store::create_or_open(root).unwrap();
    store_stage(&store, "prune", "prune", &[("keep-0", "keep-0.safetensors", 100)]);
    store_stage(&store, "old", "prune", &[("keep-0", "keep-0.safetensors", 1000)]);
    store_stage(&store, "recover", "recover", &[("weights", "weights.safetensors", 200)]);
    store_stage(&store, "features", "extract", &[("features", "features.safetensors", 300)]);
    store_stage(&store, "score", "transfer", &[("predictions", "predictions.safetensors", 400)]);
    store_stage(
        &store,
        "pack",
        "prepare",
        &[("trainval", "trainval/train.safetensors", 500), ("test", "test/test.safetensors", 600)],
    );
    store_stage(&store, "upstream", "train", &[("end", "end.safetensors", 700)]);
    fs::write(store.object_dir("recover").join("training.checkpoint"), vec![0; 50]).unwrap();
    let attempt = store.begin("frail").unwrap();
    fs::write(attempt.path.join("half.safetensors"), vec![0; 60]).unwrap();
    fs::write(attempt.path.join("log.txt"), "a log").unwrap();
    store.keep_attempt(attempt, &result("frail", Outcome::Crashed)).unwrap();
    for (identity, bytes) in [("score", 70), ("stopped", 80)] {
        let work = store.begin(identity).unwrap();
        fs::write(work.path.join("training.checkpoint"), vec![0; bytes]).unwrap();
    }
    manifest(&store);
    store
}

fn inventory(store: &Store) -> Inventory {
    store.inventory(&store.lock().unwrap()).unwrap()
}

fn summary(inventory: &Inventory) -> Vec<(&'static str, &str, u64)> {
    inventory.items.iter().map(|item| (item.what.word(), item.identity.as_str(), item.bytes)).collect()
}

#[test]
fn what_reports_read_stays_and_all_else_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder.path().join("store"));
    let inventory = inventory(&store);
    let mut found = summary(&inventory);
    // Leftovers were made in the same moment.
    found[..3].sort();
    assert_eq!(
        found,
        [
            ("leftovers", "frail", 60),
            ("leftovers", "recover", 50),
            ("leftovers", "score", 70),
            ("features", "features", 300),
            ("unused", "old", 1000),
            ("checkpoints", "recover", 200),
            ("packs", "pack", 500),
            ("upstream", "upstream", 700),
            ("stopped", "stopped", 80),
        ]
    );
    // Masks, predictions and test pictures are among what stays.
    assert!(inventory.kept_bytes > 100 + 400 + 600, "{}", inventory.kept_bytes);
    assert!(inventory.kept_bytes < 100 + 400 + 600 + 20_000, "{}", inventory.kept_bytes);
}

#[test]
fn results_logs_and_what_is_kept_outlive_the_removal_of_everything() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder.path().join("store"));
    let lock = store.lock().unwrap();
    let before: BTreeSet<String> = store.objects().unwrap().into_iter().map(|it| it.identity).collect();
    let inventory = store.inventory(&lock).unwrap();
    for item in &inventory.items {
        store.remove_item(&lock, item).unwrap();
    }
    let after = store.inventory(&lock).unwrap();
    assert_eq!(summary(&after), []);
    let markers = 5 * 200;
    assert!(after.bytes() <= inventory.kept_bytes + markers, "{} {}", after.bytes(), inventory.kept_bytes);
    let objects = store.objects().unwrap();
    assert_eq!(objects.iter().map(|it| it.identity.clone()).collect::<BTreeSet<_>>(), before);
    for object in &objects {
        assert_eq!(fs::read_to_string(store.object_dir(&object.identity).join("log.txt")).unwrap(), "a log");
    }
    assert_eq!(store.attempts("frail").unwrap().len(), 1);
    let lacks = |identity: &str| store.lacks(&store.object(identity).unwrap().unwrap()).unwrap();
    assert_eq!(lacks("features"), BTreeSet::from(["features".to_owned()]));
    assert_eq!(lacks("pack"), BTreeSet::from(["trainval".to_owned()]));
    assert_eq!(lacks("prune"), BTreeSet::new());
    assert_eq!(lacks("score"), BTreeSet::new());
    assert!(store.object_dir("pack").join("test/test.safetensors").is_file());
    assert!(!store.object_dir("pack").join("trainval").exists());
}

#[test]
fn what_was_discarded_comes_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder.path().join("store"));
    let lock = store.lock().unwrap();
    let pack = store.object("pack").unwrap().unwrap();
    let test = store.object_dir("pack").join("test/test.safetensors");
    store.discard(&lock, &pack, &BTreeSet::from(["trainval".to_owned()])).unwrap();
    let work = store.begin("pack").unwrap();
    let (place, path) = (work.path.clone(), work.path.join("trainval/train.safetensors"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, vec![7; 500]).unwrap();
    fs::create_dir_all(work.path.join("test")).unwrap();
    fs::write(work.path.join("test/test.safetensors"), "what is there already is not touched").unwrap();
    store.restore(work, &pack).unwrap();
    assert_eq!(store.lacks(&pack).unwrap(), BTreeSet::new());
    let entry = &pack.outputs["trainval"];
    assert_eq!(crate::digest_output(&store.object_dir("pack").join(&entry.path)).unwrap(), entry.digest);
    assert_eq!(fs::read(test).unwrap(), vec![7; 600]);
    assert!(!place.exists());
}

/// Somebody cleared a folder by hand.
#[test]
fn an_output_that_is_gone_without_a_word_is_lacking_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder.path().join("store"));
    let features = store.object("features").unwrap().unwrap();
    assert_eq!(store.lacks(&features).unwrap(), BTreeSet::new());
    fs::remove_file(store.object_dir("features").join("features.safetensors")).unwrap();
    assert_eq!(store.lacks(&features).unwrap(), BTreeSet::from(["features".to_owned()]));
}

#[test]
fn nothing_outside_of_an_object_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    let store = store(&root);
    let lock = store.lock().unwrap();
    let precious = folder.path().join("precious.txt");
    fs::write(&precious, "mine").unwrap();
    for path in ["../../../precious.txt", precious.to_str().unwrap(), ".", ""] {
        let mut features = store.object("features").unwrap().unwrap();
        features.outputs.get_mut("features").unwrap().path = path.to_owned();
        let discarded = store.discard(&lock, &features, &BTreeSet::from(["features".to_owned()]));
        assert!(matches!(discarded, Err(StoreError::Broken { .. })), "{path:?}: {discarded:?}");
    }
    assert!(precious.is_file());
    assert!(store.object_dir("features").join("result.json").is_file());
    // A link goes, not what it leads to.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path(), store.object_dir("features").join("link")).unwrap();
        for item in store.inventory(&lock).unwrap().items {
            store.remove_item(&lock, &item).unwrap();
        }
        assert!(precious.is_file());
        assert!(store.object_dir("features").join("link").symlink_metadata().is_err());
    }
}

#[test]
fn kinds_go_in_the_order_in_which_they_are_listed() {
    let mut sorted = Disposable::ALL;
    sorted.sort();
    assert_eq!(sorted, Disposable::ALL);
}
