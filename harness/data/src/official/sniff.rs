//! What a picture's file is, told from its bytes and not from its name.

use serde::Serialize;

/// What is told of a file without decoding it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A JPEG with three channels, as it should be.
    Jpeg,
    /// A JPEG with one channel.
    GrayJpeg,
    /// A JPEG with four channels.
    CmykJpeg,
    /// PNG.
    Png,
    /// GIF.
    Gif,
    /// BMP.
    Bmp,
    /// WebP.
    Webp,
    /// TIFF.
    Tiff,
    /// No bytes at all.
    Empty,
    /// Something else, for example a web page in place of a picture.
    Unknown,
}

/// What is odd about a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Odd {
    /// A JPEG with one channel, which is repeated when it is read.
    Gray,
    /// A JPEG with four channels.
    Cmyk,
    /// A PNG whose name says JPEG.
    Png,
    /// A GIF whose name says JPEG.
    Gif,
    /// A BMP whose name says JPEG.
    Bmp,
    /// A picture of another format whose name says JPEG.
    OtherFormat,
    /// A file without content.
    Empty,
    /// No picture.
    NoPicture,
    /// A picture whose end is missing.
    Truncated,
    /// A picture of a format that cannot be decoded here.
    NotDecodable,
    /// A picture that is damaged.
    Damaged,
}

impl Odd {
    /// Whether the picture is lost, and not only unusual.
    #[must_use]
    pub fn is_broken(self) -> bool {
        matches!(self, Self::Empty | Self::NoPicture | Self::Truncated | Self::Damaged)
    }

    /// In a few words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Gray => "gray",
            Self::Cmyk => "four channels (CMYK)",
            Self::Png => "PNG called .jpg",
            Self::Gif => "GIF called .jpg",
            Self::Bmp => "BMP called .jpg",
            Self::OtherFormat => "another format, called .jpg",
            Self::Empty => "empty",
            Self::NoPicture => "no picture",
            Self::Truncated => "cut off",
            Self::NotDecodable => "of a format that cannot be decoded here",
            Self::Damaged => "damaged",
        }
    }
}

/// Tells a file's kind from its first bytes.
pub(super) fn kind(bytes: &[u8]) -> Kind {
    match bytes {
        [] => Kind::Empty,
        [0xff, 0xd8, 0xff, ..] => match jpeg_channels(bytes) {
            Some(1) => Kind::GrayJpeg,
            Some(4) => Kind::CmykJpeg,
            _ => Kind::Jpeg,
        },
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Kind::Png,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Kind::Gif,
        [b'B', b'M', ..] => Kind::Bmp,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Kind::Webp,
        [b'I', b'I', 0x2a, 0, ..] | [b'M', b'M', 0, 0x2a, ..] => Kind::Tiff,
        _ => Kind::Unknown,
    }
}

/// What is odd about a file that should be a JPEG with three channels, or what its name says.
pub(super) fn oddity(name: &str, kind: Kind) -> Option<Odd> {
    let jpeg = name
        .rsplit_once('.')
        .is_none_or(|(_, ending)| ["jpg", "jpeg"].contains(&ending.to_ascii_lowercase().as_str()));
    match kind {
        Kind::Empty => Some(Odd::Empty),
        Kind::Unknown => Some(Odd::NoPicture),
        Kind::GrayJpeg => Some(Odd::Gray),
        Kind::CmykJpeg => Some(Odd::Cmyk),
        Kind::Jpeg => None,
        _ if !jpeg => None,
        Kind::Png => Some(Odd::Png),
        Kind::Gif => Some(Odd::Gif),
        Kind::Bmp => Some(Odd::Bmp),
        Kind::Webp | Kind::Tiff => Some(Odd::OtherFormat),
    }
}

/// A segment of a JPEG: its marker, and what it holds behind its length.
struct Segment<'a> {
    marker: u8,
    content: &'a [u8],
    /// Where the next one begins.
    end: usize,
}

/// The segment at a place, if there is a whole one.
fn segment(bytes: &[u8], mut at: usize) -> Option<Segment<'_>> {
    if *bytes.get(at)? != 0xff {
        return None;
    }
    // Any number of further such bytes may stand before a marker.
    while *bytes.get(at)? == 0xff {
        at += 1;
    }
    let marker = bytes[at];
    at += 1;
    if matches!(marker, 0x01 | 0xd0..=0xd9) {
        return Some(Segment { marker, content: &[], end: at });
    }
    let length = usize::from(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
    let content = bytes.get(at + 2..at + length)?;
    Some(Segment { marker, content, end: at + length })
}

