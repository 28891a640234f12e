//! Exact counts, and ties that are broken the same way every time.

use std::path::Path;

use secateur_checkpoint::read;

use crate::support::{Lab, MAGNITUDE, MATCHED, RANDOM, Suite, write_checkpoint};

/// Masks of a snapshot by parameter: one entry per weight, true where it stays.
pub(crate) fn masks(path: &Path) -> Vec<(String, Vec<bool>)> {
    let tensors = read(path).expect("a snapshot can be read").tensors;
    let masks = tensors.into_iter().filter_map(|(name, data)| {
        let mask = data.bytes.iter().map(|byte| *byte != 0).collect();
        name.strip_prefix("mask.").map(|name| (name.to_owned(), mask))
    });
    masks.collect()
}

#[test]
fn equal_weights_are_pruned_to_the_same_masks_every_time() {
    let lab = Lab::new();
    write_checkpoint(&lab.path("given.safetensors"), |_| 0.5);
    let suite = Suite { keeps: "[0.37]", ..Suite::untrained(&[MAGNITUDE]) };
    let uniform = "  - {label: uniform, method: org.secateur.magnitude, params: {scope: uniform}}\n";
    let suite = Suite { methods: format!("{}{uniform}", suite.methods), ..suite };
    lab.run(&suite, "one", &[]).exits(0);
    lab.run(&suite, "two", &["--jobs", "2"]).exits(0);
    assert_eq!(lab.results("one"), lab.results("two"));
    for method in ["magnitude", "uniform"] {
        let file = |store| {
            lab.file(store, &format!("prune {method} (no-training, replicate 0)"), "keep-0.safetensors")
        };
        let (one, two) = (masks(&file("one")), masks(&file("two")));
        assert!(!one.is_empty());
        assert_eq!(one, two, "{method}");
        if method == "uniform" {
            // Among equals the first by index stay.
            for (name, mask) in one {
                let kept = mask.iter().filter(|keep| **keep).count();
                assert!(mask[..kept].iter().all(|keep| *keep), "{name}: {mask:?}");
            }
        }
    }
}

#[test]
fn every_count_is_the_rounded_fraction_exactly() {
    let lab = Lab::new();
    let suite =
        Suite { keeps: "[0.001, 1.0, 0.5, 0.3333]", ..Suite::untrained(&[MAGNITUDE, RANDOM, MATCHED]) };
    let erk = "  - {label: erk, method: org.secateur.magnitude, params: {scope: erk}}\n";
    let suite = Suite { methods: format!("{}{erk}", suite.methods), ..suite };
    lab.run(&suite, "store", &[]).exits(0);
    let rows = lab.rows("store");
    assert_eq!(rows.len(), 2 + 4 * 4);
    for row in rows {
        let number = |key: &str| row[key].parse::<f64>().expect("a number");
        assert_eq!(row["outcome"], "ok", "{row:?}");
        assert_eq!(row["achieved_count"], row["target_count"], "{row:?}");
        assert_eq!(number("achieved_count"), (number("keep") * number("prunable_total")).round(), "{row:?}");
        // Every denominator loses the same weights.
        let gone = number("prunable_total") - number("achieved_count");
        assert_eq!(number("params_total") - number("params_remaining"), gone, "{row:?}");
        assert_eq!(number("conv_fc_total") - number("conv_fc_remaining"), gone, "{row:?}");
    }
    // A keep of one prunes nothing: the very same network, whoever did it.
    let dense = |row: &crate::support::Row| row["score"].clone();
    let rows = lab.rows("store");
    let as_is = rows.iter().find(|row| row["method"] == "dense-as-is").map(dense);
    for row in rows.iter().filter(|row| row["keep"] == "1.0" || row["keep"] == "1") {
        assert_eq!(Some(dense(row)), as_is, "{row:?}");
    }
}

#[test]
fn smaller_magnitude_masks_lie_within_larger_ones() {
    let lab = Lab::new();
    let suite = Suite { keeps: "[0.6, 0.3, 0.1]", ..Suite::untrained(&[MAGNITUDE]) };
    lab.run(&suite, "store", &["--only", "method=magnitude"]).exits(0);
    let of = |index: u32| {
        let name = format!("keep-{index}.safetensors");
        masks(&lab.file("store", "prune magnitude (no-training, replicate 0)", &name))
    };
    for index in 0..2 {
        for ((name, larger), (_, smaller)) in of(index).into_iter().zip(of(index + 1)) {
            assert!(larger.iter().zip(&smaller).all(|(large, small)| *large || !*small), "{name}");
        }
    }
}
