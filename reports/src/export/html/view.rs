//! What stands on the page, as text: the template only arranges it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::plot::{self, Size, What};
use super::series::{self, Series};
use crate::Report;
use crate::board::{Board, Cell, Entry, Span};
use crate::cost::MethodCost;
use crate::export::incomplete_word;
use crate::row::{Control, Outcome, Provenance};
use crate::stats::Summary;
use crate::text::{self, clean};

/// Trials above which single trials are no longer drawn; those without a score are still listed.
const MOST_DOTS: usize = 5_000;
/// Trials without a score that are listed.
const MOST_LISTED: usize = 500;
/// Steps of the heat colour, 0 to 8.
const HEAT_STEPS: f64 = 8.0;
const DASH: &str = "–";

#[derive(Serialize)]
pub(super) struct Page {
    title: String,
    facts: Vec<(String, String)>,
    warnings: Vec<WarningView>,
    warning_counts: Vec<(String, usize)>,
    boards: Vec<BoardView>,
    tracks: Vec<TrackView>,
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
struct BoardView {
    id: String,
    tab: String,
    title: String,
    summary: String,
    over: Option<&'static str>,
    metrics: String,
    single_task: bool,
    leaders: Vec<LeaderView>,
    tasks: Vec<TaskView>,
    groups: Vec<GroupView>,
    legend: Vec<LegendView>,
    hidden_methods: usize,
    curve_word: &'static str,
    mean_plot: Option<String>,
    plots: Vec<(String, String)>,
    prunable: String,
    dots: bool,
}

#[derive(Serialize)]
struct TaskView {
    short: String,
    id: String,
    metric: String,
}

#[derive(Serialize)]
struct LeaderView {
    keep: String,
    method: String,
    mean: String,
    drop: String,
    others: String,
}

#[derive(Serialize)]
struct LegendView {
    style: usize,
    method: String,
    swatch: String,
}

/// The entries of one keep.
#[derive(Serialize)]
struct GroupView {
    keep: String,
    dense: bool,
    head: String,
    rows: Vec<RowView>,
}

#[derive(Serialize)]
struct RowView {
    method: String,
    note: &'static str,
    complete: bool,
    place: String,
    place_sort: usize,
    mean: Figure,
    drop: Figure,
    rank: String,
    rank_sort: f64,
    trials: String,
    cells: Vec<CellView>,
    sparsity: String,
    compression: String,
    target: String,
    achieved: String,
    missed: bool,
    params: String,
    conv_fc: String,
    macs_executed: String,
    macs_nonzero: String,
    speedup: String,
    outcomes: Vec<(String, usize)>,
}

/// A number with its half interval.
#[derive(Serialize)]
struct Figure {
    value: String,
    half: String,
    /// For sorting; far below every score where there is none.
    sort: f64,
}

#[derive(Serialize)]
struct CellView {
    /// `h0` to `h8`, or `fault`.
    class: String,
    score: Figure,
    drop: Figure,
    rank: String,
    title: String,
    dots: Vec<DotView>,
}

#[derive(Serialize)]
struct DotView {
    outcome: &'static str,
    title: String,
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

#[derive(Serialize)]
struct TrackView {
    title: String,
    rows: Vec<CostView>,
}

#[derive(Serialize)]
struct CostView {
    method: String,
    note: &'static str,
    stages: String,
    samples: String,
    method_share: f64,
    recover_share: f64,
    training: BarView,
    prune: BarView,
    recover: BarView,
    total: BarView,
    memory: BarView,
    latency: String,
}

/// A number with a bar of 0 to 100 % of the largest in its column.
#[derive(Serialize)]
struct BarView {
    text: String,
    share: f64,
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

fn board_view(
    board: &Board,
    number: usize,
    tab: String,
    series: &[Series],
    hidden_methods: usize,
    dots: bool,
) -> BoardView {
    let heat = heat_ranges(board);
    let mut groups: Vec<GroupView> = Vec::new();
    for entry in &board.entries {
        let dense = entry.is_dense();
        let keep = entry.keep.to_string();
        if groups.last().is_none_or(|group| group.dense != dense || (!dense && group.keep != keep)) {
            let head = if dense { "dense controls".to_owned() } else { keep_head(board, entry) };
            groups.push(GroupView { keep, dense, head, rows: Vec::new() });
        }
        if let Some(group) = groups.last_mut() {
            group.rows.push(row_view(board, entry, &heat, dots));
        }
    }
    let shown: Vec<&Series> =
        series.iter().filter(|it| board.methods().any(|entry| entry.method == it.method)).collect();
    let plots = (board.tasks.len() > 1)
        .then(|| {
            board.tasks.iter().enumerate().filter_map(|(index, task)| {
                let size = Size { width: 264.0, height: 178.0 };
                let plot = plot::curves(board, series, What::Task(index), &task.short, size)?;
                Some((task.short.clone(), plot))
            })
        })
        .into_iter()
        .flatten()
        .collect();
    let key = &board.key;
    BoardView {
        id: format!("board-{number}"),
        tab,
        title: key.title(),
        summary: format!(
            "{} {}, {} {}",
            board.tasks.len(),
            if board.tasks.len() == 1 { "task" } else { "tasks" },
            board.replicates.len(),
            if board.replicates.len() == 1 { "replicate" } else { "replicates" },
        ),
        over: board.interval_over().map(|over| over.label()),
        metrics: metrics(board),
        single_task: board.tasks.len() == 1,
        leaders: leaders(board),
        tasks: board
            .tasks
            .iter()
            .map(|task| TaskView {
                short: task.short.clone(),
                id: clean(&task.id),
                metric: clean(&task.metrics.iter().cloned().collect::<Vec<_>>().join(", ")),
            })
            .collect(),
        groups,
        legend: shown
            .into_iter()
            .map(|it| LegendView { style: it.style, method: clean(&it.method), swatch: plot::swatch(it) })
            .collect(),
        hidden_methods,
        curve_word: if board.keeps().len() > 1 { "curves" } else { "points" },
        mean_plot: plot::curves(
            board,
            series,
            What::Mean,
            "mean over tasks",
            Size { width: 480.0, height: 344.0 },
        ),
        plots,
        prunable: prunable(board),
        dots,
    }
}

fn keep_head(board: &Board, entry: &Entry) -> String {
    let asked = text::percent(1.0 - entry.keep, 2);
    let asked = asked.trim_end_matches('0').trim_end_matches('.');
    match board.key.granularity.as_str() {
        "weights" => format!("keep {} · {asked} % sparsity", entry.keep),
        _ => format!("keep {} · {asked} % of prunable weights removed", entry.keep),
    }
}

fn metrics(board: &Board) -> String {
    let mut by_metric: BTreeMap<&str, usize> = BTreeMap::new();
    for name in board.tasks.iter().flat_map(|task| &task.metrics) {
        *by_metric.entry(name).or_default() += 1;
    }
    let parts: Vec<String> =
        by_metric.iter().map(|(name, tasks)| format!("{} on {tasks}", clean(name))).collect();
    parts.join(", ")
}

fn prunable(board: &Board) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut sets: Vec<&String> = board.methods().flat_map(|entry| &entry.budget.prunable_sets).collect();
    sets.sort();
    sets.dedup();
    if !sets.is_empty() {
        parts.push(format!("set {}", sets.iter().map(|name| clean(name)).collect::<Vec<_>>().join(", ")));
    }
    if let Some(total) = board.methods().find_map(|entry| entry.budget.prunable_total) {
        parts.push(format!("{} weights", span(Some(total))));
    }
    parts.join(", ")
}

fn leaders(board: &Board) -> Vec<LeaderView> {
    board
        .keeps()
        .into_iter()
        .take(6)
        .filter_map(|keep| {
            let group: Vec<&Entry> = board
                .methods()
                .filter(|it| {
                    it.keep.to_bits() == keep.to_bits() && it.place.is_some_and(|place| place.place == 1)
                })
                .collect();
            let leader = group.first()?;
            let names: Vec<String> = group[1..].iter().take(3).map(|entry| clean(&entry.method)).collect();
            let others = match group.len() - 1 {
                0 => String::new(),
                count if count > 3 => {
                    format!("not separable from {} and {} more", names.join(", "), count - 3)
                }
                _ => format!("not separable from {}", names.join(", ")),
            };
            Some(LeaderView {
                keep: keep_head(board, leader),
                method: clean(&leader.method),
                mean: text::percent(leader.mean?.mean, 2),
                drop: leader.drop.map_or(String::new(), |drop| {
                    let half = drop
                        .half_width()
                        .map_or(String::new(), |half| format!(" ± {}", text::percent(half, 2)));
                    format!("drop {}{half}", text::signed(drop.mean, 2))
                }),
                others,
            })
        })
        .collect()
}

/// Per task, the lowest and highest score of the methods: the ends of the heat scale.
fn heat_ranges(board: &Board) -> Vec<(f64, f64)> {
    (0..board.tasks.len())
        .map(|task| {
            board
                .methods()
                .filter_map(|entry| entry.cells[task].summary)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| {
                    (low.min(it.mean), high.max(it.mean))
                })
        })
        .collect()
}

fn row_view(board: &Board, entry: &Entry, heat: &[(f64, f64)], dots: bool) -> RowView {
    let budget = &entry.budget;
    let dash = || DASH.to_owned();
    let mut mean = figure(entry.mean, 2);
    if entry.mean.is_none() {
        mean.value = incomplete_word(entry);
    }
    RowView {
        method: clean(&entry.method),
        note: control_note(entry.control),
        complete: entry.complete,
        place: entry.place.map_or(String::new(), |place| place.to_string()),
        place_sort: entry.place.map_or(usize::MAX >> 12, |place| place.place),
        mean,
        drop: figure(entry.drop, 2),
        rank: entry.average_rank.map_or_else(dash, |rank| format!("{rank:.2}")),
        rank_sort: entry.average_rank.unwrap_or(1e9),
        trials: format!("{}/{}", entry.scored(), entry.trials()),
        cells: board
            .tasks
            .iter()
            .zip(&entry.cells)
            .zip(heat)
            .map(|((task, cell), range)| cell_view(entry, &task.short, cell, *range, dots))
            .collect(),
        sparsity: budget.sparsity.map_or_else(dash, |it| format!("{} %", text::percent(it, 2))),
        compression: budget.compression.map_or_else(dash, text::times),
        target: span(budget.target_count),
        achieved: span(budget.achieved_count),
        missed: budget.missed_counts > 0,
        params: span(budget.params_remaining),
        conv_fc: span(budget.conv_fc_remaining),
        macs_executed: budget.macs_executed.map_or_else(dash, text::si),
        macs_nonzero: budget.macs_nonzero.map_or_else(dash, text::si),
        speedup: board.theoretical_speedup(entry).map_or_else(dash, text::times),
        outcomes: entry.outcomes.iter().map(|(outcome, count)| (outcome.word().to_owned(), *count)).collect(),
    }
}

fn cell_view(entry: &Entry, task: &str, cell: &Cell, (low, high): (f64, f64), dots: bool) -> CellView {
    let mut score = figure(cell.summary, 2);
    let mut title = String::new();
    let mut class = String::new();
    if let Some(fault) = cell.fault() {
        let scored = cell.trials.iter().filter(|trial| trial.score.is_some()).count();
        title = format!("{scored} of {} replicates have a score", cell.trials.len());
        if let Some(summary) = cell.summary {
            title = format!("{title}, with mean {}", text::percent(summary.mean, 2));
        }
        score = Figure { value: fault.word().to_owned(), half: String::new(), sort: -1.0 };
        class.push_str("fault");
    } else if let Some(summary) = cell.summary.filter(|_| !entry.is_dense()) {
        let part = if high > low { (summary.mean - low) / (high - low) } else { 0.5 };
        class = format!("h{}", (part.clamp(0.0, 1.0) * HEAT_STEPS).round() as u8);
    }
    let dots = if !dots {
        Vec::new()
    } else {
        cell.trials
            .iter()
            .map(|trial| DotView {
                outcome: trial.outcome.word(),
                title: match trial.score {
                    Some(score) => {
                        format!("{task}, replicate {}: ok, {} %", trial.replicate, text::percent(score, 2))
                    }
                    None => format!(
                        "{task}, replicate {}: {}. {}",
                        trial.replicate,
                        trial.outcome.word(),
                        clean(&trial.detail)
                    ),
                },
            })
            .collect()
    };
    CellView {
        class,
        score,
        drop: figure(cell.drop, 2),
        rank: cell.rank.map_or_else(|| DASH.to_owned(), |rank| rank.to_string()),
        title,
        dots,
    }
}

fn figure(summary: Option<Summary>, decimals: usize) -> Figure {
    match summary {
        None => Figure { value: DASH.to_owned(), half: String::new(), sort: -1e9 },
        Some(summary) => Figure {
            value: text::signed(summary.mean, decimals),
            half: summary
                .half_width()
                .map_or(String::new(), |half| format!("±{}", text::percent(half, decimals))),
            sort: summary.mean,
        },
    }
}

fn control_note(control: Option<Control>) -> &'static str {
    match control {
        Some(Control::Baseline) => "baseline",
        Some(Control::DenseAsIs | Control::DenseTrained) => "control",
        None => "",
    }
}

