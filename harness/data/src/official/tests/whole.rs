//! Sets with their official numbers, from the real lists where they are at hand.

use super::*;
use crate::official::testing::publish_whole;
use crate::official::{CheckOptions, check, entry};
use crate::testing::{gzip, shared, tar_of};

#[test]
fn sets_of_the_official_size_pass_against_the_catalogue_itself() {
    for id in ["flowers", "dtd"] {
        let set = publish_whole(id);
        let known = entry(id).unwrap();
        assert_eq!(set.entry, *known);
        let folder = set.packed();
        let report = check(folder.path(), known, &CheckOptions::default());
        assert!(report.is_well(), "{report:?}");
    }
}

/// Needs `SECATEUR_SHARED_DATA`, a folder with `mat/imagelabels.mat` and `mat/setid.mat`.
#[test]
fn the_real_lists_of_flowers_give_the_official_splits() {
    let (Some(labels), Some(ids)) = (shared("mat/imagelabels.mat"), shared("mat/setid.mat")) else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(labels, folder.path().join("imagelabels.mat")).unwrap();
    std::fs::copy(ids, folder.path().join("setid.mat")).unwrap();
    let pictures: Vec<_> = (1..=8189)
        .map(|number: usize| (format!("jpg/image_{number:05}.jpg"), number.to_le_bytes().to_vec()))
        .collect();
    std::fs::write(folder.path().join("102flowers.tgz"), gzip(&tar_of(&pictures, ""))).unwrap();
    let known = entry("flowers").unwrap();
    let listing = listed(folder.path(), known);
    assert_eq!((listing.train.len(), listing.test.len(), listing.info().classes.len()), (2040, 6149, 102));
    let pinned = Options { held_out: HeldOut::Pinned, ..Options::default() };
    let listing = list(folder.path(), known, &pinned).unwrap();
    assert_eq!((listing.train.len(), listing.validation.len()), (1020, 1020));
    for class in 0..102 {
        assert_eq!(listing.train.iter().filter(|picture| picture.label == class).count(), 10);
    }
    // SciPy: the first of trnid is picture 6765, whose label is 1.
    let picture = listing.train.iter().find(|picture| picture.name == "image_06765.jpg").unwrap();
    assert_eq!(picture.label, 0);
    // Digests of the two label files are known from these copies.
    let digests = check(folder.path(), known, &CheckOptions { deep: false, digests: true });
    let right =
        digests.archives.iter().filter(|archive| archive.digest == crate::official::DigestState::Right);
    assert_eq!(right.count(), 2);
}
