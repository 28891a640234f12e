//! Objects on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::{self, Disk};
use crate::ledger::{Ledger, LedgerRow};
use crate::lock::StoreLock;
use crate::manifest::SuiteManifest;
use crate::message::StageOrder;
use crate::result::{Outcome, SCHEMA, StageResult};

/// The file in its folder that a stage goes on from after it was stopped.
pub const CHECKPOINT: &str = "training.checkpoint";

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
    disk: Arc<dyn Disk>,
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
    disk: Arc<dyn Disk>,
}

impl WorkDir {
    /// Writes a file of the folder so that it is there as a whole or not at all.
    ///
    /// # Errors
    /// Fails if it cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), StoreError> {
        let path = self.path.join(name);
        disk::write_atomic(&*self.disk, &path, content).map_err(|error| StoreError::at(&path, error))
    }
}

impl Store {
    /// Opens a store, making an empty one where there is none.
    ///
    /// # Errors
    /// Fails if the folder cannot be made, is not a store, or is one of another version.
    pub fn create_or_open(root: &Path) -> Result<Self, StoreError> {
        Self::create_or_open_on(root, disk::of_environment().into())
    }

    pub(crate) fn create_or_open_on(root: &Path, disk: Arc<dyn Disk>) -> Result<Self, StoreError> {
        let at = |error| StoreError::at(root, error);
        let missing: Vec<&Path> = root
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
            .collect();
        disk.create_dir_all(root).map_err(at)?;
        for folder in missing {
            // Results last only where the store's own name does.
            disk::sync_name(&*disk, folder).map_err(at)?;
        }
        let marker = root.join("secateur-store.json");
        if !marker.exists() {
            // What a process left that was killed right here does not make the folder somebody else's.
            for leftover in disk::leftovers(root).iter().filter(|path| path.with_extension("json") == marker)
            {
                disk.remove_file(leftover).map_err(at)?;
            }
            if std::fs::read_dir(root).map_err(at)?.next().is_some() {
                let reason = "the folder is not empty and not a store; choose another one".to_owned();
                return Err(StoreError::Broken { path: root.to_owned(), reason });
            }
            let content = format!("{{\"format\": {SCHEMA}}}\n");
            disk::write_atomic(&*disk, &marker, content.as_bytes())
                .map_err(|error| StoreError::at(&marker, error))?;
        }
        let mut made = false;
        for folder in ["objects", "work", "attempts", "suites"].map(|name| root.join(name)) {
            if !folder.is_dir() {
                disk.create_dir_all(&folder).map_err(|error| StoreError::at(&folder, error))?;
                made = true;
            }
        }
        if made {
            disk.sync(root).map_err(at)?;
        }
        Ok(Self { disk, ..Self::open(root)? })
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
        Ok(Self { root, disk: Arc::new(disk::Real) })
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

    /// The index, complete: where it is damaged, or lacks what is stored, it is made anew from the results. Only the one
    /// writer may ask for it, hence the lock.
    ///
    /// # Errors
    /// Fails if SQLite does, or a stored result cannot be read.
    pub fn ledger(&self, _lock: &StoreLock) -> Result<Ledger, StoreError> {
        let path = self.root.join("ledger.sqlite");
        let opened = Ledger::open(&path).and_then(|ledger| Ok((ledger.rows()?, ledger)));
        let mut ledger = match opened {
            Ok((rows, ledger)) if self.is_complete(&rows)? && self.has_nights(&ledger.nights()?)? => {
                return Ok(ledger);
            }
            Ok((_, ledger)) => ledger,
            Err(StoreError::Ledger(error)) if is_damage(&error) => {
                for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
                    let path = self.root.join(name);
                    match self.disk.remove_file(&path) {
                        Err(error) if error.kind() != io::ErrorKind::NotFound => {
                            return Err(StoreError::at(&path, error));
                        }
                        _ => {}
                    }
                }
                Ledger::open(&path)?
            }
            Err(error) => return Err(error),
        };
        ledger.rebuild(&self.results()?, &self.night_rows()?)?;
        Ok(ledger)
    }

    /// What files are written through.
    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// The rows of the index, for those who only read. Without an index, or with a damaged one, those it should have.
    ///
    /// # Errors
    /// Fails if a stored result cannot be read.
    pub fn ledger_rows(&self) -> Result<Vec<LedgerRow>, StoreError> {
        if let Ok(rows) = Ledger::read(&self.root.join("ledger.sqlite"))
            && self.is_complete(&rows)?
        {
            return Ok(rows);
        }
        let mut rows: Vec<LedgerRow> = self.results()?.iter().map(LedgerRow::of).collect();
        rows.sort_by(|a, b| b.finished.cmp(&a.finished).then_with(|| a.identity.cmp(&b.identity)));
        Ok(rows)
    }

    /// Whether there is a row for each result, and none of an attempt whose stage has an object by now. Both happen when a
    /// process ends between a result and its row.
    fn is_complete(&self, rows: &[LedgerRow]) -> Result<bool, StoreError> {
        let objects: BTreeSet<String> = self.names("objects")?.into_iter().collect();
        let attempts = self.names("attempts")?.into_iter().filter(|name| !objects.contains(name));
        let expected: BTreeSet<String> = objects.iter().cloned().chain(attempts).collect();
        let own: BTreeSet<String> = rows.iter().map(|row| row.identity.clone()).collect();
        let current = |row: &LedgerRow| {
            let words = [Outcome::Crashed, Outcome::Timeout, Outcome::Failed].map(Outcome::word);
            words.contains(&row.outcome.as_str()) != objects.contains(&row.identity)
        };
        Ok(own == expected && rows.iter().all(current))
    }

