//! What of a store could go, and in which order.
//!
//! Results, masks, predictions and test splits of what a suite or a report refers to never go: everything that a report says
//! follows from them. What goes is what a later stage would read, and can be made again by running its stage.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::lock::StoreLock;
use crate::manifest::SuiteManifest;
use crate::objects::{Store, StoreError, read_optional};
use crate::result::StageResult;

/// A kind of what can go. In the order in which they go: what is cheapest to make again per byte comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposable {
    /// Files that nothing reads any more: work folders of stages that are stored, outputs of attempts that led nowhere, and files
    /// of objects that are no outputs.
    Leftovers,
    /// Features that linear classifiers were trained on.
    Features,
    /// Outputs of stages that no suite of the store has any more, for example of an older build of a plugin or of a night's rotating
    /// replicate.
    Unused,
    /// Weights after recovery.
    Checkpoints,
    /// Packed training and validation splits.
    Packs,
    /// Networks that were trained upstream, with their early steps.
    Upstream,
    /// Work of stages that were stopped and would go on from there.
    Stopped,
}

impl Disposable {
    /// All kinds in the order in which they go.
    pub const ALL: [Self; 7] = [
        Self::Leftovers,
        Self::Features,
        Self::Unused,
        Self::Checkpoints,
        Self::Packs,
        Self::Upstream,
        Self::Stopped,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Leftovers => "leftovers",
            Self::Features => "features",
            Self::Unused => "unused",
            Self::Checkpoints => "checkpoints",
            Self::Packs => "packs",
            Self::Upstream => "upstream",
            Self::Stopped => "stopped",
        }
    }
}

/// Something that can go as a whole.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its kind.
    pub what: Disposable,
    /// The stage that it is of.
    pub identity: String,
    /// Size of its files in bytes.
    pub bytes: u64,
    /// When it was made.
    pub made: SystemTime,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    /// Outputs of an object.
    Outputs(Box<StageResult>, BTreeSet<String>),
    /// Files and folders that are no outputs of an object.
    Paths(Vec<PathBuf>),
}

/// What a store consists of.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// What can go, in the order in which it goes: by kind, then the oldest first.
    pub items: Vec<Item>,
    /// Bytes of everything else.
    pub kept_bytes: u64,
}

impl Inventory {
    /// Size of the store in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.kept_bytes + self.items.iter().map(|item| item.bytes).sum::<u64>()
    }
}

/// What the store itself writes into the folder of a stage, beside its outputs.
const RECORDS: [&str; 5] = ["order.json", "result.json", "log.txt", "events.jsonl", crate::discard::MARKER];

/// Whether reports read an output, or what they say follows from it.
fn is_read_by_reports(kind: &str, output: &str) -> bool {
    match kind {
        // Masks, verdicts, and what was predicted of each test picture.
        "prune" | "verify" | "evaluate" | "transfer" => true,
        "prepare" => output == "test",
        _ => false,
    }
}

/// The kind of an output that belongs to a stage of a suite; nothing if it stays.
fn kind_of(stage: &str, output: &str) -> Option<Disposable> {
    if is_read_by_reports(stage, output) {
        return None;
    }
    Some(match stage {
        "extract" => Disposable::Features,
        "prepare" => Disposable::Packs,
        "train" => Disposable::Upstream,
        _ => Disposable::Checkpoints,
    })
}

impl StageResult {
    /// Whether reports read an output of this stage.
    #[must_use]
    pub fn is_read_by_reports(&self, output: &str) -> bool {
        is_read_by_reports(&self.kind, output)
    }
}

impl SuiteManifest {
    /// All stages of the suite that were identified.
    fn stages(&self) -> impl Iterator<Item = &String> {
        let trials = self.trials.iter().flat_map(|trial| {
            let chain = [&trial.prune, &trial.verify, &trial.recover, &trial.measure].into_iter().flatten();
            chain.chain(trial.scores.iter().flat_map(|score| score.stage.iter().chain(&score.features)))
        });
        trials.chain(&self.shared)
    }
}

impl Store {
    /// What the store consists of. Only the one writer may ask for it, since what runs has files everywhere.
    ///
    /// # Errors
    /// Fails if something cannot be read.
    pub fn inventory(&self, _lock: &StoreLock) -> Result<Inventory, StoreError> {
        let used: BTreeSet<String> =
            self.manifests()?.iter().flat_map(SuiteManifest::stages).cloned().collect();
        let mut items = Vec::new();
        for result in self.objects()? {
            self.items_of_object(result, &used, &mut items)?;
        }
        for (identity, folder) in self.folders("attempts")? {
            for (_, attempt) in folders(&folder)? {
                self.push_paths(
                    Disposable::Leftovers,
                    &identity,
                    &attempt,
                    strays(&attempt, &[])?,
                    &mut items,
                )?;
            }
        }
        for (identity, folder) in self.folders("work")? {
            let what =
                if self.object(&identity)?.is_some() { Disposable::Leftovers } else { Disposable::Stopped };
            self.push_paths(what, &identity, &folder, vec![folder.clone()], &mut items)?;
        }
        items.sort_by(|a, b| (a.what, a.made, &a.identity).cmp(&(b.what, b.made, &b.identity)));
        let all = size(self.root()).map_err(|error| StoreError::at(self.root(), error))?;
        let kept_bytes = all.saturating_sub(items.iter().map(|item| item.bytes).sum());
        Ok(Inventory { items, kept_bytes })
    }

