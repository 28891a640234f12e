//! Where methods begin: at the trained network, at its initialization, or at one that they draw.

use std::collections::BTreeMap;

use secateur_checkpoint::{Tensors, read};

use crate::support::{Lab, MAGNITUDE, RANDOM, Suite, TICKET};

/// Remaining weights of a snapshot by the name of their tensor and their place in it.
type Kept = BTreeMap<(String, usize), [u8; 4]>;

fn tensors(lab: &Lab, label: &str, name: &str) -> Tensors {
    read(&lab.file("store", label, name)).expect("a checkpoint can be read").tensors
}

fn kept(lab: &Lab, method: &str, replicate: u32) -> Kept {
    let label = format!("prune {method} (equal-allowance, replicate {replicate})");
    let snapshot = tensors(lab, &label, "keep-0.safetensors");
    let masks = snapshot.iter().filter_map(|(name, mask)| Some((name.strip_prefix("mask.")?, mask)));
    let remaining = masks.flat_map(|(name, mask)| {
        let weights = weights(&snapshot, name).zip(&mask.bytes).enumerate();
        weights
            .filter(|(_, (_, keep))| **keep != 0)
            .map(|(place, (weight, _))| ((name.to_owned(), place), weight))
    });
    remaining.collect()
}

/// Weights of a tensor of 32-bit numbers.
fn weights<'a>(tensors: &'a Tensors, name: &str) -> impl Iterator<Item = [u8; 4]> + 'a {
    tensors[name].bytes.as_chunks::<4>().0.iter().copied()
}

/// How many of the remaining weights others have, too, and how many of those are the same.
fn shared(kept: &Kept, other: &Kept) -> (usize, usize) {
    let both = kept.iter().filter_map(|(place, weight)| Some((weight, other.get(place)?)));
    both.fold((0, 0), |(all, same), (weight, other)| (all + 1, same + usize::from(weight == other)))
}

#[test]
fn who_begins_from_initialization_has_what_the_upstreams_training_had_and_none_of_its_weights() {
    let lab = Lab::new();
    let early = MAGNITUDE.replace("label: magnitude", "label: early, start: init");
    let late = TICKET.replace("label: ticket", "label: late, start: init");
    let suite = Suite { keeps: "[0.3]", ..Suite::new(&[MAGNITUDE, &early, &late]) };
    lab.run(&suite, "store", &[]).exits(1);
    let rows = lab.rows("store");
    let row = |method: &str| rows.iter().find(|row| row["method"] == method).expect("a row");
    // 24 steps of 16 pictures made the upstream network; whole batches of 480 + 384 pictures are trained.
    let given =
        |method: &str| (row(method)["init_samples"].as_str(), row(method)["recover_samples"].as_str());
    assert_eq!(given("magnitude"), ("0", "480"));
    assert_eq!(given("early"), ("384", "864"));
    assert_eq!(given("dense-trained"), ("0", "480"));
    // Weights of an early step of that training are trained weights, too.
    assert_eq!(row("late")["outcome"], "unsupported", "{:?}", row("late"));

    for (method, start) in [("magnitude", "end.safetensors"), ("early", "init.safetensors")] {
        let start = tensors(&lab, "train upstream", start);
        let kept = kept(&lab, method, 0);
        for ((name, place), weight) in &kept {
            assert_eq!(Some(*weight), weights(&start, name).nth(*place), "{method}: {name}");
        }
        assert_eq!(row(method)["achieved_count"], kept.len().to_string());
    }
    let said = lab.run(&suite, "store", &[]);
    assert!(said.out.contains("begin from initialization and have the 384 pictures"), "{}", said.out);
}

/// Who publishes a network seldom publishes what it began with.
#[test]
fn without_a_kept_initialization_all_methods_of_a_replicate_begin_at_one_that_it_draws() {
    let lab = Lab::new();
    let beginning = |text: &str, label: &str| text.replace(label, &format!("{label}, start: init"));
    let magnitude = beginning(MAGNITUDE, "label: magnitude");
    let random = beginning(RANDOM, "label: random");
    let ticket = beginning(TICKET, "label: ticket").replace("step:8", "init");
    let suite = Suite {
        keeps: "[0.6]",
        upstream: "checkpoint: given.safetensors, trained: {recipe: base, length: 24it}",
        more: "replicates: 2\nevaluate: false\ncontrols: []\n".to_owned(),
        ..Suite::new(&[&magnitude, &random, &ticket])
    };
    lab.run(&suite, "store", &["--jobs", "2"]).exits(0);
    let given = read(&lab.path("given.safetensors")).expect("a checkpoint can be read").tensors;
    for replicate in 0..2 {
        let all = ["magnitude", "random", "ticket"].map(|method| kept(&lab, method, replicate));
        for (own, method) in all.iter().zip(["magnitude", "random", "ticket"]) {
            // Of these networks all share a third of their weights and more.
            let (both, same) = shared(own, &all[0]);
            assert!(both > own.len() / 3 && both == same, "{method}: {same} of {both}");
            // What the host finds them to be, by which reports know tickets from other networks.
            let object =
                lab.object("store", &format!("prune {method} (equal-allowance, replicate {replicate})"));
            assert_eq!(object["facts"]["snapshots"][0]["weights_of"], "init", "{object}");
        }
        let trained = all[0]
            .iter()
            .filter(|((name, place), weight)| weights(&given, name).nth(*place).as_ref() == Some(*weight));
        assert_eq!(trained.count(), 0, "they are not those of the trained network");
    }
    let (both, same) = shared(&kept(&lab, "random", 0), &kept(&lab, "random", 1));
    assert!(
        both > 0 && same == 0,
        "replicates have beginnings of their own, but {same} of {both} are the same"
    );
}
