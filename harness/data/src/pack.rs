//! Tasks as files: one folder with what is trained and chosen on, another with what is scored on.
//!
//! The test split has a folder of its own so that a process can be kept from reading it. Each split is one
//! safetensors file with the tensors `pixels` (u8, `[count, channels, height, width]`) and `labels` (u16, `[count]`),
//! and a header that holds the number of classes and a digest of the content. The bytes follow from the task alone.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use crate::check::{check_info, check_pictures};
use crate::digest::digest_pictures;
use crate::{DataError, Pictures, Split, TaskData, TaskInfo};

/// Format of the packed files; a reader refuses any other.
const FORMAT: u32 = 1;
const INFO: &str = "task.json";
/// The only key in the header's metadata: with several, their order would not be fixed.
const KEY: &str = "secateur";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u32,
    task: String,
    split: Split,
    classes: usize,
    digest: String,
}

/// Writes the training and validation splits and the description of a task into `dir`, making it if needed.
///
/// # Errors
/// [`DataError::Inconsistent`] if the task does not fit together, [`DataError::Io`] if a file cannot be written.
pub fn write_trainval(dir: &Path, task: &TaskData) -> Result<(), DataError> {
    write(dir, Split::Train, &task.train, &task.info)?;
    write(dir, Split::Validation, &task.validation, &task.info)
}

/// Writes the test split and the description of a task into `dir`, making it if needed.
///
/// # Errors
/// As [`write_trainval`].
pub fn write_test(dir: &Path, task: &TaskData) -> Result<(), DataError> {
    write(dir, Split::Test, &task.test, &task.info)
}

/// Writes one split as `dir/<split>.safetensors`, and `dir/task.json`.
///
/// # Errors
/// As [`write_trainval`].
pub fn write(dir: &Path, split: Split, pictures: &Pictures, info: &TaskInfo) -> Result<(), DataError> {
    check_pictures(info, split, pictures)?;
    fs::create_dir_all(dir).map_err(DataError::io("make the folder", dir))?;
    let path = split_path(dir, split);
    let header = Header {
        format: FORMAT,
        task: info.id.clone(),
        split,
        classes: info.classes.len(),
        digest: digest_pictures(pictures),
    };
    let [channels, height, width] = pictures.shape;
    let labels: Vec<u8> = pictures.labels.iter().flat_map(|label| label.to_le_bytes()).collect();
    let packed = |problem: String| DataError::Packed { path: path.clone(), problem };
    let view = |dtype, shape, bytes| {
        TensorView::new(dtype, shape, bytes).map_err(|error| packed(format!("cannot be laid out: {error}")))
    };
    let count = pictures.len();
    let tensors = [
        ("labels", view(Dtype::U16, vec![count], &labels)?),
        ("pixels", view(Dtype::U8, vec![count, channels, height, width], &pictures.pixels)?),
    ];
    let text = serde_json::to_string(&header).map_err(|error| packed(format!("header: {error}")))?;
    let metadata = [(KEY.to_owned(), text)].into();
    let bytes = safetensors::serialize(tensors, Some(metadata))
        .map_err(|error| packed(format!("cannot be laid out: {error}")))?;
    write_whole(&path, &bytes)?;

    let mut text =
        serde_json::to_vec_pretty(info).map_err(|error| packed(format!("description: {error}")))?;
    text.push(b'\n');
    write_whole(&dir.join(INFO), &text)
}

/// Reads one split back, and checks it against the digest it was written with.
///
/// # Errors
/// [`DataError::Io`] if the file cannot be read, [`DataError::Packed`] if it is truncated, damaged or something else.
pub fn read_split(dir: &Path, split: Split) -> Result<Pictures, DataError> {
    let path = split_path(dir, split);
    let bytes = fs::read(&path).map_err(DataError::io("read", &path))?;
    parse(&bytes, split).map_err(|problem| DataError::Packed { path, problem })
}

/// Reads the description of a packed task.
///
/// # Errors
/// [`DataError::Io`] if the file cannot be read, [`DataError::Packed`] if it is not a description.
pub fn read_info(dir: &Path) -> Result<TaskInfo, DataError> {
    let path = dir.join(INFO);
    let bytes = fs::read(&path).map_err(DataError::io("read", &path))?;
    let info: Result<TaskInfo, _> = serde_json::from_slice(&bytes);
    let problem = match info {
        Ok(info) => match check_info(&info) {
            Ok(()) => return Ok(info),
            Err(error) => error.to_string(),
        },
        Err(error) => format!("not a task description: {error}"),
    };
    Err(DataError::Packed { path, problem })
}

