//! From the networks of a store to sets of masks.
//!
//! Read are headers first, to know what layers there are, then one layer of all networks of a set at a time, as bits: memory is
//! bounded by the largest layer, whatever the number and size of the networks.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use safetensors::tensor::Dtype;
use secateur_network::zoo;
use secateur_store::{ManifestTrial, StageResult, Store, SuiteManifest};

use super::super::pretraining::{self, PretrainedTrack};
use super::{MaskLayer, MaskSet, MaskState, MaskedNetwork, method_order, pair_place};
use crate::row::Control;
use crate::tensors::{self, Header, Place};

/// What the name of a mask has before that of its parameter.
const PREFIX: &str = "mask.";
const WORD: usize = 64;

/// A network of a store, before its mask is read.
#[derive(Clone)]
pub(crate) struct NetworkFile {
    track: String,
    /// The pre-training it comes from and the tracks of others whose networks it is held against, where a suite has several.
    beside: Option<(String, String)>,
    granularity: &'static str,
    keep: f64,
    network: MaskedNetwork,
    path: PathBuf,
    /// Name and width of the zoo's network that it is of.
    zoo: (String, f64),
}

/// The pruned networks of a suite that its `prune` stages have handed in. `results` are those of the suite's stages.
pub(crate) fn files(
    store: &Store,
    manifest: &SuiteManifest,
    results: &BTreeMap<String, StageResult>,
) -> Vec<NetworkFile> {
    let suite = &manifest.suite;
    let beside = beside(manifest);
    let mut seen = BTreeSet::new();
    let file = |trial: &ManifestTrial| {
        let result = results.get(trial.prune.as_ref()?)?;
        let output = result.outputs.get(&format!("keep-{}", trial.keep_index))?;
        // What is scored on the task it was pruned on is direct; everything else was pruned upstream.
        let direct = trial.scores.iter().find(|score| score.protocol == "direct");
        let network = MaskedNetwork {
            suite: suite.name.clone(),
            pretraining: None,
            task: direct.map_or(&suite.base_of(&trial.track).task, |score| &score.task).clone(),
            method: trial.method.clone(),
            control: Control::of_manifest(&trial.control),
            replicate: trial.replicate,
            state: MaskState::Read,
            kept: Vec::new(),
        };
        let who = (trial.track.clone(), network.task.clone(), network.method.clone());
        seen.insert((who, trial.keep.to_bits(), trial.replicate)).then(|| NetworkFile {
            track: trial.track.clone(),
            beside: beside.get(&trial.track).cloned(),
            granularity: suite.prune_set().granularity(),
            keep: trial.keep,
            network,
            path: store.object_dir(&result.identity).join(&output.path),
            zoo: (suite.network.name.clone(), suite.network.width),
        })
    };
    manifest.trials.iter().filter_map(file).collect()
}

/// For each track of a suite with several pre-trainings the name of its own, and those of all tracks that give as much to networks
/// of other ones, joined. Recipes may differ, as losses do. Where two tracks of one pre-training give as much, it is not known
/// which one is meant, and they have none.
fn beside(manifest: &SuiteManifest) -> BTreeMap<String, (String, String)> {
    let tracks = pretraining::tracks(manifest);
    let mut groups: BTreeMap<String, Vec<&PretrainedTrack>> = BTreeMap::new();
    for (own, track) in tracks.iter().zip(&manifest.suite.tracks) {
        let given = format!("{} {:?} {}", track.allowance, track.recovery, track.recalibrate);
        groups.entry(given).or_default().push(own);
    }
    let mut beside = BTreeMap::new();
    for group in groups.into_values() {
        let names: BTreeSet<&String> = group.iter().map(|track| &track.pretraining).collect();
        if names.len() < 2 || names.len() < group.len() {
            continue;
        }
        let joined = group.iter().map(|track| track.track.as_str()).collect::<Vec<_>>().join(", ");
        beside.extend(group.iter().map(|it| (it.track.clone(), (it.pretraining.clone(), joined.clone()))));
    }
    beside
}

