//! What tests, intervals and counts say of the order on a board.
//!
//! All of it is over the methods that the board ranks, at one keep. Tests over tasks take one number for each task, the mean
//! over replicates; comparisons over seeds take one for each replicate, the mean over tasks. Nothing here is quadratic in
//! the number of methods: every method is held against a reference, a neighbour or the leader of its group.

mod areas;
pub(crate) mod diagram;
mod differences;
mod eligibility;
pub(crate) mod fronts;
mod groups;
mod ranks;
mod signed;
#[cfg(test)]
mod tests;

use rayon::prelude::*;
use serde::Serialize;

use crate::board::{Board, BoardKey, Entry};
use crate::cost::MethodCost;
use crate::draws::DrawsOf;
use crate::row::Control;
use crate::speed::Speed;
use crate::stats::compare::Pooled;
use crate::stats::reversal::{Reversal, reversal};
use crate::stats::{self, Interval};

pub use areas::{AreaLine, Areas};
pub use differences::BaselineDifference;
pub use eligibility::{Ineligible, Standing};
pub use fronts::{CostAxis, Front, FrontPoint};
pub use groups::{Criterion, Groups, Inseparable};
pub use ranks::RankTest;
pub use signed::SignedRanks;

/// The level of every test of a report.
pub const ALPHA: f64 = 1.0 - stats::LEVEL;

/// The fewest tasks that a test over tasks is made of: with four, Wilcoxon's test cannot go below 0.125, and neither the
/// chi-square nor the F distribution says much of ranks.
pub const ENOUGH_TASKS: usize = 5;

/// Statistics of one board.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct BoardStatistics {
    /// The board.
    pub key: BoardKey,
    /// Why nobody on this board may be ranked in public; empty if nothing stands against it.
    pub ineligible: Vec<Ineligible>,
    /// Keeps with ranked or unranked methods, from large to small.
    pub keeps: Vec<KeepStatistics>,
    /// Areas under the curves of score over compression; absent with fewer than two keeps.
    pub areas: Option<Areas>,
    /// What no other network is better than, for each cost that differs between the networks of the board.
    pub fronts: Vec<Front>,
}

/// Statistics of the methods at one keep.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct KeepStatistics {
    /// Fraction of the prunable weights asked for.
    pub keep: f64,
    /// Tasks of the board.
    pub tasks: usize,
    /// Ranked methods, from best to worst by the mean.
    pub methods: Vec<MethodStatistics>,
    /// The standard deviation over seeds that all ranked methods have together; absent with one replicate.
    pub pooled: Option<Pooled>,
    /// Fisher's least significant difference of two means of as many replicates as the first method has.
    pub least_significant_difference: Option<f64>,
    /// Neighbours in the order that each criterion does not tell apart; absent for fewer than two methods.
    pub inseparable: Option<Inseparable>,
    /// Friedman's test with Nemenyi's, over tasks.
    pub rank_test: Option<RankTest>,
    /// Why there is no such test; absent if there is one.
    pub no_rank_test: Option<String>,
    /// The part of the pairs of neighbours that a run with one seed is expected to put the other way round; absent with one
    /// replicate.
    pub reversed_neighbours: Option<f64>,
    /// Everyone at this keep: who may be ranked in public, and who may not and why.
    pub standings: Vec<Standing>,
}

/// Statistics of one method at one keep.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct MethodStatistics {
    /// Method label.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Mean over tasks and replicates.
    pub mean: f64,
    /// Percentile interval of the mean from draws of tasks and replicates, which are drawn independently of each other.
    pub drawn: Option<Interval>,
    /// Mean over tasks of the rank.
    pub average_rank: f64,
    /// Its tie group under each criterion.
    pub groups: Groups,
    /// Wilcoxon's test over tasks against the first method.
    pub against_first: Option<SignedRanks>,
    /// Wilcoxon's test over tasks against the magnitude baseline.
    pub against_magnitude: Option<SignedRanks>,
    /// The difference from the magnitude baseline; absent for itself, and where there is none.
    pub from_magnitude: Option<BaselineDifference>,
    /// How often one seed would put it before the method that is ahead of it; absent for the first, and with one replicate.
    pub reversal: Option<Reversal>,
}

