//! What is compared: annotated and detected objects.

use serde::{Deserialize, Serialize};

use super::{BoundingBox, DetectionError, Item};

/// An annotated object.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Position of its picture in the split, counted from 0.
    pub image: u32,
    /// Its class, counted from 0. There is no class for background.
    pub class: u32,
    /// Its box, in pixels of the original picture.
    pub bbox: BoundingBox,
    /// Its area in square pixels, which decides to which range of sizes it belongs. COCO takes the area of the
    /// object's outline, which is smaller than that of its box.
    pub area: f64,
    /// VOC's mark of an object that need not be found. COCO's rules know no such mark and do not look at it.
    pub difficult: bool,
    /// COCO's mark of a region with many objects. VOC's rules know no such mark; they take it for `difficult`.
    pub crowd: bool,
}

/// A detected object.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Position of its picture in the split, counted from 0.
    pub image: u32,
    /// Its class, counted from 0. There is no class for background.
    pub class: u32,
    /// How sure the detector is: any finite number, higher is surer.
    pub score: f64,
    /// Its box, in pixels of the original picture.
    pub bbox: BoundingBox,
}

/// How many pictures and classes there are, with or without objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Number of pictures.
    pub images: usize,
    /// Number of classes.
    pub classes: usize,
}

impl Extent {
    pub(super) fn check(&self) -> Result<(), DetectionError> {
        fits("pictures", self.images)?;
        fits("classes", self.classes)
    }

    fn contains(&self, item: Item, image: u32, class: u32) -> Result<(), DetectionError> {
        if image as usize >= self.images {
            return Err(DetectionError::UnknownImage { item, image, images: self.images });
        }
        if class as usize >= self.classes {
            return Err(DetectionError::UnknownClass { item, class, classes: self.classes });
        }
        Ok(())
    }
}

/// Refuses what cannot be counted with 32 bits.
pub(super) fn fits(what: &'static str, count: usize) -> Result<(), DetectionError> {
    if u32::try_from(count).is_ok() { Ok(()) } else { Err(DetectionError::TooMany { what, count }) }
}

impl Truth {
    pub(super) fn check(&self, index: usize, extent: Extent) -> Result<(), DetectionError> {
        let item = Item::Truth(index);
        extent.contains(item, self.image, self.class)?;
        check_box(item, self.bbox)?;
        check_finite(item, "area", self.area)?;
        if self.area < 0.0 {
            return Err(DetectionError::NegativeArea { item, area: self.area });
        }
        Ok(())
    }
}

impl Detection {
    pub(super) fn check(&self, index: usize, extent: Extent) -> Result<(), DetectionError> {
        let item = Item::Detection(index);
        extent.contains(item, self.image, self.class)?;
        check_box(item, self.bbox)?;
        check_finite(item, "score", self.score)
    }
}

fn check_box(item: Item, bbox: BoundingBox) -> Result<(), DetectionError> {
    check_finite(item, "left edge", bbox.x1)?;
    check_finite(item, "upper edge", bbox.y1)?;
    check_finite(item, "right edge", bbox.x2)?;
    check_finite(item, "lower edge", bbox.y2)?;
    if bbox.x2 < bbox.x1 || bbox.y2 < bbox.y1 {
        return Err(DetectionError::InsideOut { item, bbox });
    }
    // Edges can be finite and yet too far apart for the area to be.
    check_finite(item, "box's area", bbox.area())
}

fn check_finite(item: Item, field: &'static str, value: f64) -> Result<(), DetectionError> {
    if value.is_finite() { Ok(()) } else { Err(DetectionError::NotFinite { item, field, value }) }
}
