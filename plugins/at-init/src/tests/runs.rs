//! Whole runs through the host.

use secateur_engine::State;
use secateur_sdk::secateur_abi as abi;

use super::bench::Bench;

const METHODS: [&str; 3] = ["org.secateur.snip", "org.secateur.grasp", "org.secateur.synflow"];

#[test]
fn counts_are_exact_and_the_same_seed_keeps_the_same_weights() {
    for method in METHODS {
        for scope in ["global", "uniform"] {
            let params = format!(r#"{{"scope": "{scope}"}}"#);
            // `kept` checks that weights and statistics are those of the start.
            let answers = Bench::small(true).kept(method, &params, 1000, &[0.5, 0.25]).unwrap();
            for (answer, count) in answers.iter().zip([42, 21]) {
                assert_eq!(answer.values().map(Vec::len).sum::<usize>(), count, "{method}, {scope}");
            }
            if scope == "uniform" {
                assert_eq!(answers[0]["conv.weight"].len(), 18, "{method}");
            }
            assert_eq!(answers, Bench::small(true).kept(method, &params, 1000, &[0.5, 0.25]).unwrap());
        }
    }
}

#[test]
fn the_initialization_is_scored_and_handed_in_where_asked_for() {
    for method in METHODS {
        let mut bench = Bench::small(true);
        let refused = bench.kept(method, r#"{"at": "init"}"#, 1000, &[0.3]).unwrap_err();
        assert_eq!(refused.status, abi::E_UNSUPPORTED, "{refused}");
        assert!(refused.message.contains("`init`"), "{refused}");

        let at_init = bench.kept(method, "{}", 1000, &[0.3]).unwrap();
        bench.init = Some(State::of(&bench.model, None));
        let other: Vec<f32> = (0..36).map(|index| (index as f32 * 0.7).sin()).collect();
        bench.set("conv.weight", &other);
        // `kept` checks that the weights are those of the initialization.
        assert_eq!(bench.kept(method, r#"{"at": "init"}"#, 1000, &[0.3]).unwrap(), at_init, "{method}");
        assert_ne!(bench.kept(method, "{}", 1000, &[0.3]).unwrap(), at_init, "{method}");
    }
}

#[test]
fn wrong_parameters_are_named() {
    for (method, params, name) in [
        ("org.secateur.snip", r#"{"batches": 0}"#, "`batches`"),
        ("org.secateur.snip", r#"{"batch": 0}"#, "`batch`"),
        ("org.secateur.snip", r#"{"statistics": "both"}"#, "both"),
        ("org.secateur.grasp", r#"{"temperature": 0}"#, "`temperature`"),
        ("org.secateur.grasp", r#"{"samples_per_class": 0}"#, "`samples_per_class`"),
        ("org.secateur.grasp", r#"{"parts": 0}"#, "`parts`"),
        ("org.secateur.synflow", r#"{"rounds": 0}"#, "`rounds`"),
        ("org.secateur.synflow", r#"{"at": "end"}"#, "end"),
        ("org.secateur.synflow", r#"{"round": 1}"#, "round"),
    ] {
        let refused = Bench::small(false).kept(method, params, 1000, &[0.5]).unwrap_err();
        assert_eq!(refused.status, abi::E_INVALID, "{refused}");
        assert!(refused.message.contains(name), "{refused}");
    }
}

#[test]
fn what_scores_take_of_the_allowance_is_known_before() {
    // A batch of two pictures; six pictures forward and backward twice; a hundred rounds of one picture of ones.
    for (method, needed) in METHODS.into_iter().zip([2, 12, 100]) {
        let refused = Bench::small(true).kept(method, "{}", needed - 1, &[0.5]).unwrap_err();
        assert_eq!(refused.status, abi::E_EXHAUSTED, "{refused}");
        assert!(refused.message.contains(&format!("take {needed} training samples")), "{refused}");
        assert!(refused.message.contains("raise the allowance"), "{refused}");
        Bench::small(true).kept(method, "{}", needed, &[0.5]).unwrap();
    }
}
