//! Objects on disk.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::ledger::Ledger;
use crate::lock::StoreLock;
use crate::manifest::SuiteManifest;
use crate::result::{SCHEMA, StageResult};

/// What can go wrong with a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file in the store is not what it should be.
    #[error("{}: {reason}", path.display())]
    Broken {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Another process writes to the store.
    #[error("the store is in use by {holder}; wait for it, or use another store (lock: {})", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Who has it.
        holder: String,
    },
    /// The store was made by another version.
    #[error("{} is a store of format {found}; this version reads format {SCHEMA}", path.display())]
    Version {
        /// The store.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// The index failed; it can be rebuilt.
    #[error("ledger.sqlite: {0}; delete the file, it is rebuilt from the objects")]
    Ledger(#[from] rusqlite::Error),
}

impl StoreError {
    pub(crate) fn at(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

/// A store in a folder.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// The folder of one attempt at a stage.
#[derive(Debug)]
pub struct WorkDir {
    /// The folder.
    pub path: PathBuf,
    /// Identity of the stage.
    pub identity: String,
    /// Number of the attempt, from 1.
    pub attempt: u32,
}

impl Store {
    /// Opens a store, making an empty one where there is none.
    ///
    /// # Errors
    /// Fails if the folder cannot be made, is not a store, or is one of another version.
    pub fn create_or_open(root: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(root).map_err(|error| StoreError::at(root, error))?;
        let marker = root.join("secateur-store.json");
        if !marker.exists() {
            let occupied =
                std::fs::read_dir(root).map_err(|error| StoreError::at(root, error))?.next().is_some();
            if occupied {
                let reason = "the folder is not empty and not a store; choose another one".to_owned();
                return Err(StoreError::Broken { path: root.to_owned(), reason });
            }
            write_atomic(&marker, format!("{{\"format\": {SCHEMA}}}\n").as_bytes())?;
        }
        for folder in ["objects", "work", "attempts", "suites"] {
            let folder = root.join(folder);
            std::fs::create_dir_all(&folder).map_err(|error| StoreError::at(&folder, error))?;
        }
        Self::open(root)
    }

    /// Opens a store that is there.
    ///
    /// # Errors
    /// Fails if there is none, or one of another version.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let marker = root.join("secateur-store.json");
        let text = std::fs::read_to_string(&marker).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                StoreError::Broken { path: root.to_owned(), reason: "there is no store here".to_owned() }
            }
            _ => StoreError::at(&marker, error),
        })?;
        let value: serde_json::Value = parse(&marker, &text)?;
        let found = value["format"].as_u64().unwrap_or(0) as u32;
        if found != SCHEMA {
            return Err(StoreError::Version { path: root.to_owned(), found });
        }
        let root = std::fs::canonicalize(root).map_err(|error| StoreError::at(root, error))?;
        Ok(Self { root })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Becomes the one writer.
    ///
    /// # Errors
    /// Returns [`StoreError::Locked`] with the holder if another process is it.
    pub fn lock(&self) -> Result<StoreLock, StoreError> {
        StoreLock::take(&self.root.join("lock"))
    }

    /// The index.
    ///
    /// # Errors
    /// Fails if SQLite does.
    pub fn ledger(&self) -> Result<Ledger, StoreError> {
        Ledger::open(&self.root.join("ledger.sqlite"))
    }

    /// Folder of an object.
    #[must_use]
    pub fn object_dir(&self, identity: &str) -> PathBuf {
        self.root.join("objects").join(identity)
    }

    /// The stored result of a stage.
    ///
    /// # Errors
    /// Fails if it is there and cannot be read.
    pub fn object(&self, identity: &str) -> Result<Option<StageResult>, StoreError> {
        read_optional(&self.object_dir(identity).join("result.json"))
    }

    /// Results of all objects, in no particular order.
    ///
    /// # Errors
    /// Fails if one cannot be read.
    pub fn objects(&self) -> Result<Vec<StageResult>, StoreError> {
        let folder = self.root.join("objects");
        let mut results = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(|error| StoreError::at(&folder, error))? {
            let entry = entry.map_err(|error| StoreError::at(&folder, error))?;
            results.extend(read_optional(&entry.path().join("result.json"))?);
        }
        Ok(results)
    }

    /// Results of attempts that led to no object, oldest first.
    ///
    /// # Errors
    /// Fails if one cannot be read.
    pub fn attempts(&self, identity: &str) -> Result<Vec<StageResult>, StoreError> {
        let folder = self.root.join("attempts").join(identity);
        let mut results = Vec::new();
        for number in 1.. {
            let attempt = folder.join(number.to_string());
            if !attempt.exists() {
                break;
            }
            results.extend(read_optional(&attempt.join("result.json"))?);
        }
        Ok(results)
    }

    /// A folder for a new attempt. What a killed attempt left there is kept, so that the stage can resume.
    ///
    /// # Errors
    /// Fails if the folder cannot be made.
    pub fn begin(&self, identity: &str) -> Result<WorkDir, StoreError> {
        let attempt = self.attempts(identity)?.len() as u32 + 1;
        let path = self.root.join("work").join(identity).join(attempt.to_string());
        std::fs::create_dir_all(&path).map_err(|error| StoreError::at(&path, error))?;
        // A report that a stopped attempt has left must not be taken for that of the next one.
        let _ = std::fs::remove_file(path.join("report.json"));
        Ok(WorkDir { path, identity: identity.to_owned(), attempt })
    }

    /// Makes an attempt the object of its stage.
    ///
    /// # Errors
    /// Fails if something cannot be written; the object is then not there.
    pub fn commit(&self, work: WorkDir, result: &StageResult) -> Result<(), StoreError> {
        self.finish(&work, result, &self.object_dir(&work.identity))
    }

    /// Keeps an attempt that led to no object.
    ///
    /// # Errors
    /// Fails if something cannot be written.
    pub fn keep_attempt(&self, work: WorkDir, result: &StageResult) -> Result<(), StoreError> {
        let folder = self.root.join("attempts").join(&work.identity);
        std::fs::create_dir_all(&folder).map_err(|error| StoreError::at(&folder, error))?;
        self.finish(&work, result, &folder.join(work.attempt.to_string()))
    }

    fn finish(&self, work: &WorkDir, result: &StageResult, target: &Path) -> Result<(), StoreError> {
        let _ = std::fs::remove_file(work.path.join("report.json"));
        let path = work.path.join("result.json");
        write_atomic(&path, &to_json(result))?;
        sync_tree(&work.path)?;
        std::fs::rename(&work.path, target).map_err(|error| StoreError::at(target, error))?;
        if let Some(parent) = target.parent() {
            sync(parent)?;
        }
        let _ = std::fs::remove_dir(self.root.join("work").join(&work.identity));
        Ok(())
    }

    /// Stores what a suite consists of.
    ///
    /// # Errors
    /// Fails if it cannot be written.
    pub fn write_manifest(&self, manifest: &SuiteManifest) -> Result<(), StoreError> {
        write_atomic(
            &self.root.join("suites").join(format!("{}.json", manifest.suite.name)),
            &to_json(manifest),
        )
    }

    /// All suites of the store, by name.
    ///
    /// # Errors
    /// Fails if one cannot be read.
    pub fn manifests(&self) -> Result<Vec<SuiteManifest>, StoreError> {
        let folder = self.root.join("suites");
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(|error| StoreError::at(&folder, error))? {
            paths.push(entry.map_err(|error| StoreError::at(&folder, error))?.path());
        }
        paths.sort();
        let json = paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        json.filter_map(|path| read_optional(path).transpose()).collect()
    }
}

