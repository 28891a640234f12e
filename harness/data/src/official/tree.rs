//! The files of a data set, whether they are unpacked or still in their archives.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::catalogue::Entry;
use crate::DataError;
use crate::files::{check_depth, entries, visit_archive};
use crate::listing::{Located, Source};

/// A file that says what is what is not larger than this.
const LARGEST_METADATA: u64 = 32 << 20;
/// All of them together are not.
const ALL_METADATA: usize = 128 << 20;

/// Which files there are, and the contents of those that say what is what.
pub(super) struct Tree<'e> {
    pub(super) entry: &'e Entry,
    pub(super) source: Source,
    /// Every file with the archive it is in.
    files: BTreeMap<String, Option<u16>>,
    /// Files that an archive has twice.
    twice: BTreeSet<String>,
    /// Contents of members of archives, taken along so that no archive is gone through for each of them.
    kept: BTreeMap<String, Vec<u8>>,
}

impl<'e> Tree<'e> {
    /// Finds the files of a set in its folder, without looking into archives.
    ///
    /// # Errors
    /// [`DataError::Absent`] if there is no folder, [`DataError::Io`] and [`DataError::Unreadable`] if it cannot be read.
    pub(super) fn of_folder(root: &Path, entry: &'e Entry) -> Result<Self, DataError> {
        let source = Source { root: root.to_path_buf(), archives: Vec::new(), nested: true };
        let mut tree =
            Self { entry, source, files: BTreeMap::new(), twice: BTreeSet::new(), kept: BTreeMap::new() };
        if !root.is_dir() {
            return Err(tree.absent("the folder", &tree.how(&[])));
        }
        tree.add_folder("", root, 0)?;
        Ok(tree)
    }

    /// Finds the files of a set in its folder, and in its archives there that are not unpacked. Of members whose paths
    /// end in one of `metadata` the content is kept.
    ///
    /// # Errors
    /// [`DataError::Absent`] if there is no folder, [`DataError::Io`] and [`DataError::Unreadable`] if something cannot
    /// be read, [`DataError::File`] for members of archives that lead out of them.
    pub(super) fn open(root: &Path, entry: &'e Entry, metadata: &[&str]) -> Result<Self, DataError> {
        let mut tree = Self::of_folder(root, entry)?;
        for archive in &entry.archives {
            if archive.gives == archive.file || tree.base(&archive.gives)?.is_some() {
                continue;
            }
            if let Some(prefix) = tree.base(&archive.file)?
                && is_archive(&archive.file)
            {
                tree.add_archive(&root.join(prefix + &archive.file), metadata)?;
            }
        }
        Ok(tree)
    }

    fn add_folder(&mut self, prefix: &str, folder: &Path, depth: usize) -> Result<(), DataError> {
        check_depth(folder, depth)?;
        for (name, path) in entries(folder)? {
            let inner = format!("{prefix}{name}");
            if is_ignored(&inner) {
                continue;
            }
            if path.is_dir() {
                self.add_folder(&format!("{inner}/"), &path, depth + 1)?;
            } else {
                self.files.insert(inner, None);
            }
        }
        Ok(())
    }

    fn add_archive(&mut self, path: &Path, metadata: &[&str]) -> Result<(), DataError> {
        let number = self.source.archives.len() as u16;
        let mut bytes: usize = self.kept.values().map(Vec::len).sum();
        visit_archive(path, self.source.nested, &mut |visited| {
            let member = visited.path().to_owned();
            let complain = |problem: &str| {
                let (path, file, problem) = (path.to_path_buf(), member.clone(), problem.to_owned());
                Err(DataError::File { path, file, problem })
            };
            if member.split(['/', '\\']).any(|part| part == "..") {
                return complain("leads out of the archive; this is not the official one");
            }
            if is_ignored(&member) || !visited.is_regular() {
                return Ok(());
            }
            match self.files.insert(member.clone(), Some(number)) {
                // What is unpacked comes first.
                Some(None) => {
                    self.files.insert(member, None);
                    return Ok(());
                }
                Some(Some(_)) => {
                    self.twice.insert(member.clone());
                }
                None => {}
            }
            if metadata.iter().any(|mark| prefix_of(&member, mark).is_some()) {
                let content = visited.bytes_up_to(LARGEST_METADATA)?;
                bytes += content.len();
                if bytes > ALL_METADATA {
                    return complain("is one of too many large files that say what is what");
                }
                self.kept.insert(member, content);
            }
            Ok(())
        })?;
        self.source.archives.push(path.to_path_buf());
        Ok(())
    }

