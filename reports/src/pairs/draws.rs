//! Replicates drawn with replacement.

use crate::draws::{REPLICATES, places};

/// How often each of `replicates` counts in each of `draws` draws: the counts of the first draw, then those of the
/// second, and so on. They depend on the number of replicates and on that of the draw, and on nothing else.
pub(super) fn weights(replicates: usize, draws: usize) -> Vec<u32> {
    let mut weights = vec![0; replicates * draws];
    for draw in 0..draws {
        for place in places(REPLICATES, draw, replicates) {
            weights[draw * replicates + place] += 1;
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_draw_has_as_many_replicates_as_there_are() {
        let weights = weights(7, 1000);
        assert_eq!(weights.len(), 7000);
        assert!(weights.chunks(7).all(|draw| draw.iter().sum::<u32>() == 7));
        assert_eq!(super::weights(1, 50), [1; 50]);
    }

    #[test]
    fn a_draw_does_not_depend_on_how_many_there_are() {
        assert_eq!(weights(5, 1000)[..200], weights(5, 40));
    }

    #[test]
    fn all_replicates_are_as_likely() {
        // The count of a replicate over all draws is binomial with n = 40,000 and p = 1/4, of standard deviation 86.6.
        let all = weights(4, 10_000);
        for replicate in 0..4 {
            let count: u32 = all.iter().skip(replicate).step_by(4).sum();
            assert!(count.abs_diff(10_000) < 400, "replicate {replicate} is drawn {count} times");
        }
        // A replicate is missing from a draw with probability (3/4)^4 = 0.3164, of standard deviation 46.5 in 10,000.
        let missing = all.iter().step_by(4).filter(|weight| **weight == 0).count();
        assert!(missing.abs_diff(3164) < 200, "the first is missing {missing} times");
    }
}