/// The number of channels that a JPEG's frame has.
fn jpeg_channels(bytes: &[u8]) -> Option<u8> {
    let mut at = 2;
    loop {
        let segment = segment(bytes, at)?;
        match segment.marker {
            // All frames; among their numbers are those of tables (4, 8 and 12).
            0xc0..=0xcf if !matches!(segment.marker, 0xc4 | 0xc8 | 0xcc) => {
                return segment.content.get(5).copied();
            }
            0xd9 | 0xda => return None,
            _ => at = segment.end,
        }
    }
}

/// Whether a file has the end that its format has. Decoders may take a file without one and fill the rest with gray.
pub(super) fn has_end(bytes: &[u8], kind: Kind) -> bool {
    match kind {
        Kind::Jpeg | Kind::GrayJpeg | Kind::CmykJpeg => jpeg_has_end(bytes),
        Kind::Png => bytes.windows(4).rev().take(4096).any(|window| window == b"IEND"),
        Kind::Gif => bytes.iter().rev().find(|byte| **byte != 0).is_some_and(|byte| *byte == 0x3b),
        Kind::Bmp => {
            let size =
                bytes.get(2..).and_then(|rest| rest.first_chunk()).map(|size| u32::from_le_bytes(*size));
            size.is_some_and(|size| bytes.len() >= size as usize)
        }
        Kind::Webp | Kind::Tiff => true,
        Kind::Empty | Kind::Unknown => false,
    }
}

/// Goes from segment to segment, and through the coded pixels, to the marker of the end. Thumbnails have such markers,
/// too, but stand inside of segments.
fn jpeg_has_end(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(segment) = segment(bytes, at) {
        at = segment.end;
        match segment.marker {
            0xd9 => return true,
            0xda => {
                // In coded pixels 0xff is followed by 0 or by a restart marker; anything else begins a segment.
                let coded = &bytes[at..];
                let next = coded
                    .windows(2)
                    .position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff | 0xd0..=0xd7));
                match next {
                    Some(next) => at += next,
                    None => return false,
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, GrayImage, ImageFormat};

    use super::*;
    use crate::testing::{encoded, flat};

    #[test]
    fn kinds_are_told_by_content() {
        let jpeg = encoded(&flat([1, 2, 3], 20, 10), ImageFormat::Jpeg);
        let gray = encoded(&DynamicImage::ImageLuma8(GrayImage::new(9, 9)), ImageFormat::Jpeg);
        let png = encoded(&flat([1, 2, 3], 20, 10), ImageFormat::Png);
        assert_eq!((kind(&jpeg), kind(&gray), kind(&png)), (Kind::Jpeg, Kind::GrayJpeg, Kind::Png));
        assert_eq!(kind(&cmyk()), Kind::CmykJpeg);
        assert_eq!(kind(b"GIF89a.."), Kind::Gif);
        assert_eq!(kind(b"<!DOCTYPE html>"), Kind::Unknown);
        assert_eq!(kind(b""), Kind::Empty);
        assert_eq!(oddity("a.jpg", Kind::Png), Some(Odd::Png));
        assert_eq!(oddity("a.PNG", Kind::Png), None);
        assert_eq!(oddity("a.JPEG", Kind::Jpeg), None);
        // Only the beginning of a file is needed.
        assert_eq!(kind(&gray[..gray.len() - 40]), Kind::GrayJpeg);
    }

    /// The segments of a JPEG of four channels, up to its frame.
    fn cmyk() -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xee, 0, 4, 1, 2, 0xff, 0xc0, 0, 20, 8, 0, 1, 0, 1, 4];
        bytes.extend([0; 12]);
        bytes
    }

    #[test]
    fn what_is_cut_off_has_no_end() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png] {
            let picture = DynamicImage::ImageRgb8(image::RgbImage::from_fn(40, 30, |x, y| {
                image::Rgb([(x * 37 + y * 11) as u8, (x * y) as u8, (x ^ y) as u8])
            }));
            let whole = encoded(&picture, format);
            let kind = kind(&whole);
            assert!(has_end(&whole, kind));
            // Some files have something behind their end.
            assert!(has_end(&[&whole[..], b"\0\0camera"].concat(), kind));
            for length in 0..whole.len() - 8 {
                assert!(!has_end(&whole[..length], kind), "{format:?}: {length} of {}", whole.len());
            }
        }
    }
}
