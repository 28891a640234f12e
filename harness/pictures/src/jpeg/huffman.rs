//! Huffman tables, and blocks of coefficients read with them (ITU T.81, C.2 and F.2.2).

use super::bits::{Bits, extended};

/// Codes of up to this many bits are looked up at once.
const LOOK: u32 = 10;

/// Why coefficients could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The bits are no code of the table.
    NoCode,
    /// A run of zeros leads out of its block.
    RunTooLong,
}

/// Natural (row by row) places of coefficients in zigzag order.
#[rustfmt::skip]
pub(crate) const NATURAL: [u8; 64] = [
     0,  1,  8, 16,  9,  2,  3, 10, 17, 24, 32, 25, 18, 11,  4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,  6,  7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// One or two AC coefficients with the zeros before them.
#[derive(Clone, Copy, Default)]
struct Whole {
    /// How many bits they take; 0 if there is none.
    bits: u8,
    /// How many places the first is beyond the next.
    to_first: u8,
    /// How many places the second is beyond the first; 0 if there is none.
    to_second: u8,
    /// Where there is one, it is both.
    values: [i16; 2],
}

impl Whole {
    /// This one, of one coefficient, and another after it.
    fn and(self, next: Self) -> Self {
        Self {
            bits: self.bits + next.bits,
            to_first: self.to_first,
            to_second: next.to_first + 1,
            values: [self.values[0], next.values[0]],
        }
    }
}

/// A table of codes.
#[derive(Clone)]
pub(crate) struct Huffman {
    /// For the next bits: symbol and, in the upper byte, the length of its code, or 0 if that is longer.
    lookup: [u16; 1 << LOOK],
    /// For the next bits: the AC coefficients that they are, if codes and values fit.
    whole: [Whole; 1 << LOOK],
    /// For each length the code after its last, as the upper bits of 16.
    limit: [u32; 17],
    /// What to add to a code of a length to get the index of its symbol.
    offset: [i32; 17],
    symbols: [u8; 256],
}

impl Huffman {
    /// The table of `counts` codes of 1 to 16 bits for `symbols`; none if there are more than there can be.
    pub(crate) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            lookup: [0; 1 << LOOK],
            whole: [Whole::default(); 1 << LOOK],
            limit: [0; 17],
            offset: [0; 17],
            symbols: [0; 256],
        };
        table.symbols.get_mut(..symbols.len())?.copy_from_slice(symbols);
        let (mut code, mut index) = (0_u32, 0_usize);
        for length in 1..=16_u32 {
            let count = usize::from(counts[length as usize - 1]);
            table.offset[length as usize] = index as i32 - code as i32;
            for &symbol in symbols.get(index..index + count)? {
                // All ones are no code, but the check of libjpeg lets them be one, and so does this.
                if code >= 1 << length {
                    return None;
                }
                if length <= LOOK {
                    let first = (code << (LOOK - length)) as usize;
                    let entry = u16::from(symbol) | (length as u16) << 8;
                    table.lookup[first..first + (1 << (LOOK - length))].fill(entry);
                }
                code += 1;
            }
            index += count;
            table.limit[length as usize] = code << (16 - length);
            code <<= 1;
        }
        for (bits, whole) in table.whole.iter_mut().enumerate() {
            let [symbol, length] = table.lookup[bits].to_le_bytes();
            let (run, size) = (symbol >> 4, symbol & 15);
            let taken = length + size;
            if length > 0 && size > 0 && u32::from(taken) <= LOOK {
                let value = (bits as i32 >> (LOOK - u32::from(taken))) & ((1 << size) - 1);
                let value = extended(value, u32::from(size)) as i16;
                *whole = Whole { bits: taken, to_first: run, to_second: 0, values: [value; 2] };
            }
        }
        let single = table.whole;
        for (bits, whole) in table.whole.iter_mut().enumerate() {
            let next = single[(bits << whole.bits) & ((1 << LOOK) - 1)];
            if whole.bits > 0 && next.bits > 0 && u32::from(whole.bits + next.bits) <= LOOK {
                *whole = whole.and(next);
            }
        }
        Some(table)
    }

    /// The next symbol; 16 bits must be ready.
    #[inline(always)]
    pub(crate) fn symbol(&self, bits: &mut Bits) -> Result<u8, Fault> {
        let entry = self.lookup[bits.peek(LOOK) as usize];
        if entry > 0xff {
            bits.skip(u32::from(entry >> 8));
            return Ok(entry as u8);
        }
        let (symbol, length) = self.long_symbol(bits.peek(16))?;
        bits.skip(length);
        Ok(symbol)
    }

    /// The symbol that `next`, 16 bits, begin with, and the length of its code, which is longer than [`LOOK`].
    #[cold]
    #[inline(never)]
    fn long_symbol(&self, next: u32) -> Result<(u8, u32), Fault> {
        for length in LOOK + 1..=16 {
            if next < self.limit[length as usize] {
                let index = (next >> (16 - length)) as i32 + self.offset[length as usize];
                let symbol = self.symbols.get(index as usize).ok_or(Fault::NoCode)?;
                return Ok((*symbol, length));
            }
        }
        Err(Fault::NoCode)
    }

    /// Whether all symbols are sizes of DC differences.
    pub(crate) fn fits_dc(counts: &[u8; 16], symbols: &[u8]) -> bool {
        let total = counts.iter().map(|&count| usize::from(count)).sum();
        symbols.iter().take(total).all(|&symbol| symbol <= 15)
    }
}

