//! Turns a store into tables, plots and pages. No libtorch.
//!
//! [`load`] reads what a report needs from a store. Everything else here is a deterministic function of the
//! [`ReportInput`] that it gives (and of published figures, if [`read_published`] adds some): no clock, no environment, no file is read. The order of its rows never matters.
//!
//! [`Report::new`] computes boards, tables, costs and warnings once; the exports print them. [`write_all`] writes every
//! file of a report, [`terminal`] prints the leaderboard for a terminal.

mod analysis;
mod board;
mod conditions;
mod cost;
mod difficulty;
mod draws;
mod export;
mod family;
mod gallery;
pub mod lint;
mod load;
pub mod nights;
mod pairs;
mod published;
mod results;
mod row;
mod speed;
pub mod stats;
mod strata;
mod tensors;
mod text;
mod trials;
mod warnings;

#[doc(hidden)]
pub mod testing;

pub use analysis::agreement::{AgreedMethod, Agreement, agreements};
pub use analysis::beside::{Beside, BesideLine, tables as beside_tables};
pub use analysis::families::{
    FamilyKeep, FamilyLine, FamilyTable, ModePair, mode_pairs, tables as family_tables,
};
pub use analysis::layers::{LayerCell, LayerKeep, LayerLine, LayerTable, tables as layer_tables};
pub use analysis::masks::{MaskLayer, MaskSet, MaskState, MaskTally, MaskedNetwork};
pub use analysis::perturbation::{
    PerturbationLine, PerturbationTable, TaskDifference, tables as perturbation_tables,
};
pub use analysis::pretraining::{
    PretrainedTrack, PretrainingLine, PretrainingTable, tables as pretraining_tables,
};
pub use analysis::similarity::{
    SimilarityPair, SimilaritySide, SimilarityTable, tables as similarity_tables,
};
pub use analysis::statistics::diagram::{CriticalBar, CriticalDiagram, CriticalLabel, critical_diagram};
pub use analysis::statistics::{
    ALPHA, AreaLine, Areas, BaselineDifference, BoardStatistics, CostAxis, Criterion, ENOUGH_TASKS, Front,
    FrontPoint, Groups, Ineligible, Inseparable, KeepStatistics, MethodStatistics, RankTest, SignedRanks,
    Standing, tables as statistics_tables,
};
pub use analysis::tickets::{
    Reach, ReachKeep, Reference, TicketCell, TicketLine, TicketTable, Verdict, tables as ticket_tables,
};
pub use analysis::upstream::{
    Rank, UpstreamCorrelation, UpstreamPoint, UpstreamTable, tables as upstream_tables,
};
pub use board::{Board, BoardKey, BoardTask, Budget, Cell, Entry, ErrorIncrease, Place, Span, Trial, boards};
pub use conditions::{Origin, TaskConditions, TransferConditions};
pub use cost::{MethodCost, costs};
pub use difficulty::{Difficulty, TaskExample, TaskTest};
pub use export::csv::agreement::agreement_csv;
pub use export::csv::columns::{COLUMNS_SCHEMA, results_columns};
pub use export::csv::pretraining::pretraining_csv;
pub use export::csv::statistics::statistics_csv;
pub use export::csv::strata::{classes_csv, sizes_csv};
pub use export::csv::tickets::tickets_csv;
pub use export::csv::upstream::upstream_transfer_csv;
pub use export::csv::{
    costs_csv, layers_csv, leaderboard_csv, mask_similarity_csv, pairs_csv, perturbation_csv, results_csv,
    speed_csv,
};
pub use export::html::{SiteFile, analyses_html, index_html, site};
pub use export::json::{SCHEMA, report_json, report_schema};
pub use export::latex::leaderboard_tex;
pub use export::markdown::summary_md;
pub use export::terminal::show::show;
pub use export::terminal::{terminal, terminal_of};
pub use export::write::{ReportError, write_all, write_report};
pub use family::Family;
pub use gallery::{Gallery, GalleryColumn, GalleryDetection, GalleryPicture, GalleryTrack, GalleryTruth};
pub use load::{load, load_manifests, machine_words};
pub use pairs::{Pair, PairKeep, PairTable, Resampled, tables as pair_tables};
pub use published::{
    ORIGINS, PublishedError, PublishedFigure, PublishedLine, PublishedName, PublishedProtocol,
    PublishedRegime, PublishedTable, published_tables, read_names, read_protocols, read_published,
};
pub use results::{ResultsError, read_results};
pub use row::{Control, Outcome, Provenance, ReportInput, Row, StageCost};
pub use speed::{LANES, Speed, SpeedLine, lines as speed_lines, remark as speed_remark};
pub use strata::{
    Extent, StrataCell, StrataKind, StrataLine, StrataTable, Stratum, StratumScore, tables as strata_tables,
};
pub use trials::find::{FindError, Found, find};
pub use trials::{MOST_TRIAL_SCORES, StageRecord, TrialRecord, TrialRecords, TrialScore};
pub use warnings::{BoardWarning, ENOUGH_SEEDS, Severity, Warning, warnings};

