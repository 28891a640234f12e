//! Where a series moved to another level.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::draws::scatter;
use crate::stats::mean;

/// Fewest values on each side.
const FEWEST: usize = 3;

/// The places at which a series of independent draws moves to another level: indices of the first values after each move.
///
/// Binary segmentation: of all places that leave three values on both sides, the one with the largest t between the sides
/// is taken if its p-value, times the number of places (Bonferroni), is at most `chance`; then each side is looked at by itself (Scott and
/// Knott, Biometrics 30, 1974, with t for their statistic). In a series without a move it finds one with a chance of at most `chance`.
#[must_use]
pub fn change_points(values: &[f64], chance: f64) -> Vec<usize> {
    let mut points = Vec::new();
    let mut open = vec![(0, values.len())];
    while let Some((begin, end)) = open.pop() {
        if let Some(place) = best(&values[begin..end], chance) {
            points.push(begin + place);
            open.extend([(begin, begin + place), (begin + place, end)]);
        }
    }
    points.sort_unstable();
    points
}

fn best(values: &[f64], chance: f64) -> Option<usize> {
    let places = values.len().checked_sub(2 * FEWEST - 1)?;
    let (place, p) = (FEWEST..values.len() + 1 - FEWEST)
        .filter_map(|place| Some((place, p_of(values, place)?)))
        .min_by(|a, b| a.1.total_cmp(&b.1))?;
    (p * places as f64 <= chance).then_some(place)
}

fn p_of(values: &[f64], place: usize) -> Option<f64> {
    let (left, right) = values.split_at(place);
    let difference = mean(right)? - mean(left)?;
    let (own, other) = (scatter(left), scatter(right));
    let (squares, freedom) = (own.0 + other.0, own.1 + other.1);
    if squares <= 0.0 {
        return Some(if difference == 0.0 { 1.0 } else { 0.0 });
    }
    let error = (squares / freedom * (1.0 / left.len() as f64 + 1.0 / right.len() as f64)).sqrt();
    Some(2.0 * StudentsT::new(0.0, 1.0, freedom).ok()?.sf((difference / error).abs()))
}
