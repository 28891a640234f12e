//! Searches that end before they must.

use std::collections::BTreeMap;

use super::bench::{Lab, answers};

/// A round of 40 steps for each of two keeps, and 40 for what comes after.
const STEPS: u64 = 160;
const KEEPS: [f64; 2] = [0.5, 0.25];

fn steps(lab: &Lab, params: &str) -> Vec<u64> {
    let found = lab.run(params, STEPS, &KEEPS, BTreeMap::new()).unwrap();
    assert!(found.iter().all(|answer| answer.kept() == answer.count));
    found.iter().map(|answer| answer.steps).collect()
}

#[test]
fn a_training_that_moves_nothing_ends_with_the_window() {
    // Without a learning rate the mask has settled at the first check; the second of two in a window of 2 shows it.
    for (window, checks, expected) in
        [(2, 10, [8, 16]), (5, 10, [20, 40]), (10, 10, [40, 80]), (5, 20, [10, 20])]
    {
        let params = format!(r#"{{"rate": 0.5, "early_bird": {{"window": {window}, "checks": {checks}}}}}"#);
        assert_eq!(steps(&Lab::new(0.0), &params), expected, "{params}");
    }
}

#[test]
fn a_bound_of_zero_never_stops_and_changes_nothing() {
    let watched = r#"{"rate": 0.5, "early_bird": {"distance": 0}}"#;
    assert_eq!(steps(&Lab::new(0.0), watched), [40, 80]);
    // Looking at the masks leaves no trace in a training.
    assert_eq!(answers(watched, STEPS, &KEEPS), answers(r#"{"rate": 0.5}"#, STEPS, &KEEPS));
    let watched = r#"{"mode": "one-shot", "early_bird": {"distance": 0, "checks": 7}}"#;
    assert_eq!(answers(watched, STEPS, &KEEPS), answers(r#"{"mode": "one-shot"}"#, STEPS, &KEEPS));
}

#[test]
fn a_training_that_moves_a_lot_goes_on_longer_than_one_that_moves_little() {
    let params = r#"{"mode": "one-shot", "early_bird": {"distance": 0.05, "checks": 40}}"#;
    let ended = [0.0, 0.3].map(|lr| steps(&Lab::new(lr), params)[0]);
    // 80 steps, looked at after every second one.
    assert_eq!(ended[0], 10);
    assert!(ended[1] > ended[0], "{ended:?}");
}

#[test]
fn what_a_settled_round_leaves_is_not_spent() {
    // The mask is that of a training of as many steps as were done.
    let lab = Lab::new(0.05);
    let params = r#"{"mode": "one-shot", "rewind": "none", "early_bird": {"distance": 0.4, "window": 2, "checks": 10}}"#;
    let stopped = lab.run(params, 80, &[0.5], BTreeMap::new()).unwrap().remove(0);
    assert!(stopped.steps < 40, "{}", stopped.steps);
    let params = r#"{"mode": "one-shot", "rewind": "none", "search_fraction": 1}"#;
    let whole = answers(params, stopped.steps, &[0.5]).remove(0);
    assert_eq!(stopped, whole);
}
