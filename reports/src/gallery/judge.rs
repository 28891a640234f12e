//! Hits, misses and false alarms.

use secateur_metrics::detection::BoundingBox;

use super::{GalleryDetection, GalleryTruth};

/// From this overlap on, a detection finds an object.
const OVERLAP: f64 = 0.5;

/// What becomes of a detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It finds an object that no surer detection has found.
    Hit,
    /// It finds an object that need not be found, or one of a crowd; it does not count.
    Excused,
    /// It finds nothing, or an object that is found already.
    FalseAlarm,
}

/// What became of the detections and objects of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// One for each detection.
    pub(crate) verdicts: Vec<Verdict>,
    /// Whether each object is found. Difficult ones and crowds never are.
    pub(crate) found: Vec<bool>,
}

impl Judgement {
    /// Detections with this verdict.
    pub(crate) fn count(&self, verdict: Verdict) -> usize {
        self.verdicts.iter().filter(|it| **it == verdict).count()
    }
}

impl GalleryTruth {
    /// Whether it is to be found.
    pub(crate) fn counts(&self) -> bool {
        !self.difficult && !self.crowd
    }
}

/// Matches detections, by falling score, to objects of their class: each takes the free object that it overlaps most,
/// if by half at least. This is COCO's matching at an overlap of 0.5, with VOC's difficult objects left out. The
/// order of `detections` counts only among equal scores.
pub(crate) fn judge(truths: &[GalleryTruth], detections: &[GalleryDetection]) -> Judgement {
    let mut order: Vec<usize> = (0..detections.len()).collect();
    order.sort_by(|a, b| detections[*b].score.total_cmp(&detections[*a].score));
    let mut judgement =
        Judgement { verdicts: vec![Verdict::FalseAlarm; detections.len()], found: vec![false; truths.len()] };
    for index in order {
        let detection = &detections[index];
        let own: BoundingBox = detection.corners.into();
        let of_class = || truths.iter().enumerate().filter(|(_, truth)| truth.class == detection.class);
        let best = of_class()
            .filter(|(place, truth)| truth.counts() && !judgement.found[*place])
            .map(|(place, truth)| (place, own.iou(&truth.corners.into())))
            .filter(|(_, overlap)| *overlap >= OVERLAP)
            // The first of equal ones.
            .reduce(|best, other| if other.1 > best.1 { other } else { best });
        if let Some((place, _)) = best {
            judgement.found[place] = true;
            judgement.verdicts[index] = Verdict::Hit;
        } else if of_class().any(|(_, truth)| excuses(truth, &own)) {
            judgement.verdicts[index] = Verdict::Excused;
        }
    }
    judgement
}

/// Of a crowd only the part of the detection that is in it can be asked for, as COCO does.
fn excuses(truth: &GalleryTruth, detection: &BoundingBox) -> bool {
    let region: BoundingBox = truth.corners.into();
    if truth.crowd {
        return detection.fraction_inside(&region) >= OVERLAP;
    }
    truth.difficult && detection.iou(&region) >= OVERLAP
}
