//! Small data sets made on the spot, and the real one if it is there.

use std::fs;
use std::time::Instant;

use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};

use super::*;
use crate::detection::{Cases, Scenes};
use crate::testing::{encoded, flat, folder_of, gzip, note, shared, tar_of};

type Files = Vec<(String, Vec<u8>)>;

fn object(name: &str, corners: [&str; 4]) -> String {
    let [xmin, ymin, xmax, ymax] = corners;
    format!(
        "<object><name>{name}</name><difficult>0</difficult><bndbox><xmin>{xmin}</xmin><ymin>{ymin}</ymin>\
         <xmax>{xmax}</xmax><ymax>{ymax}</ymax></bndbox></object>"
    )
}

fn annotation(objects: &str) -> Vec<u8> {
    format!(
        "<annotation><folder>any</folder><filename>wrong.jpg</filename><size><width>20</width>\
         <height>10</height><depth>3</depth></size>{objects}</annotation>"
    )
    .into_bytes()
}

/// Two pictures of 20x10 to train on, one each to choose and to score on.
fn files() -> Files {
    let bee = object("bee", ["1", "1", "20", "10"]);
    let ants =
        format!("{}{}", object("ant", ["3", "2", "6", "4"]), object("bee", ["11.5", "5.5", "15.0", "8"]));
    let contents = [("a", ants, 1), ("b", String::new(), 2), ("c", bee.clone(), 3), ("d.1", bee, 4)];
    let mut files = Vec::new();
    for (name, objects, red) in contents {
        files.push((format!("Annotations/{name}.xml"), annotation(&objects)));
        let picture = encoded(&flat([red, 0, 0], 20, 10), ImageFormat::Png);
        files.push((format!("JPEGImages/{name}.png"), picture));
    }
    for (list, names) in
        [("train", "b\na\n"), ("val", " c \r\n\r\n"), ("test", "d.1"), ("trainval", "a\nb\nc\n")]
    {
        files.push((format!("ImageSets/Main/{list}.txt"), names.as_bytes().to_vec()));
    }
    files.push(("Annotations/._a.xml".to_owned(), vec![0, 5, 22]));
    files.push(("JPEGImages/unlisted.jpg".to_owned(), b"not a picture".to_vec()));
    files
}

fn replaced(name: &str, content: impl Into<Vec<u8>>) -> Files {
    let mut files = files();
    files.iter_mut().find(|file| file.0 == name).unwrap().1 = content.into();
    files
}

fn options() -> Options {
    Options { side: 8, ..Options::voc("voc/insects") }
}

fn load_files(files: &Files) -> Result<(DetectionData, Report), DataError> {
    load(folder_of(files).path(), &options(), None)
}

fn complaint(files: &Files) -> String {
    load_files(files).unwrap_err().to_string()
}

fn red(scenes: &Scenes) -> Vec<u8> {
    scenes.pixels.chunks(3 * 64).map(|picture| picture[0]).collect()
}

#[test]
fn boxes_count_from_zero_and_pictures_are_warped() {
    let (task, report) = load_files(&files()).unwrap();
    assert_eq!(task.info.classes, ["ant", "bee"]);
    assert_eq!(task.train.names, ["a", "b"]);
    assert_eq!(task.train.sizes, [[20, 10]; 2]);
    assert_eq!(task.train.shape, [3, 8, 8]);
    assert_eq!(task.train.offsets, [0, 2, 2]);
    assert_eq!(task.train.objects.classes, [0, 1]);
    assert_eq!(task.train.objects.boxes, [[2.0, 1.0, 6.0, 4.0], [10.5, 4.5, 15.0, 8.0]]);
    assert_eq!(task.train.objects.areas, [12.0, 15.75]);
    assert_eq!(task.test.names, ["d.1"]);
    // First and last pixel of the whole picture.
    assert_eq!(task.test.objects.boxes, [[0.0, 0.0, 20.0, 10.0]]);
    assert_eq!((red(&task.train), red(&task.validation), red(&task.test)), (vec![1, 2], vec![3], vec![4]));
    assert_eq!(report, Report { pictures: 4, objects: 4, without_objects: 1, ..Report::default() });
}

#[test]
fn an_archive_gives_the_same_as_a_folder_in_any_order() {
    let mut files = files();
    let folder = folder_of(&files);
    let expected = load(folder.path(), &options(), None).unwrap();
    for _ in 0..2 {
        files.reverse();
        for prefix in ["", "./", "x/VOCdevkit/VOC2007/"] {
            let tar = tar_of(&files, prefix);
            for (name, bytes) in [("a.tar.gz", gzip(&tar)), ("a.tar", tar)] {
                let path = folder.path().join(name);
                fs::write(&path, bytes).unwrap();
                assert_eq!(load(&path, &options(), None).unwrap(), expected, "{name} with prefix `{prefix}`");
            }
        }
    }
}

