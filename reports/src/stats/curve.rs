//! Quality against cost: areas under curves, and what no other point is better than.

use std::cmp::Ordering;

use super::same_score;

/// Mean height of the curve through `points` of a compression and a score: the area under it by trapezoids over the
/// binary logarithm of the compression, divided by the width. So it has the unit of a score, and a halving of the
/// network counts as much wherever it is made. Nothing for fewer than two different compressions, or one
/// that is not positive.
#[must_use]
pub fn area_per_doubling(points: &[(f64, f64)]) -> Option<f64> {
    if points.iter().any(|(compression, score)| !(*compression > 0.0 && score.is_finite())) {
        return None;
    }
    let mut points: Vec<(f64, f64)> = points.iter().map(|(cost, score)| (cost.log2(), *score)).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.total_cmp(&b.1)));
    let width = points.last()?.0 - points.first()?.0;
    let area: f64 = points.windows(2).map(|it| (it[1].0 - it[0].0) * (it[0].1 + it[1].1) / 2.0).sum();
    (width > 0.0 && width.is_finite()).then(|| area / width)
}

/// Which of the points of a cost and a score are on the Pareto front: no other costs no more and scores no less, and is better
/// in one of both. Points that are equal in both are on it together. Scores closer than rounding are equal; a point with a
/// value that is no number is never on it.
#[must_use]
pub fn pareto_front(points: &[(f64, f64)]) -> Vec<bool> {
    let mut order: Vec<usize> =
        (0..points.len()).filter(|it| points[*it].0.is_finite() && points[*it].1.is_finite()).collect();
    order.sort_by(|a, b| {
        let by_cost = points[*a].0.total_cmp(&points[*b].0);
        by_cost.then_with(|| points[*b].1.total_cmp(&points[*a].1))
    });
    let mut on = vec![false; points.len()];
    // The best score of all that cost less.
    let mut best = f64::NEG_INFINITY;
    for same_cost in order.chunk_by(|a, b| points[*a].0.total_cmp(&points[*b].0) == Ordering::Equal) {
        let highest = points[same_cost[0]].1;
        if highest > best && !same_score(highest, best) {
            for index in same_cost.iter().take_while(|it| same_score(points[**it].1, highest)) {
                on[*index] = true;
            }
            best = highest;
        }
    }
    on
}