    /// Names in one of the store's folders.
    fn names(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let folder = self.root.join(folder);
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(|error| StoreError::at(&folder, error))? {
            let entry = entry.map_err(|error| StoreError::at(&folder, error))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
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

    /// What the stage of a stored result was told to do.
    ///
    /// # Errors
    /// Fails if it is there and cannot be read.
    pub fn order(&self, identity: &str) -> Result<Option<StageOrder>, StoreError> {
        read_optional(&self.object_dir(identity).join("order.json"))
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

    /// What is known of each stage: its object, or else its last attempt. In no particular order.
    ///
    /// # Errors
    /// Fails if a result cannot be read.
    pub fn results(&self) -> Result<Vec<StageResult>, StoreError> {
        let objects = self.objects()?;
        let mut results: BTreeMap<String, StageResult> =
            objects.into_iter().map(|result| (result.identity.clone(), result)).collect();
        for identity in self.names("attempts")? {
            if !results.contains_key(&identity)
                && let Some(last) = self.attempts(&identity)?.pop()
            {
                results.insert(identity, last);
            }
        }
        Ok(results.into_values().collect())
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

    /// A folder for a new attempt. If a killed one has left a [`CHECKPOINT`] there, the stage goes on from it and finds what
    /// it had; otherwise it begins again and finds nothing but its log, since half of a file in a folder that is an output
    /// would be taken for a part of it.
    ///
    /// # Errors
    /// Fails if the folder cannot be made or emptied.
    pub fn begin(&self, identity: &str) -> Result<WorkDir, StoreError> {
        let before = self.root.join("attempts").join(identity);
        let attempt = (1..).find(|number: &u32| !before.join(number.to_string()).exists()).unwrap_or(1);
        let path = self.root.join("work").join(identity).join(attempt.to_string());
        self.disk.create_dir_all(&path).map_err(|error| StoreError::at(&path, error))?;
        let resumes = path.join(CHECKPOINT).is_file();
        let stays = |name: &str| match name {
            "log.txt" | "events.jsonl" => true,
            // Of an attempt that was stopped, or had ended and could not be stored.
            "report.json" | "result.json" | "order.json" => false,
            name => resumes && !disk::is_leftover(Path::new(name)),
        };
        disk::clear(&*self.disk, &path, &stays).map_err(|error| StoreError::at(&path, error))?;
        Ok(WorkDir { path, identity: identity.to_owned(), attempt, disk: Arc::clone(&self.disk) })
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
        if !folder.is_dir() {
            self.disk.create_dir_all(&folder).map_err(|error| StoreError::at(&folder, error))?;
            let above = self.root.join("attempts");
            self.disk.sync(&above).map_err(|error| StoreError::at(&above, error))?;
        }
        self.finish(&work, result, &folder.join(work.attempt.to_string()))
    }

    fn finish(&self, work: &WorkDir, result: &StageResult, target: &Path) -> Result<(), StoreError> {
        let report = work.path.join("report.json");
        if report.symlink_metadata().is_ok() {
            self.disk.remove_file(&report).map_err(|error| StoreError::at(&report, error))?;
        }
        work.write("result.json", &to_json(result))?;
        disk::sync_tree(&*self.disk, &work.path).map_err(|error| StoreError::at(&work.path, error))?;
        self.disk.rename(&work.path, target).map_err(|error| StoreError::at(target, error))?;
        if let Some(parent) = target.parent() {
            self.disk.sync(parent).map_err(|error| StoreError::at(parent, error))?;
        }
        // An empty folder that stays is in nobody's way.
        let _ = self.disk.remove_dir(&self.root.join("work").join(&work.identity));
        Ok(())
    }

    /// Stores what a suite consists of.
    ///
    /// # Errors
    /// Fails if it cannot be written.
    pub fn write_manifest(&self, manifest: &SuiteManifest) -> Result<(), StoreError> {
        let path = self.root.join("suites").join(format!("{}.json", manifest.suite.name));
        disk::write_atomic(&*self.disk, &path, &to_json(manifest))
            .map_err(|error| StoreError::at(&path, error))
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

/// Writes a file so that it is either the old one or the new one, whatever happens, and the new one when this returns.
///
/// # Errors
/// Fails if it cannot be written.
pub fn write_atomic(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    disk::write_atomic(&disk::Real, path, content).map_err(|error| StoreError::at(path, error))
}

/// Whether SQLite says that the file is no index, or not any more.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, SchemaChanged, TypeMismatch};
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            matches!(failure.code, DatabaseCorrupt | NotADatabase | SchemaChanged | TypeMismatch)
        }
        // Another table than ours, or values of other types.
        rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::InvalidColumnIndex(_)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::Utf8Error(..) => true,
        _ => false,
    }
}

pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    // Serialization of our own types to memory cannot fail: all keys are strings.
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

pub(crate) fn parse<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text)
        .map_err(|error| StoreError::Broken { path: path.to_owned(), reason: error.to_string() })
}

pub(crate) fn read_optional<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(path, &text).map(Some),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(StoreError::at(path, error)),
    }
}

#[cfg(test)]
mod tests;
