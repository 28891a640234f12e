//! Which files of a folder or an archive are pictures of which class.

use std::fs;
use std::path::Path;

use super::decode::{Decoded, File};
use crate::DataError;
use crate::files::{Batch, Files, entries, is_picture};

pub(super) fn layout(path: &Path, problem: String) -> DataError {
    DataError::Layout {
        path: path.to_path_buf(),
        problem,
        expected: "{train,test}/<class>/<picture>.{jpg,jpeg,png}",
    }
}

/// Adds a file to a batch, and decodes the batch when it is full.
fn add(batch: &mut Batch<File>, file: File, decoded: &mut Decoded) {
    let bytes = file.bytes.len();
    if let Some(files) = batch.add(file, bytes) {
        decoded.add(&files);
    }
}

/// Reads an unpacked folder.
pub(super) fn read_folder(root: &Path, decoded: &mut Decoded) -> Result<(), DataError> {
    let mut batch = Batch::new();
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
                add(&mut batch, File { test, class: class.clone(), name, bytes }, decoded);
            }
        }
    }
    decoded.add(&batch.take());
    Ok(())
}

/// Reads a `.tar` or `.tar.gz` in one pass. Files may lie below one common folder.
pub(super) fn read_archive(path: &Path, decoded: &mut Decoded) -> Result<(), DataError> {
    let mut batch = Batch::new();
    let mut prefix: Option<String> = None;
    Files::open(path)?.visit(&mut |visited| {
        let inner = visited.path().to_owned();
        let parts: Vec<&str> = inner.split('/').collect();
        let Some(&name) = parts.last().filter(|name| is_picture(name)) else {
            decoded.other_files += 1;
            return Ok(());
        };
        let bytes = visited.bytes()?;
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
        let file = File { test, class: class.to_owned(), name: name.to_owned(), bytes };
        add(&mut batch, file, decoded);
        Ok(())
    })?;
    decoded.add(&batch.take());
    Ok(())
}
