//! Values that a quantity cannot have.

use crate::lint::finding::Log;
use crate::lint::number::Number;
use crate::lint::role::Role;
use crate::lint::sheet::{Column, Sheet};

/// Says which cells are not to be used any more.
pub(super) fn check(sheet: &Sheet, log: &mut Log) -> Vec<(usize, usize)> {
    let mut unusable = Vec::new();
    for (index, column) in sheet.columns.iter().enumerate().filter(|(_, it)| !it.readings.is_empty()) {
        if let Some((low, high)) = bounds(column) {
            unusable.extend(scaled(sheet, index, low, high, log));
        }
        if matches!(
            column.role,
            Role::Params | Role::Macs | Role::Flops | Role::ParamsBase | Role::MacsBase | Role::FlopsBase
        ) {
            unusable.extend(thousands(sheet, index, log));
        }
    }
    for id in ["out-of-range", "mixed-scale"] {
        log.could_not(id, "no column has a quantity with known bounds");
    }
    log.could_not("unit-mismatch", "no column has counts of parameters or operations");
    unusable
}

/// What the column's quantity may be, in its own unit.
fn bounds(column: &Column) -> Option<(f64, f64)> {
    let whole = if column.percent { 100.0 } else { 1.0 };
    let is_bounded = !column.lower_is_better || column.stem.iter().any(|it| it == "error" || it == "err");
    match column.role {
        // More than all is a case of `more-than-dense`.
        Role::ParamsLeft | Role::MacsLeft | Role::FlopsLeft => Some((0.0, f64::INFINITY)),
        role if role.is_share() => Some((0.0, whole)),
        Role::Score | Role::Mean | Role::Base
            if is_bounded && !column.stem.iter().any(|it| it == "psnr" || it == "rank") =>
        {
            Some((0.0, whole))
        }
        Role::Score | Role::Mean | Role::Base => Some((0.0, f64::INFINITY)),
        Role::Spread
        | Role::Seeds
        | Role::Compression
        | Role::SpeedUp
        | Role::Params
        | Role::Macs
        | Role::Flops => Some((0.0, f64::INFINITY)),
        Role::AverageRank => Some((1.0, f64::INFINITY)),
        _ => None,
    }
}

fn scaled(sheet: &Sheet, index: usize, low: f64, high: f64, log: &mut Log) -> Vec<(usize, usize)> {
    let mut unusable = Vec::new();
    let column = &sheet.columns[index];
    let numbers: Vec<(usize, Number)> =
        column.readings.iter().enumerate().filter_map(|(row, it)| Some((row, it.number()?))).collect();
    log.ran("out-of-range", numbers.len());
    let has_scale = high.is_finite() && numbers.len() >= 2;
    let mut others: Vec<f64> = Vec::new();
    if has_scale {
        log.ran("mixed-scale", numbers.len());
        others = numbers
            .iter()
            .map(|(_, it)| it.value)
            .filter(|it| (low..=high).contains(it) && (high < 2.0 || *it > 1.5))
            .collect();
        others.sort_by(f64::total_cmp);
    }
    // Near what the other cells have, once it is a hundred times as much or as little.
    let fits = |value: f64| {
        let (Some(first), Some(last)) = (others.first(), others.last()) else { return false };
        // What is spread over half of the scale has room for everything.
        if last - first > 0.5 * high {
            return false;
        }
        let room = 0.1 * (last - first).max(0.1 * high);
        (first - room..=last + room).contains(&value)
    };
    for (row, number) in numbers {
        let value = number.value;
        let is_percent_cell = number.percent && high < 2.0;
        if value < low || value > high {
            if has_scale && high < 2.0 && fits(value / 100.0) && !is_percent_cell {
                log.cell("mixed-scale", sheet, row, index, || {
                    format!("is a percentage among fractions; {}?", value / 100.0)
                });
                unusable.push((row, index));
            } else if !is_percent_cell {
                unusable.push((row, index));
                let words = if high.is_finite() {
                    format!("is not from {low} to {high}")
                } else {
                    format!("is below {low}")
                };
                log.cell("out-of-range", sheet, row, index, || words);
            }
        } else if has_scale
            && high > 2.0
            && value > 0.0
            && value <= 1.0
            && !number.percent
            && others.len() >= 2
            && fits(value * 100.0)
            && !matches!(column.role, Role::Keep | Role::Requested)
        {
            log.cell("mixed-scale", sheet, row, index, || {
                let meant = format!("{:.*}", usize::from(number.decimals).saturating_sub(2), value * 100.0);
                format!("is a fraction among percentages; {meant}?")
            });
            unusable.push((row, index));
        }
    }
    unusable
}

/// Counts in one column whose units differ by a thousand or more.
fn thousands(sheet: &Sheet, index: usize, log: &mut Log) -> Vec<(usize, usize)> {
    let mut unusable = Vec::new();
    let column = &sheet.columns[index];
    let mut values: Vec<(f64, usize)> = column
        .readings
        .iter()
        .enumerate()
        .filter_map(|(row, it)| Some((it.number()?.value, row)))
        .filter(|it| it.0 > 0.0)
        .collect();
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    log.ran("unit-mismatch", values.len());
    let Some(middle) = values.get(values.len() / 2).map(|it| it.0) else { return unusable };
    let dense = if column.scale > 1.0 { 1e4 } else { 1e5 };
    for (value, row) in values {
        // No network keeps so little, and none has so much more than the others.
        if (value * dense < middle || value > middle * dense) && value.max(middle) > 1e3 {
            log.cell("unit-mismatch", sheet, row, index, || {
                format!("the middle one of the column is {}: another unit?", crate::text::si(middle))
            });
            unusable.push((row, index));
        }
    }
    unusable
}
