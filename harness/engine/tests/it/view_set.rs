//! Random views: what the image pipeline makes of the stream, epoch and picture, whoever asks for which batch when.

use std::fs;

use secateur_data::official::testing::{Size, publish};
use secateur_data::official::{Options, list};
use secateur_data::pack::{Framing, PackedFiles, read_files, write_files};
use secateur_data::{Pictures, Split, TaskInfo};
use secateur_engine::{
    Augmentation, Batches, DeviceSet, Error, Examples, Labelled, Streams, ViewChanges, ViewSet, evaluate,
};
use secateur_pictures::{Draw, Interpolation, Picture, Raster, Step, View, Viewer};
use secateur_suite::{Blur, BlurKernel, ColorJitter};
use tch::{Device, Tensor};

use crate::support::{floats, pictures, same, small_model, task};

const SIDE: usize = 12;
const COUNT: usize = 10;

/// Pictures of noise, each of a class of its own, so that targets tell which pictures a batch has.
fn noise() -> Pictures {
    Pictures { labels: (0..COUNT as u16).collect(), ..pictures(COUNT, [3, SIDE, SIDE], COUNT) }
}

fn info() -> TaskInfo {
    TaskInfo { mean: vec![0.5, 0.4, 0.3], std: vec![0.2, 0.25, 0.3], ..task(3, COUNT) }
}

fn set(threads: usize) -> ViewSet {
    ViewSet::of_pixels(noise(), &info(), Device::Cpu, threads).unwrap()
}

fn changes() -> Augmentation {
    let color_jitter =
        ColorJitter { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, probability: 0.8 };
    let blur = Blur { kernel: BlurKernel::Boxes, sigma: [0.1, 2.0], probability: 0.5 };
    let views = ViewChanges {
        crop_area: Some([0.2, 1.0]),
        color_jitter: Some(color_jitter),
        grayscale: 0.2,
        blur: Some(blur),
    };
    Augmentation { flip: true, views, ..Augmentation::default() }
}

/// The steps that `changes` stands for, written out.
fn steps(interpolation: Interpolation) -> View {
    let (scale, ratio) = ([0.2, 1.0], [0.75, 4.0 / 3.0]);
    View {
        steps: vec![
            Step::RandomResizedCrop { side: SIDE as u32, scale, ratio, interpolation },
            Step::Flip { probability: 0.5 },
            Step::ColorJitter { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, probability: 0.8 },
            Step::Grayscale { probability: 0.2 },
            Step::PillowBlur { sigma: [0.1, 2.0], probability: 0.5 },
        ],
    }
}

/// Planes of a view, normalized one value after the other.
fn normalized(raster: &Raster, info: &TaskInfo) -> Vec<f32> {
    let area = raster.planes().len() / 3;
    let value =
        |(at, byte): (usize, &u8)| (f32::from(*byte) / 255.0 - info.mean[at / area]) / info.std[at / area];
    raster.planes().iter().enumerate().map(value).collect()
}

fn near(found: &[f32], expected: &[f32]) -> bool {
    found.len() == expected.len() && found.iter().zip(expected).all(|(one, other)| (one - other).abs() < 2e-6)
}

#[test]
fn a_view_is_what_the_pipeline_makes_of_stream_epoch_and_picture() {
    let (set, streams, info) = (set(2), Streams::new(5), info());
    let planes = noise();
    let mut viewer = Viewer::new();
    // Batches of four of ten pictures: the third one has the end of an epoch and the beginning of the next.
    for number in 0..6 {
        let batches = Batches::new(&set, streams, 4, changes()).unwrap();
        let (batch, target) = batches.get(number).unwrap();
        assert_eq!(batch.size(), [4, 3, SIDE as i64, SIDE as i64]);
        let found = floats(&batch);
        for (row, index) in Vec::<i64>::try_from(&target).unwrap().into_iter().enumerate() {
            let area = 3 * SIDE * SIDE;
            let bytes = planes.pixels[index as usize * area..][..area].to_vec();
            let raster = Raster::from_planes(SIDE as u32, SIDE as u32, bytes).unwrap();
            let epoch = (number * 4 + row as u64) / COUNT as u64;
            let draw = Draw { seed: streams.seed("views", 0), epoch, index: index as u64 };
            let mut expected = Vec::new();
            viewer
                .make(Picture::Decoded(&raster), &[steps(Interpolation::Bilinear)], draw, |_, view| {
                    expected = normalized(view, &info);
                })
                .unwrap();
            assert!(near(&found[row * area..][..area], &expected), "batch {number}, row {row}");
        }
    }
}

