//! An index of the store in SQLite. It can be rebuilt from the objects at any time, and nothing depends on it
//! being complete.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};

use crate::objects::StoreError;
use crate::result::StageResult;

/// The index.
#[derive(Debug)]
pub struct Ledger {
    connection: Connection,
}

/// One row of the index.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerRow {
    /// Identity.
    pub identity: String,
    /// Kind.
    pub kind: String,
    /// Label.
    pub label: String,
    /// Outcome word.
    pub outcome: String,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Peak resident bytes.
    pub peak_bytes: u64,
    /// When it ended.
    pub finished: String,
}

impl LedgerRow {
    /// The row of a result.
    pub(crate) fn of(result: &StageResult) -> Self {
        Self {
            identity: result.identity.clone(),
            kind: result.kind.clone(),
            label: result.label.clone(),
            outcome: result.outcome.word().to_owned(),
            seconds: result.cost.seconds,
            peak_bytes: result.cost.peak_bytes,
            finished: result.cost.finished.clone(),
        }
    }
}

impl Ledger {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             CREATE TABLE IF NOT EXISTS stages (
                 identity TEXT PRIMARY KEY,
                 kind TEXT NOT NULL,
                 label TEXT NOT NULL,
                 outcome TEXT NOT NULL,
                 seconds REAL NOT NULL,
                 peak_bytes INTEGER NOT NULL,
                 finished TEXT NOT NULL
             ) STRICT;",
        )?;
        Ok(Self { connection })
    }

    /// The rows of an index that is there; nothing is made or changed.
    pub(crate) fn read(path: &Path) -> Result<Vec<LedgerRow>, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self { connection: Connection::open_with_flags(path, flags)? }.rows()
    }

    /// Adds or replaces a row.
    ///
    /// # Errors
    /// Fails if SQLite does.
    pub fn record(&self, result: &StageResult) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO stages VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute(params![
                result.identity,
                result.kind,
                result.label,
                result.outcome.word(),
                result.cost.seconds,
                result.cost.peak_bytes as i64,
                result.cost.finished,
            ])?;
        Ok(())
    }

    /// Forgets everything and records `results`.
    ///
    /// # Errors
    /// Fails if SQLite does; the index is then as it was.
    pub fn rebuild(&mut self, results: &[StageResult]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        transaction.execute("DELETE FROM stages", [])?;
        {
            let ledger_row = "INSERT OR REPLACE INTO stages VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let mut insert = transaction.prepare(ledger_row)?;
            for result in results {
                insert.execute(params![
                    result.identity,
                    result.kind,
                    result.label,
                    result.outcome.word(),
                    result.cost.seconds,
                    result.cost.peak_bytes as i64,
                    result.cost.finished,
                ])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// All rows, latest first.
    ///
    /// # Errors
    /// Fails if SQLite does.
    pub fn rows(&self) -> Result<Vec<LedgerRow>, StoreError> {
        let mut select = self.connection.prepare("SELECT * FROM stages ORDER BY finished DESC, identity")?;
        let rows = select.query_map([], |row| {
            Ok(LedgerRow {
                identity: row.get(0)?,
                kind: row.get(1)?,
                label: row.get(2)?,
                outcome: row.get(3)?,
                seconds: row.get(4)?,
                peak_bytes: row.get::<_, i64>(5)? as u64,
                finished: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