#[test]
fn lists_of_several_folders_are_told_apart() {
    let mut all = Files::new();
    for (year, first) in [("VOC2007", 0u8), ("VOC2012", 100)] {
        for (name, bytes) in files() {
            let red = first + bytes.len() as u8 % 50;
            let bytes = match name.strip_prefix("JPEGImages/") {
                Some(picture) if picture != "unlisted.jpg" => {
                    encoded(&flat([red, 0, 0], 20, 10), ImageFormat::Png)
                }
                _ => bytes,
            };
            all.push((format!("VOCdevkit/{year}/{name}"), bytes));
        }
    }
    let folder = folder_of(&all);
    let lists = |lists: &[&str]| lists.iter().map(|list| (*list).to_owned()).collect::<Vec<_>>();
    let options = Options {
        train: lists(&["VOC2007/trainval", "VOCdevkit/VOC2012/trainval"]),
        validation: Validation::None,
        test: lists(&["VOC2007/test"]),
        ..options()
    };
    let (task, _) = load(folder.path(), &options, None).unwrap();
    let names = ["VOC2007/a", "VOC2007/b", "VOC2007/c", "VOC2012/a", "VOC2012/b", "VOC2012/c"];
    assert_eq!(task.train.names, names);
    assert!(
        red(&task.train)[..3].iter().all(|red| *red < 50)
            && red(&task.train)[3..].iter().all(|red| *red >= 100)
    );
    assert!(task.validation.is_empty());
    let error = |train: &str| {
        let options = Options { train: lists(&[train]), ..options.clone() };
        load(folder.path(), &options, None).unwrap_err().to_string()
    };
    assert!(
        error("trainval").contains("`trainval` could be several of VOCdevkit/VOC2007/test"),
        "{}",
        error("trainval")
    );
    assert!(error("2007/trainval").contains("no list `2007/trainval` among VOCdevkit/VOC2007/test"));
}

#[test]
fn boxes_that_cannot_be_are_left_out_and_reported() {
    let objects = [
        object("ant", ["5", "5", "5", "5"]),
        object("ant", ["9", "2", "4", "6"]),
        object("bee", ["0", "1", "21", "10"]),
        object("bee", ["-1", "1", "9", "9"]),
        object("bee", ["1", "1", "9", "12"]),
        object("ant", ["", "1", "9", "9"]),
        "<object><name> ant </name><part><name>leg</name><bndbox><xmin>1</xmin></bndbox></part></object>"
            .to_owned(),
        object("ant", ["2", "2", "3", "3"]).replace("<difficult>0</difficult>", "<difficult/>"),
        object("ant", ["3", "3", "4", "4"]).replace("<difficult>0</difficult>", "<difficult>1</difficult>"),
    ];
    let (task, report) = load_files(&replaced("Annotations/a.xml", annotation(&objects.concat()))).unwrap();
    let boxes = [[0.0, 0.0, 20.0, 10.0], [1.0, 1.0, 3.0, 3.0], [2.0, 2.0, 4.0, 4.0]];
    assert_eq!(task.train.objects.boxes, boxes);
    assert_eq!(task.train.objects.difficult, [false, false, true]);
    let cases = |cases: &[&str]| Cases {
        count: cases.len(),
        first: cases.iter().map(|case| (*case).to_owned()).collect(),
    };
    let expected = Report {
        pictures: 4,
        objects: 5,
        without_objects: 1,
        clipped: cases(&["Annotations/a.xml, object 3 (bee): 0, 1 to 21, 10"]),
        empty: cases(&[
            "Annotations/a.xml, object 1 (ant): 5, 5 to 5, 5",
            "Annotations/a.xml, object 2 (ant): 9, 2 to 4, 6",
        ]),
        outside: cases(&[
            "Annotations/a.xml, object 4 (bee): -1, 1 to 9, 9",
            "Annotations/a.xml, object 5 (bee): 1, 1 to 9, 12",
        ]),
        incomplete: cases(&["Annotations/a.xml, object 6 (ant)", "Annotations/a.xml, object 7 (ant)"]),
        ..Report::default()
    };
    assert_eq!(report, expected);
}

#[test]
fn classes_may_be_given() {
    let folder = folder_of(&files());
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let (task, _) = load(folder.path(), &options(), Some(&names(&["bee", "wasp", "ant"]))).unwrap();
    assert_eq!(task.train.objects.classes, [2, 0]);
    let error = load(folder.path(), &options(), Some(&names(&["ant"]))).unwrap_err().to_string();
    assert!(
        error.contains("Annotations/a.xml in ") && error.contains("object 2 is a `bee`; the classes are ant")
    );
    // A class that is never trained on is a mistake.
    let wasp = annotation(&object("wasp", ["1", "1", "9", "9"]));
    let error = complaint(&replaced("Annotations/d.1.xml", wasp));
    assert!(error.contains("object 1 is a `wasp`; the classes are ant, bee"), "{error}");
}

