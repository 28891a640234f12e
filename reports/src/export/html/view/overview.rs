//! The first page: short answers, warnings, boards, costs and speed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::names::Link;
use super::answers::{AnswerBoard, answers};
use super::board::{BoardView, board_view};
use super::cost::{TrackView, tracks};
use super::speed::{SpeedTable, tables};
use super::{Context, tab_names};
use crate::Report;
use crate::board::Entry;
use crate::row::{Outcome, Provenance};
use crate::text::{self, clean};
use crate::trials::MOST_TRIAL_SCORES;

/// Trials without a score that are listed.
const MOST_LISTED: usize = 500;

#[derive(Serialize)]
pub(in super::super) struct Overview {
    title: String,
    facts: Vec<(String, String)>,
    answers: Vec<AnswerBoard>,
    warnings: Vec<WarningView>,
    warning_counts: Vec<(String, usize)>,
    boards: Vec<BoardView>,
    tracks_of_boards: Vec<String>,
    families: Vec<&'static str>,
    keeps: Vec<String>,
    tracks: Vec<TrackView>,
    speeds: Vec<SpeedTable>,
    faults: Vec<FaultView>,
    hidden_faults: usize,
    methods: Vec<Link>,
    tasks: Vec<Link>,
    /// Why trials have no pages; empty where they have.
    no_trials: String,
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
    method: Link,
    keep: String,
    task: Link,
    replicate: u32,
    outcome: &'static str,
    detail: String,
    /// The page of the trial; empty where it has none.
    path: String,
}

pub(super) fn overview(context: &Context<'_>) -> Overview {
    let (report, provenance) = (context.report, &context.input.provenance);
    let trials: usize = report.boards.iter().flat_map(|board| &board.entries).map(Entry::trials).sum();
    let boards: Vec<BoardView> = report
        .boards
        .iter()
        .zip(tab_names(report))
        .enumerate()
        .map(|(number, (board, tab))| board_view(context, board, number, tab))
        .collect();
    let (faults, hidden_faults) = faults(context);
    let mut counts = BTreeMap::new();
    for it in &report.warnings {
        *counts.entry(it.warning.severity()).or_insert(0) += 1;
    }
    let cleaned = |pairs: &[(String, String)]| pairs.iter().map(|(a, b)| (clean(a), clean(b))).collect();
    Overview {
        title: suites(report),
        facts: facts(report, provenance, trials),
        answers: answers(context),
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
        tracks_of_boards: distinct(report.boards.iter().map(|board| clean(&board.key.track))),
        families: families(report),
        keeps: keeps(report).iter().map(f64::to_string).collect(),
        tracks: tracks(context),
        speeds: tables(context, None),
        faults,
        hidden_faults,
        methods: context
            .names
            .methods()
            .map(|(label, path)| Link { text: clean(label), path: path.to_owned() })
            .collect(),
        tasks: context
            .names
            .tasks()
            .map(|(id, path)| Link { text: clean(id), path: path.to_owned() })
            .collect(),
        no_trials: no_trials(context),
        origin: origin(provenance),
        plugins: cleaned(&provenance.plugins),
        data: cleaned(&provenance.data),
    }
}

fn origin(provenance: &Provenance) -> Vec<(String, String)> {
    let mut origin = vec![
        ("secateur".to_owned(), clean(&provenance.harness)),
        ("libtorch".to_owned(), clean(&provenance.libtorch)),
        ("device class".to_owned(), clean(&provenance.device_class)),
        ("machine".to_owned(), clean(&provenance.machine)),
    ];
    origin.retain(|(_, value)| !value.is_empty());
    origin.extend(provenance.facts.iter().map(|(name, value)| (clean(name), clean(value))));
    origin
}

/// What to do where trials have no pages.
fn no_trials(context: &Context<'_>) -> String {
    match context.input.trials.left_out {
        0 => String::new(),
        count => format!(
            "{} trials have no pages here, because the site would have more than {} scores. \
             `secateur show STAGE --store DIR` prints everything that is stored of one; STAGE is a trial, or the beginning of a \
             stage's identity in results.csv.",
            text::count(count as u64),
            text::count(MOST_TRIAL_SCORES as u64)
        ),
    }
}

fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let set: std::collections::BTreeSet<String> = names.collect();
    set.into_iter().collect()
}

fn families(report: &Report) -> Vec<&'static str> {
    let methods = report.boards.iter().flat_map(|board| board.methods());
    let set: std::collections::BTreeSet<crate::Family> = methods.filter_map(|entry| entry.family).collect();
    set.into_iter().map(crate::Family::label).collect()
}

/// Keeps of all boards, from large to small.
fn keeps(report: &Report) -> Vec<f64> {
    let mut keeps: Vec<f64> = report.boards.iter().flat_map(|board| board.keeps()).collect();
    keeps.sort_by(|a, b| b.total_cmp(a));
    keeps.dedup_by(|a, b| a.to_bits() == b.to_bits());
    keeps
}

fn suites(report: &Report) -> String {
    let mut names: Vec<String> = report.boards.iter().map(|board| clean(&board.key.suite)).collect();
    names.dedup();
    names.join(", ")
}

fn facts(report: &Report, provenance: &Provenance, trials: usize) -> Vec<(String, String)> {
    let mut outcomes: BTreeMap<Outcome, usize> = BTreeMap::new();
    let mut methods = std::collections::BTreeSet::new();
    let mut tasks = std::collections::BTreeSet::new();
    let mut replicates = 0;
    for board in &report.boards {
        replicates = replicates.max(board.replicates.len());
        tasks.extend(board.tasks.iter().map(|task| &task.id));
        methods.extend(board.methods().map(|entry| &entry.method));
        for (outcome, count) in board.entries.iter().flat_map(|entry| &entry.outcomes) {
            *outcomes.entry(*outcome).or_default() += count;
        }
    }
    let keeps = keeps(report);
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

/// Trials without a score, and how many more there are.
fn faults(context: &Context<'_>) -> (Vec<FaultView>, usize) {
    let mut listed = Vec::new();
    let mut all = 0;
    for board in &context.report.boards {
        for entry in &board.entries {
            for (task, cell) in board.tasks.iter().zip(&entry.cells) {
                for trial in cell.trials.iter().filter(|trial| trial.score.is_none()) {
                    all += 1;
                    if listed.len() < MOST_LISTED {
                        listed.push(FaultView {
                            board: board.key.title(),
                            method: context.names.method_link(&entry.method),
                            keep: entry.keep.to_string(),
                            task: context.task_link(&task.id, &task.short),
                            replicate: trial.replicate,
                            outcome: trial.outcome.word(),
                            detail: text::fit(&clean(&trial.detail), 300),
                            path: context.trials.path(&board.key, entry, &task.id, trial.replicate),
                        });
                    }
                }
            }
        }
    }
    let hidden = all - listed.len();
    (listed, hidden)
}
