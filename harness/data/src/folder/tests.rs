//! Folders and archives made on the spot, and the real one if it is there.

use std::fs;
use std::time::Instant;

use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};

use super::*;
use crate::listing::{Content, Place};
use crate::official::testing::zip_of;
use crate::testing::{encoded, flat, folder_of, gzip, note, shared, tar_of};

/// Two classes, `ants` with six training pictures and `bees` with four, and a test picture each.
fn files() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for (class, count) in [("bees", 4u8), ("ants", 6)] {
        for k in 0..count {
            let picture = flat([k, class.len() as u8, class.as_bytes()[0]], 8, 8);
            files.push((format!("train/{class}/{k}.png"), encoded(&picture, ImageFormat::Png)));
        }
        files.push((format!("test/{class}/x.png"), encoded(&flat([200, 0, 0], 8, 8), ImageFormat::Png)));
    }
    files
}

fn archive_of(files: &[(String, Vec<u8>)], prefix: &str) -> Vec<u8> {
    gzip(&tar_of(files, prefix))
}

fn options() -> Options {
    Options { validation: Validation::PerClass { count: 2, seed: 3 }, ..Options::new("folder/insects") }
}

#[test]
fn classes_and_files_are_in_order_of_name() {
    let folder = folder_of(&files());
    let task = load(folder.path(), &Options { validation: Validation::None, ..options() }).unwrap();
    assert_eq!(task.info.classes, ["ants", "bees"]);
    assert_eq!(task.train.labels, [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
    assert_eq!(task.train.shape, [3, 8, 8]);
    // The first channel holds the file's number, the third the class's first letter.
    let red: Vec<u8> = task.train.pixels.chunks(192).map(|p| p[0]).collect();
    assert_eq!(red, [0, 1, 2, 3, 4, 5, 0, 1, 2, 3]);
    assert_eq!(task.train.pixels[128], b'a');
    assert!(task.validation.is_empty());
    assert_eq!(task.test.labels, [0, 1]);
}

#[test]
fn an_archive_gives_the_same_as_a_folder_in_any_order() {
    let mut files = files();
    let folder = folder_of(&files);
    let expected = load(folder.path(), &options()).unwrap();
    files.reverse();
    for prefix in ["", "./", "insects-1.0/"] {
        let zip: Vec<_> =
            files.iter().map(|(name, bytes)| (format!("{prefix}{name}"), bytes.clone())).collect();
        for (name, bytes) in [
            ("a.tar.gz", archive_of(&files, prefix)),
            ("a.tar", tar_of(&files, prefix)),
            ("a.zip", zip_of(&zip)),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            assert_eq!(load(&path, &options()).unwrap(), expected, "{name} with prefix `{prefix}`");
        }
    }
}

#[test]
fn validation_pictures_leave_the_training_split_and_stay_when_others_come() {
    let mut files = files();
    let before = load(folder_of(&files).path(), &options()).unwrap();
    assert_eq!(before.validation.labels, [0, 0, 1, 1]);
    assert_eq!(before.train.labels, [0, 0, 0, 0, 1, 1]);
    let pictures = |split: &Pictures| split.pixels.chunks(192).map(<[u8]>::to_vec).collect::<BTreeSet<_>>();
    assert!(pictures(&before.train).is_disjoint(&pictures(&before.validation)));

    let other = Options { validation: Validation::PerClass { count: 2, seed: 4 }, ..options() };
    assert_ne!(load(folder_of(&files).path(), &other).unwrap().validation, before.validation);

    // One more picture can push at most one out of the validation split of its class, and none of the other's.
    files.push(("train/ants/new.png".to_owned(), encoded(&flat([99, 0, 0], 8, 8), ImageFormat::Png)));
    let after = load(folder_of(&files).path(), &options()).unwrap();
    assert_eq!(after.validation.pixels[2 * 192..], before.validation.pixels[2 * 192..]);
    let kept = pictures(&after.validation).intersection(&pictures(&before.validation)).count();
    assert!(kept >= 3);

    let half = Options { validation: Validation::Fraction { fraction: 0.5, seed: 0 }, ..options() };
    assert_eq!(load(folder_of(&files).path(), &half).unwrap().validation.labels, [0, 0, 0, 1, 1]);
    let all = Options { validation: Validation::PerClass { count: 4, seed: 0 }, ..options() };
    let error = load(folder_of(&files).path(), &all).unwrap_err().to_string();
    assert!(error.contains("class `bees` has 4 training pictures"), "{error}");
}

#[test]
fn gray_and_other_kinds_become_rgb() {
    let mut files = files();
    let gray = DynamicImage::ImageLuma8(GrayImage::from_pixel(8, 8, Luma([77])));
    files.push(("train/ants/gray.png".to_owned(), encoded(&gray, ImageFormat::Png)));
    files.push(("train/ants/gray.jpg".to_owned(), encoded(&gray, ImageFormat::Jpeg)));
    let clear = DynamicImage::ImageRgba8(flat([1, 2, 3], 8, 8).into_rgba8());
    files.push(("train/ants/clear.PNG".to_owned(), encoded(&clear, ImageFormat::Png)));
    files.push(("train/ants/notes.txt".to_owned(), b"six legs".to_vec()));
    let options = Options { validation: Validation::None, ..options() };
    let (task, report) = load_with_report(folder_of(&files).path(), &options).unwrap();
    assert_eq!(report, LoadReport { pictures: 15, other_files: 1, gray: 2, ..LoadReport::default() });
    // Order of names: digits, `clear.PNG`, `gray.jpg`, `gray.png`.
    let picture = |index: usize| &task.train.pixels[index * 192..(index + 1) * 192];
    assert_eq!(picture(6)[..1], [1]);
    assert_eq!(picture(6)[128..129], [3]);
    assert!(picture(7).iter().all(|value| value.abs_diff(77) <= 1));
    assert!(picture(8).iter().all(|value| *value == 77));
}

#[test]
fn broken_pictures_are_named_or_counted() {
    let mut files = files();
    let whole = encoded(&flat([9, 9, 9], 8, 8), ImageFormat::Png);
    files.push(("train/bees/cut.png".to_owned(), whole[..whole.len() / 2].to_vec()));
    files.push(("test/ants/empty.jpg".to_owned(), Vec::new()));
    let folder = folder_of(&files);
    let error = load(folder.path(), &options()).unwrap_err();
    assert!(matches!(&error, DataError::Picture { file, .. } if file == "test/ants/empty.jpg"), "{error}");
    assert!(error.to_string().contains("skip_broken"));
    let (task, report) =
        load_with_report(folder.path(), &Options { skip_broken: true, ..options() }).unwrap();
    assert_eq!(report.broken, ["test/ants/empty.jpg", "train/bees/cut.png"]);
    assert_eq!(report.pictures, 12);
    assert_eq!(task, load(folder_of(&super::tests::files()).path(), &options()).unwrap());
}

#[test]
fn a_class_of_broken_pictures_is_left_out_with_its_label() {
    let mut files = files();
    for (name, bytes) in &mut files {
        if name.starts_with("train/ants/") {
            bytes.truncate(20);
        }
    }
    let skip = Options { skip_broken: true, ..options() };
    let error = load(folder_of(&files).path(), &skip).unwrap_err().to_string();
    assert!(error.contains("class `ants` has test pictures but no training picture"), "{error}");
    files.retain(|(name, _)| !name.starts_with("test/ants/"));
    let (task, report) = load_with_report(folder_of(&files).path(), &skip).unwrap();
    assert_eq!((report.pictures, report.broken.len()), (5, 6));
    assert_eq!(task.info.classes, ["bees"]);
    assert_eq!(
        (task.train.labels, task.validation.labels, task.test.labels),
        (vec![0, 0], vec![0, 0], vec![0])
    );
}

/// The same pictures, some of whose folders have another name.
fn renamed(changes: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    let rename = |name: String| {
        let change = changes.iter().find_map(|(from, to)| Some(format!("{to}{}", name.strip_prefix(from)?)));
        change.unwrap_or(name)
    };
    files().into_iter().map(|(name, bytes)| (rename(name), bytes)).collect()
}

#[test]
fn a_folder_may_have_a_validation_split_of_its_own() {
    let none = Options { validation: Validation::None, ..options() };
    for own in ["val", "valid", "validation"] {
        let ant = format!("{own}/ants/");
        let (bee, more) = (format!("{own}/bees/3"), format!("{own}/ants/0"));
        let files = renamed(&[("train/ants/0", &more), ("train/bees/3", &bee)]);
        let folder = folder_of(&files);
        let task = load(folder.path(), &none).unwrap();
        let red = |pictures: &Pictures| pictures.pixels.chunks(192).map(|p| p[0]).collect::<Vec<_>>();
        assert_eq!(red(&task.train), [1, 2, 3, 4, 5, 0, 1, 2]);
        assert_eq!((red(&task.validation), &task.validation.labels[..]), (vec![0, 3], &[0, 1][..]));
        assert_eq!(task.test.labels, [0, 1]);
        let path = folder.path().join("a.tar.gz");
        fs::write(&path, archive_of(&files, "insects/")).unwrap();
        assert_eq!(load(&path, &none).unwrap(), task);
        // To hold out others as well would be one too many.
        let error = load(folder.path(), &options()).unwrap_err().to_string();
        assert!(error.contains("has a validation split of its own"), "{error}");
        // A class that is chosen on and never trained on.
        let files = renamed(&[("train/ants/", &ant)]);
        let error = load(folder_of(&files).path(), &none).unwrap_err().to_string();
        assert!(error.contains("class `ants` has validation pictures but no training picture"), "{error}");
    }
    let files = renamed(&[("train/ants/0", "val/ants/0"), ("train/bees/3", "valid/bees/3")]);
    let error = load(folder_of(&files).path(), &none).unwrap_err().to_string();
    assert!(error.contains("has `val` and `valid`, which both would be for validation"), "{error}");
}

#[test]
fn without_a_test_split_the_validation_split_is_scored_on() {
    let expected = load(folder_of(&files()).path(), &options()).unwrap();
    for own in ["val/", "valid/", "validation/"] {
        let files = renamed(&[("test/", own)]);
        let folder = folder_of(&files);
        assert_eq!(load(folder.path(), &options()).unwrap(), expected);
        let path = folder.path().join("a.zip");
        fs::write(&path, zip_of(&files)).unwrap();
        assert_eq!(load(&path, &options()).unwrap(), expected);
        assert_eq!(list(&path, &options()).unwrap().test[0].name, format!("{own}ants/x.png"));
    }
    let trained: Vec<_> = files().into_iter().filter(|(name, _)| name.starts_with("train/")).collect();
    let error = load(folder_of(&trained).path(), &options()).unwrap_err().to_string();
    assert!(error.contains("has no folder `test`") && error.contains("`val`"), "{error}");
}

#[test]
fn a_listing_says_what_a_task_has_and_reads_its_files() {
    let files = files();
    let folder = folder_of(&files);
    let archive = folder.path().join("a.tar");
    fs::write(&archive, tar_of(&files, "insects-1.0/")).unwrap();
    let task = load(folder.path(), &options()).unwrap();
    for path in [folder.path(), &archive] {
        let listing = list(path, &options()).unwrap();
        assert_eq!(listing.info(), &task.info);
        let mut seen = 0;
        for split in Split::ALL {
            assert_eq!(listing.labels(split), task.split(split).labels);
            assert!(listing.split(split).is_sorted_by(|a, b| a.name < b.name));
        }
        listing
            .read(&listing.all(), &mut |split, index, content| {
                let name = &listing.split(split)[index].name;
                let (_, bytes) = files.iter().find(|(file, _)| file == name).unwrap();
                assert_eq!(content, Content::File(bytes.clone()));
                seen += 1;
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, files.len());
    }
    let inner = |path: &Path| list(path, &options()).unwrap().test[1].place.clone();
    assert_eq!(inner(folder.path()), Place::File("test/bees/x.png".to_owned()));
    assert_eq!(inner(&archive), Place::Member { archive: 0, path: "insects-1.0/test/bees/x.png".to_owned() });

    // Whoever finds broken pictures leaves them out by their names, and others may be held out then.
    let survey = Survey::of(&archive).unwrap();
    let all = survey.listing(&options(), &BTreeSet::new()).unwrap();
    let left_out = BTreeSet::from([all.validation[0].name.clone()]);
    let rest = survey.listing(&options(), &left_out).unwrap();
    assert_eq!((rest.train.len(), rest.validation.len()), (all.train.len() - 1, all.validation.len()));
    assert!(rest.all().into_iter().all(|(split, index)| !left_out.contains(&rest.split(split)[index].name)));
}

#[test]
fn sizes_must_agree_or_be_made_to() {
    let mut files = files();
    let wide = DynamicImage::ImageRgb8(RgbImage::from_fn(40, 20, |x, _| {
        if (10..30).contains(&x) { Rgb([50, 60, 70]) } else { Rgb([255, 0, 0]) }
    }));
    files.push(("train/bees/wide.png".to_owned(), encoded(&wide, ImageFormat::Png)));
    let folder = folder_of(&files);
    let options = Options { validation: Validation::None, ..options() };
    let error = load(folder.path(), &options).unwrap_err().to_string();
    assert!(error.contains("train/bees/wide.png") && error.contains("40x20"), "{error}");
    let (task, report) =
        load_with_report(folder.path(), &Options { side: Some(10), ..options.clone() }).unwrap();
    assert_eq!(report.resized, 13);
    assert_eq!(task.train.shape, [3, 10, 10]);
    // The middle square is all one colour; the ends are cut off.
    let last = &task.train.pixels[10 * 300..];
    assert!(last[22..28].iter().all(|v| *v == 50) && last[222..228].iter().all(|v| *v == 70));
    assert!(load(folder.path(), &Options { side: Some(0), ..options }).is_err());
}

#[test]
fn wrong_arrangements_are_explained() {
    let empty = tempfile::tempdir().unwrap();
    let error = load(empty.path(), &options()).unwrap_err().to_string();
    assert!(error.contains("has no folder `train`") && error.contains("{train,test}/<class>"), "{error}");
    assert!(matches!(load(&empty.path().join("none"), &options()), Err(DataError::Io { .. })));

    let complaint = |files: &[(String, Vec<u8>)]| {
        let path = empty.path().join("x.tar.gz");
        fs::write(&path, archive_of(files, "")).unwrap();
        load(&path, &options()).unwrap_err().to_string()
    };
    let mut stray = files();
    stray[3].0 = "3.png".to_owned();
    assert!(complaint(&stray).contains("contains the picture `3.png`"));
    let mut twice = files();
    twice[1].0 = twice[0].0.clone();
    assert!(complaint(&twice).contains("train/bees/0.png is in the archive twice"));
    let mut unknown = files();
    unknown.push(("test/wasps/1.png".to_owned(), unknown[0].1.clone()));
    assert!(complaint(&unknown).contains("class `wasps` has test pictures but no training picture"));

    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(gzip);
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    archive.append_link(&mut header, "train/ants/link.png", "0.png").unwrap();
    let path = empty.path().join("link.tar.gz");
    fs::write(&path, archive.into_inner().unwrap().finish().unwrap()).unwrap();
    assert!(load(&path, &options()).unwrap_err().to_string().contains("`train/ants/link.png` is a link"));

    let whole = archive_of(&files(), "");
    let path = empty.path().join("cut.tar.gz");
    for length in [0, 20, whole.len() / 2, whole.len() - 9] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = load(&path, &options()).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("cut.tar.gz: "), "{length}: {error}");
    }
    let whole = tar_of(&files(), "");
    for length in [20, 512 + 30, whole.len() / 2] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = load(&path, &options()).err().map(|error| error.to_string()).unwrap_or_default();
        let told = error.contains("not a whole archive") || error.contains(" ends after ");
        assert!(error.contains("cut.tar.gz: ") && told, "{length}: {error}");
    }
}

