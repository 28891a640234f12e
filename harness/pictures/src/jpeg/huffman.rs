//! Huffman tables, and blocks of coefficients read with them (ITU T.81, C.2 and F.2.2).

use super::bits::Bits;

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

/// A table of codes.
#[derive(Clone)]
pub(crate) struct Huffman {
    /// For the next bits: symbol and, in the upper byte, the length of its code, or 0 if that is longer.
    lookup: [u16; 1 << LOOK],
    /// For the next bits: a whole AC coefficient with its run, if code and value fit; else 0. The value is in the upper
    /// half, the run in the second byte, the bits it takes in the first.
    whole: [i32; 1 << LOOK],
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
            whole: [0; 1 << LOOK],
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
            let (symbol, length) = (table.lookup[bits] & 0xff, u32::from(table.lookup[bits] >> 8));
            let (run, size) = (i32::from(symbol >> 4), u32::from(symbol & 15));
            if length > 0 && size > 0 && length + size <= LOOK {
                let value = (bits as i32 >> (LOOK - length - size)) & ((1 << size) - 1);
                let value = if value < 1 << (size - 1) { value - (1 << size) + 1 } else { value };
                *whole = value << 16 | run << 8 | (length + size) as i32;
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
        self.long_symbol(bits)
    }

    #[inline(never)]
    fn long_symbol(&self, bits: &mut Bits) -> Result<u8, Fault> {
        let next = bits.peek(16);
        for length in LOOK + 1..=16 {
            if next < self.limit[length as usize] {
                let index = (next >> (16 - length)) as i32 + self.offset[length as usize];
                bits.skip(length);
                return self.symbols.get(index as usize).copied().ok_or(Fault::NoCode);
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
/// Returns whether there is a coefficient beside the first.
#[inline(always)]
pub(crate) fn read_block<const KEEP: bool>(
    bits: &mut Bits,
    dc: &Huffman,
    ac: &Huffman,
    prediction: &mut i32,
    block: &mut [i16; 64],
) -> Result<bool, Fault> {
    bits.refill();
    let size = u32::from(dc.symbol(bits)?);
    *prediction = prediction.wrapping_add(bits.take_extended(size));
    if KEEP {
        block[0] = *prediction as i16;
    }
    let mut place = 1;
    let mut any = false;
    while place < 64 {
        bits.need_32();
        let whole = ac.whole[bits.peek(LOOK) as usize];
        if whole != 0 {
            place += (whole >> 8 & 15) as usize;
            bits.skip((whole & 15) as u32);
            if KEEP {
                block[usize::from(*NATURAL.get(place).ok_or(Fault::RunTooLong)?) & 63] = (whole >> 16) as i16;
            }
            any = true;
            place += 1;
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
        if KEEP {
            block[usize::from(*NATURAL.get(place).ok_or(Fault::RunTooLong)?) & 63] = value as i16;
        }
        any = true;
        place += 1;
    }
    if place > 64 { Err(Fault::RunTooLong) } else { Ok(any) }
}
