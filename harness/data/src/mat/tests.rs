//! Files that SciPy has written, the real ones, and damaged ones. `tests/golden/mat` says where the first come from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::official::testing::{Mat, mat_file};
use crate::testing::shared;

const MEMORY: usize = 64 << 20;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/mat").join(name)
}

fn all(bytes: &[u8]) -> Result<Vec<(String, Array)>, String> {
    read(&mut &bytes[..], &|_| true, MEMORY)
}

/// An array in the form of `expected.json`. SciPy has no text of several dimensions.
fn described(array: &Array) -> Json {
    let Array { dims, value } = array;
    match value {
        Value::Numbers(numbers) => json!({"dims": dims, "numbers": numbers}),
        Value::Text(rows) => json!({"text": rows}),
        Value::Cells(cells) => {
            json!({"dims": dims, "cells": cells.iter().map(described).collect::<Vec<_>>()})
        }
        Value::Struct { fields, elements } => {
            let elements: Vec<Vec<Json>> =
                elements.iter().map(|values| values.iter().map(described).collect()).collect();
            json!({"dims": dims, "fields": fields, "elements": elements})
        }
        Value::Elsewhere(_) | Value::Skipped => json!("skipped"),
    }
}

#[test]
fn what_scipy_has_written_is_read_as_scipy_reads_it() {
    let expected = std::fs::read_to_string(golden("expected.json")).unwrap();
    let expected: BTreeMap<String, BTreeMap<String, Json>> = serde_json::from_str(&expected).unwrap();
    assert_eq!(expected.len(), 6);
    for (file, variables) in expected {
        let found = all(&std::fs::read(golden(&file)).unwrap()).unwrap();
        assert_eq!(found.len(), variables.len(), "{file}");
        for (name, array) in found {
            assert_eq!(described(&array), variables[&name], "{file}: {name}");
        }
    }
}

#[test]
fn numbers_that_are_not_wanted_are_found_again() {
    let compressed = mat_file(&[
        ("y", Mat::Bytes { dims: vec![1, 3], values: vec![1, 2, 3] }),
        ("X", Mat::Bytes { dims: vec![5, 2], values: (0..10).collect() }),
        ("z", Mat::Text("end".to_owned())),
    ]);
    let mut files = vec![(compressed, "X", (0..10).collect::<Vec<u8>>())];
    for form in ["plain", "packed"] {
        let bytes = std::fs::read(golden(&format!("numbers-{form}.mat"))).unwrap();
        let cube = all(&bytes).unwrap().into_iter().find(|(name, _)| name == "cube").unwrap().1;
        let values = cube.counts().unwrap().into_iter().map(|value| value as u8).collect();
        files.push((bytes, "cube", values));
    }
    for (bytes, name, values) in files {
        let variables = read(&mut &bytes[..], &|known| known != name, MEMORY).unwrap();
        let Value::Elsewhere(position) = &variable(&variables, name).unwrap().value else {
            panic!("{variables:?}");
        };
        assert!(position.bytes);
        let mut found = vec![0; values.len()];
        position.open(&mut &bytes[..], |reader| reader.read_exact(&mut found)).unwrap();
        assert_eq!(found, values);
    }
}

#[test]
fn other_files_are_told_apart() {
    let whole = mat_file(&[("a", Mat::Text("x".to_owned()))]);
    let complaint = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        change(&mut bytes);
        all(&bytes).unwrap_err()
    };
    assert!(complaint(&|bytes| bytes.truncate(100)).contains("too short"));
    assert!(complaint(&|bytes| bytes[124..128].copy_from_slice(b"\x01\x00MI")).contains("big-endian"));
    let hdf = |bytes: &mut Vec<u8>| {
        bytes[..10].copy_from_slice(b"MATLAB 7.3");
        bytes[125] = 2;
    };
    assert!(complaint(&hdf).contains("7.3 (HDF5)"));
    assert!(complaint(&|bytes| bytes[126] = b'X').contains("not a MAT-file of level 5"));
    for length in 129..whole.len() {
        assert!(complaint(&|bytes| bytes.truncate(length)).contains(' '), "{length}");
    }
    assert!(variable(&all(&whole).unwrap(), "b").unwrap_err().contains("no variable `b`"));
}

