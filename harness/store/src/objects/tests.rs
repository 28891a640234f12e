use super::*;
use crate::testing::result;

#[test]
fn an_object_appears_with_commit_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create_or_open(&folder.path().join("store")).unwrap();
    let work = store.begin("a").unwrap();
    std::fs::write(work.path.join("weights"), b"w").unwrap();
    assert!(store.object("a").unwrap().is_none());
    store.commit(work, &result("a", Outcome::Ok)).unwrap();
    assert_eq!(store.object("a").unwrap().unwrap().outcome, Outcome::Ok);
    assert_eq!(std::fs::read(store.object_dir("a").join("weights")).unwrap(), b"w");
}

#[test]
fn failed_attempts_are_kept_and_numbered() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create_or_open(&folder.path().join("store")).unwrap();
    for attempt in 1..=2 {
        let work = store.begin("a").unwrap();
        assert_eq!(work.attempt, attempt);
        store.keep_attempt(work, &result("a", Outcome::Crashed)).unwrap();
    }
    assert_eq!(store.attempts("a").unwrap().len(), 2);
    assert!(store.object("a").unwrap().is_none());
}

#[test]
fn a_second_writer_is_told_who_the_first_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create_or_open(&folder.path().join("store")).unwrap();
    let lock = store.lock().unwrap();
    let error = store.lock().unwrap_err().to_string();
    assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    drop(lock);
    store.lock().unwrap();
}

#[test]
fn foreign_folders_and_formats_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("letter.txt"), "dear").unwrap();
    assert!(Store::create_or_open(folder.path()).unwrap_err().to_string().contains("not a store"));
    assert!(Store::open(&folder.path().join("nowhere")).unwrap_err().to_string().contains("no store"));
    let store = folder.path().join("store");
    Store::create_or_open(&store).unwrap();
    std::fs::write(store.join("secateur-store.json"), "{\"format\": 99}").unwrap();
    assert!(Store::open(&store).unwrap_err().to_string().contains("format 99"));
}

#[test]
fn the_ledger_is_rebuilt_from_the_objects() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create_or_open(&folder.path().join("store")).unwrap();
    for identity in ["a", "b"] {
        let work = store.begin(identity).unwrap();
        store.commit(work, &result(identity, Outcome::Ok)).unwrap();
    }
    let lock = store.lock().unwrap();
    assert_eq!(store.ledger(&lock).unwrap().rows().unwrap().len(), 2);
}

/// Whatever has become of the index, the writer and the readers see the rows that follow from the results.
#[test]
fn a_damaged_or_stale_index_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create_or_open(&folder.path().join("store")).unwrap();
    let lock = store.lock().unwrap();
    let ledger = store.ledger(&lock).unwrap();
    for (identity, outcome) in [("a", Outcome::Ok), ("b", Outcome::Crashed), ("c", Outcome::Invalid)] {
        let (work, result) = (store.begin(identity).unwrap(), result(identity, outcome));
        if outcome.is_final() { store.commit(work, &result) } else { store.keep_attempt(work, &result) }
            .unwrap();
        ledger.record(&result).unwrap();
    }
    let rows = ledger.rows().unwrap();
    assert_eq!(rows.len(), 3);
    drop(ledger);
    let path = store.root().join("ledger.sqlite");
    let whole = std::fs::read(&path).unwrap();
    let damage: [&dyn Fn() -> Vec<u8>; 6] = [
        &|| whole.clone(),
        &|| Vec::new(),
        &|| b"not a database, but a letter to somebody".repeat(400),
        &|| whole[..whole.len() / 2].to_vec(),
        &|| [&whole[..100], &vec![0xa5; whole.len() - 100]].concat(),
        &|| [&[0; 100], &whole[100..]].concat(),
    ];
    for (index, damaged) in damage.iter().enumerate() {
        std::fs::write(&path, damaged()).unwrap();
        assert_eq!(store.ledger_rows().unwrap(), rows, "damage {index}");
        assert_eq!(store.ledger(&lock).unwrap().rows().unwrap(), rows, "damage {index}");
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(store.ledger_rows().unwrap(), rows);
    assert!(!path.exists(), "who only reads makes no index");
    // A retry has led to an object, and the process ended before the row was written.
    store.ledger(&lock).unwrap();
    store.commit(store.begin("b").unwrap(), &result("b", Outcome::Ok)).unwrap();
    for rows in [store.ledger_rows().unwrap(), store.ledger(&lock).unwrap().rows().unwrap()] {
        assert_eq!(rows.iter().map(|row| row.outcome.as_str()).collect::<Vec<_>>(), ["ok", "ok", "invalid"]);
    }
}

/// A careless stage may leave anything in its folder.
#[test]
fn links_and_pipes_that_a_stage_leaves_are_neither_followed_nor_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create_or_open(&folder.path().join("store")).unwrap();
    let work = store.begin("a").unwrap();
    std::os::unix::fs::symlink("/", work.path.join("everything")).unwrap();
    std::os::unix::fs::symlink("nowhere", work.path.join("report.json")).unwrap();
    let pipe = work.path.join("pipe");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    for name in ["everything", "pipe", "report.json"] {
        assert!(crate::digest_output(&work.path.join(name)).is_err(), "{name}");
    }
    let inside = crate::digest_output(&work.path).unwrap_err().to_string();
    assert!(inside.contains("neither a file nor a folder"), "{inside}");
    store.commit(work, &result("a", Outcome::Ok)).unwrap();
    assert!(store.object("a").unwrap().is_some());
}

#[test]
fn what_a_killed_process_has_written_beside_its_place_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("secateur-store.tmp4711"), "{\"for").unwrap();
    let store = Store::create_or_open(&root).unwrap();
    assert!(!root.join("secateur-store.tmp4711").exists());
    let work = store.begin("a").unwrap();
    let leave = |names: &[&str]| {
        std::fs::create_dir_all(work.path.join("trainval/deep")).unwrap();
        for name in names {
            std::fs::write(work.path.join(name), "{").unwrap();
        }
        let work = store.begin("a").unwrap();
        let mut names: Vec<_> = std::fs::read_dir(&work.path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let all = [
        "order.json",
        "order.tmp12",
        "result.tmp12",
        ".tmp-AbC9",
        "report.json",
        "result.json",
        "step-8.safetensors",
        "log.txt",
        "trainval/deep/train.safetensors.12.partial",
    ];
    // What an output folder holds is its content, so half a file must not stay.
    assert_eq!(leave(&all), ["log.txt"]);
    // A training that goes on needs what it kept on the way.
    let resumed = leave(&[&all[..], &[CHECKPOINT]].concat());
    assert_eq!(resumed, ["log.txt", "step-8.safetensors", CHECKPOINT, "trainval"]);
}
