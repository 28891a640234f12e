//! Nights: what a suite gave in each night.
//!
//! A night is a file, `nights/<suite>/<number>.json`, which is written once. That somebody has looked at it and accepted what it
//! has is a file beside it, `<number>.accepted`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::ledger::{Ledger, NightRow};
use crate::lock::StoreLock;
use crate::objects::{Store, StoreError, parse, to_json};
use crate::result::Outcome;

/// What is compared between nights: a method at a keep on a task. Values of all fields but the last two name it in tables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CellKey {
    /// Track of the suite.
    pub track: String,
    /// `transfer`, `direct`, `upstream` or `validation`.
    pub protocol: String,
    /// `linear`, `full` or `none`.
    pub regime: String,
    /// Task; empty for the mean over all tasks.
    pub task: String,
    /// Method label.
    pub method: String,
    /// Fraction that remains, as the suite writes it.
    pub keep: String,
}

/// One score of a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// Replicate.
    pub replicate: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, if not `ok`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The task's own metric in `[0, 1]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Identity of the stage that gave it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stage: String,
}

/// The scores of a cell in one night.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Which.
    pub key: CellKey,
    /// Method identifier and parameters; empty for dense controls. Another value is another method under the same label.
    pub method: String,
    /// Name of the metric.
    pub metric: String,
    /// Test pictures; nothing scatters by less than one of them.
    #[serde(default)]
    pub test_pictures: Option<u64>,
    /// One for each replicate.
    pub scores: Vec<Scored>,
}

/// What can change a number: names and values, such as `plugin libsecateur_magnitude.so` and its digest.
pub type Facts = BTreeMap<String, String>;

/// What a suite gave in one night.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Night {
    /// Counted from 1.
    pub number: u32,
    /// Name of the suite.
    pub suite: String,
    /// When it ended, RFC 3339 in UTC.
    pub finished: String,
    /// How many replicates are fixed: those below this number.
    pub fixed: u32,
    /// Whether later nights may be held against it.
    pub accepted: bool,
    /// Whether the level of what changed is the right one from here on, since somebody has looked at the change and accepted it.
    #[serde(default)]
    pub level: bool,
    /// The one-line verdict that it got.
    #[serde(default)]
    pub verdict: String,
    /// Everything that can change a number but the random streams.
    pub facts: Facts,
    /// What was scored.
    pub cells: Vec<Cell>,
}

impl CellKey {
    /// The cell of a method's means over tasks.
    #[must_use]
    pub fn over_tasks(&self) -> Self {
        Self { task: String::new(), ..self.clone() }
    }

    /// For people: `magnitude at keep 0.1 on dtd (equal-allowance, linear transfer)`.
    #[must_use]
    pub fn describe(&self) -> String {
        let keep = if self.keep == "1" { String::new() } else { format!(" at keep {}", self.keep) };
        let task = match self.task.as_str() {
            "" => "over all tasks",
            task => &format!("on {}", task.strip_prefix("generated/").unwrap_or(task)),
        };
        let regime = if self.regime == "none" { "" } else { &format!("{} ", self.regime) };
        format!("{}{keep} {task} ({}, {regime}{})", self.method, self.track, self.protocol)
    }
}

impl Store {
    fn nights_of(&self, suite: &str) -> PathBuf {
        self.root().join("nights").join(suite)
    }

    /// The nights of a suite, the first one first.
    ///
    /// # Errors
    /// Fails if one cannot be read.
    pub fn nights(&self, suite: &str) -> Result<Vec<Night>, StoreError> {
        let mut nights = Vec::new();
        for number in self.night_numbers(suite)? {
            let path = self.nights_of(suite).join(format!("{number:04}.json"));
            let text = std::fs::read_to_string(&path).map_err(|error| StoreError::at(&path, error))?;
            let mut night: Night = parse(&path, &text)?;
            if path.with_extension("accepted").exists() {
                (night.accepted, night.level) = (true, true);
            }
            nights.push(night);
        }
        Ok(nights)
    }

    /// Stores a night and enters it in the ledger.
    ///
    /// # Errors
    /// Fails if it is there already, or cannot be written.
    pub fn write_night(&self, _lock: &StoreLock, ledger: &Ledger, night: &Night) -> Result<(), StoreError> {
        let folder = self.nights_of(&night.suite);
        let path = folder.join(format!("{:04}.json", night.number));
        if path.exists() {
            let reason = "the night is stored already".to_owned();
            return Err(StoreError::Broken { path, reason });
        }
        for folder in [self.root().join("nights"), folder] {
            if !folder.is_dir() {
                // A night lasts only where the names of its folders do.
                let made = self.disk().create_dir_all(&folder);
                made.and_then(|()| disk::sync_name(self.disk(), &folder))
                    .map_err(|error| StoreError::at(&folder, error))?;
            }
        }
        disk::write_atomic(self.disk(), &path, &to_json(night))
            .map_err(|error| StoreError::at(&path, error))?;
        ledger.record_night(&NightRow::of(night))
    }

