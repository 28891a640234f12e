//! How often one seed would have told the opposite.

use super::{mean, same_score};

/// The chance that a run with one seed puts two methods in the other order than all seeds do.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Reversal {
    /// Over the replicates that both have, each taken by itself on both sides: what one paired run would have told.
    pub paired: Option<f64>,
    /// Over all choices of one replicate of each: what two runs that share no seed would have told.
    pub unpaired: f64,
}

/// The reversal chances of two methods with these scores, `a` and `b`, each replicate by its number.
///
/// The order of all seeds is that of the means. A choice with equal scores counts half, for a coin would
/// decide. Nothing for a side without replicates, or if the means are equal: then there is no order to reverse.
#[must_use]
pub fn reversal(a: &[(u32, f64)], b: &[(u32, f64)]) -> Option<Reversal> {
    let scores = |side: &[(u32, f64)]| side.iter().map(|it| it.1).collect::<Vec<f64>>();
    let difference = mean(&scores(a))? - mean(&scores(b))?;
    if same_score(difference, 0.0) {
        return None;
    }
    let reversed = |ours: f64, theirs: f64| match ours - theirs {
        it if same_score(it, 0.0) => 0.5,
        it if (it > 0.0) == (difference > 0.0) => 0.0,
        _ => 1.0,
    };
    let of_both = |ours: &(u32, f64)| Some(reversed(ours.1, b.iter().find(|it| it.0 == ours.0)?.1));
    let paired: Vec<f64> = a.iter().filter_map(of_both).collect();
    let all: Vec<f64> = a.iter().flat_map(|ours| b.iter().map(|theirs| reversed(ours.1, theirs.1))).collect();
    Some(Reversal { paired: mean(&paired), unpaired: mean(&all)? })
}
