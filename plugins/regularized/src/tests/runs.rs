//! Whole runs through the host.

use std::ffi::CStr;

use secateur_sdk::prelude::*;
use secateur_sdk::secateur_abi as abi;
use secateur_sdk::{Exported, NoConfig, SharedEntry, build_entry};
use secateur_suite::Schedule;

use super::bench::{Answer, run, run_with};
use crate::secateur_plugin_entry;
use crate::trainings::{for_each_target, score_by_magnitude};

const METHODS: [&str; 3] = ["org.secateur.str", "org.secateur.ac-dc", "org.secateur.dnw"];

fn answers(method: &str, params: &str, steps: u64, keeps: &[f64]) -> Vec<Answer> {
    run(secateur_plugin_entry, method, params, steps, keeps).unwrap()
}

#[test]
fn every_target_gets_its_exact_count_from_an_equal_share() {
    for method in METHODS {
        let answers = answers(method, "{}", 80, &[0.4, 0.1]);
        for (index, answer) in answers.iter().enumerate() {
            assert_eq!(answer.layers.iter().map(|layer| layer.kept()).sum::<u64>(), answer.count, "{method}");
            assert_eq!(answer.steps, 40 * (index as u64 + 1), "{method}");
            for layer in &answer.layers {
                let zeros = layer.weight.iter().zip(&layer.kept).filter(|(_, kept)| !**kept);
                assert!(zeros.map(|(value, _)| *value).all(|value| value == 0.0), "{method}");
            }
        }
    }
}

#[test]
fn trainings_begin_anew_and_repeat_to_the_bit() {
    for method in METHODS {
        let both = answers(method, "{}", 80, &[0.4, 0.1]);
        assert_eq!(both, answers(method, "{}", 80, &[0.4, 0.1]), "{method}");
        // The first of two trainings is what a training alone with as many steps is: the second cannot have begun before.
        let alone = answers(method, "{}", 40, &[0.4]);
        assert_eq!(both[0].layers, alone[0].layers, "{method}");
    }
}

