//! Which files of a folder or an archive are pictures of which class and split.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Options, VERSION, check_options};
use crate::files::{Files, entries, is_picture, visit_archive};
use crate::listing::{Listed, Listing, Place, Source};
use crate::{DataError, Split, TaskInfo};

const TRAIN: &str = "train";
const TEST: &str = "test";
/// The one class of pictures without labels.
const UNLABELLED: &str = "pictures";
/// What the folder of pictures to choose on may be called.
const VALIDATION: [&str; 3] = ["val", "valid", "validation"];

/// The pictures of a folder or an archive by split and class, as they are found there.
pub struct Survey {
    path: PathBuf,
    packed: bool,
    labelled: bool,
    /// Sorted by name.
    found: Vec<Found>,
    /// Number of files that are no pictures by their names, for example `labels.txt`.
    pub other_files: usize,
}

struct Found {
    /// Path from the split's folder on, with forward slashes.
    name: String,
    /// What stands before that in an archive.
    prefix: String,
    split: Split,
    class: String,
}

impl Survey {
    /// Looks at a folder or an archive, without decoding anything.
    ///
    /// # Errors
    /// [`DataError::Io`] and [`DataError::Unreadable`] if something cannot be read, [`DataError::Layout`] if it is not
    /// arranged by split and class.
    pub fn of(path: &Path) -> Result<Self, DataError> {
        let mut survey = Self::empty(path, true)?;
        let folders = if survey.packed { survey.add_archive()? } else { survey.add_folder()? };
        survey.name_splits(&folders)?;
        survey.sorted()
    }

    /// Looks at a folder or an archive whose pictures have no labels: all of them, at any depth, are of one class and to train on. Names
    /// are paths below the folder that all pictures have in common, so that it does not matter whether an archive has that folder.
    ///
    /// # Errors
    /// [`DataError::Io`] and [`DataError::Unreadable`] if something cannot be read, [`DataError::Layout`] if an archive has a
    /// picture twice.
    pub fn unlabelled(path: &Path) -> Result<Self, DataError> {
        let mut survey = Self::empty(path, false)?;
        Files::open(path)?.visit(&mut |visited| {
            let name = visited.path();
            if !is_picture(name.rsplit('/').next().unwrap_or(name)) {
                survey.other_files += 1;
                return Ok(());
            }
            if !visited.is_regular() {
                let problem = format!("`{name}` is a link or a special file, not a picture");
                return Err(DataError::Unreadable { path: path.to_path_buf(), problem });
            }
            let (name, class) = (name.to_owned(), UNLABELLED.to_owned());
            survey.found.push(Found { name, prefix: String::new(), split: Split::Train, class });
            Ok(())
        })?;
        let common = common_folder(survey.found.iter().map(|found| found.name.as_str())).to_owned();
        for found in &mut survey.found {
            found.name.drain(..common.len());
            found.prefix.clone_from(&common);
        }
        survey.sorted()
    }

    fn empty(path: &Path, labelled: bool) -> Result<Self, DataError> {
        let metadata = std::fs::metadata(path).map_err(DataError::io("read", path))?;
        let (packed, found) = (!metadata.is_dir(), Vec::new());
        Ok(Self { path: path.to_path_buf(), packed, labelled, found, other_files: 0 })
    }

    /// Puts the pictures in their order.
    fn sorted(mut self) -> Result<Self, DataError> {
        self.found.sort_by(|a, b| a.name.cmp(&b.name));
        match self.found.windows(2).find(|pair| pair[0].name == pair[1].name) {
            Some(pair) => Err(self.layout(format!("{} is in the archive twice", pair[0].name))),
            None => Ok(self),
        }
    }

