//! Archives and pictures made on the spot.

use std::io::{Cursor, Write as _};

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

/// A picture as a file.
///
/// # Panics
/// If the format cannot be written.
#[must_use]
pub fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("a picture");
    bytes.into_inner()
}

/// A picture of one colour.
#[must_use]
pub fn flat(colour: [u8; 3], width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, Rgb(colour)))
}

/// Files as a `.tar`, each path behind `prefix`.
///
/// # Panics
/// If a path cannot stand in one.
#[must_use]
pub fn tar_of(files: &[(String, Vec<u8>)], prefix: &str) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, format!("{prefix}{name}"), bytes.as_slice()).expect("an entry");
    }
    archive.into_inner().expect("an archive")
}

/// Bytes compressed as `.gz`.
///
/// # Panics
/// Never: memory takes what is written.
#[must_use]
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).expect("compressed");
    writer.finish().expect("compressed")
}

/// Files as a `.zip`.
///
/// # Panics
/// If a path cannot stand in one.
#[must_use]
pub fn zip_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in files {
        writer.start_file(name.as_str(), options).expect("an entry");
        writer.write_all(bytes).expect("an entry");
    }
    writer.finish().expect("an archive").into_inner()
}

/// Files as the archive that is called so. Caltech-101's is an archive in another one.
pub(super) fn archive(name: &str, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    match name {
        "caltech-101.zip" => {
            let inner = vec![
                ("caltech-101/101_ObjectCategories.tar.gz".to_owned(), gzip(&tar_of(files, ""))),
                // What macOS has added to the official archive.
                ("__MACOSX/caltech-101/._101_ObjectCategories.tar.gz".to_owned(), vec![0, 5, 22, 7]),
                ("caltech-101/show_annotation.m".to_owned(), b"function show_annotation\n".to_vec()),
            ];
            zip_of(&inner)
        }
        name if name.ends_with(".zip") => zip_of(files),
        name if name.ends_with(".tar") => tar_of(files, ""),
        _ => gzip(&tar_of(files, "")),
    }
}
