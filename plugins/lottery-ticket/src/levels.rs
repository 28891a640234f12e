//! How many weights remain after each round.

use secateur_sdk::prelude::*;

use crate::config::Pace;

/// What the search is to find for a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Aim {
    /// Number of the target.
    pub(crate) target: usize,
    /// Weights of the ticket.
    pub(crate) count: u64,
}

/// One round: the weights that remain, and the target whose ticket that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) count: u64,
    pub(crate) target: Option<usize>,
}

/// The rounds to aims with falling counts, of which the allowance has steps for no more than `most`.
///
/// # Errors
/// [`ErrorKind::Invalid`] if there are fewer rounds than aims, [`ErrorKind::Exhausted`] if there are more than `most`.
pub(crate) fn levels(total: u64, aims: &[Aim], pace: Pace, most: u64) -> Result<Vec<Level>> {
    match pace {
        Pace::Rate(rate) => falling(total, aims, rate, most),
        Pace::Rounds(rounds) => counted(total, aims, rounds as usize, most),
    }
}

fn too_many(what: &str, most: u64) -> Error {
    let message = format!(
        "{what}, but the search has steps for {most} trainings at most; raise the allowance or search_fraction, or take \
         fewer rounds (a larger `rate`, or `rounds`)"
    );
    Error::new(ErrorKind::Exhausted, message)
}

/// Rounds that each remove `rate` of what remains. The round that would pass an aim, or come so close that hardly
/// anything were left to remove before it, stops at it exactly.
fn falling(total: u64, aims: &[Aim], rate: f64, most: u64) -> Result<Vec<Level>> {
    let too_many = || too_many(&format!("rate {rate} takes more than {most} rounds"), most);
    let mut levels = Vec::new();
    let mut count = total as f64;
    for aim in aims {
        let goal = aim.count as f64;
        // A last step of less than half a round is joined to the one before.
        while count * (1.0 - rate) > goal / (1.0 - rate / 2.0) {
            // Told now: a tiny rate would fill the memory with rounds.
            if levels.len() as u64 >= most {
                return Err(too_many());
            }
            count *= 1.0 - rate;
            levels.push(Level { count: count.round() as u64, target: None });
        }
        count = goal;
        levels.push(Level { count: aim.count, target: Some(aim.target) });
    }
    if levels.len() as u64 > most { Err(too_many()) } else { Ok(levels) }
}

