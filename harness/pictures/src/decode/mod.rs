//! From a file's bytes to pixels, as PIL's `Image.open(file).convert("RGB")` gives them.
//!
//! The orientation that a camera noted is not applied, since torchvision's default loader does not.

mod bitmaps;
mod gifs;
mod pngs;

use std::fmt;

use crate::{
    error::PictureError,
    format::Format,
    jpeg::{self, JpegDecoder, JpegError},
    raster::Raster,
    region::Region,
};

/// What any picture may take in memory.
const FREE: u64 = 16 << 20;
/// How many times its file a larger picture may take. Photographs take 10 to 50 times, and what takes a thousand times is of
/// one colour: a few bytes that claim gigabytes.
const SWELLS: u64 = 512;
/// What no picture may take.
const LARGEST: u64 = 512 << 20;

/// What is not as one would expect of a photograph, and was converted or left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Oddity {
    /// The file's name promises another format.
    OtherFormat {
        /// What the name says.
        named: Format,
        /// What it is.
        found: Format,
    },
    /// It has one channel, which was repeated.
    Gray,
    /// It has cyan, magenta, yellow and key (or luma, chroma and key), which were converted.
    Cmyk,
    /// Its pixels are numbers of colours in a table.
    Palette,
    /// It says how transparent it is, which was dropped.
    Alpha,
    /// It has 16 bits in a channel. Of colours the upper 8 were taken, and greys were cut off at 255, which is what PIL does.
    SixteenBits,
    /// It has more than one frame, of which the first was taken, if others were seen.
    Frames,
}

impl fmt::Display for Oddity {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::OtherFormat { named, found } => {
                write!(formatter, "is a {found}, though its name says {named}")
            }
            Self::Gray => formatter.write_str("is grey, so its channel was repeated"),
            Self::Cmyk => formatter.write_str("is in printing inks, which were converted"),
            Self::Palette => formatter.write_str("has a palette, which was looked up"),
            Self::Alpha => formatter.write_str("has transparency, which was dropped"),
            Self::SixteenBits => formatter.write_str("has 16 bits in a channel, which were cut to 8"),
            Self::Frames => formatter.write_str("has several frames, of which the first was taken"),
        }
    }
}

/// What was odd about a picture; most have nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Oddities(Vec<Oddity>);

impl Oddities {
    /// All of them, each once.
    pub fn iter(&self) -> impl Iterator<Item = Oddity> {
        self.0.iter().copied()
    }

    /// Whether there is this one.
    #[must_use]
    pub fn has(&self, oddity: Oddity) -> bool {
        self.0.contains(&oddity)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn note(&mut self, oddity: Oddity) {
        if !self.has(oddity) {
            self.0.push(oddity);
        }
    }

    /// Compares the format that was found with what the file's name promises.
    pub fn compare_name(&mut self, name: &str, found: Format) {
        if let Some(named) = Format::of_name(name).filter(|named| *named != found) {
            self.note(Oddity::OtherFormat { named, found });
        }
    }
}

/// What a file's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Format, told by content.
    pub format: Format,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Header {
    /// Reads as little as tells the size.
    ///
    /// # Errors
    /// If it is no picture, if its header is damaged, or if decoding it would take more memory than a file of its
    /// length may.
    pub fn read(bytes: &[u8]) -> Result<Self, PictureError> {
        let format = Format::of_bytes(bytes).ok_or_else(|| {
            let first: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            PictureError::UnknownFormat(if first.is_empty() { "none".to_string() } else { first.join(" ") })
        })?;
        let (width, height, scratch) = match format {
            Format::Jpeg => {
                let shape = jpeg::shape(bytes).map_err(PictureError::from)?;
                (shape.width as u64, shape.height as u64, shape.scratch_bytes)
            }
            Format::Png => pngs::size(bytes)?,
            Format::Gif => gifs::size(bytes)?,
            Format::Bmp | Format::WebP => bitmaps::size(format, bytes)?,
        };
        let length = bytes.len() as u64;
        let needed = width.saturating_mul(height).saturating_mul(3).saturating_add(scratch);
        let allowed = memory_limit(bytes);
        match (u32::try_from(width), u32::try_from(height)) {
            (Ok(width), Ok(height)) if needed <= allowed => {
                if width == 0 || height == 0 {
                    return Err(PictureError::Broken { format, problem: "it has no pixels".to_string() });
                }
                Ok(Self { format, width, height })
            }
            _ => Err(PictureError::TooLarge { width, height, needed, length, allowed }),
        }
    }
}

/// Bytes that decoding of a file may take.
fn memory_limit(bytes: &[u8]) -> u64 {
    (FREE + SWELLS * bytes.len() as u64).min(LARGEST)
}

/// A decoder with its buffers, which are used again for the next picture.
#[derive(Default)]
pub struct Decoder {
    jpeg: JpegDecoder,
}

impl Decoder {
    /// A decoder for any number of pictures.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes the whole picture into `raster`, and tells what was odd.
    ///
    /// # Errors
    /// If the file is no picture, is damaged or truncated, or would take too much memory.
    pub fn decode(&mut self, bytes: &[u8], raster: &mut Raster) -> Result<Oddities, PictureError> {
        let header = Header::read(bytes)?;
        self.decode_part(bytes, &header, Region::whole(header.width, header.height), raster)
    }

