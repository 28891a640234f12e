//! How many weights remain after each step.

use secateur_sdk::Target;

/// One pruning: the weights that remain, and the target it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) count: u64,
    pub(crate) target: Option<usize>,
}

/// `steps` prunings on the way to each target, with the cubic schedule of Zhu & Gupta (arXiv 1710.01878, equation 1)
/// from where the last one ended: `goal + (from - goal) (1 - t / steps)^3` remain after step `t`. Steps that would
/// remove nothing are left out.
pub(crate) fn levels(total: u64, targets: &[Target], steps: u32) -> Vec<Level> {
    let mut levels = Vec::new();
    let mut before = total;
    for (index, target) in targets.iter().enumerate() {
        let from = before.saturating_sub(target.count) as f64;
        for step in 1..steps {
            let left = (1.0 - f64::from(step) / f64::from(steps)).powi(3);
            let count = target.count + (from * left).round() as u64;
            if target.count < count && count < before {
                levels.push(Level { count, target: None });
                before = count;
            }
        }
        levels.push(Level { count: target.count, target: Some(index) });
        before = target.count;
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(count: u64) -> Target {
        Target { keep: count as f64 / 1000.0, count, tolerance: 0 }
    }

    #[test]
    fn four_steps_remove_a_cubic_share_each() {
        // By hand: 800 go in all; (3/4)^3, (2/4)^3 and (1/4)^3 of them are left after the first three steps.
        let counts: Vec<u64> = levels(1000, &[target(200)], 4).iter().map(|level| level.count).collect();
        assert_eq!(counts, [200 + 338, 200 + 100, 200 + 13, 200]);
    }

    #[test]
    fn every_target_is_met_and_each_step_removes_something() {
        let levels = levels(1000, &[target(1000), target(900), target(898), target(10)], 8);
        let met: Vec<(u64, usize)> =
            levels.iter().filter_map(|level| level.target.map(|target| (level.count, target))).collect();
        assert_eq!(met, [(1000, 0), (900, 1), (898, 2), (10, 3)]);
        for pair in levels.windows(2) {
            assert!(pair[1].count < pair[0].count, "{pair:?}");
        }
    }

    #[test]
    fn one_step_goes_straight_to_the_target() {
        assert_eq!(levels(1000, &[target(100)], 1), [Level { count: 100, target: Some(0) }]);
    }
}
