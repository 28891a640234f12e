//! Synthetic sets of masks: what real masks of invented positions would have counted to.

use super::noise;
use crate::analysis::masks::{MaskLayer, MaskSet, MaskState, MaskedNetwork};
use crate::row::Control;

/// A set at `keep` with a network for each method and replicate, of masks given as one list of booleans for each layer.
#[must_use]
pub fn mask_set(keep: f64, networks: Vec<(MaskedNetwork, Vec<Vec<bool>>)>) -> MaskSet {
    let layers = networks.first().map_or(Vec::new(), |(_, masks)| {
        let layer = |(place, mask): (usize, &Vec<bool>)| MaskLayer {
            name: format!("layer{}.0.conv1.weight", place + 1),
            weights: mask.len() as u64,
        };
        masks.iter().enumerate().map(layer).collect()
    });
    let mut shared = Vec::new();
    for (high, (_, theirs)) in networks.iter().enumerate() {
        for (_, ours) in &networks[..high] {
            let both = ours.iter().flatten().zip(theirs.iter().flatten()).filter(|(a, b)| **a && **b);
            shared.push(both.count() as u64);
        }
    }
    let networks = networks.into_iter().map(|(network, masks)| {
        let kept = masks.iter().map(|mask| mask.iter().filter(|kept| **kept).count() as u64).collect();
        MaskedNetwork { kept, ..network }
    });
    MaskSet {
        track: "short".to_owned(),
        granularity: "weights".to_owned(),
        keep,
        layers,
        networks: networks.collect(),
        shared,
    }
}

/// A network whose mask can be read.
#[must_use]
pub fn masked_network(method: &str, control: Option<Control>, replicate: u32) -> MaskedNetwork {
    MaskedNetwork {
        suite: "transfer-12-small".to_owned(),
        pretraining: None,
        task: "generated/upstream".to_owned(),
        method: method.to_owned(),
        control,
        replicate,
        state: MaskState::Read,
        kept: Vec::new(),
    }
}

/// Masks of the first methods of the synthetic report: the tickets choose nearly as magnitude does, one of them empties a
/// layer at the smallest keep, and one file is gone.
pub(super) fn masks(keeps: &[f64], replicates: u32) -> Vec<MaskSet> {
    const SIZES: [usize; 5] = [400, 800, 1600, 3200, 200];
    let methods = [
        ("random", Some(Control::Baseline), 0.0),
        ("random-layerwise", Some(Control::Baseline), 0.0),
        ("magnitude", Some(Control::Baseline), 0.9),
        ("imp", None, 0.8),
        ("imp-rewind-init", None, 0.7),
    ];
    let set = |keep: &f64| {
        let mut networks = Vec::new();
        for (number, (method, control, own)) in methods.iter().enumerate() {
            for replicate in 0..replicates {
                let seed = [number as u64, u64::from(replicate)];
                let mask = |(layer, size): (usize, &usize)| -> Vec<bool> {
                    let budget = match (*method, layer) {
                        ("random", _) => *keep,
                        ("imp-rewind-init", 4) if *keep < 0.07 && replicate == 0 => 0.0,
                        _ => (keep * [2.0, 1.5, 1.1, 0.8, 1.6][layer]).min(1.0),
                    };
                    let value = |place: usize| {
                        let common = noise(&[71, layer as u64, place as u64]);
                        let single = noise(&[73, layer as u64, place as u64, seed[0], seed[1]]);
                        own * common + (1.0 - own) * single
                    };
                    let mut order: Vec<usize> = (0..*size).collect();
                    order.sort_by(|a, b| value(*b).total_cmp(&value(*a)));
                    let mut kept = vec![false; *size];
                    let count = (budget * *size as f64).round() as usize;
                    order[..count].iter().for_each(|place| kept[*place] = true);
                    kept
                };
                let masks = SIZES.iter().enumerate().map(mask).collect();
                networks.push((masked_network(method, *control, replicate), masks));
            }
        }
        let mut set = mask_set(*keep, networks);
        if let Some(network) = set.networks.last_mut().filter(|_| *keep > 0.15) {
            (network.state, network.kept) = (MaskState::Gone, Vec::new());
        }
        set
    };
    keeps.iter().map(set).collect()
}
