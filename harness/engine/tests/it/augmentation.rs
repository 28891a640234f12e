//! Batches: every picture once an epoch, shifted and mirrored.

use secateur_data::{Pictures, TaskInfo};
use secateur_engine::{Augmentation, Batches, DeviceSet, Examples, Streams};
use tch::{Device, Tensor};

use crate::support::{alone, floats, same, task};

const SIDE: usize = 6;

/// Two-channel pictures in which every value is another one.
fn set(count: usize) -> DeviceSet {
    let shape = [2, SIDE, SIDE];
    let values = 2 * SIDE * SIDE;
    let pixels =
        (0..count).flat_map(|picture| (0..values).map(move |at| (picture + at * 3 + 1) as u8)).collect();
    let labels = (0..count as u16).collect();
    DeviceSet::new(&Pictures { shape, pixels, labels }, &info(count), Device::Cpu).unwrap()
}

fn info(classes: usize) -> TaskInfo {
    TaskInfo { mean: vec![0.5, 0.25], std: vec![0.2, 0.5], ..task(2, classes) }
}

fn labels(batch: &Tensor) -> Vec<i64> {
    Vec::<i64>::try_from(batch).unwrap()
}

#[test]
fn pictures_are_normalized_by_channel() {
    let set = set(3);
    let (pictures, target) = set.range(1, 2).unwrap();
    assert_eq!(pictures.size(), [2, 2, SIDE as i64, SIDE as i64]);
    assert_eq!(labels(&target), [1, 2]);
    for (picture, channel, at) in [(0, 0, 0), (1, 0, 35), (0, 1, 0), (1, 1, 35)] {
        let byte = (picture + 1 + (channel * 36 + at) * 3 + 1) % 256;
        let (mean, std) = [(0.5, 0.2), (0.25, 0.5)][channel];
        let expected = (byte as f64 / 255.0 - mean) / std;
        let found = floats(&pictures)[picture * 72 + channel * 36 + at];
        assert!((f64::from(found) - expected).abs() < 1e-5, "{found} {expected}");
    }
    assert!(set.range(2, 2).is_err());
}

#[test]
fn every_epoch_holds_every_picture_once() {
    let set = set(40);
    for batch in [1, 7, 8, 40, 64] {
        let batches = Batches::new(&set, Streams::new(3), batch, Augmentation::default()).unwrap();
        let mut seen = Vec::new();
        for index in 0..(3 * 40_usize).div_ceil(batch) as u64 {
            let (pictures, target) = batches.get(index).unwrap();
            assert_eq!(pictures.size()[0], batch as i64, "batches are full");
            seen.extend(labels(&target));
        }
        let epochs: Vec<&[i64]> = seen.chunks_exact(40).take(3).collect();
        assert_ne!(epochs[0], epochs[1]);
        for epoch in epochs {
            let mut epoch = epoch.to_vec();
            epoch.sort_unstable();
            assert_eq!(epoch, (0..40).collect::<Vec<_>>(), "batches of {batch}");
        }
    }
}

#[test]
fn a_batch_is_a_function_of_its_number() {
    let set = set(40);
    let augmentation = Augmentation { shift: 2, flip: true, ..Augmentation::default() };
    let forwards = Batches::new(&set, Streams::new(3), 16, augmentation).unwrap();
    let expected: Vec<_> = (0..6).map(|index| forwards.get(index).unwrap()).collect();
    let backwards = Batches::new(&set, Streams::new(3), 16, augmentation).unwrap();
    for index in (0..6).rev() {
        let (pictures, target) = backwards.get(index).unwrap();
        assert!(same(&pictures, &expected[index as usize].0));
        assert_eq!(labels(&target), labels(&expected[index as usize].1));
    }
    // Augmentation leaves the order as it is.
    let plain = Batches::new(&set, Streams::new(3), 16, Augmentation::default()).unwrap();
    assert_eq!(labels(&plain.get(2).unwrap().1), labels(&expected[2].1));
    let other = Batches::new(&set, Streams::new(4), 16, augmentation).unwrap();
    assert_ne!(labels(&other.get(0).unwrap().1), labels(&expected[0].1));
}

#[test]
fn no_shift_and_no_flip_is_the_identity() {
    let set = set(40);
    let batches = Batches::new(
        &set,
        Streams::new(3),
        16,
        Augmentation { shift: 0, flip: false, ..Augmentation::default() },
    )
    .unwrap();
    let (pictures, target) = batches.get(0).unwrap();
    assert!(same(&pictures, &set.gather(&Vec::<i64>::try_from(&target).unwrap()).unwrap().0));
}

#[test]
fn flips_mirror_about_half_of_the_pictures() {
    let set = set(40);
    let batches = Batches::new(
        &set,
        Streams::new(3),
        40,
        Augmentation { shift: 0, flip: true, ..Augmentation::default() },
    )
    .unwrap();
    let mut mirrored = 0;
    for index in 0..10 {
        let (pictures, target) = batches.get(index).unwrap();
        let originals = set.gather(&Vec::<i64>::try_from(&target).unwrap()).unwrap().0;
        let flipped = originals.flip([3]);
        for picture in 0..40 {
            let found = pictures.get(picture);
            let is_mirrored = same(&found, &flipped.get(picture));
            assert!(is_mirrored || same(&found, &originals.get(picture)));
            mirrored += i32::from(is_mirrored);
        }
    }
    // Six standard deviations of 400 coins.
    assert!((140..=260).contains(&mirrored), "{mirrored} of 400");
}

#[test]
fn shifts_move_whole_pictures_and_fill_with_the_mean_colour() {
    let set = set(40);
    let shift = 2_i64;
    let batches = Batches::new(
        &set,
        Streams::new(3),
        40,
        Augmentation { shift: 2, flip: false, ..Augmentation::default() },
    )
    .unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for index in 0..10 {
        let (pictures, target) = batches.get(index).unwrap();
        let padded =
            set.gather(&Vec::<i64>::try_from(&target).unwrap()).unwrap().0.constant_pad_nd([shift; 4]);
        for picture in 0..40 {
            let found = pictures.get(picture);
            let side = SIDE as i64;
            let places = (0..=2 * shift).flat_map(|down| (0..=2 * shift).map(move |right| (down, right)));
            let place = places
                .clone()
                .find(|(down, right)| {
                    let window = padded.get(picture).narrow(1, *down, side).narrow(2, *right, side);
                    same(&found, &window.contiguous())
                })
                .unwrap();
            seen.insert(place);
        }
    }
    // All 25 shifts occur in 400 draws: each is missed with a probability of 1e-7.
    assert_eq!(seen.len(), 25, "{seen:?}");
}

#[test]
fn augmented_training_draws_anew_in_every_epoch() {
    let _alone = alone();
    let set = set(40);
    let batches = Batches::new(
        &set,
        Streams::new(3),
        40,
        Augmentation { shift: 2, flip: true, ..Augmentation::default() },
    )
    .unwrap();
    let sorted = |index| {
        let (pictures, target) = batches.get(index).unwrap();
        pictures.index_select(0, &target.argsort(0, false))
    };
    assert!(!same(&sorted(0), &sorted(1)));
}
