//! A disk that forgets what was not synced, and the property that a store bears it at any moment.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use crate::disk::{Disk, Fault, Faulty};
use crate::objects::{Store, StoreError, WorkDir};
use crate::result::{Outcome, OutputEntry, StageResult};
use crate::testing::result;

/// A change of names that the next power loss may take back.
#[derive(Debug)]
enum Change {
    Made(PathBuf),
    /// With the file that stood at the new place before.
    Moved {
        from: PathBuf,
        to: PathBuf,
        replaced: Option<Vec<u8>>,
    },
    /// With its content, if it was a file.
    Removed(PathBuf, Option<Vec<u8>>),
}

impl Change {
    /// The path whose folder must be synced for the change to last. Renaming is atomic, so the new place's is enough.
    fn place(&self) -> &Path {
        match self {
            Self::Made(path) | Self::Removed(path, _) => path,
            Self::Moved { to, .. } => to,
        }
    }

    fn paths(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Self::Made(path) | Self::Removed(path, _) => vec![path],
            Self::Moved { from, to, .. } => vec![from, to],
        }
    }
}

#[derive(Debug, Default)]
struct State {
    done: u64,
    /// Oldest first; paths are where things lie now.
    changes: Vec<Change>,
    /// Files whose content was not synced.
    unsynced: BTreeSet<PathBuf>,
}

/// A disk on which the power fails: from an operation on nothing happens any more, and [`Volatile::lose`] takes back
/// what was not made durable before.
#[derive(Debug)]
struct Volatile {
    fails_at: u64,
    state: Mutex<State>,
}

/// Where a path lies after a folder or file above it was moved.
fn moved(path: &Path, from: &Path, to: &Path) -> Option<PathBuf> {
    let rest = path.strip_prefix(from).ok()?;
    Some(if rest.as_os_str().is_empty() { to.to_owned() } else { to.join(rest) })
}

impl Volatile {
    fn new(fails_at: u64) -> Self {
        Self { fails_at, state: Mutex::default() }
    }

    /// Counts an operation and does it while there is power.
    fn turn(&self, operation: impl FnOnce(&mut State) -> io::Result<()>) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        state.done += 1;
        if state.done >= self.fails_at {
            return Err(io::Error::other("the power has failed"));
        }
        operation(&mut state)
    }

    /// What is found when the power is back: contents that were not synced are cut or zeroed anywhere, and names that
    /// were not synced are as they were before or as they are, one by one.
    fn lose(&self, mut choose: impl FnMut(u64) -> u64) {
        let mut state = self.state.lock().unwrap();
        for path in std::mem::take(&mut state.unsynced) {
            let Ok(mut content) = fs::read(&path) else { continue };
            let length = choose(content.len() as u64 + 1) as usize;
            match choose(2) {
                0 => content.truncate(length),
                _ => content[length..].fill(0),
            }
            fs::write(&path, content).unwrap();
        }
        while let Some(change) = state.changes.pop() {
            if choose(2) == 0 {
                continue;
            }
            match change {
                Change::Made(path) if path.is_dir() => fs::remove_dir_all(path).unwrap(),
                Change::Made(path) => drop(fs::remove_file(path)),
                Change::Moved { from, to, replaced } => {
                    // The folder it came from may be one of those that were forgotten.
                    if to.exists() && fs::create_dir_all(from.parent().unwrap()).is_ok() {
                        fs::rename(&to, &from).unwrap();
                        for path in state.changes.iter_mut().flat_map(Change::paths) {
                            if let Some(back) = moved(path, &to, &from) {
                                *path = back;
                            }
                        }
                    }
                    if let Some(content) = replaced {
                        fs::write(&to, content).unwrap();
                    }
                }
                Change::Removed(path, Some(content)) if path.parent().unwrap().is_dir() => {
                    fs::write(path, content).unwrap();
                }
                Change::Removed(path, None) => drop(fs::create_dir(path)),
                Change::Removed(..) => {}
            }
        }
    }
}

