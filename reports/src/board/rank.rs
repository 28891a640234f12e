//! Ranks, places and tie groups.

use super::{Entry, Place};
use crate::stats;

/// Ranks the complete methods of each keep; if they must reach counts, those that did. Expects `entries` in the board's order.
pub(super) fn rank(entries: &mut [Entry], must_reach_counts: bool) {
    let reached = |entry: &Entry| !must_reach_counts || entry.budget.missed_counts == 0;
    let ranked: Vec<(u64, usize)> = (0..entries.len())
        .filter(|index| !entries[*index].is_dense() && entries[*index].complete && reached(&entries[*index]))
        .map(|index| (entries[index].keep.to_bits(), index))
        .collect();
    for keep in ranked.chunk_by(|a, b| a.0 == b.0) {
        let keep: Vec<usize> = keep.iter().map(|(_, index)| *index).collect();
        rank_tasks(entries, &keep);
        place(entries, &keep);
    }
}

/// Incomplete methods stay out altogether: ranking them where they have a score would shift the others' ranks on
/// some tasks only, and reward failing where one is weak.
fn rank_tasks(entries: &mut [Entry], keep: &[usize]) {
    let tasks = keep.first().map_or(0, |index| entries[*index].cells.len());
    for task in 0..tasks {
        let scores: Vec<f64> = keep
            .iter()
            .map(|index| {
                entries[*index].cells[task].summary.map_or(f64::NEG_INFINITY, |summary| summary.mean)
            })
            .collect();
        for (index, rank) in keep.iter().zip(stats::average_ranks(&scores)) {
            entries[*index].cells[task].rank = Some(rank);
        }
    }
    for index in keep {
        let ranks: Vec<f64> = entries[*index].cells.iter().filter_map(|cell| cell.rank).collect();
        entries[*index].average_rank = stats::mean(&ranks);
    }
}

/// A tie group is led by its best member, and has every following method that cannot be told apart from the
/// leader. Comparing with the leader rather than with the neighbour keeps a chain of small steps from tying the
/// best with the worst.
fn place(entries: &mut [Entry], keep: &[usize]) {
    let mut first = 0;
    while first < keep.len() {
        let leader = &entries[keep[first]];
        let size =
            1 + keep[first + 1..].iter().take_while(|index| !separable(leader, &entries[**index])).count();
        for index in &keep[first..first + size] {
            entries[*index].place = Some(Place { place: first + 1, tied: size > 1 });
        }
        first += size;
    }
}

/// Whether the paired difference of the two means has an interval without zero.
pub(crate) fn separable(a: &Entry, b: &Entry) -> bool {
    a.minus(b).and_then(|difference| difference.interval).is_some_and(|interval| !interval.contains_zero())
}
