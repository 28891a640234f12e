//! What is looked for in measurements, and in what the tests of a board can show at all.

use std::collections::{BTreeMap, BTreeSet};

use super::{BoardWarning, Warning};
use crate::analysis::statistics::{ALPHA, BoardStatistics, ENOUGH_TASKS};
use crate::board::Board;
use crate::cost::MethodCost;
use crate::speed::Speed;
use crate::stats::wilcoxon::smallest_chance;
use crate::text;

/// Measurements of one network whose 10th and 90th percentiles are farther apart than this part of their median are noisy: a
/// speed-up of a fifth could be chance.
const NOISY: f64 = 0.2;

/// Warnings about what was measured. A measurement belongs to a track, so the first board of the track carries them.
pub(crate) fn warnings(boards: &[Board], costs: &[MethodCost], speeds: &[Speed]) -> Vec<BoardWarning> {
    type Track<'a> = (&'a str, &'a str);
    let mut first: BTreeMap<Track<'_>, &Board> = BTreeMap::new();
    for board in boards {
        first.entry((&board.key.suite, &board.key.track)).or_insert(board);
    }
    let mut by_track: BTreeMap<Track<'_>, (Vec<&MethodCost>, Vec<&Speed>)> = BTreeMap::new();
    for cost in costs {
        by_track.entry((&cost.suite, &cost.track)).or_default().0.push(cost);
    }
    for speed in speeds {
        by_track.entry((&speed.suite, &speed.track)).or_default().1.push(speed);
    }
    let of_track = |(track, (costs, speeds)): (&Track<'_>, &(Vec<&MethodCost>, Vec<&Speed>))| {
        let key = first.get(track)?.key.clone();
        Some(of(costs, speeds).into_iter().map(move |warning| BoardWarning { board: key.clone(), warning }))
    };
    by_track.iter().filter_map(of_track).flatten().collect()
}

fn of(costs: &[&MethodCost], speeds: &[&Speed]) -> Vec<Warning> {
    let threads = costs.iter().flat_map(|cost| cost.threads.iter().map(|threads| (*threads, &cost.method)));
    let threads = grouped(threads.chain(speeds.iter().map(|speed| (speed.threads, &speed.method))));
    let mut sizes: BTreeMap<&String, BTreeSet<u32>> = BTreeMap::new();
    for speed in speeds {
        sizes.entry(&speed.method).or_default().insert(speed.batch);
    }
    let words =
        |sizes: BTreeSet<u32>| sizes.iter().map(u32::to_string).collect::<Vec<String>>().join(" and ");
    let batches = grouped(sizes.into_iter().map(|(method, sizes)| (words(sizes), method)));
    let machines: BTreeSet<&String> =
        speeds.iter().map(|it| &it.machine).filter(|it| !it.is_empty()).collect();

    let mut found = Vec::new();
    if threads.len() > 1 {
        found.push(Warning::MixedThreads { threads });
    }
    if batches.len() > 1 {
        found.push(Warning::MixedBatchSizes { batches });
    }
    if machines.len() > 1 {
        found.push(Warning::MixedMachines { machines: machines.into_iter().cloned().collect() });
    }
    found.extend(noise(speeds));
    found
}

fn grouped<'a, K: Ord>(pairs: impl Iterator<Item = (K, &'a String)>) -> BTreeMap<K, Vec<String>> {
    let mut groups: BTreeMap<K, BTreeSet<&String>> = BTreeMap::new();
    for (key, method) in pairs {
        groups.entry(key).or_default().insert(method);
    }
    groups.into_iter().map(|(key, methods)| (key, methods.into_iter().cloned().collect())).collect()
}

fn noise(speeds: &[&Speed]) -> Option<Warning> {
    let spread =
        |it: &Speed| Some((it.p90_ms - it.p10_ms) / it.median_ms).filter(|spread| spread.is_finite());
    let mut spreads: Vec<(f64, &Speed)> = speeds.iter().filter_map(|it| Some((spread(it)?, *it))).collect();
    // By all that names them, so that the order of measurements cannot matter.
    spreads.sort_by(|(a, ours), (b, theirs)| {
        b.total_cmp(a).then_with(|| crate::export::csv::speed_order(ours, theirs))
    });
    let noisy = spreads.iter().take_while(|(spread, _)| *spread > NOISY).count();
    let (spread, widest) = spreads.first().filter(|_| noisy > 0)?;
    Some(Warning::NoisyMachine {
        noisy,
        measurements: spreads.len(),
        widest: format!(
            "{} at keep {}, {}, batch {}",
            text::clean(&widest.method),
            widest.keep,
            widest.form,
            widest.batch
        ),
        spread: *spread,
    })
}

/// Warnings about what the tests and intervals of boards can show.
pub(crate) fn of_statistics(statistics: &[BoardStatistics]) -> Vec<BoardWarning> {
    let of_board = |it: &BoardStatistics| {
        let key = it.key.clone();
        [level(it), overlaps(it)]
            .into_iter()
            .flatten()
            .map(move |warning| BoardWarning { board: key.clone(), warning })
    };
    statistics.iter().flat_map(of_board).collect()
}

fn level(statistics: &BoardStatistics) -> Option<Warning> {
    let tasks = statistics.keeps.first()?.tasks;
    let comparisons = statistics.keeps.iter().map(|keep| keep.methods.len().saturating_sub(1)).max()?;
    // Holm multiplies the smallest of all p-values by their number.
    let smallest = (smallest_chance(tasks) * comparisons as f64).min(1.0);
    let is_tested = tasks >= ENOUGH_TASKS && comparisons > 0;
    (is_tested && smallest >= ALPHA).then_some(Warning::LevelOutOfReach { tasks, comparisons, smallest })
}

fn overlaps(statistics: &BoardStatistics) -> Option<Warning> {
    let counts = statistics.keeps.iter().filter_map(|keep| {
        let inseparable = keep.inseparable?;
        Some((inseparable.interval_overlap?, inseparable.pairs))
    });
    let (overlapping, pairs) = counts.fold((0, 0), |sums, counts| (sums.0 + counts.0, sums.1 + counts.1));
    (overlapping > 0).then_some(Warning::OverlappingIntervals { overlapping, pairs })
}