#[test]
fn neither_threads_nor_what_was_drawn_before_matter() {
    let streams = Streams::new(1);
    let one = set(1);
    let batches = Batches::new(&one, streams, 3, changes()).unwrap();
    let expected: Vec<(Tensor, Tensor)> = (0..12).map(|number| batches.get(number).unwrap()).collect();
    let many = set(7);
    let batches = Batches::new(&many, streams, 3, changes()).unwrap();
    for number in [11, 3, 4, 5, 0, 0, 9, 10] {
        let (batch, target) = batches.get(number as u64).unwrap();
        // What somebody asks in between is of no consequence.
        drop(many.gather(&[2, 2]).unwrap());
        assert!(same(&batch, &expected[number].0) && same(&target, &expected[number].1), "{number}");
    }
    // Another seed, and another epoch, give other views of the same pictures.
    let other = Batches::new(&one, Streams::new(2), 3, changes()).unwrap().get(0).unwrap();
    assert!(!same(&other.0, &expected[0].0));
    // More batches than are ordered at once.
    let long = Batches::new(&one, streams, 3, changes()).unwrap();
    let last = (0..600).map(|number| long.get(number).unwrap().0).last().unwrap();
    assert!(same(&last, &batches.get(599).unwrap().0));
}

#[test]
fn a_choice_of_ones_own_is_seen_too() {
    let (set, streams) = (set(2), Streams::new(3));
    let draw = |indices: &[i64], batch| {
        let augmentation = changes();
        set.draw(&secateur_engine::Draw { indices, augmentation, streams, batch }).unwrap()
    };
    let (batch, target) = draw(&[7, 7, 1], 0);
    assert_eq!(Vec::<i64>::try_from(&target).unwrap(), [7, 7, 1]);
    // The same picture in the same epoch is the same view; in the next epoch it is another one.
    assert!(same(&batch.get(0), &batch.get(1)));
    assert!(!same(&batch.get(0), &draw(&[7, 7, 1], COUNT as u64).0.get(0)));
    assert!(set.gather(&[-1]).is_err() && set.gather(&[COUNT as i64]).is_err());
}

#[test]
fn two_views_of_a_picture_differ_and_the_first_is_the_only_one() {
    let (set, streams) = (set(2), Streams::new(5));
    let batches = Batches::new(&set, streams, 4, changes()).unwrap();
    let (single, target) = batches.get(2).unwrap();
    let indices = Vec::<i64>::try_from(&target).unwrap();
    let draw = secateur_engine::Draw { indices: &indices, augmentation: changes(), streams, batch: 2 };
    let both = set.views(&draw, 2).unwrap();
    assert_eq!(both.size()[0], 8);
    assert!(same(&both.narrow(0, 0, 4), &single));
    for row in 0..4 {
        assert!(!same(&both.get(row), &both.get(row + 4)));
    }
}

/// Without random parts pictures are seen whole, and shifted as those on a device are.
#[test]
fn what_is_not_random_is_the_picture() {
    let (set, info) = (set(2), info());
    let device = DeviceSet::new(&noise(), &info, Device::Cpu).unwrap();
    let indices: Vec<i64> = (0..COUNT as i64).rev().collect();
    assert!(same(&set.gather(&indices).unwrap().0, &device.gather(&indices).unwrap().0));
    let mut parts = Vec::new();
    set.in_order(4, &mut |input, target| {
        parts.push((input.shallow_clone(), target.shallow_clone()));
        Ok(())
    })
    .unwrap();
    assert_eq!(parts.iter().map(|part| part.1.numel()).collect::<Vec<_>>(), [4, 4, 2]);
    let [inputs, targets] = [0, 1].map(|which| {
        let part: Vec<&Tensor> =
            parts.iter().map(|part| if which == 0 { &part.0 } else { &part.1 }).collect();
        Tensor::cat(&part, 0)
    });
    let (all, labels) = device.range(0, COUNT).unwrap();
    assert!(same(&inputs, &all) && same(&targets, &labels));
    let shift = Augmentation { shift: 2, ..Augmentation::default() };
    let batch = |set: &dyn Examples| Batches::new(set, Streams::new(4), 6, shift).unwrap().get(1).unwrap().0;
    assert!(same(&batch(&set), &batch(&device)));
    let (few, info) = (pictures(COUNT, [3, 8, 8], 4), task(3, 4));
    let device = DeviceSet::new(&few, &info, Device::Cpu).unwrap();
    let set = ViewSet::of_pixels(few, &info, Device::Cpu, 2).unwrap();
    let scores = [&set as &dyn Labelled, &device].map(|set| evaluate(&small_model(0), set, 4).unwrap());
    assert_eq!(scores[0], scores[1]);
}

