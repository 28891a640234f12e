//! From an official set to a task of pictures of one size.

use std::path::Path;

use super::catalogue::Entry;
use super::listing::{Options, list};
use crate::listing::check_side;
use crate::{DataError, Pictures, TaskData};

/// What happened while a set was loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Number of pictures in the task.
    pub pictures: usize,
    /// Number of pictures with one gray channel, which was repeated.
    pub gray: usize,
    /// Number of pictures that were resized.
    pub resized: usize,
}

/// Loads a set that lies in `folder`. With `side` the shorter side of every picture is resized to it (bilinear, as PIL does) and
/// the middle is cut out; without it all pictures must have one size already. All decoded pictures are in memory in the end, and a batch
/// of files beside them.
///
/// # Errors
/// As [`list`]; [`DataError::File`] for the first picture that cannot be decoded, and [`DataError::Sizes`] if pictures differ in
/// size and no side is given.
pub fn load(
    folder: &Path,
    entry: &Entry,
    options: &Options,
    side: Option<u32>,
) -> Result<(TaskData, LoadReport), DataError> {
    check_side("side", side)?;
    let listing = list(folder, entry, options)?;
    let loaded = listing.load(side, &mut |split, index, problem| {
        Err(DataError::File {
            path: folder.to_path_buf(),
            file: listing.split(split)[index].name.clone(),
            problem: format!("cannot be decoded ({problem}); get the official release again"),
        })
    })?;
    let pictures = loaded.pictures.iter().map(Pictures::len).sum();
    let report = LoadReport { pictures, gray: loaded.gray, resized: loaded.resized };
    let [train, validation, test] = loaded.pictures;
    let task = TaskData { info: listing.info, train, validation, test };
    task.check()?;
    Ok((task, report))
}
