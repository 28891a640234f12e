//! The Python form of CIFAR: pickles of dictionaries with an array. They are read by the interpreter that reads
//! checkpoints, which knows how to make an array of bytes and can call nothing else.

use secateur_checkpoint::{ParseError, PickledDict};

use super::super::draft::Draft;
use super::super::tree::Tree;
use super::cifar::{Layout, PIXELS, SHAPE, located, record_of};
use crate::DataError;
use crate::listing::raw::{RawFile, Wrap};

/// The training pictures of CIFAR-100 have 155 MB.
const LARGEST: u64 = 192 << 20;

pub(super) fn read(tree: &Tree<'_>, layout: &Layout, folder: &str) -> Result<Draft, DataError> {
    let names = format!("{folder}{}", layout.python_names);
    let bytes = tree.bytes(&names)?;
    let classes = class_names(&bytes, layout).map_err(|problem| tree.file_error(&names, problem))?;
    let mut draft = Draft::of(classes);
    let files = located(tree, layout, folder, "")?;
    let mut batches: Vec<(Vec<i64>, u64)> = vec![Default::default(); files.len()];
    tree.source.scan(&files, &mut |file, visited| {
        let bytes = visited.bytes_up_to(LARGEST)?;
        batches[file] = batch(&bytes, layout).map_err(|problem| tree.file_error(&files[file].0, problem))?;
        Ok(())
    })?;
    for ((file, located), (labels, start)) in files.into_iter().enumerate().zip(batches) {
        let (name, split) = layout.files[file];
        for (index, label) in labels.into_iter().enumerate() {
            // What is negative is no label, and is refused like one that is too large.
            let label = usize::try_from(label).unwrap_or(usize::MAX);
            let offset = start + index as u64 * PIXELS;
            draft.split_mut(split).push(record_of(name, index, label, file, offset));
        }
        draft.raw.push(RawFile { path: located.0, archive: located.1, wrap: Wrap::None, shape: SHAPE });
    }
    Ok(draft)
}

fn class_names(bytes: &[u8], layout: &Layout) -> Result<Vec<String>, String> {
    let dict = PickledDict::parse(bytes).map_err(problem)?;
    let names = dict.texts(layout.names_key).map_err(problem)?;
    Ok(names.into_iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect())
}

/// The labels of a batch, and where in the file its pixels begin.
fn batch(bytes: &[u8], layout: &Layout) -> Result<(Vec<i64>, u64), String> {
    let dict = PickledDict::parse(bytes).map_err(problem)?;
    let labels = dict.integers(layout.labels_key).map_err(problem)?;
    let array = dict.array("data").map_err(problem)?;
    if array.dtype != "u1" || array.shape != [labels.len(), PIXELS as usize] {
        return Err(format!(
            "has pixels of type {} and shape {:?} for {} labels; expected u1 and {PIXELS} for each",
            array.dtype,
            array.shape,
            labels.len()
        ));
    }
    Ok((labels, array.offset as u64))
}

fn problem(error: ParseError) -> String {
    match error {
        ParseError::ForbiddenGlobal { global } => {
            format!("is a pickle that asks for `{global}`, which is not allowed because it could run code")
        }
        error => format!("is no pickle of this set: {error}"),
    }
}
