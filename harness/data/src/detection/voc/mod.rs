//! Data sets in the layout of the PASCAL VOC devkit, as a folder, a `.tar` or a `.tar.gz`.
//!
//! ```text
//! Annotations/<name>.xml             size of the picture, and its objects
//! ImageSets/Main/<list>.txt          one name a line
//! JPEGImages/<name>.{jpg,jpeg,png}
//! ```
//!
//! The three folders may lie below any others, and there may be several such groups, as `VOC2007` and `VOC2012` in
//! `VOCdevkit`. Boxes are written as first and last pixel, counted from 1; `[xmin, ymin, xmax, ymax]` becomes
//! `[xmin - 1, ymin - 1, xmax, ymax]`. Read literally, equal first and last pixels are a box of one pixel, but what
//! writes them is a click in an annotator's tool that treats them as corners: such boxes count as empty.

mod annotation;
mod layout;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;

use self::annotation::{Annotation, Found};
use self::layout::{Entry, Layout};
use super::load::{self, Listed, Listing, file_error};
use super::{DetectionData, Object, Options, Report, Validation, area};
use crate::DataError;
use crate::files::Files;

/// Reads a task. Boxes that are empty or stick out by more than a pixel are left out and counted in the report;
/// those that stick out by at most a pixel are cut at the picture's edge and counted, too.
///
/// Classes are in the order of `classes`, or of their names if none are given. Pictures are sorted by name.
///
/// # Errors
/// [`DataError::Io`] and [`DataError::Unreadable`] if something cannot be read; [`DataError::Layout`] if the folders
/// or a list are not there; [`DataError::File`] for the first annotation or picture that is missing or broken, says
/// nothing of its size, has an object without a name or of an unknown class, or stands in two splits; and
/// [`DataError::Option`] for options without sense.
pub fn load(
    path: &Path,
    options: &Options,
    classes: Option<&[String]>,
) -> Result<(DetectionData, Report), DataError> {
    options.check()?;
    let files = Files::open(path)?;
    let layout = Layout::find(&files)?;
    let train = layout.entries(&options.train)?;
    let validation = match &options.validation {
        Validation::Lists(lists) => layout.entries(lists)?,
        Validation::None | Validation::Fraction { .. } => Vec::new(),
    };
    let test = layout.entries(&options.test)?;
    let all: BTreeSet<&Entry> = train.iter().chain(&validation).chain(&test).collect();
    let annotations = annotations(&files, &layout, &all)?;
    let classes = match classes {
        Some(classes) => classes.to_vec(),
        None => class_names(&train, &annotations),
    };
    let mut report = Report::default();
    let mut list = |entries: &[Entry]| -> Result<Vec<Listed>, DataError> {
        let listed = |entry| listed(&files, &layout, entry, &annotations[entry], &classes, &mut report);
        entries.iter().map(listed).collect()
    };
    let (train, validation, test) = (list(&train)?, list(&validation)?, list(&test)?);
    let listing = load::divide(&files, Listing { classes, train, validation, test }, options)?;
    let task = load::read(&files, listing, options, &mut report)?;
    Ok((task, report))
}

/// Parses the annotations of all listed pictures.
fn annotations<'a>(
    files: &Files,
    layout: &Layout,
    entries: &BTreeSet<&'a Entry>,
) -> Result<BTreeMap<&'a Entry, Annotation>, DataError> {
    let parsed: Vec<_> = entries
        .par_iter()
        .map(|entry| {
            let file = layout.annotation_path(entry);
            let missing = || file_error(files, &file, "listed, but not there".to_owned());
            let text = layout.annotation(entry).ok_or_else(missing)?;
            annotation::parse(text).map_err(|problem| file_error(files, &file, problem))
        })
        .collect();
    entries.iter().zip(parsed).map(|(entry, annotation)| Ok((*entry, annotation?))).collect()
}

/// Names of the classes that are trained on, sorted.
fn class_names(train: &[Entry], annotations: &BTreeMap<&Entry, Annotation>) -> Vec<String> {
    let objects = train.iter().flat_map(|entry| &annotations[entry].objects);
    let names: BTreeSet<&str> = objects.map(|object| object.name.as_str()).collect();
    names.into_iter().map(str::to_owned).collect()
}

fn listed(
    files: &Files,
    layout: &Layout,
    entry: &Entry,
    annotation: &Annotation,
    classes: &[String],
    report: &mut Report,
) -> Result<Listed, DataError> {
    let file = layout.annotation_path(entry);
    let path = layout.picture(entry).ok_or_else(|| {
        file_error(files, &file, format!("there is no picture JPEGImages/{}.jpg to it", entry.name))
    })?;
    let mut objects = Vec::with_capacity(annotation.objects.len());
    for (index, found) in annotation.objects.iter().enumerate() {
        let class = classes.iter().position(|class| *class == found.name).ok_or_else(|| {
            let problem =
                format!("object {} is a `{}`; the classes are {}", index + 1, found.name, classes.join(", "));
            file_error(files, &file, problem)
        })?;
        if let Some(corners) =
            corners(found, annotation.size, report, &format!("{file}, object {}", index + 1))
        {
            let area = area(corners);
            objects.push(Object {
                class: class as u16,
                corners,
                area,
                difficult: found.difficult,
                crowd: false,
            });
        }
    }
    let name = layout.display_name(entry);
    Ok(Listed { name, path: path.to_owned(), size: annotation.size, objects })
}

/// The box in continuous coordinates from 0, if it can be taken.
fn corners(found: &Found, size: [u32; 2], report: &mut Report, place: &str) -> Option<[f64; 4]> {
    let Some([left, top, right, bottom]) = found.corners else {
        report.incomplete(|| format!("{place} ({})", found.name));
        return None;
    };
    let case = || format!("{place} ({}): {left}, {top} to {right}, {bottom}", found.name);
    // An empty box stays empty; see the note on equal pixels above.
    let first = |low: f64, high: f64| if high <= low { low } else { low - 1.0 };
    report.take([first(left, right), first(top, bottom), right, bottom], size, case)
}

#[cfg(test)]
mod tests;