/// The networks of several pre-trainings, as if they were of one track.
pub(crate) fn across(files: &[NetworkFile]) -> Vec<NetworkFile> {
    let together = |file: &NetworkFile| {
        let (pretraining, track) = file.beside.clone()?;
        let network = MaskedNetwork { pretraining: Some(pretraining), ..file.network.clone() };
        Some(NetworkFile { track, network, ..file.clone() })
    };
    files.iter().filter_map(together).collect()
}

/// Sorts networks into sets and reads their masks. The order of `files` does not matter.
pub(crate) fn sets(files: Vec<NetworkFile>) -> Vec<MaskSet> {
    // Suite, pre-training and task name what was pruned; all networks of one have the same layers.
    let mut origins: BTreeMap<_, Vec<Opened>> = BTreeMap::new();
    for file in files {
        let MaskedNetwork { suite, pretraining, task, .. } = &file.network;
        let origin = (suite.clone(), pretraining.clone(), task.clone());
        origins.entry(origin).or_default().push(Opened::new(file));
    }
    let mut sets: BTreeMap<_, (Vec<MaskLayer>, Vec<Opened>)> = BTreeMap::new();
    for files in origins.into_values() {
        let layers = layers(&files);
        for mut file in files {
            file.check(&layers);
            let key =
                (layers.clone(), file.file.track.clone(), file.file.granularity, file.file.keep.to_bits());
            sets.entry(key).or_insert_with(|| (layers.clone(), Vec::new())).1.push(file);
        }
    }
    sets.into_values().map(|(layers, files)| set(layers, files)).collect()
}

/// A network with the header of its file.
struct Opened {
    file: NetworkFile,
    /// Tensors with two dimensions or more, which have a place in the file, by name: weights with their numbers of
    /// values, masks under their names in the file. Weights of normalization and biases have one dimension.
    tensors: BTreeMap<String, Tensor>,
}

struct Tensor {
    values: u64,
    place: Place,
    /// Whether it has one byte for each value.
    bytes: bool,
}

impl Opened {
    fn new(mut file: NetworkFile) -> Opened {
        let tensors = match Header::read(&file.path) {
            Ok(header) => {
                let wide = header.tensors().filter(|(_, info)| info.shape.len() >= 2);
                let tensors = wide.map(|(name, info)| {
                    let values = info.shape.iter().map(|size| *size as u64).product();
                    let bytes = matches!(info.dtype, Dtype::U8 | Dtype::BOOL);
                    (name, Tensor { values, place: header.place(info), bytes })
                });
                tensors.collect()
            }
            Err(error) => {
                file.network.state = state_of(&error);
                BTreeMap::new()
            }
        };
        Opened { file, tensors }
    }

    fn mask(&self, layer: &str) -> Option<&Tensor> {
        self.tensors.get(&format!("{PREFIX}{layer}"))
    }

    /// Marks it as damaged if it has not these layers.
    fn check(&mut self, layers: &[MaskLayer]) {
        let fits = layers.iter().all(|layer| {
            let same = |tensor: &Tensor| tensor.values == layer.weights;
            self.tensors.get(&layer.name).is_some_and(same)
                && self.mask(&layer.name).is_none_or(|mask| same(mask) && mask.bytes)
        });
        if !fits && self.file.network.state == MaskState::Read {
            self.file.network.state = MaskState::Damaged;
        }
    }

    /// The bits of a layer, counted; none if the mask cannot be read.
    fn take(&mut self, layer: &MaskLayer) -> Vec<u64> {
        if self.file.network.state != MaskState::Read {
            return Vec::new();
        }
        match self.bits(layer) {
            Ok(bits) => {
                self.file.network.kept.push(ones(&bits));
                bits
            }
            Err(error) => {
                self.file.network.state = state_of(&error);
                self.file.network.kept.clear();
                Vec::new()
            }
        }
    }

    /// The bits of a layer. A layer without a mask is kept whole.
    fn bits(&self, layer: &MaskLayer) -> io::Result<Vec<u64>> {
        match self.mask(&layer.name) {
            Some(mask) => Ok(pack(&tensors::read(&self.file.path, mask.place)?)),
            None => Ok(pack(&vec![1; layer.weights as usize])),
        }
    }
}

