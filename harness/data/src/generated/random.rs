//! Named random streams.
//!
//! Each picture has a stream of its own, keyed by what it is for, so that pictures can be drawn in any order and
//! on any number of threads, and so that a longer split begins with the pictures of a shorter one.

/// A stream of random numbers: xoshiro256++ (Blackman and Vigna), keyed by BLAKE3.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    state: [u64; 4],
}

impl Stream {
    /// The stream for `purpose` and `keys`; different inputs give unrelated streams.
    pub(crate) fn new(purpose: &str, keys: &[u64]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("secateur-data 2026 random stream");
        hasher.update(&(purpose.len() as u64).to_le_bytes());
        hasher.update(purpose.as_bytes());
        for key in keys {
            hasher.update(&key.to_le_bytes());
        }
        let hash = *hasher.finalize().as_bytes();
        let mut state = [0; 4];
        for (word, bytes) in state.iter_mut().zip(hash.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        // The all-zero state is the one fixed point of the generator.
        state[0] |= u64::from(state == [0; 4]);
        Self { state }
    }

    /// The next 64 random bits.
    pub(crate) fn next(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number in `[0, 1)`, a multiple of `2^-24`.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 * (1.0 / 16_777_216.0)
    }

    /// A number in `[low, high)`.
    pub(crate) fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// An integer in `[0, count)`, by the multiply-shift rule; its bias is below `count / 2^64`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.next()) * count as u128) >> 64) as usize
    }

    /// True with the given probability.
    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Nearly normal with mean 0 and standard deviation 1: the sum of four uniform numbers, within ±3.5.
    pub(crate) fn normal(&mut self) -> f32 {
        // One draw of 64 bits feeds all four; noise needs three of these per pixel.
        let bits = self.next();
        let sum = (bits & 0xffff) + ((bits >> 16) & 0xffff) + ((bits >> 32) & 0xffff) + (bits >> 48);
        (sum as f32 - 131_070.0) * (1.732_050_8 / 65_535.0)
    }

    /// Puts `items` in a random order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// A well-mixed 32-bit hash of a lattice point; the basis of value noise.
pub(crate) fn lattice_hash(x: i32, y: i32, salt: u32) -> u32 {
    let mut h = (x as u32).wrapping_mul(0x85eb_ca6b) ^ (y as u32).wrapping_mul(0xc2b2_ae35) ^ salt;
    h ^= h >> 16;
    h = h.wrapping_mul(0x7feb_352d);
    h ^= h >> 15;
    h = h.wrapping_mul(0x846c_a68b);
    h ^ (h >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_reproducible_and_distinct() {
        let draw = |purpose: &str, keys: &[u64]| Stream::new(purpose, keys).next();
        assert_eq!(draw("a", &[1, 2]), draw("a", &[1, 2]));
        assert_ne!(draw("a", &[1, 2]), draw("a", &[2, 1]));
        assert_ne!(draw("a", &[1]), draw("b", &[1]));
        assert_ne!(draw("a", &[0]), draw("a", &[]));
    }

    #[test]
    fn numbers_have_the_promised_ranges_and_moments() {
        let mut stream = Stream::new("moments", &[]);
        let count = 40_000;
        let (mut uniform, mut sum, mut squares) = (0.0f64, 0.0f64, 0.0f64);
        for _ in 0..count {
            let u = stream.unit();
            assert!((0.0..1.0).contains(&u));
            uniform += f64::from(u);
            let n = f64::from(stream.normal());
            assert!(n.abs() < 3.5);
            sum += n;
            squares += n * n;
            assert!(stream.below(3) < 3);
        }
        assert!((uniform / f64::from(count) - 0.5).abs() < 0.01);
        assert!((sum / f64::from(count)).abs() < 0.02);
        assert!((squares / f64::from(count) - 1.0).abs() < 0.02);
    }

    #[test]
    fn shuffling_keeps_the_items() {
        let mut items: Vec<u32> = (0..100).collect();
        Stream::new("shuffle", &[]).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
