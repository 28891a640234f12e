//! CIFAR-10 and CIFAR-100: records of a label and the pixels of 32x32 pictures, all red, then green, then blue. Of the
//! two forms in which they are published, the binary one is read where both are there.

use std::io::Read;

use super::super::draft::{Claim, Draft, Drafted, Format};
use super::super::tree::Tree;
use super::cifar_pickles;
use super::lines::lines;
use crate::files::skip;
use crate::listing::Located;
use crate::listing::raw::{Order, RawFile, RawShape, Wrap};
use crate::{DataError, Split};

pub(super) const FORMAT_10: Format = Format {
    metadata: &["cifar-10-batches-bin/batches.meta.txt", "cifar-10-batches-py/batches.meta"],
    read: read_10,
};
pub(super) const FORMAT_100: Format =
    Format { metadata: &["cifar-100-binary/fine_label_names.txt", "cifar-100-python/meta"], read: read_100 };

pub(super) const SHAPE: RawShape = RawShape { channels: 3, height: 32, width: 32, order: Order::Rows };
pub(super) const PIXELS: u64 = 3072;

/// A file with more records than this is none of CIFAR.
const MOST_RECORDS: u64 = 1 << 17;

/// How a set is laid out in both forms.
pub(super) struct Layout {
    binary: &'static str,
    binary_names: &'static str,
    pub(super) python: &'static str,
    pub(super) python_names: &'static str,
    /// Keys of the pickles: of the names of classes, and of the labels.
    pub(super) names_key: &'static str,
    pub(super) labels_key: &'static str,
    /// Bytes before the pixels, of which the last is the label.
    labels: u64,
    pub(super) files: &'static [(&'static str, Split)],
}

const CIFAR_10: Layout = Layout {
    binary: "cifar-10-batches-bin/",
    binary_names: "batches.meta.txt",
    python: "cifar-10-batches-py/",
    python_names: "batches.meta",
    names_key: "label_names",
    labels_key: "labels",
    labels: 1,
    files: &[
        ("data_batch_1", Split::Train),
        ("data_batch_2", Split::Train),
        ("data_batch_3", Split::Train),
        ("data_batch_4", Split::Train),
        ("data_batch_5", Split::Train),
        ("test_batch", Split::Test),
    ],
};

const CIFAR_100: Layout = Layout {
    binary: "cifar-100-binary/",
    binary_names: "fine_label_names.txt",
    python: "cifar-100-python/",
    python_names: "meta",
    names_key: "fine_label_names",
    labels_key: "fine_labels",
    // The coarse class comes first.
    labels: 2,
    files: &[("train", Split::Train), ("test", Split::Test)],
};

fn read_10(tree: &Tree<'_>) -> Result<Draft, DataError> {
    read(tree, &CIFAR_10)
}

fn read_100(tree: &Tree<'_>) -> Result<Draft, DataError> {
    read(tree, &CIFAR_100)
}

fn read(tree: &Tree<'_>, layout: &Layout) -> Result<Draft, DataError> {
    match (tree.base(layout.binary)?, tree.base(layout.python)?) {
        (Some(base), _) => read_binary(tree, layout, &(base + layout.binary)),
        (None, Some(base)) => cifar_pickles::read(tree, layout, &(base + layout.python)),
        (None, None) => {
            let what = format!("`{}` or `{}`", layout.binary, layout.python);
            Err(tree.absent(&what, &tree.how(&[layout.binary])))
        }
    }
}

/// The files of a form, which must all be there. `ending` is what stands behind their names.
pub(super) fn located(
    tree: &Tree<'_>,
    layout: &Layout,
    folder: &str,
    ending: &str,
) -> Result<Vec<Located>, DataError> {
    let paths = layout.files.iter().map(|(name, _)| format!("{folder}{name}{ending}"));
    paths
        .map(|path| {
            if tree.is_twice(&path) {
                return Err(tree.file_error(&path, "is in the archive twice"));
            }
            tree.find(&path).ok_or_else(|| tree.absent(&format!("`{path}`"), &tree.how(&[folder])))
        })
        .collect()
}

fn read_binary(tree: &Tree<'_>, layout: &Layout, folder: &str) -> Result<Draft, DataError> {
    let names = lines(tree, &format!("{folder}{}", layout.binary_names))?;
    let mut draft = Draft::of(names.into_iter().map(|(_, name)| name).collect());
    let files = located(tree, layout, folder, ".bin")?;
    let record = layout.labels + PIXELS;
    let mut labels: Vec<Vec<u8>> = vec![Vec::new(); files.len()];
    tree.source.scan(&files, &mut |file, visited| {
        visited.read(|reader, length| {
            let path = &files[file].0;
            if length % record != 0 || length / record > MOST_RECORDS {
                let problem = format!("has {length} bytes, which are no records of {record}");
                return Err(tree.file_error(path, problem));
            }
            labels[file] = record_labels(reader, length / record, layout.labels)
                .map_err(|error| tree.file_error(path, format!("cannot be read to its end ({error})")))?;
            Ok(())
        })
    })?;
    for ((file, located), labels) in files.into_iter().enumerate().zip(labels) {
        let (name, split) = layout.files[file];
        for (index, label) in labels.into_iter().enumerate() {
            let offset = index as u64 * record + layout.labels;
            draft.split_mut(split).push(record_of(name, index, label.into(), file, offset));
        }
        draft.raw.push(RawFile { path: located.0, archive: located.1, wrap: Wrap::None, shape: SHAPE });
    }
    Ok(draft)
}

/// A picture of a batch.
pub(super) fn record_of(batch: &str, index: usize, label: usize, file: usize, offset: u64) -> Drafted {
    Drafted { name: format!("{batch}/{index:05}"), label, claim: Claim::Raw { file, offset } }
}

/// The labels of so many records.
fn record_labels(reader: &mut dyn Read, records: u64, labels: u64) -> std::io::Result<Vec<u8>> {
    let mut found = Vec::new();
    for _ in 0..records {
        skip(reader, labels - 1)?;
        let mut label = [0];
        reader.read_exact(&mut label)?;
        found.extend(label);
        skip(reader, PIXELS)?;
    }
    Ok(found)
}
