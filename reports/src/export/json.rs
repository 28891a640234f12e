//! `report.json`: everything the other exports print, for programs.

use std::io::Write;

use serde::Serialize;

use super::write::ReportError;
use crate::Report;
use crate::analysis::agreement::Agreement;
use crate::analysis::beside::Beside;
use crate::analysis::families::{FamilyTable, ModePair};
use crate::analysis::layers::LayerTable;
use crate::analysis::perturbation::PerturbationTable;
use crate::analysis::pretraining::PretrainingTable;
use crate::analysis::similarity::SimilarityTable;
use crate::analysis::statistics::BoardStatistics;
use crate::analysis::tickets::TicketTable;
use crate::analysis::upstream::UpstreamTable;
use crate::board::{Board, BoardKey, BoardTask, Entry};
use crate::cost::MethodCost;
use crate::pairs::PairTable;
use crate::published::PublishedTable;
use crate::row::Provenance;
use crate::speed::Speed;
use crate::stats::{LEVEL, Over};
use crate::strata::StrataTable;

/// Name and version of the structure; a change that could break a reader raises the number.
pub const SCHEMA: &str = "secateur-report/1";

/// What a number in the report is.
#[derive(Serialize, schemars::JsonSchema)]
struct Metric {
    name: &'static str,
    unit: &'static str,
    /// Absent where neither direction is better by itself.
    higher_is_better: Option<bool>,
    description: &'static str,
}

const fn metric(
    name: &'static str,
    unit: &'static str,
    higher_is_better: Option<bool>,
    description: &'static str,
) -> Metric {
    Metric { name, unit, higher_is_better, description }
}

