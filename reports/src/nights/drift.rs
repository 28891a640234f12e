//! Drift: what the rotating replicate says while no number changes.

use secateur_store::{Cell, CellKey};
use serde::Serialize;

use super::draws::{Draws, scatter};
use super::judge::chance;

use crate::stats::compare::holm;
use crate::stats::mean;

/// Latest nights that are held against all before them: a jump is seen in one, a slow loss in many.
const WINDOWS: [usize; 4] = [1, 3, 7, 14];

/// The rotating replicates of the latest nights lie elsewhere than all draws before, though the fixed ones are what they were.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Drift {
    /// Which cell; without a task it is the mean over all tasks.
    pub key: CellKey,
    /// How many of the latest nights are meant.
    pub nights: usize,
    /// Their mean minus the mean of the draws before.
    pub difference: f64,
    /// Standard deviation of one draw.
    pub sd: f64,
    /// Two-sided p-value, corrected after Holm for the number of cells and windows.
    pub p: f64,
}

/// Cells that drift, worst first: of each the window that says it most clearly.
pub(super) fn find(steady: &[(&Cell, &Draws)], night: u32, fixed: u32, alarm: f64) -> Vec<Drift> {
    let mut found: Vec<Drift> = Vec::new();
    for (cell, draws) in steady {
        let tonight: Vec<f64> = cell
            .scores
            .iter()
            .filter(|scored| scored.replicate >= fixed && draws.is_new(scored))
            .filter_map(|scored| scored.score)
            .collect();
        if tonight.is_empty() {
            continue;
        }
        let mut rotating: Vec<f64> =
            draws.rotating.iter().filter(|(number, _)| *number < night).map(|(_, score)| *score).collect();
        rotating.extend(&tonight);
        found.extend(WINDOWS.iter().filter_map(|window| look(cell, draws, &rotating, *window)));
    }
    let raw: Vec<f64> = found.iter().map(|drift| drift.p).collect();
    for (drift, p) in found.iter_mut().zip(holm(&raw)) {
        drift.p = p;
    }
    found.retain(|drift| drift.p <= alarm);
    found.sort_by(|a, b| a.p.total_cmp(&b.p).then_with(|| a.key.cmp(&b.key)).then(a.nights.cmp(&b.nights)));
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|drift| seen.insert(drift.key.clone()));
    found
}

/// Holds the latest `window` rotating draws against the fixed ones and the rotating ones before.
fn look(cell: &Cell, draws: &Draws, rotating: &[f64], window: usize) -> Option<Drift> {
    let split = rotating.len().checked_sub(window)?;
    let (earlier, latest) = rotating.split_at(split);
    let mut before = draws.fixed().to_vec();
    before.extend(earlier);
    let reference = draws.reference()?;
    let (squares, freedom) = scatter(&before);
    // As many draws before as would be asked of a comparison by hand.
    if freedom < 4.0 {
        return None;
    }
    let sd = (squares / freedom).sqrt().max(reference.resolution);
    let difference = mean(latest)? - mean(&before)?;
    let error = sd * (1.0 / latest.len() as f64 + 1.0 / before.len() as f64).sqrt();
    let p = chance(difference, error, freedom)?;
    Some(Drift { key: cell.key.clone(), nights: window, difference, sd, p })
}
