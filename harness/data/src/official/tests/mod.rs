//! Every set in small, unpacked and as it is published.

mod checked;
mod documented;
mod hostile;
mod loaded;
mod rules;
mod whole;

use std::collections::BTreeMap;
use std::path::Path;

use super::catalogue::Entry;
use super::testing::{Published, Size, publish, which};
use super::{HeldOut, Options, Sample, list};
use crate::listing::{Content, Listing, decode};
use crate::{DataError, Split};

const SMALL: Size = Size { classes: 4, train: 13, validation: 9, test: 10 };

/// All sets that can be listed, and the other form of two.
const SETS: [&str; 18] = [
    "aircraft",
    "birdsnap",
    "caltech101",
    "caltech256",
    "cars",
    "cifar10",
    "cifar10-python",
    "cifar100",
    "cifar100-python",
    "dtd",
    "fashion-mnist",
    "flowers",
    "food101",
    "imagenet",
    "mnist",
    "pets",
    "sun397",
    "svhn",
];

fn small(id: &str) -> Published {
    publish(id, SMALL)
}

fn listed(folder: &Path, entry: &Entry) -> Listing {
    list(folder, entry, &Options::default()).unwrap()
}

fn complaint(folder: &Path, entry: &Entry) -> String {
    list(folder, entry, &Options::default()).unwrap_err().to_string()
}

/// Contents by name, with the order in which they came.
fn contents(listing: &Listing, split: Split) -> BTreeMap<String, Content> {
    let wanted: Vec<(Split, usize)> = (0..listing.split(split).len()).map(|index| (split, index)).collect();
    let mut contents = BTreeMap::new();
    listing
        .read(&wanted, &mut |split, index, content| {
            let again = contents.insert(listing.split(split)[index].name.clone(), content);
            assert!(again.is_none(), "read twice");
            Ok::<(), DataError>(())
        })
        .unwrap();
    assert_eq!(contents.len(), wanted.len());
    contents
}

/// Which picture of which split a content is: the first value of raw pixels tells the split, the others the picture.
fn told(content: &Content) -> (usize, usize) {
    match content {
        Content::Pixels { values, shape } => {
            // Everything but the first value, which is of the first channel, is the same.
            let rest = values.iter().skip(1);
            assert_eq!(values.len(), shape.iter().product::<usize>());
            assert!(rest.clone().all(|value| value == &values[values.len() - 1]), "{values:?}");
            (usize::from(values[0]), usize::from(values[values.len() - 1]))
        }
        content => which(&decode(content).unwrap()),
    }
}

/// In the order of their labels, as the authors give them.
const FASHION: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

/// The number that a set in small has in the names of its classes.
fn class_number(id: &str, name: &str) -> usize {
    let digits: String = name.chars().rev().take_while(char::is_ascii_digit).collect();
    let number = digits.chars().rev().collect::<String>().parse::<usize>().ok();
    match (id, name) {
        ("sun397", "abbey") => 0,
        ("sun397", "church/outdoor") => 1,
        ("fashion-mnist", name) => FASHION.iter().position(|known| *known == name).unwrap(),
        ("birdsnap", _) => SMALL.classes - number.unwrap(),
        ("caltech101" | "caltech256" | "flowers", _) => number.unwrap() - 1,
        ("imagenet", _) => (number.unwrap() - 1_440_764) / 9,
        ("cars", name) => name.split(' ').nth(1).unwrap().parse().unwrap(),
        _ => number.unwrap(),
    }
}

