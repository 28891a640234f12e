//! Independent draws of a cell's score, gathered over nights.

use std::collections::{BTreeMap, BTreeSet};

use secateur_store::{Cell, CellKey, Night, Outcome, Scored};

/// Scores of replicates. The score that a replicate had the night before is the same draw, whether it was read from the store
/// or computed anew.
#[derive(Clone, Debug, Default)]
pub(super) struct Draws {
    /// The score that each replicate had last.
    last: BTreeMap<u32, u64>,
    /// Draws since the level was last accepted.
    level: Vec<f64>,
    /// Those of fixed replicates among them.
    fixed: Vec<f64>,
    /// Sums of squared deviations and degrees of freedom of the levels before.
    squares: f64,
    freedom: f64,
    metric: String,
    /// What a single test picture is worth; 0 if that is not known.
    resolution: f64,
    /// Rotating draws since the level was last accepted, oldest first, each with its night.
    pub(super) rotating: Vec<(u32, f64)>,
    method: String,
}

/// What is known of a cell before tonight.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) mean: f64,
    pub(super) count: usize,
    /// Sum of squared deviations from the means of their levels, and its degrees of freedom.
    pub(super) squares: f64,
    pub(super) freedom: f64,
    pub(super) resolution: f64,
}

impl Draws {
    fn add(&mut self, night: u32, fixed: u32, cell: &Cell) {
        if let Some(pictures) = cell.test_pictures.filter(|pictures| *pictures > 0) {
            self.resolution = 1.0 / pictures as f64;
        }
        self.metric.clone_from(&cell.metric);
        self.method.clone_from(&cell.method);
        for scored in &cell.scores {
            let Some(score) = scored.score else { continue };
            if self.last.insert(scored.replicate, score.to_bits()) != Some(score.to_bits()) {
                self.level.push(score);
                if scored.replicate >= fixed {
                    self.rotating.push((night, score));
                } else {
                    self.fixed.push(score);
                }
            }
        }
    }

    /// What came before is at another level; how it scattered stays known.
    fn begin_level(&mut self) {
        let (squares, freedom) = scatter(&self.level);
        self.squares += squares;
        self.freedom += freedom;
        self.level.clear();
        self.fixed.clear();
        self.rotating.clear();
    }

    pub(super) fn reference(&self) -> Option<Reference> {
        let (squares, freedom) = scatter(&self.level);
        Some(Reference {
            mean: crate::stats::mean(&self.level)?,
            count: self.level.len(),
            squares: self.squares + squares,
            freedom: self.freedom + freedom,
            resolution: self.resolution,
        })
    }

    /// Whether the same was measured.
    pub(super) fn is_of(&self, cell: &Cell) -> bool {
        self.metric == cell.metric && self.method == cell.method
    }

    /// Whether a fixed replicate of the cell has another score than it had last.
    fn moved(&self, cell: &Cell, fixed: u32) -> bool {
        cell.scores.iter().any(|scored| scored.replicate < fixed && self.is_new(scored))
    }

    /// Whether this is a score that the replicate did not have last.
    pub(super) fn is_new(&self, scored: &Scored) -> bool {
        scored.score.is_some_and(|score| self.last.get(&scored.replicate) != Some(&score.to_bits()))
    }

    /// The draws of fixed replicates since the level was last accepted.
    pub(super) fn fixed(&self) -> &[f64] {
        &self.fixed
    }
}

/// Sum of squared deviations from the mean, and its degrees of freedom.
pub(super) fn scatter(values: &[f64]) -> (f64, f64) {
    let Some(mean) = crate::stats::mean(values) else { return (0.0, 0.0) };
    let squares = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares, values.len() as f64 - 1.0)
}

/// The draws of all cells of accepted nights before `night`, the means over tasks among them.
pub(super) fn gather(history: &[Night], night: &Night) -> BTreeMap<CellKey, Draws> {
    let mut all: BTreeMap<CellKey, Draws> = BTreeMap::new();
    let earlier =
        history.iter().filter(|it| it.accepted && it.suite == night.suite && it.number != night.number);
    for earlier in earlier {
        let means = over_tasks(&earlier.cells);
        for cell in earlier.cells.iter().chain(&means) {
            let draws = all.entry(cell.key.clone()).or_default();
            // Who accepts a night accepts the level of what had changed in it; another method under the label has its own.
            let other = !draws.method.is_empty() && !draws.is_of(cell);
            if other {
                *draws = Draws::default();
            } else if earlier.level && draws.moved(cell, earlier.fixed) {
                draws.begin_level();
            }
            draws.add(earlier.number, earlier.fixed, cell);
        }
    }
    all
}

/// The means over tasks of each method and keep, for replicates that have a score on all tasks. With one task they would say the same
/// again.
pub(super) fn over_tasks(cells: &[Cell]) -> Vec<Cell> {
    let mut groups: BTreeMap<CellKey, Vec<&Cell>> = BTreeMap::new();
    for cell in cells {
        groups.entry(cell.key.over_tasks()).or_default().push(cell);
    }
    let mut means = Vec::new();
    for (key, group) in groups {
        let metrics: BTreeSet<&str> = group.iter().map(|cell| cell.metric.as_str()).collect();
        if group.len() < 2 {
            continue;
        }
        let mut scores = Vec::new();
        for first in &group[0].scores {
            let own: Option<Vec<&Scored>> = group
                .iter()
                .map(|cell| {
                    cell.scores.iter().find(|it| it.replicate == first.replicate && it.score.is_some())
                })
                .collect();
            let Some(own) = own else { continue };
            let values: Vec<f64> = own.iter().filter_map(|scored| scored.score).collect();
            let stages: Vec<&str> = own.iter().map(|scored| scored.stage.as_str()).collect();
            scores.push(Scored {
                replicate: first.replicate,
                outcome: Outcome::Ok,
                detail: String::new(),
                score: crate::stats::mean(&values),
                stage: stages.join("+"),
            });
        }
        // The tasks are part of what it is a mean over.
        let tasks: Vec<&str> = group.iter().map(|cell| cell.key.task.as_str()).collect();
        means.push(Cell {
            key,
            method: format!("{} over {}", group[0].method, tasks.join(", ")),
            metric: metrics.into_iter().collect::<Vec<_>>().join(", "),
            test_pictures: None,
            scores,
        });
    }
    means
}