fn span(span: Option<Span>) -> String {
    match span {
        None => DASH.to_owned(),
        Some(Span { min, max }) if min == max => text::count(min),
        Some(Span { min, max }) => format!("{} – {}", text::count(min), text::count(max)),
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

fn tracks(costs: &[MethodCost]) -> Vec<TrackView> {
    costs
        .chunk_by(|a, b| (&a.suite, &a.track) == (&b.suite, &b.track))
        .map(|track| {
            let title = track
                .first()
                .map_or(String::new(), |it| format!("{} · {}", clean(&it.suite), clean(&it.track)));
            // Controls first, then by what matters most to who waits.
            let mut order: Vec<&MethodCost> = track.iter().collect();
            let class = |cost: &MethodCost| match cost.control {
                Some(Control::DenseAsIs) => 0,
                Some(Control::DenseTrained) => 1,
                Some(Control::Baseline) => 2,
                None if cost.method.is_empty() => 4,
                None => 3,
            };
            order.sort_by(|a, b| class(a).cmp(&class(b)).then_with(|| a.method.cmp(&b.method)));
            let most = |field: &dyn Fn(&MethodCost) -> Option<f64>| {
                track.iter().filter_map(field).fold(0.0, f64::max)
            };
            let samples = |cost: &MethodCost| {
                let spent = [cost.method_samples, cost.recover_samples];
                spent.iter().any(Option::is_some).then(|| spent.iter().flatten().sum::<f64>())
            };
            let (most_samples, most_training) = (most(&samples), most(&|it| it.training_macs));
            let (most_prune, most_recover) = (most(&|it| it.prune_seconds), most(&|it| it.recover_seconds));
            let most_total = most(&|it| Some(it.total_seconds));
            let most_memory = most(&|it| Some(it.peak_bytes as f64));
            let rows = order.into_iter().map(|cost| {
                let share = |part: Option<f64>| percent_of(part.unwrap_or(0.0), most_samples);
                CostView {
                    method: if cost.method.is_empty() {
                        "shared by all".to_owned()
                    } else {
                        clean(&cost.method)
                    },
                    note: control_note(cost.control),
                    stages: match cost.failed_stages {
                        0 => cost.stages.to_string(),
                        failed => format!("{} ({failed} not ok)", cost.stages),
                    },
                    samples: samples(cost).map_or(DASH.to_owned(), |_| {
                        format!(
                            "{} + {}",
                            text::count(cost.method_samples.unwrap_or(0.0).round() as u64),
                            text::count(cost.recover_samples.unwrap_or(0.0).round() as u64)
                        )
                    }),
                    method_share: share(cost.method_samples),
                    recover_share: share(cost.recover_samples),
                    training: bar(cost.training_macs, most_training, text::si),
                    prune: bar(cost.prune_seconds, most_prune, text::seconds),
                    recover: bar(cost.recover_seconds, most_recover, text::seconds),
                    total: bar((cost.stages > 0).then_some(cost.total_seconds), most_total, text::seconds),
                    memory: bar((cost.peak_bytes > 0).then_some(cost.peak_bytes as f64), most_memory, |it| {
                        text::bytes(it as u64)
                    }),
                    latency: cost
                        .latency_ms
                        .iter()
                        .take(4)
                        .map(|(keep, ms)| format!("{ms:.2} at {keep}"))
                        .collect::<Vec<_>>()
                        .join(", "),
                }
            });
            TrackView { title, rows: rows.collect() }
        })
        .collect()
}

fn bar(value: Option<f64>, most: f64, print: impl Fn(f64) -> String) -> BarView {
    BarView { text: value.map_or(DASH.to_owned(), print), share: percent_of(value.unwrap_or(0.0), most) }
}

/// One decimal, for it goes into a style attribute thousands of times.
fn percent_of(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (part / whole * 1000.0).round() / 10.0 } else { 0.0 }
}
