//! What detectors find of small, medium and large objects.
//!
//! Pruning may spare what is large and lose what is small, and a mean over all objects does not tell. [`scores`] takes
//! one line for each size from a scored network, [`tables`] joins the replicates of a method at a keep.

use std::collections::BTreeMap;

use secateur_store::DetectionFacts;
use serde::{Deserialize, Serialize};

use crate::export::csv::size_order;
use crate::row::{Control, Row};
use crate::stats::{Over, Summary};

/// How well one scored network finds objects of one size. Reproducible, as rows are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SizeScore {
    /// Suite name.
    pub suite: String,
    /// Track name.
    pub track: String,
    /// `direct`, `upstream`, `transfer` or `validation`.
    pub protocol: String,
    /// `linear`, `full` or `none`.
    pub regime: String,
    /// Task identifier.
    pub task: String,
    /// Method label.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Fraction of the prunable weights asked for; 1 for dense rows.
    pub keep: f64,
    /// Replicate number.
    pub replicate: u32,
    /// `small`, `medium` or `large`.
    pub size: String,
    /// Least area in square pixels of the original picture.
    pub area_from: f64,
    /// Largest area; absent: any.
    pub area_to: Option<f64>,
    /// Objects of that size.
    pub objects: u64,
    /// Average precision in `[0, 1]`, mean over overlaps (COCO); absent where there are no objects.
    pub ap: Option<f64>,
    /// Average precision at an overlap of 0.5.
    pub ap50: Option<f64>,
    /// Identity of the stage that gave the scores.
    pub stage: String,
}

/// The scores by size of the network that `row` is about.
pub(crate) fn scores(row: &Row, detection: &DetectionFacts) -> Vec<SizeScore> {
    let sizes = detection.sizes.iter().map(|size| SizeScore {
        suite: row.suite.clone(),
        track: row.track.clone(),
        protocol: row.protocol.clone(),
        regime: row.regime.clone(),
        task: row.task.clone(),
        method: row.method.clone(),
        control: row.control,
        keep: row.keep,
        replicate: row.replicate,
        size: size.name.clone(),
        area_from: size.from,
        area_to: size.to,
        objects: size.objects,
        ap: size.ap,
        ap50: size.ap50,
        stage: row.stage.clone(),
    });
    sizes.collect()
}

/// Scores by size of everything that was run on one detection task in one track.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SizeTable {
    /// Suite name.
    pub suite: String,
    /// Track name.
    pub track: String,
    /// `direct`, `upstream`, `transfer` or `validation`.
    pub protocol: String,
    /// `linear`, `full` or `none`.
    pub regime: String,
    /// Task identifier.
    pub task: String,
    /// The most replicates that one of its methods was scored in.
    pub replicates: usize,
    /// Sizes, smallest first.
    pub bands: Vec<SizeBand>,
    /// Dense controls first, then by keep from large to small, then by method.
    pub lines: Vec<SizeLine>,
}

/// A range of areas, and how many objects are in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SizeBand {
    /// `small`, `medium` or `large`.
    pub name: String,
    /// Least area in square pixels of the original picture.
    pub area_from: f64,
    /// Largest area; absent: any.
    pub area_to: Option<f64>,
    /// Objects of that size in the test split.
    pub objects: u64,
}

/// A method at a keep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SizeLine {
    /// Method label.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Fraction of the prunable weights asked for.
    pub keep: f64,
    /// Replicates with a score.
    pub scored: usize,
    /// One cell for each band of the table, in its order.
    pub cells: Vec<SizeCell>,
}

/// Scores on objects of one size over replicates. Intervals are over seeds, hence absent with one replicate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct SizeCell {
    /// Average precision, mean over overlaps.
    pub ap: Option<Summary>,
    /// Average precision at an overlap of 0.5.
    pub ap50: Option<Summary>,
}

impl SizeLine {
    /// Whether it is a dense control.
    #[must_use]
    pub fn is_dense(&self) -> bool {
        matches!(self.control, Some(Control::DenseAsIs | Control::DenseTrained | Control::Scratch))
    }
}

