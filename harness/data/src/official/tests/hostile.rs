//! Archives, lists and files of pixels that are damaged or hostile.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::official::testing::{gzip, tar_of};

/// A tar whose headers are written as they come: the library refuses what leads out of it.
fn tar_with(name: &str) -> Vec<u8> {
    let mut bytes = tar_of(&[("x".repeat(name.len()), b"evil".to_vec())], "");
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    let sum: u32 = (0..512).map(|at| if (148..156).contains(&at) { 32 } else { u32::from(bytes[at]) }).sum();
    bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    bytes
}

#[test]
fn members_that_lead_out_of_an_archive_are_refused() {
    let set = small("dtd");
    let folder = set.packed();
    let path = folder.path().join("dtd-r1.0.1.tar.gz");
    for name in ["../x.jpg", "dtd/../../x.jpg", "/../x", "a\\..\\..\\x"] {
        fs::write(&path, gzip(&tar_with(name))).unwrap();
        let error = complaint(folder.path(), &set.entry);
        assert!(error.contains("leads out of the archive"), "{name}: {error}");
    }
    // So do paths in lists lead nowhere.
    let mut set = small("dtd");
    let (_, list) = set.file_mut("labels/test1.txt");
    *list = b"texture00/../../../secret.jpg\n".to_vec();
    let error = complaint(set.unpacked().path(), &set.entry);
    assert!(error.contains("0 of 10 test pictures") && error.contains("secret.jpg"), "{error}");
}

#[test]
fn members_that_are_there_twice_are_refused() {
    let set = small("dtd");
    let folder = set.packed();
    let path = folder.path().join("dtd-r1.0.1.tar.gz");
    for end in [".jpg", "labels/val1.txt"] {
        let mut files = set.files();
        let again = files.iter().find(|(path, _)| path.ends_with(end)).unwrap().clone();
        files.push(again.clone());
        fs::write(&path, gzip(&tar_of(&files, ""))).unwrap();
        let error = complaint(folder.path(), &set.entry);
        assert!(error.contains(&again.0) && error.contains("in the archive twice"), "{error}");
    }
}

#[test]
fn archives_that_are_cut_off_are_errors() {
    for (id, name) in [
        ("dtd", "dtd-r1.0.1.tar.gz"),
        ("caltech101", "caltech-101.zip"),
        ("caltech256", "256_ObjectCategories.tar"),
    ] {
        let set = small(id);
        let folder = set.packed();
        let path = folder.path().join(name);
        let whole = fs::read(&path).unwrap();
        for length in [0, 3, 100, whole.len() / 3, whole.len() * 2 / 3] {
            fs::write(&path, &whole[..length]).unwrap();
            let error = complaint(folder.path(), &set.entry);
            assert!(error.contains(name) || error.contains(" is not there"), "{id} {length}: {error}");
        }
    }
}

#[test]
fn lists_that_say_something_else_are_explained() {
    let cases: [(&str, &str, &str, &str); 9] = [
        ("aircraft", "images_variant_test.txt", "3000000 Zeppelin\n", "the class `Zeppelin`"),
        (
            "aircraft",
            "images_variant_val.txt",
            "3000000\n",
            "line 1 is `3000000`; expected `<number> <variant>`",
        ),
        ("pets", "annotations/test.txt", "cat_1 0 1 1\n", "line 1 is `cat_1 0 1 1`"),
        ("pets", "annotations/test.txt", "wolf_1 2 1 1\n", "has a wolf in class 2, which is dog_1"),
        ("food101", "meta/test.json", "[1]", "does not map classes to pictures"),
        (
            "food101",
            "meta/test.json",
            "{\"dish_000\": [\"dish_001/1\"]}",
            "has dish_001/1 in the class `dish_000`",
        ),
        ("sun397", "Testing_01.txt", "/z/zoo/sun_1.jpg\n", "line 1 is `/z/zoo/sun_1.jpg`"),
        ("birdsnap", "birdsnap/images.txt", "url\tpath\n", "has no column `md5`, but url, path"),
        ("dtd", "labels/train1.txt", "\u{1}\n", "expected `<class>/<picture>.jpg`"),
    ];
    for (id, file, content, expected) in cases {
        let mut set = small(id);
        set.file_mut(file).1 = content.as_bytes().to_vec();
        for folder in [set.unpacked(), set.packed()] {
            let error = complaint(folder.path(), &set.entry);
            assert!(error.contains(expected) && error.contains(file), "{id}: {error}");
        }
    }
    let mut set = small("dtd");
    set.file_mut("labels/test1.txt").1 = b"\xff\xfe".to_vec();
    assert!(complaint(set.unpacked().path(), &set.entry).contains("is not text in UTF-8"));
    // A picture to learn from that is scored on.
    let mut set = small("dtd");
    let train = set.file_mut("labels/train1.txt").1.clone();
    set.file_mut("labels/test1.txt").1.extend(train);
    let error = complaint(set.unpacked().path(), &set.entry);
    assert!(error.contains("is listed for the train and for the test split"), "{error}");
}

