//! What stands in which file of which set.

use std::fmt::Write as _;

use image::codecs::jpeg::JpegEncoder;
use md5::{Digest as _, Md5};

use super::archives::{flat, gzip};
use super::formats::{Mat, Pickle, idx, mat_file};
use super::{Files, Part, Size};
use crate::listing::Decoded;

/// Steps between colours, which JPEG keeps to one or two.
const STEP: usize = 5;
const STEPS: usize = 51;

/// Pictures differ in their colour, so that a wrong one is noticed.
fn picture(split: usize, k: usize) -> Vec<u8> {
    let colour =
        [k % STEPS, k / STEPS % STEPS, split + 3 * (k / STEPS / STEPS)].map(|value| (value * STEP) as u8);
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, 100);
    flat(colour, 8, 8).write_with_encoder(encoder).expect("a picture");
    bytes
}

/// Which picture of which split a decoded picture is: 0 of those to train on, 1 to choose on, 2 to score on.
#[must_use]
pub fn which(pixels: &Decoded) -> (usize, usize) {
    let planes = pixels.raster.planes();
    let area = planes.len() / 3;
    let [red, green, blue] = [0, 1, 2].map(|channel| (usize::from(planes[channel * area]) + STEP / 2) / STEP);
    (blue % 3, red + STEPS * (green + STEPS * (blue / 3)))
}

/// The raw pixels of a picture, of which the first tells the split and the others the picture.
fn raw(split: usize, k: usize, bytes: usize) -> Vec<u8> {
    let mut values = vec![(k % 251) as u8; bytes];
    values[0] = split as u8;
    values
}

fn part(archive: &'static str, files: Files) -> Part {
    Part { archive: Some(archive), files }
}

fn plain(file: &str, content: Vec<u8>) -> Part {
    Part { archive: None, files: vec![(file.to_owned(), content)] }
}

/// Split and index of every picture: training, validation, test.
fn pictures(size: Size) -> impl Iterator<Item = (usize, usize)> {
    [size.train, size.validation, size.test]
        .into_iter()
        .enumerate()
        .flat_map(|(split, count)| (0..count).map(move |k| (split, k)))
}

/// The parts of a set, and how large it has become.
pub(super) fn parts(id: &str, size: Size) -> (Vec<Part>, Size) {
    let has_validation = matches!(id, "aircraft" | "dtd" | "flowers");
    let size = if has_validation { size } else { Size { validation: 0, ..size } };
    match id {
        "aircraft" => (aircraft(size), size),
        "birdsnap" => (birdsnap(size), size),
        "caltech101" => caltech(size, 30, "101_ObjectCategories", "caltech-101.zip"),
        "caltech256" => caltech(size, 60, "256_ObjectCategories", "256_ObjectCategories.tar"),
        "cars" => (cars(size), size),
        "cifar10" | "cifar100" => (cifar(id == "cifar100", size, false), size),
        "cifar10-python" | "cifar100-python" => (cifar(id == "cifar100-python", size, true), size),
        "dtd" => (dtd(size), size),
        "flowers" => (flowers(size), size),
        "food101" => (food(size), size),
        "pets" => (pets(size), size),
        "sun397" => (sun(size), size),
        "imagenet" => (imagenet(size), size),
        "svhn" => (svhn(size), Size { classes: 10, ..size }),
        "mnist" | "fashion-mnist" => (mnist(size), Size { classes: 10, ..size }),
        _ => (Vec::new(), size),
    }
}

fn aircraft(size: Size) -> Vec<Part> {
    let base = "fgvc-aircraft-2013b/data";
    // Not in order, and with spaces and a slash, as the real ones.
    let name = |class: usize| format!("{} F/A-{class}", ["Boeing", "Airbus"][class % 2]);
    let mut files = Files::new();
    let mut variants = String::new();
    for class in (0..size.classes).rev() {
        writeln!(variants, "{}", name(class)).expect("memory");
    }
    files.push((format!("{base}/variants.txt"), variants.into_bytes()));
    let mut lists = [const { String::new() }; 3];
    for (split, k) in pictures(size) {
        let number = format!("{}{k:06}", split + 1);
        writeln!(lists[split], "{number} {}", name(k % size.classes)).expect("memory");
        files.push((format!("{base}/images/{number}.jpg"), picture(split, k)));
    }
    for (list, name) in lists.into_iter().zip(["train", "val", "test"]) {
        files.push((format!("{base}/images_variant_{name}.txt"), list.into_bytes()));
    }
    vec![part("fgvc-aircraft-2013b.tar.gz", files)]
}

