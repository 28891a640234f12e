//! One split as one safetensors file with a header that says what it holds, and files that appear whole.

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, Metadata, SafeTensors, TensorInfo, TensorView};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::files::Framing;
use crate::{DataError, Split};

/// Format of the packed files; a reader refuses any other.
const FORMAT: u32 = 1;
const INFO: &str = "task.json";

/// What a packed file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Pictures with one label each.
    Pictures,
    /// Pictures with objects in boxes.
    Scenes,
    /// Files of pictures with one label each.
    Files,
}

impl Content {
    /// The only key in the file's metadata: with several, their order would not be fixed.
    fn key(self) -> &'static str {
        match self {
            Self::Pictures => "secateur",
            Self::Scenes => "secateur-scenes",
            Self::Files => "secateur-files",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Pictures => "packed pictures",
            Self::Scenes => "packed scenes",
            Self::Files => "packed files",
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u32,
    task: String,
    split: Split,
    classes: usize,
    digest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    framing: Option<Framing>,
}

impl Header {
    fn of(metadata: &Metadata, split: Split, content: Content) -> Result<Self, String> {
        let text = metadata.metadata().as_ref().and_then(|pairs| pairs.get(content.key()));
        let text = text.ok_or_else(|| format!("a safetensors file, but not one of {}", content.name()))?;
        let header: Self =
            serde_json::from_str(text).map_err(|error| format!("unreadable header: {error}"))?;
        if header.format != FORMAT {
            return Err(format!("format {}; this version reads format {FORMAT}", header.format));
        }
        if header.split != split {
            return Err(format!("holds the {} split instead of {}", header.split.name(), split.name()));
        }
        Ok(header)
    }

    fn check_digest(&self, digest: &str) -> Result<(), String> {
        if digest == self.digest {
            Ok(())
        } else {
            Err("damaged: the content does not match its digest".to_owned())
        }
    }
}

/// A split as tensors: names, types, shapes and bytes.
pub(super) struct Unpacked<'a> {
    pub(super) content: Content,
    pub(super) task: &'a str,
    pub(super) classes: usize,
    /// Digest of the split's content.
    pub(super) digest: String,
    pub(super) tensors: Vec<(&'static str, Dtype, Vec<usize>, &'a [u8])>,
}

/// Writes a split as `dir/<split>.safetensors`, making the folder if needed.
pub(super) fn write(dir: &Path, split: Split, unpacked: Unpacked<'_>) -> Result<(), DataError> {
    fs::create_dir_all(dir).map_err(DataError::io("make the folder", dir))?;
    let path = split_path(dir, split);
    let header = Header {
        format: FORMAT,
        task: unpacked.task.to_owned(),
        split,
        classes: unpacked.classes,
        digest: unpacked.digest,
        framing: None,
    };
    let packed = |problem: String| DataError::Packed { path: path.clone(), problem };
    let laid_out = |error| packed(format!("cannot be laid out: {error}"));
    let mut tensors = Vec::with_capacity(unpacked.tensors.len());
    for (name, dtype, shape, bytes) in unpacked.tensors {
        tensors.push((name, TensorView::new(dtype, shape, bytes).map_err(laid_out)?));
    }
    let text = serde_json::to_string(&header).map_err(|error| packed(format!("header: {error}")))?;
    let metadata = [(unpacked.content.key().to_owned(), text)].into();
    let bytes = safetensors::serialize(tensors, Some(metadata)).map_err(laid_out)?;
    write_whole(&path, &bytes)
}

/// A split as tensors, the last of which is too large for the memory.
pub(super) struct Streamed<'a> {
    pub(super) content: Content,
    pub(super) task: &'a str,
    pub(super) classes: usize,
    /// Digest of the split's content.
    pub(super) digest: String,
    pub(super) framing: Framing,
    pub(super) tensors: Vec<(&'static str, Dtype, Vec<usize>, &'a [u8])>,
    /// The last tensor: its name, and how many bytes `write_last` writes.
    pub(super) last: (&'static str, u64),
}

