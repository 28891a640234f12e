//! PNG, by the crate `png`.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Transformations};

use super::{Oddities, Oddity};
use crate::{error::PictureError, format::Format, raster::Raster};

/// Width, height, and bytes that decoding takes beside the picture.
pub(super) fn size(bytes: &[u8]) -> Result<(u64, u64, u64), PictureError> {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    let info = decoder.read_header_info().map_err(error)?;
    let (width, height) = (u64::from(info.width), u64::from(info.height));
    let per_pixel =
        info.color_type.samples() as u64 * if info.bit_depth == BitDepth::Sixteen { 2 } else { 1 };
    // An expanded palette may have four bytes.
    Ok((width, height, width.saturating_mul(height).saturating_mul(per_pixel.max(4))))
}

pub(super) fn decode(
    bytes: &[u8],
    limit: u64,
    raster: &mut Raster,
    oddities: &mut Oddities,
) -> Result<(), PictureError> {
    let limits = Limits { bytes: usize::try_from(limit).unwrap_or(usize::MAX) };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
    // Palettes become colours, and few bits become 8; all 16 are kept, since grey ones are cut in another way.
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    let mut reader = decoder.read_info().map_err(error)?;
    let length = reader.output_buffer_size().ok_or_else(|| broken("its size overflows"))?;
    let mut pixels = vec![0; length];
    let info = reader.next_frame(&mut pixels).map_err(error)?;
    if reader.info().color_type == ColorType::Indexed {
        oddities.note(Oddity::Palette);
    }
    if reader.info().trns.is_some() || matches!(info.color_type, ColorType::Rgba | ColorType::GrayscaleAlpha)
    {
        oddities.note(Oddity::Alpha);
    }
    if matches!(info.color_type, ColorType::Grayscale | ColorType::GrayscaleAlpha) {
        oddities.note(Oddity::Gray);
    }
    if reader.info().is_animated() {
        oddities.note(Oddity::Frames);
    }
    raster.set_size(info.width as usize, info.height as usize);
    let wide = info.bit_depth == BitDepth::Sixteen;
    if wide {
        oddities.note(Oddity::SixteenBits);
    }
    // PIL keeps all bits of grey ones, and its conversion cuts values off at 255. Of others it takes the upper half.
    let clipped = wide && reader.info().color_type == ColorType::Grayscale;
    let step = if wide { 2 } else { 1 };
    let samples = info.color_type.samples() * step;
    let colors = matches!(info.color_type, ColorType::Rgb | ColorType::Rgba);
    raster.write_pixels(pixels.chunks_exact(samples).map(|pixel| match pixel {
        [high, low, ..] if clipped => [if *high > 0 { 255 } else { *low }; 3],
        _ if colors => [pixel[0], pixel[step], pixel[2 * step]],
        _ => [pixel[0]; 3],
    }));
    Ok(())
}

fn broken(problem: &str) -> PictureError {
    PictureError::Broken { format: Format::Png, problem: problem.to_string() }
}

fn error(error: DecodingError) -> PictureError {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            PictureError::Truncated(Format::Png)
        }
        other => broken(&other.to_string()),
    }
}
