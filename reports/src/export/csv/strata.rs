//! Scores of detectors by size and by class of the objects.

use std::cmp::Ordering;

use serde::Serialize;

use super::{control_place, floats_order};
use crate::export::write::ReportError;
use crate::row::{Control, ReportInput};
use crate::strata::{Extent, StrataKind, StratumScore};

#[rustfmt::skip]
const SIZES_HEADER: [&str; 16] = [
    "suite", "track", "protocol", "regime", "task", "method", "control", "keep", "replicate", "size", "area_from",
    "area_to", "objects", "ap", "ap50", "stage",
];

#[rustfmt::skip]
const CLASSES_HEADER: [&str; 14] = [
    "suite", "track", "protocol", "regime", "task", "method", "control", "keep", "replicate", "class", "objects", "ap",
    "ap50", "stage",
];

/// `sizes.csv`: every scored detector, one line for each size of objects.
pub fn sizes_csv(input: &ReportInput) -> Result<Vec<u8>, ReportError> {
    let lines = sorted(input).into_iter().filter_map(|score| {
        let StratumScore { stratum, ap, ap50, stage, .. } = score;
        let Extent::Size { area_from, area_to } = stratum.extent else { return None };
        Some((network(score), &stratum.name, area_from, area_to, stratum.objects, ap, ap50, stage))
    });
    table(lines, &SIZES_HEADER)
}

/// `classes.csv`: every scored detector, one line for each class of objects, the most frequent in the test split first.
pub fn classes_csv(input: &ReportInput) -> Result<Vec<u8>, ReportError> {
    let lines = sorted(input).into_iter().filter_map(|score| {
        let StratumScore { stratum, ap, ap50, stage, .. } = score;
        let line = (network(score), &stratum.name, stratum.objects, ap, ap50, stage);
        (stratum.kind() == StrataKind::Class).then_some(line)
    });
    table(lines, &CLASSES_HEADER)
}

/// The order of scores: by all that names them, then by their strata in reading order, then by everything else.
pub(crate) fn score_order(a: &StratumScore, b: &StratumScore) -> Ordering {
    fn who(it: &StratumScore) -> impl Ord + '_ {
        (&it.suite, &it.track, &it.protocol, &it.regime, &it.task, control_place(it.control), &it.method)
    }
    who(a)
        .cmp(&who(b))
        .then_with(|| b.keep.total_cmp(&a.keep))
        .then_with(|| a.replicate.cmp(&b.replicate))
        .then_with(|| a.stage.cmp(&b.stage))
        .then_with(|| a.stratum.order(&b.stratum))
        .then_with(|| floats_order(&[a.ap, a.ap50], &[b.ap, b.ap50]))
}

fn sorted(input: &ReportInput) -> Vec<&StratumScore> {
    let mut scores: Vec<&StratumScore> = input.strata.iter().collect();
    scores.sort_by(|a, b| score_order(a, b));
    scores
}

/// The columns that both tables begin with.
type Network<'a> = ([&'a str; 6], Option<Control>, f64, u32);

fn network(it: &StratumScore) -> Network<'_> {
    let names = [&it.suite, &it.track, &it.protocol, &it.regime, &it.task, &it.method];
    (names.map(String::as_str), it.control, it.keep, it.replicate)
}

/// A line is a tuple, which has no names of columns; the csv crate refuses one of another length than the header.
fn table(lines: impl Iterator<Item = impl Serialize>, header: &[&str]) -> Result<Vec<u8>, ReportError> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(header)?;
    for line in lines {
        writer.serialize(line)?;
    }
    writer.into_inner().map_err(|error| ReportError::Csv(csv::Error::from(error.into_error())))
}

#[cfg(test)]
mod tests;
