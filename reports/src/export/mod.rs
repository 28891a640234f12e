//! The files of a report.

pub(crate) mod csv;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod latex;
pub(crate) mod markdown;
mod strata;
pub(crate) mod terminal;
pub(crate) mod write;

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::agreement::Agreement;
use crate::analysis::beside::Beside;
use crate::analysis::families::{FamilyKeep, ModePair};
use crate::analysis::masks::MaskTally;
use crate::analysis::perturbation::{COMPLEMENT, PerturbationTable};
use crate::analysis::tickets::{TicketLine, TicketTable};
use crate::analysis::upstream::Rank;
use crate::board::{Board, Entry, ErrorIncrease};
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

/// Which methods begin from initialization, and which are given more than the others; empty where none is.
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
    let mut stretched: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
    for entry in board.entries.iter().filter(|entry| entry.budget.stretch > 1) {
        stretched.entry(entry.budget.stretch).or_default().insert(&entry.method);
    }
    let stretched = stretched.iter().map(|(factor, methods)| {
        let names: Vec<String> = methods.iter().map(|name| text::clean(name)).collect();
        let (is, rows) = if names.len() == 1 { ("is", "its rows are") } else { ("are", "their rows are") };
        format!(
            "{} {is} given {factor} times as much, so that {rows} not equal to the others.",
            names.join(", ")
        )
    });
    groups.chain(stretched).collect::<Vec<_>>().join(" ")
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

/// The boards of which it cannot be told what matches, and why; empty if there is none.
pub(crate) fn ticket_unknown_words(tables: &[TicketTable]) -> String {
    let boards: Vec<String> =
        tables.iter().filter(|table| !table.can_be_told()).map(|table| table.key.title()).collect();
    if boards.is_empty() {
        return String::new();
    }
    format!(
        "It cannot be told where dense-trained has fewer than two replicates, for then its standard deviation is unknown: {}.",
        boards.join("; ")
    )
}

/// Whose weights a method handed on.
pub(crate) fn ticket_weights_word(line: &TicketLine) -> String {
    line.weights_of.as_deref().map_or_else(|| "changed or not known".to_owned(), text::clean)
}

/// A correlation with two decimals and a typographic minus.
pub(crate) fn correlation_words(value: Option<f64>) -> String {
    // A correlation is printed as a percentage is, but for its scale.
    value.map_or_else(|| "–".to_owned(), |value| text::signed(value / 100.0, 2))
}

/// The pairs of methods that a paper has in the other order than we.
pub(crate) fn disagreement_words(agreement: &Agreement) -> String {
    let pairs: Vec<String> =
        agreement.disagreements.iter().map(|(ahead, behind)| format!("{ahead} over {behind}")).collect();
    let methods = agreement.methods.len();
    let all = methods * (methods - 1) / 2;
    match pairs.len() {
        0 => format!("None of {all} pairs is the other way round in the paper."),
        1 => format!("1 of {all} pairs is the other way round in the paper: {}.", pairs[0]),
        count => {
            format!("{count} of {all} pairs are the other way round in the paper: {}.", pairs.join(", "))
        }
    }
}

/// Why published figures do not stand beside a board, or that no method is in both; empty where there are lines.
pub(crate) fn beside_reasons(table: &Beside) -> String {
    match (table.reasons.is_empty(), table.lines.is_empty()) {
        (true, false) => String::new(),
        (true, true) => "conditions are the paper's, but no method at any keep is in both.".to_owned(),
        (false, _) => format!("not beside it, for {}.", table.reasons.join("; ")),
    }
}

/// A relative increase in error and its interval: `+12.3 %` and `+8.0 to +16.1 %`.
pub(crate) fn increase_words(increase: Option<ErrorIncrease>) -> (String, String) {
    let Some(increase) = increase else { return ("–".to_owned(), String::new()) };
    let interval = increase
        .interval
        .map_or(String::new(), |it| format!("{} to {} %", text::points(it.low, 1), text::points(it.high, 1)));
    (format!("{} %", text::points(increase.mean, 1)), interval)
}

/// Which family is first at a keep, and which cannot be told apart from it.
pub(crate) fn winner_words(keep: &FamilyKeep) -> String {
    let Some(first) = keep.lines.first() else { return String::new() };
    let tied: Vec<String> = keep.lines[1..]
        .iter()
        .filter(|line| line.separable == Some(false))
        .map(|line| format!("{} ({})", line.family.label(), line.method))
        .collect();
    let begin = format!("{} ({})", first.family.label(), first.method);
    match tied.len() {
        0 if keep.lines.len() == 1 => format!("{begin}, the only one with a mean."),
        0 => format!("{begin}, told apart from all others."),
        _ => format!("{begin}, not separable from {}.", tied.join(", ")),
    }
}

/// The shares of the allowance that both entries of a pair search with, where they differ: `search 0.25`, `search by default`.
pub(crate) fn search_words(pair: &ModePair) -> Option<[String; 2]> {
    let words = |share: &String| match share.as_str() {
        "default" => "search by default".to_owned(),
        share => format!("search {share}"),
    };
    pair.search.as_ref().map(|shares| shares.each_ref().map(words))
}

/// On how many tasks the iterative entry is ahead: `5 of 12 tasks`.
pub(crate) fn ahead_words(pair: &ModePair) -> String {
    let equal = match pair.tasks - pair.decided {
        0 => String::new(),
        count => format!(", equal on {count}"),
    };
    format!("on {} of {} task{}{equal}", pair.ahead, pair.tasks, if pair.tasks == 1 { "" } else { "s" })
}

/// Both ends of a rank correlation's interval; empty where there is none.
pub(crate) fn rank_interval_words(rank: &Rank) -> String {
    rank.interval
        .map_or(String::new(), |it| [it.low, it.high].map(|end| correlation_words(Some(end))).join(" to "))
}