#[test]
fn who_has_no_views_says_so() {
    let device = DeviceSet::new(&noise(), &info(), Device::Cpu).unwrap();
    for augmentation in [
        changes(),
        Augmentation {
            views: ViewChanges { grayscale: 0.1, ..ViewChanges::default() },
            ..Augmentation::default()
        },
    ] {
        let text = Batches::new(&device, Streams::new(0), 2, augmentation).unwrap_err().to_string();
        assert!(text.contains("`crop_area`"), "{text}");
        set(1).check_augmentation(&augmentation).unwrap();
    }
    let detection = Augmentation { photometric: true, ..Augmentation::default() };
    assert!(set(1).check_augmentation(&detection).unwrap_err().to_string().contains("detection"));
    let wide = pictures(4, [3, 8, 9], 4);
    let text = ViewSet::of_pixels(wide, &task(3, 4), Device::Cpu, 1).unwrap_err().to_string();
    assert!(text.contains("3x8x9"), "{text}");
    let mut short = noise();
    short.pixels.truncate(100);
    assert!(matches!(ViewSet::of_pixels(short, &info(), Device::Cpu, 1), Err(Error::Data(_))));
}

/// A set in the layout of DTD, of noise, packed as files.
fn packed(folder: &tempfile::TempDir) -> (PackedFiles, TaskInfo) {
    let published = publish("dtd", Size { classes: 3, train: 12, validation: 3, test: 6 }).of_noise();
    let unpacked = published.unpacked();
    let listing = list(unpacked.path(), &published.entry, &Options::default()).unwrap();
    let framing = Framing::usual(SIDE as u32, Interpolation::Bilinear);
    write_files(folder.path(), &folder.path().join("test"), &listing, &framing).unwrap();
    (read_files(folder.path(), Split::Train).unwrap(), listing.info().clone())
}

#[test]
fn files_are_decoded_when_they_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let (files, info) = packed(&folder);
    let count = files.labels().len();
    let mut bytes = Vec::new();
    secateur_pictures::Source::read(&files, 4, &mut bytes).unwrap();
    let streams = Streams::new(8);
    let mut seen = Vec::new();
    for interpolation in [Interpolation::Bilinear, Interpolation::Bicubic] {
        let files = read_files(folder.path(), Split::Train).unwrap();
        let set = ViewSet::of_files(files, &info, Some(interpolation), Device::Cpu, 2).unwrap();
        let batches = Batches::new(&set, streams, count, changes()).unwrap();
        let (batch, _) = batches.get(1).unwrap();
        let row = streams.permutation("order", 1, count).iter().position(|index| *index == 4).unwrap();
        let draw = Draw { seed: streams.seed("views", 0), epoch: 1, index: 4 };
        let mut expected = Vec::new();
        Viewer::new()
            .make(Picture::Encoded(&bytes), &[steps(interpolation)], draw, |_, view| {
                expected = normalized(view, &info);
            })
            .unwrap();
        let area = 3 * SIDE * SIDE;
        assert!(near(&floats(&batch)[row * area..][..area], &expected));
        // In tests the shorter side becomes a seventh longer, and the middle is seen.
        let view = View {
            steps: vec![Step::Resize { side: 14, interpolation }, Step::CenterCrop { side: SIDE as u32 }],
        };
        Viewer::new()
            .make(Picture::Encoded(&bytes), &[view], draw, |_, view| expected = normalized(view, &info))
            .unwrap();
        assert!(near(&floats(&set.gather(&[4]).unwrap().0), &expected));
        seen.push(expected);
    }
    assert!(!near(&seen[0], &seen[1]));
}

#[test]
fn a_damaged_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (files, info) = packed(&folder);
    let last = files.labels().len() as i64 - 1;
    let path = folder.path().join("train.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let files = read_files(folder.path(), Split::Train).unwrap();
    let set = ViewSet::of_files(files, &info, None, Device::Cpu, 2).unwrap();
    drop(set.gather(&[0]).unwrap());
    let error = set.gather(&[last]).unwrap_err();
    assert!(matches!(error, Error::Pictures(_)) && error.to_string().contains(".jpg"), "{error}");
}
