//! Reads PyTorch and safetensors checkpoints and writes safetensors, without libtorch.
//!
//! A PyTorch checkpoint is a pickle, and a pickle is a program. [`read`] runs it in an interpreter that knows
//! a handful of globals and refuses every other by name, so that a checkpoint from the internet cannot do
//! more than describe tensors. Damaged files end in an error that says what is wrong, never in a panic.
//!
//! [`Published`] knows checkpoints that others have published, and [`import`] reads them and says which one a file is.
//!
//! [`PickledDict`] reads dictionaries with arrays of NumPy in the same interpreter, which then knows other globals.

mod archive;
mod arrays;
mod check;
mod error;
mod globals;
mod legacy;
mod pickle;
mod published;
mod rebuild;
mod safe;
mod select;
mod strided;
mod tensor;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub use arrays::{PickledArray, PickledDict};
pub use check::{Mismatch, check_against};
pub use error::{CheckpointError, ParseError, TensorError};
pub use published::{Imported, PUBLISHED_TERMS, Published, import};
pub use safe::write_safetensors;
pub use select::normalize_names;
pub use tensor::{Dtype, TensorData, Tensors};

/// File format of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub enum Format {
    /// safetensors.
    Safetensors,
    /// PyTorch's zip archive, written since version 1.6.
    PytorchZip,
    /// PyTorch's row of pickles, written before version 1.6.
    PytorchLegacy,
}

/// What a checkpoint holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Tensors by the names that the file gives them; see [`normalize_names`].
    pub tensors: Tensors,
    /// Strings beside the tensors: safetensors' metadata, or strings, numbers and truth values that stand
    /// beside a PyTorch state dict (such as `epoch`), as text.
    pub metadata: BTreeMap<String, String>,
    /// How the file was written.
    pub format: Format,
}

/// Reads a checkpoint of any supported format, which is recognized by its first bytes.
///
/// The state dict may stand under `state_dict` or `model`; names keep their prefixes. Tensors that are views
/// of one storage each get their own copy.
///
/// # Errors
/// Returns an error with the path when the file cannot be read, is truncated or inconsistent, or asks for
/// anything but tensors.
pub fn read(path: &Path) -> Result<Checkpoint, CheckpointError> {
    let bytes = fs::read(path).map_err(|source| CheckpointError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })?;
    parse(&bytes).map_err(|source| CheckpointError::Parse { path: path.to_owned(), source })
}

/// Reads a checkpoint from memory; see [`read`].
///
/// # Errors
/// Returns an error when the bytes are truncated or inconsistent, or ask for anything but tensors.
pub fn parse(bytes: &[u8]) -> Result<Checkpoint, ParseError> {
    match bytes {
        // First, because the length of a header may look like the start of a pickle. No header has 2^56 bytes.
        [_, _, _, _, _, _, _, 0, b'{', ..] => safe::parse(bytes),
        [b'P', b'K', 3, 4, ..] => archive::parse(bytes),
        [0x80, 2..=5, ..] => legacy::parse(bytes),
        _ => Err(ParseError::unknown_format(bytes)),
    }
}
