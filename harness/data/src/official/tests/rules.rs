//! Rules of single sets, validation splits, and what is missing.

use super::*;
use crate::listing::Place;
use crate::official::catalogue::Counts;
use crate::official::testing::zip_of;

#[test]
fn validation_splits_are_those_of_the_set_or_pinned() {
    let pinned = Options { held_out: HeldOut::Pinned, ..Options::default() };
    for id in ["aircraft", "dtd", "flowers"] {
        let set = small(id);
        let folder = set.unpacked();
        let listing = list(folder.path(), &set.entry, &pinned).unwrap();
        let sizes = (listing.train.len(), listing.validation.len(), listing.test.len());
        assert_eq!(sizes, (SMALL.train, SMALL.validation, SMALL.test), "{id}");
        assert!(contents(&listing, Split::Validation).values().all(|content| told(content).0 == 1), "{id}");
        assert!(contents(&listing, Split::Train).values().all(|content| told(content).0 == 0), "{id}");
    }
    // Where a set has none, a tenth of each class.
    let set = publish("food101", Size { classes: 3, train: 66, validation: 0, test: 3 });
    let folder = set.unpacked();
    let whole = listed(folder.path(), &set.entry);
    let listing = list(folder.path(), &set.entry, &pinned).unwrap();
    assert_eq!((listing.train.len(), listing.validation.len(), listing.test.len()), (60, 6, 3));
    for class in 0..3 {
        assert_eq!(listing.validation.iter().filter(|picture| picture.label == class).count(), 2);
    }
    let mut together = [listing.train.clone(), listing.validation.clone()].concat();
    together.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(together, whole.train);
    // The choice follows from the names, so it is the same wherever the bytes are.
    let packed = list(set.packed().path(), &set.entry, &pinned).unwrap();
    let names =
        |listing: &Listing| listing.validation.iter().map(|picture| picture.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&listing), names(&packed));
    // Ranked by BLAKE3 in Python.
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/held-out/food.json");
    let expected: Vec<String> = serde_json::from_slice(&std::fs::read(golden).unwrap()).unwrap();
    assert_eq!(names(&listing), expected);
}

#[test]
fn a_sample_is_the_same_for_everybody_and_says_what_it_is() {
    let set = publish("food101", Size { classes: 3, train: 66, validation: 0, test: 3 });
    let folder = set.unpacked();
    let sample = |train, validation| {
        let held_out = HeldOut::Sample(Sample { train, validation });
        list(folder.path(), &set.entry, &Options { held_out, ..Options::default() })
    };
    let listing = sample(20, 5).unwrap();
    // Ranked by BLAKE3 in Python.
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/held-out/food-sample.json");
    let expected: BTreeMap<String, Vec<String>> =
        serde_json::from_slice(&std::fs::read(golden).unwrap()).unwrap();
    for (split, name) in [(Split::Train, "train"), (Split::Validation, "validation")] {
        let names: Vec<&String> = listing.split(split).iter().map(|picture| &picture.name).collect();
        assert_eq!(names, expected[name].iter().collect::<Vec<_>>(), "{name}");
    }
    let info = listing.info();
    assert_eq!(info.id, "food101-sample-20-5");
    assert!(info.title.ends_with(" (sample: 20 training and 5 validation pictures)"), "{}", info.title);
    // Test pictures stay, and labels go with their pictures.
    let whole = listed(folder.path(), &set.entry);
    assert_eq!(listing.test, whole.test);
    assert!(listing.train.iter().chain(&listing.validation).all(|picture| whole.train.contains(picture)));
    // A set's own validation split is sampled with the rest of it.
    let own = small("dtd");
    let held_out = HeldOut::Sample(Sample { train: SMALL.train + SMALL.validation, validation: 0 });
    let all = list(own.unpacked().path(), &own.entry, &Options { held_out, ..Options::default() }).unwrap();
    assert_eq!((all.train.len(), all.validation.len()), (SMALL.train + SMALL.validation, 0));
    for (train, validation) in [(60, 7), (0, 5), (usize::MAX, 1)] {
        let error = sample(train, validation).unwrap_err().to_string();
        assert!(error.contains("sample") && error.contains("of 66 that are not for testing"), "{error}");
    }
}

#[test]
fn places_say_where_bytes_are() {
    let set = small("dtd");
    let (unpacked, packed) = (set.unpacked(), set.packed());
    let path = |place: &Place| match place {
        Place::File(path) => path.clone(),
        other => panic!("{other:?}"),
    };
    let first = &listed(unpacked.path(), &set.entry).test[0];
    assert!(unpacked.path().join(path(&first.place)).is_file());
    let first = &listed(packed.path(), &set.entry).test[0];
    assert!(matches!(&first.place, Place::Member { archive: 0, path } if path.starts_with("dtd/images/")));
    let set = small("cifar100");
    let listing = listed(set.unpacked().path(), &set.entry);
    assert_eq!(listing.train[2].place, Place::Raw { file: 0, offset: 2 * 3074 + 2 });
}

