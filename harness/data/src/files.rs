//! The files below a folder or in an archive: going through them, reading them in batches, and their identity.

use std::cmp::Ordering;
use std::fs;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::DataError;

/// A batch is full when it has this many files or bytes; that bounds what is held undecoded.
const BATCH_FILES: usize = 1024;
const BATCH_BYTES: usize = 32 << 20;
/// A single file above this is not a training picture but a mistake.
const LARGEST_FILE: u64 = 256 << 20;
const BUFFER: usize = 1 << 16;
/// No data set has folders this deep; a link to a folder above itself has.
const DEEPEST: usize = 24;
/// How much memory is taken for a file before any of it is read.
const PROMISED: u64 = 1 << 20;

/// Whether a file's name is that of a picture. Hidden files are not: archives made on macOS hold `._photo.jpg`.
pub(crate) fn is_picture(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    !name.starts_with('.') && matches!(ending.as_deref(), Some("jpg" | "jpeg" | "png"))
}

/// Files that are read one after the other and decoded together.
pub(crate) struct Batch<T> {
    files: Vec<T>,
    bytes: usize,
}

impl<T> Batch<T> {
    pub(crate) fn new() -> Self {
        Self { files: Vec::new(), bytes: 0 }
    }

    /// Adds a file of so many bytes. Returns all files once they are a full batch, and begins a new one.
    pub(crate) fn add(&mut self, file: T, bytes: usize) -> Option<Vec<T>> {
        self.files.push(file);
        self.bytes += bytes;
        (self.files.len() >= BATCH_FILES || self.bytes >= BATCH_BYTES).then(|| self.take())
    }

    /// The files since the last full batch.
    pub(crate) fn take(&mut self) -> Vec<T> {
        self.bytes = 0;
        std::mem::take(&mut self.files)
    }
}

/// A folder, or a `.tar`, `.tar.gz` or `.zip` of one.
pub(crate) struct Files {
    root: PathBuf,
    packed: bool,
}

/// A file that has been come to, but not read.
pub(crate) struct Visited<'a> {
    root: &'a Path,
    path: &'a str,
    content: Content<'a>,
}