/// The layers that any mask is about, in the order of the network; by name where the zoo does not have the network.
/// Their sizes are those that most files say, so that a file of something else is the one that is found not to fit.
fn layers(files: &[Opened]) -> Vec<MaskLayer> {
    let mut sizes: BTreeMap<&str, BTreeMap<u64, usize>> = BTreeMap::new();
    for file in files {
        for (name, mask) in &file.tensors {
            if let Some(layer) = name.strip_prefix(PREFIX) {
                *sizes.entry(layer).or_default().entry(mask.values).or_default() += 1;
            }
        }
    }
    let network = files.first().and_then(|file| {
        let (name, width) = &file.file.zoo;
        zoo::build(name, &zoo::Options { width: Some(*width), ..zoo::Options::default() }).ok()
    });
    let order: BTreeMap<&str, usize> = network
        .iter()
        .flat_map(|network| network.params().iter().enumerate())
        .map(|(place, param)| (param.name.as_str(), place))
        .collect();
    let mut layers: Vec<MaskLayer> = sizes
        .into_iter()
        .filter_map(|(name, counts)| {
            let (weights, _) = counts.into_iter().max_by_key(|(weights, count)| (*count, *weights))?;
            Some(MaskLayer { name: name.to_owned(), weights })
        })
        .collect();
    layers.sort_by_key(|layer| order.get(layer.name.as_str()).copied().unwrap_or(usize::MAX));
    layers
}

fn set(layers: Vec<MaskLayer>, mut files: Vec<Opened>) -> MaskSet {
    files.sort_by(|a, b| order(&a.file.network).cmp(&order(&b.file.network)));
    let Some(first) = files.first() else { return MaskSet::default() };
    let (track, granularity, keep) = (first.file.track.clone(), first.file.granularity, first.file.keep);
    // Positions of channels hang together, so that what two networks share of them says little of the choice.
    let count = if granularity == "weights" { files.len() } else { 0 };
    let mut shared = vec![0; count * count.saturating_sub(1) / 2];
    for layer in &layers {
        let masks: Vec<Vec<u64>> = files.iter_mut().map(|file| file.take(layer)).collect();
        for (high, theirs) in masks.iter().enumerate().take(count) {
            for (low, ours) in masks[..high].iter().enumerate() {
                shared[pair_place(low, high)] += common(ours, theirs);
            }
        }
    }
    let networks: Vec<MaskedNetwork> = files.into_iter().map(|file| file.file.network).collect();
    // A file may have failed half way through.
    for high in 1..count {
        for low in 0..high {
            if [low, high].into_iter().any(|place| networks[place].state != MaskState::Read) {
                shared[pair_place(low, high)] = 0;
            }
        }
    }
    MaskSet { track, granularity: granularity.to_owned(), keep, layers, networks, shared }
}

/// By all that names a network.
fn order(network: &MaskedNetwork) -> impl Ord + '_ {
    (&network.suite, &network.pretraining, &network.task, method_order(network), network.replicate)
}

fn state_of(error: &io::Error) -> MaskState {
    match error.kind() {
        io::ErrorKind::NotFound => MaskState::Gone,
        _ => MaskState::Damaged,
    }
}

/// A bit for each byte, 1 where the byte is not 0; the last word is filled up with zeros.
fn pack(bytes: &[u8]) -> Vec<u64> {
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word: u64, byte| word << 1 | u64::from(*byte != 0));
    bytes.chunks(WORD).map(word).collect()
}

/// Bits that are 1.
fn ones(bits: &[u64]) -> u64 {
    bits.iter().map(|word| u64::from(word.count_ones())).sum()
}

/// Bits that are 1 in both.
fn common(a: &[u64], b: &[u64]) -> u64 {
    a.iter().zip(b).map(|(a, b)| u64::from((a & b).count_ones())).sum()
}

#[cfg(test)]
mod tests;
