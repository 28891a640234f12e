//! A JPEG decoder that gives libjpeg-turbo's bytes and decodes no more than is asked for.
//!
//! Published numbers rest on libjpeg-turbo's accurate integer transform and its triangle-filtered chroma. The decoders
//! of the registry use other constants and other rounding (the crate's documentation has figures), and none of them can
//! leave out the blocks that a random crop does not see. Hence a decoder of our own, for what is found in data sets:
//! sequential and progressive Huffman coding with 8 bits, one, three or four components, and restart markers.
//!
//! Deviations from libjpeg: damaged data end in an error where it would warn and go on with grey; a progressive picture
//! that ends before its last scans is not smoothed; arithmetic coding is refused.

mod bits;
mod header;
mod huffman;
mod idct;
mod planes;
mod progressive;
mod sequential;
mod upsample;

use header::{Frame, Headers, Next};
use planes::Planes;
use upsample::Rows;

use crate::{raster::Raster, region::Region};

/// What is wrong with a JPEG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JpegError {
    #[error("it ends too early")]
    Truncated,
    #[error("{0}")]
    Broken(&'static str),
    #[error("it has {0}")]
    Unsupported(&'static str),
}

impl From<huffman::Fault> for JpegError {
    fn from(fault: huffman::Fault) -> Self {
        match fault {
            huffman::Fault::NoCode => Self::Broken("its data are no code of their Huffman table"),
            huffman::Fault::RunTooLong => Self::Broken("a run of zeros leads out of its block"),
        }
    }
}

/// How the numbers of a pixel are to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colors {
    Gray,
    YCbCr,
    Rgb,
    Cmyk,
    Ycck,
}

/// What a frame header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Bytes that decoding needs beside the picture itself, at the most.
    pub(crate) scratch_bytes: u64,
}

/// Size of the picture, without decoding it.
pub(crate) fn shape(bytes: &[u8]) -> Result<Shape, JpegError> {
    let frame = Headers::read_frame(bytes)?;
    let (across, down) = frame.units();
    let blocks: usize = frame.components.iter().map(|c| across * c.horizontal * down * c.vertical).sum();
    // Samples of a byte, and coefficients of two where scans are many.
    Ok(Shape { width: frame.width, height: frame.height, scratch_bytes: blocks as u64 * 64 * 3 })
}

/// A decoder with its buffers, which are used again for the next picture.
#[derive(Default)]
pub(crate) struct JpegDecoder {
    planes: Planes,
    rows: Rows,
    coefficients: Vec<Vec<[i16; 64]>>,
}

impl JpegDecoder {
    /// Decodes `region`, which lies inside of the picture, into `raster`, and tells the colours it had.
    pub(crate) fn decode(
        &mut self,
        bytes: &[u8],
        region: Region,
        raster: &mut Raster,
    ) -> Result<Colors, JpegError> {
        // Where no marker ends the picture, some of it is missing, whether or not the region needs it.
        if !bytes.windows(2).rev().any(|pair| pair == [0xff, 0xd9]) {
            return Err(JpegError::Truncated);
        }
        let mut headers = Headers::default();
        let Next::Scan(scan, position) = headers.read(bytes, 2)? else {
            return Err(JpegError::Broken("it has no scan"));
        };
        let frame = headers.frame.clone().ok_or(JpegError::Broken("it has no frame header"))?;
        self.planes.lay_out(&frame, region);
        if !frame.progressive && scan.components.len() == frame.components.len() {
            sequential::read(&mut self.planes, &headers, &frame, &scan, bytes, position)?;
        } else {
            progressive::read(
                &mut self.coefficients,
                &mut headers,
                &frame,
                (scan, position),
                bytes,
                &mut self.planes,
            )?;
        }
        let colors = colors(&frame, &headers);
        raster.set_size(region.width as usize, region.height as usize);
        upsample::write(&mut self.rows, &self.planes, &frame, region, colors, raster);
        Ok(colors)
    }
}

/// Which colours the components are, as libjpeg guesses them.
fn colors(frame: &Frame, headers: &Headers) -> Colors {
    let ids: Vec<u8> = frame.components.iter().map(|component| component.id).collect();
    match (ids.len(), headers.adobe) {
        (1, _) => Colors::Gray,
        (3, _) if headers.jfif => Colors::YCbCr,
        (3, Some(0)) => Colors::Rgb,
        (3, None) if ids == *b"RGB" => Colors::Rgb,
        (3, _) => Colors::YCbCr,
        (_, None | Some(0)) => Colors::Cmyk,
        (_, Some(_)) => Colors::Ycck,
    }
}