/// Sorts `sizes` into tables and joins replicates. The order of `sizes` does not matter.
#[must_use]
pub fn tables(sizes: &[SizeScore]) -> Vec<SizeTable> {
    let mut sorted: Vec<&SizeScore> = sizes.iter().collect();
    sorted.sort_by(|a, b| size_order(a, b));
    let one_table = |a: &&SizeScore, b: &&SizeScore| {
        (&a.suite, &a.track, &a.protocol, &a.regime, &a.task)
            == (&b.suite, &b.track, &b.protocol, &b.regime, &b.task)
    };
    sorted.chunk_by(one_table).filter_map(table).collect()
}

fn table(sizes: &[&SizeScore]) -> Option<SizeTable> {
    let first = sizes.first()?;
    let bands = bands(sizes);
    let one_line = |a: &&SizeScore, b: &&SizeScore| {
        (a.control, &a.method, a.keep.to_bits()) == (b.control, &b.method, b.keep.to_bits())
    };
    let mut lines: Vec<SizeLine> = sizes.chunk_by(one_line).filter_map(|own| line(own, &bands)).collect();
    lines.sort_by(|a, b| {
        let dense = b.is_dense().cmp(&a.is_dense());
        // Within a keep the order of the scores stays: controls and baselines first, then by name.
        dense.then_with(|| b.keep.total_cmp(&a.keep))
    });
    let replicates = lines.iter().filter(|line| !line.is_dense()).map(|line| line.scored).max();
    Some(SizeTable {
        suite: first.suite.clone(),
        track: first.track.clone(),
        protocol: first.protocol.clone(),
        regime: first.regime.clone(),
        task: first.task.clone(),
        replicates: replicates.unwrap_or(0),
        bands,
        lines,
    })
}

/// All networks of a task are scored on the same objects; should they differ, the most is told.
fn bands(sizes: &[&SizeScore]) -> Vec<SizeBand> {
    // Bits of positive numbers sort as the numbers do.
    let mut bands: BTreeMap<(u64, &str), SizeBand> = BTreeMap::new();
    for size in sizes {
        let band = bands.entry((size.area_from.max(0.0).to_bits(), &size.size)).or_insert_with(|| SizeBand {
            name: size.size.clone(),
            area_from: size.area_from,
            area_to: size.area_to,
            objects: 0,
        });
        band.objects = band.objects.max(size.objects);
    }
    bands.into_values().collect()
}

fn line(sizes: &[&SizeScore], bands: &[SizeBand]) -> Option<SizeLine> {
    let first = sizes.first()?;
    let mut replicates: Vec<u32> = sizes.iter().map(|size| size.replicate).collect();
    replicates.dedup();
    let cell = |band: &SizeBand| {
        let summary = |value: fn(&SizeScore) -> Option<f64>| {
            // One value for each replicate. Contradictory ones are an error on the board; here the first stands.
            let mut values: BTreeMap<u32, f64> = BTreeMap::new();
            for size in sizes.iter().filter(|size| size.size == band.name) {
                if let Some(value) = value(size).filter(|value| value.is_finite()) {
                    values.entry(size.replicate).or_insert(value);
                }
            }
            Summary::of(&values.into_values().collect::<Vec<_>>(), Over::SeedsAtFixedTasks)
        };
        SizeCell { ap: summary(|size| size.ap), ap50: summary(|size| size.ap50) }
    };
    Some(SizeLine {
        method: first.method.clone(),
        control: first.control,
        keep: first.keep,
        scored: replicates.len(),
        cells: bands.iter().map(cell).collect(),
    })
}

/// The areas of a band in words: `up to 144 px²`, `144 to 1,024 px²`, `from 1,024 px²`.
pub(crate) fn area_words(band: &SizeBand) -> String {
    let area = |area: f64| crate::text::count(area.max(0.0).round() as u64);
    match band.area_to {
        None if band.area_from <= 0.0 => "any area".to_owned(),
        None => format!("from {} px²", area(band.area_from)),
        Some(to) if band.area_from <= 0.0 => format!("up to {} px²", area(to)),
        Some(to) => format!("{} to {} px²", area(band.area_from), area(to)),
    }
}

#[cfg(test)]
mod tests;