#[test]
fn the_source_digest_follows_content_and_names() {
    let mut files = files();
    let digest = |files: &[(String, Vec<u8>)]| digest_source(folder_of(files).path()).unwrap();
    let before = digest(&files);
    assert_eq!(before, digest(&files));
    files[2].0 = "train/bees/2b.png".to_owned();
    let renamed = digest(&files);
    assert_ne!(before, renamed);
    *files[2].1.last_mut().unwrap() ^= 1;
    assert_ne!(renamed, digest(&files));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tar.gz");
    fs::write(&path, b"abc").unwrap();
    assert_eq!(digest_source(&path).unwrap(), blake3::hash(b"abc").to_hex().as_str());
}

/// Needs `SECATEUR_SHARED_DATA`, a folder with `cifar10-jpeg.tar.gz`.
#[test]
fn cifar10_jpeg_loads_whole() {
    let Some(path) = shared("cifar10-jpeg.tar.gz") else { return };
    let started = Instant::now();
    let options =
        Options { validation: Validation::PerClass { count: 500, seed: 0 }, ..Options::new("cifar10-jpeg") };
    let (task, report) = load_with_report(&path, &options).unwrap();
    assert_eq!((task.train.len(), task.validation.len(), task.test.len()), (45_000, 5_000, 10_000));
    assert_eq!(task.info.classes[..3], ["airplane", "automobile", "bird"]);
    assert_eq!(report, LoadReport { pictures: 60_000, ..LoadReport::default() });
    for class in 0..10 {
        assert_eq!(task.train.labels.iter().filter(|label| **label == class).count(), 4_500);
    }
    let mean = task.train.pixels.iter().map(|v| f64::from(*v)).sum::<f64>() / task.train.pixels.len() as f64;
    // The mean of CIFAR-10 over all channels is 0.4734 of full scale.
    assert!((mean / 255.0 - 0.4734).abs() < 0.005, "{mean}");
    note(&format!("loaded 60,000 pictures in {:.1?}", started.elapsed()));
}