#[test]
fn what_is_missing_or_broken_is_named() {
    let bee = object("bee", ["1", "1", "9", "9"]);
    let of = |side: &str| format!("<annotation><size><width>20</width>{side}</size>{bee}</annotation>");
    let cases = [
        ("Annotations/a.xml", "<annotation/>".to_owned(), "says nothing of the picture's size"),
        ("Annotations/a.xml", of(""), "says nothing of the picture's height"),
        ("Annotations/a.xml", of("<height>0</height>"), "height is `0` instead of a number of pixels"),
        ("Annotations/a.xml", of("<height>20</height>"), "has 20x10 pixels, its annotation says 20x20"),
        ("Annotations/a.xml", "<annotation><size>".to_owned(), "not well-formed XML"),
        ("Annotations/a.xml", String::new(), "not well-formed XML"),
        ("JPEGImages/a.png", "GIF89a".to_owned(), "JPEGImages/a.png in "),
        ("JPEGImages/a.png", String::new(), "JPEGImages/a.png in "),
        ("ImageSets/Main/train.txt", "a\nz".to_owned(), "Annotations/z.xml in "),
        ("ImageSets/Main/train.txt", "a\nunlisted".to_owned(), "Annotations/unlisted.xml in "),
        ("ImageSets/Main/train.txt", "a\na".to_owned(), "JPEGImages/a.png in "),
        ("ImageSets/Main/train.txt", "a\nd.1".to_owned(), "listed for the train and for the test split"),
        ("ImageSets/Main/val.txt", "b".to_owned(), "listed for the train and for the validation split"),
        ("ImageSets/Main/val.txt", "\n".to_owned(), "the list `val` is empty"),
    ];
    for (file, content, expected) in cases {
        let error = complaint(&replaced(file, content.clone()));
        assert!(error.contains(expected), "{file} as `{content}`: {error}");
    }
    for (objects, expected) in [
        (object("", ["1", "1", "9", "9"]), "object 1: has no name"),
        (object("ant", ["1", "x", "9", "9"]), "object 1: `ymin` is `x` instead of a number"),
        (object("ant", ["1", "NaN", "9", "9"]), "object 1: `ymin` is `NaN` instead of a number"),
        (object("ant", ["1", "1", "9", "inf"]), "object 1: `ymax` is `inf` instead of a number"),
        (object("ant", ["1", "1", "9", "9"]).replace(">0<", ">2<"), "`difficult` is `2` instead of 0 or 1"),
    ] {
        let error = complaint(&replaced("Annotations/b.xml", annotation(&objects)));
        assert!(error.contains("Annotations/b.xml in ") && error.contains(expected), "{error}");
    }
    let without = |part: &str| files().into_iter().filter(|file| !file.0.contains(part)).collect::<Files>();
    assert!(complaint(&without("JPEGImages/b")).contains("Annotations/b.xml in "));
    assert!(
        complaint(&without("Annotations/")).contains(": no annotations; expected Annotations/<name>.xml")
    );
    assert!(complaint(&without("ImageSets/")).contains(": no lists of pictures"));
    assert!(complaint(&without("JPEGImages/")).contains(": no pictures"));
    assert!(complaint(&without("val.txt")).contains("no list `val` among test, train"));
    assert!(load(std::path::Path::new("/nowhere"), &options(), None).is_err());
}

#[test]
fn a_cut_jpeg_is_an_error() {
    let noisy = RgbImage::from_fn(20, 10, |x, y| Rgb([(x * 12) as u8, (y * 25) as u8, (x * y) as u8]));
    let whole = encoded(&DynamicImage::ImageRgb8(noisy), ImageFormat::Jpeg);
    load_files(&replaced("JPEGImages/a.png", whole.clone())).unwrap();
    for length in [2, 100, whole.len() / 2] {
        let error = complaint(&replaced("JPEGImages/a.png", &whole[..length]));
        assert!(error.contains("JPEGImages/a.png in "), "{length}: {error}");
    }
}

#[test]
fn gray_pictures_are_counted_and_corners_stay_in_place() {
    // A dark left half and a bright right one.
    let halves = GrayImage::from_fn(20, 10, |x, _| Luma([if x < 10 { 0 } else { 200 }]));
    let bytes = encoded(&DynamicImage::ImageLuma8(halves), ImageFormat::Png);
    let (task, report) = load_files(&replaced("JPEGImages/a.png", bytes)).unwrap();
    assert_eq!(report.gray, 1);
    let row = &task.train.pixels[..8];
    assert!(
        row[..3].iter().all(|value| *value == 0) && row[5..].iter().all(|value| *value == 200),
        "{row:?}"
    );
}