#[test]
fn every_set_is_listed_and_read_alike_unpacked_and_packed() {
    for id in SETS {
        let set = small(id);
        let digits = set.entry.classes == 10;
        let (unpacked, packed) = (set.unpacked(), set.packed());
        let from_folder = listed(unpacked.path(), &set.entry);
        let from_archive = listed(packed.path(), &set.entry);
        assert_eq!(from_folder.info.id, set.entry.id);
        assert_eq!(from_folder.info.classes, from_archive.info.classes, "{id}");
        assert_eq!(from_folder.info.classes.len(), set.entry.classes, "{id}");
        let official = set.entry.counts;
        assert_eq!(from_folder.train.len(), official.train + official.validation.unwrap_or(0), "{id}");
        assert!(from_folder.validation.is_empty(), "{id}");
        assert_eq!(from_folder.test.len(), official.test.unwrap(), "{id}");
        for split in [Split::Train, Split::Test] {
            let pictures = from_folder.split(split);
            assert!(pictures.windows(2).all(|pair| pair[0].name < pair[1].name), "{id}: not in order");
            let names = |listing: &Listing| {
                listing
                    .split(split)
                    .iter()
                    .map(|picture| (picture.name.clone(), picture.label))
                    .collect::<Vec<_>>()
            };
            assert_eq!(names(&from_folder), names(&from_archive), "{id}");
            let found = contents(&from_folder, split);
            assert_eq!(found, contents(&from_archive, split), "{id}");
            let mut seen = Vec::new();
            for picture in pictures {
                let (part, k) = told(&found[&picture.name]);
                let class = class_number(id, &from_folder.info.classes[usize::from(picture.label)]);
                seen.push((part, k));
                if id.starts_with("caltech") {
                    // Numbered within each class: 100 for each, from 1.
                    let trained = if id == "caltech101" { 30 } else { 60 };
                    assert_eq!(
                        (k / 100, k % 100 <= trained),
                        (class, split == Split::Train),
                        "{id}: {}",
                        picture.name
                    );
                    continue;
                }
                assert_eq!(part == 2, split == Split::Test, "{id}: {}", picture.name);
                let classes = if digits { 10 } else { SMALL.classes };
                assert_eq!(class, k % classes, "{id}: {}", picture.name);
            }
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), pictures.len(), "{id}: a picture stands for two");
        }
    }
}

#[test]
fn every_set_of_classification_is_tried_here() {
    for entry in crate::official::catalogue() {
        assert_eq!(SETS.contains(&entry.id.as_str()), entry.is_classification(), "{}", entry.id);
        assert_eq!(
            crate::official::sets::format(&entry.id).is_some(),
            entry.is_classification(),
            "{}",
            entry.id
        );
    }
}

#[test]
fn pictures_are_read_in_any_choice() {
    for id in ["aircraft", "cifar10", "svhn", "mnist"] {
        let set = small(id);
        let folder = set.packed();
        let listing = listed(folder.path(), &set.entry);
        let all = contents(&listing, Split::Train);
        let wanted = [(Split::Test, 3), (Split::Train, 7), (Split::Train, 2)];
        let mut read = Vec::new();
        let consume = &mut |split: Split, index: usize, content: Content| {
            if split == Split::Train {
                assert_eq!(content, all[&listing.train[index].name]);
            }
            read.push((split, index));
            Ok(())
        };
        listing.read(&wanted, consume).unwrap();
        read.sort_unstable();
        assert_eq!(read, [(Split::Train, 2), (Split::Train, 7), (Split::Test, 3)], "{id}");
        let error = listing.read(&[(Split::Test, 99)], &mut |_, _, _| Ok(())).unwrap_err();
        assert!(error.to_string().contains("picture 99 of the test split"), "{error}");
        // What a consumer refuses ends the reading, with its own error.
        let refuse = &mut |_: Split, _: usize, _: Content| {
            Err(DataError::Option { option: "side", problem: "refused".to_owned() })
        };
        assert!(listing.read(&wanted, refuse).unwrap_err().to_string().contains("refused"));
    }
}

#[test]
fn a_task_says_what_the_catalogue_says() {
    let set = small("pets");
    let listing = listed(set.unpacked().path(), &set.entry);
    let info = listing.info();
    assert_eq!((info.id.as_str(), info.metric.name()), ("pets", "mean-per-class"));
    assert_eq!(info.mean, set.entry.normalization.as_ref().unwrap().mean);
    assert_eq!(info.classes, ["Cat_of_0", "dog_1", "Cat_of_2", "dog_3"]);
}
