//! Arrays: flags, dimensions, a name, and values of some class.

use super::elements::{Budget, MATRIX, Stream, Tag};
use super::{Array, Position, Value};

/// Kinds of elements.
const INT8: u32 = 1;
const UINT8: u32 = 2;
const UINT16: u32 = 4;
const INT32: u32 = 5;
const UINT32: u32 = 6;
const UTF8: u32 = 16;
const UTF16: u32 = 17;

/// Classes of arrays.
const CELL: u8 = 1;
const STRUCT: u8 = 2;
const TEXT: u8 = 4;
const DOUBLE: u8 = 6;
const UINT64: u8 = 15;

/// Set in the flags of arrays with an imaginary part.
const COMPLEX: u8 = 8;

/// Most dimensions, bytes of a name, and arrays in each other.
const DIMENSIONS: usize = 32;
const NAME: u32 = 4096;
const DEPTH: usize = 16;

impl Stream<'_> {
    /// A variable whose tag promised so many bytes.
    pub(super) fn variable(
        &mut self,
        length: u32,
        wanted: &dyn Fn(&str) -> bool,
        budget: &mut Budget,
    ) -> Result<(String, Array), String> {
        self.array(length, Some(wanted), 0, budget)
    }

    /// An array. Inside of a variable that is wanted, everything is.
    fn array(
        &mut self,
        length: u32,
        wanted: Option<&dyn Fn(&str) -> bool>,
        depth: usize,
        budget: &mut Budget,
    ) -> Result<(String, Array), String> {
        if depth > DEPTH {
            return Err(format!("has arrays in arrays, more than {DEPTH} deep"));
        }
        if length == 0 {
            // An empty array may have no content at all.
            return Ok((String::new(), Array { dims: vec![0, 0], value: Value::Numbers(Vec::new()) }));
        }
        let end = self.at() + u64::from(length);
        let flags = self.small(UINT32, 8, budget)?;
        let (class, complex) = match flags[..] {
            [class, flags, ..] if flags & COMPLEX != 0 => (class, true),
            [class, ..] => (class, false),
            [] => return Err("has an array without flags".to_owned()),
        };
        let dims = self.dims(budget)?;
        let count = dims.iter().try_fold(1usize, |product, &side| product.checked_mul(side));
        let count = count.ok_or_else(|| format!("has an array of {dims:?} values"))?;
        let name = self.name(budget)?;
        let numeric = (DOUBLE..=UINT64).contains(&class);
        let value = if wanted.is_some_and(|wanted| !wanted(&name)) {
            if numeric && !complex { self.elsewhere(count)? } else { Value::Skipped }
        } else {
            match class {
                CELL => Value::Cells(self.cells(count, depth, budget)?),
                STRUCT => self.structs(count, depth, budget)?,
                TEXT => Value::Text(self.text(&dims, count, budget)?),
                _ if numeric && complex => {
                    return Err(format!("has complex numbers in `{name}`, which are not read"));
                }
                _ if numeric => Value::Numbers(self.numbers(count, budget)?),
                _ => return Err(format!("has an array of class {class} in `{name}`, which is not read")),
            }
        };
        self.pass_to(end)?;
        Ok((name, Array { dims, value }))
    }

    /// A short element that must be of this kind and have no more than so many bytes.
    fn small(&mut self, kind: u32, most: u32, budget: &mut Budget) -> Result<Vec<u8>, String> {
        let tag = self.expect_tag()?;
        if tag.kind != kind || tag.length > most {
            return Err(format!(
                "has an element of kind {} and {} bytes where one of kind {kind} and at most {most} belongs",
                tag.kind, tag.length
            ));
        }
        self.content(&tag, budget)
    }

    fn dims(&mut self, budget: &mut Budget) -> Result<Vec<usize>, String> {
        let bytes = self.small(INT32, 4 * DIMENSIONS as u32, budget)?;
        let (words, rest) = bytes.as_chunks::<4>();
        let dims: Result<Vec<usize>, _> =
            words.iter().map(|word| usize::try_from(i32::from_le_bytes(*word))).collect();
        match dims {
            Ok(dims) if dims.len() >= 2 && rest.is_empty() => Ok(dims),
            _ => Err("has an array without sensible dimensions".to_owned()),
        }
    }

    fn name(&mut self, budget: &mut Budget) -> Result<String, String> {
        let bytes = self.small(INT8, NAME, budget)?;
        String::from_utf8(bytes).map_err(|_| "has a variable whose name is no text".to_owned())
    }

    /// Where numbers are that are passed over.
    fn elsewhere(&mut self, count: usize) -> Result<Value, String> {
        let tag = self.expect_tag()?;
        let bytes = matches!(tag.kind, INT8 | UINT8);
        if bytes && tag.length as usize != count {
            return Err(format!("has {} bytes for {count} numbers", tag.length));
        }
        // A small element would stand in the tag, and nothing of this size is ever passed over for that.
        if tag.length <= 4 {
            return Ok(Value::Skipped);
        }
        Ok(Value::Elsewhere(Position { element: 0, compressed: false, numbers: self.at(), bytes }))
    }

    fn numbers(&mut self, count: usize, budget: &mut Budget) -> Result<Vec<f64>, String> {
        let tag = self.expect_tag()?;
        let bytes = self.content(&tag, budget)?;
        let size = match tag.kind {
            INT8 | UINT8 => 1,
            3 | UINT16 => 2,
            INT32 | UINT32 | 7 => 4,
            9 | 12 | 13 => 8,
            kind => return Err(format!("has numbers of kind {kind}, which are not read")),
        };
        if count.checked_mul(size) != Some(bytes.len()) {
            return Err(format!("has {} bytes for {count} numbers of {size}", bytes.len()));
        }
        budget.take(count * size_of::<f64>())?;
        fn each<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f64) -> Vec<f64> {
            bytes.as_chunks::<N>().0.iter().map(|chunk| value(*chunk)).collect()
        }
        let numbers = match tag.kind {
            INT8 => each(&bytes, |[value]| f64::from(value as i8)),
            UINT8 => each(&bytes, |[value]| f64::from(value)),
            3 => each(&bytes, |value| f64::from(i16::from_le_bytes(value))),
            UINT16 => each(&bytes, |value| f64::from(u16::from_le_bytes(value))),
            INT32 => each(&bytes, |value| f64::from(i32::from_le_bytes(value))),
            UINT32 => each(&bytes, |value| f64::from(u32::from_le_bytes(value))),
            7 => each(&bytes, |value| f64::from(f32::from_le_bytes(value))),
            9 => each(&bytes, f64::from_le_bytes),
            // Whole numbers beyond 2^53 are rounded, which nothing that counts pictures comes near.
            12 => each(&bytes, |value| i64::from_le_bytes(value) as f64),
            _ => each(&bytes, |value| u64::from_le_bytes(value) as f64),
        };
        Ok(numbers)
    }

    /// Rows of characters, which are stored by column.
    fn text(&mut self, dims: &[usize], count: usize, budget: &mut Budget) -> Result<Vec<String>, String> {
        let tag = self.expect_tag()?;
        let bytes = self.content(&tag, budget)?;
        budget.take(bytes.len().saturating_mul(8))?;
        let characters = characters(&tag, &bytes)?;
        let rows = dims[0];
        if characters.len() != count {
            return Err(format!("has {} characters where {count} belong", characters.len()));
        }
        if count == 0 {
            return Ok(Vec::new());
        }
        budget.take(rows.saturating_mul(size_of::<String>()))?;
        Ok((0..rows).map(|row| characters[row..].iter().step_by(rows).collect()).collect())
    }

    fn cells(&mut self, count: usize, depth: usize, budget: &mut Budget) -> Result<Vec<Array>, String> {
        let mut cells = Vec::new();
        for _ in 0..count {
            cells.push(self.inner(depth, budget)?);
        }
        Ok(cells)
    }

    fn structs(&mut self, count: usize, depth: usize, budget: &mut Budget) -> Result<Value, String> {
        let length = self.small(INT32, 4, budget)?;
        let length = length.first_chunk::<4>().map_or(0, |length| i32::from_le_bytes(*length));
        let tag = self.expect_tag()?;
        if tag.kind != INT8 {
            return Err(format!("has a struct whose fields are of kind {}", tag.kind));
        }
        let names = self.content(&tag, budget)?;
        let size = usize::try_from(length).ok().filter(|size| *size > 0 || names.is_empty());
        let Some(size) = size else { return Err(format!("has a struct with names of {length} bytes")) };
        let mut fields = Vec::new();
        for name in names.chunks(size.max(1)) {
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
            let name = str::from_utf8(&name[..end]).map_err(|_| "has a field whose name is no text")?;
            budget.take(size_of::<String>() + name.len())?;
            fields.push(name.to_owned());
        }
        if fields.is_empty() {
            // Elements of nothing would take no bytes of the file, however many it claims.
            return Ok(Value::Struct { fields, elements: Vec::new() });
        }
        let mut elements = Vec::new();
        for _ in 0..count {
            budget.take(size_of::<Vec<Array>>())?;
            let mut values = Vec::new();
            for _ in &fields {
                values.push(self.inner(depth, budget)?);
            }
            elements.push(values);
        }
        Ok(Value::Struct { fields, elements })
    }

    /// An array inside of another one.
    fn inner(&mut self, depth: usize, budget: &mut Budget) -> Result<Array, String> {
        let tag = self.expect_tag()?;
        if tag.kind != MATRIX {
            return Err(format!("has an element of kind {} where an array belongs", tag.kind));
        }
        // Vectors grow to twice of what they hold.
        budget.take(2 * size_of::<Array>())?;
        self.array(tag.length, None, depth + 1, budget).map(|(_, array)| array)
    }
}

/// The characters of an element in any of the forms in which they are stored.
fn characters(tag: &Tag, bytes: &[u8]) -> Result<Vec<char>, String> {
    let invalid = || "has text that is not valid".to_owned();
    match tag.kind {
        INT8 | UINT8 => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
        UTF8 => Ok(str::from_utf8(bytes).map_err(|_| invalid())?.chars().collect()),
        UINT16 | UTF16 => {
            let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
            char::decode_utf16(units).collect::<Result<_, _>>().map_err(|_| invalid())
        }
        // No content, as of an empty text.
        _ if bytes.is_empty() => Ok(Vec::new()),
        kind => Err(format!("has text of kind {kind}, which is not read")),
    }
}
