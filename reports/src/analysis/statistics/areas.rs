//! Areas under the curves of score over compression: one number for all keeps of a board.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::board::{Board, Entry};
use crate::row::Control;
use crate::stats::curve::area_per_doubling;
use crate::stats::{Over, Summary};

/// Areas of the methods that have a score at every keep of a board.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Areas {
    /// The keeps, from large to small. The curve is over log2 of 1 / keep, and the dense network is no point of it.
    pub keeps: Vec<f64>,
    /// Methods, the largest area first.
    pub lines: Vec<AreaLine>,
    /// Methods that lack a score at some keep, and have no area: another range would be another number.
    pub left_out: Vec<String>,
}

/// The area of one method.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct AreaLine {
    /// Method label.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// The area divided by the width of the range of log2 compression: the mean score over that range, a fraction. Over the
    /// replicates that the method has at every keep.
    pub area: Summary,
}

/// The areas of a board; nothing for fewer than two keeps.
pub(super) fn areas(board: &Board) -> Option<Areas> {
    let keeps = board.keeps();
    if keeps.len() < 2 {
        return None;
    }
    let labels: BTreeSet<&str> = board.methods().map(|entry| entry.method.as_str()).collect();
    let mut entries: std::collections::BTreeMap<&str, Vec<&Entry>> =
        labels.into_iter().map(|label| (label, Vec::new())).collect();
    for entry in board.methods().filter(|it| it.place.is_some()) {
        entries.entry(&entry.method).or_default().push(entry);
    }
    let (mut lines, mut left_out) = (Vec::new(), Vec::new());
    for (label, entries) in entries {
        match (entries.len() == keeps.len()).then(|| line(&entries)).flatten() {
            Some(line) => lines.push(line),
            None => left_out.push(label.to_owned()),
        }
    }
    lines.sort_by(|a, b| b.area.mean.total_cmp(&a.area.mean).then_with(|| a.method.cmp(&b.method)));
    Some(Areas { keeps, lines, left_out })
}

fn line(entries: &[&Entry]) -> Option<AreaLine> {
    let means: Vec<_> = entries.iter().map(|it| (1.0 / it.keep, it.replicate_means())).collect();
    let first = &means.first()?.1;
    let area = |replicate: &u32| {
        let point = |(compression, means): &(f64, std::collections::BTreeMap<u32, f64>)| {
            Some((*compression, *means.get(replicate)?))
        };
        let points: Option<Vec<(f64, f64)>> = means.iter().map(point).collect();
        area_per_doubling(&points?)
    };
    let areas: Vec<f64> = first.keys().filter_map(area).collect();
    Some(AreaLine {
        method: entries[0].method.clone(),
        control: entries[0].control,
        area: Summary::of(&areas, Over::SeedsAtFixedTasks)?,
    })
}
