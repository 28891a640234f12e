//! Areas under the curves of score over compression, as text.

use serde::Serialize;

use super::super::names::Link;
use super::super::number::Figure;
use super::board::KeyView;
use super::{Context, control_note};
use crate::text::clean;

/// The areas of a board.
#[derive(Serialize)]
pub(super) struct AreasView {
    title: String,
    key: KeyView,
    keeps: String,
    rows: Vec<AreaRow>,
    /// Methods that lack a score at some keep.
    left_out: String,
}

#[derive(Serialize)]
struct AreaRow {
    link: Link,
    method: String,
    note: &'static str,
    area: Figure,
}

pub(super) fn views(context: &Context<'_>) -> Vec<AreasView> {
    let of_board = |board: &crate::Board| {
        let areas = context.standings.board(&board.key)?.areas.as_ref()?;
        let rows: Vec<AreaRow> = areas
            .lines
            .iter()
            .map(|line| AreaRow {
                link: context.names.method_link(&line.method),
                method: clean(&line.method),
                note: control_note(line.control),
                area: Figure::percent(["area", "area-half"], Some(line.area)),
            })
            .collect();
        (!rows.is_empty()).then(|| AreasView {
            title: board.key.title(),
            key: KeyView::of(board),
            keeps: areas.keeps.iter().map(f64::to_string).collect::<Vec<_>>().join(", "),
            rows,
            left_out: areas.left_out.iter().map(|it| clean(it)).collect::<Vec<_>>().join(", "),
        })
    };
    context.report.boards.iter().filter_map(of_board).collect()
}
