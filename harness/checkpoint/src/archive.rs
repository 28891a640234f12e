//! PyTorch's format since version 1.6: a zip archive with `data.pkl` and one entry for each storage.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use crate::error::ParseError;
use crate::pickle::{self, Storage};
use crate::rebuild::{Storages, rebuild};
use crate::{Checkpoint, Format};

/// Reads a file in memory.
pub(crate) fn parse(bytes: &[u8]) -> Result<Checkpoint, ParseError> {
    // The directory stands at the end, so that a truncated archive has none.
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| match error {
        ZipError::InvalidArchive(_) | ZipError::Io(_) => ParseError::truncated("the zip archive"),
        error => ParseError::invalid(format!("zip archive: {error}")),
    })?;
    let names: Vec<String> = archive.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    // All entries stand in one folder, named `archive` or like the file.
    let prefix = names
        .iter()
        .find_map(|name| {
            name.strip_suffix("data.pkl").filter(|prefix| prefix.is_empty() || prefix.ends_with('/'))
        })
        .ok_or_else(|| {
            ParseError::Unsupported("a zip archive without `data.pkl`; torch.save did not write it".into())
        })?;
    if names.iter().any(|name| *name == format!("{prefix}constants.pkl")) {
        return Err(ParseError::Unsupported(
            "a TorchScript program; save its tensors with torch.save(model.state_dict(), path)".to_owned(),
        ));
    }
    let mut entries = Entries { archive, prefix: prefix.to_owned(), limit: bytes.len(), swap: false };
    if names.iter().any(|name| *name == format!("{prefix}byteorder")) {
        entries.swap = match entries.read("byteorder")?.as_slice() {
            b"little" => false,
            b"big" => true,
            _ => return Err(ParseError::Unsupported("an unknown byte order".to_owned())),
        };
    }
    let program = entries.read("data.pkl")?;
    let (root, object, _) = pickle::run(&program)?;
    rebuild(root, &object, &mut entries, bytes.len(), Format::PytorchZip)
}

/// The archive's entries.
struct Entries<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    prefix: String,
    /// Size of the file. No entry is larger, because PyTorch does not compress.
    limit: usize,
    /// Whether elements are big-endian.
    swap: bool,
}

impl Entries<'_> {
    /// The content of an entry; its checksum is checked.
    fn read(&mut self, name: &str) -> Result<Vec<u8>, ParseError> {
        let path = format!("{}{name}", self.prefix);
        let entry = self.archive.by_name(&path).map_err(|error| match error {
            ZipError::FileNotFound => ParseError::invalid(format!("the archive has no `{path}`")),
            ZipError::UnsupportedArchive(reason) => ParseError::Unsupported(format!("`{path}`: {reason}")),
            error => ParseError::invalid(format!("`{path}`: {error}")),
        })?;
        // Compressed entries could make gigabytes of kilobytes, and PyTorch writes none.
        if entry.compression() != CompressionMethod::Stored {
            return Err(ParseError::Unsupported(format!(
                "`{path}` is compressed; torch.save did not write it"
            )));
        }
        let size = usize::try_from(entry.size()).ok().filter(|&size| size <= self.limit);
        let size = size.ok_or_else(|| ParseError::invalid(format!("`{path}` is larger than the file")))?;
        let mut content = Vec::with_capacity(size);
        entry
            .take(self.limit as u64)
            .read_to_end(&mut content)
            .map_err(|error| ParseError::invalid(format!("`{path}`: {error}")))?;
        Ok(content)
    }
}

impl<'a> Storages<'a> for Entries<'_> {
    fn load(&mut self, storage: &Storage<'a>) -> Result<Cow<'a, [u8]>, ParseError> {
        let mut elements = self.read(&format!("data/{}", storage.key))?;
        if self.swap {
            elements.chunks_exact_mut(storage.dtype.size()).for_each(<[u8]>::reverse);
        }
        Ok(Cow::Owned(elements))
    }
}
