//! Boxes and how they overlap.

use serde::{Deserialize, Serialize};

/// An axis-parallel box in pixels of the original picture, as JSON `[x1, y1, x2, y2]`.
///
/// Coordinates are continuous and 0-based: the first pixel of a row reaches from 0 to 1, and a box covers
/// `x1 <= x < x2`, so that its width is `x2 - x1`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 4]", into = "[f64; 4]")]
pub struct BoundingBox {
    /// Left edge, in pixels.
    pub x1: f64,
    /// Upper edge, in pixels.
    pub y1: f64,
    /// Right edge, in pixels.
    pub x2: f64,
    /// Lower edge, in pixels.
    pub y2: f64,
}

impl BoundingBox {
    /// A box from its edges, in pixels.
    #[must_use]
    pub const fn new(x1: f64, y1: f64, x2: f64, y2: f64) -> Self {
        Self { x1, y1, x2, y2 }
    }

    /// A box from an annotation of VOC, whose pixels are counted from 1 and whose `xmax` and `ymax` belong to the box.
    ///
    /// The plain overlap of such boxes is what the devkit computes with its `+ 1` for each side.
    #[must_use]
    pub fn from_voc(xmin: f64, ymin: f64, xmax: f64, ymax: f64) -> Self {
        Self::new(xmin - 1.0, ymin - 1.0, xmax, ymax)
    }

    /// A box from an annotation of COCO: its left upper corner, its width, and its height.
    #[must_use]
    pub fn from_coco(x: f64, y: f64, width: f64, height: f64) -> Self {
        Self::new(x, y, x + width, y + height)
    }

    /// Area in square pixels.
    #[must_use]
    pub fn area(&self) -> f64 {
        (self.x2 - self.x1) * (self.y2 - self.y1)
    }

    /// Area of what is covered by both, in square pixels.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> f64 {
        let width = self.x2.min(other.x2) - self.x1.max(other.x1);
        let height = self.y2.min(other.y2) - self.y1.max(other.y1);
        if width > 0.0 && height > 0.0 { width * height } else { 0.0 }
    }

    /// Intersection over union, in `[0, 1]`; 0 with a box that has no area.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f64 {
        let intersection = self.intersection(other);
        if intersection > 0.0 { intersection / (self.area() + other.area() - intersection) } else { 0.0 }
    }

    /// The fraction of this box, in `[0, 1]`, that lies in `region`; 0 if this box has no area.
    #[must_use]
    pub fn fraction_inside(&self, region: &Self) -> f64 {
        let intersection = self.intersection(region);
        if intersection > 0.0 { intersection / self.area() } else { 0.0 }
    }
}

impl From<[f64; 4]> for BoundingBox {
    fn from([x1, y1, x2, y2]: [f64; 4]) -> Self {
        Self { x1, y1, x2, y2 }
    }
}

impl From<BoundingBox> for [f64; 4] {
    fn from(value: BoundingBox) -> Self {
        [value.x1, value.y1, value.x2, value.y2]
    }
}
