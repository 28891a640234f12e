//! Nights, as a store has them, and what a night is held against.

use proptest::prelude::*;
use secateur_reports::nights::{Options, judge, junit_xml, summary_md, trends_svg};
use secateur_store::{Night, Store};

use crate::cases;
use crate::memory::bounded;
use crate::mutate::{apply, edits};

/// A score of a few bytes is a draw under the name of its cell, and a line of the summary.
const TIMES: usize = 1000;

/// A night of two cells of three replicates, of which the last one rotates.
fn night(number: u32, plugin: &str) -> String {
    let cell = |task: &str, method: &str, keep: &str, score: f64| {
        let scores: Vec<String> = (0..2)
            .chain([100 + number])
            .map(|replicate| {
                let own = score + f64::from(replicate % 7) / 500.0;
                format!(r#"{{"replicate": {replicate}, "outcome": "ok", "score": {own}, "stage": "ab12"}}"#)
            })
            .collect();
        format!(
            r#"{{"key": {{"track": "none", "protocol": "transfer", "regime": "linear", "task": "{task}", "method": "{method}",
"keep": "{keep}"}}, "method": "org.m {{}}", "metric": "top1", "test_pictures": 500, "scores": [{}]}}"#,
            scores.join(", ")
        )
    };
    let failed = r#"{"key": {"track": "none", "protocol": "transfer", "regime": "linear", "task": "generated/a", "method": "broken",
"keep": "0.1"}, "method": "org.b {}", "metric": "", "scores": [{"replicate": 0, "outcome": "crashed", "detail": "signal 11"}]}"#;
    format!(
        r#"{{"number": {number}, "suite": "s", "finished": "2026-01-0{}T03:00:00Z", "fixed": 2, "accepted": true, "verdict": "OK",
"facts": {{"plugin libm.so": "{plugin}", "harness": "0.1.0"}},
"cells": [{}, {}, {failed}]}}"#,
        number.min(9),
        cell("generated/a", "magnitude", "0.1", 0.7),
        cell("", "dense-trained", "1", 0.9),
    )
}

/// A store with six nights, the last one as it is given.
fn store_of(last: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["objects", "work", "attempts", "suites", "nights/s"] {
        std::fs::create_dir_all(folder.path().join(name)).expect("made");
    }
    std::fs::write(folder.path().join("secateur-store.json"), "{\"format\": 1}\n").expect("written");
    let nights = folder.path().join("nights/s");
    for number in 1..6 {
        std::fs::write(nights.join(format!("{number:04}.json")), night(number, "aa")).expect("written");
    }
    std::fs::write(nights.join("0006.json"), last).expect("written");
    std::fs::write(nights.join("0003.accepted"), "").expect("written");
    folder
}

/// Reads the nights of a store, holds the last one against the others, and prints what comes of it.
fn judged(last: &[u8]) -> Result<Vec<Night>, String> {
    let folder = store_of(last);
    let length = last.len() + 5 * night(1, "aa").len();
    bounded(length, TIMES, || {
        let store = Store::open(folder.path()).expect("a store");
        let nights = store.nights("s").map_err(|error| error.to_string())?;
        let tonight = nights.last().expect("six nights");
        let judgement = judge(&nights, tonight, Options::default());
        let text = summary_md(&judgement) + &judgement.verdict();
        assert!(!text.is_empty());
        junit_xml(&judgement, tonight).unwrap_or_else(|error| panic!("{error}"));
        trends_svg(&nights, "s").unwrap_or_else(|error| panic!("{error}"));
        Ok(nights)
    })
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn a_changed_night_is_judged_or_refused_with_its_file(edits in edits()) {
        if let Err(error) = judged(&apply(night(6, "bb").as_bytes(), &edits)) {
            prop_assert!(error.contains("0006.json"), "{}", error);
        }
    }
}

#[test]
fn the_night_that_is_changed_can_be_read() {
    let nights = judged(night(6, "bb").as_bytes()).expect("nights");
    assert_eq!(nights.len(), 6);
    assert!(nights[2].level && !nights[1].level);
}

/// Numbers that only look like scores: infinite ones cannot be written in JSON, and huge ones must not end the judging.
#[test]
fn scores_of_any_size_are_judged() {
    for score in ["1e308", "-1e308", "1e-320", "-0.0", "0"] {
        let text = night(6, "bb").replace("\"score\": 0.7,", &format!("\"score\": {score},"));
        assert!(text.contains(score));
        judged(text.as_bytes()).expect("nights");
    }
}
