//! Finding what a suite names: checkpoints, data sets, and files of methods.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use secateur_checkpoint::Published;
use secateur_store::{InputFile, digest_declared, digest_file};
use secateur_suite::{NetworkSpec, Upstream};

use super::Places;
use crate::digests::Digests;
use crate::published;

/// What is not there. A plan goes on without it, since much can be told of a suite before anybody has its data; a run does not.
#[derive(Debug)]
pub(super) struct Missing {
    tolerated: bool,
    /// Why each is not there, by its name.
    reasons: BTreeMap<String, String>,
}

impl Missing {
    pub(super) fn new(tolerated: bool) -> Self {
        Self { tolerated, reasons: BTreeMap::new() }
    }

    /// What was found, or nothing where it may be missing.
    fn allow<T>(&mut self, name: &str, found: anyhow::Result<T>) -> anyhow::Result<Option<T>> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(error) if self.tolerated => {
                self.reasons.insert(name.to_owned(), format!("{error:#}"));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// What is missing, as the suite names it, and why.
    pub(super) fn into_reasons(self) -> BTreeMap<String, String> {
        self.reasons
    }
}

/// Names of the files of a pre-training's checkpoint, each with the file if it is there; none if it is trained. What is missing
/// and may be is taken to have an end and an initialization. `key` is where the suite has the pre-training.
pub(super) fn checkpoint(
    places: &Places<'_>,
    key: &str,
    upstream: &Upstream,
    network: &NetworkSpec,
    missing: &mut Missing,
) -> anyhow::Result<BTreeMap<String, Option<PathBuf>>> {
    let Some(name) = &upstream.checkpoint else { return Ok(BTreeMap::new()) };
    let key = format!("{key}.checkpoint");
    let found = match beside_or_below(places, name) {
        Some(path) => Some(path),
        // What is no file may be the name of a published checkpoint.
        None => {
            // What is of another network is wrong, not missing.
            published::check_network(&key, name, network)?;
            missing.allow(name, published_checkpoint(places, &key, name))?
        }
    };
    Ok(match found {
        Some(path) => checkpoint_files(path)
            .with_context(|| key)?
            .into_iter()
            .map(|(name, path)| (name, Some(path)))
            .collect(),
        // Published ones are single files.
        None if Published::named(name).is_some() => [("end".to_owned(), None)].into(),
        None => ["end", "init"].map(|name| (name.to_owned(), None)).into(),
    })
}

/// A file of a checkpoint with its digest.
pub(super) fn input(path: &Path, digests: &Digests) -> anyhow::Result<InputFile> {
    let path = std::fs::canonicalize(path).with_context(|| format!("cannot read {}", path.display()))?;
    let digest = digests
        .digest("checkpoint", &path, digest_file)
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(InputFile { path, digest })
}

/// What a suite names: beside it, or below the data root.
fn beside_or_below(places: &Places<'_>, name: &str) -> Option<PathBuf> {
    let beside = places.suite.parent().unwrap_or(Path::new(".")).join(name);
    let below = places.data_root.map(|root| root.join(name));
    [Some(beside), below].into_iter().flatten().find(|path| path.exists())
}

/// The imported file of a published checkpoint.
fn published_checkpoint(places: &Places<'_>, key: &str, name: &str) -> anyhow::Result<PathBuf> {
    let Some(path) = published::of_suite(places.data_root, key, name)? else {
        bail!(
            "{key}: there is no checkpoint `{name}` beside {}{}",
            places.suite.display(),
            places.data_root.map_or_else(
                || "; if it lies in a data folder, name that with --data-root".to_owned(),
                |root| format!(" or below {}", root.display())
            )
        );
    };
    Ok(path)
}

/// Files of an upstream checkpoint: a file is `end`; of a folder, `end`, `init` and `step-N`.
fn checkpoint_files(path: PathBuf) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    if path.is_file() {
        return Ok([("end".to_owned(), path)].into());
    }
    let mut files = BTreeMap::new();
    let entries = std::fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))?;
    for entry in entries {
        let entry = entry?.path();
        let stem = entry.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let kept = matches!(stem.as_str(), "end" | "init")
            || stem.strip_prefix("step-").is_some_and(|step| step.parse::<u64>().is_ok());
        if kept && entry.extension().is_some_and(|extension| extension == "safetensors") {
            files.insert(stem, entry);
        }
    }
    if !files.contains_key("end") {
        bail!("{} has no end.safetensors", path.display());
    }
    Ok(files)
}

/// A file or folder that a method entry declares: beside the suite, or below the data root.
pub(super) fn find_file(places: &Places<'_>, name: &str) -> anyhow::Result<InputFile> {
    let Some(path) = beside_or_below(places, name) else {
        let data = places.data_root.map(|root| format!(" or below {}", root.display()));
        bail!("there is no `{name}` beside {}{}", places.suite.display(), data.unwrap_or_default());
    };
    let digest = digest_declared(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let path = std::fs::canonicalize(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(InputFile { path, digest })
}

/// The files of a task; nothing if they are missing and may be.
pub(super) fn find_data(
    places: &Places<'_>,
    name: &str,
    missing: &mut Missing,
    digests: &Digests,
) -> anyhow::Result<Option<InputFile>> {
    let Some(path) = missing.allow(name, locate_data(places, name))? else { return Ok(None) };
    let digest = digests.digest("data", &path, secateur_data::folder::digest_source)?;
    let path = std::fs::canonicalize(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Some(InputFile { path, digest }))
}

fn locate_data(places: &Places<'_>, name: &str) -> anyhow::Result<PathBuf> {
    let Some(root) = places.data_root else {
        bail!("the suite reads `{name}`; say where it lies with --data-root");
    };
    let path = root.join(name);
    if !path.exists() {
        bail!("there is no {}; the suite names it, and --data-root says where", path.display());
    }
    Ok(path)
}
