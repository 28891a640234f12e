//! Packs of detection tasks.

use std::ops::Range;
use std::path::Path;

use safetensors::tensor::Dtype;

use super::container::{self, Content, Opened, Packed, Trouble, Unpacked};
use crate::check::{check_detection_info, check_scenes, scenes_problem};
use crate::detection::{DetectionData, DetectionInfo, Object, Objects, Scenes};
use crate::digest::digest_scenes;
use crate::{DataError, Split};

/// Writes the training and validation splits and the description of a detection task into `dir`, making it if
/// needed.
///
/// # Errors
/// [`DataError::Inconsistent`] if the task does not fit together, [`DataError::Io`] if a file cannot be written.
pub fn write_detection_trainval(dir: &Path, task: &DetectionData) -> Result<(), DataError> {
    write_detection(dir, Split::Train, &task.train, &task.info)?;
    write_detection(dir, Split::Validation, &task.validation, &task.info)
}

/// Writes the test split and the description of a detection task into `dir`, making it if needed.
///
/// # Errors
/// As [`write_detection_trainval`].
pub fn write_detection_test(dir: &Path, task: &DetectionData) -> Result<(), DataError> {
    write_detection(dir, Split::Test, &task.test, &task.info)
}

/// Writes one split as `dir/<split>.safetensors`, and `dir/task.json`.
///
/// # Errors
/// As [`write_detection_trainval`].
pub fn write_detection(
    dir: &Path,
    split: Split,
    scenes: &Scenes,
    info: &DetectionInfo,
) -> Result<(), DataError> {
    check_scenes(info, split, scenes)?;
    let [channels, height, width] = scenes.shape;
    let (count, found) = (scenes.len(), scenes.objects.len());
    let Objects { classes, boxes, areas, difficult, crowd } = &scenes.objects;
    let sizes = bytes(scenes.sizes.as_flattened(), u32::to_le_bytes);
    let names = scenes.names.concat();
    let ends: Vec<u64> = ends(scenes.names.iter().map(String::len)).collect();
    let ends = bytes(&ends, u64::to_le_bytes);
    let offsets: Vec<u64> = scenes.offsets.iter().map(|offset| *offset as u64).collect();
    let offsets = bytes(&offsets, u64::to_le_bytes);
    let classes = bytes(classes, u16::to_le_bytes);
    let boxes = bytes(boxes.as_flattened(), f64::to_le_bytes);
    let areas = bytes(areas, f64::to_le_bytes);
    let difficult = bytes(difficult, |flag| [u8::from(flag)]);
    let crowd = bytes(crowd, |flag| [u8::from(flag)]);
    let unpacked = Unpacked {
        content: Content::Scenes,
        task: &info.id,
        classes: info.classes.len(),
        digest: digest_scenes(scenes),
        tensors: vec![
            ("pixels", Dtype::U8, vec![count, channels, height, width], &scenes.pixels),
            ("sizes", Dtype::U32, vec![count, 2], &sizes),
            ("names", Dtype::U8, vec![names.len()], names.as_bytes()),
            ("name_ends", Dtype::U64, vec![count], &ends),
            ("offsets", Dtype::U64, vec![count + 1], &offsets),
            ("classes", Dtype::U16, vec![found], &classes),
            ("boxes", Dtype::F64, vec![found, 4], &boxes),
            ("areas", Dtype::F64, vec![found], &areas),
            ("difficult", Dtype::BOOL, vec![found], &difficult),
            ("crowd", Dtype::BOOL, vec![found], &crowd),
        ],
    };
    container::write(dir, split, unpacked)?;
    container::write_info(dir, info)
}

/// Reads one split of a detection task back, and checks it against the digest it was written with.
///
/// # Errors
/// [`DataError::Io`] if the file cannot be read, [`DataError::Packed`] if it is truncated, damaged or something else.
pub fn read_detection_split(dir: &Path, split: Split) -> Result<Scenes, DataError> {
    container::read(dir, split, Content::Scenes, parse)
}

/// Reads some pictures of a split with their objects: those that `choose` names when it is told how many there are, in
/// its order. Nothing else of the file is read, so its digest is not checked: this is for showing, not for scoring.
///
/// # Errors
/// As [`read_detection_split`]; also if there is no picture of a chosen number.
pub fn read_detection_pictures(
    dir: &Path,
    split: Split,
    choose: impl FnOnce(usize) -> Vec<usize>,
) -> Result<Scenes, DataError> {
    container::open(dir, split, &[Content::Scenes], |opened| pick(opened, choose))
}

fn pick(mut file: Opened, choose: impl FnOnce(usize) -> Vec<usize>) -> Result<Scenes, Trouble> {
    let &[count, channels, height, width] = file.shape("pixels", Dtype::U8)? else {
        return Err(Trouble::Content("`pixels` has not four dimensions".to_owned()));
    };
    let mut lengths = |name: &str, length: usize| -> Result<Vec<usize>, Trouble> {
        let bytes = file.items(name, Dtype::U64, 0..length)?;
        let values: Vec<usize> =
            values(&bytes, u64::from_le_bytes).into_iter().map(|value| value as usize).collect();
        // Items of no bytes can be as many as a number holds.
        if values.len() == length {
            Ok(values)
        } else {
            Err(Trouble::Content(format!("`{name}` has {} numbers instead of {length}", values.len())))
        }
    };
    let (offsets, ends) = (lengths("offsets", one_more(count)?)?, lengths("name_ends", count)?);
    let mut scenes = Scenes::empty([channels, height, width]);
    for picture in choose(count) {
        if picture >= count {
            return Err(Trouble::Content(format!("has {count} pictures, and none with number {picture}")));
        }
        scenes.pixels.extend(file.items("pixels", Dtype::U8, picture..picture + 1)?);
        let start = picture.checked_sub(1).map_or(0, |before| ends[before]);
        let name = file.items("names", Dtype::U8, start..ends[picture])?;
        let name = names(&name, &[name.len()])?.concat();
        let size = values(&file.items("sizes", Dtype::U32, picture..picture + 1)?, u32::from_le_bytes);
        let &[across, down] = size.as_slice() else {
            return Err(Trouble::Content("`sizes` has not two columns".to_owned()));
        };
        let objects = pick_objects(&mut file, offsets[picture]..offsets[picture + 1])?;
        scenes.push(name, [across, down], objects);
    }
    match scenes_problem(file.classes(), channels, &scenes) {
        None => Ok(scenes),
        Some(problem) => Err(Trouble::Content(problem)),
    }
}

