//! Random numbers of views.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// What a picture's random choices follow from, together with the number of the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The seed of the run's views.
    pub seed: u64,
    /// How often the pictures were seen before.
    pub epoch: u64,
    /// The picture's number in its source.
    pub index: u64,
}

/// A stream of random numbers for one view of one picture.
///
/// It is keyed by all that a view may depend on, so it does not matter in which order, or on how many threads, views are made.
#[derive(Clone, Debug)]
pub(crate) struct Stream(ChaCha8Rng);

impl Stream {
    pub(crate) fn new(draw: Draw, view: u64) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("secateur-pictures 2026 view of a picture");
        for word in [draw.seed, draw.epoch, draw.index, view] {
            hasher.update(&word.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }

    /// A number in `[0, 1)`, of 53 bits.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number between two.
    pub(crate) fn between(&mut self, [low, high]: [f64; 2]) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with a probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Puts items in a random order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, ((last + 1) as f64 * self.unit()) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_key_counts() {
        let first = |seed, epoch, index, view| Stream::new(Draw { seed, epoch, index }, view).unit();
        let all =
            [first(0, 0, 0, 0), first(1, 0, 0, 0), first(0, 1, 0, 0), first(0, 0, 1, 0), first(0, 0, 0, 1)];
        for (place, one) in all.iter().enumerate() {
            assert!(all[..place].iter().all(|other| other != one), "{all:?}");
        }
        assert_eq!(first(0, 0, 0, 0), all[0]);
    }

    #[test]
    fn numbers_are_spread_evenly() {
        let mut stream = Stream::new(Draw { seed: 3, epoch: 0, index: 0 }, 0);
        let mut counts = [0_u32; 24];
        for _ in 0..24_000 {
            let mut order = [0, 1, 2, 3];
            stream.shuffle(&mut order);
            let rank = order.iter().enumerate().fold(0, |rank, (place, item)| {
                rank * (4 - place) + order[place + 1..].iter().filter(|later| *later < item).count()
            });
            counts[rank] += 1;
        }
        // Six standard deviations of a binomial with n = 24,000 and p = 1/24.
        assert!(counts.iter().all(|count| (815..=1185).contains(count)), "{counts:?}");
    }
}
