//! From a file's bytes to pixels.

use std::io::Cursor;

use image::{DynamicImage, ImageReader, Limits};

/// What a picture of any file may take in memory.
const FREE: u64 = 16 << 20;
/// How many times its file a larger picture may take. Photographs take 10 to 50 times, and what takes a thousand times is of
/// one colour: a few bytes that claim gigabytes.
const SWELLS: u64 = 512;
/// What no picture may take.
const LARGEST: u64 = 512 << 20;

/// Decodes by content, not by the file's ending.
pub(crate) fn decode(bytes: &[u8]) -> Result<DynamicImage, String> {
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    let mut limits = Limits::default();
    limits.max_alloc = Some((FREE + SWELLS * bytes.len() as u64).min(LARGEST));
    reader.limits(limits);
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