#[test]
fn a_part_of_the_allowance_is_left_for_recovery() {
    for method in METHODS {
        assert_eq!(answers(method, r#"{"search_fraction": 0.5}"#, 80, &[0.2])[0].steps, 40, "{method}");
    }
}

#[test]
fn layers_of_dnw_keep_the_same_fraction() {
    let answer = answers("org.secateur.dnw", "{}", 20, &[0.5]).remove(0);
    assert_eq!(answer.layers.iter().map(|layer| layer.kept()).collect::<Vec<_>>(), [27, 108]);
    let answer = answers("org.secateur.dnw", r#"{"scope": "erk"}"#, 20, &[0.5]).remove(0);
    // Densities (3 + 3 + 1 + 6) / 54 and (3 + 3 + 6 + 4) / 216 times a common factor: the first layer is dense.
    assert_eq!(answer.layers[0].kept(), 54);
}

#[test]
fn steered_thresholds_end_near_the_count_by_themselves() {
    // The rate falls to zero, so that little happens behind the last adjustment. At a keep of 0.1 more of these few weights
    // than are to stay are above 1/2, where no threshold leads.
    for keep in [0.3, 0.2] {
        let answers =
            run_with(Schedule::Cosine, secateur_plugin_entry, "org.secateur.str", "{}", 200, &[keep]);
        let answer = answers.unwrap().remove(0);
        // Before the host trims or restores: without steering the thresholds would leave nearly all of 270.
        assert!(
            answer.learned.abs_diff(answer.count) * 10 <= answer.count,
            "{} of {}",
            answer.learned,
            answer.count
        );
    }
}

#[test]
fn thresholds_of_nothing_leave_training_as_it_is() {
    // At -3200 a threshold and its gradient are zero in 32-bit floats, and without decay they stay so: the result is that
    // of dense training followed by magnitude pruning.
    let params = r#"{"s_init": -3200, "decay": 0}"#;
    let soft = answers("org.secateur.str", params, 30, &[0.3]);
    let dense = run(dense_entry, "org.secateur.test.dense", "{}", 30, &[0.3]).unwrap();
    assert_eq!(soft, dense);
}

#[test]
fn a_constant_decay_drives_thresholds_up() {
    // The decay alone takes 30 times 0.05 * 0.2 of s, and with momentum more: from -8 the threshold must rise.
    let nonzero = |decay: &str| -> u64 {
        let params = format!(r#"{{"s_init": -8, "decay": {decay}}}"#);
        let answer = answers("org.secateur.str", &params, 100, &[1.0]).remove(0);
        answer.layers.iter().map(|layer| layer.nonzero()).sum()
    };
    let [none, some, more] = ["0", "0.05", "0.5"].map(nonzero);
    assert!(none > some && some > more, "{none}, {some}, {more}");
}

#[test]
fn wrong_parameters_are_named() {
    for (method, params, name) in [
        ("org.secateur.str", r#"{"s_init": 1}"#, "`s_init`"),
        ("org.secateur.str", r#"{"decay": -1}"#, "`decay`"),
        ("org.secateur.str", r#"{"reach": 0}"#, "`reach`"),
        ("org.secateur.str", r#"{"adjustments": 0}"#, "`adjustments`"),
        ("org.secateur.str", r#"{"sinit": -5}"#, "sinit"),
        ("org.secateur.ac-dc", r#"{"warmup": 1}"#, "`warmup`"),
        ("org.secateur.ac-dc", r#"{"compressed": 0}"#, "`compressed`"),
        ("org.secateur.ac-dc", r#"{"last_compressed": 0.9}"#, "`last_compressed`"),
        ("org.secateur.dnw", r#"{"scope": "global"}"#, "global"),
        ("org.secateur.dnw", r#"{"search_fraction": 2}"#, "`search_fraction`"),
    ] {
        let refused = run(secateur_plugin_entry, method, params, 40, &[0.5]).unwrap_err();
        assert_eq!(refused.status, abi::E_INVALID, "{refused}");
        assert!(refused.message.contains(name), "{refused}");
    }
}

#[test]
fn phases_without_a_step_are_refused_before_they_are_listed() {
    // Of these there would be more than memory holds.
    for params in [
        r#"{"compressed": 1e-12, "decompressed": 1e-12}"#,
        r#"{"compressed": 1e-300, "decompressed": 1e-300}"#,
    ] {
        let refused = run(secateur_plugin_entry, "org.secateur.ac-dc", params, 80, &[0.5]).unwrap_err();
        assert_eq!(refused.status, abi::E_EXHAUSTED, "{refused}");
        assert!(refused.message.contains("lengthen `compressed` and `decompressed`"), "{refused}");
    }
}

#[test]
fn too_small_an_allowance_and_no_weights_are_told() {
    for (method, steps) in [("org.secateur.str", 12), ("org.secateur.ac-dc", 20), ("org.secateur.dnw", 1)] {
        let refused = run(secateur_plugin_entry, method, "{}", steps, &[0.5, 0.2]).unwrap_err();
        assert_eq!(refused.status, abi::E_EXHAUSTED, "{refused}");
        assert!(refused.message.contains("raise the allowance"), "{refused}");
        let refused = run(secateur_plugin_entry, method, "{}", 80, &[0.0]).unwrap_err();
        assert_eq!(refused.status, abi::E_INFEASIBLE, "{refused}");
    }
}

/// Dense training, then the largest weights of the whole network.
struct Dense;

impl PruneMethod for Dense {
    const ID: &'static CStr = c"org.secateur.test.dense";
    const NAME: &'static CStr = c"Dense";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr = c"Trains dense, then prunes by magnitude.";
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = Flags::TRAINS;
    type Config = NoConfig;

    fn create(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        for_each_target(run, request, 1.0, 1, |target, steps| {
            run.train(TrainOptions::afresh(steps))?;
            score_by_magnitude(run)?;
            run.select(Scope::Global, target.count)
        })
    }
}

extern "C" fn dense_entry() -> *const abi::Entry {
    static ENTRY: std::sync::OnceLock<SharedEntry> = std::sync::OnceLock::new();
    ENTRY.get_or_init(|| build_entry(&[Exported::<Dense>::describe], None)).0
}
