//! Where annotations, lists and pictures lie.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::DataError;
use crate::files::{Files, is_picture};

const EXPECTED: &str =
    "Annotations/<name>.xml, ImageSets/Main/<list>.txt and JPEGImages/<name>.jpg, below any folder";

/// All annotations are held at once, and in an archive they may be compressed a thousandfold. One of this size has forty
/// thousand objects.
const LARGEST_ANNOTATION: u64 = 8 << 20;

/// A listed picture: the folder that holds the three folders (empty at the top), and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) folder: String,
    pub(super) name: String,
}

/// All that a data set holds apart from the contents of pictures.
pub(super) struct Layout {
    root: PathBuf,
    /// Texts of annotations.
    annotations: BTreeMap<Entry, String>,
    /// Names in lists.
    lists: BTreeMap<Entry, Vec<String>>,
    /// Paths of pictures.
    pictures: BTreeMap<Entry, String>,
    /// Whether lists lie in more than one folder.
    several: bool,
}

impl Layout {
    /// Finds what there is, and reads annotations and lists.
    pub(super) fn find(files: &Files) -> Result<Self, DataError> {
        let mut layout = Self {
            root: files.root().to_path_buf(),
            annotations: BTreeMap::new(),
            lists: BTreeMap::new(),
            pictures: BTreeMap::new(),
            several: false,
        };
        files.visit(&mut |visited| {
            let path = visited.path().to_owned();
            let parts: Vec<&str> = path.split('/').collect();
            let entry = |above: &[&str], name: &str| Entry { folder: above.join("/"), name: name.to_owned() };
            let text = |bytes: Vec<u8>| {
                String::from_utf8(bytes).map_err(|error| DataError::File {
                    path: files.root().to_path_buf(),
                    file: path.clone(),
                    problem: format!("not UTF-8: {error}"),
                })
            };
            match parts.as_slice() {
                // Hidden files are none of the data set: archives made on macOS hold `._000001.xml`.
                [.., name] if name.starts_with('.') => {}
                [above @ .., "Annotations", name] => {
                    if let Some(name) = name.strip_suffix(".xml") {
                        let bytes = visited.bytes_up_to(LARGEST_ANNOTATION)?;
                        layout.annotations.insert(entry(above, name), text(bytes)?);
                    }
                }
                [above @ .., "ImageSets", "Main", name] => {
                    if let Some(name) = name.strip_suffix(".txt") {
                        let text = text(visited.bytes()?)?;
                        let names = text.lines().map(str::trim).filter(|line| !line.is_empty());
                        layout.lists.insert(entry(above, name), names.map(str::to_owned).collect());
                    }
                }
                [above @ .., "JPEGImages", name] if is_picture(name) => {
                    let stem = name.rsplit_once('.').map_or(*name, |(stem, _)| stem);
                    layout.pictures.insert(entry(above, stem), path.clone());
                }
                _ => {}
            }
            Ok(())
        })?;
        for (there, what) in [
            (layout.annotations.is_empty(), "no annotations"),
            (layout.lists.is_empty(), "no lists of pictures"),
            (layout.pictures.is_empty(), "no pictures"),
        ] {
            if there {
                return Err(layout.error(what.to_owned()));
            }
        }
        layout.several = layout.lists.keys().map(|list| &list.folder).collect::<BTreeSet<_>>().len() > 1;
        Ok(layout)
    }

    fn error(&self, problem: String) -> DataError {
        DataError::Layout { path: self.root.clone(), problem, expected: EXPECTED }
    }

    /// The pictures of some lists, each `<list>` or `<folder>/<list>`.
    pub(super) fn entries(&self, lists: &[String]) -> Result<Vec<Entry>, DataError> {
        let mut entries = Vec::new();
        for list in lists {
            let (folder, name) = list.rsplit_once('/').unwrap_or(("", list));
            let below =
                |held: &str| folder.is_empty() || held == folder || held.ends_with(&format!("/{folder}"));
            let mut matching = self.lists.iter().filter(|(held, _)| held.name == name && below(&held.folder));
            let known = || self.lists.keys().map(Entry::path).collect::<Vec<_>>().join(", ");
            let (held, names) =
                matching.next().ok_or_else(|| self.error(format!("no list `{list}` among {}", known())))?;
            if matching.next().is_some() {
                return Err(
                    self.error(format!("`{list}` could be several of {}; name the folder, too", known()))
                );
            }
            if names.is_empty() {
                return Err(self.error(format!("the list `{list}` is empty")));
            }
            entries
                .extend(names.iter().map(|name| Entry { folder: held.folder.clone(), name: name.clone() }));
        }
        Ok(entries)
    }

    pub(super) fn annotation(&self, entry: &Entry) -> Option<&str> {
        self.annotations.get(entry).map(String::as_str)
    }

    pub(super) fn annotation_path(&self, entry: &Entry) -> String {
        let Entry { folder, name } = entry;
        Entry { folder: folder.clone(), name: format!("Annotations/{name}.xml") }.path()
    }

    pub(super) fn picture(&self, entry: &Entry) -> Option<&str> {
        self.pictures.get(entry).map(String::as_str)
    }

    /// The picture's name; with that of its folder if there are several.
    pub(super) fn display_name(&self, entry: &Entry) -> String {
        match entry.folder.rsplit('/').next() {
            Some(folder) if self.several && !folder.is_empty() => format!("{folder}/{}", entry.name),
            _ => entry.name.clone(),
        }
    }
}

impl Entry {
    fn path(&self) -> String {
        if self.folder.is_empty() { self.name.clone() } else { format!("{}/{}", self.folder, self.name) }
    }
}