#[test]
fn what_is_unpacked_comes_before_archives_and_may_lie_deeper() {
    let set = small("pets");
    let folder = set.packed();
    // A part is unpacked, into a folder of its own name as some do it.
    set.unpack(&folder.path().join("pets"));
    let listing = listed(folder.path(), &set.entry);
    assert!(
        listing
            .train
            .iter()
            .all(|picture| matches!(&picture.place, Place::File(path) if path.starts_with("pets/images/")))
    );
    // Twice is once too often.
    set.unpack(&folder.path().join("copy"));
    let error = complaint(folder.path(), &set.entry);
    assert!(error.contains("copy/") && error.contains("remove one of the two"), "{error}");
    // Kaggle's copy of the cars has folders in folders of the same name.
    let mut set = small("cars");
    for (path, _) in
        set.parts.iter_mut().flat_map(|part| &mut part.files).filter(|(path, _)| path.contains("rs_t"))
    {
        if path.ends_with(".jpg") {
            *path = format!("{}/{path}", path.split('/').next().unwrap());
        }
    }
    assert_eq!(listed(set.unpacked().path(), &set.entry).train.len(), SMALL.train);
}

#[test]
fn both_archives_of_caltech101_will_do() {
    let set = small("caltech101");
    let folder = tempfile::tempdir().unwrap();
    let files = set.files();
    let inner = crate::testing::gzip(&crate::testing::tar_of(&files, ""));
    std::fs::write(folder.path().join("101_ObjectCategories.tar.gz"), inner).unwrap();
    let old = listed(folder.path(), &set.entry);
    let new = set.packed();
    assert!(new.path().join("caltech-101.zip").is_file());
    assert_eq!(contents(&old, Split::Test), contents(&listed(new.path(), &set.entry), Split::Test));
    // Unpacked once, so that the inner archive lies in a folder.
    let half = tempfile::tempdir().unwrap();
    std::fs::create_dir(half.path().join("caltech-101")).unwrap();
    let name = "101_ObjectCategories.tar.gz";
    std::fs::rename(folder.path().join(name), half.path().join("caltech-101").join(name)).unwrap();
    assert_eq!(listed(half.path(), &set.entry).info.classes, ["Faces2", "Faces4", "crab1", "crab3"]);
}

#[test]
fn missing_pictures_are_an_error_that_names_them() {
    for (id, end) in [
        ("aircraft", "images/3000003.jpg"),
        ("caltech256", "002.thing-2/002_0007.jpg"),
        ("flowers", "jpg/image_00004.jpg"),
        ("sun397", "outdoor/sun_21.jpg"),
        ("cars", "cars_test/00002.jpg"),
    ] {
        let mut set = small(id);
        set.remove(end);
        for folder in [set.unpacked(), set.packed()] {
            let error = complaint(folder.path(), &set.entry);
            assert!(error.contains(&format!("the data set `{id}` has ")) && error.contains(end), "{error}");
            assert!(error.contains("`reduced: true`"), "{error}");
        }
    }
    // Of many, the first are named.
    let mut set = small("food101");
    set.remove("0.jpg");
    set.remove("2.jpg");
    set.remove("1.jpg");
    let error = complaint(set.unpacked().path(), &set.entry);
    assert!(
        error.contains("missing are food-101/images/dish_000/1000.jpg") && error.contains(" more"),
        "{error}"
    );
}

#[test]
fn a_reduced_set_says_how_much_is_left() {
    let reduced = Options { reduced: true, ..Options::default() };
    let mut set = small("birdsnap");
    let folder = set.unpacked();
    // A whole set is no reduced one, whatever was declared.
    let listing = list(folder.path(), &set.entry, &reduced).unwrap();
    assert_eq!((listing.info().id.as_str(), listing.info().title.as_str()), ("birdsnap", "Birdsnap"));
    // One picture is gone, another one was replaced by a page.
    set.remove("Bird_4/20.jpg");
    set.file_mut("Bird_3/01.jpg").1 = b"<html>404</html>".to_vec();
    let folder = set.unpacked();
    let error = complaint(folder.path(), &set.entry);
    assert!(error.contains("12 of 13 train pictures and 9 of 10 test pictures"), "{error}");
    assert!(
        error.contains("Bird_3/01.jpg (which has changed)") && error.contains("Bird_4/20.jpg"),
        "{error}"
    );
    let listing = list(folder.path(), &set.entry, &reduced).unwrap();
    assert_eq!(listing.info().id, "birdsnap-reduced-12-9");
    assert_eq!(listing.info().title, "Birdsnap (reduced: 12 of 13 training and 9 of 10 test pictures)");
    // Labels stay what they were.
    assert_eq!(listing.info().classes, ["Bird_1", "Bird_2", "Bird_3", "Bird_4"]);
    assert!(
        listing
            .test
            .iter()
            .all(|picture| listing.info().classes[usize::from(picture.label)] == picture.name[..6])
    );
    // A class that cannot be learned cannot be scored.
    for k in ["00", "04", "08", "012"] {
        set.remove(&format!("Bird_4/{k}.jpg"));
    }
    let error = list(set.unpacked().path(), &set.entry, &reduced).unwrap_err().to_string();
    assert!(error.contains("the class `Bird_4`, which has no training picture"), "{error}");
}

