//! Tasks from folders of pictures, `{train,test}/<class>/<picture>.{jpg,jpeg,png}`, unpacked or as a `.tar`, `.tar.gz` or `.zip`.
//!
//! A folder `val` (or `valid`, or `validation`) beside the two has the validation split; where there is no `test`, it is what is
//! scored on, as ImageNet's is. Pictures are sorted by name and so are classes, so nothing depends on the order of a file system or
//! an archive, and a folder and the archive made of it give the same task. Pictures without labels lie anywhere below a folder.

mod survey;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use secateur_metrics::ClassificationMetric;

pub use self::survey::Survey;
pub use crate::files::digest_source;
pub use crate::listing::Validation;
use crate::listing::{Listing, Loaded, check_side};
use crate::{DataError, Pictures, Split, TaskData};

/// Version of this loader; it grows when the same files give other pictures.
pub const VERSION: u32 = 2;

/// How pictures become a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The task's identifier, for example `folder/cifar10-jpeg`.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// One sentence on the classes.
    pub summary: String,
    /// Metric by which the task is judged.
    pub metric: ClassificationMetric,
    /// Mean of each channel on the scale `[0, 1]`.
    pub mean: [f32; 3],
    /// Standard deviation of each channel on the scale `[0, 1]`.
    pub std: [f32; 3],
    /// Side in pixels to which [`load`] resizes pictures (the shorter side, bilinear as PIL does it; then the middle is cut
    /// out). Without it pictures stay as they are and must all have one size.
    pub side: Option<u32>,
    /// How the validation split is made.
    pub validation: Validation,
    /// Leave out pictures that cannot be decoded, and count them, in place of failing.
    pub skip_broken: bool,
    /// Whether pictures have labels. Without, all that lie below the folder, at any depth, are to train on, and of one class.
    pub labelled: bool,
}

impl Options {
    /// Options for a task: sizes as they are, mean and deviation 0.5, top-1, a tenth of each class for validation.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            title: id.to_owned(),
            summary: "Pictures from a folder.".to_owned(),
            metric: ClassificationMetric::Top1,
            mean: [0.5; 3],
            std: [0.5; 3],
            side: None,
            validation: Validation::Fraction { fraction: 0.1, seed: 0 },
            skip_broken: false,
            labelled: true,
        }
    }
}

/// What happened while a folder was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Number of pictures in the task.
    pub pictures: usize,
    /// Pictures left out because they could not be decoded, by name; empty unless `skip_broken` is set.
    pub broken: Vec<String>,
    /// Number of files that are no pictures by their name (for example `labels.txt`).
    pub other_files: usize,
    /// Number of pictures with one gray channel, which was repeated.
    pub gray: usize,
    /// Number of pictures that were resized.
    pub resized: usize,
}

/// Reads a task. See [`load_with_report`] for what was left out.
///
/// # Errors
/// As [`load_with_report`].
pub fn load(path: &Path, options: &Options) -> Result<TaskData, DataError> {
    load_with_report(path, options).map(|(task, _)| task)
}

/// Lists the pictures of a folder or an archive, without decoding any.
///
/// # Errors
/// As [`Survey::of`] and [`Survey::listing`].
pub fn list(path: &Path, options: &Options) -> Result<Listing, DataError> {
    survey(path, options)?.listing(options, &BTreeSet::new())
}

/// Reads a task from a folder, a `.tar`, a `.tar.gz` or a `.zip`, decoding on all of rayon's threads.
///
/// Beside the decoded pictures only a small batch of files is in memory; an archive is gone through twice.
///
/// # Errors
/// As [`list`]; [`DataError::Picture`] for the first picture (by name) that is broken, and [`DataError::Sizes`] if
/// pictures differ in size.
pub fn load_with_report(path: &Path, options: &Options) -> Result<(TaskData, LoadReport), DataError> {
    let survey = survey(path, options)?;
    let mut listing = survey.as_found(options, &BTreeSet::new())?;
    let mut broken: BTreeMap<String, String> = BTreeMap::new();
    let Loaded { pictures, gray, resized } = listing.load(options.side, &mut |split, index, problem| {
        broken.insert(listing.split(split)[index].name.clone(), problem);
        Ok(())
    })?;
    if !options.skip_broken
        && let Some((file, problem)) = broken.first_key_value()
    {
        let (file, problem) = (file.clone(), problem.clone());
        return Err(DataError::Picture { path: path.to_path_buf(), file, problem });
    }
    let broken: BTreeSet<String> = broken.into_keys().collect();
    if !broken.is_empty() {
        listing = survey.as_found(options, &broken)?;
    }
    let report = LoadReport {
        pictures: pictures.iter().map(Pictures::len).sum(),
        broken: broken.into_iter().collect(),
        other_files: survey.other_files,
        gray,
        resized,
    };
    // Only now is it known which pictures there are to choose from.
    let held = listing.hold_out(options.validation)?;
    let [mut train, mut validation, mut test] = pictures;
    move_held(&mut train, &mut validation, &held);
    // Without its broken pictures a class may be gone, so that others have smaller labels.
    train.labels = listing.labels(Split::Train);
    validation.labels = listing.labels(Split::Validation);
    test.labels = listing.labels(Split::Test);
    let task = TaskData { info: listing.info, train, validation, test };
    task.check()?;
    Ok((task, report))
}

fn survey(path: &Path, options: &Options) -> Result<Survey, DataError> {
    if options.labelled { Survey::of(path) } else { Survey::unlabelled(path) }
}

/// Moves the pixels of some training pictures behind those of the validation split.
fn move_held(train: &mut Pictures, validation: &mut Pictures, held: &[bool]) {
    let row = train.shape.iter().product::<usize>();
    let mut kept = 0;
    for (from, held) in held.iter().enumerate() {
        let range = from * row..(from + 1) * row;
        if *held {
            validation.pixels.extend_from_slice(&train.pixels[range]);
        } else {
            train.pixels.copy_within(range, kept * row);
            kept += 1;
        }
    }
    train.pixels.truncate(kept * row);
}

fn check_options(options: &Options) -> Result<(), DataError> {
    let complain = |option, problem: String| Err(DataError::Option { option, problem });
    check_side("side", options.side)?;
    if let Validation::Fraction { fraction, .. } = options.validation
        && !(fraction > 0.0 && fraction < 1.0)
    {
        return complain("validation", format!("a fraction of {fraction}; it must be between 0 and 1"));
    }
    if options.std.iter().any(|value| !(value.is_finite() && *value > 0.0)) {
        return complain("std", format!("{:?}; all three must be positive", options.std));
    }
    if options.mean.iter().any(|value| !value.is_finite()) {
        return complain("mean", format!("{:?}; all three must be numbers", options.mean));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
