//! Differences between methods as text: a table of method against method for each keep.

use std::collections::BTreeMap;

use serde::Serialize;

use super::control_note;
use crate::export::{interval_words, lacking_words, pair_words};
use crate::pairs::{Pair, PairKeep, PairTable, rank};
use crate::row::Control;
use crate::text::{self, clean};

/// Methods of a table; with more nobody finds a row, and the page grows with their square.
const MOST_METHODS: usize = 24;

#[derive(Serialize)]
pub(super) struct PairTableView {
    title: String,
    /// What is said of networks that are in no pair.
    lacking: String,
    keeps: Vec<KeepView>,
}

#[derive(Serialize)]
struct KeepView {
    keep: String,
    caption: String,
    columns: Vec<Head>,
    rows: Vec<RowView>,
}

#[derive(Serialize)]
struct RowView {
    head: Head,
    /// Number of its own column, from 1.
    place: usize,
    /// One for each column; nothing where there is no pair.
    cells: Vec<Option<CellView>>,
}

#[derive(Serialize)]
struct Head {
    method: String,
    note: &'static str,
}

#[derive(Serialize)]
struct CellView {
    difference: String,
    interval: String,
    zero: bool,
    ahead: String,
    /// What is different from the rest of the table.
    remark: String,
}

pub(super) fn tables(tables: &[PairTable]) -> Vec<PairTableView> {
    tables.iter().map(view).collect()
}

fn view(table: &PairTable) -> PairTableView {
    let parts = [&table.suite, &table.track, &table.protocol, &table.regime, &table.task];
    PairTableView {
        title: parts.map(|part| clean(part)).join(" · "),
        lacking: lacking_words(table),
        keeps: table.keeps.iter().map(keep_view).collect(),
    }
}

/// What a method is found by: its place among the kinds of methods, and its label.
type Who<'a> = (Option<u8>, &'a str);

fn keep_view(keep: &PairKeep) -> KeepView {
    let mut pairs: BTreeMap<(Who<'_>, Who<'_>), &Pair> = BTreeMap::new();
    let mut methods: BTreeMap<Who<'_>, Option<Control>> = BTreeMap::new();
    for pair in &keep.pairs {
        let ours = (rank(pair.control), pair.method.as_str());
        let theirs = (rank(pair.against_control), pair.against.as_str());
        pairs.insert((ours, theirs), pair);
        methods.extend([(ours, pair.control), (theirs, pair.against_control)]);
    }
    let is_dense = |it: &(Who<'_>, Option<Control>)| it.1 == Some(Control::DenseTrained);
    let (dense, mut methods): (Vec<_>, Vec<_>) = methods.into_iter().partition(is_dense);
    let hidden = methods.len().saturating_sub(MOST_METHODS);
    methods.truncate(MOST_METHODS);
    let columns: Vec<_> = methods.iter().chain(&dense).collect();
    let most = keep.pairs.iter().map(|pair| pair.replicates).max().unwrap_or(0);
    let rows = methods.iter().zip(1..).map(|(row, place)| {
        let cells = columns.iter().map(|column| {
            let turned = || pairs.get(&(column.0, row.0)).map(|pair| cell(&pair.turned(), most));
            pairs.get(&(row.0, column.0)).map(|pair| cell(pair, most)).or_else(turned)
        });
        RowView { head: head(row), place, cells: cells.collect() }
    });
    let mut caption = pair_words(keep);
    if hidden > 0 {
        let are = if hidden == 1 { "method is" } else { "methods are" };
        caption += &format!(" {hidden} more {are} in pairs.csv.");
    }
    KeepView {
        keep: keep.keep.to_string(),
        caption,
        rows: rows.collect(),
        columns: columns.into_iter().map(head).collect(),
    }
}

fn head(((_, method), control): &(Who<'_>, Option<Control>)) -> Head {
    let baseline = *control == Some(Control::Baseline);
    Head { method: clean(method), note: if baseline { control_note(*control) } else { "" } }
}

fn cell(pair: &Pair, most: usize) -> CellView {
    CellView {
        difference: text::points(pair.difference, 2),
        interval: interval_words(&pair.interval),
        zero: pair.interval.contains_zero(),
        ahead: format!("ahead in {} %", text::percent(pair.ahead, 1)),
        remark: match pair.replicates {
            1 => "over pictures only".to_owned(),
            fewer if fewer < most => format!("{fewer} replicates"),
            _ => String::new(),
        },
    }
}
