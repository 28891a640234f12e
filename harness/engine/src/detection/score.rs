//! The task's own metric of detections, on a split and on resampled ones.

use secateur_data::detection::DetectionMetric;
use secateur_metrics::detection::{
    BoundingBox, CocoMatches, CocoSettings, Detection, DetectionError, Extent, Grouped, VocInterpolation,
    VocMatches,
};

use crate::detection::{Detections, SceneSet};
use crate::error::{Error, Result};
use crate::examples::Examples;
use crate::random::{Streams, uniform};

/// Overlap at which VOC counts an object as found.
pub const VOC_OVERLAP: f64 = 0.5;

impl Detections {
    /// The detections as metrics read them.
    #[must_use]
    pub fn list(&self) -> Vec<Detection> {
        let mut list = Vec::with_capacity(self.classes.len());
        for picture in 0..self.pictures() {
            for index in self.offsets[picture]..self.offsets[picture + 1] {
                let [x1, y1, x2, y2] = self.boxes[index].map(f64::from);
                list.push(Detection {
                    image: picture as u32,
                    class: self.classes[index],
                    score: f64::from(self.scores[index]),
                    bbox: BoundingBox::new(x1, y1, x2, y2),
                });
            }
        }
        list
    }
}

/// Detections matched with a split's objects by the rules of the task's metric.
enum Matches {
    Voc(Box<VocMatches>, VocInterpolation),
    Coco(Box<CocoMatches>),
}

impl Matches {
    fn new(set: &SceneSet, found: &Detections) -> Result<Self> {
        let extent = Extent { images: set.len(), classes: set.info().classes.len() };
        let list = found.list();
        let grouped = Grouped::new(extent, set.truths(), &list).map_err(unfit)?;
        let voc = |interpolation| -> Result<Self> {
            let matches = VocMatches::new(&grouped, VOC_OVERLAP).map_err(unfit)?;
            Ok(Self::Voc(Box::new(matches), interpolation))
        };
        match set.info().metric {
            DetectionMetric::Voc07Ap50 => voc(VocInterpolation::ElevenPoints),
            DetectionMetric::VocAp50 => voc(VocInterpolation::AllPoints),
            DetectionMetric::CocoAp => {
                let matches = CocoMatches::new(&grouped, CocoSettings::default()).map_err(unfit)?;
                Ok(Self::Coco(Box::new(matches)))
            }
        }
    }

    /// The metric if each picture counts as often as its weight says; `None` if there is no object to find.
    fn value(&self, weights: Option<&[u32]>) -> Result<Option<f64>> {
        Ok(match self {
            Self::Voc(matches, interpolation) => {
                matches.accumulate(*interpolation, weights).map_err(unfit)?.map
            }
            Self::Coco(matches) => matches.accumulate(weights).map_err(unfit)?.scores().ap,
        })
    }
}

fn unfit(error: DetectionError) -> Error {
    Error::Data(error.to_string())
}

/// The task's own metric of detections in a split.
///
/// # Errors
/// Fails if there is no object to find.
pub fn metric(set: &SceneSet, found: &Detections) -> Result<f64> {
    let value = Matches::new(set, found)?.value(None)?;
    value.ok_or_else(|| Error::Data(format!("task {}: there is no object to find", set.info().id)))
}

/// The task's own metric on `count` splits of pictures that are drawn from the split with replacement, each as large as
/// it; not a number where such a split has no object to find.
///
/// The draws depend on the number of pictures and on nothing else, so that values of the same draw are paired between
/// networks (bootstrap over pictures).
///
/// # Errors
/// Fails if the detections are not of this split.
pub fn resampled(set: &SceneSet, found: &Detections, count: u64) -> Result<Vec<f64>> {
    let matches = Matches::new(set, found)?;
    let streams = Streams::new(0);
    let value = |draw| {
        let mut rng = streams.rng("bootstrap over pictures", draw);
        let mut weights = vec![0; set.len()];
        for _ in 0..set.len() {
            weights[uniform(&mut rng, set.len() as u64) as usize] += 1;
        }
        Ok(matches.value(Some(&weights))?.unwrap_or(f64::NAN))
    };
    (0..count).map(value).collect()
}