fn birdsnap(size: Size) -> Vec<Part> {
    let folder = |class: usize| format!("Bird_{}", size.classes - class);
    let mut species = "id\tcommon\tscientific\tdir\n".to_owned();
    for class in 0..size.classes {
        writeln!(species, "{}\tBird\tAvis\t{}", class + 1, folder(class)).expect("memory");
    }
    let mut images = "url\tmd5\tpath\tspecies_id\tbb_x1\tbb_y1\tbb_x2\tbb_y2\n".to_owned();
    let mut test = "path\n".to_owned();
    let mut downloaded = Files::new();
    for (split, k) in pictures(size) {
        let class = k % size.classes;
        let path = format!("{}/{split}{k}.jpg", folder(class));
        let bytes = picture(split, k);
        let md5: String = Md5::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(images, "http://example.org/{k}\t{md5}\t{path}\t{}\t1\t2\t3\t4", class + 1).expect("memory");
        if split == 2 {
            writeln!(test, "{path}").expect("memory");
        }
        downloaded.push((format!("birdsnap/download/images/{path}"), bytes));
    }
    let lists = [("images", images), ("species", species), ("test_images", test)];
    let lists = lists.map(|(name, text)| (format!("birdsnap/{name}.txt"), text.into_bytes()));
    vec![part("birdsnap.tgz", lists.to_vec()), Part { archive: None, files: downloaded }]
}

/// The first pictures of every class are for training, however many are asked for.
fn caltech(size: Size, trained: usize, folder: &str, archive: &'static str) -> (Vec<Part>, Size) {
    let mut files = Files::new();
    for class in 0..size.classes {
        let number = class + 1;
        let name = match trained {
            // Upper case comes before lower case.
            30 => format!("{}{number}", ["crab", "Faces"][class % 2]),
            _ => format!("{number:03}.thing-{number}"),
        };
        let tested = (class..size.test).step_by(size.classes).count();
        for k in 1..=trained + tested {
            let file = if trained == 30 { format!("image_{k:04}") } else { format!("{number:03}_{k:04}") };
            files.push((
                format!("{folder}/{name}/{file}.jpg"),
                picture(usize::from(k > trained), class * 100 + k),
            ));
        }
    }
    if trained == 30 {
        files.push((format!("{folder}/BACKGROUND_Google/image_0001.jpg"), picture(0, 0)));
        files.push((format!("{folder}/BACKGROUND_Google/tmp"), Vec::new()));
    } else {
        files.push((format!("{folder}/001.thing-1/greg/vision309/001_0001.jpg"), picture(0, 0)));
        files.push((format!("{folder}/001.thing-1/RENAME2"), b"#!/bin/sh\n".to_vec()));
    }
    (vec![part(archive, files)], Size { train: trained * size.classes, ..size })
}

