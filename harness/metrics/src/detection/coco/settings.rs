//! What COCO's metric can be varied in.

use crate::detection::DetectionError;
use crate::detection::ranking::MAX_THRESHOLDS;

/// A range of object areas.
#[derive(Clone, Debug, PartialEq)]
pub struct AreaRange {
    /// Name as it stands in results.
    pub name: String,
    /// Smallest area, in square pixels; it belongs to the range.
    pub from: f64,
    /// Largest area, in square pixels; it belongs to the range, too.
    pub to: f64,
}

impl AreaRange {
    /// A range with a name, from one area to another, in square pixels.
    #[must_use]
    pub fn new(name: &str, from: f64, to: f64) -> Self {
        Self { name: name.to_owned(), from, to }
    }

    pub(super) fn contains(&self, area: f64) -> bool {
        (self.from..=self.to).contains(&area)
    }
}

/// Settings of COCO's metric. The default is COCO's own for boxes and masks.
#[derive(Clone, Debug, PartialEq)]
pub struct CocoSettings {
    /// Similarities from which on a detection finds a truth, rising: 0.5, 0.55, … 0.95.
    pub thresholds: Vec<f64>,
    /// How many detections of a class count in a picture, those with the highest scores, rising: 1, 10, 100. Average
    /// precision is that of the last.
    pub limits: Vec<usize>,
    /// Ranges of areas beside that of all: small, medium, large.
    pub areas: Vec<AreaRange>,
}

impl CocoSettings {
    /// Settings with other ranges of areas, for pictures of other sizes than COCO's.
    #[must_use]
    pub fn with_areas(areas: Vec<AreaRange>) -> Self {
        Self { areas, ..Self::default() }
    }

    pub(super) fn check(&self) -> Result<(), DetectionError> {
        let refuse = |text: String| Err(DetectionError::Settings(text));
        if self.thresholds.is_empty() || self.thresholds.len() > MAX_THRESHOLDS {
            return refuse(format!(
                "there are {} thresholds; give between 1 and {MAX_THRESHOLDS}",
                self.thresholds.len()
            ));
        }
        if let Some(threshold) =
            self.thresholds.iter().find(|threshold| !(0.0 < **threshold && **threshold <= 1.0))
        {
            return refuse(format!("the threshold {threshold} does not lie between 0 and 1"));
        }
        if self.thresholds.windows(2).any(|pair| pair[0] >= pair[1]) {
            return refuse(format!("the thresholds {:?} do not rise", self.thresholds));
        }
        if self.limits.is_empty() || self.limits.len() > usize::from(u8::MAX) {
            return refuse(format!(
                "there are {} limits of detections; give between 1 and {}",
                self.limits.len(),
                u8::MAX
            ));
        }
        if self.limits[0] == 0 || self.limits.windows(2).any(|pair| pair[0] >= pair[1]) {
            return refuse(format!("the limits of detections {:?} do not rise from 1 or more", self.limits));
        }
        if let Some(range) = self.areas.iter().find(|range| (range.from..=range.to).is_empty()) {
            return refuse(format!(
                "the range of areas `{}` from {} to {} is empty",
                range.name, range.from, range.to
            ));
        }
        Ok(())
    }
}

impl Default for CocoSettings {
    fn default() -> Self {
        Self {
            thresholds: evenly_spaced(0.5, 0.95, 10),
            limits: vec![1, 10, 100],
            areas: vec![
                AreaRange::new("small", 0.0, 32.0 * 32.0),
                AreaRange::new("medium", 32.0 * 32.0, 96.0 * 96.0),
                AreaRange::new("large", 96.0 * 96.0, LARGEST_AREA),
            ],
        }
    }
}

/// The area, in square pixels, beyond which COCO ignores objects.
pub const LARGEST_AREA: f64 = 1e5 * 1e5;

/// Numbers at equal distances, with the last bits that numpy's `linspace` gives them: an overlap or a recall can equal
/// a level exactly, and then these bits decide.
pub(super) fn evenly_spaced(first: f64, last: f64, count: usize) -> Vec<f64> {
    let step = (last - first) / (count - 1) as f64;
    (0..count).map(|index| if index + 1 == count { last } else { index as f64 * step + first }).collect()
}
