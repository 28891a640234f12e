use super::*;

#[test]
fn pairs_have_places_of_their_own() {
    let places: Vec<usize> =
        (1..30).flat_map(|high| (0..high).map(move |low| pair_place(low, high))).collect();
    assert_eq!(places, (0..30 * 29 / 2).collect::<Vec<_>>());
}

#[test]
fn networks_are_tallied_by_what_became_of_their_masks() {
    let network = |state| MaskedNetwork {
        suite: String::new(),
        pretraining: None,
        task: String::new(),
        method: String::new(),
        control: None,
        replicate: 0,
        state,
        kept: Vec::new(),
    };
    let networks = [MaskState::Read, MaskState::Gone, MaskState::Damaged, MaskState::Gone].map(network);
    assert_eq!(MaskTally::of(&networks), MaskTally { networks: 4, gone: 2, damaged: 1 });
}
