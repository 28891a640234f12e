//! What is used of an annotation file. Everything else, segments above all, is passed over while reading.

use std::io::{BufReader, Read};

use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Dataset {
    pub(super) images: Vec<Image>,
    pub(super) annotations: Vec<Annotation>,
    pub(super) categories: Vec<Category>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Image {
    pub(super) id: u64,
    pub(super) file_name: String,
    pub(super) width: u32,
    pub(super) height: u32,
}

#[derive(Debug, Deserialize)]
pub(super) struct Annotation {
    pub(super) id: u64,
    pub(super) image_id: u64,
    pub(super) category_id: u64,
    /// Left, top, width, height.
    pub(super) bbox: [f64; 4],
    /// Of the segment, in square pixels.
    pub(super) area: Option<f64>,
    #[serde(default)]
    pub(super) iscrowd: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Category {
    pub(super) id: u64,
    pub(super) name: String,
}

/// Parses an annotation file without holding it in memory.
pub(super) fn parse(reader: &mut dyn Read) -> Result<Dataset, String> {
    serde_json::from_reader(BufReader::with_capacity(1 << 16, reader)).map_err(|error| error.to_string())
}