    /// Adds the pictures of an unpacked folder. Returns which of its folders are splits.
    fn add_folder(&mut self) -> Result<BTreeSet<String>, DataError> {
        let mut folders = BTreeSet::new();
        for folder in [TRAIN, TEST].into_iter().chain(VALIDATION) {
            let path = self.path.join(folder);
            if !path.is_dir() {
                continue;
            }
            folders.insert(folder.to_owned());
            for (class, path) in entries(&path)? {
                if !path.is_dir() {
                    self.other_files += 1;
                    continue;
                }
                for (file, path) in entries(&path)? {
                    if path.is_dir() {
                        let problem = format!("{folder}/{class}/{file} is a folder inside a class");
                        return Err(self.layout(problem));
                    }
                    self.add(String::new(), folder, &class, &file);
                }
            }
        }
        match folders.contains(TRAIN) {
            false => Err(self.layout(format!("has no folder `{TRAIN}`"))),
            true if folders.len() == 1 => Err(self.layout(format!("has no folder `{TEST}`"))),
            true => Ok(folders),
        }
    }

    /// Adds the pictures of an archive. They may lie below one common folder.
    fn add_archive(&mut self) -> Result<BTreeSet<String>, DataError> {
        let mut folders = BTreeSet::new();
        let mut common: Option<String> = None;
        let path = self.path.clone();
        visit_archive(&path, false, &mut |visited| {
            let inner = visited.path();
            let parts: Vec<&str> = inner.split('/').collect();
            let (above, folder, class, file) = match parts.as_slice() {
                [.., file] if !is_picture(file) => {
                    self.other_files += 1;
                    return Ok(());
                }
                [above @ .., folder, class, file] if is_split(folder) => (above, *folder, *class, *file),
                _ => return Err(self.layout(format!("contains the picture `{inner}`"))),
            };
            if !visited.is_regular() {
                let problem = format!("`{inner}` is a link or a special file, not a picture");
                return Err(DataError::Unreadable { path: path.clone(), problem });
            }
            let above = above.join("/");
            match &common {
                None => common = Some(above.clone()),
                Some(first) if *first != above => {
                    let problem = format!("pictures lie below `{first}/` and below `{above}/`");
                    return Err(self.layout(problem));
                }
                Some(_) => {}
            }
            folders.insert(folder.to_owned());
            let prefix = if above.is_empty() { above } else { above + "/" };
            self.add(prefix, folder, class, file);
            Ok(())
        })?;
        Ok(folders)
    }

    fn add(&mut self, prefix: String, folder: &str, class: &str, file: &str) {
        if !is_picture(file) {
            self.other_files += 1;
            return;
        }
        let name = format!("{folder}/{class}/{file}");
        // What `val` is shows only when all folders are known.
        self.found.push(Found { name, prefix, split: Split::Train, class: class.to_owned() });
    }

    /// Says of every picture which split it belongs to. Where there is no test split, the validation split is what is
    /// scored on, as that of ImageNet is.
    fn name_splits(&mut self, folders: &BTreeSet<String>) -> Result<(), DataError> {
        let mut own = VALIDATION.into_iter().filter(|name| folders.contains(*name));
        if let (Some(first), Some(second)) = (own.next(), own.next()) {
            let problem = format!("has `{first}` and `{second}`, which both would be for validation");
            return Err(self.layout(problem));
        }
        let validation = if folders.contains(TEST) { Split::Validation } else { Split::Test };
        for found in &mut self.found {
            found.split = match found.name.split('/').next() {
                Some(TRAIN) => Split::Train,
                Some(TEST) => Split::Test,
                _ => validation,
            };
        }
        Ok(())
    }

    /// The pictures as a task, without those whose names are in `left_out` (since they cannot be decoded, say), and with
    /// the validation split that the options want.
    ///
    /// # Errors
    /// [`DataError::Layout`] if there is no picture, or a class without training pictures; [`DataError::File`] if a
    /// class has too few to hold some out; [`DataError::Option`] for options without sense, and for a validation split
    /// that is to be held out where there is one already.
    pub fn listing(&self, options: &Options, left_out: &BTreeSet<String>) -> Result<Listing, DataError> {
        let mut listing = self.as_found(options, left_out)?;
        listing.hold_out(options.validation)?;
        listing.sort();
        Ok(listing)
    }