fn pick_objects(file: &mut Opened, range: Range<usize>) -> Result<Vec<Object>, Trouble> {
    let classes = values(&file.items("classes", Dtype::U16, range.clone())?, u16::from_le_bytes);
    let corners = values(&file.items("boxes", Dtype::F64, range.clone())?, f64::from_le_bytes);
    let areas = values(&file.items("areas", Dtype::F64, range.clone())?, f64::from_le_bytes);
    if corners.len() != 4 * classes.len() {
        return Err(Trouble::Content("`boxes` has not four columns".to_owned()));
    }
    let difficult = file.items("difficult", Dtype::BOOL, range.clone())?;
    let crowd = file.items("crowd", Dtype::BOOL, range)?;
    let objects = classes.iter().zip(corners.as_chunks().0).zip(&areas).zip(difficult.iter().zip(&crowd));
    let objects = objects.map(|(((class, corners), area), (difficult, crowd))| Object {
        class: *class,
        corners: *corners,
        area: *area,
        difficult: *difficult != 0,
        crowd: *crowd != 0,
    });
    Ok(objects.collect())
}

/// Reads the description of a packed detection task.
///
/// # Errors
/// [`DataError::Io`] if the file cannot be read, [`DataError::Packed`] if it is not a description.
pub fn read_detection_info(dir: &Path) -> Result<DetectionInfo, DataError> {
    container::read_info(dir, check_detection_info)
}

fn parse(packed: &Packed<'_>) -> Result<Scenes, String> {
    let pixels = packed.tensor("pixels", Dtype::U8)?;
    let &[count, channels, height, width] = pixels.shape() else {
        return Err(format!("`pixels` has the shape {:?} instead of four dimensions", pixels.shape()));
    };
    let numbers = |name: &str, dtype: Dtype, expected: &[usize]| {
        let view = packed.tensor(name, dtype)?;
        if view.shape() == expected {
            Ok(view.data())
        } else {
            Err(format!("`{name}` has the shape {:?} instead of {expected:?}", view.shape()))
        }
    };
    let lengths = |name: &str, length: usize| -> Result<Vec<usize>, String> {
        let values = values(numbers(name, Dtype::U64, &[length])?, u64::from_le_bytes);
        let fits = |value: u64| usize::try_from(value).map_err(|_| format!("`{name}` holds {value}"));
        values.into_iter().map(fits).collect()
    };
    let offsets = lengths("offsets", one_more(count)?)?;
    let found = offsets[count];
    let flags =
        |name: &str| Ok::<_, String>(values(numbers(name, Dtype::BOOL, &[found])?, |[flag]| flag != 0));
    let scenes = Scenes {
        shape: [channels, height, width],
        pixels: pixels.data().to_vec(),
        names: names(packed.tensor("names", Dtype::U8)?.data(), &lengths("name_ends", count)?)?,
        sizes: values(numbers("sizes", Dtype::U32, &[count, 2])?, u32::from_le_bytes).as_chunks().0.to_vec(),
        objects: Objects {
            classes: values(numbers("classes", Dtype::U16, &[found])?, u16::from_le_bytes),
            boxes: values(numbers("boxes", Dtype::F64, &[found, 4])?, f64::from_le_bytes)
                .as_chunks()
                .0
                .to_vec(),
            areas: values(numbers("areas", Dtype::F64, &[found])?, f64::from_le_bytes),
            difficult: flags("difficult")?,
            crowd: flags("crowd")?,
        },
        offsets,
    };
    packed.check_digest(&digest_scenes(&scenes))?;
    match scenes_problem(packed.classes(), channels, &scenes) {
        None => Ok(scenes),
        Some(problem) => Err(problem),
    }
}

/// Number of offsets that divide the objects of so many pictures.
fn one_more(pictures: usize) -> Result<usize, String> {
    pictures.checked_add(1).ok_or_else(|| format!("`pixels` has {pictures} pictures"))
}

/// Names from their bytes, one after the other, and where each ends.
fn names(bytes: &[u8], ends: &[usize]) -> Result<Vec<String>, String> {
    let mut start = 0;
    let name = |&end: &usize| {
        let name = bytes.get(start..end).and_then(|name| std::str::from_utf8(name).ok());
        start = end;
        name.map(str::to_owned).ok_or_else(|| "`names` and `name_ends` do not fit together".to_owned())
    };
    ends.iter().map(name).collect()
}

fn ends(lengths: impl Iterator<Item = usize>) -> impl Iterator<Item = u64> {
    lengths.scan(0, |end, length| {
        *end += length as u64;
        Some(*end)
    })
}

fn bytes<T: Copy, const N: usize>(values: &[T], encode: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|value| encode(*value)).collect()
}

fn values<T, const N: usize>(bytes: &[u8], decode: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| decode(*chunk)).collect()
}

#[cfg(test)]
mod tests;
