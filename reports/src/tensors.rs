//! Single tensors of safetensors files.
//!
//! Files in a store have megabytes beside the few tensors that a report wants, and a suite has hundreds of files. So the header
//! is read, and then what is asked for. Nothing here believes a file.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use safetensors::tensor::{Metadata, TensorInfo};

/// The header of a safetensors file.
pub(crate) struct Header {
    tensors: Metadata,
    /// Where the data begin.
    begin: u64,
}

/// Where the bytes of a tensor are in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    start: u64,
    length: usize,
}

impl Header {
    /// Reads the header of a file.
    ///
    /// # Errors
    /// Fails as the system does, or with `InvalidData` or `UnexpectedEof` if it is no whole safetensors file.
    pub(crate) fn read(path: &Path) -> io::Result<Header> {
        let mut file = File::open(path)?;
        let total = file.metadata()?.len();
        let mut length = [0; 8];
        file.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        let mut text = Vec::new();
        // Taken, not allocated: a damaged file may claim any length.
        file.by_ref().take(length).read_to_end(&mut text)?;
        let tensors: Metadata = serde_json::from_slice(&text)?;
        let begin = length.checked_add(8).ok_or(io::ErrorKind::InvalidData)?;
        if total.checked_sub(begin) != Some(tensors.data_len() as u64) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Header { tensors, begin })
    }

    /// Type and shape of all tensors, by name.
    pub(crate) fn tensors(&self) -> impl Iterator<Item = (String, &TensorInfo)> {
        self.tensors.tensors().into_iter()
    }

    /// Type and shape of a tensor.
    pub(crate) fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.info(name)
    }

    /// Where a tensor is. All places lie within the file, and have the size that type and shape ask for, or the header
    /// would not have been accepted.
    pub(crate) fn place(&self, info: &TensorInfo) -> Place {
        let (start, end) = info.data_offsets;
        Place { start: self.begin + start as u64, length: end.saturating_sub(start) }
    }
}

impl Place {
    /// `length` bytes of it, beginning with byte `from`; fewer where it ends before.
    pub(crate) fn part(self, from: usize, length: usize) -> Place {
        let from = from.min(self.length);
        Place { start: self.start + from as u64, length: length.min(self.length - from) }
    }
}

/// Reads a tensor's bytes from its file. The file is not kept open between tensors, since a report looks at more files than a
/// process may have open.
///
/// # Errors
/// Fails as the system does, or with `UnexpectedEof` if the file has become shorter.
pub(crate) fn read(path: &Path, place: Place) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(place.start))?;
    let mut bytes = vec![0; place.length];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}
