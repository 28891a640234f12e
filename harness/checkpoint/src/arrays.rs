//! Pickled dictionaries with arrays of NumPy, as data sets are published.
//!
//! The interpreter is that of checkpoints with another list of what it allows: what makes an array of the bytes that
//! stand in the pickle, and nothing else. Lists are read one level deep, so nothing that a pickle shares is copied more
//! than once.

use crate::error::ParseError;
use crate::globals::Allowed;
use crate::pickle::{self, Pickle, Value};

/// An array that a pickle describes. NumPy makes it first and fills it later.
#[derive(Clone, Debug, Default)]
pub(crate) struct Array<'a> {
    filled: Option<Filled<'a>>,
}

#[derive(Clone, Debug)]
struct Filled<'a> {
    dtype: &'a str,
    shape: Vec<usize>,
    values: &'a [u8],
}

/// A dictionary from a pickle.
#[derive(Debug)]
pub struct PickledDict<'a> {
    bytes: &'a [u8],
    pickle: Pickle<'a>,
    dict: usize,
}

/// An array from a pickle, in C order, with elements of one byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PickledArray<'a> {
    /// NumPy's name of the element type: `u1`, `i1` or `b1`.
    pub dtype: &'a str,
    /// Shape.
    pub shape: Vec<usize>,
    /// The values as bytes.
    pub values: &'a [u8],
    /// Where they begin in the pickle.
    pub offset: usize,
}

impl<'a> PickledDict<'a> {
    /// Reads a pickle whose value is a dictionary.
    ///
    /// # Errors
    /// Returns an error when the bytes are truncated or inconsistent, or ask for anything but arrays.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        match pickle::run_allowing(bytes, Allowed::Arrays)? {
            (Value::Dict(dict), pickle, _) => Ok(Self { bytes, pickle, dict }),
            _ => Err(ParseError::invalid("its pickle is no dict")),
        }
    }

    /// The value of a key; of equal keys, the last counts.
    fn get(&self, key: &str) -> Result<Value<'a>, ParseError> {
        let pairs = self.pickle.dicts[self.dict].iter().rev();
        let mut found = pairs.filter(|(known, _)| bytes_of(*known) == Some(key.as_bytes()));
        found.next().map(|(_, value)| *value).ok_or_else(|| ParseError::invalid(format!("it has no `{key}`")))
    }

    fn list(&self, key: &str) -> Result<&[Value<'a>], ParseError> {
        match self.get(key)? {
            Value::List(list) | Value::Tuple(list) => Ok(&self.pickle.sequences[list]),
            _ => Err(ParseError::invalid(format!("`{key}` is no list"))),
        }
    }

    /// A list of whole numbers.
    ///
    /// # Errors
    /// Returns an error when there is none of this name.
    pub fn integers(&self, key: &str) -> Result<Vec<i64>, ParseError> {
        let number = |value: &Value<'_>| match value {
            Value::Int(number) => Ok(*number),
            _ => Err(ParseError::invalid(format!("`{key}` has what is no whole number"))),
        };
        self.list(key)?.iter().map(number).collect()
    }

    /// A list of strings, as bytes: those of Python 2 may hold anything.
    ///
    /// # Errors
    /// Returns an error when there is none of this name.
    pub fn texts(&self, key: &str) -> Result<Vec<&'a [u8]>, ParseError> {
        let text = |value: &Value<'a>| {
            bytes_of(*value).ok_or_else(|| ParseError::invalid(format!("`{key}` has what is no string")))
        };
        self.list(key)?.iter().map(text).collect()
    }

    /// An array.
    ///
    /// # Errors
    /// Returns an error when there is none of this name, or it has elements of more than one byte, which may have
    /// either order.
    pub fn array(&self, key: &str) -> Result<PickledArray<'a>, ParseError> {
        let Value::Array(index) = self.get(key)? else {
            return Err(ParseError::invalid(format!("`{key}` is no array")));
        };
        let Some(Filled { dtype, shape, values }) = self.pickle.arrays[index].filled.clone() else {
            return Err(ParseError::invalid(format!("`{key}` is an array that was never filled")));
        };
        if !dtype.ends_with('1') {
            return Err(ParseError::Unsupported(format!("`{key}` has elements of type {dtype}")));
        }
        // The values are a part of the pickle.
        let offset = values.as_ptr().addr() - self.bytes.as_ptr().addr();
        Ok(PickledArray { dtype, shape, values, offset })
    }
}

/// A string or bytes.
fn bytes_of<'a>(value: Value<'a>) -> Option<&'a [u8]> {
    match value {
        Value::Str(text) => Some(text.as_bytes()),
        Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

impl<'a> Pickle<'a> {
    /// The type of `dtype(name, align, copy)`.
    pub(crate) fn dtype(arguments: &[Value<'a>]) -> Result<Value<'a>, ParseError> {
        match arguments {
            [Value::Str(name), ..] => Ok(Value::Dtype(name)),
            _ => Err(ParseError::invalid("a type of elements has no name")),
        }
    }

    /// Fills an array with `(version, shape, type, whether columns come first, values)`.
    pub(crate) fn fill(&mut self, array: usize, state: Value<'a>) -> Result<(), ParseError> {
        let Value::Tuple(state) = state else {
            return Err(ParseError::invalid("an array is filled with what is no tuple"));
        };
        let &[_, Value::Tuple(shape), Value::Dtype(dtype), columns, values] = &self.sequences[state][..]
        else {
            return Err(ParseError::invalid("an array is filled with unexpected values"));
        };
        if columns != Value::Bool(false) {
            return Err(ParseError::Unsupported("an array whose columns come first".to_owned()));
        }
        let values =
            bytes_of(values).ok_or_else(|| ParseError::invalid("the values of an array are no bytes"))?;
        let shape = self.lengths(shape)?;
        // `u1`, `i8`, `f4`: the number of bytes stands behind the letter.
        let size = dtype.get(1..).and_then(|size| size.parse::<usize>().ok());
        let expected = shape.iter().try_fold(size.unwrap_or(0), |bytes, &side| bytes.checked_mul(side));
        if size.is_none() || expected != Some(values.len()) {
            return Err(ParseError::invalid(format!(
                "an array of type {dtype} and shape {shape:?} has {} bytes",
                values.len()
            )));
        }
        self.arrays[array].filled = Some(Filled { dtype, shape, values });
        Ok(())
    }
}
