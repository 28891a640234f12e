//! Tasks as files: one folder with what is trained and chosen on, another with what is scored on.
//!
//! The test split has a folder of its own so that a process can be kept from reading it. Each split is one
//! safetensors file with a header that holds the number of classes and a digest of the content. The bytes follow
//! from the task alone.
//!
//! | tensors of labelled pictures | type | shape |
//! |---|---|---|
//! | `pixels` | u8 | `[count, channels, height, width]` |
//! | `labels` | u16 | `[count]` |
//!
//! | tensors of files | type | shape |
//! |---|---|---|
//! | `ends` | u64 | `[count]`, where each file ends in `files` |
//! | `names`, `name_ends` | u8, u64 | as of scenes |
//! | `labels` | u16 | `[count]` |
//! | `digests` | u8 | `[count, 32]`, BLAKE3 of each file |
//! | `files` | u8 | the bytes of all files |
//!
//! | tensors of scenes | type | shape |
//! |---|---|---|
//! | `pixels` | u8 | `[count, channels, height, width]` |
//! | `sizes` | u32 | `[count, 2]`, width and height of the originals |
//! | `names`, `name_ends` | u8, u64 | UTF-8 bytes of all names, and where each ends, `[count]` |
//! | `offsets` | u64 | `[count + 1]`; the objects of picture `k` are `offsets[k]..offsets[k + 1]` |
//! | `classes`, `boxes`, `areas` | u16, f64, f64 | `[objects]`, `[objects, 4]`, `[objects]` |
//! | `difficult`, `crowd` | bool | `[objects]` |

mod container;
mod files;
mod scenes;

use std::path::Path;

use safetensors::tensor::Dtype;
use serde::Deserialize;

use self::container::{Content, Packed, Trouble, Unpacked};
pub use self::files::{FilesReport, Framing, PackedFiles, read_files, write_files};
pub use self::scenes::{
    read_detection_info, read_detection_pictures, read_detection_split, write_detection,
    write_detection_test, write_detection_trainval,
};
use crate::check::{check_detection_info, check_info, check_pictures};
use crate::detection::DetectionInfo;
use crate::digest::digest_pictures;
use crate::{DataError, Pictures, Split, TaskData, TaskInfo};

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
    let [channels, height, width] = pictures.shape;
    let count = pictures.len();
    let labels: Vec<u8> = pictures.labels.iter().flat_map(|label| label.to_le_bytes()).collect();
    let unpacked = Unpacked {
        content: Content::Pictures,
        task: &info.id,
        classes: info.classes.len(),
        digest: digest_pictures(pictures),
        tensors: vec![
            ("labels", Dtype::U16, vec![count], &labels),
            ("pixels", Dtype::U8, vec![count, channels, height, width], &pictures.pixels),
        ],
    };
    container::write(dir, split, unpacked)?;
    container::write_info(dir, info)
}

/// Reads one split back, and checks it against the digest it was written with.
///
/// # Errors
/// [`DataError::Io`] if the file cannot be read, [`DataError::Packed`] if it is truncated, damaged or something else.
pub fn read_split(dir: &Path, split: Split) -> Result<Pictures, DataError> {
    container::read(dir, split, Content::Pictures, parse)
}

/// Reads the description of a packed task.
///
/// # Errors
/// [`DataError::Io`] if the file cannot be read, [`DataError::Packed`] if it is not a description.
pub fn read_info(dir: &Path) -> Result<TaskInfo, DataError> {
    container::read_info(dir, check_info)
}

/// What a packed task is, whatever it asks of a network.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum AnyInfo {
    /// One class for each picture.
    Classes(TaskInfo),
    /// Objects in boxes.
    Boxes(DetectionInfo),
}

impl AnyInfo {
    /// Identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Classes(info) => &info.id,
            Self::Boxes(info) => &info.id,
        }
    }

    /// Number of classes, without a background.
    #[must_use]
    pub fn classes(&self) -> usize {
        match self {
            Self::Classes(info) => info.classes.len(),
            Self::Boxes(info) => info.classes.len(),
        }
    }
}

/// Reads the description of a packed task of either kind.
///
/// # Errors
/// [`DataError::Io`] if the file cannot be read, [`DataError::Packed`] if it is not a description.
pub fn read_any_info(dir: &Path) -> Result<AnyInfo, DataError> {
    container::read_info(dir, |info| match info {
        AnyInfo::Classes(info) => check_info(info),
        AnyInfo::Boxes(info) => check_detection_info(info),
    })
}