/// So many rounds, of which round r leaves `keep^(r / rounds)` where `keep` is that of the last aim
/// (arXiv 2012.04643's code). Each other aim takes the place of the round that comes nearest to it.
fn counted(total: u64, aims: &[Aim], rounds: usize, most: u64) -> Result<Vec<Level>> {
    let Some(last) = aims.last() else { return Ok(Vec::new()) };
    if aims.len() > rounds {
        let message = format!("rounds is {rounds}, but each of {} keeps needs one of its own", aims.len());
        return Err(Error::invalid(message));
    }
    if rounds as u64 > most {
        return Err(too_many(&format!("there are to be {rounds} rounds"), most));
    }
    let fall = (last.count as f64 / total as f64).ln();
    let at = |round: usize| (total as f64 * (fall * round as f64 / rounds as f64).exp()).round() as u64;
    let mut levels: Vec<Level> = (1..=rounds).map(|round| Level { count: at(round), target: None }).collect();
    let mut free = 0;
    for (index, aim) in aims.iter().enumerate() {
        // Rounds that the aims behind this one need.
        let behind = aims.len() - 1 - index;
        let exact = (aim.count as f64 / total as f64).ln() / fall * rounds as f64;
        // A network that keeps everything has no nearest round; any will do.
        let nearest = if exact.is_finite() { exact.round() as usize } else { rounds };
        let place = if behind == 0 { rounds } else { nearest.clamp(free + 1, rounds - behind) };
        levels[place - 1] = Level { count: aim.count, target: Some(aim.target) };
        free = place;
    }
    Ok(levels)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More trainings than any of these rounds take.
    const MOST: u64 = 1000;

    fn aims(counts: &[u64]) -> Vec<Aim> {
        counts.iter().enumerate().map(|(target, count)| Aim { target, count: *count }).collect()
    }

    fn met(levels: &[Level]) -> Vec<(usize, u64)> {
        levels.iter().filter_map(|level| Some((level.target?, level.count))).collect()
    }

    #[test]
    fn rounds_fall_by_the_rate_and_meet_every_target() {
        let levels = falling(100_000, &aims(&[20_000, 10_000, 5_000]), 0.2, MOST).unwrap();
        assert_eq!(met(&levels), [(0, 20_000), (1, 10_000), (2, 5_000)]);
        assert_eq!(levels[0].count, 80_000);
        assert_eq!(levels[1].count, 64_000);
        for pair in levels.windows(2) {
            let kept = pair[1].count as f64 / pair[0].count as f64;
            assert!((0.6..=0.95).contains(&kept), "{pair:?}");
        }
    }

    #[test]
    fn a_keep_of_one_is_one_round_that_removes_nothing() {
        assert_eq!(falling(100, &aims(&[100]), 0.2, MOST).unwrap(), [Level { count: 100, target: Some(0) }]);
        assert_eq!(counted(100, &aims(&[100]), 1, MOST).unwrap(), [Level { count: 100, target: Some(0) }]);
        assert_eq!(met(&counted(100, &aims(&[100, 50]), 2, MOST).unwrap()), [(0, 100), (1, 50)]);
    }

    #[test]
    fn a_high_rate_goes_straight_to_the_target() {
        assert_eq!(falling(1000, &aims(&[500]), 0.9, MOST).unwrap(), [Level { count: 500, target: Some(0) }]);
    }

    #[test]
    fn counted_rounds_are_the_roots_of_the_smallest_keep() {
        // 0.0625^(r / 4): a half each time.
        let levels = counted(16_000, &aims(&[1000]), 4, MOST).unwrap();
        assert_eq!(levels.iter().map(|level| level.count).collect::<Vec<_>>(), [8000, 4000, 2000, 1000]);
        assert_eq!(met(&levels), [(0, 1000)]);
        // 0.1^(1/3) and 0.1^(2/3) of 1000.
        let levels = counted(1000, &aims(&[100]), 3, MOST).unwrap();
        assert_eq!(levels.iter().map(|level| level.count).collect::<Vec<_>>(), [464, 215, 100]);
    }

    #[test]
    fn other_keeps_take_the_nearest_round() {
        // Rounds of 549, 302, 165, 91 and 50 in a thousand; 500, 200 and 100 are nearest to the first, third and fourth.
        let levels = counted(1000, &aims(&[500, 200, 100, 50]), 5, MOST).unwrap();
        assert_eq!(levels.iter().map(|level| level.count).collect::<Vec<_>>(), [500, 302, 200, 100, 50]);
        assert_eq!(met(&levels), [(0, 500), (1, 200), (2, 100), (3, 50)]);
    }

    #[test]
    fn counted_rounds_fall_and_meet_every_keep_however_close_these_are() {
        for counts in [&[900, 800, 100][..], &[110, 105, 100], &[1000, 999, 1], &[500], &[3, 2, 1]] {
            for rounds in counts.len()..12 {
                let levels = counted(1000, &aims(counts), rounds, MOST).unwrap();
                assert_eq!(levels.len(), rounds);
                assert!(levels.windows(2).all(|pair| pair[0].count >= pair[1].count), "{levels:?}");
                let found: Vec<u64> = met(&levels).iter().map(|(_, count)| *count).collect();
                assert_eq!(found, counts);
            }
        }
        let refused = counted(1000, &aims(&[500, 200, 100]), 2, MOST).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Invalid);
        assert!(refused.message.contains("rounds is 2"), "{}", refused.message);
    }

    #[test]
    fn no_more_rounds_are_made_than_there_are_steps_for() {
        // Halves of 1000 down to 125 are three rounds.
        let aims = aims(&[125]);
        for pace in [Pace::Rate(0.5), Pace::Rounds(3)] {
            assert_eq!(levels(1000, &aims, pace, 3).unwrap().len(), 3);
            assert_eq!(levels(1000, &aims, pace, 2).unwrap_err().kind, ErrorKind::Exhausted);
        }
        // These would be some 10^12 rounds, rounds without an end, and 100 GB of them.
        for pace in [Pace::Rate(1e-12), Pace::Rate(1e-17), Pace::Rounds(u32::MAX)] {
            let refused = levels(1000, &aims, pace, 100).unwrap_err();
            assert_eq!(refused.kind, ErrorKind::Exhausted, "{pace:?}");
            assert!(refused.message.contains("a larger `rate`"), "{}", refused.message);
        }
    }
}
