//! Data sets: VOC's and COCO's files, pictures in folders and archives, and packs.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use image::ImageEncoder;
use image::codecs::png;
use proptest::prelude::*;
use secateur_data::detection::{self, coco, voc};
use secateur_data::{DataError, Split, folder, generated, pack};
use secateur_pictures::{Interpolation, Source as _};

use crate::cases;
use crate::checkpoints::{parts, with_header};
use crate::memory::bounded_beyond;
use crate::mutate::{apply, changed, edits, noise};

/// Pictures are decoded on all threads, each with its own room, and stand in memory as they are and as squares.
const CONSTANT: usize = 160 << 20;
/// A picture may have 512 times as many bytes as its file, and is copied on the way.
const TIMES: usize = 5 * 512;

pub(crate) type Files = Vec<(String, Vec<u8>)>;

fn picture(format: image::ImageFormat, side: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(side, side, |x, y| image::Rgb([(x * 9) as u8, (y * 9) as u8, 77]));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("a picture");
    bytes.into_inner()
}

pub(crate) fn write(folder: &Path, files: &Files) -> usize {
    for (name, bytes) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, bytes).expect("written");
    }
    files.iter().map(|(name, bytes)| name.len() + bytes.len()).sum()
}

/// Reads without an opinion on what comes out. `length`: bytes of the files.
fn read<T: Send>(
    length: usize,
    times: usize,
    read: impl FnOnce() -> Result<T, DataError> + Send,
) -> Result<T, DataError> {
    bounded_beyond(CONSTANT, length, times, read).inspect_err(|error| {
        let text = error.to_string();
        assert!(text.len() < 2000 + 8 * length, "an error of {} bytes", text.len());
    })
}

fn voc_files() -> Files {
    let object = |name: &str, corners: [&str; 4]| {
        let [xmin, ymin, xmax, ymax] = corners;
        format!(
            "<object><name>{name}</name><difficult>0</difficult><part><name>leg</name></part>\n<bndbox><xmin>{xmin}</xmin>\
             <ymin>{ymin}</ymin><xmax>{xmax}</xmax><ymax>{ymax}</ymax></bndbox></object>\n"
        )
    };
    let mut files = Files::new();
    for name in ["a", "b", "c"] {
        let objects = object("bee", ["1", "1", "16", "16"]) + &object("ant", ["3", "2", "6.5", "4"]);
        let text = format!(
            "<?xml version=\"1.0\"?>\n<annotation><!-- by hand --><filename>{name}.png</filename>\n<size><width>16</width>\
             <height>16</height><depth>3</depth></size>\n{objects}</annotation>\n"
        );
        files.push((format!("Annotations/{name}.xml"), text.into_bytes()));
        files.push((format!("JPEGImages/{name}.png"), picture(image::ImageFormat::Png, 16)));
    }
    for (list, names) in [("train", "a\n"), ("val", "b\n"), ("test", "c\n")] {
        files.push((format!("ImageSets/Main/{list}.txt"), names.as_bytes().to_vec()));
    }
    files
}

fn coco_files() -> Files {
    let set = |name: &str| {
        serde_json::json!({
            "info": {"year": 2017},
            "images": [{"id": 40, "file_name": format!("{name}.png"), "width": 16, "height": 16, "license": 1}],
            "annotations": [
                {"id": 7, "image_id": 40, "category_id": 90, "bbox": [2, 1.5, 4.25, 3], "area": 5.5, "iscrowd": 0,
                 "segmentation": [[2.0, 1.5, 6.25, 1.5, 6.25, 4.5, 2.0, 4.5]]},
                {"id": 9, "image_id": 40, "category_id": 3, "bbox": [0, 0, 16, 10], "area": 150, "iscrowd": 1,
                 "segmentation": {"counts": [0, 200], "size": [10, 20]}},
            ],
            "categories": [{"id": 90, "name": "toothbrush"}, {"id": 3, "name": "car"}],
        })
    };
    let mut files = Files::new();
    for name in ["train2017", "val2017"] {
        files.push((format!("annotations/instances_{name}.json"), set(name).to_string().into_bytes()));
        files.push((format!("{name}/{name}.png"), picture(image::ImageFormat::Png, 16)));
    }
    files
}

fn load_voc(files: &Files) -> Result<detection::DetectionData, DataError> {
    let folder = tempfile::tempdir().expect("a folder");
    let length = write(folder.path(), files);
    let options = detection::Options { side: 8, ..detection::Options::voc("voc/some") };
    read(length, TIMES, || voc::load(folder.path(), &options, None).map(|(task, _)| task))
}