/// Channels, height and width of the pictures of a split of either kind, without reading them.
///
/// # Errors
/// [`DataError::Io`] if the file cannot be read, [`DataError::Packed`] if its head is damaged or something else.
pub fn read_shape(dir: &Path, split: Split) -> Result<[usize; 3], DataError> {
    let contents = match read_any_info(dir)? {
        AnyInfo::Classes(_) => LABELLED,
        AnyInfo::Boxes(_) => &[Content::Scenes],
    };
    container::open(dir, split, contents, |opened| {
        if let Some(framing) = opened.framing() {
            let side = framing.side as usize;
            return Ok([3, side, side]);
        }
        match *opened.shape("pixels", Dtype::U8)? {
            [_, channels, height, width] => Ok([channels, height, width]),
            _ => Err(Trouble::Content("`pixels` has not four dimensions".to_owned())),
        }
    })
}

/// A packed split of pictures with one label each.
#[derive(Debug)]
pub enum Labelled {
    /// Pixels of one size, in memory.
    Pixels(Pictures),
    /// Files, to be read one by one.
    Files(PackedFiles),
}

/// What such a split can be packed as.
const LABELLED: &[Content] = &[Content::Pictures, Content::Files];

/// Reads a split of labelled pictures, whatever was kept of them.
///
/// # Errors
/// As [`read_split`].
pub fn read_labelled(dir: &Path, split: Split) -> Result<Labelled, DataError> {
    let content = container::open(dir, split, LABELLED, |opened| Ok(opened.content()))?;
    Ok(match content {
        Content::Files => Labelled::Files(read_files(dir, split)?),
        Content::Pictures | Content::Scenes => Labelled::Pixels(read_split(dir, split)?),
    })
}

fn parse(packed: &Packed<'_>) -> Result<Pictures, String> {
    let (labels, pixels) = (packed.tensor("labels", Dtype::U16)?, packed.tensor("pixels", Dtype::U8)?);
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
    if let Some(label) = pictures.labels.iter().find(|label| usize::from(**label) >= packed.classes()) {
        return Err(format!("label {label} of {} classes", packed.classes()));
    }
    packed.check_digest(&digest_pictures(&pictures))?;
    Ok(pictures)
}

#[cfg(test)]
mod tests {
    use std::fs;

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
        assert_eq!(read_any_info(&test).unwrap(), AnyInfo::Classes(task.info));
        assert_eq!(read_shape(&test, Split::Test).unwrap(), [3, 16, 16]);
    }

    #[test]
    fn the_kind_of_a_task_is_known_from_its_description() {
        let folder = tempfile::tempdir().unwrap();
        let task = generated::generate_detection_first("generated/figures", 5, 32, 3).unwrap();
        write_detection_test(folder.path(), &task).unwrap();
        let info = read_any_info(folder.path()).unwrap();
        assert_eq!((info.id(), info.classes()), ("generated/figures", task.info.classes.len()));
        assert_eq!(info, AnyInfo::Boxes(task.info));
        assert_eq!(read_shape(folder.path(), Split::Test).unwrap(), [3, 32, 32]);
        let path = folder.path().join("test.safetensors");
        fs::write(&path, b"short").unwrap();
        assert!(matches!(read_shape(folder.path(), Split::Test), Err(DataError::Io { .. })));
        fs::write(&path, [8, 0, 0, 0, 0, 0, 0, 0, b'{', b'}', b' ', b' ', b' ', b' ', b' ', b' ']).unwrap();
        assert!(matches!(read_shape(folder.path(), Split::Test), Err(DataError::Packed { .. })));
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

    /// The bytes as the first release of the format wrote them; stores hold results that depend on them.
    #[test]
    fn bytes_are_those_of_the_format() {
        let folder = tempfile::tempdir().unwrap();
        write_trainval(folder.path(), &task()).unwrap();
        let digest = |file: &str| crate::folder::digest_source(&folder.path().join(file)).unwrap();
        let train = "7aaa7685d7aee354616078f32d6c7f76c3e22c015a029d04896d16075c80a65e";
        assert_eq!(digest("train.safetensors"), train);
        assert_eq!(digest("task.json"), "75191fc6347e432c1b504ebe6fcfb93969a9be63a977ad63e36ce1ee0bdc159c");
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
        fs::write(folder.path().join("task.json"), b"{}").unwrap();
        assert!(
            read_info(folder.path()).unwrap_err().to_string().contains("task.json: not a task description")
        );
    }
}
