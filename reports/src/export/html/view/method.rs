//! The page of a method: where it stands, its curves, what it costs, what it leaves of each layer, and all its trials.

use std::collections::BTreeSet;

use serde::Serialize;

use super::super::heat::{HeatMap, HeatRow, draw};
use super::super::names::Link;
use super::super::series::{SHOWN, Series};
use super::board::{KeyView, RowView, board_id, row_view};
use super::cost::{TrackView, tracks_of};
use super::curves::{CurvesView, curves_view};
use super::masks::layer_cell;
use super::speed::SpeedTable;
use super::trials::record_path;
use super::{Context, control_note, speed};
use crate::analysis::layers::short;
use crate::board::{Board, Entry};
use crate::text::{self, clean};
use crate::trials::fields::flatten;
use crate::trials::{TrialRecord, reading_order};

/// Layers of a profile.
const MOST_LAYERS: usize = 120;

#[derive(Serialize)]
pub(in super::super) struct MethodPage {
    pub(in super::super) title: String,
    pub(in super::super) path: String,
    note: &'static str,
    family: &'static str,
    /// What plugins say of the methods behind the label.
    about: Vec<About>,
    /// Identifiers of the methods behind the label, each with its parameters.
    configurations: Vec<Configuration>,
    boards: Vec<MethodBoard>,
    tracks: Vec<TrackView>,
    speeds: Vec<SpeedTable>,
    profiles: Vec<ProfileView>,
    trials: Vec<TrialLine>,
    /// Whether trials have pages.
    paged: bool,
}

#[derive(Serialize)]
struct About {
    id: String,
    name: String,
    version: String,
    summary: String,
    citation: Citation,
}

/// Where a method was published.
#[derive(Debug, PartialEq, Serialize)]
struct Citation {
    /// As the plugin writes it; empty if it does not say.
    text: String,
    /// Where to read it, with no character that HTML gives a meaning; empty for a text that names no archive.
    url: String,
}

impl Citation {
    fn of(text: &str) -> Citation {
        let plain = |id: &str| {
            !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || "./-_()".contains(c))
        };
        let text = clean(text.trim());
        let url = match text.split_once(':') {
            Some((archive, id)) if plain(id) => match archive.to_ascii_lowercase().as_str() {
                "arxiv" => format!("https://arxiv.org/abs/{id}"),
                "doi" => format!("https://doi.org/{id}"),
                _ => String::new(),
            },
            // A DOI without its name.
            None if text.starts_with("10.") && text.contains('/') && plain(&text) => {
                format!("https://doi.org/{text}")
            }
            _ => String::new(),
        };
        Citation { text, url }
    }
}

#[derive(Serialize)]
struct Configuration {
    id: String,
    parameters: Vec<(String, String)>,
}

/// Where it stands on a board.
#[derive(Serialize)]
struct MethodBoard {
    id: String,
    title: String,
    key: KeyView,
    /// Why nobody on it may be ranked in public; empty if nothing stands against it.
    barred: String,
    tasks: Vec<Link>,
    rows: Vec<RowView>,
    /// How many methods have a place at the keep of each row.
    of: Vec<usize>,
    curves: CurvesView,
}

#[derive(Serialize)]
struct ProfileView {
    title: String,
    svg: String,
}

