//! Test pictures with what detectors found in them.
//!
//! Numbers say how much is lost, pictures say what. A [`Gallery`] has a few pictures of a test split, the same for all
//! tracks, with what the dense control and every method at its smallest keep detects in them (replicate 0). `load`
//! reads one from a store, [`judge`] tells hits from misses and false alarms, the page draws it.

mod judge;
mod load;
mod picture;
mod predictions;

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::row::Control;

pub(crate) use judge::{Verdict, judge};
pub(crate) use load::load;
pub(crate) use picture::{base64, png as picture_png};

/// Detections with a lower score are not drawn.
pub(crate) const DRAWN_FROM: f64 = 0.4;
/// Pictures of a gallery.
const PICTURES: usize = 6;
/// Detections of a picture that are kept, those with the highest scores: as many as COCO's rules look at.
pub(crate) const MOST_DETECTIONS: usize = 100;

/// Pictures of one detection task, with what was found in them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gallery {
    /// Suite name.
    pub suite: String,
    /// `direct`, `upstream` or `transfer`.
    pub protocol: String,
    /// `linear`, `full` or `none`.
    pub regime: String,
    /// Task identifier.
    pub task: String,
    /// Names of the classes, in label order.
    pub classes: Vec<String>,
    /// Pictures in the test split.
    pub test_pictures: usize,
    /// The pictures that are shown, evenly spaced over the split.
    pub pictures: Vec<GalleryPicture>,
    /// What was found in them, track by track.
    pub tracks: Vec<GalleryTrack>,
    /// Why there are no pictures, if there are none.
    pub problem: Option<String>,
}

/// A picture with the objects in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GalleryPicture {
    /// Number in the test split, from 0.
    pub index: usize,
    /// Its name in the data set.
    pub name: String,
    /// Width of the original in pixels.
    pub width: u32,
    /// Height of the original in pixels.
    pub height: u32,
    /// What the network saw, as a PNG in base64; it is stretched to the original's proportions when shown.
    pub png: String,
    /// The objects in it.
    pub truths: Vec<GalleryTruth>,
}

/// An object that is in a picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GalleryTruth {
    /// Class, an index into the gallery's.
    pub class: usize,
    /// Left, top, right and bottom edge in pixels of the original.
    pub corners: [f64; 4],
    /// Marked as difficult by the data set: it need not be found.
    pub difficult: bool,
    /// A box around a crowd of objects, which takes any number of detections.
    pub crowd: bool,
}

/// What networks of one track found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GalleryTrack {
    /// Track name.
    pub track: String,
    /// The dense control, then the methods in the suite's order.
    pub columns: Vec<GalleryColumn>,
}

/// What one network found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GalleryColumn {
    /// Method label.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Fraction that remains; 1 for the dense control.
    pub keep: f64,
    /// Detections of each picture of the gallery with a score of 0.4 or more, by falling score.
    pub detections: Vec<Vec<GalleryDetection>>,
    /// Why there are none, if there are none.
    pub problem: Option<String>,
}

/// An object that a network claims to see.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GalleryDetection {
    /// Class, an index into the gallery's.
    pub class: usize,
    /// How sure the network is, in `[0, 1]`.
    pub score: f64,
    /// Left, top, right and bottom edge in pixels of the original.
    pub corners: [f64; 4],
}

/// Galleries in a report: by suite, then as boards are.
pub(crate) fn reading_order(a: &Gallery, b: &Gallery) -> Ordering {
    let key = |it: &Gallery| [&it.suite, &it.protocol, &it.regime, &it.task].map(String::clone);
    key(a).cmp(&key(b))
}

/// Numbers of at most [`PICTURES`] pictures, evenly spaced from the first to the last of `total`.
fn spread(total: usize) -> Vec<usize> {
    let count = total.min(PICTURES);
    (0..count).map(|place| place * (total - 1) / (count - 1).max(1)).collect()
}

#[cfg(test)]
mod tests;
