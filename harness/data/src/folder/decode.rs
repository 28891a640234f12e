//! From files to pixels.

use image::{DynamicImage, imageops::FilterType};
use rayon::prelude::*;

use crate::picture;

/// How many times its other side a picture may be long that is to be a square.
const LONGEST: u32 = 64;

/// A file that has been read but not decoded.
pub(super) struct File {
    pub(super) test: bool,
    pub(super) class: String,
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// A decoded picture: where it came from and where its pixels are.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) test: bool,
    pub(super) class: String,
    pub(super) file: String,
    pub(super) size: (u32, u32),
    pub(super) gray: bool,
    pub(super) resized: bool,
    /// Of the first pixel among those of its split.
    pub(super) offset: usize,
}

impl Item {
    /// Path inside the folder, with forward slashes.
    pub(super) fn path(&self) -> String {
        inner_path(self.test, &self.class, &self.file)
    }
}

/// A picture that could not be decoded.
#[derive(Clone, Debug)]
pub(super) struct Broken {
    pub(super) file: String,
    pub(super) problem: String,
}

/// Interleaved pixels of all pictures of a split, in the order in which they were read.
#[derive(Default)]
pub(super) struct Pixels {
    pub(super) train: Vec<u8>,
    pub(super) test: Vec<u8>,
}

/// Everything that was decoded so far.
pub(super) struct Decoded {
    side: Option<u32>,
    pub(super) items: Vec<Item>,
    pub(super) pixels: Pixels,
    pub(super) broken: Vec<Broken>,
    pub(super) other_files: usize,
}

impl Decoded {
    pub(super) fn new(side: Option<u32>) -> Self {
        Self { side, items: Vec::new(), pixels: Pixels::default(), broken: Vec::new(), other_files: 0 }
    }

    /// Decodes a batch on all threads and keeps the results in the order of the batch.
    pub(super) fn add(&mut self, batch: &[File]) {
        let side = self.side;
        let pictures: Vec<_> = batch.par_iter().map(|file| decode(&file.bytes, side)).collect();
        for (file, picture) in batch.iter().zip(pictures) {
            match picture {
                Ok(picture) => {
                    let pixels = if file.test { &mut self.pixels.test } else { &mut self.pixels.train };
                    self.items.push(Item {
                        test: file.test,
                        class: file.class.clone(),
                        file: file.name.clone(),
                        size: picture.size,
                        gray: picture.gray,
                        resized: picture.resized,
                        offset: pixels.len(),
                    });
                    pixels.extend_from_slice(&picture.pixels);
                }
                Err(problem) => {
                    self.broken
                        .push(Broken { file: inner_path(file.test, &file.class, &file.name), problem });
                }
            }
        }
    }
}

fn inner_path(test: bool, class: &str, file: &str) -> String {
    format!("{}/{class}/{file}", if test { "test" } else { "train" })
}

struct Picture {
    size: (u32, u32),
    pixels: Vec<u8>,
    gray: bool,
    resized: bool,
}

fn decode(bytes: &[u8], side: Option<u32>) -> Result<Picture, String> {
    let mut picture = picture::decode(bytes)?;
    let gray = !picture.color().has_color();
    let mut resized = false;
    if let Some(side) = side
        && (picture.width(), picture.height()) != (side, side)
    {
        // The whole picture is resized before its middle is cut out.
        let (long, short) = (picture.width().max(picture.height()), picture.width().min(picture.height()));
        if long > LONGEST.saturating_mul(short) {
            return Err(format!(
                "{}x{} pixels are no picture to cut a square out of: one side is more than {LONGEST} times the other",
                picture.width(),
                picture.height()
            ));
        }
        // Triangle widens its support when it shrinks, so fine detail is averaged and not aliased.
        picture =
            DynamicImage::ImageRgb8(picture.into_rgb8()).resize_to_fill(side, side, FilterType::Triangle);
        resized = true;
    }
    let picture = picture.into_rgb8();
    Ok(Picture { size: picture.dimensions(), pixels: picture.into_raw(), gray, resized })
}
