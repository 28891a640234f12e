//! Bits of entropy-coded data.

/// A reader of bits, most significant first, that takes out stuffed zeros and stops at a marker.
///
/// After a marker, or the end of the data, it goes on with zeros and counts them, so that the inner loops need not ask.
///
/// What is not inlined takes it by value: no pointer to it leaves the loop over a sequential scan, which then keeps it in registers.
#[derive(Clone, Copy)]
pub(crate) struct Bits<'a> {
    data: &'a [u8],
    /// Of the next byte that is not in `buffer`.
    position: usize,
    /// The next bits, from the top; what lies below `count` bits is either zero or what the next bytes will put there.
    buffer: u64,
    count: u32,
    /// Zeros that were put in after the end.
    padding: u32,
    ended: bool,
}

impl<'a> Bits<'a> {
    /// Reads `data` from `position` on.
    pub(crate) fn new(data: &'a [u8], position: usize) -> Self {
        Self { data, position, buffer: 0, count: 0, padding: 0, ended: false }
    }

    /// Makes at least 56 bits ready.
    #[inline(always)]
    pub(crate) fn refill(&mut self) {
        if let Some(bytes) = self.data.get(self.position..).and_then(|rest| rest.first_chunk::<8>()) {
            let word = u64::from_be_bytes(*bytes);
            if !has_ff(word) {
                self.buffer |= word >> self.count;
                let taken = (63 - self.count) >> 3;
                self.position += taken as usize;
                self.count += taken * 8;
                return;
            }
        }
        *self = self.refilled_slowly();
    }

    /// Makes at least 32 bits ready.
    #[inline(always)]
    pub(crate) fn need_32(&mut self) {
        if self.count < 32 {
            self.refill();
        }
    }

    #[cold]
    #[inline(never)]
    fn refilled_slowly(mut self) -> Self {
        while self.count < 56 {
            if self.ended {
                self.count += 8;
                self.padding = self.padding.saturating_add(8);
                continue;
            }
            let byte = match (self.data.get(self.position), self.data.get(self.position + 1)) {
                (Some(0xff), Some(0)) => {
                    self.position += 2;
                    0xff
                }
                // A marker may have any number of these before it, and so may a stuffed zero.
                (Some(0xff), Some(0xff)) => {
                    self.position += 1;
                    continue;
                }
                (Some(0xff), _) | (None, _) => {
                    self.ended = true;
                    continue;
                }
                (Some(&byte), _) => {
                    self.position += 1;
                    byte
                }
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
        self
    }

    /// The next `count` bits (1 to 32), which stay.
    #[inline(always)]
    pub(crate) fn peek(&self, count: u32) -> u32 {
        (self.buffer >> (64 - count)) as u32
    }

    /// Takes `count` bits that are ready.
    #[inline(always)]
    pub(crate) fn skip(&mut self, count: u32) {
        self.buffer <<= count;
        self.count -= count;
    }

    /// Takes `count` bits (0 to 16) that are ready, as a number.
    #[inline(always)]
    pub(crate) fn take(&mut self, count: u32) -> i32 {
        // Two shifts, since one by 64 is not defined.
        let value = (self.buffer >> 1 >> (63 - count)) as i32;
        self.skip(count);
        value
    }

    /// Takes `size` bits (0 to 16) that are ready, as the difference that they stand for.
    #[inline(always)]
    pub(crate) fn take_extended(&mut self, size: u32) -> i32 {
        extended(self.take(size), size)
    }

    /// Whether more bits were taken than there are.
    #[inline(always)]
    pub(crate) fn overrun(&self) -> bool {
        self.padding > self.count
    }

    /// Goes on after a restart marker, if one is next.
    #[inline(always)]
    pub(crate) fn restart(&mut self) -> bool {
        self.buffer = 0;
        self.count = 0;
        self.padding = 0;
        self.ended = false;
        // Some encoders leave bytes between the last block and the marker.
        match find_marker(self.data, self.position) {
            Some((0xd0..=0xd7, after)) => {
                self.position = after;
                true
            }
            _ => false,
        }
    }

    /// Where the data that was not taken begins; at most seven bytes before a marker that is not a part of it.
    pub(crate) fn position(&self) -> usize {
        self.position
    }
}

/// The difference that a number of `size` bits (0 to 16) stands for (ITU T.81, F.2.2.1).
#[inline(always)]
pub(crate) fn extended(value: i32, size: u32) -> i32 {
    let half = (1 << size) >> 1;
    if value < half { value - (1 << size) + 1 } else { value }
}

/// Whether a byte of `word` is `0xff`.
#[inline(always)]
fn has_ff(word: u64) -> bool {
    let inverted = !word;
    inverted.wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080 != 0
}

/// The first marker at or after `position` and the place after it. Stuffed zeros and filling are none.
pub(crate) fn find_marker(data: &[u8], position: usize) -> Option<(u8, usize)> {
    let rest = data.get(position..)?;
    let place = rest.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff))?;
    Some((rest[place + 1], position + place + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stuffed_zeros_are_no_bits_and_markers_end_them() {
        let data = [0x12, 0xff, 0x00, 0x34, 0xff, 0xff, 0xd9, 0x77];
        let mut bits = Bits::new(&data, 0);
        bits.refill();
        assert_eq!(bits.take(8), 0x12);
        assert_eq!(bits.take(16), 0xff34);
        assert!(!bits.overrun());
        assert_eq!(bits.take(1), 0);
        assert!(bits.overrun());
        assert_eq!(find_marker(&data, 0), Some((0xd9, 7)));
    }

    #[test]
    fn long_runs_are_read_as_one_bit_after_another() {
        let data: Vec<u8> = (0..100).map(|i| (i * 37 % 255) as u8).collect();
        let mut bits = Bits::new(&data, 0);
        for place in 0..800 {
            if place % 5 == 0 {
                bits.need_32();
            }
            assert_eq!(bits.take(1), i32::from(data[place / 8] >> (7 - place % 8) & 1));
        }
        assert!(!bits.overrun());
    }

    #[test]
    fn a_byte_of_ones_is_found_anywhere() {
        for place in 0..8 {
            assert!(has_ff(0xff << (8 * place)));
            assert!(!has_ff(0xfe << (8 * place)));
            assert!(!has_ff(0x7f << (8 * place)));
        }
        assert!(!has_ff(0x80_01_00_fe_7f_f0_0f_01));
    }

    #[test]
    fn differences_are_those_of_the_standard() {
        // Table F.1 of ITU T.81: size 3 holds -7 to -4 and 4 to 7.
        let mut bits = Bits::new(&[0b0000_1111, 0b1000_0000], 0);
        bits.refill();
        assert_eq!(bits.take_extended(3), -7);
        assert_eq!(bits.take_extended(3), -4);
        assert_eq!(bits.take_extended(3), 7);
        assert_eq!(bits.take_extended(0), 0);
    }
}
