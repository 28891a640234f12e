//! One interleaved scan, from bits to samples at once.

use multiversion::multiversion;

use super::{
    JpegError,
    bits::Bits,
    header::{Component, Frame, Headers, Scan},
    huffman::{Huffman, read_block},
    idct,
    planes::{Plane, Planes},
};

/// What decoding a component's blocks needs.
struct Coder<'a> {
    component: Component,
    dc: &'a Huffman,
    ac: &'a Huffman,
    steps: &'a [u16; 64],
    /// The last DC coefficient.
    prediction: i32,
    plane: usize,
}

/// Decodes the scan of all components into `planes`, as far as these reach.
pub(crate) fn read(
    planes: &mut Planes,
    headers: &Headers,
    frame: &Frame,
    scan: &Scan,
    bytes: &[u8],
    position: usize,
) -> Result<(), JpegError> {
    let mut coders = Vec::with_capacity(scan.components.len());
    for &(index, dc, ac) in &scan.components {
        let component = frame.components[index];
        let missing = || JpegError::Broken("a scan uses a table that is not there");
        coders.push(Coder {
            component,
            dc: headers.dc[dc].as_deref().ok_or_else(missing)?,
            ac: headers.ac[ac].as_deref().ok_or_else(missing)?,
            steps: headers.steps[component.table].as_ref().ok_or_else(missing)?,
            prediction: 0,
            plane: index,
        });
    }
    read_units(planes, frame, headers.restart, &mut coders, (bytes, position))
}

// The whole loop is compiled for more than one processor: on newer ones the transform becomes vectors, and shifts are cheaper.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+fma+lzcnt+movbe+popcnt"))]
fn read_units(
    planes: &mut Planes,
    frame: &Frame,
    restart: usize,
    coders: &mut [Coder],
    (bytes, position): (&[u8], usize),
) -> Result<(), JpegError> {
    // Made here, as one that is handed in stays in memory.
    let mut bits = Bits::new(bytes, position);
    let (across, _) = frame.units();
    let mut until_restart = restart;
    let mut block = [0; 64];
    // Nothing below the window is looked at.
    for row in 0..planes.rows.end {
        for column in 0..across {
            if restart > 0 {
                if until_restart == 0 {
                    if !bits.restart() {
                        return Err(JpegError::Broken("a restart marker is missing"));
                    }
                    coders.iter_mut().for_each(|coder| coder.prediction = 0);
                    until_restart = restart;
                }
                until_restart -= 1;
            }
            let wanted = planes.rows.contains(&row) && planes.columns.contains(&column);
            for coder in coders.iter_mut() {
                if wanted {
                    let (down, right) = (row - planes.rows.start, column - planes.columns.start);
                    read_unit(coder, &mut planes.planes[coder.plane], (right, down), &mut bits, &mut block)?;
                } else {
                    for _ in 0..coder.component.horizontal * coder.component.vertical {
                        read_block::<false>(
                            &mut bits,
                            coder.dc,
                            coder.ac,
                            &mut coder.prediction,
                            &mut block,
                        )?;
                    }
                }
            }
        }
        if bits.overrun() {
            return Err(JpegError::Truncated);
        }
    }
    Ok(())
}

/// Reads a component's blocks of one unit, which is `(right, down)` units away from the window's first.
#[inline(always)]
fn read_unit(
    coder: &mut Coder,
    plane: &mut Plane,
    (right, down): (usize, usize),
    bits: &mut Bits,
    block: &mut [i16; 64],
) -> Result<(), JpegError> {
    let (horizontal, vertical) = (coder.component.horizontal, coder.component.vertical);
    for y in 0..vertical {
        for x in 0..horizontal {
            let start = (down * vertical + y) * 8 * plane.stride + (right * horizontal + x) * 8;
            let any = read_block::<true>(bits, coder.dc, coder.ac, &mut coder.prediction, block)?;
            if any {
                idct::block(block, coder.steps, &mut plane.samples, start, plane.stride);
                *block = [0; 64];
            } else {
                idct::flat(block[0], coder.steps[0], &mut plane.samples, start, plane.stride);
            }
        }
    }
    Ok(())
}
