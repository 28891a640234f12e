//! Published checkpoints: what is taken for one, and what is refused.

use std::fs;
use std::path::PathBuf;

use secateur_checkpoint::{CheckpointError, Format, Published, check_against, import, read};
use secateur_network::zoo::{self, Options};

use super::golden;

/// `sha256sum views.pt`
const VIEWS: &str = "bd557ffc5bdfc34641c4c98cbe93942b507b2f9e63de2bf3c5ba44d1d4bcbe43";

/// A file of the folder that `SECATEUR_PUBLISHED` names. If it is not there, says that the test is left out.
#[expect(clippy::print_stderr, reason = "a skipped test says why")]
fn published(file: &str) -> Option<PathBuf> {
    let path = std::env::var_os("SECATEUR_PUBLISHED").map(|folder| PathBuf::from(folder).join(file));
    let path = path.filter(|path| path.exists());
    if path.is_none() {
        eprintln!("left out: SECATEUR_PUBLISHED names no folder with {file}");
    }
    path
}

#[test]
fn a_file_of_ones_own_is_read_with_its_digest() {
    let imported = import(&golden("views.pt"), None).expect("readable");
    assert_eq!(imported.published, None);
    assert_eq!(imported.tensors, read(&golden("views.pt")).expect("readable").tensors);
    assert_eq!(imported.metadata["source_sha256"], VIEWS);
    assert_eq!(imported.metadata["source_file"], "views.pt");
    assert!(!imported.metadata.contains_key("published"));
}

#[test]
fn what_is_called_as_a_published_file_must_be_it() {
    let folder = tempfile::tempdir().expect("a folder");
    for one in Published::all() {
        let path = folder.path().join(one.file);
        fs::copy(golden("views.pt"), &path).expect("copied");
        for (path, expected) in [(path, None), (golden("views.pt"), Some(one))] {
            let error = import(&path, expected).expect_err("refused");
            assert!(matches!(&error, CheckpointError::Digest { name, .. } if *name == one.name));
            let text = error.to_string();
            assert!(text.contains(VIEWS) && text.contains(one.sha256), "{text}");
        }
    }
}

#[test]
fn a_published_file_is_known_whatever_it_is_called() {
    let Some(path) = published("mobilenet_v2-b0353104.pth") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let other = folder.path().join("best.pt");
    fs::copy(&path, &other).expect("copied");
    let one = Published::named("mobilenet_v2-imagenet1k-v1").expect("known");
    let network = zoo::build(one.network, &Options::default()).expect("consistent");
    for (path, expected) in [(&path, None), (&path, Some(one)), (&other, None)] {
        let imported = import(path, expected).expect("readable");
        assert_eq!((imported.published, imported.format), (Some(one), Format::PytorchLegacy));
        check_against(&network, &imported.tensors).expect("its network's");
        // 314 tensors, of which 52 count batches.
        assert_eq!(imported.tensors.len(), 262);
        assert_eq!(imported.metadata["source_sha256"], one.sha256);
        assert_eq!(imported.metadata["source"], one.address());
        assert_eq!(imported.metadata["published"], one.name);
    }
    // One bit of a weight is enough.
    let mut bytes = fs::read(&path).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&other, &bytes).expect("written");
    assert!(matches!(import(&other, Some(one)), Err(CheckpointError::Digest { .. })));
    assert_eq!(import(&other, None).expect("readable").published, None);
}
