//! Pre-training without labels, from the suite file to the rows of the report: what is pruned ends in a projection, and what is
//! scored are the tasks that it is transferred to.

use secateur_checkpoint::read;

use crate::support::{Lab, MAGNITUDE, Suite, TICKET};

/// Linear and full transfer to the pictures themselves, with their labels.
pub(crate) const LINEAR: &str =
    "evaluate: false\ntransfer: {tasks: [stripes], linear: {recipe: base, length: 8it}}\n";
const BOTH: &str = "evaluate: false\ntransfer: {tasks: [stripes], linear: {recipe: base, length: 8it}, \
                    full: {recipe: base, length: 8it}}\n";

/// A suite that is pre-trained by MoCo.
pub(crate) fn suite(methods: &[&str]) -> Suite {
    Suite {
        upstream: "projection: {out: 6}, train: {recipe: pretrain, length: 24it, keep_steps: [8]}",
        track: "{name: equal-allowance, allowance: 480ex, recipe: pretrain}",
        recipes: "  pretrain: {batch: 16, lr: 0.03, flip: true, shift: 2, \
                  contrast: {loss: moco-v2, temperature: 0.2, queue: 32, momentum: 0.99}}\n",
        more: BOTH.to_owned(),
        keeps: "[0.3]",
        ..Suite::new(methods)
    }
}

/// The same with simCLR's objective and optimizer.
fn simclr(methods: &[&str]) -> Suite {
    let recipes = "  pretrain: {batch: 16, lr: 1.0, flip: true, shift: 2, weight_decay: 1e-4, optimizer: lars, \
                   contrast: {loss: simclr, temperature: 0.5}}\n";
    Suite { recipes, ..suite(methods) }
}

#[test]
fn networks_that_were_trained_without_labels_are_pruned_and_transferred() {
    let lab = Lab::new();
    for (store, suite) in [("simclr", simclr(&[MAGNITUDE, TICKET])), ("moco", suite(&[MAGNITUDE, TICKET]))] {
        lab.run(&suite, store, &["--jobs", "2"]).exits(0);
        let rows = lab.rows(store);
        // Two controls and two methods in both regimes.
        assert_eq!(rows.len(), 8, "{store}");
        for row in &rows {
            assert_eq!(row["outcome"], "ok", "{store}: {row:?}");
            assert_eq!(row["achieved_count"], row["target_count"], "{store}: {row:?}");
            assert_eq!(row["task"], "stripes");
            let score: f64 = row["score"].parse().expect("a number");
            assert!((0.0..=1.0).contains(&score), "{store}: {row:?}");
        }
        // What the upstream's training is validated by is how often views find each other.
        let trained = lab.object(store, "train upstream");
        assert_eq!(trained["facts"]["steps"], 24);
        let validation = trained["facts"]["validation"].as_f64().expect("there are validation pictures");
        assert!((0.0..=1.0).contains(&validation));
        let tensors = |label: &str, file: &str| read(&lab.file(store, label, file)).unwrap().tensors;
        let (init, end) =
            (tensors("train upstream", "init.safetensors"), tensors("train upstream", "end.safetensors"));
        assert_eq!(end["projection.2.weight"].shape, [6, 16]);
        assert!(!end.contains_key("fc.weight"));
        for name in ["conv1.weight", "layer3.0.conv2.weight", "projection.0.weight", "projection.2.weight"] {
            assert!(end[name] != init[name], "{store}: `{name}` was not trained");
        }
        // A projection is a head: it is not pruned.
        let recovered =
            tensors("recover magnitude at 0.3 (equal-allowance, replicate 0)", "weights.safetensors");
        let masks: Vec<&String> = recovered.keys().filter(|name| name.starts_with("mask.")).collect();
        assert!(!masks.is_empty() && masks.iter().all(|name| !name.contains("projection")), "{masks:?}");
        // Linear classifiers stand on what the projection had read.
        let features = "extract features of magnitude at 0.3 (equal-allowance, replicate 0) on stripes";
        assert_eq!(tensors(features, "features.safetensors")["train.values"].shape, [40, 16]);
    }
}

#[test]
fn compacted_networks_without_labels_are_transferred() {
    let lab = Lab::new();
    let suite = Suite {
        set: "channels: {name: within-blocks, budget: channels}",
        keeps: "[0.5]",
        ..simclr(&["  - {label: l1, method: org.secateur.channel-l1, baseline: true}\n"])
    };
    lab.run(&suite, "store", &["--jobs", "2"]).exits(0);
    let rows = lab.rows("store");
    assert!(rows.iter().all(|row| row["outcome"] == "ok"), "{rows:?}");
    let pruned: Vec<_> = rows.iter().filter(|row| row["method"] == "l1").collect();
    assert_eq!(pruned.len(), 2);
    // The projection's hidden numbers are no channels that may go: 4, 8 and 16 are within blocks.
    assert!(pruned.iter().all(|row| row["prunable_total"] == "28"));
    let label = "recover l1 at 0.5 (equal-allowance, replicate 0)";
    let recovered = read(&lab.file("store", label, "weights.safetensors")).unwrap().tensors;
    assert_eq!(recovered["layer3.0.conv1.weight"].shape, [8, 8, 3, 3]);
    assert_eq!(recovered["projection.0.weight"].shape, [16, 16]);
}

#[test]
fn what_has_no_labels_is_not_scored_by_them() {
    let lab = Lab::new();
    let more = "transfer: {tasks: [stripes], linear: {recipe: base, length: 8it}}\n".to_owned();
    let suite = Suite { more, ..simclr(&[MAGNITUDE]) };
    lab.run(&suite, "store", &[]).exits(0);
    assert!(lab.objects("store").iter().all(|object| object["kind"] != "evaluate"));
    // A classifier's network is not the place for a projection.
    let network = "{name: resnet8, width: 0.25, projection: {out: 6}}";
    let said = lab.run(&Suite { network, ..suite }, "other", &[]).exits(2);
    said.names(&["network.projection", "upstream.projection"]);
}
