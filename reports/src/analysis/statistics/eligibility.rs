//! Who may be ranked in public, and who stands below the line and why.
//!
//! A place on a board is the order of what was run. To claim a rank takes more: controls and baselines of the same run to be
//! held against, enough seeds, every trial that the suite asks for, and the budget that was asked for.

use serde::Serialize;

use crate::board::{Board, Entry};
use crate::row::Control;
use crate::warnings::ENOUGH_SEEDS;

/// Why a method may not be ranked in public.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Ineligible {
    /// The board was scored on validation pictures, to choose settings.
    Validation,
    /// The run has no complete `dense-trained` control.
    NoDenseControl,
    /// The run lacks a baseline.
    NoBaseline {
        /// `random`, `random-layerwise`, `magnitude` or, among channels, `filter norm`.
        baseline: String,
    },
    /// The run has too few replicates.
    TooFewReplicates {
        /// Replicates.
        replicates: usize,
        /// The fewest that are enough.
        needed: usize,
    },
    /// Not every trial of the suite has a score.
    Incomplete {
        /// Trials with a score.
        scored: usize,
        /// Trials of the suite.
        trials: usize,
    },
    /// Another number of weights remains than was asked for.
    MissedBudget {
        /// Rows of which the count is another.
        rows: usize,
    },
    /// Its label stands for several configurations.
    MixedConfigurations {
        /// How many.
        configurations: usize,
    },
}

impl Ineligible {
    /// The reason in words, without a full stop.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Ineligible::Validation => "scored on validation pictures".to_owned(),
            Ineligible::NoDenseControl => "no complete dense-trained control in this run".to_owned(),
            Ineligible::NoBaseline { baseline } => format!("no baseline {baseline} in this run"),
            Ineligible::TooFewReplicates { replicates: 1, needed } => format!("1 replicate of {needed}"),
            Ineligible::TooFewReplicates { replicates, needed } => {
                format!("{replicates} replicates of {needed}")
            }
            Ineligible::Incomplete { scored, trials } => format!("{scored} of {trials} trials have a score"),
            Ineligible::MissedBudget { rows } => format!("the budget is missed in {rows} rows"),
            Ineligible::MixedConfigurations { configurations } => {
                format!("{configurations} configurations under one label")
            }
        }
    }
}

/// Where a method stands at a keep.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Standing {
    /// Method label.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Its rank among those that may be ranked, ties sharing the first of their places; absent below the line.
    pub rank: Option<usize>,
    /// Why it stands below the line. What stands against the whole board is not repeated here.
    pub reasons: Vec<Ineligible>,
}

/// What stands against everyone on a board.
pub(super) fn of_board(board: &Board) -> Vec<Ineligible> {
    let mut found = Vec::new();
    if board.key.protocol == "validation" {
        found.push(Ineligible::Validation);
    }
    if !board.dense_trained().is_some_and(|it| it.complete) {
        found.push(Ineligible::NoDenseControl);
    }
    for baseline in board.missing_baselines() {
        found.push(Ineligible::NoBaseline { baseline: baseline.to_owned() });
    }
    let replicates = board.replicates.len();
    if replicates < ENOUGH_SEEDS {
        found.push(Ineligible::TooFewReplicates { replicates, needed: ENOUGH_SEEDS });
    }
    found
}

/// Everyone at a keep, those above the line first, else in the order of the board.
pub(super) fn standings(board: &Board, all: &[&Entry], of_board: &[Ineligible]) -> Vec<Standing> {
    let mut standings = Vec::with_capacity(all.len());
    // The place of the tie group that was seen last, and the rank of its first member above the line.
    let (mut group, mut rank, mut above) = (None, 0, 0);
    for entry in all {
        let reasons = of_entry(board, entry);
        let eligible = of_board.is_empty() && reasons.is_empty();
        let place = entry.place.map(|it| it.place).filter(|_| eligible);
        if place.is_some() {
            above += 1;
            if place != group {
                (group, rank) = (place, above);
            }
        }
        standings.push(Standing {
            method: entry.method.clone(),
            control: entry.control,
            rank: place.map(|_| rank),
            reasons,
        });
    }
    standings.sort_by_key(|it| it.rank.is_none());
    standings
}

fn of_entry(board: &Board, entry: &Entry) -> Vec<Ineligible> {
    let mut found = Vec::new();
    if !entry.complete {
        found.push(Ineligible::Incomplete { scored: entry.scored(), trials: entry.trials() });
    }
    if board.must_reach_counts() && entry.budget.missed_counts > 0 {
        found.push(Ineligible::MissedBudget { rows: entry.budget.missed_counts });
    }
    if entry.configurations.len() > 1 {
        found.push(Ineligible::MixedConfigurations { configurations: entry.configurations.len() });
    }
    // A board with too few has said so for everyone.
    let replicates = entry.replicates();
    if replicates < ENOUGH_SEEDS && board.replicates.len() >= ENOUGH_SEEDS {
        found.push(Ineligible::TooFewReplicates { replicates, needed: ENOUGH_SEEDS });
    }
    found
}
