//! Similarities of masks and what is left of layers, as text and heat maps.

use serde::Serialize;

use super::super::heat::{HeatCell, HeatMap, HeatRow, draw};
use crate::analysis::layers::{LayerCell, LayerKeep, LayerLine, LayerTable, emptied, short};
use crate::analysis::similarity::{SimilarityPair, SimilaritySide, SimilarityTable};
use crate::export::mask_tally_words;
use crate::row::Control;
use crate::text::{self, clean, fit};

/// Methods of a map; with more nobody finds a cell, and the page grows with their square.
const MOST_METHODS: usize = 40;
/// Layers of a map. Deep networks have more, and the rest is in the table for programs.
const MOST_LAYERS: usize = 120;
/// Characters of a list of emptied layers.
const LONGEST_LIST: usize = 600;

/// Maps of one suite and track, keep by keep.
#[derive(Serialize)]
pub(super) struct MaskView {
    title: String,
    /// What is said of the whole, in bold.
    alarm: String,
    keeps: Vec<MaskKeep>,
}

#[derive(Serialize)]
struct MaskKeep {
    keep: String,
    caption: String,
    /// Empty where there is nothing to draw.
    svg: String,
}

pub(super) fn similarities(tables: &[SimilarityTable]) -> Vec<MaskView> {
    let same = |a: &SimilarityTable, b: &SimilarityTable| (&a.suites, &a.track) == (&b.suites, &b.track);
    let view = |tables: &[SimilarityTable]| MaskView {
        title: tables.first().map_or(String::new(), |table| {
            format!("{} · {}", clean(&table.suites.join(", ")), clean(&table.track))
        }),
        alarm: String::new(),
        keeps: tables.iter().map(similarity_keep).collect(),
    };
    tables.chunk_by(same).map(view).collect()
}

fn similarity_keep(table: &SimilarityTable) -> MaskKeep {
    let shown: Vec<(usize, &SimilaritySide)> = table.sides.iter().enumerate().take(MOST_METHODS).collect();
    let row = |(place, side): &(usize, &SimilaritySide)| HeatRow {
        label: side_label(table, side),
        cells: shown
            .iter()
            .map(|(other, against)| {
                let pair = table.pair(*place, *other)?;
                Some(similarity_cell(pair, &side_label(table, side), &side_label(table, against)))
            })
            .collect(),
    };
    let map = HeatMap {
        name: format!("Similarity of masks at keep {}, in percent, method against method", table.keep),
        columns: shown.iter().map(|(_, side)| side_label(table, side)).collect(),
        rows: shown.iter().map(row).collect(),
    };
    let mut caption =
        format!("Two masks that keep this fraction at random have {} %.", text::percent(table.at_random, 1));
    let hidden = table.sides.len() - shown.len();
    if hidden > 0 {
        caption += &format!(" {hidden} more methods are in mask_similarity.csv.");
    }
    caption += &mask_tally_words(table.tally);
    let svg = if table.pairs.is_empty() { None } else { draw(&map) };
    MaskKeep { keep: table.keep.to_string(), caption, svg: svg.unwrap_or_default() }
}

fn side_label(table: &SimilarityTable, side: &SimilaritySide) -> String {
    noted(&clean(&table.label(side)), side.control)
}

fn noted(label: &str, control: Option<Control>) -> String {
    if control == Some(Control::Baseline) { format!("{label} *") } else { label.to_owned() }
}

fn similarity_cell(pair: &SimilarityPair, ours: &str, theirs: &str) -> HeatCell {
    let percent = |value| text::percent(value, 1);
    let between = if pair.first == pair.second {
        format!("{ours}, one replicate and another")
    } else {
        format!("{ours} and {theirs}")
    };
    let range = match pair.pairs {
        1 => "one pair".to_owned(),
        pairs => format!("{pairs} pairs, {} to {} %", percent(pair.least), percent(pair.most)),
    };
    HeatCell {
        shade: pair.similarity,
        text: percent(pair.similarity),
        note: percent(pair.by_chance),
        title: format!(
            "{between}: {} %, by chance {} % ({range})",
            percent(pair.similarity),
            percent(pair.by_chance)
        ),
        marked: pair.first == pair.second,
    }
}

pub(super) fn layers(tables: &[LayerTable]) -> Vec<MaskView> {
    tables.iter().map(layer_view).collect()
}

fn layer_view(table: &LayerTable) -> MaskView {
    let cut = emptied(table);
    let parts = [&table.suite, &table.track, &table.task, &table.granularity];
    let alarm = if cut.is_empty() {
        String::new()
    } else {
        format!("Layers without a weight left: {}.", fit(&clean(&cut.join("; ")), LONGEST_LIST))
    };
    MaskView {
        title: parts.map(|part| clean(part)).join(" · "),
        alarm,
        keeps: table.keeps.iter().map(|keep| layer_keep(table, keep)).collect(),
    }
}

fn layer_keep(table: &LayerTable, keep: &LayerKeep) -> MaskKeep {
    let shown = &keep.lines[..keep.lines.len().min(MOST_METHODS)];
    let layers = &table.layers[..table.layers.len().min(MOST_LAYERS)];
    // Shades go up to the fullest layer, or small keeps would all look the same.
    let most = shown.iter().flat_map(|line| &line.cells).map(|cell| cell.kept).fold(0.0, f64::max);
    let columns = layers.iter().map(|layer| {
        format!("{} ({})", clean(short(&layer.name)), text::si(layer.weights as f64).replace(' ', ""))
    });
    let row = |line: &LayerLine| HeatRow {
        label: noted(&clean(&line.method), line.control),
        cells: layers
            .iter()
            .zip(&line.cells)
            .map(|(layer, cell)| Some(layer_cell(line, &layer.name, cell, most)))
            .collect(),
    };
    let map = HeatMap {
        name: format!("Weights kept of each layer at keep {}, in percent, method by layer", keep.keep),
        columns: columns.collect(),
        rows: shown.iter().map(row).collect(),
    };
    let mut caption = format!("Shaded up to {} %.", text::percent(most, 1));
    let hidden = (keep.lines.len() - shown.len(), table.layers.len() - layers.len());
    if hidden != (0, 0) {
        caption += &format!(" {} more methods and {} more layers are in layers.csv.", hidden.0, hidden.1);
    }
    caption += &mask_tally_words(keep.tally);
    MaskKeep { keep: keep.keep.to_string(), caption, svg: draw(&map).unwrap_or_default() }
}

pub(super) fn layer_cell(line: &LayerLine, layer: &str, cell: &LayerCell, most: f64) -> HeatCell {
    let percent = |value| text::percent(value, 1);
    let range = match line.replicates {
        1 => String::new(),
        replicates => {
            format!(", {replicates} replicates: {} to {} %", percent(cell.least), percent(cell.most))
        }
    };
    let emptied = match cell.emptied {
        0 => String::new(),
        _ if line.replicates == 1 => "; nothing left".to_owned(),
        count => format!("; nothing left in {count} of them"),
    };
    HeatCell {
        shade: if most > 0.0 { cell.kept / most } else { 0.0 },
        text: if cell.emptied == line.replicates { "∅".to_owned() } else { percent(cell.kept) },
        note: if cell.emptied > 0 && line.replicates > 1 {
            format!("∅ {}/{}", cell.emptied, line.replicates)
        } else {
            String::new()
        },
        title: format!("{}, {layer}: {} %{range}{emptied}", line.method, percent(cell.kept)),
        marked: cell.emptied > 0,
    }
}