const METRICS: &[Metric] = &[
    metric(
        "score",
        "fraction",
        Some(true),
        "the task's own metric on its test split: top1, mean-per-class, voc-ap50, voc07-ap50 or coco-ap",
    ),
    metric(
        "ap",
        "fraction",
        Some(true),
        "average precision as COCO defines it, mean over overlaps of 0.50 to 0.95; by size and by class of the objects, too",
    ),
    metric(
        "ap50",
        "fraction",
        Some(true),
        "the same at an overlap of 0.5; by size and by class of the objects, too",
    ),
    metric(
        "ar",
        "fraction",
        Some(true),
        "average recall of 100 detections a picture, over the same overlaps",
    ),
    metric("objects", "objects", None, "objects of a size or a class that were to be found"),
    metric(
        "frequency_correlation",
        "rank correlation",
        None,
        "Spearman's, over classes, between objects in the test split and drop in ap; negative: rare classes lose more",
    ),
    metric(
        "mean",
        "fraction",
        Some(true),
        "mean of the scores over replicates, or over tasks and replicates",
    ),
    metric("sd", "fraction", None, "sample standard deviation over replicates"),
    metric(
        "drop",
        "fraction",
        Some(false),
        "paired difference dense-trained minus method; positive is worse",
    ),
    metric(
        "error_increase",
        "ratio",
        Some(false),
        "relative increase in error over dense-trained: (its error - dense error) / dense error, mean over tasks",
    ),
    metric(
        "difference",
        "fraction",
        None,
        "paired difference of two methods, method minus against; positive: method is better",
    ),
    metric(
        "ahead",
        "fraction",
        None,
        "part of the draws of pictures and replicates in which method is better",
    ),
    metric(
        "similarity",
        "fraction",
        None,
        "positions that two masks both keep over those that either keeps, mean over pairs of networks",
    ),
    metric(
        "by_chance",
        "fraction",
        None,
        "the similarity of random masks that keep as many weights of each layer",
    ),
    metric("kept", "fraction", None, "fraction of a layer's weights that stay, mean over replicates"),
    metric(
        "rank",
        "rank",
        Some(false),
        "rank on one task among complete methods at the same keep; ties share it",
    ),
    metric("average_rank", "rank", Some(false), "mean over tasks of rank"),
    metric("place", "rank", Some(false), "place by the mean over tasks; members of a tie group share it"),
    metric(
        "p, p_holm, f_p",
        "probability",
        None,
        "p-values: of one test, corrected after Holm for the tests of a keep, and of the F of Iman and Davenport",
    ),
    metric(
        "critical_difference",
        "rank",
        None,
        "Nemenyi's: average ranks that are farther apart are told apart at 0.05",
    ),
    metric(
        "least_significant_difference",
        "fraction",
        None,
        "Fisher's, with one standard deviation over seeds for all methods of a keep",
    ),
    metric(
        "reversal, reversed_neighbours",
        "probability",
        Some(false),
        "chance that a run with one seed puts two neighbours the other way round; mean over the neighbours of a keep",
    ),
    metric(
        "area",
        "fraction",
        Some(true),
        "mean score over the range of log2 compression: the area under the curve, divided by its width",
    ),
    metric(
        "threshold",
        "fraction",
        None,
        "what a matching network reaches: the mean of dense-trained minus one standard deviation",
    ),
    metric(
        "tau",
        "correlation",
        None,
        "Kendall's tau-b of two rankings of the same methods: 1 is the same order, -1 the opposite",
    ),
    metric(
        "spearman, kendall",
        "correlation",
        None,
        "rank correlations of the methods' scores on the upstream task with their mean scores after transfer",
    ),
    metric("keep", "fraction", None, "fraction of the prunable weights asked for"),
    metric("target_count", "weights", None, "prunable weights to remain"),
    metric("achieved_count", "weights", None, "prunable weights that remain"),
    metric(
        "nonzero_before",
        "weights",
        None,
        "prunable weights that were not zero when the host last selected what stays",
    ),
    metric("sparsity", "fraction", Some(true), "fraction of zeros among the prunable weights"),
    metric(
        "compression",
        "ratio",
        Some(true),
        "dense parameters divided by remaining ones, all parameters counted",
    ),
    metric("params_remaining", "params", Some(false), "all parameters that are not zeroed by a mask"),
    metric(
        "conv_fc_remaining",
        "weights",
        Some(false),
        "convolution and fully connected weights that remain",
    ),
    metric(
        "macs_executed",
        "MACs",
        Some(false),
        "multiply-accumulates executed for one picture, convention core",
    ),
    metric(
        "macs_nonzero",
        "MACs",
        Some(false),
        "multiply-accumulates with a non-zero weight, convention core",
    ),
    metric("allowance_samples", "samples", None, "training samples of the track's allowance"),
    metric(
        "init_samples",
        "samples",
        None,
        "training samples beside the allowance, of methods that begin from initialization",
    ),
    metric("stretch", "factor", None, "by what both are multiplied for this method"),
    metric("method_samples", "samples", Some(false), "training samples the method spent"),
    metric("recover_samples", "samples", Some(false), "training samples the host spent on recovery"),
    metric(
        "training_macs",
        "dense training samples",
        Some(false),
        "training MACs of method and recovery together",
    ),
    metric("prune_seconds", "s", Some(false), "mean wall-clock time of a prune stage"),
    metric("total_seconds", "s", Some(false), "wall-clock time of all stages"),
    metric("peak_bytes", "B", Some(false), "largest resident memory of a stage"),
    metric("latency_ms", "ms", Some(false), "median time for a batch of one picture"),
];

