//! Pruning on the tasks themselves, and features that linear classifiers share.

use std::collections::BTreeMap;

use secateur_checkpoint::read;

use crate::support::{Lab, MAGNITUDE, Suite, TICKET};

#[test]
fn a_task_is_pruned_directly_from_the_upstream_network_with_a_new_classifier() {
    let lab = Lab::new();
    let more =
        "replicates: 2\ndirect: {tasks: [generated/textures], recipe: base, length: 8it, keep_steps: [4]}\n";
    let ticket = TICKET.replace("step:8", "step:4");
    let suite = Suite {
        keeps: "[0.3]",
        upstream: GIVEN_STEPS,
        more: more.to_owned(),
        ..Suite::new(&[MAGNITUDE, &ticket])
    };
    lab.run(&suite, "store", &["--jobs", "2"]).exits(0);
    let mut kinds: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in lab.rows("store") {
        assert_eq!(row["outcome"], "ok", "{row:?}");
        assert_eq!(row["achieved_count"], row["target_count"], "{row:?}");
        assert_eq!(row["regime"], "none");
        *kinds.entry((row["protocol"].clone(), row["task"].clone())).or_default() += 1;
    }
    // Two controls and two methods at one keep in two replicates, on each of the two tasks.
    let wanted = [("direct", "generated/textures"), ("upstream", "stripes")];
    assert_eq!(kinds, wanted.map(|(protocol, task)| ((protocol.to_owned(), task.to_owned()), 8)).into());

    // The task's dense network begins where the upstream's ended, but for the classifier.
    let upstream = read(&lab.file("store", "train upstream", "end.safetensors")).unwrap().tensors;
    let label = |replicate: u32| format!("train on generated/textures (replicate {replicate})");
    let own = |replicate: u32, name: &str| read(&lab.file("store", &label(replicate), name)).unwrap().tensors;
    let (first, second) = (own(0, "init.safetensors"), own(1, "init.safetensors"));
    for (name, value) in first.iter().filter(|(name, _)| !name.starts_with("optimizer.")) {
        let head = name.starts_with("fc.");
        assert_eq!(upstream[name] == *value, !head, "{name}");
        assert_eq!(second[name] == *value, !head, "{name}: replicates draw classifiers of their own");
    }
    assert_ne!(own(0, "end.safetensors")["conv1.weight"], first["conv1.weight"]);

    // What replicates have on the task differs, and is found there: by networks of other classes than upstream.
    let masks = |method: &str, replicate: u32| {
        let label = format!("prune {method} on generated/textures (equal-allowance, replicate {replicate})");
        crate::counts::masks(&lab.file("store", &label, "keep-0.safetensors"))
    };
    assert_ne!(masks("magnitude", 0), masks("magnitude", 1));
    assert_ne!(masks("magnitude", 0), masks("ticket", 0));

    // Only the trials of a task are run where only they are asked for.
    let only = lab.run(&suite, "other", &["--only", "task=textures", "--only", "replicate=1"]).exits(0);
    assert!(only.out.contains("direct"), "{}", only.out);
    assert!(
        lab.objects("other")
            .iter()
            .all(|object| object["label"] != "prune magnitude (equal-allowance, replicate 1)")
    );
}

/// An upstream that is trained for a few steps.
const GIVEN_STEPS: &str = "train: {recipe: base, length: 8it, keep_steps: [4]}";

#[test]
fn classifiers_of_other_recipes_share_the_features_they_are_trained_on() {
    let lab = Lab::new();
    let transfer = |length: &str| {
        format!(
            "evaluate: false\ntransfer:\n  tasks: [stripes]\n  linear: {{recipe: base, length: {length}}}\n"
        )
    };
    let suite = Suite { keeps: "[0.3]", more: transfer("4it"), ..Suite::untrained(&[MAGNITUDE]) };
    lab.run(&suite, "store", &[]).exits(0);
    let count = |kind: &str| lab.objects("store").iter().filter(|object| object["kind"] == kind).count();
    // One network untouched, dense-trained is the same one without training, and one pruned.
    assert_eq!((count("extract"), count("transfer")), (2, 2));
    let longer = Suite { more: transfer("40it"), ..suite };
    lab.run(&longer, "store", &[]).exits(0);
    assert_eq!((count("extract"), count("transfer")), (2, 4));

    let label = "extract features of magnitude at 0.3 (no-training, replicate 0) on stripes";
    let object = lab.object("store", label);
    // 12 training pictures of each of four classes, two of them for validation, and six test pictures.
    assert_eq!(object["facts"]["pictures"], 4 * (12 + 6));
    let features = read(&lab.file("store", label, "features.safetensors")).unwrap().tensors;
    for (split, pictures) in [("train", 40), ("validation", 8), ("test", 24)] {
        assert_eq!(features[&format!("{split}.labels")].shape, [pictures], "{split}");
        // A quarter of ResNet-8's 64 channels.
        assert_eq!(features[&format!("{split}.values")].shape, [pictures, 16], "{split}");
    }
}
