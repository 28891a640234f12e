//! Properties of the generated tasks.

use std::collections::BTreeSet;

use secateur_metrics::ClassificationMetric;

use super::*;
use crate::digest_pictures;

/// Digests of the first pictures of each split with seed 0, eight for each class. A change here goes with a new [`VERSION`].
const GOLDEN: (u32, [(&str, &str); 13]) = (
    1,
    [
        ("generated/upstream", "c5701a7c2050fbeb"),
        ("generated/colour-layout", "8f8a0bdc941227e7"),
        ("generated/counts", "896db170ce9a501d"),
        ("generated/creatures", "fcaa7a807fe8f351"),
        ("generated/digits", "c23a0f2809f08720"),
        ("generated/flowers", "a3fbff5b3ce6fdd1"),
        ("generated/gratings", "ae5af092fd6edacf"),
        ("generated/materials", "febdecdfca15a3da"),
        ("generated/orientation", "342d2c9695d00e5e"),
        ("generated/relations", "e3211d2f7fdeca32"),
        ("generated/silhouettes", "c7f9b0542e4020de"),
        ("generated/symbols", "be0e837a9248078b"),
        ("generated/textures", "d764746fdfe23975"),
    ],
);

#[test]
fn pictures_change_only_with_the_version() {
    let now: Vec<(&str, String)> = catalogue()
        .iter()
        .map(|entry| {
            let classes = entry.classes().len();
            let task = generate_first(entry.id, 0, SIDE, 8 * classes).unwrap();
            let seen: BTreeSet<_> = Split::ALL.iter().flat_map(|split| &task.split(*split).labels).collect();
            assert_eq!(seen.len(), classes, "{}: the digest must cover every class", entry.id);
            // Pictures and labels only: a caption may change within a version.
            let all = Split::ALL.map(|split| digest_pictures(task.split(split))).concat();
            (entry.id, blake3::hash(all.as_bytes()).to_hex()[..16].to_owned())
        })
        .collect();
    let (version, golden) = GOLDEN;
    let golden: Vec<_> = golden.iter().map(|(id, digest)| (*id, (*digest).to_owned())).collect();
    assert_eq!(version, VERSION, "a new version needs new digests: {now:#?}");
    assert_eq!(
        now, golden,
        "pictures differ from those of version {VERSION}: raise it and note the new digests"
    );
}

#[test]
fn the_catalogue_is_one_upstream_and_twelve_transfer_tasks() {
    let entries = catalogue();
    assert_eq!(entries.len(), 13);
    assert_eq!(entries[0].role, Role::Upstream);
    assert!(entries[1..].iter().all(|entry| entry.role == Role::Transfer));
    assert!(entries[1..].is_sorted_by_key(|entry| entry.id));
    for entry in entries {
        let info = info(entry.id).unwrap();
        let classes: BTreeSet<_> = info.classes.iter().collect();
        assert_eq!(classes.len(), info.classes.len(), "{}: class names repeat", entry.id);
        assert!(entry.test >= 2000 && (300..=1000).contains(&entry.validation), "{}", entry.id);
        // Unequal classes are judged class by class.
        let per_class = entry.metric == ClassificationMetric::MeanPerClass;
        assert_eq!(per_class, entry.imbalance > 1.0, "{}", entry.id);
    }
}

