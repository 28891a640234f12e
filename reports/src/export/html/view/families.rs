//! Families of methods as text.

use serde::Serialize;

use super::DASH;
use crate::analysis::families::{FamilyLine, FamilyTable, ModePair};
use crate::export::{increase_words, winner_words};
use crate::family::Family;
use crate::stats::Summary;
use crate::text::{self, clean};

#[derive(Serialize)]
pub(super) struct FamiliesView {
    /// Who wins: board, keep, words.
    winners: Vec<(String, String, String)>,
    tables: Vec<TableView>,
    /// What the intervals of the increases are over.
    over: String,
    pairs: Vec<PairView>,
}

#[derive(Serialize)]
struct TableView {
    title: String,
    keeps: Vec<String>,
    rows: Vec<RowView>,
}

#[derive(Serialize)]
struct RowView {
    family: &'static str,
    /// One for each keep; nothing where the family has no mean.
    cells: Vec<Option<CellView>>,
}

#[derive(Serialize)]
struct CellView {
    first: bool,
    mean: String,
    half: String,
    method: String,
    entries: String,
    increase: String,
    interval: String,
}

#[derive(Serialize)]
struct PairView {
    board: String,
    keep: String,
    iterative: String,
    one_shot: String,
    /// The shares of their search, where they differ.
    search: Option<[String; 2]>,
    difference: String,
    interval: String,
    over: String,
    ahead: String,
}

pub(super) fn view(tables: &[FamilyTable], pairs: &[ModePair]) -> FamiliesView {
    let winners = tables.iter().flat_map(|table| {
        table.keeps.iter().map(|keep| (table.key.title(), keep.keep.to_string(), clean(&winner_words(keep))))
    });
    let mut over: Vec<&str> = tables
        .iter()
        .flat_map(|table| &table.keeps)
        .flat_map(|keep| &keep.lines)
        .filter_map(|line| Some(line.error_increase?.interval?.over.label()))
        .collect();
    over.sort_unstable();
    over.dedup();
    FamiliesView {
        winners: winners.collect(),
        tables: tables.iter().map(table_view).collect(),
        over: over.join(", or over "),
        pairs: pairs.iter().map(pair_view).collect(),
    }
}

fn table_view(table: &FamilyTable) -> TableView {
    let rows = Family::ALL.into_iter().filter_map(|family| {
        let cells: Vec<Option<CellView>> = table
            .keeps
            .iter()
            .map(|keep| {
                let place = keep.lines.iter().position(|line| line.family == family)?;
                Some(cell(&keep.lines[place], place == 0))
            })
            .collect();
        cells.iter().any(Option::is_some).then(|| RowView { family: family.label(), cells })
    });
    TableView {
        title: table.key.title(),
        keeps: table.keeps.iter().map(|keep| keep.keep.to_string()).collect(),
        rows: rows.collect(),
    }
}

fn half(summary: &Summary) -> String {
    summary.half_width().map_or(String::new(), |half| format!("± {}", text::percent(half, 2)))
}

fn cell(line: &FamilyLine, first: bool) -> CellView {
    let (increase, interval) = increase_words(line.error_increase);
    CellView {
        first,
        mean: text::signed(line.mean.mean, 2),
        half: half(&line.mean),
        method: clean(&line.method),
        entries: if line.entries > 1 { format!("best of {}", line.entries) } else { String::new() },
        increase,
        interval,
    }
}

fn pair_view(pair: &ModePair) -> PairView {
    let difference = pair.difference;
    PairView {
        board: pair.key.title(),
        keep: pair.keep.to_string(),
        iterative: clean(&pair.iterative),
        one_shot: clean(&pair.one_shot),
        search: crate::export::search_words(pair),
        difference: text::points(difference.mean, 2),
        interval: difference.interval.map_or(DASH.to_owned(), |it| crate::export::interval_words(&it)),
        over: pair.over().map_or(String::new(), |over| over.label().to_owned()),
        ahead: crate::export::ahead_words(pair),
    }
}