/// Writes a file so that it is either the old one or the new one, whatever happens.
///
/// # Errors
/// Fails if it cannot be written.
pub fn write_atomic(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let temporary = path.with_extension(format!("tmp{}", std::process::id()));
    let write = || -> io::Result<()> {
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    write().map_err(|error| {
        let _ = std::fs::remove_file(&temporary);
        StoreError::at(path, error)
    })
}

fn to_json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    // Serialization of our own types to memory cannot fail: all keys are strings.
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text)
        .map_err(|error| StoreError::Broken { path: path.to_owned(), reason: error.to_string() })
}

fn read_optional<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(path, &text).map(Some),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(StoreError::at(path, error)),
    }
}

fn sync(path: &Path) -> Result<(), StoreError> {
    std::fs::File::open(path).and_then(|file| file.sync_all()).map_err(|error| StoreError::at(path, error))
}

fn sync_tree(folder: &Path) -> Result<(), StoreError> {
    for entry in std::fs::read_dir(folder).map_err(|error| StoreError::at(folder, error))? {
        let path = entry.map_err(|error| StoreError::at(folder, error))?.path();
        if path.is_dir() {
            sync_tree(&path)?;
        } else {
            sync(&path)?;
        }
    }
    sync(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{Cost, Machine, Outcome};

    fn result(identity: &str, outcome: Outcome) -> StageResult {
        StageResult {
            schema: SCHEMA,
            identity: identity.to_owned(),
            kind: "verify".to_owned(),
            label: "verify".to_owned(),
            outcome,
            detail: String::new(),
            outputs: Default::default(),
            inputs: Default::default(),
            facts: serde_json::Value::Null,
            cost: Cost::default(),
            environment: secateur_suite::Environment {
                threads: 1,
                device_class: "cpu".to_owned(),
                precision: "f32".to_owned(),
                layout: "contiguous".to_owned(),
                libtorch: "2.11.0".to_owned(),
            },
            machine: Machine::default(),
            harness: "0.1.0".to_owned(),
        }
    }

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
        let mut ledger = store.ledger().unwrap();
        assert!(ledger.rows().unwrap().is_empty());
        ledger.rebuild(&store.objects().unwrap()).unwrap();
        assert_eq!(ledger.rows().unwrap().len(), 2);
    }
}
