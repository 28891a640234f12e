//! Held to values that can be counted by hand, and to what chance gives real random masks.

use super::*;
use crate::testing::{mask_set, masked_network, noise};

fn bits(text: &str) -> Vec<bool> {
    text.chars().map(|c| c == '1').collect()
}

/// A network of a method with one layer for each text.
fn network(method: &str, replicate: u32, layers: &[&str]) -> (MaskedNetwork, Vec<Vec<bool>>) {
    (masked_network(method, None, replicate), layers.iter().map(|layer| bits(layer)).collect())
}

fn only(set: MaskSet) -> SimilarityTable {
    let mut tables = tables(&[set]);
    assert_eq!(tables.len(), 1);
    tables.remove(0)
}

#[test]
fn two_masks_share_what_can_be_counted() {
    // Both: 2 + 1. Either: 4 + 3.
    let networks = vec![network("a", 0, &["11100", "110"]), network("b", 0, &["01110", "101"])];
    let table = only(mask_set(0.625, networks));
    let pair = table.pair(1, 0).unwrap();
    assert_eq!((pair.similarity, pair.least, pair.most, pair.pairs), (3.0 / 7.0, 3.0 / 7.0, 3.0 / 7.0, 1));
    // Layers of 3/5 and 3/5, and of 2/3 and 2/3: both 9/5 + 4/3, either 6 − 9/5 + 4 − 4/3.
    let both = 9.0 / 5.0 + 4.0 / 3.0;
    assert!((pair.by_chance - both / (10.0 - both)).abs() < 1e-12);
    assert!((table.at_random - 0.625 / 1.375).abs() < 1e-12);
    // With one replicate a method is not compared with itself.
    assert_eq!((table.pair(0, 0), table.pairs.len()), (None, 1));
}

#[test]
fn all_replicates_meet_and_none_meets_itself() {
    let networks = vec![
        network("a", 0, &["1100"]),
        network("a", 1, &["0110"]),
        network("a", 2, &["1100"]),
        network("b", 0, &["1100"]),
        network("b", 1, &["0011"]),
    ];
    let table = only(mask_set(0.5, networks));
    // 0 with 1: 1/3, 0 with 2: 1, 1 with 2: 1/3.
    let own = table.pair(0, 0).unwrap();
    assert_eq!((own.pairs, own.least, own.most), (3, 1.0 / 3.0, 1.0));
    assert!((own.similarity - 5.0 / 9.0).abs() < 1e-12);
    assert_eq!((table.pair(1, 1).unwrap().pairs, table.pair(1, 1).unwrap().similarity), (1, 0.0));
    // 1, 1/3, 1 with the first of b, and 0, 1/3, 0 with its second.
    let across = table.pair(0, 1).unwrap();
    assert_eq!(across.pairs, 6);
    assert!((across.similarity - (2.0 + 1.0 / 3.0 + 1.0 / 3.0) / 6.0).abs() < 1e-12);
    assert_eq!(table.sides[0].replicates, 3);
}

#[test]
fn equal_layers_at_random_have_what_the_keep_says() {
    // Half of each layer: chance by layers is chance overall, 1/3.
    let networks = vec![network("a", 0, &["1100", "10"]), network("b", 0, &["0110", "01"])];
    let table = only(mask_set(0.5, networks));
    assert!((table.at_random - 1.0 / 3.0).abs() < 1e-12);
    assert!((table.pairs[0].by_chance - table.at_random).abs() < 1e-12);
}

#[test]
fn random_masks_of_given_layers_are_as_alike_as_chance_says() {
    // Two layers of 20,000 with different budgets. The standard deviation of the similarity is below 0.004.
    let random = |method: &str, seed: u64, budgets: [f64; 2]| {
        let layer = |(layer, budget): (usize, &f64)| {
            (0..20_000).map(|place| noise(&[seed, layer as u64, place]) < *budget).collect()
        };
        (masked_network(method, None, 0), budgets.iter().enumerate().map(layer).collect())
    };
    let networks = vec![random("a", 1, [0.6, 0.1]), random("b", 2, [0.5, 0.2])];
    let pair = only(mask_set(0.35, networks)).pairs[0];
    let expected = (0.3 + 0.02) / (0.8 + 0.28);
    assert!((pair.by_chance - expected).abs() < 0.005, "{}", pair.by_chance);
    assert!((pair.similarity - pair.by_chance).abs() < 0.012, "{} and {}", pair.similarity, pair.by_chance);
    // More than masks without those budgets have.
    assert!(pair.by_chance > 0.35 / 1.65 + 0.05);
}

#[test]
fn the_order_of_networks_and_sets_does_not_matter() {
    let networks: Vec<_> = (0..7_u32)
        .map(|number| {
            let mask = (0..500).map(|place| noise(&[u64::from(number), place]) < 0.3).collect();
            (masked_network(["a", "b", "c"][number as usize % 3], None, number / 3), vec![mask])
        })
        .collect();
    let mut turned = networks.clone();
    turned.reverse();
    let sets = |networks: Vec<_>| {
        vec![mask_set(0.3, networks), mask_set(0.1, vec![network("a", 0, &["10"]), network("b", 0, &["10"])])]
    };
    let forward = tables(&sets(networks));
    let mut backward = sets(turned);
    backward.reverse();
    assert_eq!(tables(&backward), forward);
    assert_eq!(forward.iter().map(|table| table.keep).collect::<Vec<_>>(), [0.1, 0.3]);
}

#[test]
fn methods_of_several_suites_are_called_by_both() {
    let mut networks =
        vec![network("imp", 0, &["10"]), network("imp", 0, &["10"]), network("random", 0, &["01"])];
    networks[1].0.suite = "other".to_owned();
    networks[2].0.control = Some(Control::Baseline);
    let table = only(mask_set(0.5, networks));
    let labels: Vec<String> = table.sides.iter().map(|side| table.label(side)).collect();
    assert_eq!(labels, ["other: imp", "transfer-12-small: imp", "transfer-12-small: random"]);
    assert_eq!(table.suites, ["other", "transfer-12-small"]);
    assert_eq!(table.pair(0, 1).unwrap().similarity, 1.0);
    // One suite that prunes on two tasks has them in its labels.
    let mut networks = vec![network("imp", 0, &["10"]), network("imp", 0, &["10"])];
    networks[1].0.task = "another".to_owned();
    let table = only(mask_set(0.5, networks));
    assert_eq!(table.label(&table.sides[0]), "another: imp");
}

#[test]
fn what_was_not_read_is_counted_and_not_compared() {
    let lost = |state| {
        let mut networks = vec![network("a", 0, &["10"]), network("a", 1, &["10"]), network("b", 0, &["10"])];
        networks[1].0.state = state;
        mask_set(0.5, networks)
    };
    let table = only(lost(MaskState::Gone));
    assert_eq!((table.tally, table.pairs.len()), (MaskTally { networks: 3, gone: 1, damaged: 0 }, 1));
    assert_eq!(only(lost(MaskState::Damaged)).tally.damaged, 1);
    // A single network has nothing to be held against, channels hang together, and empty masks have no ratio.
    assert_eq!(tables(&[mask_set(0.5, vec![network("a", 0, &["10"])])]), []);
    let empty = mask_set(0.0, vec![network("a", 0, &["00"]), network("b", 0, &["00"])]);
    assert_eq!(tables(&[empty]), []);
    assert_eq!(tables(&[MaskSet { granularity: "channels".to_owned(), ..lost(MaskState::Gone) }]), []);
    assert_eq!(tables(&[]), []);
}
