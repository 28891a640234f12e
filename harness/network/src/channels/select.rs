//! Choosing units for a budget by their scores.

use crate::channels::budget::{Budget, Tally};
use crate::channels::group::Groups;
use crate::channels::surgery::Kept;
use crate::graph::Network;

/// Among which units the lowest scores are sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitScope {
    /// Among all units of all groups: scores of different groups are compared.
    Global,
    /// Within each group, all of which keep the same fraction.
    Uniform,
}

/// What must be kept to.
#[derive(Clone, Debug)]
pub struct Rules<'a> {
    /// What is counted.
    pub budget: Budget,
    /// The count to reach.
    pub target: u64,
    /// Groups that may lose units, one entry for each group.
    pub eligible: &'a [bool],
    /// Units that each group keeps at least; 1 or more.
    pub min_keep: usize,
    /// The number of units that a group keeps is a multiple of this, or all of them; 1 or more.
    pub align: usize,
}

/// Units that were chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// What stays.
    pub kept: Kept,
    /// The count that was reached. One removal more or less would miss the target by more.
    pub reached: u64,
}

/// Why units cannot be chosen.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SelectUnitsError {
    /// A group that may lose units has no scores, or as many as it has no units.
    #[error("channel group `{group}` has {units} units, but {found} scores")]
    Scores {
        /// The group.
        group: String,
        /// Its units.
        units: usize,
        /// Scores that were given.
        found: usize,
    },
    /// A score is not a number.
    #[error("the score of unit {unit} of channel group `{group}` is not a number")]
    NotANumber {
        /// The group.
        group: String,
        /// The unit.
        unit: usize,
    },
    /// Even with the fewest units that each group must keep, more remains than the target.
    #[error("the budget cannot be met: {least} remain at the least, the target is {target}")]
    Infeasible {
        /// The smallest count within the rules.
        least: u64,
        /// The target.
        target: u64,
    },
}

/// Removes the units with the lowest scores until the target is as near as whole units allow. Equal scores go by
/// group and unit, the first ones first. `scores` has one list for each group; lists of groups that are not eligible
/// are not looked at.
///
/// # Errors
/// Fails on missing or bad scores, and if the budget cannot be met.
pub fn select_units(
    network: &Network,
    groups: &Groups,
    scores: &[Vec<f64>],
    scope: UnitScope,
    rules: &Rules<'_>,
) -> Result<Selected, SelectUnitsError> {
    let orders = orders(groups, scores, rules)?;
    let steps = match scope {
        UnitScope::Global => global_steps(groups, scores, &orders, rules),
        UnitScope::Uniform => uniform_steps(groups, &orders, rules),
    };
    let mut tally = Tally::new(network, groups, rules.eligible, rules.budget);
    let mut kept = Kept::all(groups);
    let mut above = None;
    for step in &steps {
        if tally.total() <= rules.target {
            break;
        }
        above = Some((step, tally.total()));
        for &unit in step.units {
            tally.remove(&groups.all()[step.group], unit);
            kept.group_mut(step.group)[unit] = false;
        }
    }
    if tally.total() > rules.target {
        return Err(SelectUnitsError::Infeasible { least: tally.total(), target: rules.target });
    }
    if let Some((step, before)) = above
        && before - rules.target < rules.target - tally.total()
    {
        for &unit in step.units {
            tally.restore(&groups.all()[step.group], unit);
            kept.group_mut(step.group)[unit] = true;
        }
    }
    Ok(Selected { kept, reached: tally.total() })
}

/// Units of one group that go together.
struct Step<'a> {
    group: usize,
    units: &'a [usize],
}

/// Removable units of each group, lowest score first, cut so that the group's least number remains.
fn orders(
    groups: &Groups,
    scores: &[Vec<f64>],
    rules: &Rules<'_>,
) -> Result<Vec<Vec<usize>>, SelectUnitsError> {
    let mut orders = Vec::with_capacity(groups.all().len());
    for (index, group) in groups.all().iter().enumerate() {
        if !rules.eligible[index] || group.protection.is_some() {
            orders.push(Vec::new());
            continue;
        }
        let scores = scores.get(index).map_or(&[][..], Vec::as_slice);
        if scores.len() != group.units {
            let (group, units) = (group.name.clone(), group.units);
            return Err(SelectUnitsError::Scores { group, units, found: scores.len() });
        }
        if let Some(unit) = scores.iter().position(|score| score.is_nan()) {
            return Err(SelectUnitsError::NotANumber { group: group.name.clone(), unit });
        }
        let mut order: Vec<usize> = (0..group.units).collect();
        // A stable sort: units of equal score stay in order.
        order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
        let least = rules.min_keep.max(1).next_multiple_of(rules.align.max(1));
        order.truncate(group.units.saturating_sub(least));
        orders.push(order);
    }
    Ok(orders)
}

/// Cuts a group's order into steps that leave multiples of the alignment.
fn aligned(group: usize, units: usize, order: &[usize], align: usize) -> Vec<Step<'_>> {
    let align = align.max(1);
    // What stands above a multiple goes with the first step.
    let (first, mut rest) = order.split_at((units % align).min(order.len()));
    let mut steps = Vec::new();
    if !first.is_empty() {
        steps.push(Step { group, units: first });
    }
    while rest.len() >= align {
        let (step, more) = rest.split_at(align);
        steps.push(Step { group, units: step });
        rest = more;
    }
    steps
}

/// Steps of all groups by score: a step's score is the highest of its units.
fn global_steps<'a>(
    groups: &Groups,
    scores: &[Vec<f64>],
    orders: &'a [Vec<usize>],
    rules: &Rules<'_>,
) -> Vec<Step<'a>> {
    let mut steps: Vec<(f64, Step<'a>)> = Vec::new();
    for (index, order) in orders.iter().enumerate() {
        for step in aligned(index, groups.all()[index].units, order, rules.align) {
            let score = step.units.iter().map(|unit| scores[index][*unit]).fold(f64::NEG_INFINITY, f64::max);
            steps.push((score, step));
        }
    }
    // Stable: groups and units stay in order where scores are equal, and a group's steps never overtake each other.
    steps.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    steps.into_iter().map(|(_, step)| step).collect()
}

/// Steps of all groups in such an order that at every point all groups have lost as nearly as possible the same
/// fraction of their units.
fn uniform_steps<'a>(groups: &Groups, orders: &'a [Vec<usize>], rules: &Rules<'_>) -> Vec<Step<'a>> {
    let mut steps: Vec<(f64, Step<'a>)> = Vec::new();
    for (index, order) in orders.iter().enumerate() {
        let units = groups.all()[index].units as f64;
        let mut gone = 0;
        for step in aligned(index, groups.all()[index].units, order, rules.align) {
            // The step is due when the common fraction passes the middle of what it removes, so that each
            // group's number is the nearest whole one.
            let middle = (gone as f64 + step.units.len() as f64 / 2.0) / units;
            gone += step.units.len();
            steps.push((middle, step));
        }
    }
    steps.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    steps.into_iter().map(|(_, step)| step).collect()
}