/// A trial with the outcomes of its scores.
#[derive(Serialize)]
struct TrialLine {
    path: String,
    track: String,
    on: String,
    keep: String,
    replicate: u32,
    outcomes: Vec<(&'static str, usize)>,
}

pub(super) fn method_page(context: &Context<'_>, label: &str, path: &str) -> MethodPage {
    let entries = || context.lookups.iter().flat_map(|lookup| lookup.entries(label));
    let configurations: BTreeSet<&(String, String)> =
        entries().flat_map(|entry| &entry.configurations).collect();
    let ids: BTreeSet<&str> = configurations.iter().map(|(id, _)| id.as_str()).collect();
    let about = context.input.provenance.methods.iter().filter(|it| ids.contains(it.id.as_str()));
    let boards = context.report.boards.iter().enumerate();
    MethodPage {
        title: clean(label),
        path: path.to_owned(),
        note: control_note(entries().find_map(|entry| entry.control)),
        family: entries().find_map(|entry| entry.family).map_or("", crate::Family::label),
        about: about
            .map(|it| About {
                id: clean(&it.id),
                name: clean(&it.name),
                version: clean(&it.version),
                summary: clean(&it.summary),
                citation: Citation::of(&it.citation),
            })
            .collect(),
        configurations: configurations
            .into_iter()
            .filter(|(id, _)| !id.is_empty())
            .map(|(id, parameters)| Configuration { id: clean(id), parameters: parameter_list(parameters) })
            .collect(),
        boards: boards.filter_map(|(number, board)| method_board(context, number, board, label)).collect(),
        tracks: tracks_of(context, label),
        speeds: speed::tables(context, Some(label)),
        profiles: profiles(context, label),
        trials: trials(context, label),
        paged: !context.input.trials.trials.is_empty(),
    }
}

/// Parameters by name; as they are if they are no JSON object.
fn parameter_list(parameters: &str) -> Vec<(String, String)> {
    let mut list = Vec::new();
    match serde_json::from_str(parameters) {
        Ok(value) => flatten("", &value, &mut list),
        Err(_) if parameters.is_empty() => {}
        Err(_) => list.push(("as given".to_owned(), text::fit(&clean(parameters), 400))),
    }
    list
}

fn method_board(context: &Context<'_>, number: usize, board: &Board, label: &str) -> Option<MethodBoard> {
    let lookup = &context.lookups[number];
    let own: Vec<&Entry> = lookup.entries(label).collect();
    if own.is_empty() {
        return None;
    }
    let series = beside_baselines(context, label);
    Some(MethodBoard {
        id: board_id(number),
        title: board.key.title(),
        key: KeyView::of(board),
        barred: context.standings.barred(&board.key),
        tasks: board.tasks.iter().map(|task| context.task_link(&task.id, &task.short)).collect(),
        of: own.iter().map(|entry| lookup.placed(entry.keep)).collect(),
        rows: own.iter().map(|entry| row_view(context, board, entry, &lookup.heat)).collect(),
        curves: curves_view(context, &lookup.only(&series), &series, 0),
    })
}

/// The method itself, and the baselines to hold it against, each as on the overview. It is drawn last, above them, and
/// without dashes: those tell it from methods of its colour that are not here.
fn beside_baselines(context: &Context<'_>, label: &str) -> Vec<Series> {
    let mut series: Vec<Series> =
        context.series.iter().filter(|it| it.baseline && it.method != label).cloned().collect();
    let own = context.series.iter().find(|it| it.method == label);
    let style = own.map_or(0, |it| it.style % SHOWN);
    let free = (0..SHOWN).find(|style| series.iter().all(|it| it.style != *style)).unwrap_or(0);
    let style = if series.iter().any(|it| it.style == style) { free } else { style };
    let baseline = own.is_some_and(|it| it.baseline);
    series.push(Series { method: label.to_owned(), style, shown: true, baseline });
    for it in &mut series {
        it.shown = true;
    }
    series
}

/// Percent kept of each layer: a row for each keep.
fn profiles(context: &Context<'_>, label: &str) -> Vec<ProfileView> {
    let profile = |table: &crate::LayerTable| {
        let layers = &table.layers[..table.layers.len().min(MOST_LAYERS)];
        let lines: Vec<(f64, &crate::LayerLine)> = table
            .keeps
            .iter()
            .flat_map(|keep| keep.lines.iter().map(|line| (keep.keep, line)))
            .filter(|(_, line)| line.method == label)
            .collect();
        let map = HeatMap {
            name: format!("Weights that {} keeps of each layer, in percent, keep by layer", clean(label)),
            columns: layers
                .iter()
                .map(|layer| {
                    format!(
                        "{} ({})",
                        clean(short(&layer.name)),
                        text::si(layer.weights as f64).replace(' ', "")
                    )
                })
                .collect(),
            rows: lines
                .iter()
                .map(|(keep, line)| HeatRow {
                    label: format!("keep {keep}"),
                    cells: layers
                        .iter()
                        .zip(&line.cells)
                        .map(|(layer, cell)| {
                            // Of its own keep: every row has its darkest layer.
                            let most = line.cells.iter().map(|cell| cell.kept).fold(0.0, f64::max);
                            Some(layer_cell(line, &layer.name, cell, most))
                        })
                        .collect(),
                })
                .collect(),
        };
        let parts = [&table.suite, &table.track, &table.task];
        Some(ProfileView { title: parts.map(|part| clean(part)).join(" · "), svg: draw(&map)? })
    };
    context.report.layers.iter().filter_map(profile).collect()
}

fn trials(context: &Context<'_>, label: &str) -> Vec<TrialLine> {
    let mut records: Vec<&TrialRecord> =
        context.input.trials.trials.iter().filter(|trial| trial.method == label).collect();
    records.sort_by(|a, b| reading_order(a, b));
    records
        .into_iter()
        .map(|trial| {
            let mut outcomes = std::collections::BTreeMap::new();
            for row in context.rows_of(trial) {
                *outcomes.entry(row.outcome).or_insert(0) += 1;
            }
            TrialLine {
                path: record_path(trial),
                track: [&trial.suite, &trial.track].map(|part| clean(part)).join(" · "),
                on: trial.task.as_deref().map_or(String::new(), clean),
                keep: trial.keep.to_string(),
                replicate: trial.replicate,
                outcomes: outcomes.into_iter().map(|(outcome, count)| (outcome.word(), count)).collect(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Citation;

    #[test]
    fn archives_are_linked_and_other_texts_are_not() {
        let url = |text: &str| Citation::of(text).url;
        assert_eq!(url("arXiv:1803.03635"), "https://arxiv.org/abs/1803.03635");
        assert_eq!(url("arXiv:cs/0112017"), "https://arxiv.org/abs/cs/0112017");
        assert_eq!(url("doi:10.1109/CVPR.2020.00271"), "https://doi.org/10.1109/CVPR.2020.00271");
        assert_eq!(url("10.1109/CVPR.2020.00271"), "https://doi.org/10.1109/CVPR.2020.00271");
        for text in
            ["", "Han et al., 2015", "javascript:alert(1)", "arXiv:1803 03635", "doi:10.1/\"><script>"]
        {
            assert_eq!(url(text), "", "{text}");
        }
        assert_eq!(Citation::of(" Han et al. ").text, "Han et al.");
    }
}
