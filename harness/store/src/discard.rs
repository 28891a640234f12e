//! Outputs that were taken out of an object to save space, and how they come back.
//!
//! What a stage found out (`result.json`) always stays. Before a file goes, the object says which outputs it lacks, in
//! `discarded.json`; after they are back, that file goes. So whatever happens in between, half of an output is never taken
//! for a whole one.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::lock::StoreLock;
use crate::objects::{Store, StoreError, WorkDir, read_optional, to_json};
use crate::result::StageResult;

/// The file in an object that names what it lacks.
pub(crate) const MARKER: &str = "discarded.json";

#[derive(Default, Serialize, Deserialize)]
struct Discarded {
    /// Names of outputs.
    outputs: BTreeSet<String>,
}

impl Store {
    /// Names of the outputs that an object has recorded and does not have.
    ///
    /// # Errors
    /// Fails if what it says of them cannot be read.
    pub fn lacks(&self, result: &StageResult) -> Result<BTreeSet<String>, StoreError> {
        let folder = self.object_dir(&result.identity);
        let marked: Discarded = read_optional(&folder.join(MARKER))?.unwrap_or_default();
        let mut lacks = marked.outputs;
        lacks.retain(|name| result.outputs.contains_key(name));
        for (name, output) in &result.outputs {
            // Somebody may have removed it by hand.
            if folder.join(&output.path).symlink_metadata().is_err() {
                lacks.insert(name.clone());
            }
        }
        Ok(lacks)
    }

    /// Takes outputs out of an object. Its result stays, and the stage can be run again for them.
    ///
    /// # Errors
    /// Fails if something cannot be written or removed, or an output is recorded at a place outside of its object.
    pub fn discard(
        &self,
        _lock: &StoreLock,
        result: &StageResult,
        outputs: &BTreeSet<String>,
    ) -> Result<(), StoreError> {
        let folder = self.object_dir(&result.identity);
        let marker = folder.join(MARKER);
        let mut paths = Vec::new();
        for output in outputs.iter().filter_map(|name| result.outputs.get(name)) {
            paths.push(inside(&folder, &output.path)?);
        }
        let mut marked: Discarded = read_optional(&marker)?.unwrap_or_default();
        marked.outputs.extend(outputs.iter().cloned());
        disk::write_atomic(self.disk(), &marker, &to_json(&marked))
            .map_err(|error| StoreError::at(&marker, error))?;
        for path in paths {
            self.remove(&path)?;
        }
        Ok(())
    }

    /// Puts back what an object lacks, from a run of the same stage. The caller has compared its outputs with the recorded
    /// digests.
    ///
    /// # Errors
    /// Fails if something cannot be moved or written; the object then still says what it lacks.
    pub fn restore(&self, work: WorkDir, result: &StageResult) -> Result<(), StoreError> {
        let folder = self.object_dir(&result.identity);
        for name in self.lacks(result)? {
            let Some(output) = result.outputs.get(&name) else { continue };
            let (from, to) = (inside(&work.path, &output.path)?, inside(&folder, &output.path)?);
            // What a removal has left that was interrupted.
            self.remove(&to)?;
            if let Some(above) = to.parent() {
                self.disk().create_dir_all(above).map_err(|error| StoreError::at(above, error))?;
            }
            let whole =
                if from.is_dir() { disk::sync_tree(self.disk(), &from) } else { self.disk().sync(&from) };
            whole.map_err(|error| StoreError::at(&from, error))?;
            self.disk().rename(&from, &to).map_err(|error| StoreError::at(&to, error))?;
            disk::sync_name(self.disk(), &to).map_err(|error| StoreError::at(&to, error))?;
        }
        self.remove(&folder.join(MARKER))?;
        self.disk().sync(&folder).map_err(|error| StoreError::at(&folder, error))?;
        self.remove(&work.path)?;
        // An empty folder that stays is in nobody's way.
        let _ = self.disk().remove_dir(&self.root().join("work").join(&result.identity));
        Ok(())
    }

    /// Removes a file, or a folder with all that is in it; not an error if it is not there.
    pub(crate) fn remove(&self, path: &Path) -> Result<(), StoreError> {
        let remove = || -> io::Result<()> {
            match path.symlink_metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error),
                Ok(metadata) if metadata.is_dir() => {
                    disk::clear(self.disk(), path, &|_| false)?;
                    self.disk().remove_dir(path)?;
                }
                Ok(_) => self.disk().remove_file(path)?,
            }
            disk::sync_name(self.disk(), path)
        };
        remove().map_err(|error| StoreError::at(path, error))
    }
}

/// A path below a folder. One that leads out of it is not followed, whatever a result says.
fn inside(folder: &Path, path: &str) -> Result<PathBuf, StoreError> {
    let lies_inside =
        !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if lies_inside {
        return Ok(folder.join(path));
    }
    let reason = format!("the output's place `{path}` is not below the stage's folder");
    Err(StoreError::Broken { path: folder.join("result.json"), reason })
}
