//! What stands on the page, as text: the template only arranges it.

mod agreement;
mod board;
mod cost;
mod families;
mod gallery;
mod masks;
mod pairs;
mod perturbation;
mod published;
mod speed;
mod strata;
mod tickets;
mod upstream;

use std::collections::BTreeMap;

use serde::Serialize;

use super::{plot, series};
use crate::Report;
use crate::board::{Board, Entry};
use crate::row::{Control, Outcome, Provenance};
use crate::text::{self, clean};
use agreement::AgreementView;
use board::{BoardView, board_view};
use cost::{TrackView, tracks};
use families::FamiliesView;
use gallery::{GalleryView, galleries};
use masks::MaskView;
use pairs::PairTableView;
use perturbation::PerturbationView;
use published::PublishedView;
use speed::{SpeedTable, tables};
use strata::StrataTableView;
use tickets::TicketsView;
use upstream::UpstreamView;

/// Trials above which single trials are no longer drawn; those without a score are still listed.
const MOST_DOTS: usize = 5_000;
/// Trials without a score that are listed.
const MOST_LISTED: usize = 500;
const DASH: &str = "–";

#[derive(Serialize)]
pub(super) struct Page {
    title: String,
    facts: Vec<(String, String)>,
    warnings: Vec<WarningView>,
    warning_counts: Vec<(String, usize)>,
    boards: Vec<BoardView>,
    tracks: Vec<TrackView>,
    speeds: Vec<SpeedTable>,
    families: FamiliesView,
    upstream: Vec<UpstreamView>,
    tickets: TicketsView,
    sizes: Vec<StrataTableView>,
    classes: Vec<StrataTableView>,
    pairs: Vec<PairTableView>,
    similarities: Vec<MaskView>,
    layers: Vec<MaskView>,
    perturbations: Vec<PerturbationView>,
    galleries: Vec<GalleryView>,
    agreements: Vec<AgreementView>,
    published: Vec<PublishedView>,
    single_dots: bool,
    faults: Vec<FaultView>,
    hidden_faults: usize,
    origin: Vec<(String, String)>,
    plugins: Vec<(String, String)>,
    data: Vec<(String, String)>,
}

#[derive(Serialize)]
struct WarningView {
    severity: &'static str,
    board: String,
    message: String,
    advice: &'static str,
}

#[derive(Serialize)]
struct FaultView {
    board: String,
    method: String,
    keep: String,
    task: String,
    replicate: u32,
    outcome: &'static str,
    detail: String,
}

pub(super) fn page(report: &Report, provenance: &Provenance) -> Page {
    let trials: usize = report.boards.iter().flat_map(|board| &board.entries).map(Entry::trials).sum();
    let single_dots = trials <= MOST_DOTS;
    let (series, hidden_methods) = series::choose(report);
    let tabs = tab_names(report);
    let boards = report
        .boards
        .iter()
        .zip(tabs)
        .enumerate()
        .map(|(number, (board, tab))| board_view(board, number, tab, &series, hidden_methods, single_dots))
        .collect();
    let (faults, hidden_faults) = faults(report);
    let mut counts = BTreeMap::new();
    for it in &report.warnings {
        *counts.entry(it.warning.severity()).or_insert(0) += 1;
    }
    let cleaned = |pairs: &[(String, String)]| pairs.iter().map(|(a, b)| (clean(a), clean(b))).collect();
    let mut origin = vec![
        ("secateur".to_owned(), clean(&provenance.harness)),
        ("libtorch".to_owned(), clean(&provenance.libtorch)),
        ("device class".to_owned(), clean(&provenance.device_class)),
        ("machine".to_owned(), clean(&provenance.machine)),
    ];
    origin.retain(|(_, value)| !value.is_empty());
    origin.extend(provenance.facts.iter().map(|(name, value)| (clean(name), clean(value))));
    Page {
        title: suites(report),
        facts: facts(report, provenance, trials),
        warnings: report
            .warnings
            .iter()
            .map(|it| WarningView {
                severity: it.warning.severity().word(),
                board: it.board.title(),
                message: it.warning.message(),
                advice: it.warning.advice(),
            })
            .collect(),
        warning_counts: counts
            .into_iter()
            .map(|(severity, count)| {
                (format!("{}{}", severity.word(), if count == 1 { "" } else { "s" }), count)
            })
            .collect(),
        boards,
        tracks: tracks(&report.costs),
        speeds: tables(&report.speeds),
        families: families::view(&report.families, &report.mode_pairs),
        upstream: upstream::views(&report.upstream),
        tickets: tickets::view(&report.tickets),
        sizes: strata::tables(&report.sizes),
        classes: strata::tables(&report.classes),
        pairs: pairs::tables(&report.pairs),
        similarities: masks::similarities(&report.similarities),
        layers: masks::layers(&report.layers),
        perturbations: perturbation::tables(&report.perturbations),
        galleries: galleries(&report.galleries),
        agreements: agreement::views(&report.agreements),
        published: published::tables(&report.published),
        single_dots,
        faults,
        hidden_faults,
        origin,
        plugins: cleaned(&provenance.plugins),
        data: cleaned(&provenance.data),
    }
}

