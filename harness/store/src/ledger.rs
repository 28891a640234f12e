//! An index of the store in SQLite. It can be rebuilt from the objects at any time, and nothing depends on it
//! being complete.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};

use crate::night::Night;
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

/// One night in the index.
#[derive(Clone, Debug, PartialEq)]
pub struct NightRow {
    /// Suite.
    pub suite: String,
    /// Number.
    pub number: u32,
    /// When it ended.
    pub finished: String,
    /// Whether later nights are held against it.
    pub accepted: bool,
    /// The verdict.
    pub verdict: String,
}

impl NightRow {
    /// The row of a night.
    pub(crate) fn of(night: &Night) -> Self {
        Self {
            suite: night.suite.clone(),
            number: night.number,
            finished: night.finished.clone(),
            accepted: night.accepted,
            verdict: night.verdict.clone(),
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
             ) STRICT;
             CREATE TABLE IF NOT EXISTS nights (
                 suite TEXT NOT NULL,
                 number INTEGER NOT NULL,
                 finished TEXT NOT NULL,
                 accepted INTEGER NOT NULL,
                 verdict TEXT NOT NULL,
                 PRIMARY KEY (suite, number)
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

    /// Adds or replaces a night.
    ///
    /// # Errors
    /// Fails if SQLite does.
    pub fn record_night(&self, night: &NightRow) -> Result<(), StoreError> {
        insert_night(&self.connection, night)
    }

    /// All nights, by suite and number.
    ///
    /// # Errors
    /// Fails if SQLite does.
    pub fn nights(&self) -> Result<Vec<NightRow>, StoreError> {
        let mut select = self.connection.prepare("SELECT * FROM nights ORDER BY suite, number")?;
        let rows = select.query_map([], |row| {
            Ok(NightRow {
                suite: row.get(0)?,
                number: row.get(1)?,
                finished: row.get(2)?,
                accepted: row.get(3)?,
                verdict: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Forgets everything and records `results` and `nights`.
    ///
    /// # Errors
    /// Fails if SQLite does; the index is then as it was.
    pub fn rebuild(&mut self, results: &[StageResult], nights: &[NightRow]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        transaction.execute("DELETE FROM stages", [])?;
        transaction.execute("DELETE FROM nights", [])?;
        for night in nights {
            insert_night(&transaction, night)?;
        }
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

fn insert_night(connection: &Connection, night: &NightRow) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO nights VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![night.suite, night.number, night.finished, night.accepted, night.verdict,])?;
    Ok(())
}
