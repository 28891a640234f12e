//! PyTorch's format before version 1.6: five pickles in a row, then the storages.
//!
//! The pickles are a magic number, the format's version, facts about the machine, the object, and the list of
//! storage keys. For each key in the list's order follow its number of elements (64 bits) and the elements;
//! PyTorch writes both little-endian on every machine.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use crate::error::ParseError;
use crate::pickle::{self, Storage, Value};
use crate::rebuild::{Storages, rebuild};
use crate::tensor::Dtype;
use crate::{Checkpoint, Format};

/// The first pickle's value, 0x1950a86a20f9469cfc6c, little-endian.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// The only version that was ever written.
const VERSION: i64 = 1001;

/// Reads a file in memory.
pub(crate) fn parse(bytes: &[u8]) -> Result<Checkpoint, ParseError> {
    let mut at = 0;
    let (magic, _, length) = pickle::run(bytes)?;
    at += length;
    if magic != Value::Long(&MAGIC) {
        return Err(ParseError::Unsupported("a pickle that was not written by torch.save".to_owned()));
    }
    let (version, _, length) = pickle::run(&bytes[at..])?;
    at += length;
    if version != Value::Int(VERSION) {
        return Err(ParseError::Unsupported(format!(
            "version {version:?} of PyTorch's old format; known is {VERSION}"
        )));
    }
    let (_, _, length) = pickle::run(&bytes[at..])?;
    at += length;
    let (root, object, length) = pickle::run(&bytes[at..])?;
    at += length;
    let (keys, listed, length) = pickle::run(&bytes[at..])?;
    at += length;
    let Value::List(keys) = keys else {
        return Err(ParseError::invalid("the keys of storages are no list"));
    };
    let dtypes: HashMap<&str, Dtype> =
        object.storages.iter().map(|storage| (storage.key, storage.dtype)).collect();
    let mut storages = Sections { sections: BTreeMap::new() };
    for key in &listed.sequences[keys] {
        let Value::Str(key) = *key else {
            return Err(ParseError::invalid("a key of a storage is no text"));
        };
        let dtype = dtypes.get(key).ok_or_else(|| {
            ParseError::invalid(format!("storage `{key}` is listed, but nothing refers to it"))
        })?;
        let (section, length) = section(key, *dtype, &bytes[at..])?;
        storages.sections.insert(key, section);
        at += length;
    }
    rebuild(root, &object, &mut storages, bytes.len(), Format::PytorchLegacy)
}

/// The elements of one storage at the start of `bytes`, and the length of its section.
fn section<'a>(key: &str, dtype: Dtype, bytes: &'a [u8]) -> Result<(&'a [u8], usize), ParseError> {
    let truncated = || ParseError::truncated(format!("storage `{key}`"));
    let (count, rest) = bytes.split_first_chunk::<8>().ok_or_else(truncated)?;
    let count = i64::from_le_bytes(*count);
    let count = usize::try_from(count)
        .map_err(|_| ParseError::invalid(format!("storage `{key}` has {count} elements")))?;
    let elements =
        count.checked_mul(dtype.size()).and_then(|length| rest.get(..length)).ok_or_else(truncated)?;
    Ok((elements, 8 + elements.len()))
}

/// Storages as slices of the file.
struct Sections<'a> {
    sections: BTreeMap<&'a str, &'a [u8]>,
}

impl<'a> Storages<'a> for Sections<'a> {
    fn load(&mut self, storage: &Storage<'a>) -> Result<Cow<'a, [u8]>, ParseError> {
        let section = self.sections.get(storage.key).copied();
        section
            .map(Cow::Borrowed)
            .ok_or_else(|| ParseError::invalid(format!("storage `{}` is not in the file", storage.key)))
    }
}