impl Disk for Volatile {
    fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.turn(|state| {
            if !path.exists() {
                state.changes.push(Change::Made(path.to_owned()));
            }
            state.unsynced.insert(path.to_owned());
            fs::write(path, content)
        })
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        self.turn(|state| {
            state.unsynced.remove(path);
            state.changes.retain(|change| change.place().parent() != Some(path));
            Ok(())
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.turn(|state| {
            let replaced = fs::read(to).ok();
            fs::rename(from, to)?;
            for path in state.changes.iter_mut().flat_map(Change::paths) {
                if let Some(there) = moved(path, from, to) {
                    *path = there;
                }
            }
            let files = std::mem::take(&mut state.unsynced);
            state.unsynced = files.into_iter().map(|path| moved(&path, from, to).unwrap_or(path)).collect();
            state.changes.push(Change::Moved { from: from.to_owned(), to: to.to_owned(), replaced });
            Ok(())
        })
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.turn(|state| {
            let missing: Vec<&Path> = path.ancestors().take_while(|above| !above.exists()).collect();
            for folder in missing.into_iter().rev() {
                fs::create_dir(folder)?;
                state.changes.push(Change::Made(folder.to_owned()));
            }
            Ok(())
        })
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.turn(|state| {
            let content = fs::read(path).ok();
            fs::remove_file(path)?;
            state.changes.push(Change::Removed(path.to_owned(), content));
            Ok(())
        })
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.turn(|state| {
            fs::remove_dir(path)?;
            state.changes.push(Change::Removed(path.to_owned(), None));
            Ok(())
        })
    }
}

/// Bytes that a worker leaves.
fn weights(identity: &str) -> Vec<u8> {
    identity.bytes().cycle().take(3000).collect()
}

/// A folder for a store, in memory where the system has such: this disk syncs nothing, but a store's ledger does, hundreds of times.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// What a run has been told of: commits that returned.
#[derive(Default)]
struct Told {
    objects: Vec<&'static str>,
    attempts: usize,
}

const STAGES: [&str; 3] = ["aaaa", "bbbb", "cccc"];
/// The stage whose first attempt crashes.
const FRAIL: &str = "bbbb";

/// A run of three stages, as the schedule makes it: what is stored is not run again.
fn run(root: &Path, disk: &Arc<dyn Disk>, told: &mut Told) -> Result<(), StoreError> {
    let store = Store::create_or_open_on(root, Arc::clone(disk))?;
    for identity in STAGES {
        if store.object(identity)?.is_some() {
            continue;
        }
        if identity == FRAIL && store.attempts(identity)?.is_empty() {
            let work = work(&store, disk, identity)?;
            store.keep_attempt(work, &result(identity, Outcome::Crashed))?;
            told.attempts += 1;
        }
        let work = work(&store, disk, identity)?;
        store.commit(work, &result(identity, Outcome::Ok))?;
        told.objects.push(identity);
    }
    Ok(())
}

/// What a worker does. It syncs nothing: whether its files last is up to the parent.
fn work(store: &Store, disk: &Arc<dyn Disk>, identity: &str) -> Result<WorkDir, StoreError> {
    let work = store.begin(identity)?;
    work.write("order.json", b"{}")?;
    let folder = work.path.join("features");
    let files = [work.path.join("weights"), work.path.join("report.json"), folder.join("train")];
    let write = || {
        disk.create_dir_all(&folder)?;
        files.iter().try_for_each(|file| disk.write(file, &weights(identity)))
    };
    write().map_err(|error| StoreError::at(&work.path, error))?;
    Ok(work)
}

/// Checks that whatever is there is whole, and returns the identities of the objects.
fn check(store: &Store, context: &str) -> BTreeSet<String> {
    let whole = |result: &StageResult, folder: &Path| {
        let name = folder.file_name().unwrap().to_str().unwrap();
        assert!(
            result.identity == name || folder.ends_with(format!("{}/{name}", result.identity)),
            "{context}"
        );
        for file in ["weights", "features/train"] {
            let content = fs::read(folder.join(file)).unwrap_or_default();
            assert_eq!(content, weights(&result.identity), "{context}: {file} of {name}");
        }
    };
    let objects = store.objects().unwrap_or_else(|error| panic!("{context}: {error}"));
    // A folder without a result would be an object that nobody sees and nobody can replace.
    let folders = fs::read_dir(store.root().join("objects")).unwrap().count();
    assert_eq!(objects.len(), folders, "{context}");
    for object in &objects {
        assert_eq!(object.outcome, Outcome::Ok, "{context}");
        whole(object, &store.object_dir(&object.identity));
    }
    for (index, attempt) in store.attempts(FRAIL).unwrap().iter().enumerate() {
        assert_eq!(attempt.outcome, Outcome::Crashed, "{context}");
        whole(attempt, &store.root().join("attempts").join(FRAIL).join((index + 1).to_string()));
    }
    objects.into_iter().map(|object| object.identity).collect()
}

/// Runs again without trouble, and checks that everything is there once.
fn complete(root: &Path, told: &Told, context: &str) {
    // The same disk with power for good: it is quicker than one that waits for the platter.
    let disk: Arc<dyn Disk> = Arc::new(Volatile::new(u64::MAX));
    let store = Store::create_or_open_on(root, Arc::clone(&disk));
    let store = store.unwrap_or_else(|error| panic!("{context}: {error}"));
    let there = check(&store, context);
    for identity in &told.objects {
        assert!(there.contains(*identity), "{context}: {identity} was stored and is gone");
    }
    assert!(store.attempts(FRAIL).unwrap().len() >= told.attempts, "{context}: an attempt is gone");
    let mut more = Told::default();
    run(root, &disk, &mut more).unwrap_or_else(|error| panic!("{context}: {error}"));
    assert_eq!(check(&store, context).len(), STAGES.len(), "{context}");
    assert_eq!(more.objects.len(), STAGES.len() - there.len(), "{context}: something ran twice");
    assert_eq!(store.ledger_rows().unwrap().len(), STAGES.len(), "{context}");
}

/// The stored stage whose outputs go and come back.
fn thinned() -> StageResult {
    let mut result = result(STAGES[0], Outcome::Ok);
    for (name, path) in [("features", "features"), ("weights", "weights")] {
        let entry = OutputEntry { path: path.to_owned(), digest: String::new() };
        result.outputs.insert(name.to_owned(), entry);
    }
    result
}

/// Takes the outputs of a stored stage out and puts them back.
fn discard_and_restore(root: &Path, disk: &Arc<dyn Disk>) -> Result<(), StoreError> {
    let store = Store::create_or_open_on(root, Arc::clone(disk))?;
    let lock = store.lock()?;
    let result = thinned();
    store.discard(&lock, &result, &result.outputs.keys().cloned().collect())?;
    let work = work(&store, disk, &result.identity)?;
    store.restore(work, &result)
}

/// A removal or a return that is interrupted anywhere leaves a result, and no half of an output that is taken for a whole one.
#[test]
fn a_power_loss_while_outputs_go_or_come_back_leaves_no_half_of_one() {
    let steady: Arc<dyn Disk> = Arc::new(Volatile::new(u64::MAX));
    let whole = |store: &Store, context: &str| {
        let result = thinned();
        assert!(store.object(&result.identity).unwrap().is_some(), "{context}");
        let lacks = store.lacks(&result).unwrap();
        for (name, file) in [("weights", "weights"), ("features", "features/train")] {
            if !lacks.contains(name) {
                let content = fs::read(store.object_dir(&result.identity).join(file)).unwrap_or_default();
                assert_eq!(content, weights(&result.identity), "{context}: {name}");
            }
        }
        lacks
    };
    let mut at = 1;
    loop {
        let mut ended = false;
        for seed in 0..3 {
            let context = format!("the power fails at operation {at}, seed {seed}");
            let folder = folder();
            let root = folder.path().join("store");
            run(&root, &steady, &mut Told::default()).unwrap();
            let disk = Arc::new(Volatile::new(at));
            let shared: Arc<dyn Disk> = disk.clone();
            ended = discard_and_restore(&root, &shared).is_ok();
            disk.lose(numbers(at * 1000 + seed));
            let store = Store::create_or_open_on(&root, Arc::clone(&steady)).unwrap();
            whole(&store, &context);
            discard_and_restore(&root, &steady).unwrap_or_else(|error| panic!("{context}: {error}"));
            assert_eq!(whole(&store, &context), BTreeSet::new(), "{context}");
        }
        if ended {
            break;
        }
        at += 1;
    }
    assert!(at > 20, "{at} operations");
}

/// Numbers that look random and are the same each time.
fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    }
}