/// What the exports print, computed once.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Report {
    /// The boards, in reading order.
    pub boards: Vec<Board>,
    /// What tests, intervals and counts say of the order on each board, in their order.
    pub statistics: Vec<BoardStatistics>,
    /// What the methods cost.
    pub costs: Vec<MethodCost>,
    /// Measured networks.
    pub speeds: Vec<Speed>,
    /// Which pruned networks score as the dense one does, in the boards' order.
    pub tickets: Vec<TicketTable>,
    /// How far tickets of different pre-trainings go, by suite.
    pub pretrainings: Vec<PretrainingTable>,
    /// Which family of methods does best, in the boards' order.
    pub families: Vec<FamilyTable>,
    /// Iterative against one-shot pruning, in the boards' order.
    pub mode_pairs: Vec<ModePair>,
    /// Upstream against transfer scores, in the boards' order.
    pub upstream: Vec<UpstreamTable>,
    /// What detectors find by size of the objects, in reading order.
    pub sizes: Vec<StrataTable>,
    /// What they find by class of the objects, in reading order.
    pub classes: Vec<StrataTable>,
    /// Differences between methods on detection tasks, in reading order.
    pub pairs: Vec<PairTable>,
    /// How alike the masks of methods are, in reading order; those of different pre-trainings at the end.
    pub similarities: Vec<SimilarityTable>,
    /// How much of each layer methods leave, in reading order.
    pub layers: Vec<LayerTable>,
    /// Perturbed tickets held against the tickets themselves, in the order of the boards.
    pub perturbations: Vec<PerturbationTable>,
    /// Test pictures with what detectors found in them, in reading order.
    pub galleries: Vec<Gallery>,
    /// What papers have published, in the order of their files.
    pub published: Vec<PublishedTable>,
    /// Published figures beside ours on the same tasks, and why others do not stand there, in the boards' order.
    pub beside: Vec<Beside>,
    /// How far our rankings agree with published ones, in the boards' order.
    pub agreements: Vec<Agreement>,
    /// What a reader must know, worst first.
    pub warnings: Vec<BoardWarning>,
}

impl Report {
    /// Computes boards, tables, costs and warnings.
    #[must_use]
    pub fn new(input: &ReportInput) -> Report {
        let boards = boards(&input.rows);
        let layers = layer_tables(&input.masks);
        let mut warnings = warnings(&boards);
        warnings.extend(analysis::layers::warnings(&layers, &boards));
        let mut speeds = input.speeds.clone();
        speeds.sort_by(export::csv::speed_order);
        let mut galleries = input.galleries.clone();
        galleries.sort_by(gallery::reading_order);
        let strata = |kind| strata_tables(&input.strata, kind);
        let (sizes, classes) = (strata(StrataKind::Size), strata(StrataKind::Class));
        let pairs = pair_tables(&input.resampled);
        let published = published_tables(&input.published, &input.published_protocols);
        let tickets = ticket_tables(&boards);
        let mut similarities = similarity_tables(&input.masks);
        similarities.extend(similarity_tables(&input.pretraining_masks));
        let (families, mode_pairs) = (family_tables(&boards), mode_pairs(&boards));
        let upstream = upstream_tables(&boards);
        let (names, protocols) = (&input.published_names, &input.published_protocols);
        let agreements = agreements(&boards, &input.published, names, protocols, &input.conditions);
        let beside = beside_tables(&boards, &input.conditions, &input.published, names, protocols);
        let costs = costs(input);
        let statistics = statistics_tables(&boards, &costs, &speeds);
        warnings.extend(warnings::measured::warnings(&boards, &costs, &speeds));
        warnings.extend(warnings::measured::of_statistics(&statistics));
        warnings.sort_by_key(|it| it.warning.severity());
        Report {
            pretrainings: pretraining_tables(&tickets, &input.pretrained_tracks),
            similarities,
            layers,
            perturbations: perturbation_tables(&boards),
            statistics,
            boards,
            costs,
            speeds,
            tickets,
            families,
            mode_pairs,
            upstream,
            sizes,
            classes,
            pairs,
            galleries,
            published,
            beside,
            agreements,
            warnings,
        }
    }
}
