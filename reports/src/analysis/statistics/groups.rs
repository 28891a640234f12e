//! Tie groups: which methods a board does not tell apart, under named criteria.

use serde::Serialize;

use super::ALPHA;
use crate::board::{Entry, separable};
use crate::stats::compare::{Pooled, welch};

/// When two methods are told apart: over seeds at fixed tasks, but for the first, which is over tasks where there is one replicate.
///
/// Papers mean different things by it, and on real data the criteria disagree on every third pair; hence all are there by name.
/// Places on boards go by [`Criterion::PairedDifference`]: replicates are paired by design (one replicate is the same seeds and
/// the same order of pictures for all methods), and the other three throw that away. Overlap of intervals is no test of a
/// difference at all: intervals that just touch are those of means that differ at a level of about 0.006. The least significant
/// difference is the most lenient, since it borrows the spread of all methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Criterion {
    /// The t-interval of the difference, paired by replicate, is without zero.
    PairedDifference,
    /// The t-intervals of the two means do not overlap.
    IntervalOverlap,
    /// Welch's test has p below 0.05.
    Welch,
    /// The means differ by more than Fisher's least significant difference with one standard deviation for all methods.
    LeastSignificantDifference,
}

impl Criterion {
    /// All of them, in the order of tables.
    pub const ALL: [Criterion; 4] = [
        Criterion::PairedDifference,
        Criterion::IntervalOverlap,
        Criterion::Welch,
        Criterion::LeastSignificantDifference,
    ];

    /// Whether it tells `a` from `b`; nothing where it cannot say, for want of repetitions.
    fn tells_apart(self, a: &Entry, b: &Entry, pooled: Option<Pooled>) -> Option<bool> {
        let (ours, theirs) = (a.mean?, b.mean?);
        match self {
            Criterion::PairedDifference => {
                a.minus(b)?.interval?;
                Some(separable(a, b))
            }
            Criterion::IntervalOverlap => {
                let (ours, theirs) = (ours.interval?, theirs.interval?);
                Some(ours.low > theirs.high || theirs.low > ours.high)
            }
            Criterion::Welch => {
                let values = |entry: &Entry| entry.replicate_means().into_values().collect::<Vec<f64>>();
                Some(welch(&values(a), &values(b))?.p < ALPHA)
            }
            Criterion::LeastSignificantDifference => {
                let least = pooled?.least_significant_difference(ALPHA, ours.n, theirs.n)?;
                Some((ours.mean - theirs.mean).abs() > least)
            }
        }
    }
}

/// The number of a method's tie group under each criterion: 1 is the group of the best. Absent where a criterion cannot say
/// anything, for want of replicates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Groups {
    /// Under [`Criterion::PairedDifference`].
    pub paired_difference: Option<usize>,
    /// Under [`Criterion::IntervalOverlap`].
    pub interval_overlap: Option<usize>,
    /// Under [`Criterion::Welch`].
    pub welch: Option<usize>,
    /// Under [`Criterion::LeastSignificantDifference`].
    pub least_significant_difference: Option<usize>,
}

/// Pairs of neighbours in the order of a keep, and how many of them each criterion does not tell apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Inseparable {
    /// All pairs of neighbours.
    pub pairs: usize,
    /// Under [`Criterion::PairedDifference`].
    pub paired_difference: Option<usize>,
    /// Under [`Criterion::IntervalOverlap`].
    pub interval_overlap: Option<usize>,
    /// Under [`Criterion::Welch`].
    pub welch: Option<usize>,
    /// Under [`Criterion::LeastSignificantDifference`].
    pub least_significant_difference: Option<usize>,
}

/// Groups of `ranked`, which are in the order of the board. As with places, a group is led by its best method and has every
/// following one that cannot be told from the leader.
pub(super) fn groups(ranked: &[&Entry], pooled: Option<Pooled>) -> Vec<Groups> {
    let of = |criterion| numbers(ranked, criterion, pooled);
    let [paired, overlap, welch, least] = Criterion::ALL.map(of);
    (0..ranked.len())
        .map(|place| Groups {
            paired_difference: paired[place],
            interval_overlap: overlap[place],
            welch: welch[place],
            least_significant_difference: least[place],
        })
        .collect()
}

fn numbers(ranked: &[&Entry], criterion: Criterion, pooled: Option<Pooled>) -> Vec<Option<usize>> {
    let mut numbers = vec![None; ranked.len()];
    let (mut leader, mut number) = (0, 1);
    for place in 0..ranked.len() {
        // Against itself, a method shows whether the criterion can say anything of it.
        if criterion.tells_apart(ranked[place], ranked[place], pooled).is_none() {
            continue;
        }
        match criterion.tells_apart(ranked[leader], ranked[place], pooled) {
            Some(true) => (leader, number) = (place, number + 1),
            // What leads nothing yet, since the criterion cannot say anything of it, makes way.
            _ if numbers[leader].is_none() => leader = place,
            _ => {}
        }
        numbers[place] = Some(number);
    }
    numbers
}

/// How many neighbours of `ranked` each criterion does not tell apart. Nothing for fewer than two.
pub(super) fn inseparable(ranked: &[&Entry], pooled: Option<Pooled>) -> Option<Inseparable> {
    let pairs = ranked.len().checked_sub(1).filter(|pairs| *pairs > 0)?;
    let count = |criterion: Criterion| -> Option<usize> {
        let told = ranked.windows(2).map(|pair| criterion.tells_apart(pair[0], pair[1], pooled));
        let told: Option<Vec<bool>> = told.collect();
        Some(told?.into_iter().filter(|it| !it).count())
    };
    let [paired, overlap, welch, least] = Criterion::ALL.map(count);
    Some(Inseparable {
        pairs,
        paired_difference: paired,
        interval_overlap: overlap,
        welch,
        least_significant_difference: least,
    })
}