    /// Decodes `region` of the picture into `raster`, which then has its size. The pixels are those that decoding the
    /// whole would give; damage outside of the region may go unnoticed.
    ///
    /// # Errors
    /// As for [`decode`](Self::decode), and if the region is not inside of the picture.
    pub fn decode_region(
        &mut self,
        bytes: &[u8],
        region: Region,
        raster: &mut Raster,
    ) -> Result<Oddities, PictureError> {
        let header = Header::read(bytes)?;
        self.decode_part(bytes, &header, region, raster)
    }

    /// [`decode_region`](Self::decode_region), when the header was read already.
    pub(crate) fn decode_part(
        &mut self,
        bytes: &[u8],
        header: &Header,
        region: Region,
        raster: &mut Raster,
    ) -> Result<Oddities, PictureError> {
        if !region.fits(header.width, header.height) {
            return Err(PictureError::Outside(region, header.width, header.height));
        }
        let mut oddities = Oddities::default();
        match header.format {
            Format::Jpeg => {
                match self.jpeg.decode(bytes, region, raster).map_err(PictureError::from)? {
                    jpeg::Colors::Gray => oddities.note(Oddity::Gray),
                    jpeg::Colors::Cmyk | jpeg::Colors::Ycck => oddities.note(Oddity::Cmyk),
                    jpeg::Colors::Rgb | jpeg::Colors::YCbCr => {}
                }
                return Ok(oddities);
            }
            Format::Png => pngs::decode(bytes, memory_limit(bytes), raster, &mut oddities)?,
            Format::Gif => gifs::decode(bytes, memory_limit(bytes), raster, &mut oddities)?,
            Format::Bmp | Format::WebP => bitmaps::decode(header.format, bytes, raster, &mut oddities)?,
        }
        raster.crop(region);
        Ok(oddities)
    }
}

impl From<JpegError> for PictureError {
    fn from(error: JpegError) -> Self {
        let format = Format::Jpeg;
        match error {
            JpegError::Truncated => Self::Truncated(format),
            JpegError::Broken(problem) => Self::Broken { format, problem: problem.to_string() },
            JpegError::Unsupported(feature) => Self::Unsupported { format, feature: feature.to_string() },
        }
    }
}

/// A decoded picture and what was odd about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Its format, told by content.
    pub format: Format,
    /// Its pixels.
    pub raster: Raster,
    /// What was odd.
    pub oddities: Oddities,
}

/// Decodes one picture. Who has many keeps a [`Decoder`].
///
/// # Errors
/// As for [`Decoder::decode`].
pub fn decode(name: &str, bytes: &[u8]) -> Result<Decoded, PictureError> {
    let header = Header::read(bytes)?;
    let mut raster = Raster::default();
    let whole = Region::whole(header.width, header.height);
    let mut oddities = Decoder::new().decode_part(bytes, &header, whole, &mut raster)?;
    oddities.compare_name(name, header.format);
    Ok(Decoded { format: header.format, raster, oddities })
}