fn load_coco(files: &Files) -> Result<detection::DetectionData, DataError> {
    let folder = tempfile::tempdir().expect("a folder");
    let length = write(folder.path(), files);
    let options = detection::Options {
        side: 8,
        validation: detection::Validation::None,
        ..detection::Options::coco("coco/some")
    };
    read(length, TIMES, || coco::load(folder.path(), &options).map(|(task, _)| task))
}

/// Pictures of two classes, with one JPEG among them.
pub(crate) fn sorted_files() -> Files {
    let mut files = Files::new();
    for split in ["train", "test"] {
        for class in ["bee", "wasp"] {
            for number in 0..3 {
                let name = format!("{split}/{class}/{number}");
                if number == 2 {
                    files.push((format!("{name}.jpg"), picture(image::ImageFormat::Jpeg, 16)));
                } else {
                    files.push((format!("{name}.png"), picture(image::ImageFormat::Png, 16)));
                }
            }
        }
    }
    files
}

fn options() -> folder::Options {
    folder::Options { side: Some(12), ..folder::Options::new("folder/some") }
}

pub(crate) fn tar_of(files: &Files) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, name, bytes.as_slice()).expect("an entry");
    }
    archive.into_inner().expect("an archive")
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("compressed");
    encoder.finish().expect("compressed")
}

/// Corrects the checksums of all headers that are where they should be, so that what else they say is believed.
pub(crate) fn correct_checksums(archive: &mut [u8]) {
    let mut at = 0;
    while let Some(block) = archive.get_mut(at..at + 512) {
        let sum: u32 = block
            .iter()
            .enumerate()
            .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) })
            .sum();
        let header = sum > 8 * 32;
        if header {
            block[148..156].copy_from_slice(format!("{sum:07o}\0").as_bytes());
        }
        let size =
            std::str::from_utf8(&block[124..135]).ok().and_then(|text| usize::from_str_radix(text, 8).ok());
        at += 512 + size.filter(|_| header).unwrap_or(0).next_multiple_of(512).min(archive.len());
    }
}

fn load_archive(bytes: &[u8]) -> Result<secateur_data::TaskData, DataError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("some.tar");
    std::fs::write(&path, bytes).expect("written");
    read(bytes.len(), TIMES, || folder::load(&path, &options()))
}

/// Folders with packs: one with classes, one with boxes, one of files.
fn packs() -> &'static [PathBuf; 3] {
    static PACKS: OnceLock<[PathBuf; 3]> = OnceLock::new();
    PACKS.get_or_init(|| {
        // In the target folder, where it is made anew by the next run.
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("packs-{}", std::process::id()));
        let folders = [root.join("classes"), root.join("boxes"), root.join("files")];
        let classes = generated::generate_first("generated/relations", 5, 8, 3).expect("a task");
        pack::write_trainval(&folders[0], &classes).expect("written");
        let boxes = generated::generate_detection_first("generated/figures", 5, 32, 2).expect("a task");
        pack::write_detection_trainval(&folders[1], &boxes).expect("written");
        let pictures = root.join("pictures");
        write(&pictures, &sorted_files());
        let listing = folder::list(&pictures, &options()).expect("pictures");
        let framing = pack::Framing::usual(12, Interpolation::Bilinear);
        pack::write_files(&folders[2], &root.join("test"), &listing, &framing).expect("written");
        folders
    })
}

/// A copy of a pack in a folder that is removed.
fn copy_of(pack: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["train.safetensors", "task.json"] {
        std::fs::copy(pack.join(name), folder.path().join(name)).expect("copied");
    }
    folder
}

/// Everything that reads a pack, with one file of it changed.
fn read_pack(folder: &Path, file: &str, bytes: &[u8]) {
    let copy = copy_of(folder);
    let folder = copy.path();
    std::fs::write(folder.join(file), bytes).expect("written");
    // Numbers of one byte become numbers of eight, and names strings.
    let times = 64;
    let _ = read(bytes.len(), times, || pack::read_split(folder, Split::Train));
    let _ = read(bytes.len(), times, || pack::read_detection_split(folder, Split::Train));
    let _ = read(bytes.len(), times, || {
        let pack::Labelled::Files(files) = pack::read_labelled(folder, Split::Train)? else { return Ok(()) };
        let mut bytes = Vec::new();
        for picture in 0..files.labels().len() {
            // It is whole, or it is told that it is not.
            let _ = files.read(picture, &mut bytes);
        }
        Ok(())
    });
    let _ = read(bytes.len(), times, || pack::read_shape(folder, Split::Train));
    let _ = read(bytes.len(), times, || pack::read_any_info(folder));
    let _ = read(bytes.len(), times, || pack::read_info(folder));
    let _ = read(bytes.len(), times, || pack::read_detection_info(folder));
    let choose = |count: usize| vec![0, count.saturating_sub(1), count / 2];
    let _ = read(bytes.len(), times, || pack::read_detection_pictures(folder, Split::Train, choose));
}

