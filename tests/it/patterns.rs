//! Suites that ask for an N:M pattern.

use crate::counts::masks;
use crate::support::{Lab, MAGNITUDE, MATCHED, RANDOM, Suite};

/// Sets masks itself, and knows of no pattern.
const PERTURBED: &str = concat!(
    "  - {label: perturbed, method: org.secateur.lottery-ticket, ",
    "params: {mode: mask-transfer, perturb: random}}\n"
);

#[test]
fn selections_have_the_pattern_and_masks_against_it_are_invalid() {
    let lab = Lab::new();
    let suite = Suite {
        set: "prunable: {name: convolutions-2-of-4, pattern: \"2:4\"}",
        keeps: "[0.5]",
        ..Suite::untrained(&[MAGNITUDE, RANDOM, MATCHED, PERTURBED])
    };
    lab.run(&suite, "store", &[]).exits(1);
    for row in lab.rows("store") {
        assert_eq!(row["prunable_set"], "convolutions-2-of-4", "{row:?}");
        if row["method"] == "perturbed" {
            assert_eq!(row["outcome"], "invalid", "{row:?}");
            for word in ["weights in the group of output channel", ".weight`", "the pattern 2:4 keeps 2"] {
                assert!(row["outcome_detail"].contains(word), "{row:?}");
            }
            continue;
        }
        assert_eq!(row["outcome"], "ok", "{row:?}");
        if row["control"].is_empty() {
            let number = |key: &str| row[key].parse::<u64>().expect("a number");
            assert_eq!(2 * number("achieved_count"), number("prunable_total"), "{row:?}");
        }
    }
    for method in ["magnitude", "random", "matched"] {
        let label = format!("prune {method} (no-training, replicate 0)");
        let masks = masks(&lab.file("store", &label, "keep-0.safetensors"));
        assert!(!masks.is_empty());
        // The stem reads three channels and stays dense.
        assert!(masks.iter().all(|(name, _)| name != "conv1.weight"), "{method}");
    }
}