fn suites(report: &Report) -> String {
    let mut names: Vec<String> = report.boards.iter().map(|board| clean(&board.key.suite)).collect();
    names.dedup();
    names.join(", ")
}

/// The parts of the boards' keys that tell them apart.
fn tab_names(report: &Report) -> Vec<String> {
    let parts = |board: &Board| {
        let key = &board.key;
        [&key.suite, &key.track, &key.protocol, &key.regime, &key.granularity].map(|part| clean(part))
    };
    let all: Vec<[String; 5]> = report.boards.iter().map(parts).collect();
    all.iter()
        .map(|these| {
            let telling: Vec<&str> = (0..these.len())
                .filter(|part| all.iter().any(|others| others[*part] != these[*part]))
                .map(|part| these[part].as_str())
                .collect();
            if telling.is_empty() { these[3].clone() } else { telling.join(" · ") }
        })
        .collect()
}

fn facts(report: &Report, provenance: &Provenance, trials: usize) -> Vec<(String, String)> {
    let mut outcomes: BTreeMap<Outcome, usize> = BTreeMap::new();
    let mut methods = std::collections::BTreeSet::new();
    let mut tasks = std::collections::BTreeSet::new();
    let mut keeps: Vec<f64> = Vec::new();
    let mut replicates = 0;
    for board in &report.boards {
        replicates = replicates.max(board.replicates.len());
        keeps.extend(board.keeps());
        tasks.extend(board.tasks.iter().map(|task| &task.id));
        methods.extend(board.methods().map(|entry| &entry.method));
        for (outcome, count) in board.entries.iter().flat_map(|entry| &entry.outcomes) {
            *outcomes.entry(*outcome).or_default() += count;
        }
    }
    keeps.sort_by(|a, b| b.total_cmp(a));
    keeps.dedup();
    let ended: Vec<String> = outcomes
        .iter()
        .map(|(outcome, count)| format!("{} {}", text::count(*count as u64), outcome.word()))
        .collect();
    let shown: Vec<String> = keeps.iter().take(6).map(f64::to_string).collect();
    let more = if keeps.len() > 6 { " …" } else { "" };
    let mut facts = vec![
        ("Trials".to_owned(), format!("{} ({})", text::count(trials as u64), ended.join(", "))),
        ("Methods".to_owned(), methods.len().to_string()),
        ("Tasks".to_owned(), tasks.len().to_string()),
        ("Keeps".to_owned(), format!("{}{more}", shown.join(", "))),
        ("Replicates".to_owned(), replicates.to_string()),
    ];
    let versions: Vec<String> = [("secateur", &provenance.harness), ("libtorch", &provenance.libtorch)]
        .into_iter()
        .filter(|(_, version)| !version.is_empty())
        .map(|(name, version)| format!("{name} {}", clean(version)))
        .collect();
    if !versions.is_empty() {
        facts.push(("Versions".to_owned(), versions.join(", ")));
    }
    if !provenance.device_class.is_empty() {
        facts.push(("Device".to_owned(), clean(&provenance.device_class)));
    }
    facts
}

fn control_note(control: Option<Control>) -> &'static str {
    match control {
        Some(Control::Baseline) => "baseline",
        Some(Control::DenseAsIs | Control::DenseTrained | Control::Scratch) => "control",
        None => "",
    }
}

/// Trials without a score, and how many more there are.
fn faults(report: &Report) -> (Vec<FaultView>, usize) {
    let mut listed = Vec::new();
    let mut all = 0;
    for board in &report.boards {
        for entry in &board.entries {
            for (task, cell) in board.tasks.iter().zip(&entry.cells) {
                for trial in cell.trials.iter().filter(|trial| trial.score.is_none()) {
                    all += 1;
                    if listed.len() < MOST_LISTED {
                        listed.push(FaultView {
                            board: board.key.title(),
                            method: clean(&entry.method),
                            keep: entry.keep.to_string(),
                            task: task.short.clone(),
                            replicate: trial.replicate,
                            outcome: trial.outcome.word(),
                            detail: text::fit(&clean(&trial.detail), 300),
                        });
                    }
                }
            }
        }
    }
    let hidden = all - listed.len();
    (listed, hidden)
}