fn descriptions() -> Vec<Vec<u8>> {
    packs().iter().map(|folder| std::fs::read(folder.join("task.json")).expect("readable")).collect()
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn changed_voc_annotations_end_in_a_task_or_an_error(which in 0_usize..9, edits in edits()) {
        let mut files = voc_files();
        files[which].1 = apply(&files[which].1, &edits);
        let _ = load_voc(&files);
    }

    #[test]
    fn changed_coco_annotations_end_in_a_task_or_an_error(which in 0_usize..4, edits in edits()) {
        let mut files = coco_files();
        files[which].1 = apply(&files[which].1, &edits);
        let _ = load_coco(&files);
    }

    #[test]
    fn changed_pictures_end_in_a_task_or_an_error(
        which in 0_usize..12, skip in any::<bool>(), edits in edits(), noise in noise(), noisy in 0_u8..10
    ) {
        let mut files = sorted_files();
        files[which].1 = if noisy == 0 { noise } else { apply(&files[which].1, &edits) };
        let folder = tempfile::tempdir().expect("a folder");
        let length = write(folder.path(), &files);
        let options = folder::Options { skip_broken: skip, ..options() };
        let _ = read(length, TIMES, || folder::load(folder.path(), &options));
    }

    #[test]
    fn changed_archives_end_in_a_task_or_an_error(
        edits in edits(), correct in any::<bool>(), compressed in any::<bool>(), outside in any::<bool>()
    ) {
        let mut bytes = tar_of(&sorted_files());
        if !outside {
            bytes = apply(&bytes, &edits);
        }
        if correct {
            correct_checksums(&mut bytes);
        }
        if compressed {
            bytes = gzip(&bytes);
        }
        if outside {
            bytes = apply(&bytes, &edits);
        }
        let _ = load_archive(&bytes);
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn changed_packs_end_in_a_split_or_an_error(
        which in 0..3_usize, header in any::<bool>(), edits in edits()
    ) {
        let folder = &packs()[which];
        let whole = std::fs::read(folder.join("train.safetensors")).expect("readable");
        let bytes = if header {
            let (header, data) = parts(&whole);
            with_header(&apply(&header, &edits), &data)
        } else {
            apply(&whole, &edits)
        };
        read_pack(folder, "train.safetensors", &bytes);
    }

    #[test]
    fn changed_descriptions_end_in_one_or_an_error(which in 0..3_usize, bytes in changed(descriptions())) {
        read_pack(&packs()[which], "task.json", &bytes);
    }
}

#[test]
fn the_files_that_are_changed_can_be_read() {
    load_voc(&voc_files()).expect("a task");
    load_coco(&coco_files()).expect("a task");
    let mut archive = tar_of(&sorted_files());
    let whole = archive.clone();
    correct_checksums(&mut archive);
    assert_eq!(archive, whole);
    load_archive(&archive).expect("a task");
    load_archive(&gzip(&archive)).expect("a task");
}

/// Shapes that hold nothing, of sizes that no number of pictures has.
#[test]
fn packs_of_impossible_shapes_are_errors() {
    let folders = packs();
    let header = |tensors: &str, content: &str, digest: &str| {
        let inner = format!(
            "{{\\\"format\\\":1,\\\"task\\\":\\\"t\\\",\\\"split\\\":\\\"train\\\",\\\"classes\\\":2,\\\"digest\\\":\\\"{digest}\\\"}}"
        );
        format!("{{\"__metadata__\":{{\"{content}\":\"{inner}\"}},{tensors}}}").into_bytes()
    };
    let empty = |name: &str, dtype: &str, shape: &str, at: usize| {
        format!("\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[{at},{at}]}}")
    };
    let huge = u64::MAX;
    for pixels in [format!("[{huge},0,1,1]"), format!("[0,{huge},{huge},1]"), format!("[{huge},{huge},1,0]")]
    {
        let tensors = [
            empty("pixels", "U8", &pixels, 0),
            empty("labels", "U16", "[0]", 0),
            empty("ends", "U64", &format!("[{huge},0]"), 0),
            empty("digests", "U8", &format!("[{huge},0]"), 0),
            empty("files", "U8", "[0]", 0),
            empty("offsets", "U64", "[0]", 0),
            empty("name_ends", "U64", "[0]", 0),
            empty("names", "U8", "[0]", 0),
            empty("sizes", "U32", &format!("[{huge},0]"), 0),
            empty("classes", "U16", "[0]", 0),
            empty("boxes", "F64", "[0,4]", 0),
            empty("areas", "F64", "[0]", 0),
            empty("difficult", "BOOL", "[0]", 0),
            empty("crowd", "BOOL", "[0]", 0),
        ]
        .join(",");
        for (folder, content) in folders.iter().zip(["secateur", "secateur-scenes", "secateur-files"]) {
            read_pack(folder, "train.safetensors", &with_header(&header(&tensors, content, ""), b""));
        }
    }
    // Tensors that end where 64 bits do.
    let near =
        format!("\"pixels\":{{\"dtype\":\"U8\",\"shape\":[1,1,1,{0}],\"data_offsets\":[0,{0}]}}", huge - 40);
    for (folder, content) in folders.iter().zip(["secateur", "secateur-scenes", "secateur-files"]) {
        read_pack(folder, "train.safetensors", &with_header(&header(&near, content, ""), &[0; 64]));
    }
}

#[test]
fn deep_nesting_is_an_error() {
    let mut files = voc_files();
    for depth in [2_000, 100_000] {
        files[0].1 = [b"<a>".repeat(depth), b"</a>".repeat(depth)].concat();
        load_voc(&files).expect_err("no annotation");
    }
    let mut files = coco_files();
    for open in ["[", "{\"a\":"] {
        files[0].1 = format!("{{\"images\":[],\"x\":{}", open.repeat(100_000)).into_bytes();
        load_coco(&files).expect_err("no annotations");
    }
}

/// XML's "billion laughs": entities of entities.
#[test]
fn entities_that_multiply_are_refused() {
    let mut text = "<!DOCTYPE a [<!ENTITY e0 \"ha\">".to_owned();
    for level in 1..20 {
        text.push_str(&format!("<!ENTITY e{level} \"{}\">", format!("&e{};", level - 1).repeat(10)));
    }
    text.push_str("]><annotation><size><width>&e19;</width></size></annotation>");
    let mut files = voc_files();
    files[0].1 = text.into_bytes();
    load_voc(&files).expect_err("refused");
    let long = "x".repeat(50_000);
    let text = format!(
        "<!DOCTYPE a [<!ENTITY e \"{long}\">]><annotation>{}</annotation>",
        "<a>&e;</a>".repeat(5_000)
    );
    files[0].1 = text.into_bytes();
    load_voc(&files).expect_err("refused");
}

/// A header that promises more than there is takes no memory for it.
#[test]
fn promises_of_sizes_are_not_believed() {
    let mut archive = tar_of(&vec![("train/bee/0.png".to_owned(), picture(image::ImageFormat::Png, 16))]);
    archive[124..136].copy_from_slice(format!("{:011o}\0", 250 << 20).as_bytes());
    correct_checksums(&mut archive);
    load_archive(&archive).expect_err("cut off");
    // A picture of one colour says that it is large, and is small. One that is only long becomes longer still before its middle
    // is cut out, so no more of it than that is made.
    for (width, height, well) in [(1, 60_000, true), (60_000, 1, true), (9_000, 9_000, false)] {
        let mut bytes = Cursor::new(Vec::new());
        let (small, plain) = (png::CompressionType::Best, png::FilterType::NoFilter);
        let encoder = png::PngEncoder::new_with_quality(&mut bytes, small, plain);
        let pixels = image::RgbImage::new(width, height);
        encoder.write_image(&pixels, width, height, image::ExtendedColorType::Rgb8).expect("a picture");
        drop(pixels);
        let mut files = sorted_files();
        files[0].1 = bytes.into_inner();
        let folder = tempfile::tempdir().expect("a folder");
        let length = write(folder.path(), &files);
        match read(length, TIMES, || folder::load(folder.path(), &options())) {
            Ok(_) => assert!(well, "{width}x{height}"),
            Err(error) => assert!(!well && error.to_string().contains("train/bee/0.png"), "{error}"),
        }
    }
}

/// Kilobytes that unpack to hundreds of megabytes.
#[test]
fn archives_that_swell_are_read_in_pieces() {
    let mut files = sorted_files();
    files.push(("train/README.txt".to_owned(), vec![0; 300 << 20]));
    let bytes = gzip(&tar_of(&files));
    drop(files);
    assert!(bytes.len() < 1 << 20);
    load_archive(&bytes).expect("a task");
    let mut files = voc_files();
    files.push(("Annotations/z.xml".to_owned(), vec![b' '; 200 << 20]));
    let bytes = gzip(&tar_of(&files));
    drop(files);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("some.tar.gz");
    std::fs::write(&path, &bytes).expect("written");
    let options = detection::Options { side: 8, ..detection::Options::voc("voc/some") };
    let error = read(0, 0, || voc::load(&path, &options, None)).expect_err("refused").to_string();
    assert!(error.contains("Annotations/z.xml"), "{error}");
}
