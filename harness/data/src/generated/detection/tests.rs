//! Properties of the generated detection tasks.

use std::collections::BTreeSet;

use super::*;
use crate::digest_scenes;

const ID: &str = "generated/figures";

/// Digests of the first sixteen pictures of each split with seed 0. A change here goes with a new version.
const GOLDEN: (u32, [&str; 3]) = (1, ["dc66463c9199c1fe", "c38a0b0f50d286b6", "d60fd1561a2f918c"]);

#[test]
fn pictures_and_boxes_change_only_with_the_version() {
    let task = generate_detection_first(ID, 0, DETECTION_SIDE, 16).unwrap();
    let now = Split::ALL.map(|split| digest_scenes(task.split(split))[..16].to_owned());
    assert_eq!(
        (DETECTION_VERSION, now.each_ref().map(String::as_str)),
        GOLDEN,
        "raise the version, note the digests"
    );
}

#[test]
fn tasks_are_whole_and_are_what_the_catalogue_says() {
    for entry in detection_catalogue() {
        let task = generate_detection(entry.id, 4).unwrap();
        task.check().unwrap();
        assert_eq!(detection_info(entry.id).unwrap(), task.info);
        let counts = Split::ALL.map(|split| task.split(split).len());
        assert_eq!(counts, [entry.train, entry.validation, entry.test]);
        assert_eq!(task.train.shape, [3, DETECTION_SIDE, DETECTION_SIDE]);
        assert!(super::super::info(entry.id).is_none(), "{} is a task of classification, too", entry.id);
    }
}

#[test]
fn boxes_are_those_of_the_drawn_pixels() {
    let (seed, side) = (11, DETECTION_SIDE);
    let task = generate_detection_first(ID, seed, side, 60).unwrap();
    let world = World::draw(&mut Stream::new(ID, &[seed]));
    for picture in 0..60 {
        let random = Stream::new(ID, &[seed, Split::Test as u64, picture as u64]);
        let things = figures::compose(&mut Scene::new(side, random, &world));
        let masks: Vec<Vec<bool>> = things.iter().map(|thing| thing.mask(side)).collect();
        let mut objects = task.test.objects_of(picture);
        for (index, mask) in masks.iter().enumerate() {
            let seen = |x: usize, y: usize| {
                mask[y * side + x] && masks[index + 1..].iter().all(|later| !later[y * side + x])
            };
            if !(0..side * side).any(|pixel| seen(pixel % side, pixel / side)) {
                continue;
            }
            let object = objects.next().unwrap();
            let [left, top, right, bottom] = object.corners.map(|edge| edge as usize);
            // Pixels touch all four sides, and there is none outside.
            assert!((top..bottom).any(|y| seen(left, y)) && (top..bottom).any(|y| seen(right - 1, y)));
            assert!((left..right).any(|x| seen(x, top)) && (left..right).any(|x| seen(x, bottom - 1)));
            let inside = |x, y| (left..right).contains(&x) && (top..bottom).contains(&y);
            assert!((0..side * side).all(|pixel| {
                let (x, y) = (pixel % side, pixel / side);
                inside(x, y) || !seen(x, y)
            }));
            assert_eq!(object.area, ((right - left) * (bottom - top)) as f64);
        }
        assert!(objects.next().is_none());
    }
}

#[test]
fn pictures_hold_one_to_eight_figures_of_all_sizes_and_classes_alike() {
    let task = generate_detection(ID, 2).unwrap();
    let scenes = &task.train;
    let mut counts = [0; 8];
    for picture in 0..scenes.len() {
        counts[scenes.range(picture).len() - 1] += 1;
    }
    let most = *counts.iter().max().unwrap();
    let objects = &scenes.objects;
    let [small, large] = task.info.size_borders;
    let part = |wanted: &dyn Fn(f64) -> bool| {
        objects.areas.iter().filter(|area| wanted(**area)).count() as f64 / objects.len() as f64
    };
    let sizes = [
        part(&|area| area <= small),
        part(&|area| small < area && area <= large),
        part(&|area| large < area),
    ];
    let mut classes = [0usize; 6];
    objects.classes.iter().for_each(|class| classes[usize::from(*class)] += 1);
    let difficult = objects.difficult.iter().filter(|flag| **flag).count() as f64 / objects.len() as f64;
    let mut overlaps = Vec::new();
    for picture in 0..scenes.len() {
        let boxes = &objects.boxes[scenes.range(picture)];
        for (k, a) in boxes.iter().enumerate() {
            overlaps.extend(boxes[..k].iter().map(|b| overlap(*a, *b)));
        }
    }
    let strong = overlaps.iter().filter(|overlap| **overlap > 0.3).count() as f64 / objects.len() as f64;
    let largest = overlaps.iter().copied().fold(0.0, f64::max);
    let story = format!("{counts:?} {sizes:?} {classes:?} difficult {difficult}, strong {strong}, {largest}");
    assert!(counts.iter().all(|count| *count > 0 && most < 4 * count), "{story}");
    assert!(sizes.iter().all(|part| *part > 0.15), "{story}");
    let expected = objects.len() / 6;
    assert!(classes.iter().all(|count| count.abs_diff(expected) * 10 < expected), "{story}");
    assert!(difficult > 0.0 && difficult < 0.02 && strong < 0.02 && largest < 0.75, "{story}");
}

