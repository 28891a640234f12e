//! Nights: what a suite gave each night, what changed since, and whether that is more than seeds do.
//!
//! A night runs *fixed* replicates, whose numbers can only change if the harness, a plugin, a suite value, the data or the machine
//! did, and one *rotating* replicate with a seed that no night had before, which shows what changes without any of these.
//! How far replicates scatter is learnt from all nights. Pure functions of what the nights have stored.

mod change_points;
mod draws;
mod drift;
mod export;
mod judge;
#[cfg(test)]
mod tests;
mod trends;

use std::collections::BTreeMap;

pub use change_points::change_points;
pub use drift::Drift;
pub use export::{junit_xml, summary_md};
pub use judge::{Change, Gone, Grade, Judgement, Options, Unscored, judge};
pub use trends::trends_svg;

use secateur_store::{Cell, CellKey, Scored};

use crate::row::Row;

/// The cells of a report's rows, in the order of their names. Replicates are in order, too.
#[must_use]
pub fn cells(rows: &[Row]) -> Vec<Cell> {
    let mut cells: BTreeMap<CellKey, Cell> = BTreeMap::new();
    for row in rows {
        let key = CellKey {
            track: row.track.clone(),
            protocol: row.protocol.clone(),
            regime: row.regime.clone(),
            task: row.task.clone(),
            method: row.method.clone(),
            keep: row.keep.to_string(),
        };
        let cell = cells.entry(key.clone()).or_insert_with(|| Cell {
            key,
            method: format!("{} {}", row.method_id, row.params).trim().to_owned(),
            metric: row.metric.clone(),
            test_pictures: None,
            scores: Vec::new(),
        });
        cell.test_pictures = cell.test_pictures.or(row.test_pictures);
        if cell.metric.is_empty() {
            cell.metric.clone_from(&row.metric);
        }
        cell.scores.push(Scored {
            replicate: row.replicate,
            outcome: row.outcome,
            detail: row.outcome_detail.clone(),
            score: row.score,
            stage: row.stage.clone(),
        });
    }
    let mut cells: Vec<Cell> = cells.into_values().collect();
    for cell in &mut cells {
        cell.scores.sort_by_key(|scored| scored.replicate);
    }
    cells
}
