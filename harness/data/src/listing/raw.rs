//! Files of raw pixels: CIFAR's records, IDX, and MATLAB's arrays.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use crate::files::skip;
use crate::mat;

/// A file in which pictures stand one after the other, uncompressed once it is unpacked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RawFile {
    pub(crate) path: String,
    pub(crate) archive: Option<u16>,
    pub(crate) wrap: Wrap,
    pub(crate) shape: RawShape,
}

/// What must be taken off before the content.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wrap {
    None,
    Gzip,
    /// Offsets count from the first value of an array.
    Mat(mat::Position),
}

/// Size and order of the values of a picture, all of 8 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawShape {
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) order: Order,
}

/// Which index of a picture's values changes fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// `[channels, height, width]`, the last fastest.
    Rows,
    /// `[channels, width, height]`: MATLAB goes down the columns.
    Columns,
}

impl RawShape {
    /// Bytes of a picture.
    pub(crate) fn bytes(self) -> usize {
        self.channels * self.height * self.width
    }

    /// The values as `[height, width, channels]`.
    pub(crate) fn interleaved(self, values: &[u8]) -> Vec<u8> {
        let Self { channels, height, width, order } = self;
        let mut pixels = Vec::with_capacity(values.len());
        for row in 0..height {
            for column in 0..width {
                for channel in 0..channels {
                    let within = match order {
                        Order::Rows => row * width + column,
                        Order::Columns => column * height + row,
                    };
                    pixels.push(values[channel * height * width + within]);
                }
            }
        }
        pixels
    }
}

impl Wrap {
    /// Passes a reader of the content to `read`.
    pub(crate) fn open<T>(
        &self,
        reader: &mut dyn Read,
        read: impl FnOnce(&mut dyn Read) -> io::Result<T>,
    ) -> io::Result<T> {
        match self {
            Self::None => read(reader),
            Self::Gzip => read(&mut MultiGzDecoder::new(reader)),
            Self::Mat(position) => position.open(reader, read),
        }
    }
}

/// Reads pieces of the same length at ascending offsets.
pub(crate) fn pieces(
    reader: &mut dyn Read,
    offsets: impl IntoIterator<Item = (u64, usize)>,
    length: usize,
    consume: &mut dyn FnMut(usize, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut at = 0;
    let mut piece = vec![0; length];
    for (offset, index) in offsets {
        skip(reader, offset - at)?;
        reader.read_exact(&mut piece)?;
        at = offset + length as u64;
        consume(index, &piece)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_in_one_order() {
        // Two rows of three, two channels; each value says where it belongs: 100 channel + 10 row + column.
        let expected = [0, 100, 1, 101, 2, 102, 10, 110, 11, 111, 12, 112];
        let shape = RawShape { channels: 2, height: 2, width: 3, order: Order::Rows };
        assert_eq!(shape.interleaved(&[0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112]), expected);
        let shape = RawShape { order: Order::Columns, ..shape };
        assert_eq!(shape.interleaved(&[0, 10, 1, 11, 2, 12, 100, 110, 101, 111, 102, 112]), expected);
    }

    #[test]
    fn pieces_are_read_in_one_pass() {
        let bytes: Vec<u8> = (0..20).collect();
        let mut seen = Vec::new();
        let mut keep = |index: usize, piece: &[u8]| {
            seen.push((index, piece.to_vec()));
            Ok(())
        };
        pieces(&mut &bytes[..], [(1, 7), (4, 3)], 3, &mut keep).unwrap();
        assert_eq!(seen, [(7, vec![1, 2, 3]), (3, vec![4, 5, 6])]);
        let error = pieces(&mut &bytes[..], [(18, 0)], 3, &mut |_, _| Ok(())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(skip(&mut &bytes[..], 21).is_err());
    }
}
