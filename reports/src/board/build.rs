//! From rows to boards.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::baseline::must_reach_counts;
use super::{Board, BoardKey, BoardTask, Budget, Cell, Entry, Span, Trial, error, rank};
use crate::family::Family;
use crate::row::{Control, Outcome, Row};
use crate::stats::{self, Over, Summary};
use crate::text;

/// Sorts `rows` into boards. The order of the rows does not matter.
#[must_use]
pub fn boards(rows: &[Row]) -> Vec<Board> {
    let mut groups: BTreeMap<(&str, &str, &str, &str), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry((&row.suite, &row.track, &row.protocol, &row.regime)).or_default().push(row);
    }
    let mut boards = Vec::new();
    for ((suite, track, protocol, regime), rows) in groups {
        let (dense, pruned): (Vec<&Row>, Vec<&Row>) = rows.into_iter().partition(|row| is_dense(row));
        let mut by_granularity: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in pruned {
            by_granularity.entry(&row.granularity).or_default().push(row);
        }
        if by_granularity.is_empty() {
            by_granularity.insert("dense", Vec::new());
        }
        for (granularity, mut rows) in by_granularity {
            rows.extend(&dense);
            let key = BoardKey {
                suite: suite.to_owned(),
                track: track.to_owned(),
                protocol: protocol.to_owned(),
                regime: regime.to_owned(),
                granularity: granularity.to_owned(),
            };
            boards.push(board(key, &rows));
        }
    }
    boards.sort_by(|a, b| reading_order(&a.key).cmp(&reading_order(&b.key)));
    boards
}

fn is_dense(row: &Row) -> bool {
    matches!(row.control, Some(Control::DenseAsIs | Control::DenseTrained | Control::Scratch))
}

/// Transfer before direct and linear before full, as the papers print them; unknown words after the known.
fn reading_order(key: &BoardKey) -> impl Ord + use<'_> {
    let place = |words: &[&str], word: &str| words.iter().position(|it| *it == word).unwrap_or(words.len());
    (
        &key.suite,
        &key.track,
        place(&["transfer", "direct", "upstream", "validation"], &key.protocol),
        &key.protocol,
        place(&["linear", "full", "none"], &key.regime),
        &key.regime,
        place(&["weights", "channels"], &key.granularity),
        &key.granularity,
    )
}

fn board(key: BoardKey, rows: &[&Row]) -> Board {
    let mut metrics: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for row in rows {
        let names = metrics.entry(&row.task).or_default();
        // A row without a result may not know its metric.
        if !row.metric.is_empty() {
            names.insert(row.metric.clone());
        }
    }
    let ids: Vec<String> = metrics.keys().map(|id| (*id).to_owned()).collect();
    let shorts = text::short_names(&ids);
    let tasks: Vec<BoardTask> = ids
        .into_iter()
        .zip(shorts)
        .zip(metrics.into_values())
        .map(|((id, short), metrics)| BoardTask { id, short, metrics })
        .collect();
    let replicates: BTreeSet<u32> =
        rows.iter().filter(|row| !is_dense(row)).map(|row| row.replicate).collect();

    let mut groups: BTreeMap<(u8, u64, &str), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let class = match row.control {
            Some(Control::DenseAsIs) => 0,
            Some(Control::DenseTrained | Control::Scratch) => 1,
            Some(Control::Baseline) | None => 2,
        };
        groups.entry((class, row.keep.to_bits(), &row.method)).or_default().push(row);
    }
    let mut entries: Vec<Entry> = groups.into_values().map(|rows| entry(&rows, &tasks)).collect();
    compare_with_dense(&mut entries);
    error::fill(&mut entries);
    entries.sort_by(entry_order);
    rank::rank(&mut entries, must_reach_counts(&key.granularity));
    Board { key, tasks, replicates, entries }
}

