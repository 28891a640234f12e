//! torchvision's MobileNetV2 on photographs: what PyTorch and torchvision make of the same files, from the files on.
//!
//! `tests/golden/mobilenet-v2` has PyTorch's numbers and the script that made them, and says where the files are to be had.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secateur_checkpoint::{Published, check_against, import, read, write_safetensors};
use secateur_data::folder::{self, Validation};
use secateur_data::listing::Content;
use secateur_data::{Pictures, Split, TaskInfo};
use secateur_engine::{
    DeviceSet, Model, Options, Pass, State, Streams, evaluate, extract_features, to_tensor, train_head,
};
use secateur_network::zoo;
use secateur_pictures::{Draw, Interpolation, Picture, View, Viewer};
use secateur_suite::{Recipe, Schedule};
use tch::{Device, Kind, Tensor};
use tempfile::TempDir;

use crate::support::alone;

const NAME: &str = "mobilenet_v2-imagenet1k-v1";
const CLASSES: usize = 1000;
/// How many labelled pictures there are.
const PICTURES: usize = 20;

/// The folder that `SECATEUR_PUBLISHED` names, if it has the published file and the pictures; else says what is lacking.
#[expect(clippy::print_stderr, reason = "a skipped test says why")]
fn files() -> Option<(PathBuf, Vec<PathBuf>)> {
    let Some(folder) = std::env::var_os("SECATEUR_PUBLISHED").map(PathBuf::from) else {
        eprintln!("left out: SECATEUR_PUBLISHED names no folder of published files");
        return None;
    };
    let weights = folder.join(Published::named(NAME)?.file);
    let mut pictures: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| number(path).is_some())
        .collect();
    pictures.sort();
    if !weights.exists() || pictures.len() != PICTURES {
        let (weights, folder, found) = (weights.display(), folder.display(), pictures.len());
        eprintln!("left out: there is no {weights}, or not {PICTURES} pictures in {folder}, but {found}");
        return None;
    }
    Some((weights, pictures))
}

/// Number and label of a picture: `imagenet_03_990.jpg`.
fn number(path: &Path) -> Option<(usize, u16)> {
    let name = path.file_name()?.to_str()?.strip_prefix("imagenet_")?.strip_suffix(".jpg")?;
    let (number, label) = name.split_once('_')?;
    Some((number.parse().ok()?, label.parse().ok()?))
}

/// An image folder with ImageNet's classes in the order of their labels, the pictures being its test split. Every class has a
/// training picture, since a class that is not trained on is none.
fn arrange(pictures: &[PathBuf]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for class in 0..CLASSES {
        let folder = root.path().join(format!("train/{class:04}"));
        fs::create_dir_all(&folder).unwrap();
        image::RgbImage::new(1, 1).save(folder.join("black.png")).unwrap();
    }
    for path in pictures {
        let (_, label) = number(path).unwrap();
        let folder = root.path().join(format!("test/{label:04}"));
        fs::create_dir_all(&folder).unwrap();
        fs::copy(path, folder.join(path.file_name().unwrap())).unwrap();
    }
    root
}

/// The test pictures as the published network sees them, and the place of each in PyTorch's order.
fn look(root: &Path) -> (Pictures, TaskInfo, Vec<usize>) {
    let options = folder::Options {
        mean: Published::MEAN,
        std: Published::STD,
        validation: Validation::None,
        ..folder::Options::new("photographs")
    };
    let listing = folder::list(root, &options).unwrap();
    let side = Published::SIDE as usize;
    let view = View::middle(Published::SIDE, Interpolation::Bilinear);
    let mut viewer = Viewer::new();
    let mut pixels = vec![0; listing.test.len() * 3 * side * side];
    let wanted: Vec<_> = (0..listing.test.len()).map(|index| (Split::Test, index)).collect();
    listing
        .read(&wanted, &mut |_, index, content| {
            let Content::File(bytes) = content else { panic!("a picture in a file of its own") };
            let draw = Draw { seed: 0, epoch: 0, index: 0 };
            let own = &mut pixels[index * 3 * side * side..][..3 * side * side];
            viewer
                .make(Picture::Encoded(&bytes), std::slice::from_ref(&view), draw, |_, raster| {
                    own.copy_from_slice(raster.planes());
                })
                .unwrap();
            Ok(())
        })
        .unwrap();
    let order = listing.test.iter().map(|picture| number(Path::new(&picture.name)).unwrap().0).collect();
    let pictures = Pictures { shape: [3, side, side], pixels, labels: listing.labels(Split::Test) };
    (pictures, listing.info().clone(), order)
}

