//! Tables of the analyses of masks and tickets. Fractions, as everywhere in these tables.

use serde::Serialize;

use super::{ends, table};
use crate::Report;
use crate::analysis::layers::{LayerCell, LayerKeep, LayerLine, LayerTable};
use crate::analysis::masks::MaskLayer;
use crate::analysis::perturbation::{PerturbationLine, PerturbationTable};
use crate::analysis::similarity::{SimilarityPair, SimilarityTable};
use crate::export::write::ReportError;
use crate::row::Control;
use crate::stats::Summary;

/// `mask_similarity.csv`: every pair of methods, and every method with itself in other replicates.
pub fn mask_similarity_csv(report: &Report) -> Result<Vec<u8>, ReportError> {
    let lines = report
        .similarities
        .iter()
        .flat_map(|table| table.pairs.iter().map(move |pair| similarity_line(table, pair)));
    table(lines.collect(), &SIMILARITY_HEADER)
}

/// `layers.csv`: what every method leaves of every layer.
pub fn layers_csv(report: &Report) -> Result<Vec<u8>, ReportError> {
    let lines = report.layers.iter().flat_map(|table| {
        table.keeps.iter().flat_map(move |keep| {
            keep.lines.iter().flat_map(move |line| {
                let cells = table.layers.iter().zip(&line.cells).enumerate();
                cells.map(move |(place, (layer, cell))| layer_line(table, keep, line, place, layer, cell))
            })
        })
    });
    table(lines.collect(), &LAYERS_HEADER)
}

/// `perturbation.csv`: every perturbed ticket against the ticket itself, one line for the mean over tasks and one for each
/// task.
pub fn perturbation_csv(report: &Report) -> Result<Vec<u8>, ReportError> {
    let lines = report.perturbations.iter().flat_map(|table| {
        table.lines.iter().flat_map(move |line| {
            let mean = perturbation_line(table, line, "mean-over-tasks", "", line.difference);
            let tasks = line.by_task.iter();
            let tasks = tasks.map(move |it| perturbation_line(table, line, "task", &it.task, it.difference));
            std::iter::once(mean).chain(tasks)
        })
    });
    table(lines.collect(), &PERTURBATION_HEADER)
}

#[rustfmt::skip]
const SIMILARITY_HEADER: [&str; 16] = [
    "track", "keep", "suite", "pruned_on", "method", "against_suite", "against_pruned_on", "against", "pairs",
    "similarity", "similarity_min", "similarity_max", "by_chance", "at_random",
    "pretraining", "against_pretraining",
];

#[rustfmt::skip]
const LAYERS_HEADER: [&str; 15] = [
    "suite", "track", "pruned_on", "granularity", "keep", "method", "control", "place", "layer", "weights", "replicates",
    "kept", "kept_min", "kept_max", "emptied",
];

#[rustfmt::skip]
const PERTURBATION_HEADER: [&str; 19] = [
    "suite", "track", "protocol", "regime", "method_id", "params", "ticket", "method", "perturbation", "keep", "scope",
    "task", "n", "difference", "sd", "low", "high", "interval_over", "ticket_mean",
];

#[derive(Serialize)]
struct SimilarityLine<'a> {
    track: &'a str,
    keep: f64,
    suite: &'a str,
    pruned_on: &'a str,
    method: &'a str,
    against_suite: &'a str,
    against_pruned_on: &'a str,
    against: &'a str,
    pairs: usize,
    similarity: f64,
    similarity_min: f64,
    similarity_max: f64,
    by_chance: f64,
    at_random: f64,
    pretraining: Option<&'a str>,
    against_pretraining: Option<&'a str>,
}

fn similarity_line<'a>(table: &'a SimilarityTable, pair: &SimilarityPair) -> SimilarityLine<'a> {
    let (first, second) = (&table.sides[pair.first], &table.sides[pair.second]);
    SimilarityLine {
        track: &table.track,
        keep: table.keep,
        suite: &first.suite,
        pruned_on: &first.task,
        method: &first.method,
        against_suite: &second.suite,
        against_pruned_on: &second.task,
        against: &second.method,
        pairs: pair.pairs,
        similarity: pair.similarity,
        similarity_min: pair.least,
        similarity_max: pair.most,
        by_chance: pair.by_chance,
        at_random: table.at_random,
        pretraining: first.pretraining.as_deref(),
        against_pretraining: second.pretraining.as_deref(),
    }
}

#[derive(Serialize)]
struct LayerCsvLine<'a> {
    suite: &'a str,
    track: &'a str,
    pruned_on: &'a str,
    granularity: &'a str,
    keep: f64,
    method: &'a str,
    control: Option<Control>,
    /// From 0, in the order of the network.
    place: usize,
    layer: &'a str,
    weights: u64,
    replicates: usize,
    kept: f64,
    kept_min: f64,
    kept_max: f64,
    emptied: usize,
}

fn layer_line<'a>(
    table: &'a LayerTable,
    keep: &LayerKeep,
    line: &'a LayerLine,
    place: usize,
    layer: &'a MaskLayer,
    cell: &LayerCell,
) -> LayerCsvLine<'a> {
    LayerCsvLine {
        suite: &table.suite,
        track: &table.track,
        pruned_on: &table.task,
        granularity: &table.granularity,
        keep: keep.keep,
        method: &line.method,
        control: line.control,
        place,
        layer: &layer.name,
        weights: layer.weights,
        replicates: line.replicates,
        kept: cell.kept,
        kept_min: cell.least,
        kept_max: cell.most,
        emptied: cell.emptied,
    }
}

#[derive(Serialize)]
struct PerturbationCsvLine<'a> {
    suite: &'a str,
    track: &'a str,
    protocol: &'a str,
    regime: &'a str,
    method_id: &'a str,
    params: &'a str,
    ticket: &'a str,
    method: &'a str,
    perturbation: &'a str,
    keep: f64,
    scope: &'static str,
    task: &'a str,
    n: Option<usize>,
    /// Perturbed minus ticket.
    difference: Option<f64>,
    sd: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    interval_over: Option<&'static str>,
    /// Mean over tasks of the ticket itself.
    ticket_mean: Option<f64>,
}

fn perturbation_line<'a>(
    table: &'a PerturbationTable,
    line: &'a PerturbationLine,
    scope: &'static str,
    task: &'a str,
    difference: Option<Summary>,
) -> PerturbationCsvLine<'a> {
    let (low, high, interval_over) = ends(difference);
    PerturbationCsvLine {
        suite: &table.board.suite,
        track: &table.board.track,
        protocol: &table.board.protocol,
        regime: &table.board.regime,
        method_id: &table.method_id,
        params: &table.params,
        ticket: &table.ticket,
        method: &line.method,
        perturbation: &line.perturbation,
        keep: line.keep,
        scope,
        task,
        n: difference.map(|it| it.n),
        difference: difference.map(|it| it.mean),
        sd: difference.and_then(|it| it.sd),
        low,
        high,
        interval_over,
        ticket_mean: line.ticket.map(|it| it.mean),
    }
}

#[cfg(test)]
mod tests;