/// How many operations a run takes.
fn operations() -> u64 {
    let folder = folder();
    let disk = Arc::new(Volatile::new(u64::MAX));
    let shared: Arc<dyn Disk> = disk.clone();
    run(&folder.path().join("store"), &shared, &mut Told::default()).unwrap();
    let done = disk.state.lock().unwrap().done;
    assert!(done > 60, "{done} operations");
    done
}

#[test]
fn a_power_loss_at_any_operation_loses_nothing_that_was_stored() {
    let operations = operations();
    for at in 1..=operations + 1 {
        for seed in 0..12 {
            let context = format!("the power fails at operation {at}, seed {seed}");
            let folder = folder();
            let root = folder.path().join("store");
            let disk = Arc::new(Volatile::new(at));
            let shared: Arc<dyn Disk> = disk.clone();
            let mut told = Told::default();
            let ended = run(&root, &shared, &mut told);
            assert!(ended.is_err() || at >= operations, "{context}");
            disk.lose(numbers(at * 1000 + seed));
            complete(&root, &told, &context);
        }
    }
}

#[test]
fn a_disk_that_is_full_from_any_operation_on_loses_nothing_that_was_stored() {
    for at in 1..=operations() {
        let context = format!("the disk is full from operation {at} on");
        let folder = folder();
        let root = folder.path().join("store");
        let disk: Arc<dyn Disk> = Arc::new(Faulty::new(Fault::Full, at));
        let mut told = Told::default();
        if let Err(error) = run(&root, &disk, &mut told) {
            let text = error.to_string();
            assert!(text.contains("store") && text.contains("no storage space"), "{context}: {text}");
        }
        complete(&root, &told, &context);
    }
}
