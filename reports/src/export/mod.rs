//! The files of a report.

pub(crate) mod csv;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod markdown;
pub(crate) mod terminal;
pub(crate) mod write;

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::masks::MaskTally;
use crate::analysis::perturbation::{COMPLEMENT, PerturbationTable};
use crate::board::{Board, Entry};
use crate::pairs::{Pair, PairKeep, PairTable};
use crate::row::Outcome;
use crate::stats::Interval;
use crate::text;

/// What stands where a mean would, for an entry without one.
pub(crate) fn incomplete_word(entry: &Entry) -> String {
    let mut words: Vec<&str> =
        entry.outcomes.keys().filter(|outcome| **outcome != Outcome::Ok).map(|it| it.word()).collect();
    match words.len() {
        0 => "incomplete".to_owned(),
        1 => words.remove(0).to_owned(),
        _ => format!("{} +{}", words[0], words.len() - 1),
    }
}

/// The metrics of a board's tasks, each with the number of tasks it is the metric of: `top-1 on 8, mean per class on 4`.
pub(crate) fn metric_words(board: &Board) -> String {
    let mut by_metric: BTreeMap<&str, usize> = BTreeMap::new();
    for name in board.tasks.iter().flat_map(|task| &task.metrics) {
        *by_metric.entry(name).or_default() += 1;
    }
    if let ([_], Some((name, _))) = (board.tasks.as_slice(), by_metric.first_key_value())
        && by_metric.len() == 1
    {
        return text::metric(name);
    }
    let parts: Vec<String> =
        by_metric.iter().map(|(name, tasks)| format!("{} on {tasks}", text::metric(name))).collect();
    parts.join(", ")
}

/// Which methods begin from initialization and what they have for it; empty where none does.
pub(crate) fn start_words(board: &Board) -> String {
    let mut groups: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
    for entry in board.entries.iter().filter(|entry| entry.budget.init_samples > 0) {
        groups.entry(entry.budget.init_samples).or_default().insert(&entry.method);
    }
    let groups = groups.iter().map(|(samples, methods)| {
        let names: Vec<String> = methods.iter().map(|name| text::clean(name)).collect();
        let (begins, have) = if names.len() == 1 { ("begins", "has") } else { ("begin", "have") };
        format!(
            "{} {begins} from initialization and {have} the {} pictures of the upstream network's training beside the \
             allowance.",
            names.join(", "),
            text::count(*samples)
        )
    });
    groups.collect::<Vec<_>>().join(" ")
}

/// Both ends of an interval of a difference, in points: `−0.40 to +2.00`.
pub(crate) fn interval_words(interval: &Interval) -> String {
    [interval.low, interval.high].map(|end| text::points(end, 2)).join(" to ")
}

/// What the differences at one keep are means over, and what their intervals are over.
pub(crate) fn pair_words(keep: &PairKeep) -> String {
    let range = |of: fn(&Pair) -> usize| {
        let numbers = || keep.pairs.iter().map(of);
        (numbers().min().unwrap_or(0), numbers().max().unwrap_or(0))
    };
    let either = |(least, most): (usize, usize)| match text::count(most as u64) {
        most_words if least == most => most_words,
        most_words => format!("{} to {most_words}", text::count(least as u64)),
    };
    let replicates = range(|pair| pair.replicates);
    let over = match replicates {
        (_, 1) => "One replicate, intervals over pictures only: they say nothing of other seeds".to_owned(),
        (1, _) => {
            let shared = either(replicates);
            format!(
                "{shared} shared replicates, intervals over pictures and seeds, or over pictures only where it says so"
            )
        }
        _ => format!("{} shared replicates, intervals over pictures and seeds", either(replicates)),
    };
    let left_out = range(|pair| pair.left_out);
    let without = match left_out {
        (_, 0) => String::new(),
        _ => format!("; {} more have no object to find and are left out", either(left_out)),
    };
    format!("{over}. {} draws of pictures{without}.", either(range(|pair| pair.draws)))
}

/// How many networks of a table are in no pair, and why; nothing if all are.
pub(crate) fn lacking_words(table: &PairTable) -> String {
    if table.lacking == 0 {
        return String::new();
    }
    format!(
        "{} of {} scored networks {} in no pair: their predictions are not in the store any more, or were written before \
         there were draws of pictures.",
        table.lacking,
        table.networks,
        if table.lacking == 1 { "is" } else { "are" }
    )
}

/// How many masks are missing, and why, as a sentence after another; nothing if all are there.
pub(crate) fn mask_tally_words(tally: MaskTally) -> String {
    let MaskTally { networks, gone, damaged } = tally;
    let sentence = |count: usize, what: &str| match count {
        0 => String::new(),
        _ => format!(" Masks of {count} of {networks} networks {what}."),
    };
    sentence(gone, "are not in the store any more") + &sentence(damaged, "cannot be read")
}

/// What a family of perturbed tickets has in common, and what complements are held against.
pub(crate) fn ticket_words(table: &PerturbationTable) -> String {
    let mut words = format!(
        "{} {}, {} task{}.",
        text::clean(&table.method_id),
        text::fit(&text::clean(&table.params), 300),
        table.tasks,
        if table.tasks == 1 { "" } else { "s" }
    );
    if table.lines.iter().any(|line| line.perturbation == COMPLEMENT) {
        words += " A complement at keep k is that of the ticket at keep 1 − k; it is held against the ticket that keeps as much \
                  as it does, if there is one.";
    }
    words
}

/// How places are shared, for every export that prints them.
pub(crate) const TIE_CRITERION: &str = "a method shares the place of the best method of its group when the 95 % \
     t-interval of their paired difference contains zero or cannot be computed; not corrected for multiple comparisons";
