//! Every method for single weights that the repository has, in one run: the count is met to the last weight, the allowance is
//! kept, and the same seed gives the same masks.

use std::collections::BTreeSet;

use crate::counts::masks;
use crate::support::{Lab, Suite};

/// Methods that begin at the trained network, with parameters for forty pictures.
const TRAINED: [(&str, &str); 6] = [
    ("magnitude", "{}"),
    ("gradual-magnitude", "{updates: 5}"),
    ("lottery-ticket", "{rate: 0.6, rewind: start}"),
    ("woodfisher", "{gradients: 4, batch: 8, block: 100}"),
    ("diagonal-fisher", "{gradients: 4, batch: 8}"),
    ("m-fac", "{gradients: 4, batch: 8, block: 100}"),
];

/// Methods that begin at the initialization.
const UNTRAINED: [(&str, &str); 8] = [
    ("rigl", "{interval: 5}"),
    ("set", "{interval: 5}"),
    ("str", "{}"),
    ("ac-dc", "{}"),
    ("dnw", "{}"),
    ("snip", "{batch: 16}"),
    ("grasp", "{samples_per_class: 4}"),
    ("synflow", "{rounds: 10}"),
];

#[test]
fn every_method_for_weights_meets_its_count_within_its_allowance() {
    let lab = Lab::new();
    let entries = |methods: &[(&str, &str)], more: &str| -> String {
        let line = |(name, params): &(&str, &str)| {
            format!("  - {{label: {name}, method: org.secateur.{name}, params: {params}{more}}}\n")
        };
        methods.iter().map(line).collect()
    };
    let methods = entries(&TRAINED, "") + &entries(&UNTRAINED, ", start: init");
    let suite =
        Suite { methods, keeps: "[0.5, 0.2]", more: "separate_keeps: true\n".to_owned(), ..Suite::new(&[]) };
    lab.run(&suite, "one", &["--jobs", "2"]).exits(0);
    let rows = lab.rows("one");
    assert_eq!(rows.len(), 2 + 2 * (TRAINED.len() + UNTRAINED.len()));
    for row in rows.iter().filter(|row| row["control"].is_empty()) {
        assert_eq!(row["outcome"], "ok", "{row:?}");
        assert_eq!(row["achieved_count"], row["target_count"], "{row:?}");
        let number = |key: &str| row[key].parse::<u64>().expect("a number");
        let given = number("allowance_samples") + number("init_samples");
        assert_eq!(given, if UNTRAINED.iter().any(|(name, _)| row["method"] == *name) { 864 } else { 480 });
        // What the method leaves goes to recovery, in whole batches.
        assert!(
            (given - 15..=given).contains(&(number("method_samples") + number("recover_samples"))),
            "{row:?}"
        );
    }
    // Other methods choose other weights, and the same method the same ones in another run.
    lab.run(&suite, "two", &[]).exits(0);
    let mut distinct = BTreeSet::new();
    for (method, _) in TRAINED.iter().chain(&UNTRAINED) {
        let label = format!("prune {method} at 0.2 (equal-allowance, replicate 0)");
        let chosen = |store: &str| masks(&lab.file(store, &label, "keep-0.safetensors"));
        assert_eq!(chosen("one"), chosen("two"), "{method}");
        distinct.insert(chosen("one"));
    }
    assert_eq!(distinct.len(), TRAINED.len() + UNTRAINED.len());
}
