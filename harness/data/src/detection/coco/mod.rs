//! Data sets in the layout of COCO, as a folder, a `.tar` or a `.tar.gz`.
//!
//! ```text
//! annotations/instances_<set>.json
//! <set>/<file name>
//! ```
//!
//! Both may lie below any one folder. Categories become classes 0, 1, … in order of their id (COCO's 80 ids lie
//! between 1 and 90), crowds keep their flag and pictures without objects stay. Boxes are `[x, y, width, height]`
//! from 0 and become corners. The annotation file is parsed as it is read, and segments are passed over: of the
//! 450 MB of `instances_train2017.json` less than 100 stay.

mod json;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use self::json::{Annotation, Category, Dataset};
use super::load::{self, Listed, Listing, file_error};
use super::{DetectionData, Object, Options, Report, Validation, area};
use crate::DataError;
use crate::files::{Files, is_picture};

const EXPECTED: &str = "annotations/instances_<set>.json and <set>/<picture>, below any one folder";

/// Reads a task. Boxes without area and boxes that stick out by more than a pixel are left out and counted in the
/// report; those that stick out by at most a pixel are cut at the picture's edge and counted, too. Pictures are sorted
/// by file name.
///
/// # Errors
/// [`DataError::Io`] and [`DataError::Unreadable`] if something cannot be read; [`DataError::Layout`] if a set is not
/// there; [`DataError::File`] for an annotation file that is no JSON of the expected form, refers to a picture or a
/// category that it does not list, or lists an id twice, and for the first picture that is missing, broken, or in two
/// splits; and [`DataError::Option`] for options without sense.
pub fn load(path: &Path, options: &Options) -> Result<(DetectionData, Report), DataError> {
    options.check()?;
    let files = Files::open(path)?;
    let validation = match &options.validation {
        Validation::Lists(lists) => lists.as_slice(),
        Validation::None | Validation::Fraction { .. } => &[],
    };
    let wanted: BTreeSet<&str> =
        [&options.train, validation, &options.test].into_iter().flatten().map(String::as_str).collect();
    let sets = Sets::find(&files, &wanted)?;
    let mut report = Report::default();
    let mut list = |names: &[String]| -> Result<Vec<Listed>, DataError> {
        let mut listed = Vec::new();
        for name in names {
            sets.list(&files, name, &mut report, &mut listed)?;
        }
        Ok(listed)
    };
    let (train, validation, test) = (list(&options.train)?, list(validation)?, list(&options.test)?);
    let classes = sets.categories.iter().map(|category| category.name.clone()).collect();
    let listing = load::divide(&files, Listing { classes, train, validation, test }, options)?;
    let task = load::read(&files, listing, options, &mut report)?;
    Ok((task, report))
}

/// The annotation files of the sets that are asked for, and which pictures there are.
struct Sets {
    /// Folder and content by the set's name.
    annotated: BTreeMap<String, (String, Dataset)>,
    pictures: BTreeSet<String>,
    /// The same in all sets, sorted by id.
    categories: Vec<Category>,
}

/// Path of a set's annotation file.
fn annotation_path(folder: &str, set: &str) -> String {
    format!("{folder}annotations/instances_{set}.json")
}

impl Sets {
    fn find(files: &Files, wanted: &BTreeSet<&str>) -> Result<Self, DataError> {
        let mut sets = Self { annotated: BTreeMap::new(), pictures: BTreeSet::new(), categories: Vec::new() };
        let layout =
            |problem| DataError::Layout { path: files.root().to_path_buf(), problem, expected: EXPECTED };
        let mut known = Vec::new();
        files.visit(&mut |visited| {
            let path = visited.path().to_owned();
            let (above, name) = path.rsplit_once('/').unwrap_or(("", &path));
            if is_picture(name) {
                sets.pictures.insert(path);
                return Ok(());
            }
            let folder =
                above.strip_suffix("annotations").filter(|folder| folder.is_empty() || folder.ends_with('/'));
            let set = name.strip_prefix("instances_").and_then(|name| name.strip_suffix(".json"));
            let (Some(folder), Some(set)) = (folder, set) else { return Ok(()) };
            known.push(set.to_owned());
            if !wanted.contains(set) {
                return Ok(());
            }
            let dataset = visited
                .read(|reader, _| json::parse(reader).map_err(|problem| file_error(files, &path, problem)))?;
            sets.annotated
                .insert(set.to_owned(), (folder.to_owned(), dataset))
                .map_or(Ok(()), |_| Err(layout(format!("the set `{set}` is there twice"))))
        })?;
        if let Some(missing) = wanted.iter().find(|set| !sets.annotated.contains_key(**set)) {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(layout(format!("no annotations of the set `{missing}`; there are those of {known}")));
        }
        sets.agree_on_categories(files)?;
        Ok(sets)
    }

