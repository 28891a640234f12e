//! Small data sets made on the spot.

use std::fs;

use image::ImageFormat;
use serde_json::{Value, json};

use super::*;
use crate::detection::Cases;
use crate::testing::{encoded, flat, folder_of, tar_of};

type Files = Vec<(String, Vec<u8>)>;

/// A set like COCO's: ids with gaps, categories and pictures out of order, segments, keys that nobody asked for.
fn instances() -> Value {
    json!({
        "info": {"year": 2017, "contributor": "nobody"},
        "annotations": [
            {"id": 7, "image_id": 40, "category_id": 90, "bbox": [2, 1.5, 4.25, 3], "area": 5.5, "iscrowd": 0,
             "segmentation": [[2.0, 1.5, 6.25, 1.5, 6.25, 4.5, 2.0, 4.5]]},
            {"id": 9, "image_id": 12, "category_id": 3, "bbox": [0, 0, 20, 10], "area": 150, "iscrowd": 1,
             "segmentation": {"counts": [0, 200], "size": [10, 20]}},
            {"id": 8, "image_id": 40, "category_id": 18, "bbox": [10.0, 5.0, 10.4, 5.0], "iscrowd": 0},
        ],
        "images": [
            {"id": 40, "file_name": "000040.png", "width": 20, "height": 10, "license": 1, "date_captured": ""},
            {"id": 12, "file_name": "000012.png", "width": 20, "height": 10},
            {"id": 13, "file_name": "000013.png", "width": 20, "height": 10},
        ],
        "categories": [
            {"id": 90, "name": "toothbrush", "supercategory": "indoor"},
            {"id": 3, "name": "car", "supercategory": "vehicle"},
            {"id": 18, "name": "dog", "supercategory": "animal"},
        ],
    })
}

fn files(train: &Value) -> Files {
    let mut files = Files::new();
    let test = json!({
        "images": [{"id": 1, "file_name": "000001.png", "width": 20, "height": 10}],
        "annotations": [],
        "categories": instances()["categories"],
    });
    for (set, value) in [("train2017", train), ("val2017", &test)] {
        files.push((format!("annotations/instances_{set}.json"), value.to_string().into_bytes()));
    }
    files.push(("annotations/captions_train2017.json".to_owned(), b"[]".to_vec()));
    files.push(("annotations/instances_minival.json".to_owned(), b"not read".to_vec()));
    for (path, red) in
        [("train2017/000040", 40), ("train2017/000012", 12), ("train2017/000013", 13), ("val2017/000001", 1)]
    {
        files.push((format!("{path}.png"), encoded(&flat([red, 0, 0], 20, 10), ImageFormat::Png)));
    }
    files
}

fn options() -> Options {
    Options { side: 8, validation: Validation::None, ..Options::coco("coco/few") }
}

fn load_set(train: &Value) -> Result<(DetectionData, Report), DataError> {
    load(folder_of(&files(train)).path(), &options())
}

#[test]
fn ids_become_classes_and_corners_are_kept() {
    let (task, report) = load_set(&instances()).unwrap();
    assert_eq!(task.info.classes, ["car", "dog", "toothbrush"]);
    assert_eq!(task.train.names, ["000012.png", "000013.png", "000040.png"]);
    let red: Vec<u8> = task.train.pixels.chunks(192).map(|picture| picture[0]).collect();
    assert_eq!(red, [12, 13, 40]);
    // Pictures without objects stay.
    assert_eq!(task.train.offsets, [0, 1, 1, 3]);
    let objects = &task.train.objects;
    assert_eq!(objects.classes, [0, 2, 1]);
    // The last one sticks out by 0.4 pixels and is cut; it states no area.
    assert_eq!(objects.boxes, [[0.0, 0.0, 20.0, 10.0], [2.0, 1.5, 6.25, 4.5], [10.0, 5.0, 20.0, 10.0]]);
    assert_eq!(objects.areas, [150.0, 5.5, 50.0]);
    assert_eq!(objects.crowd, [true, false, false]);
    assert_eq!((task.test.len(), task.test.objects.len()), (1, 0));
    let case = "annotations/instances_train2017.json, annotation 8 in 000040.png: [10.0, 5.0, 10.4, 5.0]";
    let clipped = Cases { count: 1, first: vec![case.to_owned()] };
    assert_eq!(report, Report { pictures: 4, objects: 3, without_objects: 2, clipped, ..Report::default() });
}