#[test]
fn pictures_without_labels_are_all_those_below_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("pictures");
    let mut files = Vec::new();
    for (number, name) in
        ["b.png", "a/z.png", "a/deep/er/c.png", "test/x/d.png", "notes.txt"].into_iter().enumerate()
    {
        let picture = image::RgbImage::from_pixel(4, 4, image::Rgb([number as u8 * 40; 3]));
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        std::fs::write(root.join(name), bytes.get_ref()).unwrap();
        files.push((name.to_owned(), bytes.into_inner()));
    }
    let validation = Validation::PerClass { count: 1, seed: 3 };
    let options = Options { labelled: false, validation, ..Options::new("folder/pictures") };
    let (task, report) = load_with_report(&root, &options).unwrap();
    assert_eq!((task.train.len(), task.validation.len(), task.test.len()), (3, 1, 0));
    assert_eq!((task.info.classes.len(), report.other_files), (1, 1));
    assert!(task.train.labels.iter().all(|label| *label == 0));
    // An archive may have the folder, or another one above it, or not.
    for prefix in ["", "pictures/", "some/where/"] {
        let inner: Vec<(String, Vec<u8>)> =
            files.iter().map(|(name, bytes)| (format!("{prefix}{name}"), bytes.clone())).collect();
        let archive = folder.path().join("pictures.zip");
        std::fs::write(&archive, zip_of(&inner)).unwrap();
        assert_eq!(load(&archive, &options).unwrap(), task, "{prefix}");
    }
    let twice = folder.path().join("twice.tar");
    std::fs::write(&twice, tar_of(&[files[0].clone(), files[1].clone(), files[0].clone()], "")).unwrap();
    let text = load(&twice, &options).unwrap_err().to_string();
    assert!(text.contains("twice") && text.contains("anywhere below"), "{text}");
    let names: Vec<String> = list(&root, &Options { validation: Validation::None, ..options.clone() })
        .unwrap()
        .split(Split::Train)
        .iter()
        .map(|listed| listed.name.clone())
        .collect();
    assert_eq!(names, ["a/deep/er/c.png", "a/z.png", "b.png", "test/x/d.png"]);
    // With labels the same folder is no task.
    assert!(matches!(load(&root, &Options::new("x")), Err(DataError::Layout { .. })));
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(load(empty.path(), &options), Err(DataError::Layout { .. })));
}
