//! Files of a folder and of archives, by their paths.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::DataError;
use crate::files::{Visited, visit_archive};

/// A folder, and archives whose files count as if they lay in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Source {
    /// The folder; or the archive, where there is nothing beside it.
    pub(crate) root: PathBuf,
    pub(crate) archives: Vec<PathBuf>,
    /// Whether archives in archives count as unpacked.
    pub(crate) nested: bool,
}

/// A file, and the archive that it is in: the index of one of [`Source::archives`].
pub(crate) type Located = (String, Option<u16>);

impl Source {
    /// Visits these files, with their indices: those of the folder in the order given, then those of each archive in
    /// one pass, in the archive's order.
    ///
    /// # Errors
    /// [`DataError::Io`] and [`DataError::Unreadable`] if something cannot be read, [`DataError::File`] if it is gone
    /// since it was found, and what `visit` returns.
    pub(crate) fn scan(
        &self,
        files: &[Located],
        visit: &mut dyn FnMut(usize, Visited<'_>) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let mut packed: BTreeMap<u16, BTreeMap<&str, usize>> = BTreeMap::new();
        for (index, (path, archive)) in files.iter().enumerate() {
            match archive {
                None => visit(index, Visited::file(&self.root, path, &self.root.join(path)))?,
                Some(archive) => {
                    packed.entry(*archive).or_default().insert(path, index);
                }
            }
        }
        for (archive, mut wanted) in packed {
            let archive = &self.archives[usize::from(archive)];
            visit_archive(archive, self.nested, &mut |visited| match wanted.remove(visited.path()) {
                Some(index) => visit(index, visited),
                None => Ok(()),
            })?;
            if let Some((path, _)) = wanted.first_key_value() {
                return Err(DataError::File {
                    path: archive.clone(),
                    file: (*path).to_owned(),
                    problem: "was there a moment ago and is not any more".to_owned(),
                });
            }
        }
        Ok(())
    }
}
