//! How many weights remain after each round.

use secateur_sdk::Target;

/// One round: the weights that remain, and the target it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) count: u64,
    pub(crate) target: Option<usize>,
}

/// Rounds that each remove `rate` of what remains. The round that would pass a target, or come so close that hardly
/// anything were left to remove before it, stops at it exactly.
pub(crate) fn levels(total: u64, targets: &[Target], rate: f64) -> Vec<Level> {
    let mut levels = Vec::new();
    let mut count = total as f64;
    for (index, target) in targets.iter().enumerate() {
        let goal = target.count as f64;
        // A last step of less than half a round is joined to the one before.
        while count * (1.0 - rate) > goal / (1.0 - rate / 2.0) {
            count *= 1.0 - rate;
            levels.push(Level { count: count.round() as u64, target: None });
        }
        count = goal;
        levels.push(Level { count: target.count, target: Some(index) });
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(count: u64, total: u64) -> Target {
        Target { keep: count as f64 / total as f64, count, tolerance: 0 }
    }

    #[test]
    fn rounds_fall_by_the_rate_and_meet_every_target() {
        let targets = [target(20_000, 100_000), target(10_000, 100_000), target(5_000, 100_000)];
        let levels = levels(100_000, &targets, 0.2);
        let met: Vec<u64> =
            levels.iter().filter(|level| level.target.is_some()).map(|level| level.count).collect();
        assert_eq!(met, [20_000, 10_000, 5_000]);
        assert_eq!(levels[0].count, 80_000);
        assert_eq!(levels[1].count, 64_000);
        for pair in levels.windows(2) {
            let kept = pair[1].count as f64 / pair[0].count as f64;
            assert!((0.6..=0.95).contains(&kept), "{pair:?}");
        }
    }

    #[test]
    fn a_keep_of_one_is_one_round_that_removes_nothing() {
        let levels = levels(100, &[target(100, 100)], 0.2);
        assert_eq!(levels, [Level { count: 100, target: Some(0) }]);
    }

    #[test]
    fn a_high_rate_goes_straight_to_the_target() {
        let levels = levels(1000, &[target(500, 1000)], 0.9);
        assert_eq!(levels, [Level { count: 500, target: Some(0) }]);
    }
}
