//! Helpers for tests.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::detection::{COCO_SIZE_BORDERS, DetectionData, DetectionInfo, DetectionMetric, Object, Scenes};
pub(crate) use crate::official::testing::{encoded, flat, gzip, tar_of};

/// A file of the folder that `SECATEUR_SHARED_DATA` names. If it is not there, says that the test is skipped.
pub(crate) fn shared(file: &str) -> Option<PathBuf> {
    let path = std::env::var_os("SECATEUR_SHARED_DATA").map(|root| Path::new(&root).join(file));
    let path = path.filter(|path| path.is_file());
    if path.is_none() {
        note(&format!("skipped: {file} is not in the folder SECATEUR_SHARED_DATA names"));
    }
    path
}

/// Prints a line past the test harness's capture, which would hide it in passing tests.
pub(crate) fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Writes files, each a relative path and its content, into a new folder.
pub(crate) fn folder_of(files: &[(String, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

/// A small detection task, written by hand.
pub(crate) fn detection_task() -> DetectionData {
    let object = Object::new;
    let crowd = Object { crowd: true, area: 5.5, ..object(1, [0.0, 0.0, 20.0, 10.0]) };
    let difficult = Object { difficult: true, ..object(0, [2.5, 1.0, 9.0, 4.25]) };
    let split = |first: u8, pictures: Vec<(&str, [u32; 2], Vec<Object>)>| {
        let mut scenes = Scenes::empty([3, 2, 2]);
        for (name, size, objects) in pictures {
            scenes.push(name.to_owned(), size, objects);
        }
        scenes.pixels = (0..12 * scenes.len()).map(|value| first + value as u8).collect();
        scenes
    };
    DetectionData {
        info: DetectionInfo {
            id: "test/insects".to_owned(),
            title: "Insects".to_owned(),
            summary: "Ants and bees.".to_owned(),
            version: 1,
            classes: vec!["ant".to_owned(), "bee".to_owned()],
            metric: DetectionMetric::VocAp50,
            size_borders: COCO_SIZE_BORDERS,
            mean: vec![0.5; 3],
            std: vec![0.25; 3],
        },
        train: split(
            0,
            vec![
                ("a", [20, 10], vec![difficult, object(1, [0.0, 0.0, 1.0, 1.0])]),
                ("äh", [640, 480], Vec::new()),
                ("c", [20, 10], vec![crowd]),
            ],
        ),
        validation: split(100, Vec::new()),
        test: split(200, vec![("z", [4, 4], vec![object(0, [1.0, 1.0, 2.0, 3.0])])]),
    }
}
