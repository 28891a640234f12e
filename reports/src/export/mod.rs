//! The files of a report.

pub(crate) mod csv;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod markdown;
pub(crate) mod terminal;
pub(crate) mod write;

use std::collections::BTreeMap;

use crate::board::{Board, Entry};
use crate::row::Outcome;
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

/// How places are shared, for every export that prints them.
pub(crate) const TIE_CRITERION: &str = "a method shares the place of the best method of its group when the 95 % \
     t-interval of their paired difference contains zero or cannot be computed; not corrected for multiple comparisons";