/// Intersection over union.
fn overlap(a: [f64; 4], b: [f64; 4]) -> f64 {
    let (width, height) = (a[2].min(b[2]) - a[0].max(b[0]), a[3].min(b[3]) - a[1].max(b[1]));
    let both = width.max(0.0) * height.max(0.0);
    both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)
}

#[test]
fn the_same_seed_gives_the_same_bits_on_any_number_of_threads() {
    let make = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| generate_detection_first(ID, 9, 48, 40).unwrap())
    };
    assert_eq!(make(1), make(3));
}

#[test]
fn a_shorter_split_is_the_beginning_of_a_longer_one() {
    let long = generate_detection_first(ID, 2, 32, 12).unwrap();
    let short = generate_detection_first(ID, 2, 32, 5).unwrap();
    assert_eq!(long.test.names[..5], short.test.names);
    assert_eq!(long.test.pixels[..5 * 3 * 32 * 32], short.test.pixels);
    assert_eq!(long.test.objects.boxes[..short.test.objects.len()], short.test.objects.boxes);
}

#[test]
fn no_picture_is_in_two_splits_or_two_seeds() {
    let mut seen = BTreeSet::new();
    for seed in [0, 1] {
        let task = generate_detection_first(ID, seed, 48, 60).unwrap();
        for split in Split::ALL {
            for picture in task.split(split).pixels.chunks(3 * 48 * 48) {
                assert!(seen.insert(picture.to_vec()), "{} repeats a picture", split.name());
            }
        }
    }
}

#[test]
fn another_side_shows_the_same_scenes() {
    let fine = generate_detection_first(ID, 5, 192, 30).unwrap();
    let coarse = generate_detection_first(ID, 5, 96, 30).unwrap();
    fine.check().unwrap();
    assert_eq!(fine.info.size_borders, coarse.info.size_borders.map(|border| 4.0 * border));
    assert_eq!(fine.train.offsets, coarse.train.offsets);
    assert_eq!(fine.train.objects.classes, coarse.train.objects.classes);
    let edges = |scenes: &Scenes| scenes.objects.boxes.as_flattened().to_vec();
    let away: Vec<f64> = edges(&fine.train)
        .iter()
        .zip(edges(&coarse.train))
        .map(|(fine, coarse)| (fine / 2.0 - coarse).abs())
        .collect();
    // A sharp tip can pass between the centres of coarse pixels.
    assert!(away.iter().all(|away| *away <= 4.0), "{away:?}");
    assert!(away.iter().sum::<f64>() / (away.len() as f64) < 0.5, "{away:?}");
    generate_detection_first(ID, 0, 8, 20).unwrap().check().unwrap();
}

#[test]
fn pictures_are_neither_flat_nor_saturated() {
    let task = generate_detection_first(ID, 3, DETECTION_SIDE, 100).unwrap();
    let pixels = &task.train.pixels;
    let mean = pixels.iter().map(|v| f64::from(*v)).sum::<f64>() / pixels.len() as f64;
    assert!((85.0..170.0).contains(&mean), "mean {mean}");
    let extreme = pixels.iter().filter(|v| **v == 0 || **v == 255).count() as f64 / pixels.len() as f64;
    assert!(extreme < 0.15, "{extreme} of the values are at an end of the range");
}

#[test]
fn bad_requests_are_explained() {
    let error = generate_detection("generated/digits", 0).unwrap_err().to_string();
    assert!(error.contains("`generated/digits`") && error.contains("generated/figures"), "{error}");
    assert!(detection_info("figures").is_none());
    assert!(matches!(generate_detection_sized(ID, 0, 7), Err(DataError::Side { .. })));
}
