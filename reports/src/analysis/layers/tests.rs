use super::*;
use crate::testing::{Sample, mask_set, masked_network, sample};

fn network(method: &str, replicate: u32, kept: [usize; 2]) -> (MaskedNetwork, Vec<Vec<bool>>) {
    let mask = |kept: usize, weights: usize| (0..weights).map(|place| place < kept).collect();
    (masked_network(method, None, replicate), vec![mask(kept[0], 4), mask(kept[1], 10)])
}

fn set() -> MaskSet {
    mask_set(
        0.5,
        vec![
            network("b", 0, [4, 3]),
            network("a", 0, [1, 6]),
            network("a", 1, [3, 4]),
            network("a", 2, [2, 0]),
        ],
    )
}

#[test]
fn replicates_of_a_layer_are_joined() {
    let table = tables(&[set()]).remove(0);
    let names: Vec<(&str, u64)> =
        table.layers.iter().map(|layer| (short(&layer.name), layer.weights)).collect();
    assert_eq!(names, [("layer1.0.conv1", 4), ("layer2.0.conv1", 10)]);
    let lines = &table.keeps[0].lines;
    assert_eq!(
        lines.iter().map(|line| (line.method.as_str(), line.replicates)).collect::<Vec<_>>(),
        [("a", 3), ("b", 1)]
    );
    let [first, second] = lines[0].cells[..] else { panic!("two layers") };
    assert_eq!((first.kept, first.least, first.most, first.emptied), (0.5, 0.25, 0.75, 0));
    assert!((second.kept - 1.0 / 3.0).abs() < 1e-12);
    assert_eq!((second.least, second.most, second.emptied), (0.0, 0.6, 1));
    assert_eq!(lines[1].cells[0].kept, 1.0);
}

#[test]
fn an_emptied_layer_is_named_and_warned_of_once() {
    let tables = tables(&[set(), mask_set(0.25, vec![network("c", 0, [0, 0])])]);
    assert_eq!(tables.len(), 1);
    assert_eq!(
        emptied(&tables[0]),
        ["c at 0.25 (layer1.0.conv1, layer2.0.conv1)", "a at 0.5 (layer2.0.conv1)"]
    );
    let boards = crate::boards(&[sample(&Sample::default()), {
        let mut row = sample(&Sample::default());
        row.regime = "full".to_owned();
        row
    }]);
    assert_eq!(boards.len(), 2);
    let warned = warnings(&tables, &boards);
    assert_eq!(warned.len(), 1);
    assert_eq!(warned[0].board, boards[0].key);
    assert!(warned[0].warning.message().contains("a at 0.5 (layer2.0.conv1)"));
    // A network whose layers all have something left is warned of by nothing.
    let sound = super::tables(&[mask_set(0.5, vec![network("b", 0, [4, 3])])]);
    assert_eq!(warnings(&sound, &boards), []);
}

#[test]
fn keeps_rise_and_the_order_of_sets_does_not_matter() {
    let sets = [set(), mask_set(0.25, vec![network("a", 0, [1, 2])])];
    let table = tables(&sets);
    let turned: Vec<MaskSet> = sets.iter().rev().cloned().collect();
    assert_eq!(tables(&turned), table);
    assert_eq!(table[0].keeps.iter().map(|keep| keep.keep).collect::<Vec<_>>(), [0.25, 0.5]);
    // Suites have tables of their own, even where their masks are in one set.
    let mut mixed = set();
    mixed.networks[0].suite = "other".to_owned();
    assert_eq!(tables(&[mixed]).len(), 2);
}

#[test]
fn masks_that_are_gone_are_counted() {
    let mut gone = set();
    (gone.networks[3].state, gone.networks[3].kept) = (MaskState::Gone, Vec::new());
    let table = tables(&[gone.clone()]).remove(0);
    assert_eq!(table.keeps[0].tally, MaskTally { networks: 4, gone: 1, damaged: 0 });
    assert_eq!(table.keeps[0].lines[0].replicates, 2);
    // With none left there is no table.
    for network in &mut gone.networks {
        (network.state, network.kept) = (MaskState::Gone, Vec::new());
    }
    assert_eq!(tables(&[gone]), []);
}
