//! Makes tensors of what a pickle describes and the storages that stand beside it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::error::ParseError;
use crate::pickle::{Pickle, Storage, Value};
use crate::select::select;
use crate::tensor::Tensors;
use crate::{Checkpoint, Format};

/// How many times the file's size all tensors together may need, and all texts beside them. Views of shared storages need more than the
/// file, but a file of a few bytes may describe terabytes by a stride of zero.
const MAX_EXPANSION: usize = 16;

/// Where the elements of storages stand.
pub(crate) trait Storages<'a> {
    /// All elements of a storage, little-endian; at least as many as it has.
    fn load(&mut self, storage: &Storage<'a>) -> Result<Cow<'a, [u8]>, ParseError>;
}

/// Builds the checkpoint of a pickle; `file_bytes` is the size of the whole file.
pub(crate) fn rebuild<'a>(
    root: Value<'a>,
    pickle: &Pickle<'a>,
    storages: &mut impl Storages<'a>,
    file_bytes: usize,
    format: Format,
) -> Result<Checkpoint, ParseError> {
    // By storage, so that each is loaded once and at most one is in memory beside the tensors.
    let mut users: BTreeMap<(&str, _), Vec<(&str, usize)>> = BTreeMap::new();
    let mut budget = file_bytes.saturating_mul(MAX_EXPANSION);
    let (selected, metadata) = select(root, pickle, budget)?;
    for (name, tensor) in selected {
        let described = &pickle.tensors[tensor];
        let storage = &pickle.storages[described.storage];
        let bytes = described.view.bytes(storage.dtype).map_err(|error| named(name, error))?;
        budget = budget.checked_sub(bytes).ok_or_else(|| {
            ParseError::TooLarge(format!(
                "its tensors need more than {MAX_EXPANSION} times the size of the file"
            ))
        })?;
        users.entry((storage.key, storage.dtype)).or_default().push((name, tensor));
    }
    let mut tensors = Tensors::new();
    for users in users.values() {
        let Some(&(_, first)) = users.first() else { continue };
        let loaded = storages.load(&pickle.storages[pickle.tensors[first].storage])?;
        for &(name, tensor) in users {
            let described = &pickle.tensors[tensor];
            let storage = &pickle.storages[described.storage];
            let gathered = part(storage, &loaded)
                .and_then(|elements| described.view.gather(storage.dtype, elements))
                .map_err(|error| named(name, error))?;
            tensors.insert(name.to_owned(), gathered);
        }
    }
    Ok(Checkpoint { tensors, metadata, format })
}

/// The part of a loaded storage that a tensor may see.
fn part<'b>(storage: &Storage<'_>, loaded: &'b [u8]) -> Result<&'b [u8], ParseError> {
    let (offset, numel) = storage.part.unwrap_or((0, storage.numel));
    let size = storage.dtype.size();
    let end =
        offset.checked_add(numel).filter(|&end| end <= storage.numel).and_then(|end| end.checked_mul(size));
    end.and_then(|end| loaded.get(offset * size..end)).ok_or_else(|| {
        let available = loaded.len() / size;
        ParseError::invalid(format!(
            "storage `{}` has {available} elements and not {}",
            storage.key, storage.numel
        ))
    })
}

/// Puts a tensor's name before what is wrong with it.
fn named(name: &str, error: ParseError) -> ParseError {
    match error {
        ParseError::Invalid(reason) => ParseError::Invalid(format!("tensor `{name}`: {reason}")),
        ParseError::TooLarge(reason) => ParseError::TooLarge(format!("tensor `{name}`: {reason}")),
        error => error,
    }
}
