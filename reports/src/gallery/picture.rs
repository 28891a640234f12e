//! Packed pictures as text that a page can hold.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, GrayImage, ImageEncoder, RgbImage, imageops};

/// Pictures are shown small, and the page carries each of them: more pixels on a side are averaged away.
const MOST_SIDE: u32 = 300;

/// A picture of the given channels, height and width as a PNG; `values` has one channel after the other.
pub(crate) fn png([channels, height, width]: [usize; 3], values: &[u8]) -> Result<Vec<u8>, String> {
    let area = height * width;
    let size = || Some((u32::try_from(width).ok()?, u32::try_from(height).ok()?));
    let picture =
        size().filter(|_| area > 0 && values.len() == channels * area).and_then(|(width, height)| {
            match channels {
                1 => GrayImage::from_raw(width, height, values.to_vec()).map(DynamicImage::from),
                3 => {
                    let interleaved =
                        (0..area).flat_map(|at| [0, 1, 2].map(|channel| values[channel * area + at]));
                    RgbImage::from_raw(width, height, interleaved.collect()).map(DynamicImage::from)
                }
                _ => None,
            }
        });
    let picture = picture.ok_or_else(|| {
        format!("{} values are no picture of {channels} channels, {height}x{width}", values.len())
    })?;
    let picture = match picture.width().max(picture.height()) {
        side if side > MOST_SIDE => {
            let shrunk =
                |extent: u32| (u64::from(extent) * u64::from(MOST_SIDE) / u64::from(side)).max(1) as u32;
            let (width, height) = (shrunk(picture.width()), shrunk(picture.height()));
            match picture {
                DynamicImage::ImageLuma8(gray) => imageops::thumbnail(&gray, width, height).into(),
                other => imageops::thumbnail(&other.to_rgb8(), width, height).into(),
            }
        }
        _ => picture,
    };
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive)
        .write_image(picture.as_bytes(), picture.width(), picture.height(), picture.color().into())
        .map_err(|error| format!("cannot be made a PNG: {error}"))?;
    Ok(bytes)
}

/// Base64 with padding (RFC 4648, section 4), as data addresses have it.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |place: usize| u32::from(chunk.get(place).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = DIGITS[(group >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests;
