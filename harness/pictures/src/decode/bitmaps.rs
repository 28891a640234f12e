//! Bitmaps of Windows by the crate `image`, and WebP by `image-webp`.

use std::io::Cursor;

use image::{ColorType, ImageDecoder, ImageError, codecs::bmp::BmpDecoder};
use image_webp::WebPDecoder;

use super::{Oddities, Oddity};
use crate::{error::PictureError, format::Format, raster::Raster};

/// Width, height, and bytes that decoding takes beside the picture.
pub(super) fn size(format: Format, bytes: &[u8]) -> Result<(u64, u64, u64), PictureError> {
    let (width, height) = if format == Format::Bmp {
        BmpDecoder::new(Cursor::new(bytes)).map_err(bmp_error)?.dimensions()
    } else {
        web_p(bytes)?.dimensions()
    };
    let pixels = u64::from(width) * u64::from(height);
    Ok((u64::from(width), u64::from(height), pixels.saturating_mul(8)))
}

pub(super) fn decode(
    format: Format,
    bytes: &[u8],
    raster: &mut Raster,
    oddities: &mut Oddities,
) -> Result<(), PictureError> {
    let ((width, height), samples, pixels) = if format == Format::Bmp {
        let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(bmp_error)?;
        // Bits per pixel stand where all headers but the oldest have them; up to 8 are numbers of colours.
        if bytes.get(14..30).is_some_and(|header| header[0] >= 40 && matches!(header[14], 1..=8)) {
            oddities.note(Oddity::Palette);
        }
        let samples = match decoder.color_type() {
            ColorType::Rgb8 => 3,
            ColorType::Rgba8 => 4,
            ColorType::L8 => 1,
            other => {
                let feature = format!("pixels of {other:?}");
                return Err(PictureError::Unsupported { format, feature });
            }
        };
        let mut pixels = vec![0; usize::try_from(decoder.total_bytes()).unwrap_or(usize::MAX)];
        let size = decoder.dimensions();
        decoder.read_image(&mut pixels).map_err(bmp_error)?;
        (size, samples, pixels)
    } else {
        let mut decoder = web_p(bytes)?;
        let length = decoder.output_buffer_size().ok_or_else(|| broken(format, "its size overflows"))?;
        let mut pixels = vec![0; length];
        if decoder.is_animated() {
            oddities.note(Oddity::Frames);
        }
        decoder.read_image(&mut pixels).map_err(|error| web_p_error(&error))?;
        (decoder.dimensions(), if decoder.has_alpha() { 4 } else { 3 }, pixels)
    };
    if samples == 4 {
        oddities.note(Oddity::Alpha);
    }
    raster.set_size(width as usize, height as usize);
    raster.write_pixels(pixels.chunks_exact(samples).map(|pixel| match pixel {
        [red, green, blue, ..] => [*red, *green, *blue],
        _ => [pixel[0]; 3],
    }));
    Ok(())
}

fn web_p(bytes: &[u8]) -> Result<WebPDecoder<Cursor<&[u8]>>, PictureError> {
    WebPDecoder::new(Cursor::new(bytes)).map_err(|error| web_p_error(&error))
}

fn broken(format: Format, problem: &str) -> PictureError {
    PictureError::Broken { format, problem: problem.to_string() }
}

fn web_p_error(error: &image_webp::DecodingError) -> PictureError {
    match error {
        image_webp::DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            PictureError::Truncated(Format::WebP)
        }
        other => broken(Format::WebP, &other.to_string()),
    }
}

fn bmp_error(error: ImageError) -> PictureError {
    match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            PictureError::Truncated(Format::Bmp)
        }
        ImageError::Unsupported(error) => {
            PictureError::Unsupported { format: Format::Bmp, feature: error.to_string() }
        }
        other => broken(Format::Bmp, &other.to_string()),
    }
}