#[test]
fn every_class_is_in_every_split_and_by_the_stated_imbalance() {
    for entry in catalogue() {
        for (split, count) in [(Split::Train, entry.train), (Split::Validation, entry.validation)] {
            let labels = labels(entry, count, &mut Stream::new("labels", &[split as u64]));
            assert_eq!(labels.len(), count);
            let of = |class: usize| labels.iter().filter(|label| usize::from(**label) == class).count();
            let sizes: Vec<usize> = (0..entry.classes().len()).map(of).collect();
            assert!(sizes.iter().all(|size| *size >= 4), "{}: {sizes:?}", entry.id);
            if split == Split::Train {
                let ratio = sizes[0] as f32 / sizes[sizes.len() - 1] as f32;
                assert!((ratio / entry.imbalance - 1.0).abs() < 0.1, "{}: {ratio}", entry.id);
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_on_any_number_of_threads() {
    let make = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| generate_first("generated/creatures", 9, SIDE, 40).unwrap())
    };
    assert_eq!(make(1), make(3));
}

#[test]
fn a_shorter_split_is_the_beginning_of_a_longer_one() {
    let long = generate_first("generated/flowers", 2, 16, 12).unwrap();
    let short = generate_first("generated/flowers", 2, 16, 5).unwrap();
    assert_eq!(long.test.labels[..5], short.test.labels);
    assert_eq!(long.test.pixels[..5 * 768], short.test.pixels);
}

#[test]
fn no_picture_is_in_two_splits_or_two_seeds() {
    for entry in catalogue() {
        let mut seen = BTreeSet::new();
        for seed in [0, 1] {
            let task = generate_first(entry.id, seed, SIDE, 60).unwrap();
            for split in Split::ALL {
                for picture in task.split(split).pixels.chunks(3 * SIDE * SIDE) {
                    assert!(
                        seen.insert(picture.to_vec()),
                        "{}: {} repeats a picture",
                        entry.id,
                        split.name()
                    );
                }
            }
        }
    }
}

#[test]
fn the_seed_leaves_concepts_alone() {
    let (a, b) =
        (generate_first("generated/symbols", 0, 8, 1), generate_first("generated/symbols", 77, 8, 1));
    assert_eq!(a.unwrap().info, b.unwrap().info);
    // The mean picture of a class over many instances is nearly the same for two seeds, and another class's is not.
    let mean = |seed: u64, wanted: u16| {
        let task = generate_first("generated/counts", seed, 8, 900).unwrap();
        let chosen: Vec<_> = (0..900).filter(|&k| task.train.labels[k] == wanted).collect();
        let spread = |k: &usize| {
            let values = &task.train.pixels[k * 192..k * 192 + 64];
            let mean = values.iter().map(|v| f32::from(*v)).sum::<f32>() / 64.0;
            values.iter().map(|v| (f32::from(*v) - mean).abs()).sum::<f32>() / 64.0
        };
        chosen.iter().map(spread).sum::<f32>() / chosen.len() as f32
    };
    let (one, same, six) = (mean(0, 0), mean(1, 0), mean(0, 5));
    assert!((one - same).abs() < 0.3 * (one - six).abs(), "{one} {same} {six}");
}

#[test]
fn pictures_are_neither_flat_nor_saturated() {
    for entry in catalogue() {
        let task = generate_first(entry.id, 3, SIDE, 100).unwrap();
        let pixels = &task.train.pixels;
        let mean = pixels.iter().map(|v| f64::from(*v)).sum::<f64>() / pixels.len() as f64;
        assert!((85.0..170.0).contains(&mean), "{}: mean {mean}", entry.id);
        let extreme = pixels.iter().filter(|v| **v == 0 || **v == 255).count() as f64 / pixels.len() as f64;
        assert!(extreme < 0.15, "{}: {extreme} of the values are at an end of the range", entry.id);
    }
}

#[test]
fn bad_requests_are_explained() {
    let error = generate("generated/digit", 0).unwrap_err().to_string();
    assert!(error.contains("`generated/digit`") && error.contains("generated/digits"), "{error}");
    assert!(info("digits").is_none());
    for side in [0, 7, 513] {
        assert!(matches!(generate_sized("generated/digits", 0, side), Err(DataError::Side { .. })));
    }
}

#[test]
fn sides_other_than_32_work() {
    for entry in catalogue() {
        for side in [8, 64] {
            let task = generate_first(entry.id, 0, side, 2).unwrap();
            assert_eq!(task.test.shape, [3, side, side]);
            task.check().unwrap();
        }
    }
}
