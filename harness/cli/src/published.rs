//! Where published checkpoints lie: as they are published below a data root, and imported in a folder of it.

use std::path::{Path, PathBuf};

use anyhow::bail;
use secateur_checkpoint::Published;
use secateur_suite::NetworkSpec;

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

/// Refuses a published checkpoint of another network than the suite's. `key` is where the suite names it.
///
/// # Errors
/// Says which network it is of.
pub(crate) fn check_network(key: &str, name: &str, network: &NetworkSpec) -> anyhow::Result<()> {
    let Some(published) = Published::named(name) else { return Ok(()) };
    if published.network != network.name {
        bail!("{key}: `{name}` is of network `{}`, and the suite's is `{}`", published.network, network.name);
    }
    if network.width != 1.0 {
        bail!(
            "{key}: `{name}` is of the whole width, and the suite's network has `width: {}`; leave that out",
            network.width
        );
    }
    Ok(())
}

/// The imported file of a published checkpoint that a suite names; none if no published one is called so.
///
/// # Errors
/// If it was not imported; says what to do. `key` is where the suite names it.
pub(crate) fn of_suite(root: Option<&Path>, key: &str, name: &str) -> anyhow::Result<Option<PathBuf>> {
    let Some(published) = Published::named(name) else { return Ok(None) };
    let Some(root) = root else {
        bail!(
            "{key}: `{name}` is a published checkpoint; name the folder it was imported to with --data-root"
        );
    };
    let path = imported(root, published);
    if !path.is_file() {
        bail!(
            "{key}: there is no {}; import it: secateur weights import {name} --data-root {}",
            path.display(),
            root.display()
        );
    }
    Ok(Some(path))
}