/// The picture and the values are Pillow's: `tests/golden/warp/make.py`.
#[test]
fn a_jpeg_is_decoded_and_warped_as_pillow_does_it() {
    let photo = include_bytes!("../../../../../tests/golden/warp/photo.jpg");
    let expected: Vec<u8> =
        serde_json::from_str(include_str!("../../../../../tests/golden/warp/warped.json")).unwrap();
    let (task, report) = load_files(&replaced("JPEGImages/a.png", *photo)).unwrap();
    assert_eq!(task.train.pixels[..3 * 64], expected);
    assert_eq!(report.gray, 0);
}

#[test]
fn a_fraction_is_held_out_by_name() {
    let mut files = files();
    let names: Vec<String> = (0..40).map(|k| format!("n{k}")).collect();
    for name in &names {
        files.push((format!("Annotations/{name}.xml"), annotation(&object("ant", ["1", "1", "4", "4"]))));
        files.push((format!("JPEGImages/{name}.png"), encoded(&flat([0; 3], 20, 10), ImageFormat::Png)));
    }
    let load = |names: &[String], seed| {
        let mut files = files.clone();
        files.iter_mut().find(|file| file.0.ends_with("train.txt")).unwrap().1 =
            names.join("\n").into_bytes();
        let validation = Validation::Fraction { fraction: 0.25, seed };
        let given = ["ant".to_owned(), "bee".to_owned()];
        super::load(folder_of(&files).path(), &Options { validation, ..options() }, Some(&given)).unwrap().0
    };
    let task = load(&names, 7);
    assert_eq!((task.train.len(), task.validation.len()), (30, 10));
    let mut all = [task.train.names.clone(), task.validation.names.clone()].concat();
    all.sort();
    let mut sorted = names.clone();
    sorted.sort();
    assert_eq!(all, sorted);
    assert_ne!(load(&names, 8).validation.names, task.validation.names);
    // Without a tenth of the pictures no other picture is held out that was not, save those that move up.
    let fewer = load(&names[..36], 7);
    assert_eq!(fewer.validation.len(), 9);
    let before: BTreeSet<_> = task.validation.names.iter().collect();
    assert!(fewer.validation.names.iter().filter(|name| !before.contains(name)).count() <= 3);
}

#[test]
fn options_without_sense_are_refused() {
    let folder = folder_of(&files());
    let error = |options: Options| load(folder.path(), &options, None).unwrap_err().to_string();
    assert!(error(Options { side: 4, ..options() }).contains("option `side`: 4 pixels"));
    assert!(error(Options { train: Vec::new(), ..options() }).contains("option `train`"));
    assert!(error(Options { test: Vec::new(), ..options() }).contains("option `test`"));
    let validation = Validation::Fraction { fraction: 1.0, seed: 0 };
    assert!(error(Options { validation, ..options() }).contains("option `validation`: a fraction of 1"));
}

/// Needs `SECATEUR_SHARED_DATA`, a folder with `bccd-voc.tar`. Counts are those of Python's XML parser.
#[test]
fn blood_cells_load_whole() {
    let Some(path) = shared("bccd-voc.tar") else { return };
    let started = Instant::now();
    let (task, report) =
        load(&path, &Options { side: 128, ..Options::voc("voc/blood-cells") }, None).unwrap();
    assert_eq!(task.info.classes, ["Platelets", "RBC", "WBC"]);
    assert_eq!((task.train.len(), task.validation.len(), task.test.len()), (205, 87, 72));
    let counts = [&task.train, &task.validation, &task.test].map(|scenes| scenes.objects.len());
    assert_eq!(counts, [2804, 1137, 945]);
    let empty = [
        "BCCD/Annotations/BloodImage_00343.xml, object 4 (RBC): 181, 329 to 181, 329",
        "BCCD/Annotations/BloodImage_00338.xml, object 13 (RBC): 504, 337 to 504, 337",
    ];
    let empty = Cases { count: 2, first: empty.map(str::to_owned).to_vec() };
    assert_eq!(report, Report { pictures: 364, objects: 4886, empty, ..Report::default() });
    let mut classes = [0; 3];
    for scenes in [&task.train, &task.validation, &task.test] {
        assert!(scenes.sizes.iter().all(|size| *size == [640, 480]));
        scenes.objects.classes.iter().for_each(|class| classes[usize::from(*class)] += 1);
    }
    assert_eq!(classes, [361, 4153, 372]);
    let options = Options {
        train: vec!["trainval".to_owned()],
        validation: Validation::None,
        side: 128,
        ..Options::voc("voc/blood-cells")
    };
    let (whole, _) = load(&path, &options, None).unwrap();
    assert_eq!((whole.train.len(), whole.train.objects.len()), (292, 2804 + 1137));
    note(&format!("loaded 364 + 364 photographs of blood cells in {:.1?}", started.elapsed()));
}
