//! Pictures of several scans: coefficients are gathered first (ITU T.81, annex G).

use multiversion::multiversion;

use super::{
    JpegError,
    bits::Bits,
    header::{Component, Frame, Headers, Next, Scan},
    huffman::{Fault, Huffman, NATURAL, read_block},
    idct,
    planes::Planes,
};

/// More scans than any encoder makes; each of them may touch every block, however short it is.
const MOST_SCANS: usize = 500;

/// Reads all scans, of which `next` is the first, and transforms what `planes` need.
pub(crate) fn read(
    coefficients: &mut Vec<Vec<[i16; 64]>>,
    headers: &mut Headers,
    frame: &Frame,
    next: (Scan, usize),
    bytes: &[u8],
    planes: &mut Planes,
) -> Result<(), JpegError> {
    let (across, down) = frame.units();
    coefficients.resize_with(frame.components.len(), Vec::new);
    for (blocks, component) in coefficients.iter_mut().zip(&frame.components) {
        blocks.clear();
        blocks.resize(across * component.horizontal * down * component.vertical, [0; 64]);
    }
    // A component keeps the steps that were there when its first scan began.
    let mut steps: Vec<Option<[u16; 64]>> = vec![None; frame.components.len()];
    let mut next = Next::Scan(next.0, next.1);
    let mut scans = 0;
    while let Next::Scan(scan, position) = next {
        scans += 1;
        if scans > MOST_SCANS {
            return Err(JpegError::Unsupported("more than 500 scans"));
        }
        for &(index, ..) in &scan.components {
            if steps[index].is_none() {
                steps[index] = headers.steps[frame.components[index].table];
            }
        }
        let after = read_scan(coefficients, headers, frame, &scan, Bits::new(bytes, position))?;
        next = headers.read(bytes, after)?;
    }
    for (index, component) in frame.components.iter().enumerate() {
        let steps = steps[index].as_ref().ok_or(JpegError::Broken("a component has no scan or no steps"))?;
        let plane = &mut planes.planes[index];
        let per_row = across * component.horizontal;
        let columns = planes.columns.start * component.horizontal..planes.columns.end * component.horizontal;
        for (i, row) in
            (planes.rows.start * component.vertical..planes.rows.end * component.vertical).enumerate()
        {
            let blocks = &coefficients[index][row * per_row..][columns.clone()];
            let stride = plane.stride;
            let samples = &mut plane.samples[i * 8 * stride..(i + 1) * 8 * stride];
            transform_row(blocks, steps, samples, stride);
        }
    }
    Ok(())
}

#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+fma+lzcnt+movbe+popcnt"))]
fn transform_row(blocks: &[[i16; 64]], steps: &[u16; 64], samples: &mut [u8], stride: usize) {
    for (column, block) in blocks.iter().enumerate() {
        idct::block(block, steps, samples, column * 8, stride);
    }
}

/// The tables of a component in a scan; a scan of one kind of coefficients needs one.
struct Tables<'a> {
    dc: Option<&'a Huffman>,
    ac: Option<&'a Huffman>,
}

/// Reads one scan and tells where it ends.
fn read_scan(
    coefficients: &mut [Vec<[i16; 64]>],
    headers: &Headers,
    frame: &Frame,
    scan: &Scan,
    mut bits: Bits,
) -> Result<usize, JpegError> {
    let tables: Vec<Tables> = scan
        .components
        .iter()
        .map(|&(_, dc, ac)| Tables { dc: headers.dc[dc].as_deref(), ac: headers.ac[ac].as_deref() })
        .collect();
    let (unit_columns, unit_rows) = frame.units();
    let single = scan.components.len() == 1;
    let (columns, rows) = match scan.components[..] {
        [(index, ..)] => {
            // A scan of one component has no blocks that only fill up a unit.
            let (width, height) = frame.samples(&frame.components[index]);
            (width.div_ceil(8), height.div_ceil(8))
        }
        _ => (unit_columns, unit_rows),
    };
    let mut predictions = [0; 4];
    let mut state = State { scan, progressive: frame.progressive, run: 0 };
    let mut until_restart = headers.restart;
    for row in 0..rows {
        for column in 0..columns {
            if headers.restart > 0 {
                if until_restart == 0 {
                    if !bits.restart() {
                        return Err(JpegError::Broken("a restart marker is missing"));
                    }
                    predictions = [0; 4];
                    state.run = 0;
                    until_restart = headers.restart;
                }
                until_restart -= 1;
            }
            for (place, &(index, ..)) in scan.components.iter().enumerate() {
                let component: Component = frame.components[index];
                let (horizontal, vertical) =
                    if single { (1, 1) } else { (component.horizontal, component.vertical) };
                for y in row * vertical..(row + 1) * vertical {
                    for x in column * horizontal..(column + 1) * horizontal {
                        let block = &mut coefficients[index][y * unit_columns * component.horizontal + x];
                        state.read(&mut bits, &tables[place], &mut predictions[place], block)?;
                    }
                }
            }
        }
        if bits.overrun() {
            return Err(JpegError::Truncated);
        }
    }
    Ok(bits.position())
}