#[test]
fn an_archive_gives_the_same_as_a_folder() {
    let mut files = files(&instances());
    let folder = folder_of(&files);
    let expected = load(folder.path(), &options()).unwrap();
    let path = folder.path().join("coco.tar");
    for prefix in ["", "coco/2017/"] {
        files.reverse();
        fs::write(&path, tar_of(&files, prefix)).unwrap();
        let (task, mut report) = load(&path, &options()).unwrap();
        report.clipped.first = report.clipped.first.iter().map(|case| case.replacen(prefix, "", 1)).collect();
        assert_eq!((task, report), expected, "prefix `{prefix}`");
    }
}

#[test]
fn boxes_without_area_are_left_out_and_reported() {
    let mut set = instances();
    set["annotations"][0]["bbox"] = json!([2, 1.5, 0, 3]);
    set["annotations"][1]["bbox"] = json!([5, 5, 3, -2]);
    set["annotations"][2]["bbox"] = json!([15, 5, 30, 3]);
    let (task, report) = load_set(&set).unwrap();
    assert!(task.train.objects.is_empty());
    assert_eq!((report.empty.count, report.outside.count, report.without_objects), (2, 1, 4));
    assert!(
        report.empty.first[1].contains("annotation 9 in 000012.png: [5.0, 5.0, 3.0, -2.0]"),
        "{report:?}"
    );
}

#[test]
fn what_does_not_fit_together_is_named() {
    let complaint = |path: &[&str], value: Value| {
        let mut set = instances();
        let place = path.iter().fold(&mut set, |value, key| match key.parse::<usize>() {
            Ok(index) => &mut value[index],
            Err(_) => &mut value[*key],
        });
        *place = value;
        load_set(&set).unwrap_err().to_string()
    };
    for (path, value, expected) in [
        (vec!["annotations", "0", "image_id"], json!(41), "annotation 7 is of image 41, which is not listed"),
        (
            vec!["annotations", "2", "category_id"],
            json!(1),
            "annotation 8 is of category 1, which is not listed",
        ),
        (vec!["annotations", "2", "id"], json!(7), "the annotation id 7 is there twice"),
        (vec!["images", "2", "id"], json!(12), "the image id 12 is there twice"),
        (vec!["categories", "2", "id"], json!(3), "the category id 3 is there twice"),
        (vec!["categories", "2", "name"], json!("cat"), "the categories are not those of the other sets"),
        (
            vec!["images", "1", "file_name"],
            json!("x.png"),
            "image 12 should be train2017/x.png, which is not there",
        ),
        (vec!["images", "1", "width"], json!(0), "image 12 has 0x10 pixels"),
        (vec!["images", "1", "file_name"], json!("000040.png"), "listed twice for the train split"),
        (vec!["images"], json!([]), "there are no images"),
        (vec!["categories"], json!([]), "there are no categories"),
        (vec!["annotations", "0", "bbox"], json!([1, 2, 3]), "invalid length 3"),
        (vec!["annotations", "0", "category_id"], json!(null), "invalid type: null"),
    ] {
        let error = complaint(&path, value);
        assert!(error.contains(expected), "{path:?}: {error}");
        assert!(error.contains("instances_") || error.contains("train2017/000040.png in "), "{error}");
    }
    let error = complaint(&["images", "1", "height"], json!(11));
    assert!(
        error.contains("train2017/000012.png in ") && error.contains("its annotation says 20x11"),
        "{error}"
    );
}

#[test]
fn missing_sets_and_damaged_files_are_explained() {
    let mut files = files(&instances());
    let folder = folder_of(&files);
    let options = Options { train: vec!["train2014".to_owned()], ..options() };
    let error = load(folder.path(), &options).unwrap_err().to_string();
    let expected = "no annotations of the set `train2014`; there are those of minival, train2017, val2017";
    assert!(error.contains(expected), "{error}");
    let length = files[0].1.len();
    files[0].1.truncate(length - 3);
    let error = load(folder_of(&files).path(), &super::tests::options()).unwrap_err().to_string();
    assert!(error.contains("annotations/instances_train2017.json in ") && error.contains("EOF"), "{error}");
}
