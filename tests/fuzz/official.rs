//! Official data sets in small, with one of their files changed: lists, MAT-files, pickles, records, IDX, archives.

use proptest::prelude::*;
use secateur_data::official::testing::{Published, Size, publish};
use secateur_data::official::{CheckOptions, Options, check, list};
use secateur_data::{DataError, Split};

use crate::cases;
use crate::memory::bounded_beyond;
use crate::mutate::{apply, edits, noise};

/// Buffers, and what the values of a MAT-file may take however few bytes they were packed in.
const CONSTANT: usize = 96 << 20;
/// Lists become paths, names and labels; a byte that is packed may become a thousand, but no file here is that large.
const TIMES: usize = 64;

/// Files of every format.
const TARGETS: [(&str, &str); 12] = [
    ("aircraft", "data/variants.txt"),
    ("birdsnap", "birdsnap/images.txt"),
    ("cars", "devkit/cars_meta.mat"),
    ("cars", "devkit/cars_train_annos.mat"),
    ("flowers", "imagelabels.mat"),
    ("svhn", "train_32x32.mat"),
    ("cifar10", "data_batch_1.bin"),
    ("cifar100-python", "python/train"),
    ("cifar100-python", "python/meta"),
    ("fashion-mnist", "train-images-idx3-ubyte.gz"),
    ("mnist", "t10k-labels-idx1-ubyte.gz"),
    ("food101", "meta/train.json"),
];

fn small(id: &str) -> Published {
    publish(id, Size { classes: 2, train: 6, validation: 2, test: 3 })
}

/// Lists and reads a set, and checks it to the end of every picture.
fn use_up(set: &Published, packed: bool) {
    let folder = if packed { set.packed() } else { set.unpacked() };
    let length = set.files().iter().map(|(name, bytes)| name.len() + bytes.len()).sum();
    let outcome: Result<(), DataError> = bounded_beyond(CONSTANT, length, TIMES, || {
        let options = Options { reduced: true, ..Options::default() };
        let listing = list(folder.path(), &set.entry, &options)?;
        let wanted: Vec<_> = (0..listing.train.len()).map(|index| (Split::Train, index)).collect();
        listing.read(&wanted, &mut |_, _, _| Ok(()))
    });
    if let Err(error) = outcome {
        let text = error.to_string();
        assert!(text.len() < 4000 + 8 * length, "an error of {} bytes", text.len());
    }
    bounded_beyond(2 * CONSTANT, length, TIMES, || {
        check(folder.path(), &set.entry, &CheckOptions { deep: true, digests: true })
    });
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn changed_sets_end_in_a_listing_or_an_error(
        target in prop::sample::select(&TARGETS[..]), edits in edits(), noise in noise(), noisy in 0_u8..10,
        packed in any::<bool>()
    ) {
        let (id, file) = target;
        let mut set = small(id);
        let (_, bytes) = set.file_mut(file);
        *bytes = if noisy == 0 { noise } else { apply(bytes, &edits) };
        use_up(&set, packed);
    }

    #[test]
    fn changed_archives_of_sets_end_in_a_listing_or_an_error(
        target in prop::sample::select(&[
            ("caltech101", "caltech-101.zip"), ("sun397", "Partitions.zip"), ("caltech256", "256_ObjectCategories.tar"),
            ("dtd", "dtd-r1.0.1.tar.gz"),
        ][..]),
        edits in edits()
    ) {
        let (id, archive) = target;
        let set = small(id);
        let folder = set.packed();
        let path = folder.path().join(archive);
        let bytes = apply(&std::fs::read(&path).expect("packed"), &edits);
        std::fs::write(&path, &bytes).expect("written");
        let outcome = bounded_beyond(CONSTANT, bytes.len(), TIMES, || {
            list(folder.path(), &set.entry, &Options::default()).map(|listing| listing.train.len())
        });
        if let Err(error) = outcome {
            assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn the_sets_that_are_changed_can_be_read() {
    for (id, _) in TARGETS {
        let set = small(id);
        for folder in [set.unpacked(), set.packed()] {
            list(folder.path(), &set.entry, &Options::default()).expect("a listing");
        }
    }
}

/// Kilobytes that unpack to hundreds of megabytes, as a list and as numbers.
#[test]
fn lists_that_swell_are_refused() {
    let mut set = small("dtd");
    set.file_mut("labels/train1.txt").1 = b"a\n".repeat(10 << 20);
    let folder = set.packed();
    let error =
        bounded_beyond(CONSTANT, 0, 0, || list(folder.path(), &set.entry, &Options::default()).map(drop));
    assert!(error.expect_err("refused").to_string().contains("more than 262144 lines"));
    let mut set = small("dtd");
    set.file_mut("labels/train1.txt").1 = vec![b' '; 200 << 20];
    let folder = set.packed();
    drop(set.parts);
    let error =
        bounded_beyond(CONSTANT, 0, 0, || list(folder.path(), &set.entry, &Options::default()).map(drop));
    assert!(error.expect_err("refused").to_string().contains("at most 33554432 are read"));
}
