//! What is refused, and that it is refused before anything is spent.

use std::collections::BTreeMap;

use secateur_engine::State;
use secateur_sdk::secateur_abi as abi;

use super::bench::{Lab, run, start};

#[test]
fn wrong_parameters_are_named() {
    for (params, name) in [
        (r#"{"rate": 0}"#, "rate is 0"),
        (r#"{"rate": 1}"#, "rate is 1"),
        (r#"{"rate": 1e-17}"#, "no round removes anything"),
        (r#"{"rounds": 0}"#, "rounds is 0"),
        (r#"{"rate": 0.2, "rounds": 3}"#, "rate and rounds"),
        (r#"{"search_fraction": 1.5}"#, "search_fraction"),
        (r#"{"rewind": "step:x"}"#, "rewind is `step:x`"),
        (r#"{"mode": "one-shot", "rate": 0.5}"#, "rate is of rounds"),
        (r#"{"mode": "one-shot", "rounds": 5}"#, "rounds is of rounds"),
        (r#"{"mode": "mask-transfer", "rate": 0.5}"#, "rate is of a search"),
        (r#"{"mode": "mask-transfer", "rounds": 5}"#, "rounds is of a search"),
        (r#"{"mode": "mask-transfer", "search_fraction": 0.5}"#, "search_fraction is of a search"),
        (r#"{"mode": "mask-transfer", "emit": "trained"}"#, "emit: trained is of a search"),
        (r#"{"mode": "mask-transfer", "early_bird": {}}"#, "early_bird is of a search"),
        (r#"{"early_bird": {"distance": 1}}"#, "early_bird.distance"),
        (r#"{"early_bird": {"distance": -0.1}}"#, "early_bird.distance"),
        (r#"{"early_bird": {"window": 1}}"#, "early_bird.window is 1"),
        (r#"{"early_bird": {"window": 6, "checks": 5}}"#, "has 5 checks"),
        (r#"{"early_bird": {"every": 5}}"#, "every"),
        (r#"{"early_bird": {}, "emit": "trained"}"#, "emit: trained"),
        (r#"{"early_bird": {}, "scope": "erk"}"#, "scope: global"),
        (r#"{"perturb": "swap", "perturb_fraction": 0}"#, "perturb_fraction is 0"),
        (r#"{"perturb": "random", "perturb_fraction": 0.1}"#, "perturb: swap alone"),
        (r#"{"perturb_fraction": 0.1}"#, "there is no perturb"),
        (r#"{"perturb": "random", "rewind": "none"}"#, "rewind"),
        (r#"{"perturb": "swap", "emit": "trained"}"#, "emit: rewound"),
        (r#"{"perturb": "flip"}"#, "flip"),
        // Of the keeps that the suite asks for.
        (r#"{"rounds": 1}"#, "rounds is 1, but each of 2 keeps"),
        (r#"{"mode": "one-shot", "early_bird": {"distance": 0.45}}"#, "never differ in more than 0.400"),
        (r#"{"rate": 0.1, "early_bird": {"distance": 0.3}}"#, "never differ"),
    ] {
        let failure = run(params, 400, &[0.5, 0.2]).unwrap_err();
        assert_eq!(failure.status, abi::E_INVALID, "{params}: {failure}");
        assert!(failure.message.contains(name), "{params}: {failure}");
    }
}

#[test]
fn targets_that_cannot_be_reached_are_infeasible() {
    for (params, keep, reason) in [
        ("{}", 0.0, "no weight at all"),
        (r#"{"perturb": "complement"}"#, 1.0, "complement"),
        (r#"{"perturb": "swap"}"#, 1.0, "swap exchanges 27"),
        (r#"{"perturb": "swap", "perturb_fraction": 1}"#, 0.6, "removes 108"),
    ] {
        let failure = run(params, 40, &[keep]).unwrap_err();
        assert_eq!(failure.status, abi::E_INFEASIBLE, "{params}: {failure}");
        assert!(failure.message.contains(reason), "{params}: {failure}");
    }
}

#[test]
fn short_allowances_and_absent_checkpoints_are_told() {
    for (params, steps) in [
        ("{}", 0),
        (r#"{"rounds": 5}"#, 9),
        // The ticket's own training has no step.
        (r#"{"rounds": 5, "emit": "trained"}"#, 11),
        (r#"{"early_bird": {}, "rounds": 2}"#, 79),
        (r#"{"rate": 1e-12}"#, 400),
        (r#"{"rounds": 4294967295}"#, 400),
    ] {
        let failure = run(params, steps, &[0.2]).unwrap_err();
        assert_eq!(failure.status, abi::E_EXHAUSTED, "{params}: {failure}");
        assert!(failure.message.contains("raise the allowance"), "{params}: {failure}");
    }
    run(r#"{"early_bird": {}, "rounds": 2}"#, 80, &[0.2]).unwrap();
    for mode in ["iterative", "one-shot", "mask-transfer"] {
        let failure = run(&format!(r#"{{"mode": "{mode}", "rewind": "init"}}"#), 40, &[0.2]).unwrap_err();
        assert_eq!(failure.status, abi::E_UNSUPPORTED, "{failure}");
        assert!(failure.message.contains("`init`"), "{failure}");
    }
}

#[test]
fn refusals_come_before_the_first_step() {
    for params in [
        r#"{"rounds": 1}"#,
        r#"{"rewind": "init"}"#,
        r#"{"perturb": "complement"}"#,
        r#"{"mode": "one-shot", "early_bird": {"distance": 0.9}}"#,
    ] {
        let lab = Lab::new(0.05);
        lab.run(params, 200, &[1.0, 0.2], BTreeMap::new()).unwrap_err();
        // The network stands where the trial began: no step was made, and no mask was set.
        assert_eq!(lab.values(&State::of(&lab.model, None)), start(), "{params}");
    }
}