#[derive(Serialize, schemars::JsonSchema)]
#[schemars(title = "Report", extend("$id" = SCHEMA))]
struct Document<'a> {
    /// Name and version of this structure.
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    /// What the numbers are.
    metrics: &'static [Metric],
    interval_level: f64,
    /// How places are shared.
    tie_criterion: &'static str,
    /// Where the raw rows are.
    rows: &'static str,
    provenance: &'a Provenance,
    warnings: Vec<JsonWarning<'a>>,
    boards: Vec<JsonBoard<'a>>,
    /// What tests, intervals and counts say of the order on each board.
    statistics: &'a [BoardStatistics],
    costs: &'a [MethodCost],
    speeds: &'a [Speed],
    /// Matching and winning tickets.
    tickets: &'a [TicketTable],
    pretrainings: &'a [PretrainingTable],
    /// Which family of methods does best.
    families: &'a [FamilyTable],
    /// Iterative against one-shot pruning.
    mode_pairs: &'a [ModePair],
    /// Upstream against transfer scores.
    upstream: &'a [UpstreamTable],
    /// By size of the objects, for detectors.
    sizes: &'a [StrataTable],
    /// By class of the objects, for detectors.
    classes: &'a [StrataTable],
    /// Differences between methods, for detectors.
    pairs: &'a [PairTable],
    /// How alike masks are.
    similarities: &'a [SimilarityTable],
    /// How much of each layer stays.
    layers: &'a [LayerTable],
    /// Perturbed tickets.
    perturbations: &'a [PerturbationTable],
    /// What papers have published.
    published: &'a [PublishedTable],
    beside: &'a [Beside],
    /// How far our rankings agree with those.
    agreements: &'a [Agreement],
}

#[derive(Serialize, schemars::JsonSchema)]
struct JsonWarning<'a> {
    severity: crate::Severity,
    message: String,
    advice: &'static str,
    #[serde(flatten)]
    warning: &'a crate::BoardWarning,
}

#[derive(Serialize, schemars::JsonSchema)]
struct JsonBoard<'a> {
    key: &'a BoardKey,
    tasks: &'a [BoardTask],
    replicates: Vec<u32>,
    drop_interval_over: Option<Over>,
    entries: Vec<JsonEntry<'a>>,
}

#[derive(Serialize, schemars::JsonSchema)]
struct JsonEntry<'a> {
    theoretical_speedup: Option<f64>,
    #[serde(flatten)]
    entry: &'a Entry,
}

/// The JSON Schema of `report.json`, in its 2020-12 form.
#[must_use]
pub fn report_schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Document<'static>>().to_value()
}

/// `report.json`, one structure with [`SCHEMA`] in it. The raw rows are not repeated; they are in `results.csv`.
pub fn report_json(report: &Report, provenance: &Provenance) -> Result<Vec<u8>, ReportError> {
    let mut bytes = Vec::new();
    write_report(report, provenance, &mut bytes)?;
    Ok(bytes)
}

/// As [`report_json`], without all of it in memory.
pub(crate) fn write_report(
    report: &Report,
    provenance: &Provenance,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    let document = Document {
        schema: SCHEMA,
        metrics: METRICS,
        interval_level: LEVEL,
        tie_criterion: crate::export::TIE_CRITERION,
        rows: "results.csv",
        provenance,
        warnings: report
            .warnings
            .iter()
            .map(|it| JsonWarning {
                severity: it.warning.severity(),
                message: it.warning.message(),
                advice: it.warning.advice(),
                warning: it,
            })
            .collect(),
        boards: report.boards.iter().map(json_board).collect(),
        statistics: &report.statistics,
        costs: &report.costs,
        speeds: &report.speeds,
        tickets: &report.tickets,
        pretrainings: &report.pretrainings,
        families: &report.families,
        mode_pairs: &report.mode_pairs,
        upstream: &report.upstream,
        sizes: &report.sizes,
        classes: &report.classes,
        pairs: &report.pairs,
        similarities: &report.similarities,
        layers: &report.layers,
        perturbations: &report.perturbations,
        published: &report.published,
        beside: &report.beside,
        agreements: &report.agreements,
    };
    // Indented, so that two reports can be compared line by line; by one space, for the lines are many.
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
    document.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, formatter))?;
    out.write_all(b"\n").map_err(serde_json::Error::io)?;
    Ok(())
}

fn json_board(board: &Board) -> JsonBoard<'_> {
    JsonBoard {
        key: &board.key,
        tasks: &board.tasks,
        replicates: board.replicates.iter().copied().collect(),
        drop_interval_over: board.interval_over(),
        entries: board
            .entries
            .iter()
            .map(|entry| JsonEntry { theoretical_speedup: board.theoretical_speedup(entry), entry })
            .collect(),
    }
}
