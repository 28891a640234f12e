//! Average precision and recall as COCO defines them; the numbers are those of pycocotools.
//!
//! Two things differ, by design. What cannot be computed is `None` instead of -1. And precision is hits over counted
//! detections, where pycocotools adds 2^-52 to the denominator: a perfect detector scores 1 here, and a little less
//! there. Coordinates are the edges of boxes, so that the area of a box can differ in its last bits from the product
//! of a width and a height as they stand in a file of COCO.

mod matches;
mod settings;
mod table;

pub use matches::CocoMatches;
pub use settings::{AreaRange, CocoSettings, LARGEST_AREA};
pub use table::{AreaScores, ClassScores, CocoScores, CocoTable, LimitScores};