    /// Makes a night one that later ones are held against, and its numbers the level from there on.
    ///
    /// # Errors
    /// Fails if there is no such night, or the file cannot be written.
    pub fn accept_night(
        &self,
        _lock: &StoreLock,
        ledger: &Ledger,
        suite: &str,
        number: u32,
    ) -> Result<(), StoreError> {
        let known = self.night_numbers(suite)?;
        let path = self.nights_of(suite).join(format!("{number:04}.accepted"));
        if !known.contains(&number) {
            let reason = match (known.first(), known.last()) {
                (Some(first), Some(last)) => {
                    format!("`{suite}` has the nights {first} to {last}, and not {number}")
                }
                _ => format!("`{suite}` has no nights"),
            };
            return Err(StoreError::Broken { path, reason });
        }
        disk::write_atomic(self.disk(), &path, b"").map_err(|error| StoreError::at(&path, error))?;
        let night = self.nights(suite)?.into_iter().find(|night| night.number == number);
        night.map_or(Ok(()), |night| ledger.record_night(&NightRow::of(&night)))
    }

    /// The numbers of the nights that a suite has, ascending.
    ///
    /// # Errors
    /// Fails if the folder cannot be read.
    pub fn night_numbers(&self, suite: &str) -> Result<Vec<u32>, StoreError> {
        let folder = self.nights_of(suite);
        let mut numbers = Vec::new();
        if !folder.exists() {
            return Ok(numbers);
        }
        for entry in std::fs::read_dir(&folder).map_err(|error| StoreError::at(&folder, error))? {
            let path = entry.map_err(|error| StoreError::at(&folder, error))?.path();
            let is_night = path.extension().is_some_and(|extension| extension == "json");
            let stem = path.file_stem().and_then(|stem| stem.to_str()).filter(|_| is_night);
            numbers.extend(stem.and_then(|stem| stem.parse::<u32>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The rows of the ledger that the night files of all suites stand for.
    ///
    /// # Errors
    /// Fails if one cannot be read.
    pub(crate) fn night_rows(&self) -> Result<Vec<NightRow>, StoreError> {
        let mut rows = Vec::new();
        for suite in self.suites_with_nights()? {
            rows.extend(self.nights(&suite)?.iter().map(NightRow::of));
        }
        Ok(rows)
    }

    /// Whether these are the rows of all nights, as far as that can be told without reading them.
    pub(crate) fn has_nights(&self, rows: &[NightRow]) -> Result<bool, StoreError> {
        let mut names = Vec::new();
        for suite in self.suites_with_nights()? {
            names.extend(self.night_numbers(&suite)?.into_iter().map(|number| (suite.clone(), number)));
        }
        let own = rows.iter().map(|row| (row.suite.clone(), row.number));
        let marked =
            |row: &NightRow| self.nights_of(&row.suite).join(format!("{:04}.accepted", row.number)).exists();
        Ok(own.eq(names) && rows.iter().all(|row| row.accepted || !marked(row)))
    }

    fn suites_with_nights(&self) -> Result<Vec<String>, StoreError> {
        let folder = self.root().join("nights");
        let mut suites = Vec::new();
        if !folder.exists() {
            return Ok(suites);
        }
        for entry in std::fs::read_dir(&folder).map_err(|error| StoreError::at(&folder, error))? {
            let entry = entry.map_err(|error| StoreError::at(&folder, error))?;
            suites.extend(entry.file_name().into_string().ok().filter(|_| entry.path().is_dir()));
        }
        suites.sort();
        Ok(suites)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn night(number: u32, accepted: bool) -> Night {
        let verdict = "OK".to_owned();
        Night { number, suite: "s".to_owned(), accepted, verdict, ..Night::default() }
    }

    #[test]
    fn nights_are_written_once_and_accepted_beside() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create_or_open(&folder.path().join("store")).unwrap();
        let lock = store.lock().unwrap();
        let ledger = store.ledger(&lock).unwrap();
        assert_eq!(store.nights("s").unwrap(), Vec::new());
        for (number, accepted) in [(1, true), (2, false), (10, true)] {
            store.write_night(&lock, &ledger, &night(number, accepted)).unwrap();
        }
        let again = store.write_night(&lock, &ledger, &night(2, true)).unwrap_err();
        assert!(again.to_string().contains("stored already"), "{again}");
        let numbers = |store: &Store| -> Vec<(u32, bool, bool)> {
            let nights = store.nights("s").unwrap();
            nights.iter().map(|night| (night.number, night.accepted, night.level)).collect()
        };
        assert_eq!(numbers(&store), [(1, true, false), (2, false, false), (10, true, false)]);
        store.accept_night(&lock, &ledger, "s", 2).unwrap();
        assert_eq!(numbers(&store), [(1, true, false), (2, true, true), (10, true, false)]);
        let missing = store.accept_night(&lock, &ledger, "s", 3).unwrap_err().to_string();
        assert!(missing.contains("the nights 1 to 10, and not 3"), "{missing}");
        let rows = ledger.nights().unwrap();
        assert!(rows.iter().all(|row| row.accepted) && rows.len() == 3, "{rows:?}");
    }

    #[test]
    fn the_ledgers_nights_are_those_of_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create_or_open(&folder.path().join("store")).unwrap();
        let lock = store.lock().unwrap();
        let ledger = store.ledger(&lock).unwrap();
        store.write_night(&lock, &ledger, &night(1, true)).unwrap();
        let before = ledger.nights().unwrap();
        drop(ledger);
        for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
            let _ = std::fs::remove_file(store.root().join(name));
        }
        let ledger = store.ledger(&lock).unwrap();
        assert_eq!(ledger.nights().unwrap(), before);
        // A process that ends between the file and the row leaves a night out, and the next one enters it.
        std::fs::write(
            store.root().join("nights/s/0002.json"),
            serde_json::to_vec(&night(2, false)).unwrap(),
        )
        .unwrap();
        drop(ledger);
        assert_eq!(store.ledger(&lock).unwrap().nights().unwrap().len(), 2);
    }
}
