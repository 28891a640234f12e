//! Whole runs on a small network with convolutions.

use secateur_sdk::secateur_abi as abi;

use super::bench::Bench;

const METHODS: [&str; 2] = ["org.secateur.rigl", "org.secateur.set"];

#[test]
fn no_update_changes_the_count_of_a_layer() {
    let bench = Bench::convolutions();
    for method in METHODS {
        for distribution in ["erk", "uniform", "uniform-first-dense"] {
            let params = format!(r#"{{"distribution": "{distribution}", "interval": 4}}"#);
            let outcome = bench.run(method, &params, &[0.5, 0.3], 64, 1);
            outcome.result.as_ref().unwrap();
            // Two trainings of 32 steps, with updates until step 24, and a look before each.
            assert_eq!(outcome.seen.len(), 2 * (1 + 6), "{method} {distribution}");
            for (training, total) in outcome.seen.chunks(7).zip([135, 81]) {
                let counts = training[0].counts();
                assert_eq!(counts.iter().sum::<usize>(), total);
                for pair in training.windows(2) {
                    assert_eq!(pair[1].counts(), counts, "{method} {distribution}");
                    // With a cosine the last updates of small layers may move nothing.
                    if method == "org.secateur.set" {
                        assert_ne!(pair[1].masks, pair[0].masks, "{method} {distribution}");
                    }
                    for (mask, weights) in pair[1].masks.iter().zip(&pair[1].weights) {
                        let gone = mask.iter().zip(weights).filter(|(kept, _)| !**kept);
                        assert!(gone.into_iter().all(|(_, weight)| *weight == 0.0));
                    }
                }
                assert_ne!(training[6].masks, training[0].masks, "{method} {distribution}");
            }
            for (target, last) in [6, 13].into_iter().enumerate() {
                assert_eq!(outcome.masks(target), outcome.seen[last].masks);
            }
        }
    }
}

#[test]
fn distributions_give_layers_what_they_say() {
    let bench = Bench::convolutions();
    let counts = |distribution: &str, keep| {
        let params = format!(r#"{{"distribution": "{distribution}"}}"#);
        let outcome = bench.run("org.secateur.set", &params, &[keep], 40, 1);
        outcome.result.as_ref().unwrap();
        outcome.seen[0].counts()
    };
    assert_eq!(counts("uniform", 0.5), [27, 108]);
    // All of the 54 first, and 81 of the other 216.
    assert_eq!(counts("uniform-first-dense", 0.5), [54, 81]);
    // Raw densities are 13 / 54 and 16 / 216, so that the layers' counts are as 13 to 16: of 54 that is 24.2 and 29.8.
    assert_eq!(counts("erk", 0.2), [24, 30]);
    let outcome =
        bench.run("org.secateur.set", r#"{"distribution": "uniform-first-dense"}"#, &[0.5, 0.1], 80, 1);
    let failure = outcome.result.unwrap_err();
    assert_eq!(failure.status, abi::E_INFEASIBLE);
    assert!(failure.message.contains("`distribution`"), "{}", failure.message);
    // What was answered before stands.
    assert!(outcome.snapshots[0].is_some() && outcome.snapshots[1].is_none());
}

#[test]
fn the_seed_decides_and_nothing_else() {
    let bench = Bench::convolutions();
    for method in METHODS {
        let run = |seed, keeps: &[f64], steps| {
            let outcome = bench.run(method, "{}", keeps, steps, seed);
            outcome.result.as_ref().unwrap();
            outcome
        };
        let once = run(1, &[0.3], 40);
        let twice = run(1, &[0.3], 40);
        assert_eq!(once.masks(0), twice.masks(0));
        assert_eq!(once.weights(0), twice.weights(0));
        let other = run(2, &[0.3], 40);
        assert_ne!(once.seen[0].masks, other.seen[0].masks);
        assert_ne!(once.masks(0), other.masks(0));
        // All pictures are in each batch, so that even the steps before do not matter to a target's own training.
        let second = run(1, &[0.5, 0.3], 80);
        assert_eq!(second.seen.len() % 2, 0);
        assert_eq!(second.seen[second.seen.len() / 2].masks, once.seen[0].masks);
        assert_eq!(second.masks(1), once.masks(0), "{method}");
    }
}

#[test]
fn rigl_loses_the_steps_of_its_updates_and_set_does_not() {
    // With an update at each step until the end, RigL trains nothing before it.
    let bench = Bench::convolutions();
    let params = r#"{"interval": 1, "end": 0.5, "anneal": "constant"}"#;
    for (method, moves) in [("org.secateur.rigl", false), ("org.secateur.set", true)] {
        let outcome = bench.run(method, params, &[0.5], 8, 1);
        outcome.result.as_ref().unwrap();
        let start = &outcome.seen[0];
        let end = &outcome.seen[4];
        assert_eq!(end.done, 4);
        let mut changed = false;
        for layer in 0..2 {
            for index in 0..start.weights[layer].len() {
                let (before, after) = (start.weights[layer][index], end.weights[layer][index]);
                changed |= after != 0.0 && after != before;
            }
        }
        assert_eq!(changed, moves, "{method}");
    }
}

#[test]
fn the_allowance_is_shared_and_never_passed() {
    let bench = Bench::convolutions();
    for (params, steps) in [("{}", 60), (r#"{"search_fraction": 0.5}"#, 30)] {
        let outcome = bench.run("org.secateur.rigl", params, &[0.5, 0.3], 60, 1);
        outcome.result.as_ref().unwrap();
        let charged: Vec<u64> =
            outcome.snapshots.iter().map(|snapshot| snapshot.as_ref().unwrap().meters.charged()).collect();
        assert_eq!(charged, [steps * 8 / 2, steps * 8], "{params}");
    }
    for method in METHODS {
        for steps in [0, 1, 25] {
            let outcome = bench.run(method, "{}", &[0.5, 0.3], steps, 1);
            let failure = outcome.result.unwrap_err();
            assert_eq!(failure.status, abi::E_EXHAUSTED, "{}", failure.message);
            assert!(failure.message.contains("allowance"), "{}", failure.message);
            assert!(outcome.snapshots.iter().all(Option::is_none));
        }
    }
    let nothing = bench.run("org.secateur.rigl", "{}", &[0.5, 0.0], 60, 1).result.unwrap_err();
    assert_eq!(nothing.status, abi::E_INFEASIBLE, "{}", nothing.message);
}

#[test]
fn wrong_parameters_are_named() {
    let bench = Bench::convolutions();
    for method in METHODS {
        for (params, name) in [
            (r#"{"alpha": 0}"#, "alpha"),
            (r#"{"alpha": 1}"#, "alpha"),
            (r#"{"interval": 0}"#, "interval"),
            (r#"{"end": 0}"#, "end"),
            (r#"{"end": 1.5}"#, "end"),
            (r#"{"search_fraction": 0}"#, "search_fraction"),
            (r#"{"alfa": 0.3}"#, "alfa"),
            (r#"{"distribution": "erdos"}"#, "erdos"),
            (r#"{"anneal": "linear"}"#, "linear"),
        ] {
            let failure = bench.run(method, params, &[0.5], 60, 1).result.unwrap_err();
            assert_eq!(failure.status, abi::E_INVALID, "{params}");
            assert!(failure.message.contains(name), "{params}: {}", failure.message);
        }
    }
}
