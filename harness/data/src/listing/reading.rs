//! The bytes of listed pictures, and pixels of them.

use std::collections::BTreeMap;
use std::io;

use secateur_pictures::{Oddity, Raster};

use super::raw::pieces;
use super::{Listing, Located, Place};
use crate::{DataError, Split};

/// The bytes of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A file: JPEG, PNG, or another format, whatever its name says.
    File(Vec<u8>),
    /// Raw pixels.
    Pixels {
        /// Height, width and channels.
        shape: [usize; 3],
        /// Values, `[height, width, channels]`, outermost dimension first.
        values: Vec<u8>,
    },
}

impl Content {
    /// Number of bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::File(bytes) | Self::Pixels { values: bytes, .. } => bytes.len(),
        }
    }
}

/// A decoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Its pixels.
    pub raster: Raster,
    /// Whether it had one gray channel, which was repeated.
    pub gray: bool,
}

/// Makes pixels of a picture's bytes. Every picture of a listing is decoded here.
///
/// # Errors
/// What the decoder said.
pub fn decode(content: &Content) -> Result<Decoded, String> {
    match content {
        Content::File(bytes) => {
            // The name does not matter: what a file's name says is told by `check`.
            let decoded = secateur_pictures::decode("", bytes).map_err(|error| error.to_string())?;
            Ok(Decoded { gray: decoded.oddities.has(Oddity::Gray), raster: decoded.raster })
        }
        Content::Pixels { shape: [height, width, channels], values } => {
            let (gray, pixels) = match channels {
                1 => (true, values.iter().flat_map(|value| [*value; 3]).collect()),
                3 => (false, values.clone()),
                other => return Err(format!("{other} channels are neither gray nor colours")),
            };
            let side = |pixels: &usize| u32::try_from(*pixels).ok();
            let raster = side(width)
                .zip(side(height))
                .and_then(|(width, height)| Raster::from_interleaved(width, height, &pixels));
            let raster =
                raster.ok_or_else(|| format!("{height}x{width} pixels are not what the file holds"))?;
            Ok(Decoded { raster, gray })
        }
    }
}

impl Listing {
    /// Reads pictures and passes each to `consume` with its split and index: those in files of their own in the order
    /// given, then those of each archive and each file of raw pixels in one pass, in the order of that. One picture
    /// is in memory at a time, so whoever collects them bounds how many that are.
    ///
    /// # Errors
    /// [`DataError::Io`], [`DataError::Unreadable`] and [`DataError::File`] if something cannot be read, and what
    /// `consume` returns.
    pub fn read(
        &self,
        wanted: &[(Split, usize)],
        consume: &mut dyn FnMut(Split, usize, Content) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        self.read_beginnings(wanted, None, consume)
    }

    /// The same; of files no more than the first bytes.
    pub(crate) fn read_beginnings(
        &self,
        wanted: &[(Split, usize)],
        most: Option<u64>,
        consume: &mut dyn FnMut(Split, usize, Content) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let mut files: Vec<Located> = Vec::new();
        let mut who: Vec<(Split, usize)> = Vec::new();
        let mut raw: BTreeMap<usize, Vec<(u64, usize)>> = BTreeMap::new();
        for (order, &(split, index)) in wanted.iter().enumerate() {
            let Some(listed) = self.split(split).get(index) else {
                let problem = format!("picture {index} of the {} split, which is shorter", split.name());
                return Err(DataError::Option { option: "wanted", problem });
            };
            match &listed.place {
                Place::File(path) => files.push((path.clone(), None)),
                Place::Member { archive, path } => files.push((path.clone(), Some(*archive))),
                Place::Raw { file, offset } => {
                    raw.entry(*file).or_default().push((*offset, order));
                    continue;
                }
            }
            who.push((split, index));
        }
        self.source.scan(&files, &mut |file, visited| {
            let (split, index) = who[file];
            let bytes = match most {
                None => visited.bytes()?,
                Some(most) => visited.beginning(most)?,
            };
            consume(split, index, Content::File(bytes))
        })?;
        for (file, mut offsets) in raw {
            offsets.sort_unstable();
            self.read_raw(file, &offsets, &mut |order, content| {
                let (split, index) = wanted[order];
                consume(split, index, content)
            })?;
        }
        Ok(())
    }

    /// Reads pictures from a file of raw pixels, at ascending offsets.
    fn read_raw(
        &self,
        file: usize,
        offsets: &[(u64, usize)],
        consume: &mut dyn FnMut(usize, Content) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let raw = &self.raw[file];
        let damaged = |error: io::Error| DataError::File {
            path: self.source.root.clone(),
            file: raw.path.clone(),
            problem: format!("cannot be read to its end ({error})"),
        };
        self.source.scan(&[(raw.path.clone(), raw.archive)], &mut |_, visited| {
            visited.read(|reader, _| {
                let mut refused = None;
                let outcome = raw.wrap.open(reader, |reader| {
                    pieces(reader, offsets.iter().copied(), raw.shape.bytes(), &mut |order, values| {
                        let shape = [raw.shape.height, raw.shape.width, raw.shape.channels];
                        let values = raw.shape.interleaved(values);
                        consume(order, Content::Pixels { shape, values }).map_err(|error| {
                            refused = Some(error);
                            io::Error::other("refused")
                        })
                    })
                });
                match refused {
                    Some(error) => Err(error),
                    None => outcome.map_err(damaged),
                }
            })
        })
    }
}