    /// The same before anything is held out.
    pub(super) fn as_found(
        &self,
        options: &Options,
        left_out: &BTreeSet<String>,
    ) -> Result<Listing, DataError> {
        check_options(options)?;
        let there = || self.found.iter().filter(|found| !left_out.contains(&found.name));
        let classes = self.classes(&there().collect::<Vec<_>>())?;
        let archives = if self.packed { vec![self.path.clone()] } else { Vec::new() };
        let source = Source { root: self.path.clone(), archives, nested: false };
        let info = TaskInfo {
            id: options.id.clone(),
            title: options.title.clone(),
            summary: options.summary.clone(),
            version: VERSION,
            classes,
            metric: options.metric,
            mean: options.mean.to_vec(),
            std: options.std.to_vec(),
        };
        let (train, validation, test) = (Vec::new(), Vec::new(), Vec::new());
        let mut listing = Listing { info, train, validation, test, source, raw: Vec::new() };
        for found in there() {
            let label = listing.info.classes.binary_search(&found.class).unwrap_or_default() as u16;
            let path = format!("{}{}", found.prefix, found.name);
            let place = match self.packed {
                true => Place::Member { archive: 0, path },
                false => Place::File(path),
            };
            listing.split_mut(found.split).push(Listed { name: found.name.clone(), label, place });
        }
        if !listing.validation.is_empty() && options.validation != super::Validation::None {
            let problem = format!(
                "{} has a validation split of its own; hold out no other one (`validation_per_class: 0`)",
                self.path.display()
            );
            return Err(DataError::Option { option: "validation", problem });
        }
        Ok(listing)
    }

    /// Class names in order. Pictures of a class that is never trained on are a mistake in the folder.
    fn classes(&self, found: &[&Found]) -> Result<Vec<String>, DataError> {
        if found.is_empty() {
            return Err(self.layout("no picture was found".to_owned()));
        }
        let of = |split: Split| found.iter().filter(move |found| found.split == split);
        let train: BTreeSet<&str> = of(Split::Train).map(|found| found.class.as_str()).collect();
        for split in [Split::Validation, Split::Test] {
            if let Some(found) = of(split).find(|found| !train.contains(found.class.as_str())) {
                let (class, split) = (&found.class, split.name());
                let problem = format!("class `{class}` has {split} pictures but no training picture");
                return Err(self.layout(problem));
            }
        }
        if train.len() > usize::from(u16::MAX) {
            return Err(self.layout(format!("{} classes; at most 65535 are possible", train.len())));
        }
        Ok(train.into_iter().map(str::to_owned).collect())
    }

    fn layout(&self, problem: String) -> DataError {
        DataError::Layout {
            path: self.path.clone(),
            problem,
            expected: match self.labelled {
                true => {
                    "{train,test}/<class>/<picture>.{jpg,jpeg,png}, and `val` beside them or in place of `test`"
                }
                false => "pictures (`.jpg`, `.jpeg`, `.png`), anywhere below the folder",
            },
        }
    }
}

/// The longest folder that all these files lie in, with its slash; nothing if there is none.
fn common_folder<'a>(mut names: impl Iterator<Item = &'a str>) -> &'a str {
    let folder = |name: &'a str| name.rfind('/').map_or("", |end| &name[..=end]);
    let Some(first) = names.next().map(folder) else { return "" };
    names.map(folder).fold(first, |common, own| {
        let same = common.bytes().zip(own.bytes()).take_while(|(a, b)| a == b).count();
        // What is the same may end within a name.
        common.as_bytes()[..same].iter().rposition(|byte| *byte == b'/').map_or("", |end| &common[..=end])
    })
}

fn is_split(folder: &str) -> bool {
    folder == TRAIN || folder == TEST || VALIDATION.contains(&folder)
}
