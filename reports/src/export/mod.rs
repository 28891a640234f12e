//! The files of a report.

pub(crate) mod csv;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod markdown;
pub(crate) mod terminal;
pub(crate) mod write;

use crate::board::Entry;
use crate::row::Outcome;

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

/// How places are shared, for every export that prints them.
pub(crate) const TIE_CRITERION: &str = "a method shares the place of the best method of its group when the 95 % \
     t-interval of their paired difference contains zero or cannot be computed; not corrected for multiple comparisons";
