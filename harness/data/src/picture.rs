//! From a file's bytes to pixels.

use std::io::Cursor;

use image::{DynamicImage, ImageReader};

/// Decodes by content, not by the file's ending, under the decoder's default limits on memory.
pub(crate) fn decode(bytes: &[u8]) -> Result<DynamicImage, String> {
    let reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    reader.decode().map_err(|error| error.to_string())
}

/// Moves interleaved pixels, `[height, width, 3]`, into planes, `[3, height, width]`.
pub(crate) fn to_planes(interleaved: &[u8], planes: &mut [u8]) {
    let area = planes.len() / 3;
    for (place, pixel) in interleaved.as_chunks::<3>().0.iter().enumerate() {
        for (channel, value) in pixel.iter().enumerate() {
            planes[channel * area + place] = *value;
        }
    }
}