    /// What stands before a mark, which is a file or a folder with a final slash: where a set's own folders begin.
    ///
    /// # Errors
    /// [`DataError::File`] if it is there in several places.
    pub(super) fn base(&self, mark: &str) -> Result<Option<String>, DataError> {
        let found: BTreeSet<&str> = self.files.keys().filter_map(|path| prefix_of(path, mark)).collect();
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (first, None) => Ok(first.map(str::to_owned)),
            (first, Some(second)) => {
                let first = first.unwrap_or_default();
                Err(self.file_error(
                    &format!("{first}{mark}"),
                    format!("is also there as {second}{mark}; remove one of the two"),
                ))
            }
        }
    }

    /// The same for what must be there.
    ///
    /// # Errors
    /// [`DataError::Absent`] says how to come by it.
    pub(super) fn need(&self, mark: &str) -> Result<String, DataError> {
        self.base(mark)?.ok_or_else(|| self.absent(&format!("`{mark}`"), &self.how(&[mark])))
    }

    /// How to come by one of several marks, or by all that the set needs.
    pub(super) fn how(&self, marks: &[&str]) -> String {
        how(self.entry, marks)
    }

    pub(super) fn absent(&self, what: &str, help: &str) -> DataError {
        let (path, id) = (self.source.root.clone(), self.entry.id.clone());
        DataError::Absent { path, id, what: what.to_owned(), help: help.to_owned() }
    }

    pub(super) fn file_error(&self, file: &str, problem: impl Into<String>) -> DataError {
        DataError::File { path: self.source.root.clone(), file: file.to_owned(), problem: problem.into() }
    }

    /// Where a file is; none if it is not there.
    pub(super) fn find(&self, path: &str) -> Option<Located> {
        self.files.get(path).map(|archive| (path.to_owned(), *archive))
    }

    /// Whether an archive has a file more than once.
    pub(super) fn is_twice(&self, path: &str) -> bool {
        self.twice.contains(path)
    }

    /// All files below a folder, which is given with its final slash, in order; their paths behind it.
    pub(super) fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.files.range(folder.to_owned()..).map_while(move |(path, _)| path.strip_prefix(folder))
    }

    /// The content of a file that says what is what.
    ///
    /// # Errors
    /// [`DataError::Absent`] if it is not there, [`DataError::File`] if an archive has it twice, and if it cannot be
    /// read [`DataError::Io`] or [`DataError::Unreadable`].
    pub(super) fn bytes(&self, path: &str) -> Result<Vec<u8>, DataError> {
        let Some(located) = self.find(path) else {
            return Err(self.absent(&format!("`{path}`"), &self.how(&[])));
        };
        if self.is_twice(path) {
            return Err(self.file_error(path, "is in the archive twice"));
        }
        if let Some(kept) = self.kept.get(path) {
            return Ok(kept.clone());
        }
        let mut bytes = Vec::new();
        self.source.scan(&[located], &mut |_, visited| {
            bytes = visited.bytes_up_to(LARGEST_METADATA)?;
            Ok(())
        })?;
        Ok(bytes)
    }

    /// The same as text.
    ///
    /// # Errors
    /// As [`Tree::bytes`], and [`DataError::File`] for what is not UTF-8.
    pub(super) fn text(&self, path: &str) -> Result<String, DataError> {
        String::from_utf8(self.bytes(path)?).map_err(|_| self.file_error(path, "is not text in UTF-8"))
    }
}

/// How to come by one of several marks of a set, or, without marks, by all that it needs.
pub(super) fn how(entry: &Entry, marks: &[&str]) -> String {
    let mut ways = Vec::new();
    for need in &entry.needs {
        if !marks.is_empty() && !marks.iter().any(|mark| need.any.iter().any(|one| one == mark)) {
            continue;
        }
        if let Some(how) = &need.how {
            ways.push(how.clone());
            continue;
        }
        let files: Vec<&str> = entry
            .archives
            .iter()
            .filter(|archive| need.any.contains(&archive.gives))
            .map(|archive| archive.file.as_str())
            .collect();
        let put = format!("put {} there", files.join(" or "));
        if !ways.contains(&put) {
            ways.push(put);
        }
    }
    if ways.is_empty() { "is this the official release?".to_owned() } else { ways.join("; ") }
}

/// Whether a published file is an archive, by its name.
pub(super) fn is_archive(file: &str) -> bool {
    [".tar", ".tar.gz", ".tgz", ".zip"].iter().any(|ending| file.ends_with(ending))
}

/// What stands before a mark in a path, if it is in it: of a file with that name, or of a file below that folder.
fn prefix_of<'p>(path: &'p str, mark: &str) -> Option<&'p str> {
    let begins = |at: usize| at == 0 || path.as_bytes()[at - 1] == b'/';
    if mark.ends_with('/') {
        // The last one, since archives are often unpacked into a folder of their own name.
        path.rmatch_indices(mark).map(|(at, _)| at).find(|at| begins(*at)).map(|at| &path[..at])
    } else {
        path.strip_suffix(mark).filter(|prefix| begins(prefix.len()))
    }
}

/// Hidden files, and what macOS adds to archives.
fn is_ignored(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') || part == "__MACOSX")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_begin_at_folders() {
        assert_eq!(prefix_of("a/b/data/x.txt", "data/x.txt"), Some("a/b/"));
        assert_eq!(prefix_of("data/x.txt", "data/x.txt"), Some(""));
        assert_eq!(prefix_of("mydata/x.txt", "data/x.txt"), None);
        assert_eq!(prefix_of("a/cars/1.jpg", "cars/"), Some("a/"));
        assert_eq!(prefix_of("cars/cars/1.jpg", "cars/"), Some("cars/"));
        assert_eq!(prefix_of("oldcars/1.jpg", "cars/"), None);
        assert_eq!(prefix_of("cars", "cars/"), None);
    }
}