fn entry_order(a: &Entry, b: &Entry) -> Ordering {
    let class = |entry: &Entry| match entry.control {
        Some(Control::DenseAsIs) => 0,
        Some(Control::DenseTrained) => 1,
        Some(Control::Scratch) => 2,
        Some(Control::Baseline) | None => 3,
    };
    let mean = |entry: &Entry| entry.mean.map_or(f64::NEG_INFINITY, |mean| mean.mean);
    class(a)
        .cmp(&class(b))
        .then_with(|| b.keep.total_cmp(&a.keep))
        .then_with(|| mean(b).total_cmp(&mean(a)))
        .then_with(|| a.method.cmp(&b.method))
}

fn entry(rows: &[&Row], tasks: &[BoardTask]) -> Entry {
    // A store has a row for every trial of the suite, run or not, so that those of an entry are what is expected of it:
    // suites have fewer replicates for some methods, and the untouched network may well be scored once.
    let replicates: BTreeSet<u32> = rows.iter().map(|row| row.replicate).collect();
    let mut by_trial: BTreeMap<(&str, u32), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        by_trial.entry((&row.task, row.replicate)).or_default().push(row);
    }
    let cells: Vec<Cell> = tasks
        .iter()
        .map(|task| {
            let trials: Vec<Trial> = replicates
                .iter()
                .map(|replicate| {
                    trial(*replicate, by_trial.get(&(task.id.as_str(), *replicate)).map_or(&[], |it| it))
                })
                .collect();
            let scores: Vec<f64> = trials.iter().filter_map(|trial| trial.score).collect();
            Cell {
                complete: !trials.is_empty() && scores.len() == trials.len(),
                summary: Summary::of(&scores, Over::SeedsAtFixedTasks),
                trials,
                drop: None,
                error_increase: None,
                rank: None,
            }
        })
        .collect();
    let mut outcomes = BTreeMap::new();
    for trial in cells.iter().flat_map(|cell| &cell.trials) {
        *outcomes.entry(trial.outcome).or_insert(0) += 1;
    }
    let first = rows.first();
    let configurations: BTreeSet<(String, String)> =
        rows.iter().map(|row| (row.method_id.clone(), row.params.clone())).collect();
    let mut entry = Entry {
        method: first.map(|row| row.method.clone()).unwrap_or_default(),
        family: Family::of_configurations(&configurations),
        configurations,
        // Rows of one label that disagree on being a control are caught as two configurations or not at all;
        // the larger claim (a control) wins, for it is checked harder.
        control: rows.iter().find_map(|row| row.control),
        keep: first.map_or(1.0, |row| row.keep),
        complete: !cells.is_empty() && cells.iter().all(|cell| cell.complete),
        cells,
        mean: None,
        drop: None,
        error_increase: None,
        average_rank: None,
        place: None,
        outcomes,
        weights_of: agreed(rows, |row| row.weights_of.as_deref()),
        pretrained: agreed(rows, |row| Some(row.pretrained.as_str()).filter(|name| !name.is_empty())),
        budget: budget(rows),
    };
    if entry.complete {
        let means: Vec<f64> = entry.replicate_means().into_values().collect();
        entry.mean = Summary::of(&means, Over::SeedsAtFixedTasks);
    }
    entry
}

/// The checkpoint that all scored rows name; nothing where one names none, or another.
fn agreed(rows: &[&Row], name: fn(&Row) -> Option<&str>) -> Option<String> {
    let mut named = rows.iter().filter(|row| row.score.is_some()).map(|row| name(row));
    let first = named.next()??;
    named.all(|name| name == Some(first)).then(|| first.to_owned())
}