/// Changes what is in a `.gz`.
fn edited(edit: impl Fn(&mut Vec<u8>)) -> impl Fn(&mut Vec<u8>) {
    move |bytes| {
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut content).unwrap();
        edit(&mut content);
        *bytes = gzip(&content);
    }
}

#[test]
fn files_of_pixels_that_do_not_fit_are_explained() {
    let change = |id: &str, file: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut set = small(id);
        change(&mut set.file_mut(file).1);
        let folders = [set.unpacked(), set.packed()];
        folders.map(|folder| complaint(folder.path(), &set.entry))
    };
    let check = |errors: [String; 2], expected: &str| {
        for error in errors {
            assert!(error.contains(expected), "{error}");
        }
    };
    check(
        change("cifar10", "data_batch_2.bin", &|bytes| bytes.truncate(5000)),
        "5000 bytes, which are no records",
    );
    check(
        change("cifar100", "test.bin", &|bytes| bytes[1] = 77),
        "has the label 77, but there are 4 classes",
    );
    let unfilled = |bytes: &mut Vec<u8>| *bytes = b"\x80\x02}U\x06labels](K\x01es.".to_vec();
    check(change("cifar10-python", "test_batch", &unfilled), "it has no `data`");
    let evil = |bytes: &mut Vec<u8>| *bytes = b"\x80\x02cos\nsystem\nU\x02ls\x85R.".to_vec();
    check(change("cifar10-python", "data_batch_5", &evil), "asks for `os.system`, which is not allowed");
    let unlabelled = |bytes: &mut Vec<u8>| {
        let key = bytes.windows(11).position(|window| window == b"fine_labels").unwrap();
        // An empty list, a mark, and the first of the labels, of five bytes.
        bytes.drain(key + 13..key + 18);
    };
    check(change("cifar100-python", "python/test", &unlabelled), "shape [10, 3072] for");

    let images = "train-images-idx3-ubyte.gz";
    check(change("mnist", images, &edited(|bytes| bytes[3] = 1)), "no IDX file of bytes in 3 dimensions");
    check(change("mnist", images, &edited(|bytes| bytes[4] = 200)), "which no file of this set has");
    check(change("mnist", images, &edited(|bytes| bytes.truncate(10_000))), "has 9984 of 10192 values");
    check(change("mnist", images, &edited(|bytes| bytes.push(0))), "more than the 10192 values");
    check(
        change(
            "mnist",
            "t10k-labels-idx1-ubyte.gz",
            &edited(|bytes| {
                bytes[7] = 9;
                bytes.pop();
            }),
        ),
        "has 10 pictures, but t10k-labels-idx1-ubyte.gz has 9 labels",
    );
    check(change("mnist", images, &|bytes| bytes.truncate(60)), "ends too early");
    check(change("svhn", "test_32x32.mat", &|bytes| bytes.truncate(200)), "ends in the middle");
    check(change("svhn", "test_32x32.mat", &|bytes| bytes.clear()), "too short to be a MAT-file");
}

/// What may be changed in a set: its files that say what is what, and those of pixels.
const TARGETS: [(&str, &str); 12] = [
    ("cars", "devkit/cars_meta.mat"),
    ("cars", "devkit/cars_train_annos.mat"),
    ("flowers", "setid.mat"),
    ("svhn", "train_32x32.mat"),
    ("cifar10", "data_batch_1.bin"),
    ("cifar10-python", "data_batch_1"),
    ("cifar10-python", "batches.meta"),
    ("mnist", "train-images-idx3-ubyte.gz"),
    ("mnist", "t10k-labels-idx1-ubyte.gz"),
    ("food101", "meta/train.json"),
    ("birdsnap", "birdsnap/images.txt"),
    ("pets", "annotations/trainval.txt"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn damage_ends_in_an_error_or_a_listing(
        target in prop::sample::select(&TARGETS[..]),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(), whole in any::<bool>(), packed in any::<bool>(),
    ) {
        let (id, file) = target;
        let mut set = publish(id, Size { classes: 2, train: 5, validation: 2, test: 3 });
        let (_, bytes) = set.file_mut(file);
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        let folder = if packed { set.packed() } else { set.unpacked() };
        match list(folder.path(), &set.entry, &Options::default()) {
            Err(error) => prop_assert!(!error.to_string().is_empty()),
            Ok(listing) => {
                let wanted: Vec<_> = (0..listing.train.len()).map(|index| (Split::Train, index)).collect();
                let _ = listing.read(&wanted, &mut |_, _, _| Ok(()));
            }
        }
    }
}
