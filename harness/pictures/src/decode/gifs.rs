//! The first frame of a GIF, by the crate `gif`.

use std::{io::Cursor, num::NonZeroU64};

use gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};

use super::{Oddities, Oddity};
use crate::{error::PictureError, format::Format, raster::Raster};

/// Width, height, and bytes that decoding takes beside the picture.
pub(super) fn size(bytes: &[u8]) -> Result<(u64, u64, u64), PictureError> {
    let [width_0, width_1, height_0, height_1] = *bytes
        .get(6..)
        .and_then(|rest| rest.first_chunk::<4>())
        .ok_or(PictureError::Truncated(Format::Gif))?;
    let (width, height) = (u16::from_le_bytes([width_0, width_1]), u16::from_le_bytes([height_0, height_1]));
    Ok((u64::from(width), u64::from(height), u64::from(width) * u64::from(height) * 2))
}

pub(super) fn decode(
    bytes: &[u8],
    limit: u64,
    raster: &mut Raster,
    oddities: &mut Oddities,
) -> Result<(), PictureError> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(NonZeroU64::new(limit).map_or(MemoryLimit::Unlimited, MemoryLimit::Bytes));
    let mut decoder = options.read_info(Cursor::new(bytes)).map_err(error)?;
    let (width, height) = (usize::from(decoder.width()), usize::from(decoder.height()));
    let global = decoder.global_palette().map(<[u8]>::to_vec);
    let frame = decoder.read_next_frame().map_err(error)?.ok_or_else(|| broken("it has no frame"))?.clone();
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    if left + usize::from(frame.width) > width || top + usize::from(frame.height) > height {
        // PIL makes the picture larger then. No data set is known to have such files.
        return Err(PictureError::Unsupported {
            format: Format::Gif,
            feature: "a first frame that is larger than its screen".to_string(),
        });
    }
    let palette = frame.palette.as_ref().or(global.as_ref());
    oddities.note(if palette.is_some() { Oddity::Palette } else { Oddity::Gray });
    if frame.transparent.is_some() {
        oddities.note(Oddity::Alpha);
    }
    // Colours that a table does not have are black, and without a table numbers are greys.
    let color = |index: u8| match palette {
        Some(palette) => palette.as_chunks::<3>().0.get(usize::from(index)).copied().unwrap_or_default(),
        None => [index; 3],
    };
    // What the frame leaves free is transparent, and where nothing is, of the first colour.
    let mut screen = vec![frame.transparent.unwrap_or(0); width * height];
    let rows = frame.buffer.chunks_exact(usize::from(frame.width).max(1));
    for (row, indices) in rows.take(usize::from(frame.height)).enumerate() {
        screen[(top + row) * width + left..][..indices.len()].copy_from_slice(indices);
    }
    raster.set_size(width, height);
    raster.write_pixels(screen.iter().map(|index| color(*index)));
    if decoder.next_frame_info().is_ok_and(|next| next.is_some()) {
        oddities.note(Oddity::Frames);
    }
    Ok(())
}

fn broken(problem: &str) -> PictureError {
    PictureError::Broken { format: Format::Gif, problem: problem.to_string() }
}

fn error(error: DecodingError) -> PictureError {
    match error {
        DecodingError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            PictureError::Truncated(Format::Gif)
        }
        other => broken(&other.to_string()),
    }
}
