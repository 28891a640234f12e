//! Truths and detections, checked and sorted, so that those of a class and picture stand together.

use std::ops::Range;

use super::object::fits;
use super::{BoxOverlap, Detection, DetectionError, Extent, Truth};

/// Checked truths and detections, those of the same class and picture side by side. All metrics start from it.
#[derive(Clone, Debug)]
pub struct Grouped<'a> {
    extent: Extent,
    truths: &'a [Truth],
    detections: &'a [Detection],
    /// Positions in `truths` by class, picture, and position.
    truth_order: Vec<u32>,
    /// Positions in `detections` by class, picture, falling score, and position.
    detection_order: Vec<u32>,
    /// Where each class begins in `truth_order`, and the end.
    truth_starts: Vec<usize>,
    /// Where each class begins in `detection_order`, and the end.
    detection_starts: Vec<usize>,
}

/// The truths and detections of one class in one picture; at least one of either.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group<'g> {
    /// The picture.
    pub(super) image: u32,
    /// Positions of the truths, in the order in which they were handed in.
    pub(super) truths: &'g [u32],
    /// Positions of the detections by falling score; equal scores in the order in which they were handed in.
    pub(super) detections: &'g [u32],
}

impl<'a> Grouped<'a> {
    /// Checks and sorts truths and detections, whose order is free: it decides only between equal scores and between
    /// equal overlaps.
    ///
    /// # Errors
    ///
    /// An object of an unknown class or picture, a score, an area or an edge that is not finite, a box that is inside
    /// out, or a negative area. Boxes without width or height are fine; they overlap with nothing.
    pub fn new(
        extent: Extent,
        truths: &'a [Truth],
        detections: &'a [Detection],
    ) -> Result<Self, DetectionError> {
        extent.check()?;
        fits("truths", truths.len())?;
        fits("detections", detections.len())?;
        for (index, truth) in truths.iter().enumerate() {
            truth.check(index, extent)?;
        }
        for (index, detection) in detections.iter().enumerate() {
            detection.check(index, extent)?;
        }
        let mut truth_keys: Vec<(u64, u32)> =
            truths.iter().zip(0..).map(|(truth, index)| (place(truth.class, truth.image), index)).collect();
        truth_keys.sort_unstable();
        let mut detection_keys: Vec<(u64, u64, u32)> = detections
            .iter()
            .zip(0..)
            .map(|(detection, index)| {
                (place(detection.class, detection.image), falling(detection.score), index)
            })
            .collect();
        detection_keys.sort_unstable();
        Ok(Self {
            extent,
            truths,
            detections,
            truth_order: truth_keys.iter().map(|key| key.1).collect(),
            detection_order: detection_keys.iter().map(|key| key.2).collect(),
            truth_starts: starts(extent.classes, |place| truth_keys.partition_point(|key| key.0 < place)),
            detection_starts: starts(extent.classes, |place| {
                detection_keys.partition_point(|key| key.0 < place)
            }),
        })
    }

    /// How many pictures and classes there are.
    #[must_use]
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// The truths, as they were handed in.
    #[must_use]
    pub fn truths(&self) -> &'a [Truth] {
        self.truths
    }

    /// The detections, as they were handed in.
    #[must_use]
    pub fn detections(&self) -> &'a [Detection] {
        self.detections
    }

    /// The overlap of their boxes.
    #[must_use]
    pub fn box_overlap(&self) -> BoxOverlap<'a> {
        BoxOverlap { truths: self.truths, detections: self.detections }
    }

    /// The groups of a class, by picture.
    pub(super) fn groups(&self, class: usize) -> Groups<'_> {
        Groups {
            grouped: self,
            truths: self.truth_starts[class]..self.truth_starts[class + 1],
            detections: self.detection_starts[class]..self.detection_starts[class + 1],
        }
    }
}

/// Walks over the groups of a class, by picture.
pub(super) struct Groups<'g> {
    grouped: &'g Grouped<'g>,
    truths: Range<usize>,
    detections: Range<usize>,
}

impl<'g> Iterator for Groups<'g> {
    type Item = Group<'g>;

    fn next(&mut self) -> Option<Group<'g>> {
        let grouped = self.grouped;
        let truths = &grouped.truth_order[self.truths.clone()];
        let detections = &grouped.detection_order[self.detections.clone()];
        let truth_image = |position: &u32| grouped.truths[*position as usize].image;
        let detection_image = |position: &u32| grouped.detections[*position as usize].image;
        let image = match (truths.first().map(truth_image), detections.first().map(detection_image)) {
            (Some(truth), Some(detection)) => truth.min(detection),
            (Some(image), None) | (None, Some(image)) => image,
            (None, None) => return None,
        };
        let truth_count = truths.iter().take_while(|position| truth_image(position) == image).count();
        let detection_count =
            detections.iter().take_while(|position| detection_image(position) == image).count();
        self.truths.start += truth_count;
        self.detections.start += detection_count;
        Some(Group { image, truths: &truths[..truth_count], detections: &detections[..detection_count] })
    }
}

/// A number by which objects sort by class, then by picture.
fn place(class: u32, image: u32) -> u64 {
    u64::from(class) << 32 | u64::from(image)
}

/// Where each class begins, and where the last one ends, given how many objects stand before a place.
fn starts(classes: usize, before: impl Fn(u64) -> usize) -> Vec<usize> {
    (0..=classes as u64).map(|class| before(class << 32)).collect()
}

/// An integer that falls as a finite score rises, and is equal for equal scores.
pub(super) fn falling(score: f64) -> u64 {
    // The sum turns a negative zero into a positive one, since these two are equal scores with different bits.
    let bits = (score + 0.0).to_bits();
    let rising = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    !rising
}
