//! What can be wrong with a picture.

use crate::format::Format;

/// Why a file is no picture, or none that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// Its first bytes belong to no format that is known.
    #[error("it is no JPEG, PNG, GIF, BMP or WebP; its first bytes are {0}")]
    UnknownFormat(String),
    /// It ends before its last pixel.
    #[error("the {0} is truncated: fetch it again, or leave it out")]
    Truncated(Format),
    /// It breaks its format's rules.
    #[error("the {format} is damaged: {problem}; fetch it again, or leave it out")]
    Broken {
        /// What it is.
        format: Format,
        /// What is wrong.
        problem: String,
    },
    /// It is whole, but of a kind that is not read.
    #[error("the {format} has {feature}, which is not supported: write it anew, or leave it out")]
    Unsupported {
        /// What it is.
        format: Format,
        /// What is not supported.
        feature: String,
    },
    /// It would need more memory than its size is a reason for.
    #[error("{width}x{height} pixels need {needed} bytes, but a file of {length} bytes may have {allowed}")]
    TooLarge {
        /// Columns that the header claims.
        width: u64,
        /// Rows that the header claims.
        height: u64,
        /// Bytes that decoding would take.
        needed: u64,
        /// Bytes of the file.
        length: u64,
        /// Bytes that decoding may take.
        allowed: u64,
    },
    /// It would become larger than any picture may be.
    #[error("it would become {width}x{height} pixels: its sides are too different for these views")]
    TooLong {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// A region was asked for that is not in the picture.
    #[error("a region of {0:?} is not inside of {1}x{2} pixels")]
    Outside(crate::region::Region, u32, u32),
}
