//! Elements: a tag, which says what follows and how long it is, and what follows.

use std::io::{self, Read};

use crate::files::skip;

pub(super) const MATRIX: u32 = 14;
pub(super) const COMPRESSED: u32 = 15;

/// How much memory is taken for what a tag promises before any of it is read.
const PROMISED: usize = 1 << 16;

/// Memory that values may still take.
pub(super) struct Budget {
    left: usize,
    all: usize,
}

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self { left: bytes, all: bytes }
    }

    /// # Errors
    /// If so many bytes are not left.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), String> {
        self.left = self
            .left
            .checked_sub(bytes)
            .ok_or_else(|| format!("has values of more than {} bytes, the most that is read", self.all))?;
        Ok(())
    }
}

/// What stands before an element.
pub(super) struct Tag {
    pub(super) kind: u32,
    /// Bytes that follow.
    pub(super) length: u32,
    /// Elements of up to four bytes stand in the tag itself.
    small: Option<[u8; 4]>,
}

/// Bytes that are read one after the other.
pub(super) struct Stream<'a> {
    reader: &'a mut dyn Read,
    at: u64,
}

impl<'a> Stream<'a> {
    /// `at`: bytes that were read before.
    pub(super) fn new(reader: &'a mut dyn Read, at: u64) -> Self {
        Self { reader, at }
    }

    /// How many bytes were read.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// The next bytes as a reader; [`Stream::finish`] must follow.
    pub(super) fn part(&mut self, length: u64) -> io::Take<&mut (dyn Read + 'a)> {
        let reader: &mut (dyn Read + 'a) = &mut *self.reader;
        reader.take(length)
    }

    /// Passes over what was left of a part.
    pub(super) fn finish(&mut self, length: u64, left: u64) -> Result<(), String> {
        skip(self.reader, left).map_err(|error| unreadable(&error))?;
        self.at += length;
        Ok(())
    }

    fn exact(&mut self, buffer: &mut [u8]) -> Result<(), String> {
        self.reader.read_exact(buffer).map_err(|error| unreadable(&error))?;
        self.at += buffer.len() as u64;
        Ok(())
    }

    /// The next tag, or none where the bytes end.
    pub(super) fn tag(&mut self) -> Result<Option<Tag>, String> {
        let mut first = [0; 1];
        // A reader may give nothing only at its end.
        loop {
            match self.reader.read(&mut first) {
                Ok(0) => return Ok(None),
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(&error)),
            }
        }
        self.at += 1;
        let mut rest = [0; 7];
        self.exact(&mut rest)?;
        let [a, b, c, d, e, f, g] = rest;
        let word = u32::from_le_bytes([first[0], a, b, c]);
        let length = word >> 16;
        if length == 0 {
            return Ok(Some(Tag { kind: word, length: u32::from_le_bytes([d, e, f, g]), small: None }));
        }
        if length > 4 {
            return Err(format!("has an element of {length} bytes where four fit"));
        }
        Ok(Some(Tag { kind: word & 0xffff, length, small: Some([d, e, f, g]) }))
    }

    /// A tag where there must be one.
    pub(super) fn expect_tag(&mut self) -> Result<Tag, String> {
        self.tag()?.ok_or_else(|| "ends in the middle of an array".to_owned())
    }

    /// Passes over an element.
    pub(super) fn pass(&mut self, tag: &Tag) -> Result<(), String> {
        if tag.small.is_none() {
            let padded = u64::from(tag.length).next_multiple_of(8);
            skip(self.reader, padded).map_err(|error| unreadable(&error))?;
            self.at += padded;
        }
        Ok(())
    }

    /// Passes over everything up to a place.
    pub(super) fn pass_to(&mut self, end: u64) -> Result<(), String> {
        let left = end.checked_sub(self.at).ok_or("has an array that is longer than it says")?;
        skip(self.reader, left).map_err(|error| unreadable(&error))?;
        self.at = end;
        Ok(())
    }

    /// The bytes of an element.
    pub(super) fn content(&mut self, tag: &Tag, budget: &mut Budget) -> Result<Vec<u8>, String> {
        let length = tag.length as usize;
        if let Some(small) = tag.small {
            return Ok(small[..length].to_vec());
        }
        budget.take(length)?;
        let mut bytes = Vec::with_capacity(length.min(PROMISED));
        Read::take(&mut *self.reader, length as u64)
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(&error))?;
        if bytes.len() < length {
            return Err("ends in the middle of an array".to_owned());
        }
        let padding = length.next_multiple_of(8) - length;
        skip(self.reader, padding as u64).map_err(|error| unreadable(&error))?;
        self.at += (length + padding) as u64;
        Ok(bytes)
    }
}

/// What a failure to read means.
pub(super) fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "ends in the middle of an array".to_owned(),
        _ => format!("cannot be unpacked ({error})"),
    }
}