/// A model with the weights of the published file, imported to safetensors as `secateur weights import` does it.
fn model(weights: &Path) -> Model {
    let network = Arc::new(zoo::build("mobilenet_v2", &zoo::Options::default()).unwrap());
    let imported = import(weights, Published::named(NAME)).unwrap();
    check_against(&network, &imported.tensors).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("imported.safetensors");
    write_safetensors(&path, &imported.tensors, &imported.metadata).unwrap();
    let model = Model::new(network, Options::default(), &Streams::new(0)).unwrap();
    let state = State::from_tensors(&model, &read(&path).unwrap().tensors).unwrap();
    state.restore(&model, None).unwrap();
    model
}

/// Values of PyTorch, `[20, 1000]`, in our order of the pictures.
fn golden(name: &str, order: &[usize]) -> Tensor {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/mobilenet-v2/expected.safetensors");
    let order: Vec<i64> = order.iter().map(|number| *number as i64).collect();
    to_tensor(&read(Path::new(path)).unwrap().tensors[name])
        .unwrap()
        .index_select(0, &Tensor::from_slice(&order))
}

#[track_caller]
fn assert_within(found: &Tensor, expected: &Tensor, most: f64) {
    assert_eq!(found.size(), expected.size());
    let error = (found - expected).abs().max().double_value(&[]);
    // Written so that NaN fails.
    assert!(error <= most, "off by {error:.2e}, allowed {most:.0e}");
}

#[test]
fn mobilenet_classifies_photographs_as_pytorch_does() {
    let Some((weights, files)) = files() else { return };
    let _alone = alone();
    let root = arrange(&files);
    let (pictures, info, order) = look(root.path());
    let set = DeviceSet::new(&pictures, &info, Device::Cpu).unwrap();
    let model = model(&weights);
    let found = evaluate(&model, &set, CLASSES).unwrap();
    let right = found.predictions.iter().zip(&pictures.labels).filter(|(a, b)| **a == i64::from(**b)).count();
    assert!(right >= 18, "{right} of {PICTURES}: {:?} for {:?}", found.predictions, pictures.labels);
    let _guard = tch::no_grad_guard();
    let logits = model.forward(&set.range(0, PICTURES).unwrap().0, &Pass::default()).unwrap();
    let expected = golden("logits", &order);
    assert_within(&logits, &expected, 1e-4);
    assert_eq!(found.predictions, Vec::<i64>::try_from(expected.argmax(1, false)).unwrap());
}

#[test]
fn a_classifier_on_its_features_is_trained_as_pytorch_does() {
    let Some((weights, files)) = files() else { return };
    let _alone = alone();
    let root = arrange(&files);
    let (pictures, info, order) = look(root.path());
    let set = DeviceSet::new(&pictures, &info, Device::Cpu).unwrap();
    let features = extract_features(&model(&weights), &set).unwrap();
    assert_eq!(features.values.size(), [PICTURES as i64, 1280]);
    // As in the script. A batch has all pictures, so that their order matters to the rounding alone.
    let recipe = Recipe {
        momentum: 0.9,
        nesterov: false,
        weight_decay: 1e-4,
        schedule: Schedule::Cosine,
        ..Recipe::new(PICTURES as u32, 0.02)
    };
    let (steps, streams) = (60, Streams::new(5));
    let head = train_head(&features, CLASSES, &recipe, steps, &streams).unwrap();
    let expected = golden("linear", &order);
    assert_within(&head.logits(&features).unwrap(), &expected, 1e-4);
    assert_eq!(head.score(&features, CLASSES).unwrap().top1, 1.0);
    // The training is what makes them equal: the start is far away.
    let start = train_head(&features, CLASSES, &recipe, 0, &streams).unwrap();
    let moved = (start.logits(&features).unwrap() - expected).abs().max().double_value(&[]);
    assert!(moved > 1.0, "{moved}");
    assert_eq!(features.values.kind(), Kind::Float);
}