/// Statistics of all boards, in their order.
#[must_use]
pub fn tables(boards: &[Board], costs: &[MethodCost], speeds: &[Speed]) -> Vec<BoardStatistics> {
    let measured = fronts::Measured::of(costs, speeds);
    boards.iter().filter(|board| board.methods().next().is_some()).map(|it| table(it, &measured)).collect()
}

fn table(board: &Board, measured: &fronts::Measured<'_>) -> BoardStatistics {
    let ineligible = eligibility::of_board(board);
    let keeps = board.keeps().into_iter().map(|it| keep(board, it, &ineligible)).collect();
    BoardStatistics {
        key: board.key.clone(),
        keeps,
        areas: areas::areas(board),
        fronts: fronts::fronts(board, measured),
        ineligible,
    }
}

fn keep(board: &Board, keep: f64, of_board: &[Ineligible]) -> KeepStatistics {
    let all: Vec<&Entry> = board.methods().filter(|it| it.keep.to_bits() == keep.to_bits()).collect();
    let ranked: Vec<&Entry> = all.iter().copied().filter(|it| it.place.is_some()).collect();
    let tasks = board.tasks.len();
    let means: Vec<_> = ranked.iter().filter_map(|it| it.mean).collect();
    let pooled = Pooled::of(&means);
    let least = pooled
        .zip(means.first())
        .and_then(|(pooled, first)| pooled.least_significant_difference(ALPHA, first.n, first.n));
    let groups = groups::groups(&ranked, pooled);
    let magnitude = ranked.iter().copied().find(|it| it.is_magnitude());
    let against_first = signed::against(&ranked, ranked.first().copied());
    let against_magnitude = signed::against(&ranked, magnitude);
    let reversals = reversals(&ranked);
    let (rank_test, no_rank_test) = match ranks::rank_test(&ranked, tasks) {
        Ok(test) => (Some(test), None),
        Err(reason) => (None, Some(reason)),
    };
    let draws = DrawsOf::entries(ranked.iter().copied());
    let methods: Vec<MethodStatistics> = ranked
        .par_iter()
        .enumerate()
        .filter_map(|(place, entry)| {
            Some(MethodStatistics {
                method: entry.method.clone(),
                control: entry.control,
                mean: entry.mean?.mean,
                drawn: differences::drawn_mean(entry, &draws),
                average_rank: entry.average_rank?,
                groups: groups[place],
                against_first: against_first[place],
                against_magnitude: against_magnitude[place],
                from_magnitude: magnitude.and_then(|it| differences::difference(entry, it, &draws)),
                reversal: reversals[place],
            })
        })
        .collect();
    let chances: Vec<f64> = reversals.iter().flatten().filter_map(|it| it.paired).collect();
    KeepStatistics {
        keep,
        tasks,
        inseparable: groups::inseparable(&ranked, pooled),
        methods,
        pooled,
        least_significant_difference: least,
        rank_test,
        no_rank_test,
        reversed_neighbours: stats::mean(&chances),
        standings: eligibility::standings(board, &all, of_board),
    }
}

/// Each method against the one before it; nothing where there is one replicate, of which no other can differ.
fn reversals(ranked: &[&Entry]) -> Vec<Option<Reversal>> {
    let means: Vec<Vec<(u32, f64)>> =
        ranked.iter().map(|entry| entry.replicate_means().into_iter().collect()).collect();
    let against = |place: usize| {
        let (ahead, own) = (means.get(place.checked_sub(1)?)?, &means[place]);
        if ahead.len() < 2 && own.len() < 2 {
            return None;
        }
        reversal(ahead, own)
    };
    (0..ranked.len()).map(against).collect()
}

/// The mean over replicates on each task; empty if a task has none.
fn task_means(entry: &Entry) -> Vec<f64> {
    let means: Option<Vec<f64>> = entry.cells.iter().map(|cell| Some(cell.summary?.mean)).collect();
    means.unwrap_or_default()
}
