//! Named random streams: one per purpose, derived from a root seed.
//!
//! Draws of one purpose never shift those of another, so that changing, say, the augmentation leaves the
//! initialization as it was. Seed 0 is a seed like any other.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A root seed from which streams are derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    root: u64,
}

impl Streams {
    /// Streams of a root seed.
    #[must_use]
    pub fn new(root: u64) -> Self {
        Self { root }
    }

    /// Streams within a stream: those of `purpose`.
    #[must_use]
    pub fn fork(&self, purpose: &str) -> Self {
        Self { root: self.seed(purpose, 0) }
    }

    /// The seed of draw number `index` of a purpose.
    #[must_use]
    pub fn seed(&self, purpose: &str, index: u64) -> u64 {
        let mut hasher = blake3::Hasher::new_derive_key("secateur 2026 named random stream");
        hasher.update(&self.root.to_le_bytes());
        hasher.update(&index.to_le_bytes());
        hasher.update(purpose.as_bytes());
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        u64::from_le_bytes(bytes)
    }

    /// A generator for draw number `index` of a purpose.
    #[must_use]
    pub fn rng(&self, purpose: &str, index: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.seed(purpose, index))
    }

    /// Sets libtorch's default generators for draw number `index` of a purpose.
    ///
    /// tch offers no generator argument and no generator state, so libtorch's generators are set anew for each
    /// draw, and the stream needs no state to resume.
    ///
    /// These generators belong to the process: threads that initialize or train at the same time change each other's
    /// values. A worker runs one stage; tests take turns.
    pub fn seed_torch(&self, purpose: &str, index: u64) {
        tch::manual_seed(self.seed(purpose, index) as i64);
    }

    /// A random order of `0..count`.
    #[must_use]
    pub fn permutation(&self, purpose: &str, index: u64, count: usize) -> Vec<i64> {
        let mut rng = self.rng(purpose, index);
        let mut order: Vec<i64> = (0..count as i64).collect();
        for last in (1..count).rev() {
            order.swap(last, uniform(&mut rng, last as u64 + 1) as usize);
        }
        order
    }
}

/// A number in `0..bound`, without bias (Lemire 2019, arXiv 1805.10941).
pub(crate) fn uniform(rng: &mut ChaCha8Rng, bound: u64) -> u64 {
    let threshold = bound.wrapping_neg() % bound;
    loop {
        let product = u128::from(rng.next_u64()) * u128::from(bound);
        if product as u64 >= threshold {
            return (product >> 64) as u64;
        }
    }
}

/// A number in `[0, 1)` with 53 random bits.
pub(crate) fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_do_not_meet() {
        let streams = Streams::new(0);
        assert_eq!(streams.seed("order", 3), Streams::new(0).seed("order", 3));
        assert_ne!(streams.seed("order", 3), streams.seed("order", 4));
        assert_ne!(streams.seed("order", 3), streams.seed("init", 3));
        assert_ne!(streams.seed("order", 3), Streams::new(1).seed("order", 3));
    }

    #[test]
    fn permutations_hold_every_index_once() {
        for count in [0, 1, 2, 1000] {
            let mut order = Streams::new(7).permutation("order", 0, count);
            order.sort_unstable();
            assert_eq!(order, (0..count as i64).collect::<Vec<_>>());
        }
    }

    #[test]
    fn uniform_covers_its_range_evenly() {
        let mut rng = Streams::new(1).rng("test", 0);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[uniform(&mut rng, 7) as usize] += 1;
        }
        // Six standard deviations of a binomial with n = 70,000 and p = 1/7.
        assert!(counts.iter().all(|count| (9_445..=10_555).contains(count)), "{counts:?}");
    }
}
