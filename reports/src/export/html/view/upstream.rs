//! Upstream against transfer scores as a figure and a table.

use serde::Serialize;

use super::DASH;
use crate::analysis::upstream::{Rank, UpstreamCorrelation, UpstreamTable};
use crate::export::html::scatter;
use crate::export::{correlation_words, rank_interval_words};
use crate::text::clean;

#[derive(Serialize)]
pub(super) struct UpstreamView {
    title: String,
    upstream_task: String,
    tasks: usize,
    svg: String,
    nameless: usize,
    /// Swatch and words.
    legend: Vec<(String, String)>,
    rows: Vec<RowView>,
}

#[derive(Serialize)]
struct RowView {
    keep: String,
    methods: usize,
    replicates: usize,
    spearman: String,
    spearman_interval: String,
    kendall: String,
    kendall_interval: String,
    over: &'static str,
}

pub(super) fn views(tables: &[UpstreamTable]) -> Vec<UpstreamView> {
    tables.iter().map(view).collect()
}

fn view(table: &UpstreamTable) -> UpstreamView {
    let drawn = scatter::scatter(table);
    let keeps = scatter::keeps(table);
    let mut legend = Vec::new();
    if table.points.iter().any(|point| point.family.is_none()) {
        legend.push((scatter::star_swatch(), "dense controls".to_owned()));
    }
    legend.extend(
        keeps
            .iter()
            .map(|keep| (scatter::shape_swatch(scatter::shape(&keeps, *keep)), format!("keep {keep}"))),
    );
    let families = scatter::families(table);
    legend.extend(
        families.into_iter().map(|family| (scatter::family_swatch(family), family.label().to_owned())),
    );
    UpstreamView {
        title: table.key.title(),
        upstream_task: clean(&table.upstream_task),
        tasks: table.tasks,
        svg: drawn.svg,
        nameless: drawn.nameless,
        legend,
        rows: table.correlations.iter().map(row).collect(),
    }
}

fn row(it: &UpstreamCorrelation) -> RowView {
    let interval = |rank: &Rank| match rank_interval_words(rank) {
        none if none.is_empty() => DASH.to_owned(),
        words => words,
    };
    RowView {
        keep: it.keep.to_string(),
        methods: it.methods,
        replicates: it.replicates,
        spearman: correlation_words(it.spearman.value),
        spearman_interval: interval(&it.spearman),
        kendall: correlation_words(it.kendall.value),
        kendall_interval: interval(&it.kendall),
        over: it.kendall.interval.map_or(DASH, |interval| interval.over.label()),
    }
}