#[test]
fn memory_is_bounded_whatever_a_file_claims() {
    let numbers = mat_file(&[("a", Mat::Shorts(vec![7; 10_000]))]);
    assert!(read(&mut &numbers[..], &|_| true, 110_000).is_ok());
    let error = read(&mut &numbers[..], &|_| true, 90_000).unwrap_err();
    assert!(error.contains("more than 90000 bytes"), "{error}");
    // Not wanted, it takes none.
    assert!(read(&mut &numbers[..], &|_| false, 1000).is_ok());
    // Cells in cells.
    let deep = (0..40).fold(Mat::Text("x".to_owned()), |inner, _| Mat::Cells(vec![inner]));
    assert!(all(&mat_file(&[("a", deep)])).unwrap_err().contains("more than 16 deep"));
    // Cells of nothing take more memory than bytes in the file.
    let cells = mat_file(&[("a", Mat::Cells(vec![Mat::Cells(Vec::new()); 100_000]))]);
    assert!(cells.len() < 100_000 * 8, "{}", cells.len());
    assert!(read(&mut &cells[..], &|_| true, 1 << 20).unwrap_err().contains("more than 1048576 bytes"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn damage_ends_in_an_error_or_in_values(
        file in 0..6usize, edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        cut in any::<prop::sample::Index>(), whole in any::<bool>(),
    ) {
        let name = ["numbers", "structs", "text"][file / 2];
        let form = ["plain", "packed"][file % 2];
        let mut bytes = std::fs::read(golden(&format!("{name}-{form}.mat"))).unwrap();
        for (at, byte) in edits {
            // The header says nothing but what it is.
            let at = 128 + at.index(bytes.len() - 128);
            bytes[at] = byte;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Err(problem) = read(&mut &bytes[..], &|name| name != "cube", 1 << 20) {
            prop_assert!(problem.len() < 10_000, "{}", problem.len());
        }
    }
}

/// Values that SciPy reads from the same files.
#[test]
fn the_real_label_files_are_read() {
    let names = ["imagelabels", "setid", "cars_meta", "cars_train_annos", "cars_test_annos"]
        .map(|name| format!("mat/{name}.mat"));
    let paths: Option<Vec<PathBuf>> = names.iter().map(|name| shared(name)).collect();
    let Some(paths) = paths else { return };
    let files: Vec<_> = paths.iter().map(|path| all(&std::fs::read(path).unwrap()).unwrap()).collect();

    let labels = variable(&files[0], "labels").unwrap();
    assert_eq!(labels.dims, [1, 8189]);
    let labels = labels.counts().unwrap();
    assert_eq!((labels[0], labels[8188], labels.iter().sum::<u64>()), (77, 62, 466_705));
    for (name, count, first, sum) in [
        ("trnid", 1020, 6765, 5_073_294),
        ("valid", 1020, 6773, 5_056_562),
        ("tstid", 6149, 6734, 23_404_099u64),
    ] {
        let ids = variable(&files[1], name).unwrap().counts().unwrap();
        assert_eq!((ids.len(), ids[0], ids.iter().sum::<u64>()), (count, first, sum), "{name}");
    }
    let Value::Cells(classes) = &variable(&files[2], "class_names").unwrap().value else { panic!("cells") };
    let class = |index: usize| classes[index].line().unwrap();
    assert_eq!(classes.len(), 196);
    assert_eq!(class(0), "AM General Hummer SUV 2000");
    assert_eq!(class(13), "Audi TTS Coupe 2012");
    assert_eq!(class(195), "smart fortwo Convertible 2012");

    let train = variable(&files[3], "annotations").unwrap();
    let field = |name: &str| train.field(name).unwrap();
    assert_eq!(field("fname").len(), 8144);
    assert_eq!(field("fname")[8143].line().unwrap(), "08144.jpg");
    let numbers = |name: &str| field(name).iter().map(|value| value.counts().unwrap()[0]).collect::<Vec<_>>();
    assert_eq!((numbers("class")[0], numbers("class").iter().sum::<u64>()), (14, 806_088));
    assert_eq!(
        ["bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2"].map(|name| numbers(name)[0]),
        [39, 116, 569, 375]
    );
    let test = variable(&files[4], "annotations").unwrap();
    assert_eq!(test.field("fname").unwrap().len(), 8041);
    let error = test.field("class").unwrap_err();
    assert!(error.contains("no field `class`, but bbox_x1, bbox_y1, bbox_x2, bbox_y2, fname"), "{error}");
}