    /// Lets something go.
    ///
    /// # Errors
    /// Fails if it cannot be removed, or that it is gone cannot be written down.
    pub fn remove_item(&self, lock: &StoreLock, item: &Item) -> Result<(), StoreError> {
        match &item.place {
            Place::Outputs(result, outputs) => self.discard(lock, result, outputs),
            Place::Paths(paths) => paths.iter().try_for_each(|path| self.remove(path)),
        }
    }

    fn items_of_object(
        &self,
        result: StageResult,
        used: &BTreeSet<String>,
        items: &mut Vec<Item>,
    ) -> Result<(), StoreError> {
        let folder = self.object_dir(&result.identity);
        let outputs: Vec<&str> = result.outputs.values().map(|output| output.path.as_str()).collect();
        self.push_paths(Disposable::Leftovers, &result.identity, &folder, strays(&folder, &outputs)?, items)?;
        let lacks = self.lacks(&result)?;
        let is_used = used.contains(&result.identity);
        // All outputs of a stage that go are of one kind.
        let mut going = BTreeSet::new();
        let mut what = Disposable::Unused;
        let mut bytes = 0;
        // Outputs that were put back are as old as that.
        let mut made = modified(&folder.join("result.json"))?;
        for (name, output) in &result.outputs {
            if is_used {
                let Some(kind) = kind_of(&result.kind, name) else { continue };
                what = kind;
            }
            let path = folder.join(&output.path);
            // What an interrupted removal has left goes with the rest.
            match size(&path) {
                Ok(size) => {
                    bytes += size;
                    made = made.max(modified(&path)?);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(StoreError::at(&path, error)),
            }
            going.insert(name.clone());
        }
        if !going.is_empty() && (bytes > 0 || going.iter().any(|name| !lacks.contains(name))) {
            let identity = result.identity.clone();
            items.push(Item { what, identity, bytes, made, place: Place::Outputs(Box::new(result), going) });
        }
        Ok(())
    }

    fn push_paths(
        &self,
        what: Disposable,
        identity: &str,
        folder: &Path,
        paths: Vec<PathBuf>,
        items: &mut Vec<Item>,
    ) -> Result<(), StoreError> {
        if paths.is_empty() {
            return Ok(());
        }
        let mut bytes = 0;
        for path in &paths {
            bytes += size(path).map_err(|error| StoreError::at(path, error))?;
        }
        let made = modified(folder)?;
        items.push(Item { what, identity: identity.to_owned(), bytes, made, place: Place::Paths(paths) });
        Ok(())
    }

    /// Folders of stages in one of the store's folders.
    fn folders(&self, name: &str) -> Result<Vec<(String, PathBuf)>, StoreError> {
        folders(&self.root().join(name))
    }
}

/// Folders in a folder, by name.
fn folders(folder: &Path) -> Result<Vec<(String, PathBuf)>, StoreError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| StoreError::at(folder, error))? {
        let entry = entry.map_err(|error| StoreError::at(folder, error))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// What lies in the folder of a stage and is neither one of the store's records nor an output.
fn strays(folder: &Path, outputs: &[&str]) -> Result<Vec<PathBuf>, StoreError> {
    // An attempt without a result is one that is being read wrongly, not one to clear.
    if read_optional::<StageResult>(&folder.join("result.json"))?.is_none() {
        return Ok(Vec::new());
    }
    let mut strays = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| StoreError::at(folder, error))? {
        let entry = entry.map_err(|error| StoreError::at(folder, error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let holds_output = outputs.iter().any(|output| Path::new(output).starts_with(&name));
        if !RECORDS.contains(&name.as_str()) && !holds_output {
            strays.push(entry.path());
        }
    }
    strays.sort();
    Ok(strays)
}

/// Bytes of a file, or of all files below a folder. Links are not followed.
fn size(path: &Path) -> io::Result<u64> {
    let metadata = path.symlink_metadata()?;
    if !metadata.is_dir() {
        return Ok(metadata.len());
    }
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        bytes += size(&entry?.path())?;
    }
    Ok(bytes)
}

fn modified(path: &Path) -> Result<SystemTime, StoreError> {
    let time = path.metadata().and_then(|metadata| metadata.modified());
    time.map_err(|error| StoreError::at(path, error))
}

#[cfg(test)]
mod tests;