/// Writes a split as [`write`] does, with a last tensor that `write_last` appends.
pub(super) fn write_streamed(
    dir: &Path,
    split: Split,
    streamed: Streamed<'_>,
    write_last: &mut dyn FnMut(&mut fs::File) -> std::io::Result<()>,
) -> Result<(), DataError> {
    let path = split_path(dir, split);
    let packed = |problem: String| DataError::Packed { path: path.clone(), problem };
    let header = Header {
        format: FORMAT,
        task: streamed.task.to_owned(),
        split,
        classes: streamed.classes,
        digest: streamed.digest,
        framing: Some(streamed.framing),
    };
    let text = serde_json::to_string(&header).map_err(|error| packed(format!("header: {error}")))?;
    let mut end = 0;
    let mut place = |length: usize| {
        end += length;
        (end - length, end)
    };
    let (name, length) = streamed.last;
    let mut infos: Vec<(String, TensorInfo)> = Vec::with_capacity(streamed.tensors.len() + 1);
    for (name, dtype, shape, bytes) in &streamed.tensors {
        let data_offsets = place(bytes.len());
        infos.push(((*name).to_owned(), TensorInfo { dtype: *dtype, shape: shape.clone(), data_offsets }));
    }
    let data_offsets = place(length as usize);
    infos
        .push((name.to_owned(), TensorInfo { dtype: Dtype::U8, shape: vec![length as usize], data_offsets }));
    let metadata = Some([(streamed.content.key().to_owned(), text)].into());
    let laid_out = |error: String| packed(format!("cannot be laid out: {error}"));
    let metadata = Metadata::new(metadata, infos).map_err(|error| laid_out(error.to_string()))?;
    let mut text = serde_json::to_vec(&metadata).map_err(|error| laid_out(error.to_string()))?;
    // The format wants tensors to begin at a multiple of eight.
    text.resize(text.len().next_multiple_of(8), b' ');
    write_with(&path, &mut |file| {
        let mut head = (text.len() as u64).to_le_bytes().to_vec();
        head.extend(&text);
        streamed.tensors.iter().for_each(|(.., bytes)| head.extend(*bytes));
        file.write_all(&head)?;
        write_last(file)?;
        let total = head.len() as u64 + length;
        if file.metadata()?.len() == total { Ok(()) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
    })
}

/// Reads a split's file and passes it to `parse`, whose complaint becomes an error with the file's name.
pub(super) fn read<T>(
    dir: &Path,
    split: Split,
    content: Content,
    parse: impl FnOnce(&Packed<'_>) -> Result<T, String>,
) -> Result<T, DataError> {
    let path = split_path(dir, split);
    let bytes = fs::read(&path).map_err(DataError::io("read", &path))?;
    Packed::open(&bytes, split, content)
        .and_then(|packed| parse(&packed))
        .map_err(|problem| DataError::Packed { path, problem })
}

/// A packed file that has been read.
pub(super) struct Packed<'a> {
    header: Header,
    tensors: SafeTensors<'a>,
}

impl<'a> Packed<'a> {
    fn open(bytes: &'a [u8], split: Split, content: Content) -> Result<Self, String> {
        let damaged = |error: safetensors::SafeTensorError| format!("not a whole safetensors file ({error})");
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
        Ok(Self { header: Header::of(&metadata, split, content)?, tensors })
    }

    /// Number of classes of the task.
    pub(super) fn classes(&self) -> usize {
        self.header.classes
    }

    /// A tensor of the given type.
    pub(super) fn tensor(&self, name: &str, dtype: Dtype) -> Result<TensorView<'a>, String> {
        let view = self.tensors.tensor(name).map_err(|_| format!("has no tensor `{name}`"))?;
        if view.dtype() == dtype {
            Ok(view)
        } else {
            Err(format!("`{name}` has the type {:?}", view.dtype()))
        }
    }

    /// Whether what was made of the tensors is what was written.
    pub(super) fn check_digest(&self, digest: &str) -> Result<(), String> {
        self.header.check_digest(digest)
    }
}

/// A packed file of which only parts are read: a test split can be larger than the memory, and its pictures are asked
/// for by the handful.
pub(super) struct Opened {
    file: fs::File,
    content: Content,
    header: Header,
    metadata: Metadata,
    /// Where the tensors begin.
    start: u64,
}

impl Opened {
    fn open(path: &Path, split: Split, contents: &[Content]) -> Result<Self, Trouble> {
        let mut file = fs::File::open(path)?;
        let mut length = [0; 8];
        file.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        let total = file.metadata()?.len();
        if length > total.saturating_sub(8) {
            return Err(Trouble::Content("not a whole safetensors file (its header is cut off)".to_owned()));
        }
        let mut text = Vec::new();
        (&mut file).take(length).read_to_end(&mut text)?;
        let metadata: Metadata = serde_json::from_slice(&text)
            .map_err(|error| format!("not a whole safetensors file ({error})"))?;
        let start = 8 + length;
        if start.checked_add(metadata.data_len() as u64) != Some(total) {
            return Err(Trouble::Content(
                "not a whole safetensors file (its tensors are cut off)".to_owned(),
            ));
        }
        let named = metadata.metadata().as_ref();
        let has = |content: &&Content| named.is_some_and(|pairs| pairs.contains_key(content.key()));
        // Where it is none of them, the error names the first.
        let content = contents.iter().find(has).or(contents.first()).copied();
        let content = content.ok_or_else(|| "was opened as nothing".to_owned())?;
        Ok(Self { file, content, header: Header::of(&metadata, split, content)?, metadata, start })
    }

