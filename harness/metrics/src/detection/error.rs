//! What can be wrong with truths, detections, settings and weights.

use std::fmt;

use super::BoundingBox;

/// Why a metric of detection cannot be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DetectionError {
    /// An object of a class that the task does not have.
    #[error("{item} is of class {class}, but the task has {classes} classes, counted from 0")]
    UnknownClass {
        /// The object.
        item: Item,
        /// Its class.
        class: u32,
        /// Number of classes.
        classes: usize,
    },
    /// An object in a picture that is not part of the evaluation.
    #[error(
        "{item} is in picture {image}, but {images} pictures are evaluated, counted from 0; give the pictures' positions in the split, not their names or COCO identifiers"
    )]
    UnknownImage {
        /// The object.
        item: Item,
        /// Its picture.
        image: u32,
        /// Number of pictures.
        images: usize,
    },
    /// A score, an area or an edge that is not a finite number.
    #[error("the {field} of {item} is {value} instead of a finite number; has the network diverged?")]
    NotFinite {
        /// The object.
        item: Item,
        /// What is not finite.
        field: &'static str,
        /// What it is.
        value: f64,
    },
    /// A box whose right edge lies left of its left one, or whose lower edge lies above its upper one.
    #[error(
        "the box of {item} is inside out: x from {} to {}, y from {} to {}; boxes are [x1, y1, x2, y2], not [x, y, width, height]",
        bbox.x1, bbox.x2, bbox.y1, bbox.y2
    )]
    InsideOut {
        /// The object.
        item: Item,
        /// Its box.
        bbox: BoundingBox,
    },
    /// An area below zero.
    #[error("the area of {item} is {area} square pixels; it cannot be negative")]
    NegativeArea {
        /// The object.
        item: Item,
        /// Its area.
        area: f64,
    },
    /// More objects, pictures or classes than can be counted with 32 bits.
    #[error("there are {count} {what}; evaluate at most {most} at once", most = u32::MAX)]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many there are.
        count: usize,
    },
    /// Not one weight per picture.
    #[error("there are {weights} weights for {images} pictures; give one for each")]
    WeightCount {
        /// Number of weights.
        weights: usize,
        /// Number of pictures.
        images: usize,
    },
    /// Settings that make no metric.
    #[error("the settings of the metric cannot be used: {0}")]
    Settings(String),
}

/// A truth or a detection, by its position in what was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// An annotated object.
    Truth(usize),
    /// A detected object.
    Detection(usize),
}

impl fmt::Display for Item {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truth(index) => write!(formatter, "truth {index} (counted from 0)"),
            Self::Detection(index) => write!(formatter, "detection {index} (counted from 0)"),
        }
    }
}