#[test]
fn more_pictures_than_the_official_ones_are_an_error() {
    for (id, stray) in
        [("caltech101", "101_ObjectCategories/crab1/image_0099.jpg"), ("imagenet", "train/n01440764/x.JPEG")]
    {
        let mut set = small(id);
        set.parts[0].files.push((stray.to_owned(), vec![1]));
        let options = Options { reduced: true, ..Options::default() };
        let folder = set.unpacked();
        let result = list(folder.path(), &set.entry, &options);
        if id == "caltech101" {
            // The numbers between are missing, so that it is not one picture too many that is seen.
            assert!(complaint(folder.path(), &set.entry).contains("image_00"));
        } else {
            let error = result.unwrap_err().to_string();
            assert!(
                error.contains("14 of 13 train pictures") && error.contains("does not belong"),
                "{error}"
            );
        }
    }
    let mut set = small("dtd");
    set.entry.counts = Counts { train: 12, ..set.entry.counts };
    assert!(complaint(set.packed().path(), &set.entry).contains("13 of 12 train pictures"));
}

#[test]
fn imagenets_flat_validation_folder_is_explained() {
    let mut set = small("imagenet");
    for (path, _) in &mut set.parts[0].files {
        if path.starts_with("val/") {
            *path = format!("val/{}", path.rsplit('/').next().unwrap());
        }
    }
    let error = complaint(set.unpacked().path(), &set.entry);
    assert!(error.contains("val/ILSVRC2012_val_00000001.JPEG") && error.contains("ground truth"), "{error}");
}

#[test]
fn numbers_of_caltech_decide_so_that_nothing_moves() {
    let mut set = small("caltech101");
    set.remove("crab1/image_0030.jpg");
    let options = Options { reduced: true, ..Options::default() };
    let listing = list(set.unpacked().path(), &set.entry, &options).unwrap();
    let numbers: Vec<&str> =
        listing.test.iter().filter_map(|picture| picture.name.strip_prefix("crab1/")).collect();
    assert_eq!(numbers, ["image_0031.jpg", "image_0032.jpg", "image_0033.jpg"]);
    assert!(listing.train.iter().all(|picture| picture.name != "crab1/image_0030.jpg"));
}

#[test]
fn parts_that_are_absent_are_asked_for() {
    let set = small("flowers");
    let folder = set.packed();
    std::fs::remove_file(folder.path().join("setid.mat")).unwrap();
    let error = complaint(folder.path(), &set.entry);
    assert!(
        error.contains("`setid.mat` of the data set `flowers` is not there; put setid.mat there"),
        "{error}"
    );
    let empty = tempfile::tempdir().unwrap();
    let error = complaint(empty.path(), &small("cifar10").entry);
    assert!(error.contains("put cifar-10-binary.tar.gz or cifar-10-python.tar.gz there"), "{error}");
    let error = complaint(&empty.path().join("none"), &small("cars").entry);
    assert!(error.contains("the folder of the data set `cars` is not there"), "{error}");
    // The devkit's own annotations of the test pictures have no classes.
    let mut set = small("cars");
    set.parts.pop();
    let error = complaint(set.packed().path(), &set.entry);
    assert!(error.contains("`cars_test_annos_withlabels.mat`"), "{error}");
    let boxes = crate::official::entry("voc2007").unwrap();
    assert!(complaint(empty.path(), boxes).contains("`voc2007` has boxes"));
}

#[test]
fn a_zip_is_read_like_a_tar() {
    let set = small("sun397");
    let folder = set.packed();
    let partitions = folder.path().join("Partitions.zip");
    assert_eq!(std::fs::read(&partitions).unwrap()[..2], *b"PK");
    std::fs::write(&partitions, zip_of(&[("nothing.txt".to_owned(), Vec::new())])).unwrap();
    assert!(complaint(folder.path(), &set.entry).contains("`Testing_01.txt`"));
}
