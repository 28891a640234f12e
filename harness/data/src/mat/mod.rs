//! Files of MATLAB, level 5 (what `save -v6` and `save -v7` write), as far as label files need them: numbers, text,
//! cells and structs, little-endian, compressed or not.
//!
//! The form is that of "MAT-File Format", MathWorks. A file is read as a stream and only once; of what it claims, no
//! more memory is taken than it has bytes for, and never more than a bound.

mod elements;
mod values;

use std::io::{self, Read};

use flate2::read::ZlibDecoder;

use self::elements::{Budget, COMPRESSED, MATRIX, Stream};
use crate::files::skip;

/// Bytes before the first element.
const HEADER: usize = 128;
/// What a file may unpack to. The largest file of digits in use, of 73,257 pictures, has 225 MB.
const UNPACKED: u64 = 2 << 30;

/// What a variable holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Numbers in MATLAB's order: the first dimension changes fastest.
    Numbers(Vec<f64>),
    /// Text, by row.
    Text(Vec<String>),
    /// Arrays in MATLAB's order.
    Cells(Vec<Array>),
    /// For every element, in MATLAB's order, the values of all fields.
    Struct { fields: Vec<String>, elements: Vec<Vec<Array>> },
    /// Numbers that were not wanted, and where they are.
    Elsewhere(Position),
    /// Something else that was not wanted.
    Skipped,
}

/// An array of any kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array {
    /// At least two dimensions.
    pub(crate) dims: Vec<usize>,
    pub(crate) value: Value,
}

/// Where the numbers of a variable are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// Of the first byte behind the tag of its element, in the file.
    element: u64,
    compressed: bool,
    /// Of the first number, from there, when unpacked.
    numbers: u64,
    /// Whether they are stored as bytes.
    pub(crate) bytes: bool,
}

impl Position {
    /// Passes a reader that begins at the first number to `read`. `reader` begins where the file does.
    pub(crate) fn open<T>(
        &self,
        reader: &mut dyn Read,
        read: impl FnOnce(&mut dyn Read) -> io::Result<T>,
    ) -> io::Result<T> {
        skip(reader, self.element)?;
        if self.compressed {
            let mut reader = ZlibDecoder::new(reader);
            skip(&mut reader, self.numbers)?;
            read(&mut reader)
        } else {
            skip(reader, self.numbers)?;
            read(reader)
        }
    }
}

/// The variables of a file by name. Of those that are not `wanted`, only dimensions are kept, and where numbers are.
///
/// `memory`: the most bytes that values may take.
///
/// # Errors
/// What is wrong with the file, as a fragment of a sentence.
pub(crate) fn read(
    reader: &mut dyn Read,
    wanted: &dyn Fn(&str) -> bool,
    memory: usize,
) -> Result<Vec<(String, Array)>, String> {
    let mut header = [0; HEADER];
    reader.read_exact(&mut header).map_err(|_| "is too short to be a MAT-file".to_owned())?;
    match &header[124..] {
        [0, 1, b'I', b'M'] => {}
        [1, 0, b'M', b'I'] => return Err("is a big-endian MAT-file, which is not read".to_owned()),
        _ if header.starts_with(b"MATLAB 7.3") => {
            return Err("is a MAT-file of version 7.3 (HDF5), which is not read; save it with -v7".to_owned());
        }
        _ => return Err("is not a MAT-file of level 5".to_owned()),
    }
    let mut budget = Budget::new(memory);
    let mut unpacked = UNPACKED;
    let mut stream = Stream::new(reader, HEADER as u64);
    let mut variables = Vec::new();
    while let Some(tag) = stream.tag()? {
        let element = stream.at();
        match tag.kind {
            COMPRESSED => {
                let packed = u64::from(tag.length);
                let mut part = stream.part(packed);
                let mut inner = ZlibDecoder::new(&mut part).take(unpacked);
                let mut inner_stream = Stream::new(&mut inner, 0);
                let Some(tag) = inner_stream.tag()?.filter(|tag| tag.kind == MATRIX) else {
                    return Err("has a compressed element that is no array".to_owned());
                };
                let mut variable = inner_stream.variable(tag.length, wanted, &mut budget)?;
                place(&mut variable.1, element, true);
                budget.take(size_of_val(&variable))?;
                variables.push(variable);
                // To the end, where the checksum is.
                io::copy(&mut inner, &mut io::sink()).map_err(|error| elements::unreadable(&error))?;
                unpacked = inner.limit();
                if unpacked == 0 {
                    return Err(format!("unpacks to more than {UNPACKED} bytes"));
                }
                drop(inner);
                let left = part.limit();
                stream.finish(packed, left)?;
            }
            MATRIX => {
                let mut variable = stream.variable(tag.length, wanted, &mut budget)?;
                place(&mut variable.1, element, false);
                budget.take(size_of_val(&variable))?;
                variables.push(variable);
            }
            _ => stream.pass(&tag)?,
        }
    }
    Ok(variables)
}

/// Completes a position, which knows only its place in the element.
fn place(array: &mut Array, element: u64, compressed: bool) {
    if let Value::Elsewhere(position) = &mut array.value {
        if !compressed {
            // An element that is not compressed counts from the beginning of the file.
            position.numbers -= element;
        }
        position.element = element;
        position.compressed = compressed;
    }
}

/// The array of a variable.
///
/// # Errors
/// If there is none, a fragment of a sentence that says so.
pub(crate) fn variable<'a>(variables: &'a [(String, Array)], name: &str) -> Result<&'a Array, String> {
    let found = variables.iter().find(|(known, _)| known == name);
    found.map(|(_, array)| array).ok_or_else(|| format!("has no variable `{name}`"))
}

impl Array {
    /// Whole numbers from 0 to 2^53, in MATLAB's order.
    ///
    /// # Errors
    /// If this holds something else, a fragment of a sentence that says so.
    pub(crate) fn counts(&self) -> Result<Vec<u64>, String> {
        let Value::Numbers(numbers) = &self.value else { return Err("holds no numbers".to_owned()) };
        let whole = |&number: &f64| number >= 0.0 && number < 2f64.powi(53) && number.fract() == 0.0;
        match numbers.iter().find(|number| !whole(number)) {
            Some(bad) => Err(format!("holds {bad}, which is no whole number")),
            None => Ok(numbers.iter().map(|number| *number as u64).collect()),
        }
    }

    /// One line of text.
    ///
    /// # Errors
    /// If this holds something else, a fragment of a sentence that says so.
    pub(crate) fn line(&self) -> Result<&str, String> {
        match &self.value {
            Value::Text(rows) => match rows.as_slice() {
                [] => Ok(""),
                [row] => Ok(row),
                rows => Err(format!("holds {} lines", rows.len())),
            },
            _ => Err("holds no text".to_owned()),
        }
    }

    /// The field of each element of a struct.
    ///
    /// # Errors
    /// If this is no struct or has no such field, a fragment of a sentence that says so.
    pub(crate) fn field(&self, name: &str) -> Result<Vec<&Array>, String> {
        let Value::Struct { fields, elements } = &self.value else {
            return Err("holds no struct".to_owned());
        };
        let index = fields.iter().position(|field| field == name);
        let index = index.ok_or_else(|| format!("has no field `{name}`, but {}", fields.join(", ")))?;
        Ok(elements.iter().filter_map(|element| element.get(index)).collect())
    }
}

#[cfg(test)]
mod tests;
