//! Errors. Each says what is wrong, where, and where it helps, what to do.

use std::io;
use std::path::PathBuf;

use crate::check::Mismatch;
use crate::tensor::Dtype;

/// Why a checkpoint could not be read, written or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The operating system refused.
    #[error("could not {action} checkpoint `{path}`")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file's content is not a checkpoint that this crate reads.
    #[error("checkpoint `{path}`: {source}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong with its content.
        source: ParseError,
    },
    /// A tensor cannot be written or converted.
    #[error("{0}")]
    Tensor(#[from] TensorError),
    /// A file is not the published one that it should be.
    #[error(
        "checkpoint `{path}` is not the published `{name}`: its SHA-256 is {found}, and that of the published file begins with \
         {known}; fetch it again, or give a file of your own another name"
    )]
    Digest {
        /// The file.
        path: PathBuf,
        /// The published checkpoint.
        name: &'static str,
        /// What is known of its digest.
        known: &'static str,
        /// The file's own digest.
        found: String,
    },
    /// The tensors are not those of the network.
    #[error("{0}")]
    Mismatch(#[from] Mismatch),
}

/// Why a single tensor cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TensorError {
    /// Dtype, shape and number of bytes do not agree.
    #[error("tensor of {dtype} with shape {shape:?} has {actual} bytes instead of {expected}")]
    Size {
        /// Element type.
        dtype: Dtype,
        /// Shape.
        shape: Vec<usize>,
        /// Bytes that it needs, as text because the number may overflow.
        expected: String,
        /// Bytes that it has.
        actual: usize,
    },
    /// Not a floating-point tensor.
    #[error("tensor of {dtype} is not floating point, so that it has no f32 values")]
    NotFloat {
        /// Element type.
        dtype: Dtype,
    },
    /// A tensor of the named set is wrong.
    #[error("tensor `{name}`: {source}")]
    Named {
        /// Name of the tensor.
        name: String,
        /// What is wrong with it.
        source: Box<TensorError>,
    },
}

/// What is wrong with the content of a checkpoint.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// No supported format begins like this.
    #[error("not a checkpoint: it is neither safetensors nor a PyTorch file{hint}")]
    UnknownFormat {
        /// What it seems to be instead.
        hint: String,
    },
    /// The file ends too early.
    #[error("file ends inside {what}; it is truncated, so fetch or save it again")]
    Truncated {
        /// What was being read.
        what: String,
    },
    /// The pickle wants to call something that is not on the allow-list.
    #[error(
        "its pickle asks for `{global}`, which is not allowed because it could run code; \
         save only tensors: torch.save(model.state_dict(), path)"
    )]
    ForbiddenGlobal {
        /// Module and name.
        global: String,
    },
    /// A part of the format that this crate does not read.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// The content contradicts itself.
    #[error("damaged or malformed: {0}")]
    Invalid(String),
    /// The content would need an unreasonable amount of memory.
    #[error("refused because it is too large: {0}")]
    TooLarge(String),
}

impl ParseError {
    /// The error for a file that ends while `what` is read.
    pub(crate) fn truncated(what: impl Into<String>) -> Self {
        Self::Truncated { what: what.into() }
    }

    /// The error for content that contradicts itself.
    pub(crate) fn invalid(what: impl Into<String>) -> Self {
        Self::Invalid(what.into())
    }

    /// The error for a file of another kind, with a guess at what it is.
    pub(crate) fn unknown_format(bytes: &[u8]) -> Self {
        let start = bytes.trim_ascii_start();
        let begins =
            |prefix: &[u8]| start.get(..prefix.len()).is_some_and(|s| s.eq_ignore_ascii_case(prefix));
        let hint = if bytes.is_empty() {
            "; it is empty".to_owned()
        } else if begins(b"<!doctype") || begins(b"<html") {
            "; it is a web page, probably in place of a download".to_owned()
        } else if begins(b"version https://git-lfs") {
            "; it is a Git LFS pointer, so fetch the file itself with `git lfs pull`".to_owned()
        } else if begins(b"\x1f\x8b") {
            "; it is compressed with gzip, so decompress it first".to_owned()
        } else {
            let first: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            format!("; it begins with the bytes {}", first.join(" "))
        };
        Self::UnknownFormat { hint }
    }
}