enum Content<'a> {
    File(&'a Path),
    Entry { reader: &'a mut dyn Read, length: u64, regular: bool },
}

impl Files {
    /// # Errors
    /// [`DataError::Io`] if there is nothing to read.
    pub(crate) fn open(root: &Path) -> Result<Self, DataError> {
        let metadata = fs::metadata(root).map_err(DataError::io("read", root))?;
        Ok(Self { root: root.to_path_buf(), packed: !metadata.is_dir() })
    }

    /// The folder or archive.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Goes through all files: those of a folder in order of their path, those of an archive as they come.
    ///
    /// # Errors
    /// [`DataError::Io`] and [`DataError::Unreadable`] if a folder cannot be listed or an archive is damaged, and
    /// what `visit` returns.
    pub(crate) fn visit(
        &self,
        visit: &mut dyn FnMut(Visited<'_>) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        if self.packed {
            visit_archive(&self.root, false, visit)
        } else {
            self.visit_folder("", &self.root, 0, visit)
        }
    }

    fn visit_folder(
        &self,
        prefix: &str,
        folder: &Path,
        depth: usize,
        visit: &mut dyn FnMut(Visited<'_>) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        check_depth(folder, depth)?;
        for (name, path) in entries(folder)? {
            let inner = format!("{prefix}{name}");
            if path.is_dir() {
                self.visit_folder(&format!("{inner}/"), &path, depth + 1, visit)?;
            } else {
                visit(Visited { root: &self.root, path: &inner, content: Content::File(&path) })?;
            }
        }
        Ok(())
    }
}

/// Refuses folders that lie deeper than those of any data set.
///
/// # Errors
/// [`DataError::Unreadable`] asks for a link that leads to itself.
pub(crate) fn check_depth(folder: &Path, depth: usize) -> Result<(), DataError> {
    if depth <= DEEPEST {
        return Ok(());
    }
    let problem = format!("more than {DEEPEST} folders in each other; is there a link that leads to itself?");
    Err(unreadable(folder, problem))
}

/// Goes through the files of a `.tar`, `.tar.gz` or `.zip` as they come.
///
/// With `nested`, an archive of these kinds inside of it is gone through in its place, as if it had been unpacked
/// beside itself; only one that is a `.tar` or `.tar.gz` can be, since others cannot be read in one pass.
///
/// # Errors
/// [`DataError::Io`] and [`DataError::Unreadable`] if the archive is damaged, and what `visit` returns.
pub(crate) fn visit_archive(
    root: &Path,
    nested: bool,
    visit: &mut dyn FnMut(Visited<'_>) -> Result<(), DataError>,
) -> Result<(), DataError> {
    match magic(root)? {
        [b'P', b'K', 3 | 5, _] => visit_zip(root, nested, visit),
        [0x1f, 0x8b, ..] => {
            let file = fs::File::open(root).map_err(DataError::io("read", root))?;
            visit_tar(
                root,
                "",
                &mut MultiGzDecoder::new(BufReader::with_capacity(BUFFER, file)),
                nested,
                visit,
            )
        }
        _ => {
            let file = fs::File::open(root).map_err(DataError::io("read", root))?;
            visit_tar(root, "", &mut BufReader::with_capacity(BUFFER, file), nested, visit)
        }
    }
}

/// The first bytes of a file, with zeros behind its end.
fn magic(path: &Path) -> Result<[u8; 4], DataError> {
    let mut start = Vec::new();
    let file = fs::File::open(path).map_err(DataError::io("read", path))?;
    file.take(4).read_to_end(&mut start).map_err(DataError::io("read", path))?;
    start.resize(4, 0);
    Ok(start.try_into().unwrap_or_default())
}

/// Whether a member is an archive that can be read while it is unpacked, and whether it is compressed.
fn nested_kind(path: &str) -> Option<bool> {
    // What macOS adds for a file has its name behind `._`.
    if path.rsplit('/').next().is_some_and(|name| name.starts_with('.')) {
        return None;
    }
    let compressed = path.ends_with(".tar.gz") || path.ends_with(".tgz");
    (compressed || path.ends_with(".tar")).then_some(compressed)
}

/// Goes through a tar that a reader gives. `prefix` stands before all its paths.
fn visit_tar(
    root: &Path,
    prefix: &str,
    reader: &mut dyn Read,
    nested: bool,
    visit: &mut dyn FnMut(Visited<'_>) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let damaged = damaged(root);
    let mut archive = tar::Archive::new(reader);
    for entry in archive.entries().map_err(&damaged)? {
        let mut entry = entry.map_err(&damaged)?;
        if entry.header().entry_type().is_dir() {
            continue;
        }
        let name = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|error| unreadable(root, format!("the name {error:?} is not valid UTF-8")))?;
        let Some(path) = inner_path(prefix, &name) else { continue };
        let (length, regular) = (entry.size(), entry.header().entry_type().is_file());
        visit_member(root, &path, &mut entry, length, regular, nested, visit)?;
    }
    // The archive's last blocks end the entries; the rest holds the checksum that tells a whole file.
    std::io::copy(&mut archive.into_inner(), &mut std::io::sink()).map_err(&damaged)?;
    Ok(())
}

fn visit_zip(
    root: &Path,
    nested: bool,
    visit: &mut dyn FnMut(Visited<'_>) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let damaged = |error: zip::result::ZipError| unreadable(root, format!("not a whole archive ({error})"));
    let file = fs::File::open(root).map_err(DataError::io("read", root))?;
    let mut archive = zip::ZipArchive::new(BufReader::with_capacity(BUFFER, file)).map_err(damaged)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(damaged)?;
        if entry.is_dir() {
            continue;
        }
        let name = entry.name().map_err(damaged)?;
        let Some(path) = inner_path("", &name) else { continue };
        drop(name);
        let (length, regular) = (entry.size(), entry.is_file());
        visit_member(root, &path, &mut entry, length, regular, nested, visit)?;
    }
    Ok(())
}

/// A member's path behind a prefix, without parts that mean nothing; none for the archive's own folder.
fn inner_path(prefix: &str, name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    (!parts.is_empty()).then(|| format!("{prefix}{}", parts.join("/")))
}

/// Visits a member, or what is in it.
fn visit_member(
    root: &Path,
    path: &str,
    reader: &mut dyn Read,
    length: u64,
    regular: bool,
    nested: bool,
    visit: &mut dyn FnMut(Visited<'_>) -> Result<(), DataError>,
) -> Result<(), DataError> {
    match nested_kind(path).filter(|_| nested && regular) {
        None => visit(Visited { root, path, content: Content::Entry { reader, length, regular } }),
        Some(compressed) => {
            let prefix = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
            if compressed {
                visit_tar(root, &prefix, &mut MultiGzDecoder::new(BufReader::new(reader)), false, visit)
            } else {
                visit_tar(root, &prefix, reader, false, visit)
            }
        }
    }
}

impl<'a> Visited<'a> {
    /// A file of a folder, `inner` below its root.
    pub(crate) fn file(root: &'a Path, inner: &'a str, path: &'a Path) -> Self {
        Self { root, path: inner, content: Content::File(path) }
    }

    /// Path inside the folder or archive, with forward slashes.
    pub(crate) fn path(&self) -> &str {
        self.path
    }

    /// Whether this is a file and not a link.
    pub(crate) fn is_regular(&self) -> bool {
        matches!(self.content, Content::File(_) | Content::Entry { regular: true, .. })
    }

    /// All bytes of a file of ordinary size.
    ///
    /// # Errors
    /// As [`Visited::bytes_up_to`].
    pub(crate) fn bytes(self) -> Result<Vec<u8>, DataError> {
        self.bytes_up_to(LARGEST_FILE)
    }

    /// The first bytes of a file of any size.
    ///
    /// # Errors
    /// As [`Visited::bytes_up_to`], but for the size.
    pub(crate) fn beginning(self, most: u64) -> Result<Vec<u8>, DataError> {
        let (root, path) = (self.root, self.path);
        self.read(|reader, length| {
            let mut bytes = Vec::with_capacity(length.min(most).min(PROMISED) as usize);
            reader
                .take(most)
                .read_to_end(&mut bytes)
                .map_err(|error| unreadable(root, format!("`{path}` cannot be read ({error})")))?;
            Ok(bytes)
        })
    }

    /// All bytes of a file that has no more than so many.
    ///
    /// # Errors
    /// [`DataError::Io`] if it cannot be read; [`DataError::Unreadable`] if it is a link in an archive, cut off, or
    /// larger.
    pub(crate) fn bytes_up_to(self, most: u64) -> Result<Vec<u8>, DataError> {
        let (root, path) = (self.root, self.path);
        let file = match self.content {
            Content::File(file) => Some(file),
            Content::Entry { .. } => None,
        };
        self.read(|reader, length| {
            if length > most {
                return Err(unreadable(
                    root,
                    format!("`{path}` has {length} bytes; at most {most} are read"),
                ));
            }
            // An archive may promise more than it has.
            let mut bytes = Vec::with_capacity(length.min(PROMISED) as usize);
            reader.take(length + 1).read_to_end(&mut bytes).map_err(|error| match file {
                Some(file) => DataError::io("read", file)(error),
                None => damaged(root)(error),
            })?;
            match (bytes.len() as u64).cmp(&length) {
                Ordering::Equal => Ok(bytes),
                Ordering::Less => {
                    Err(unreadable(root, format!("`{path}` ends after {} of {length} bytes", bytes.len())))
                }
                Ordering::Greater => Err(unreadable(root, format!("`{path}` grows while it is read"))),
            }
        })
    }

    /// Passes a reader of the file and its length to `consume`, for files that are too large to hold.
    ///
    /// # Errors
    /// [`DataError::Io`] if it cannot be opened, [`DataError::Unreadable`] if it is a link in an archive, and what
    /// `consume` returns.
    pub(crate) fn read<T>(
        self,
        consume: impl FnOnce(&mut dyn Read, u64) -> Result<T, DataError>,
    ) -> Result<T, DataError> {
        match self.content {
            Content::File(path) => {
                let file = fs::File::open(path).map_err(DataError::io("read", path))?;
                let length = file.metadata().map_err(DataError::io("read", path))?.len();
                consume(&mut BufReader::with_capacity(BUFFER, file), length)
            }
            Content::Entry { reader, length, regular: true } => consume(reader, length),
            Content::Entry { .. } => Err(unreadable(
                self.root,
                format!("`{}` is a link or a special file, not a picture", self.path),
            )),
        }
    }
}

/// For `map_err` while an archive is read.
fn damaged(root: &Path) -> impl Fn(std::io::Error) -> DataError {
    move |error| unreadable(root, format!("not a whole archive ({error})"))
}

fn unreadable(path: &Path, problem: String) -> DataError {
    DataError::Unreadable { path: path.to_path_buf(), problem }
}

/// Names and paths in a folder, sorted by name.
pub(crate) fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, DataError> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(DataError::io("list", folder))? {
        let entry = entry.map_err(DataError::io("list", folder))?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|name| unreadable(folder, format!("the name {} is not valid UTF-8", name.display())))?;
        entries.push((name, entry.path()));
    }
    entries.sort();
    Ok(entries)
}

/// Identity of the files a task is made from, without decoding them: of an archive the digest of its bytes, of a
/// folder that of all relative paths, sizes and contents in sorted order. BLAKE3, 64 hexadecimal digits.
///
/// # Errors
/// [`DataError::Io`] if something cannot be read, [`DataError::Unreadable`] for a name that is not UTF-8.
pub fn digest_source(path: &Path) -> Result<String, DataError> {
    let metadata = fs::metadata(path).map_err(DataError::io("read", path))?;
    let mut hasher = blake3::Hasher::new_derive_key("secateur-data 2026 source");
    if metadata.is_file() {
        return digest_file(path);
    }
    let mut pending = vec![(String::new(), path.to_path_buf())];
    let mut files = Vec::new();
    while let Some((prefix, folder)) = pending.pop() {
        check_depth(&folder, prefix.matches('/').count())?;
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
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = file.read(&mut buffer).map_err(DataError::io("read", path))?;
        if count == 0 {
            return Ok(hasher.finalize().to_hex().to_string());
        }
        hasher.update(&buffer[..count]);
    }
}

/// Passes over bytes.
///
/// # Errors
/// [`std::io::ErrorKind::UnexpectedEof`] if there are fewer.
pub(crate) fn skip(reader: &mut dyn Read, bytes: u64) -> std::io::Result<()> {
    let passed = std::io::copy(&mut reader.take(bytes), &mut std::io::sink())?;
    if passed == bytes { Ok(()) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
}