fn cars(size: Size) -> Vec<Part> {
    let mut folders = [Files::new(), Files::new()];
    let mut annotations = [Vec::new(), Vec::new()];
    let fields = ["bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "fname"];
    for (split, k) in pictures(size) {
        let (place, folder) = if split == 0 { (0, "cars_train") } else { (1, "cars_test") };
        let file = format!("{:05}.jpg", k + 1);
        let number = |value: usize| Mat::Bytes { dims: vec![1, 1], values: vec![value as u8] };
        let mut element: Vec<Mat> = (1..5).map(number).collect();
        element.push(number(k % size.classes + 1));
        element.push(Mat::Text(file.clone()));
        annotations[place].push(element);
        folders[place].push((format!("{folder}/{file}"), picture(split, k)));
    }
    let names = (0..size.classes).map(|class| Mat::Text(format!("Car {class} Coupé 2012"))).collect();
    let [train, test] =
        annotations.map(|list| mat_file(&[("annotations", Mat::Structs(fields.to_vec(), list))]));
    let devkit = vec![
        ("devkit/cars_meta.mat".to_owned(), mat_file(&[("class_names", Mat::Cells(names))])),
        ("devkit/cars_train_annos.mat".to_owned(), train),
    ];
    let [train_pictures, test_pictures] = folders;
    vec![
        part("cars_train.tgz", train_pictures),
        part("cars_test.tgz", test_pictures),
        part("car_devkit.tgz", devkit),
        plain("cars_test_annos_withlabels.mat", test),
    ]
}

/// Either form of CIFAR; its training pictures are divided among five files or in one.
fn cifar(hundred: bool, size: Size, python: bool) -> Vec<Part> {
    let names: Vec<String> = (0..size.classes).map(|class| format!("class {class}")).collect();
    let batches: &[&str] = if hundred {
        &["train", "test"]
    } else {
        &["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"]
    };
    let trained = batches.len() - 1;
    let each = size.train.div_ceil(trained);
    let folder = match (hundred, python) {
        (false, false) => "cifar-10-batches-bin",
        (false, true) => "cifar-10-batches-py",
        (true, false) => "cifar-100-binary",
        (true, true) => "cifar-100-python",
    };
    let mut files = Files::new();
    for (batch, name) in batches.iter().enumerate() {
        let (split, range) = if batch < trained {
            (0, (batch * each).min(size.train)..((batch + 1) * each).min(size.train))
        } else {
            (2, 0..size.test)
        };
        let pixels: Vec<Vec<u8>> = range.clone().map(|k| raw(split, k, 3072)).collect();
        let labels: Vec<usize> = range.map(|k| k % size.classes).collect();
        let (path, bytes) = if python {
            let key = if hundred { "fine_labels" } else { "labels" };
            let mut pickle =
                Pickle::dict().rows("data", pixels.len(), &pixels.concat()).numbers(key, &labels);
            if hundred {
                pickle = pickle.numbers("coarse_labels", &vec![0; labels.len()]);
            }
            (format!("{folder}/{name}"), pickle.bytes())
        } else {
            let coarse: &[u8] = if hundred { &[19] } else { &[] };
            let records = pixels.iter().zip(&labels);
            let records: Vec<u8> =
                records.flat_map(|(pixels, label)| [coarse, &[*label as u8], pixels].concat()).collect();
            (format!("{folder}/{name}.bin"), records)
        };
        files.push((path, bytes));
    }
    let list = names.join("\n") + "\n\n";
    match (hundred, python) {
        (false, false) => files.push((format!("{folder}/batches.meta.txt"), list.into_bytes())),
        (true, false) => {
            files.push((format!("{folder}/fine_label_names.txt"), list.into_bytes()));
            files.push((format!("{folder}/coarse_label_names.txt"), b"all\n".to_vec()));
        }
        (false, true) => {
            files.push((
                format!("{folder}/batches.meta"),
                Pickle::dict().texts("label_names", &names).bytes(),
            ));
        }
        (true, true) => {
            files.push((format!("{folder}/meta"), Pickle::dict().texts("fine_label_names", &names).bytes()));
        }
    }
    let archive = match (hundred, python) {
        (false, false) => "cifar-10-binary.tar.gz",
        (false, true) => "cifar-10-python.tar.gz",
        (true, false) => "cifar-100-binary.tar.gz",
        (true, true) => "cifar-100-python.tar.gz",
    };
    vec![part(archive, files)]
}

fn dtd(size: Size) -> Vec<Part> {
    let mut files = Files::new();
    let mut lists = [const { String::new() }; 3];
    for (split, k) in pictures(size) {
        let class = format!("texture{:02}", k % size.classes);
        let name = format!("{class}/{class}_{split}{k:04}.jpg");
        writeln!(lists[split], "{name}").expect("memory");
        files.push((format!("dtd/images/{name}"), picture(split, k)));
    }
    for (list, name) in lists.into_iter().zip(["train", "val", "test"]) {
        files.push((format!("dtd/labels/{name}1.txt"), list.into_bytes()));
        files.push((format!("dtd/labels/{name}2.txt"), b"another partition\n".to_vec()));
    }
    vec![part("dtd-r1.0.1.tar.gz", files)]
}

fn flowers(size: Size) -> Vec<Part> {
    let mut files = Files::new();
    let mut labels = Vec::new();
    let mut ids = [const { Vec::new() }; 3];
    for (number, (split, k)) in (1..).zip(pictures(size)) {
        labels.push((k % size.classes + 1) as u8);
        ids[split].push(number as u16);
        files.push((format!("jpg/image_{number:05}.jpg"), picture(split, k)));
    }
    let labels = Mat::Bytes { dims: vec![1, labels.len()], values: labels };
    let [train, validation, test] = ids.map(Mat::Shorts);
    vec![
        part("102flowers.tgz", files),
        plain("imagelabels.mat", mat_file(&[("labels", labels)])),
        plain("setid.mat", mat_file(&[("trnid", train), ("valid", validation), ("tstid", test)])),
    ]
}

fn food(size: Size) -> Vec<Part> {
    let mut files = Files::new();
    let mut lists = [const { std::collections::BTreeMap::<String, Vec<String>>::new() }; 3];
    for (split, k) in pictures(size) {
        let class = format!("dish_{:03}", k % size.classes);
        let name = format!("{class}/{}", 1000 * (split + 1) + k);
        files.push((format!("food-101/images/{name}.jpg"), picture(split, k)));
        lists[split].entry(class).or_default().push(name);
    }
    for (list, name) in lists.into_iter().zip(["train", "none", "test"]).filter(|(_, name)| *name != "none") {
        files.push((format!("food-101/meta/{name}.json"), serde_json::to_vec(&list).expect("text")));
    }
    vec![part("food-101.tar.gz", files)]
}

fn pets(size: Size) -> Vec<Part> {
    let mut files = Files::new();
    let mut lists = [const { String::new() }; 3];
    for (split, k) in pictures(size) {
        let class = k % size.classes;
        let name = format!("{}_{class}_{split}{k}", ["Cat_of", "dog"][class % 2]);
        writeln!(lists[split], "{name} {} {} {}", class + 1, class % 2 + 1, class / 2 + 1).expect("memory");
        files.push((format!("images/{name}.jpg"), picture(split, k)));
    }
    let [train, _, test] = lists;
    let annotations = vec![
        ("annotations/trainval.txt".to_owned(), train.into_bytes()),
        ("annotations/test.txt".to_owned(), test.into_bytes()),
        ("annotations/list.txt".to_owned(), b"#Image CLASS-ID SPECIES BREED ID\n".to_vec()),
    ];
    vec![part("images.tar.gz", files), part("annotations.tar.gz", annotations)]
}

fn sun(size: Size) -> Vec<Part> {
    let folder = |class: usize| match class {
        0 => "/a/abbey".to_owned(),
        1 => "/c/church/outdoor".to_owned(),
        _ => format!("/p/place{class:03}"),
    };
    let mut files = Files::new();
    let mut lists = [const { String::new() }; 3];
    for (split, k) in pictures(size) {
        let name = format!("{}/sun_{split}{k}.jpg", folder(k % size.classes));
        writeln!(lists[split], "{name}").expect("memory");
        files.push((format!("SUN397{name}"), picture(split, k)));
    }
    let classes: String = (0..size.classes).map(|class| folder(class) + "\n").collect();
    files.push(("SUN397/ClassName.txt".to_owned(), classes.clone().into_bytes()));
    let [train, _, test] = lists;
    let partitions = vec![
        ("ClassName.txt".to_owned(), classes.into_bytes()),
        ("Training_01.txt".to_owned(), train.into_bytes()),
        ("Testing_01.txt".to_owned(), test.into_bytes()),
        ("Training_02.txt".to_owned(), b"another partition\n".to_vec()),
    ];
    vec![part("SUN397.tar.gz", files), part("Partitions.zip", partitions)]
}

fn imagenet(size: Size) -> Vec<Part> {
    let mut files = Files::new();
    for (split, k) in pictures(size) {
        let class = format!("n{:08}", 1_440_764 + 9 * (k % size.classes));
        let path = match split {
            0 => format!("train/{class}/{class}_{k}.JPEG"),
            _ => format!("val/{class}/ILSVRC2012_val_{:08}.JPEG", k + 1),
        };
        files.push((path, picture(split, k)));
    }
    vec![Part { archive: None, files }]
}

fn svhn(size: Size) -> Vec<Part> {
    [("train", 0, size.train), ("test", 2, size.test)]
        .into_iter()
        .map(|(name, split, count)| {
            // The digit 0 has the label 10.
            let labels = (0..count).map(|k| if k % 10 == 0 { 10 } else { (k % 10) as u8 }).collect();
            let pixels = (0..count).flat_map(|k| raw(split, k, 3072)).collect();
            let file = mat_file(&[
                ("X", Mat::Bytes { dims: vec![32, 32, 3, count], values: pixels }),
                ("y", Mat::Bytes { dims: vec![count, 1], values: labels }),
            ]);
            plain(&format!("{name}_32x32.mat"), file)
        })
        .collect()
}

fn mnist(size: Size) -> Vec<Part> {
    let mut parts = Vec::new();
    for (name, split, count) in [("train", 0, size.train), ("t10k", 2, size.test)] {
        let labels: Vec<u8> = (0..count).map(|k| (k % 10) as u8).collect();
        let pixels: Vec<u8> = (0..count).flat_map(|k| raw(split, k, 784)).collect();
        let (images, labels) = (idx(&[count, 28, 28], &pixels), idx(&[count], &labels));
        parts.push(plain(&format!("{name}-images-idx3-ubyte.gz"), gzip(&images)));
        parts.push(plain(&format!("{name}-labels-idx1-ubyte.gz"), gzip(&labels)));
    }
    parts
}
