//! Bits that may change only on purpose.
//!
//! Pinned is what whole numbers alone decide, so that it is the same on every processor: seeds, the order of the
//! data, the packed pictures, and the masks and weights that selection leaves of a checkpoint whose weights are
//! multiples of 1/1024. The results of training are floats whose last bits depend on the processor's instructions;
//! that they repeat on one machine is what other tests show.
//!
//! If one of these tests fails, stored results no longer mean what they meant. Was that the purpose? Then raise
//! `RESULT_VERSION` in `harness/suite/src/stage.rs`, so that old results are not mixed with new ones, and write the
//! new values here. Otherwise mend what has changed.

use secateur_suite::{RESULT_VERSION, derive_seed};

use crate::support::{Lab, MAGNITUDE, MATCHED, RANDOM, Suite};

/// The version of results that the values in this file belong to.
const VERSION: u32 = 1;

const ADVICE: &str = "results have changed: if that is the purpose, raise RESULT_VERSION \
    (harness/suite/src/stage.rs) and write the new values into tests/it/golden.rs; otherwise mend the change";

/// Compares everything at once, so that a change on purpose needs one look.
#[track_caller]
fn check(found: &[(String, String)], pinned: &[(&str, &str)]) {
    assert_eq!(RESULT_VERSION, VERSION, "write the values of this version into tests/it/golden.rs");
    let found: Vec<(&str, &str)> =
        found.iter().map(|(what, value)| (what.as_str(), value.as_str())).collect();
    assert_eq!(found, pinned, "{ADVICE}");
}

#[test]
fn seeds_are_derived_as_ever() {
    let purposes = [(0, "upstream"), (7, "upstream"), (7, "prune/0"), (7, "transfer/generated/textures/2")];
    let found = purposes
        .map(|(root, purpose)| (format!("{root} {purpose}"), format!("{:016x}", derive_seed(root, purpose))));
    check(
        &found,
        &[
            ("0 upstream", "de52151ebbcaf31f"),
            ("7 upstream", "73730d39c8b1e6e8"),
            ("7 prune/0", "a80a77810ca3a16d"),
            ("7 transfer/generated/textures/2", "382768abaeb5a692"),
        ],
    );
}

#[test]
fn pictures_masks_and_the_order_of_the_data_are_as_ever() {
    let lab = Lab::new();
    let order = "  - {label: order, method: org.secateur.fixture.order}\n";
    let suite = Suite {
        track: "{name: trained, allowance: 64ex, recipe: base}",
        more: "controls: [dense-as-is]\nevaluate: false\n".to_owned(),
        ..Suite::untrained(&[MAGNITUDE, RANDOM, MATCHED, order])
    };
    lab.run(&suite, "store", &[]).exits(0);

    let digest = |label: &str, output: &str| {
        let object = lab.object("store", label);
        object["outputs"][output]["digest"].as_str().expect("a digest")[..16].to_owned()
    };
    let prune = |method: &str| format!("prune {method} (trained, replicate 0)");
    let mut found = Vec::new();
    for split in ["trainval", "test"] {
        found.push((format!("pictures, {split}"), digest("prepare stripes", split)));
    }
    for method in ["magnitude", "random", "matched"] {
        for output in ["keep-0", "keep-1"] {
            found.push((format!("{method}, {output}"), digest(&prune(method), output)));
        }
    }
    let probes = lab.probes("store", &prune("order"));
    for batch in probes.iter().filter(|probe| probe["kind"] == "order") {
        let labels = batch["labels"].as_array().expect("labels");
        found.push((
            format!("classes of batch {}", batch["step"]),
            labels.iter().map(ToString::to_string).collect(),
        ));
    }
    let seeds = probes.iter().find(|probe| probe["kind"] == "seeds").expect("seeds");
    found.push(("seeds of a method".to_owned(), format!("{} {}", seeds["one"], seeds["two"])));
    check(
        &found,
        &[
            // Packs say which version of the loader read them; this is the second.
            ("pictures, trainval", "1c1b4b51761fe29a"),
            ("pictures, test", "6ec4db4a5fcaa72e"),
            ("magnitude, keep-0", "1c04cdbb4d9107fd"),
            ("magnitude, keep-1", "91cfca2f936536ad"),
            ("random, keep-0", "5df2ef1fc6dc5d14"),
            ("random, keep-1", "e7c829160eb3df68"),
            ("matched, keep-0", "aac373d85ef0d22d"),
            ("matched, keep-1", "3956f645b581b239"),
            ("classes of batch 0", "1001323022210031"),
            ("classes of batch 1", "1023313103211000"),
            ("classes of batch 2", "2133222333012301"),
            ("classes of batch 3", "1022202323102030"),
            ("seeds of a method", "1508619795872783161 123026431058586373"),
        ],
    );
    // Four steps of sixteen pictures.
    assert_eq!(seeds["spent"], 64);
    // That method rewound and kept the largest weights: bit for bit what magnitude pruning leaves.
    for output in ["keep-0", "keep-1"] {
        assert_eq!(
            digest(&prune("order"), output),
            digest(&prune("magnitude"), output),
            "rewinding leaves a trace"
        );
    }
}
