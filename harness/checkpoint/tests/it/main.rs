//! What the checkpoint crate promises: PyTorch's values, refusal of everything else, and stable bytes.

mod arrays;
mod damage;
mod published;
mod pytorch;
mod safe;
mod shared;

use std::path::PathBuf;

/// A file of the golden folder; the script that made it stands beside it.
fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}
