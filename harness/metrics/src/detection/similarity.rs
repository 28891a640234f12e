//! How alike a detection and a truth are. Matching knows nothing else of their shapes.

use super::{Detection, Truth};

/// How alike detections and truths are, whatever they are compared by: boxes, masks or keypoints.
///
/// Objects are named by their positions in the slices from which the [`Grouped`](super::Grouped) was made. Only pairs
/// of the same picture and class are asked for.
pub trait Similarity {
    /// Similarity of a detection with a truth, in `[0, 1]`.
    ///
    /// If `truth_is_region`, the truth is a region with many objects: a detection that covers one of them well covers
    /// little of the region, so that it has to be asked how much of the *detection* lies in it.
    fn similarity(&self, detection: usize, truth: usize, truth_is_region: bool) -> f64;

    /// Area of a detection in square pixels, which decides to which range of sizes it belongs if it matches nothing.
    fn detection_area(&self, detection: usize) -> f64;
}

/// Overlap of boxes: intersection over union; for regions, the fraction of the detection that lies inside.
#[derive(Clone, Copy, Debug)]
pub struct BoxOverlap<'a> {
    /// Truths, in the order in which they were grouped.
    pub truths: &'a [Truth],
    /// Detections, in the order in which they were grouped.
    pub detections: &'a [Detection],
}

impl Similarity for BoxOverlap<'_> {
    fn similarity(&self, detection: usize, truth: usize, truth_is_region: bool) -> f64 {
        let (detection, truth) = (&self.detections[detection].bbox, &self.truths[truth].bbox);
        if truth_is_region { detection.fraction_inside(truth) } else { detection.iou(truth) }
    }

    fn detection_area(&self, detection: usize) -> f64 {
        self.detections[detection].bbox.area()
    }
}