/// What goes from block to block in a scan.
struct State<'a> {
    scan: &'a Scan,
    progressive: bool,
    /// Blocks that have nothing more in this band.
    run: u32,
}

impl State<'_> {
    fn read(
        &mut self,
        bits: &mut Bits,
        tables: &Tables,
        prediction: &mut i32,
        block: &mut [i16; 64],
    ) -> Result<(), JpegError> {
        let missing = || JpegError::Broken("a scan uses a table that is not there");
        let dc = || tables.dc.ok_or_else(missing);
        let ac = || tables.ac.ok_or_else(missing);
        if !self.progressive {
            read_block::<true>(bits, dc()?, ac()?, prediction, block)?;
            return Ok(());
        }
        match (self.scan.band.0, self.scan.approximation.0) {
            (0, 0) => self.first_dc(bits, dc()?, prediction, block)?,
            (0, _) => {
                bits.need_32();
                block[0] |= (bits.take(1) << self.scan.approximation.1) as i16;
            }
            (_, 0) => self.first_ac(bits, ac()?, block)?,
            _ => self.refine_ac(bits, ac()?, block)?,
        }
        Ok(())
    }

    fn first_dc(
        &self,
        bits: &mut Bits,
        dc: &Huffman,
        prediction: &mut i32,
        block: &mut [i16; 64],
    ) -> Result<(), Fault> {
        bits.refill();
        let size = u32::from(dc.symbol(bits)?);
        *prediction = prediction.wrapping_add(bits.take_extended(size));
        block[0] = (*prediction << self.scan.approximation.1) as i16;
        Ok(())
    }

    fn first_ac(&mut self, bits: &mut Bits, ac: &Huffman, block: &mut [i16; 64]) -> Result<(), Fault> {
        if self.run > 0 {
            self.run -= 1;
            return Ok(());
        }
        let (mut place, last) = self.scan.band;
        while place <= last {
            bits.need_32();
            let symbol = ac.symbol(bits)?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if run < 15 {
                    self.run = (1 << run) - 1 + bits.take(run as u32) as u32;
                    break;
                }
                place += 16;
                continue;
            }
            place += run;
            let value = bits.take_extended(size) << self.scan.approximation.1;
            block[usize::from(*NATURAL.get(place).ok_or(Fault::RunTooLong)?)] = value as i16;
            place += 1;
        }
        Ok(())
    }

    /// Adds a bit to what is known of the coefficients, and brings in new ones.
    fn refine_ac(&mut self, bits: &mut Bits, ac: &Huffman, block: &mut [i16; 64]) -> Result<(), Fault> {
        let (mut place, last) = self.scan.band;
        let bit = 1_i16 << self.scan.approximation.1;
        if self.run == 0 {
            while place <= last {
                bits.need_32();
                let symbol = ac.symbol(bits)?;
                let (mut run, size) = (symbol >> 4, symbol & 15);
                let mut new = 0;
                if size == 0 {
                    if run < 15 {
                        self.run = (1 << run) + bits.take(u32::from(run)) as u32;
                        break;
                    }
                } else {
                    // The size can only be 1: what is new is one bit high.
                    new = if bits.take(1) == 1 { bit } else { -bit };
                }
                while place <= last {
                    let coefficient = &mut block[usize::from(NATURAL[place])];
                    if *coefficient != 0 {
                        refine(bits, bit, coefficient);
                    } else if run == 0 {
                        if new != 0 {
                            *coefficient = new;
                        }
                        place += 1;
                        break;
                    } else {
                        run -= 1;
                    }
                    place += 1;
                }
            }
        }
        if self.run > 0 {
            for natural in &NATURAL[place.min(last + 1)..=last] {
                let coefficient = &mut block[usize::from(*natural)];
                if *coefficient != 0 {
                    refine(bits, bit, coefficient);
                }
            }
            self.run -= 1;
        }
        Ok(())
    }
}

#[inline(always)]
fn refine(bits: &mut Bits, bit: i16, coefficient: &mut i16) {
    bits.need_32();
    if bits.take(1) == 1 && *coefficient & bit == 0 {
        *coefficient = coefficient.wrapping_add(if *coefficient > 0 { bit } else { -bit });
    }
}
