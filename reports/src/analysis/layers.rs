//! How much of each layer stays.
//!
//! Methods that reach one keep spend it differently: evenly, on small layers, on early ones. A layer of which nothing stays
//! passes nothing on; what goes through it is cut, and only a shortcut beside it can still carry anything.

use std::collections::BTreeMap;

use serde::Serialize;

use super::masks::{MaskLayer, MaskSet, MaskState, MaskTally, MaskedNetwork, method_order};
use crate::board::Board;
use crate::row::Control;
use crate::stats;
use crate::warnings::{BoardWarning, Warning};

/// What methods of one suite and track leave of each layer.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct LayerTable {
    /// Suite name.
    pub suite: String,
    /// Track name.
    pub track: String,
    /// The task that was pruned on.
    pub task: String,
    /// `weights` or `channels`.
    pub granularity: String,
    /// Layers in the order of the network.
    pub layers: Vec<MaskLayer>,
    /// Keeps, the smallest first.
    pub keeps: Vec<LayerKeep>,
}

/// What methods leave at one keep.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct LayerKeep {
    /// Fraction of the prunable weights asked for.
    pub keep: f64,
    /// Networks with and without a mask to read.
    pub tally: MaskTally,
    /// Methods, then baselines, each by name.
    pub lines: Vec<LayerLine>,
}

/// What a method leaves at a keep.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct LayerLine {
    /// Method label.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Replicates with a mask.
    pub replicates: usize,
    /// One for each layer of the table, in its order.
    pub cells: Vec<LayerCell>,
}

/// What a method leaves of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct LayerCell {
    /// Fraction of the layer's weights that stays, mean over replicates.
    pub kept: f64,
    /// The least of a replicate.
    pub least: f64,
    /// The largest of a replicate.
    pub most: f64,
    /// Replicates in which nothing stays.
    pub emptied: usize,
}

/// Joins replicates of each method. The order of `sets` and of their networks does not matter.
#[must_use]
pub fn tables(sets: &[MaskSet]) -> Vec<LayerTable> {
    let mut tables: BTreeMap<_, LayerTable> = BTreeMap::new();
    for set in sets.iter().filter(|set| !set.layers.is_empty()) {
        let mut origins: BTreeMap<(&str, &str), Vec<&MaskedNetwork>> = BTreeMap::new();
        for network in &set.networks {
            origins.entry((&network.suite, &network.task)).or_default().push(network);
        }
        for ((suite, task), networks) in origins {
            let table = tables
                .entry((suite, &set.track, task, &set.granularity, &set.layers))
                .or_insert_with(|| LayerTable {
                    suite: suite.to_owned(),
                    track: set.track.clone(),
                    task: task.to_owned(),
                    granularity: set.granularity.clone(),
                    layers: set.layers.clone(),
                    keeps: Vec::new(),
                });
            table.keeps.push(keep(set, &networks));
        }
    }
    let mut tables: Vec<LayerTable> = tables.into_values().collect();
    for table in &mut tables {
        table.keeps.sort_by(|a, b| a.keep.total_cmp(&b.keep));
    }
    tables.retain(|table| table.keeps.iter().any(|keep| !keep.lines.is_empty()));
    tables
}

fn keep(set: &MaskSet, networks: &[&MaskedNetwork]) -> LayerKeep {
    let mut methods: BTreeMap<_, Vec<&MaskedNetwork>> = BTreeMap::new();
    for network in networks.iter().filter(|network| network.state == MaskState::Read) {
        methods.entry(method_order(network)).or_default().push(network);
    }
    LayerKeep {
        keep: set.keep,
        tally: MaskTally::of(networks.iter().copied()),
        lines: methods.into_values().filter_map(|networks| line(&set.layers, &networks)).collect(),
    }
}

fn line(layers: &[MaskLayer], networks: &[&MaskedNetwork]) -> Option<LayerLine> {
    let first = networks.first()?;
    let cell = |(place, layer): (usize, &MaskLayer)| {
        let counts: Vec<u64> =
            networks.iter().filter_map(|network| network.kept.get(place).copied()).collect();
        let mut kept: Vec<f64> =
            counts.iter().map(|count| *count as f64 / layer.weights.max(1) as f64).collect();
        kept.sort_by(f64::total_cmp);
        Some(LayerCell {
            kept: stats::mean(&kept)?,
            least: *kept.first()?,
            most: *kept.last()?,
            emptied: counts.iter().filter(|count| **count == 0).count(),
        })
    };
    Some(LayerLine {
        method: first.method.clone(),
        control: first.control,
        replicates: networks.len(),
        cells: layers.iter().enumerate().map(cell).collect::<Option<_>>()?,
    })
}

/// The methods that have emptied a layer, with the keep and the layers, in the order of the table.
pub(crate) fn emptied(table: &LayerTable) -> Vec<String> {
    let lines = table.keeps.iter().flat_map(|keep| keep.lines.iter().map(move |line| (keep.keep, line)));
    let named = lines.filter_map(|(keep, line)| {
        let layers = table.layers.iter().zip(&line.cells).filter(|(_, cell)| cell.emptied > 0);
        let layers: Vec<&str> = layers.map(|(layer, _)| short(&layer.name)).collect();
        (!layers.is_empty()).then(|| format!("{} at {keep} ({})", line.method, layers.join(", ")))
    });
    named.collect()
}

/// A layer's name without that of its parameter.
pub(crate) fn short(name: &str) -> &str {
    name.strip_suffix(".weight").unwrap_or(name)
}

/// Warns of networks with an emptied layer, on the first board that each table's networks are scored on.
pub(crate) fn warnings(tables: &[LayerTable], boards: &[Board]) -> Vec<BoardWarning> {
    let warning = |table: &LayerTable| {
        let entries = emptied(table);
        let board = boards.iter().find(|board| {
            let key = &board.key;
            (&key.suite, &key.track, &key.granularity) == (&table.suite, &table.track, &table.granularity)
        })?;
        let warning = Warning::EmptiedLayers { entries };
        Some(BoardWarning { board: board.key.clone(), warning })
    };
    tables.iter().filter(|table| !emptied(table).is_empty()).filter_map(warning).collect()
}

#[cfg(test)]
mod tests;