fn split_path(dir: &Path, split: Split) -> PathBuf {
    dir.join(format!("{}.safetensors", split.name()))
}

fn parse(bytes: &[u8], split: Split) -> Result<Pictures, String> {
    let damaged = |error: safetensors::SafeTensorError| format!("not a whole safetensors file ({error})");
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let text = metadata.metadata().as_ref().and_then(|pairs| pairs.get(KEY));
    let text = text.ok_or("a safetensors file, but not one of packed pictures")?;
    let header: Header = serde_json::from_str(text).map_err(|error| format!("unreadable header: {error}"))?;
    if header.format != FORMAT {
        return Err(format!("format {}; this version reads format {FORMAT}", header.format));
    }
    if header.split != split {
        return Err(format!("holds the {} split instead of {}", header.split.name(), split.name()));
    }
    let tensor = |name: &str, dtype: Dtype| {
        let view = tensors.tensor(name).map_err(|_| format!("has no tensor `{name}`"))?;
        if view.dtype() == dtype {
            Ok(view)
        } else {
            Err(format!("`{name}` has the type {:?}", view.dtype()))
        }
    };
    let (labels, pixels) = (tensor("labels", Dtype::U16)?, tensor("pixels", Dtype::U8)?);
    let &[count, channels, height, width] = pixels.shape() else {
        return Err(format!("`pixels` has the shape {:?} instead of four dimensions", pixels.shape()));
    };
    if labels.shape() != [count] {
        return Err(format!("{count} pictures but labels of shape {:?}", labels.shape()));
    }
    let pictures = Pictures {
        shape: [channels, height, width],
        pixels: pixels.data().to_vec(),
        labels: labels.data().as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect(),
    };
    if let Some(label) = pictures.labels.iter().find(|label| usize::from(**label) >= header.classes) {
        return Err(format!("label {label} of {} classes", header.classes));
    }
    if digest_pictures(&pictures) != header.digest {
        return Err("damaged: the content does not match its digest".to_owned());
    }
    Ok(pictures)
}

/// Writes beside the goal and renames, so that no reader ever sees half a file.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = path.with_file_name(name);
    let write = || {
        let mut file = fs::File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().map_err(|cause| {
        // The first error is the one to report.
        let _ = fs::remove_file(&partial);
        DataError::io("write", path)(cause)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated;

    fn task() -> TaskData {
        generated::generate_first("generated/relations", 5, 16, 9).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let (trainval, test) = (folder.path().join("a/trainval"), folder.path().join("test"));
        let task = task();
        write_trainval(&trainval, &task).unwrap();
        write_test(&test, &task).unwrap();
        assert_eq!(read_info(&trainval).unwrap(), task.info);
        assert_eq!(read_info(&test).unwrap(), task.info);
        assert_eq!(read_split(&trainval, Split::Train).unwrap(), task.train);
        assert_eq!(read_split(&trainval, Split::Validation).unwrap(), task.validation);
        assert_eq!(read_split(&test, Split::Test).unwrap(), task.test);
        // The training folder says nothing of the test split.
        assert!(matches!(read_split(&trainval, Split::Test), Err(DataError::Io { .. })));
        assert_eq!(fs::read_dir(&trainval).unwrap().count(), 3);
    }

    #[test]
    fn bytes_are_the_same_every_time() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str| {
            let dir = folder.path().join(name);
            write_trainval(&dir, &task()).unwrap();
            fs::read(dir.join("train.safetensors")).unwrap()
        };
        assert_eq!(read("a"), read("b"));
    }

    #[test]
    fn damage_is_reported_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        write_trainval(folder.path(), &task()).unwrap();
        let path = folder.path().join("train.safetensors");
        let whole = fs::read(&path).unwrap();
        let complaint = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            read_split(folder.path(), Split::Train).unwrap_err().to_string()
        };
        for length in [0, 5, 100, whole.len() - 1] {
            let text = complaint(&whole[..length]);
            assert!(text.contains("train.safetensors: not a whole safetensors file"), "{text}");
        }
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 4;
        assert!(complaint(&flipped).contains("does not match its digest"));
        fs::copy(folder.path().join("validation.safetensors"), &path).unwrap();
        let text = read_split(folder.path(), Split::Train).unwrap_err().to_string();
        assert!(text.contains("holds the validation split instead of train"), "{text}");
        fs::write(folder.path().join(INFO), b"{}").unwrap();
        assert!(
            read_info(folder.path()).unwrap_err().to_string().contains("task.json: not a task description")
        );
    }
}
