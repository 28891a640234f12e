//! Stanford Cars: names of classes and annotations are in MAT-files.

use super::super::draft::{Draft, Format};
use super::super::tree::Tree;
use crate::mat::{self, Array, Value};
use crate::{DataError, Split};

pub(super) const FORMAT: Format = Format {
    metadata: &["devkit/cars_meta.mat", "devkit/cars_train_annos.mat", "cars_test_annos_withlabels.mat"],
    read,
};

/// Annotations of 8,144 pictures take 11 MB.
const MEMORY: usize = 32 << 20;

fn read(tree: &Tree<'_>) -> Result<Draft, DataError> {
    let devkit = tree.need("devkit/cars_train_annos.mat")?;
    let file = format!("{devkit}devkit/cars_meta.mat");
    let classes = in_file(tree, &file, MEMORY, |variables| {
        let Value::Cells(cells) = &mat::variable(variables, "class_names")?.value else {
            return Err("has `class_names` that are no cells".to_owned());
        };
        cells.iter().map(|cell| cell.line().map(str::to_owned)).collect()
    })?;
    let mut draft = Draft::of(classes);
    for (split, folder, list) in [
        (Split::Train, "cars_train/", "devkit/cars_train_annos.mat"),
        (Split::Test, "cars_test/", "cars_test_annos_withlabels.mat"),
    ] {
        let file = tree.need(list)? + list;
        let pictures = tree.need(folder)? + folder;
        let annotations =
            in_file(tree, &file, MEMORY, |variables| annotations(mat::variable(variables, "annotations")?))?;
        for (picture, class) in annotations {
            let Some(label) = class.checked_sub(1) else {
                return Err(tree.file_error(&file, format!("gives {picture} the class 0; they begin at 1")));
            };
            draft.add(split, format!("{folder}{picture}"), label, format!("{pictures}{picture}"));
        }
    }
    Ok(draft)
}

/// File and class, from 1, of each annotation.
fn annotations(array: &Array) -> Result<Vec<(String, usize)>, String> {
    let names = array.field("fname")?;
    let classes = array.field("class")?;
    names
        .into_iter()
        .zip(classes)
        .map(|(name, class)| match class.counts()?[..] {
            [class] => Ok((name.line()?.to_owned(), class as usize)),
            _ => Err("has an annotation with several classes".to_owned()),
        })
        .collect()
}

/// Makes something of the variables of a MAT-file, which may take so many bytes.
pub(super) fn in_file<T>(
    tree: &Tree<'_>,
    file: &str,
    memory: usize,
    make: impl FnOnce(&[(String, Array)]) -> Result<T, String>,
) -> Result<T, DataError> {
    let bytes = tree.bytes(file)?;
    mat::read(&mut bytes.as_slice(), &|_| true, memory)
        .and_then(|variables| make(&variables))
        .map_err(|problem| tree.file_error(file, problem))
}