/// Reads one block of a sequential scan. With `KEEP` its coefficients go to their natural places in `block`, which must
/// be zero; without it they are passed over.
///
/// Returns whether there may be a coefficient beside the first.
#[inline(always)]
pub(crate) fn read_block<const KEEP: bool>(
    bits: &mut Bits,
    dc: &Huffman,
    ac: &Huffman,
    prediction: &mut i32,
    block: &mut [i16; 64],
) -> Result<bool, Fault> {
    let mut keep = |place: usize, value: i16| {
        if KEEP {
            // A place that is out of the block ends in an error.
            block[usize::from(NATURAL[place & 63]) & 63] = value;
        }
    };
    bits.refill();
    let size = u32::from(dc.symbol(bits)?);
    *prediction = prediction.wrapping_add(bits.take_extended(size));
    keep(0, *prediction as i16);
    let mut place = 1;
    while place < 64 {
        bits.need_32();
        let whole = ac.whole[bits.peek(LOOK) as usize];
        let first = place + usize::from(whole.to_first);
        let second = first + usize::from(whole.to_second);
        // What follows the last place is of the next block.
        if whole.bits > 0 && second < 64 {
            bits.skip(u32::from(whole.bits));
            keep(first, whole.values[0]);
            keep(second, whole.values[1]);
            place = second + 1;
            continue;
        }
        let symbol = ac.symbol(bits)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            if run != 15 {
                break;
            }
            place += 16;
            continue;
        }
        place += run;
        let value = bits.take_extended(size);
        keep(place, value as i16);
        place += 1;
    }
    if place > 64 { Err(Fault::RunTooLong) } else { Ok(place > 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits from the first on, filled up with ones.
    #[derive(Default)]
    struct Written {
        bytes: Vec<u8>,
        word: u64,
        count: u32,
    }

    impl Written {
        fn put(&mut self, value: u32, count: u32) {
            for bit in (0..count).rev() {
                self.word = self.word << 1 | u64::from(value >> bit & 1);
                self.count += 1;
                if self.count == 8 {
                    self.bytes.push(self.word as u8);
                    if self.word == 0xff {
                        self.bytes.push(0);
                    }
                    (self.word, self.count) = (0, 0);
                }
            }
        }

        fn finish(mut self) -> Vec<u8> {
            self.put(0x7f, 7);
            self.bytes.extend([0xff, 0xd9]);
            self.bytes
        }
    }

    /// The standard's example for AC coefficients (ITU T.81, table K.5): code and length of each symbol, and the table.
    fn codes() -> (Vec<(u32, u32)>, Huffman) {
        let counts = [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125];
        let short = [
            0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07,
            0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0,
            0x24, 0x33, 0x62, 0x72, 0x82,
        ];
        let rest = (0..16_u8).flat_map(|run| (1..=10_u8).map(move |size| run << 4 | size));
        let symbols: Vec<u8> =
            short.into_iter().chain(rest.filter(|symbol| !short.contains(symbol))).collect();
        let mut of_symbol = vec![(0, 0); 256];
        let (mut code, mut rest) = (0, symbols.iter());
        for (count, length) in counts.iter().zip(1..) {
            for symbol in rest.by_ref().take(usize::from(*count)) {
                of_symbol[usize::from(*symbol)] = (code, length);
                code += 1;
            }
            code <<= 1;
        }
        (of_symbol, Huffman::new(&counts, &symbols).unwrap())
    }

    #[test]
    fn pairs_of_coefficients_are_looked_up() {
        let (codes, table) = codes();
        // -1, then 2 after a zero: 3 and 7 bits.
        let mut written = Written::default();
        put_value(&mut written, codes[0x01], -1, 1);
        put_value(&mut written, codes[0x12], 2, 2);
        let data = written.finish();
        let mut bits = Bits::new(&data, 0);
        bits.refill();
        let whole = table.whole[bits.peek(LOOK) as usize];
        assert_eq!((whole.bits, whole.to_first, whole.to_second, whole.values), (10, 0, 2, [-1, 2]));
        // 1 after a zero, and nothing else that fits: what follows is longer.
        let mut written = Written::default();
        put_value(&mut written, codes[0x11], 1, 1);
        put_value(&mut written, codes[0x31], 1, 1);
        let data = written.finish();
        let mut bits = Bits::new(&data, 0);
        bits.refill();
        let whole = table.whole[bits.peek(LOOK) as usize];
        assert_eq!((whole.bits, whole.to_first, whole.to_second, whole.values), (5, 1, 0, [1, 1]));
    }

    fn put_value(written: &mut Written, (code, length): (u32, u32), value: i32, size: u32) {
        written.put(code, length);
        let bits = if value < 0 { value + (1 << size) - 1 } else { value };
        written.put(bits as u32, size);
    }

    fn size(value: i32) -> u32 {
        32 - value.unsigned_abs().leading_zeros()
    }

    /// Blocks in zigzag order, of which many are full to the last place, after which the next follows without a word.
    fn blocks() -> Vec<[i32; 64]> {
        let mut state = 7_u32;
        let mut next = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        (0..4_000)
            .map(|number| {
                let mut block = [0; 64];
                for (place, value) in block.iter_mut().enumerate() {
                    // From blocks without a zero to such with runs of more than sixteen.
                    if next() % (1 + number % 40) == 0 || (place == 63 && number % 3 == 0) {
                        *value = (next() % (1 << (1 + next() % 7))) as i32 - (next() % 8) as i32;
                    }
                }
                block
            })
            .collect()
    }

    fn written(blocks: &[[i32; 64]], codes: &[(u32, u32)]) -> Vec<u8> {
        let mut written = Written::default();
        let mut last = 0;
        for block in blocks {
            let difference = block[0] - last;
            last = block[0];
            put_value(&mut written, codes[size(difference) as usize], difference, size(difference));
            let mut run = 0;
            for value in &block[1..] {
                if *value == 0 {
                    run += 1;
                    continue;
                }
                while run > 15 {
                    let (code, length) = codes[0xf0];
                    written.put(code, length);
                    run -= 16;
                }
                put_value(&mut written, codes[run << 4 | size(*value) as usize], *value, size(*value));
                run = 0;
            }
            if run > 0 {
                let (code, length) = codes[0];
                written.put(code, length);
            }
        }
        written.finish()
    }

    #[test]
    fn blocks_are_read_as_they_were_written_and_passed_over_alike() {
        let (codes, table) = codes();
        let blocks = blocks();
        let data = written(&blocks, &codes);
        let (mut kept, mut passed) = (Bits::new(&data, 0), Bits::new(&data, 0));
        let (mut prediction, mut other) = (0, 0);
        for (number, block) in blocks.iter().enumerate() {
            let mut read = [0; 64];
            let any = read_block::<true>(&mut kept, &table, &table, &mut prediction, &mut read).unwrap();
            for (place, value) in block.iter().enumerate() {
                assert_eq!(i32::from(read[usize::from(NATURAL[place])]), *value, "block {number}, {place}");
            }
            assert_eq!(any, block[1..].iter().any(|value| *value != 0));
            let mut untouched = [0; 64];
            read_block::<false>(&mut passed, &table, &table, &mut other, &mut untouched).unwrap();
            assert_eq!((other, untouched), (prediction, [0; 64]));
            kept.refill();
            passed.refill();
            assert_eq!(kept.peek(32), passed.peek(32));
        }
        assert!(!kept.overrun());
    }

    #[test]
    fn a_run_out_of_its_block_is_an_error_however_short_its_code_is() {
        let (codes, table) = codes();
        for run in 0..16 {
            // All but the last places are filled; what follows leads beyond them unless there is room for it.
            for room in 0..16 {
                let mut written = Written::default();
                let (code, length) = codes[0];
                written.put(code, length);
                for _ in 1..64 - room {
                    put_value(&mut written, codes[1], 1, 1);
                }
                put_value(&mut written, codes[run << 4 | 1], -1, 1);
                let (code, length) = codes[0];
                written.put(code, length);
                let data = written.finish();
                let mut block = [0; 64];
                let mut bits = Bits::new(&data, 0);
                let read = read_block::<true>(&mut bits, &table, &table, &mut 0, &mut block);
                let expected = if room == 0 || run < room { Ok(true) } else { Err(Fault::RunTooLong) };
                assert_eq!(read, expected, "run {run}, room {room}");
            }
        }
    }
}
