//! Where published checkpoints lie: as they are published below a data root, and imported in a folder of it.

use std::path::{Path, PathBuf};

use anyhow::bail;
use secateur_checkpoint::Published;

/// Folder of a data root with checkpoints, published and imported.
const CHECKPOINTS: &str = "checkpoints";

/// Where a published checkpoint lies once it is imported.
pub(crate) fn imported(root: &Path, published: &Published) -> PathBuf {
    root.join(CHECKPOINTS).join(format!("{}.safetensors", published.name))
}

/// The published file: in a data root, or in its folder of checkpoints.
///
/// # Errors
/// If it is in neither; says where it is to be had.
pub(crate) fn source(root: &Path, published: &Published) -> anyhow::Result<PathBuf> {
    let places = [root.join(CHECKPOINTS).join(published.file), root.join(published.file)];
    match places.iter().find(|place| place.is_file()) {
        Some(place) => Ok(place.clone()),
        None => bail!(
            "there is no {}, nor a {}; it is published at {}",
            places[0].display(),
            places[1].display(),
            published.address()
        ),
    }
}

/// Refuses a published checkpoint of another network than the suite's.
///
/// # Errors
/// Says which network it is of.
pub(crate) fn check_network(name: &str, network: &str) -> anyhow::Result<()> {
    match Published::named(name) {
        Some(published) if published.network != network => bail!(
            "upstream.checkpoint: `{name}` is of network `{}`, and the suite's is `{network}`",
            published.network
        ),
        _ => Ok(()),
    }
}

/// The imported file of a published checkpoint that a suite names; none if no published one is called so.
///
/// # Errors
/// If it was not imported; says what to do.
pub(crate) fn of_suite(root: Option<&Path>, name: &str) -> anyhow::Result<Option<PathBuf>> {
    let Some(published) = Published::named(name) else { return Ok(None) };
    let Some(root) = root else {
        bail!(
            "upstream.checkpoint: `{name}` is a published checkpoint; name the folder it was imported to with --data-root"
        );
    };
    let path = imported(root, published);
    if !path.is_file() {
        bail!(
            "upstream.checkpoint: there is no {}; import it: secateur weights import {name} --data-root {}",
            path.display(),
            root.display()
        );
    }
    Ok(Some(path))
}
