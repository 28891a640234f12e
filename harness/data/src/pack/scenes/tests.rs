//! Packs of detection tasks are read back as they were written, or not at all.

use std::fs;

use super::*;
use crate::testing::detection_task;

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let (trainval, test) = (folder.path().join("a/trainval"), folder.path().join("test"));
    let task = detection_task();
    write_detection_trainval(&trainval, &task).unwrap();
    write_detection_test(&test, &task).unwrap();
    assert_eq!(read_detection_info(&trainval).unwrap(), task.info);
    assert_eq!(read_detection_info(&test).unwrap(), task.info);
    assert_eq!(read_detection_split(&trainval, Split::Train).unwrap(), task.train);
    assert_eq!(read_detection_split(&trainval, Split::Validation).unwrap(), task.validation);
    assert_eq!(read_detection_split(&test, Split::Test).unwrap(), task.test);
    // The training folder says nothing of the test split.
    assert!(matches!(read_detection_split(&trainval, Split::Test), Err(DataError::Io { .. })));
    assert_eq!(fs::read_dir(&trainval).unwrap().count(), 3);
}

#[test]
fn bytes_are_the_same_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| {
        let dir = folder.path().join(name);
        write_detection_trainval(&dir, &detection_task()).unwrap();
        fs::read(dir.join("train.safetensors")).unwrap()
    };
    assert_eq!(read("a"), read("b"));
}

#[test]
fn any_damaged_byte_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let task = detection_task();
    write_detection_trainval(folder.path(), &task).unwrap();
    let path = folder.path().join("train.safetensors");
    let whole = fs::read(&path).unwrap();
    for length in [0, 5, 100, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let text = read_detection_split(folder.path(), Split::Train).unwrap_err().to_string();
        assert!(text.contains("train.safetensors: not a whole safetensors file"), "{text}");
    }
    let header = 8 + u64::from_le_bytes(*whole.first_chunk().unwrap()) as usize;
    for at in header..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        fs::write(&path, &damaged).unwrap();
        let error = read_detection_split(folder.path(), Split::Train).unwrap_err();
        assert!(matches!(error, DataError::Packed { .. }), "byte {at}: {error}");
    }
    let text = {
        let mut damaged = whole.clone();
        *damaged.last_mut().unwrap() ^= 1;
        fs::write(&path, &damaged).unwrap();
        read_detection_split(folder.path(), Split::Train).unwrap_err().to_string()
    };
    assert!(text.contains("does not match its digest"), "{text}");
}

#[test]
fn the_two_kinds_of_pack_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let complaint = |error: DataError| error.to_string();
    write_detection_trainval(folder.path(), &detection_task()).unwrap();
    let text = complaint(crate::pack::read_split(folder.path(), Split::Train).unwrap_err());
    assert!(text.contains("a safetensors file, but not one of packed pictures"), "{text}");
    let text = complaint(crate::pack::read_info(folder.path()).unwrap_err());
    assert!(text.contains("task.json: not a task description") && text.contains("voc-ap50"), "{text}");

    let digits = crate::generated::generate_first("generated/digits", 0, 8, 2).unwrap();
    crate::pack::write_trainval(folder.path(), &digits).unwrap();
    let text = complaint(read_detection_split(folder.path(), Split::Train).unwrap_err());
    assert!(text.contains("a safetensors file, but not one of packed scenes"), "{text}");
    assert!(complaint(read_detection_info(folder.path()).unwrap_err()).contains("not a task description"));
}

#[test]
fn a_task_that_does_not_fit_together_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut task = detection_task();
    task.train.objects.classes[0] = 9;
    let error = write_detection_trainval(folder.path(), &task).unwrap_err();
    assert!(matches!(error, DataError::Inconsistent { .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn chosen_pictures_are_those_of_the_whole_split() {
    let folder = tempfile::tempdir().unwrap();
    let task = detection_task();
    write_detection_trainval(folder.path(), &task).unwrap();
    let whole = &task.train;
    let chosen = [whole.len() - 1, 0];
    let mut told = 0;
    let some = read_detection_pictures(folder.path(), Split::Train, |count| {
        told = count;
        chosen.to_vec()
    });
    let some = some.unwrap();
    assert_eq!((told, some.len(), some.shape), (whole.len(), 2, whole.shape));
    let values = whole.shape.iter().product::<usize>();
    for (place, picture) in chosen.into_iter().enumerate() {
        assert_eq!(some.names[place], whole.names[picture]);
        assert_eq!(some.sizes[place], whole.sizes[picture]);
        assert!(some.objects_of(place).eq(whole.objects_of(picture)));
        let pixels = |scenes: &Scenes, at: usize| scenes.pixels[at * values..(at + 1) * values].to_vec();
        assert_eq!(pixels(&some, place), pixels(whole, picture));
    }
    assert!(read_detection_pictures(folder.path(), Split::Train, |_| Vec::new()).unwrap().is_empty());
}

#[test]
fn pictures_that_are_not_there_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let task = detection_task();
    write_detection_trainval(folder.path(), &task).unwrap();
    let complaint = |choose: fn(usize) -> Vec<usize>| {
        read_detection_pictures(folder.path(), Split::Train, choose).unwrap_err().to_string()
    };
    assert!(complaint(|count| vec![count]).contains("none with number"));
    let path = folder.path().join("train.safetensors");
    let whole = fs::read(&path).unwrap();
    for length in [9, 100, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let text = complaint(|_| vec![0]);
        assert!(text.contains("train.safetensors: not a whole safetensors file"), "{text}");
    }
    fs::remove_file(&path).unwrap();
    let gone = read_detection_pictures(folder.path(), Split::Train, |_| vec![0]);
    assert!(matches!(gone, Err(DataError::Io { .. })));
}