    /// What the file holds.
    pub(super) fn content(&self) -> Content {
        self.content
    }

    /// Number of classes of the task.
    pub(super) fn classes(&self) -> usize {
        self.header.classes
    }

    /// How the pictures of packed files are seen.
    pub(super) fn framing(&self) -> Option<Framing> {
        self.header.framing
    }

    /// Whether what was made of the tensors is what was written.
    pub(super) fn check_digest(&self, digest: &str) -> Result<(), String> {
        self.header.check_digest(digest)
    }

    /// Where the bytes of a tensor begin in the file.
    pub(super) fn position(&self, name: &str) -> u64 {
        self.start + self.metadata.info(name).map_or(0, |info| info.data_offsets.0 as u64)
    }

    /// The file itself.
    pub(super) fn into_file(self) -> fs::File {
        self.file
    }

    /// The shape of a tensor of the given type.
    pub(super) fn shape(&self, name: &str, dtype: Dtype) -> Result<&[usize], Trouble> {
        let info = self.metadata.info(name).ok_or_else(|| format!("has no tensor `{name}`"))?;
        if info.dtype != dtype {
            return Err(Trouble::Content(format!("`{name}` has the type {:?}", info.dtype)));
        }
        Ok(&info.shape)
    }

    /// The bytes of some of the items of a tensor, which are counted along its first dimension.
    pub(super) fn items(
        &mut self,
        name: &str,
        dtype: Dtype,
        items: Range<usize>,
    ) -> Result<Vec<u8>, Trouble> {
        let count = self.shape(name, dtype)?.first().copied().unwrap_or(0);
        let (first, last) = self.metadata.info(name).map_or((0, 0), |info| info.data_offsets);
        if items.start > items.end || items.end > count {
            return Err(Trouble::Content(format!("`{name}` has {count} items but not {items:?}")));
        }
        let item = (last - first) / count.max(1);
        self.file.seek(SeekFrom::Start(self.start + (first + items.start * item) as u64))?;
        let mut bytes = vec![0; items.len() * item];
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// Why a part of a file could not be read.
pub(super) enum Trouble {
    /// The system refused.
    System(std::io::Error),
    /// The file is not what it should be.
    Content(String),
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self::System(error)
    }
}

impl From<String> for Trouble {
    fn from(problem: String) -> Self {
        Self::Content(problem)
    }
}

/// Opens a split's file, which must hold one of `contents`, and passes it to `read`, whose trouble becomes an error with the
/// file's name.
pub(super) fn open<T>(
    dir: &Path,
    split: Split,
    contents: &[Content],
    read: impl FnOnce(Opened) -> Result<T, Trouble>,
) -> Result<T, DataError> {
    let path = split_path(dir, split);
    Opened::open(&path, split, contents).and_then(read).map_err(|trouble| match trouble {
        Trouble::System(cause) => DataError::io("read", &path)(cause),
        Trouble::Content(problem) => DataError::Packed { path, problem },
    })
}

fn split_path(dir: &Path, split: Split) -> PathBuf {
    dir.join(format!("{}.safetensors", split.name()))
}

/// Writes a task's description as `dir/task.json`.
pub(super) fn write_info(dir: &Path, info: &impl Serialize) -> Result<(), DataError> {
    let path = dir.join(INFO);
    let mut text = serde_json::to_vec_pretty(info).map_err(|error| DataError::Packed {
        path: path.clone(),
        problem: format!("description: {error}"),
    })?;
    text.push(b'\n');
    write_whole(&path, &text)
}

/// Reads `dir/task.json` and checks it.
pub(super) fn read_info<T: DeserializeOwned>(
    dir: &Path,
    check: impl FnOnce(&T) -> Result<(), DataError>,
) -> Result<T, DataError> {
    let path = dir.join(INFO);
    let bytes = fs::read(&path).map_err(DataError::io("read", &path))?;
    let info: Result<T, _> = serde_json::from_slice(&bytes);
    let problem = match info {
        Ok(info) => match check(&info) {
            Ok(()) => return Ok(info),
            Err(error) => error.to_string(),
        },
        Err(error) => format!("not a task description: {error}"),
    };
    Err(DataError::Packed { path, problem })
}

fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    write_with(path, &mut |file| file.write_all(bytes))
}

/// Writes beside the goal and renames, so that no reader ever sees half a file.
fn write_with(
    path: &Path,
    content: &mut dyn FnMut(&mut fs::File) -> std::io::Result<()>,
) -> Result<(), DataError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = path.with_file_name(name);
    let mut write = || {
        let mut file = fs::File::create(&partial)?;
        content(&mut file)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().map_err(|cause| {
        // The first error is the one to report.
        let _ = fs::remove_file(&partial);
        DataError::io("write", path)(cause)
    })
}