    /// Sorts the categories, and sees to it that all sets have the same.
    fn agree_on_categories(&mut self, files: &Files) -> Result<(), DataError> {
        for (set, (folder, dataset)) in &mut self.annotated {
            let complain = |problem: String| Err(file_error(files, &annotation_path(folder, set), problem));
            let categories = &mut dataset.categories;
            categories.sort_by_key(|category| category.id);
            if let Some(pair) = categories.windows(2).find(|pair| pair[0].id == pair[1].id) {
                return complain(format!("the category id {} is there twice", pair[0].id));
            }
            if categories.is_empty() {
                return complain("there are no categories".to_owned());
            }
            if self.categories.is_empty() {
                self.categories.clone_from(categories);
            } else if self.categories != *categories {
                return complain("the categories are not those of the other sets".to_owned());
            }
        }
        Ok(())
    }

    /// Adds the pictures of a set with their objects.
    fn list(
        &self,
        files: &Files,
        set: &str,
        report: &mut Report,
        listed: &mut Vec<Listed>,
    ) -> Result<(), DataError> {
        let (folder, dataset) = &self.annotated[set];
        let file = annotation_path(folder, set);
        let complain = |problem: String| Err(file_error(files, &file, problem));
        let first = listed.len();
        let mut places = HashMap::with_capacity(dataset.images.len());
        for image in &dataset.images {
            if places.insert(image.id, listed.len()).is_some() {
                return complain(format!("the image id {} is there twice", image.id));
            }
            let path = format!("{folder}{set}/{}", image.file_name);
            if !self.pictures.contains(&path) {
                return complain(format!("image {} should be {path}, which is not there", image.id));
            }
            if image.width == 0 || image.height == 0 {
                return complain(format!("image {} has {}x{} pixels", image.id, image.width, image.height));
            }
            let size = [image.width, image.height];
            listed.push(Listed { name: image.file_name.clone(), path, size, objects: Vec::new() });
        }
        if listed.len() == first {
            return complain("there are no images".to_owned());
        }
        let mut seen = BTreeSet::new();
        for annotation in &dataset.annotations {
            let Annotation { id, image_id, category_id, .. } = *annotation;
            if !seen.insert(id) {
                return complain(format!("the annotation id {id} is there twice"));
            }
            let Some(&place) = places.get(&image_id) else {
                return complain(format!("annotation {id} is of image {image_id}, which is not listed"));
            };
            let Ok(class) = self.categories.binary_search_by_key(&category_id, |category| category.id) else {
                return complain(format!(
                    "annotation {id} is of category {category_id}, which is not listed"
                ));
            };
            let picture = &mut listed[place];
            let case = || format!("{file}, annotation {id} in {}: {:?}", picture.name, annotation.bbox);
            let [left, top, width, height] = annotation.bbox;
            let corners = [left, top, left + width, top + height];
            if let Some(corners) = report.take(corners, picture.size, case) {
                // Some tools write an area of 0 when they mean that they know of none.
                let area = annotation.area.filter(|area| *area > 0.0).unwrap_or_else(|| area(corners));
                let crowd = annotation.iscrowd != 0;
                picture.objects.push(Object { class: class as u16, corners, area, difficult: false, crowd });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