/// Joins the stored rows of one trial. Equal rows are one; rows that disagree leave no score to believe.
fn trial(replicate: u32, rows: &[&Row]) -> Trial {
    let Some(first) = rows.first() else {
        let detail = "no row in the store".to_owned();
        return Trial { replicate, outcome: Outcome::Missing, score: None, detail, contradiction: false };
    };
    let differs = |row: &&&Row| {
        row.outcome != first.outcome || row.score.map(f64::to_bits) != first.score.map(f64::to_bits)
    };
    if rows.iter().any(|row| differs(&row)) {
        let mut claims: Vec<String> = rows
            .iter()
            .map(|row| match row.score {
                Some(score) => score.to_string(),
                None => row.outcome.word().to_owned(),
            })
            .collect();
        claims.sort();
        claims.dedup();
        let detail = format!("contradictory rows: {}", claims.join(", "));
        return Trial { replicate, outcome: Outcome::Failed, score: None, detail, contradiction: true };
    }
    match (first.outcome, first.score.filter(|score| score.is_finite())) {
        (Outcome::Ok, Some(score)) => Trial {
            replicate,
            outcome: Outcome::Ok,
            score: Some(score),
            detail: String::new(),
            contradiction: false,
        },
        (Outcome::Ok, None) => {
            let detail = "ended ok but has no finite score".to_owned();
            Trial { replicate, outcome: Outcome::Failed, score: None, detail, contradiction: false }
        }
        // A score beside a failure is left over from something; it is no result.
        (outcome, _) => Trial {
            replicate,
            outcome,
            score: None,
            detail: first.outcome_detail.clone(),
            contradiction: false,
        },
    }
}

fn compare_with_dense(entries: &mut [Entry]) {
    let Some(dense) = entries.iter().find(|entry| entry.control == Some(Control::DenseTrained)).cloned()
    else {
        return;
    };
    for entry in entries {
        if entry.control == Some(Control::DenseTrained) {
            continue;
        }
        if entry.complete {
            entry.drop = dense.minus(entry);
        }
        for (cell, reference) in entry.cells.iter_mut().zip(&dense.cells) {
            let differences: Vec<f64> = cell
                .trials
                .iter()
                .filter_map(|trial| {
                    let paired = reference.trials.iter().find(|it| it.replicate == trial.replicate)?;
                    Some(paired.score? - trial.score?)
                })
                .collect();
            cell.drop = Summary::of(&differences, Over::SeedsAtFixedTasks);
        }
    }
}

fn budget(rows: &[&Row]) -> Budget {
    let span = |field: fn(&Row) -> Option<u64>| {
        let values = || rows.iter().filter_map(|row| field(row));
        Some(Span { min: values().min()?, max: values().max()? })
    };
    let average = |field: &dyn Fn(&Row) -> Option<f64>| {
        let values: Vec<f64> =
            rows.iter().filter_map(|row| field(row)).filter(|value| value.is_finite()).collect();
        // All rows of an entry often state one number, and its mean must be that number to the last bit.
        match values.first() {
            Some(first) if values.iter().all(|value| value == first) => Some(*first),
            _ => stats::mean(&sorted(values)),
        }
    };
    let ratio =
        |part: Option<u64>, whole: Option<u64>| Some(part? as f64 / whole.filter(|it| *it > 0)? as f64);
    Budget {
        prunable_sets: rows
            .iter()
            .map(|row| row.prunable_set.clone())
            .filter(|name| !name.is_empty())
            .collect(),
        prunable_total: span(|row| row.prunable_total),
        target_count: span(|row| row.target_count),
        achieved_count: span(|row| row.achieved_count),
        nonzero_before: span(|row| row.nonzero_before),
        missed_counts: rows
            .iter()
            .filter(|row| {
                row.target_count.zip(row.achieved_count).is_some_and(|(target, achieved)| target != achieved)
            })
            .count(),
        sparsity: average(&|row| ratio(row.achieved_count, row.prunable_total).map(|kept| 1.0 - kept)),
        compression: average(&|row| ratio(row.params_total, row.params_remaining)),
        params_remaining: span(|row| row.params_remaining),
        conv_fc_remaining: span(|row| row.conv_fc_remaining),
        macs_executed: average(&|row| row.macs_executed.map(|macs| macs as f64)),
        macs_nonzero: average(&|row| row.macs_nonzero.map(|macs| macs as f64)),
        allowance_samples: span(|row| Some(row.allowance_samples)),
        init_samples: rows.iter().map(|row| row.init_samples).max().unwrap_or(0),
        stretch: rows.iter().map(|row| row.stretch).max().unwrap_or(1),
        method_samples: average(&|row| row.method_samples.map(|samples| samples as f64)),
        recover_samples: average(&|row| row.recover_samples.map(|samples| samples as f64)),
        training_macs: average(&|row| row.training_macs),
    }
}

/// Sums depend on the order of their terms, and a report must not depend on the order of its rows.
fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}
