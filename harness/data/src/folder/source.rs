//! Reading the files of a folder or an archive, in batches.

use std::fs;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::decode::{Decoded, File};
use crate::DataError;

/// A batch is decoded when it has this many files or bytes; that bounds what is held undecoded.
const BATCH_FILES: usize = 1024;
const BATCH_BYTES: usize = 32 << 20;
/// A single file above this is not a training picture but a mistake.
const LARGEST_FILE: u64 = 256 << 20;

#[derive(Default)]
struct Batch {
    files: Vec<File>,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, file: File, decoded: &mut Decoded) {
        self.bytes += file.bytes.len();
        self.files.push(file);
        if self.files.len() >= BATCH_FILES || self.bytes >= BATCH_BYTES {
            self.finish(decoded);
        }
    }

    fn finish(&mut self, decoded: &mut Decoded) {
        decoded.add(&self.files);
        *self = Self::default();
    }
}

/// Whether a file's name is that of a picture. Hidden files are not: archives made on macOS hold `._photo.jpg`.
fn is_picture(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    !name.starts_with('.') && matches!(ending.as_deref(), Some("jpg" | "jpeg" | "png"))
}

fn layout(path: &Path, problem: String) -> DataError {
    DataError::Layout { path: path.to_path_buf(), problem }
}

/// Reads an unpacked folder.
pub(super) fn read_folder(root: &Path, decoded: &mut Decoded) -> Result<(), DataError> {
    let mut batch = Batch::default();
    for (split, test) in [("train", false), ("test", true)] {
        let folder = root.join(split);
        if !folder.is_dir() {
            return Err(layout(root, format!("has no folder `{split}`")));
        }
        for (class, path) in entries(&folder)? {
            if !path.is_dir() {
                decoded.other_files += 1;
                continue;
            }
            for (name, path) in entries(&path)? {
                if path.is_dir() {
                    return Err(layout(root, format!("{split}/{class}/{name} is a folder inside a class")));
                }
                if !is_picture(&name) {
                    decoded.other_files += 1;
                    continue;
                }
                let bytes = fs::read(&path).map_err(DataError::io("read", &path))?;
                batch.add(File { test, class: class.clone(), name, bytes }, decoded);
            }
        }
    }
    batch.finish(decoded);
    Ok(())
}

/// Names and paths in a folder, sorted by name.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, DataError> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(DataError::io("list", folder))? {
        let entry = entry.map_err(DataError::io("list", folder))?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|name| layout(folder, format!("the name {} is not valid UTF-8", name.display())))?;
        entries.push((name, entry.path()));
    }
    entries.sort();
    Ok(entries)
}

/// Reads a `.tar.gz` in one pass. Files may lie below one common folder.
pub(super) fn read_archive(path: &Path, decoded: &mut Decoded) -> Result<(), DataError> {
    let file = fs::File::open(path).map_err(DataError::io("read", path))?;
    let mut archive = tar::Archive::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file)));
    let damaged = |error: std::io::Error| layout(path, format!("not a whole .tar.gz ({error})"));
    let mut batch = Batch::default();
    let mut prefix: Option<String> = None;
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        if entry.header().entry_type().is_dir() {
            continue;
        }
        let inner = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|error| layout(path, format!("the name {:?} is not valid UTF-8", error.to_string())))?;
        let parts: Vec<&str> = inner.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let Some(&name) = parts.last() else { continue };
        if !is_picture(name) {
            decoded.other_files += 1;
            continue;
        }
        if !entry.header().entry_type().is_file() {
            return Err(layout(path, format!("`{inner}` is a link or a special file, not a picture")));
        }
        let (above, test, class) = match parts.as_slice() {
            [above @ .., "train", class, _] => (above, false, *class),
            [above @ .., "test", class, _] => (above, true, *class),
            _ => return Err(layout(path, format!("contains the picture `{inner}`"))),
        };
        let above = above.join("/");
        match &prefix {
            None => prefix = Some(above),
            Some(first) if *first != above => {
                return Err(layout(path, format!("pictures lie below `{first}/` and below `{above}/`")));
            }
            Some(_) => {}
        }
        if entry.size() > LARGEST_FILE {
            return Err(layout(path, format!("`{inner}` has {} bytes", entry.size())));
        }
        let mut bytes = Vec::with_capacity(entry.size() as usize);
        entry.read_to_end(&mut bytes).map_err(damaged)?;
        let file = File { test, class: class.to_owned(), name: name.to_owned(), bytes };
        batch.add(file, decoded);
    }
    // The archive's last blocks end the entries; the rest holds the checksum that tells a whole file.
    std::io::copy(&mut archive.into_inner(), &mut std::io::sink()).map_err(damaged)?;
    batch.finish(decoded);
    Ok(())
}

/// Identity of the files a task is made from, without decoding them: of an archive the digest of its bytes, of a
/// folder that of all relative paths, sizes and contents in sorted order. BLAKE3, 64 hexadecimal digits.
///
/// # Errors
/// [`DataError::Io`] if something cannot be read, [`DataError::Layout`] for a name that is not UTF-8.
pub fn digest_source(path: &Path) -> Result<String, DataError> {
    let metadata = fs::metadata(path).map_err(DataError::io("read", path))?;
    let mut hasher = blake3::Hasher::new_derive_key("secateur-data 2026 source");
    if metadata.is_file() {
        return digest_file(path);
    }
    let mut pending = vec![(String::new(), path.to_path_buf())];
    let mut files = Vec::new();
    while let Some((prefix, folder)) = pending.pop() {
        for (name, path) in entries(&folder)? {
            let inner = format!("{prefix}{name}");
            if path.is_dir() {
                pending.push((format!("{inner}/"), path));
            } else {
                files.push((inner, path));
            }
        }
    }
    files.sort();
    for (inner, path) in files {
        let length = fs::metadata(&path).map_err(DataError::io("read", &path))?.len();
        hasher.update(&(inner.len() as u64).to_le_bytes());
        hasher.update(inner.as_bytes());
        hasher.update(&length.to_le_bytes());
        hasher.update(digest_file(&path)?.as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn digest_file(path: &Path) -> Result<String, DataError> {
    let mut file = fs::File::open(path).map_err(DataError::io("read", path))?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = file.read(&mut buffer).map_err(DataError::io("read", path))?;
        if count == 0 {
            return Ok(hasher.finalize().to_hex().to_string());
        }
        hasher.update(&buffer[..count]);
    }
}
