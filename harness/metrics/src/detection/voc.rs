//! Average precision as the devkits of PASCAL VOC define it.

use serde::{Deserialize, Serialize};

use super::curve::{AllPoints, Levels};
use super::ranking::{Ranking, RankingBuilder, Verdict};
use super::{DetectionError, Grouped, Similarity};

/// How the area under a precision-recall curve is read off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VocInterpolation {
    /// The mean of the best precisions at recall 0, 0.1, … 1, as in VOC 2007.
    ///
    /// Levels are compared as fractions: three truths of ten are a recall of 0.3. In the devkit's floating point they
    /// are not, since there three times 0.1 is a little more than 0.3.
    ElevenPoints,
    /// The area under the curve itself, as in VOC 2010 and later.
    AllPoints,
}

/// VOC's scores. Fractions in `[0, 1]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VocScores {
    /// Mean average precision: the mean over classes that occur; `None` if none does.
    pub map: Option<f64>,
    /// Average precision of each class; `None` if the class has no truth that is not difficult.
    pub classes: Vec<Option<f64>>,
}

/// Detections that were matched with truths by VOC's rules: all that the metric needs, for any weights of pictures.
///
/// The rules are those of the devkit's `VOCevaldet`. Detections of a class take their turns by falling score. Each is
/// compared with the one truth of its picture that it overlaps most, *whether that was found before or not*; COCO's
/// rules look among those that are free. If the overlap reaches the threshold, the first detection of a truth is a hit
/// and every further one a false positive. If the truth is difficult, the detection counts for nothing; COCO's rules
/// let an ignored truth be taken only if no other will do. All else is a false positive. Every detection counts,
/// however many there are in a picture.
///
/// Detections with equal scores take their turns by picture, then in the order in which they were handed in.
#[derive(Clone, Debug)]
pub struct VocMatches {
    images: usize,
    ranking: Ranking,
}

impl VocMatches {
    /// Matches boxes that overlap by at least `threshold`, which is 0.5 in VOC.
    ///
    /// # Errors
    ///
    /// The threshold does not lie between 0 and 1.
    pub fn new(grouped: &Grouped<'_>, threshold: f64) -> Result<Self, DetectionError> {
        Self::with_similarity(grouped, threshold, &grouped.box_overlap())
    }

    /// Matches by any similarity.
    ///
    /// # Errors
    ///
    /// The threshold does not lie between 0 and 1.
    pub fn with_similarity(
        grouped: &Grouped<'_>,
        threshold: f64,
        similarity: &impl Similarity,
    ) -> Result<Self, DetectionError> {
        if !(0.0 < threshold && threshold <= 1.0) {
            return Err(DetectionError::Settings(format!(
                "the threshold {threshold} does not lie between 0 and 1"
            )));
        }
        let extent = grouped.extent();
        let mut builder = RankingBuilder::new(1, 1, 1, grouped.detections().len());
        let mut found = Vec::new();
        for class in 0..extent.classes {
            for group in grouped.groups(class) {
                let difficult = |truth: usize| {
                    let truth = &grouped.truths()[group.truths[truth] as usize];
                    truth.difficult || truth.crowd
                };
                let wanted = (0..group.truths.len()).filter(|truth| !difficult(*truth)).count();
                builder.want(group.image, &[wanted as u32]);
                found.clear();
                found.resize(group.truths.len(), false);
                for detection in group.detections {
                    let detection = *detection as usize;
                    let mut most = (0.0, None);
                    for (position, truth) in group.truths.iter().enumerate() {
                        let overlap = similarity.similarity(detection, *truth as usize, false);
                        // Of equal overlaps the first counts.
                        if overlap > most.0 {
                            most = (overlap, Some(position));
                        }
                    }
                    let verdict = match most {
                        (overlap, Some(truth)) if overlap >= threshold => {
                            if difficult(truth) {
                                Verdict { ignored: 1, ..Verdict::default() }
                            } else {
                                let first = !std::mem::replace(&mut found[truth], true);
                                Verdict { hit: u16::from(first), ..Verdict::default() }
                            }
                        }
                        _ => Verdict::default(),
                    };
                    builder.push(group.image, 0, grouped.detections()[detection].score, &[verdict]);
                }
            }
            builder.end_class();
        }
        Ok(Self { images: extent.images, ranking: builder.finish() })
    }

    /// Average precision, each picture counted as often as `weights` says, or once.
    ///
    /// The result is that of a split in which each picture stands as often, its copies side by side.
    ///
    /// # Errors
    ///
    /// There is not one weight per picture.
    pub fn accumulate(
        &self,
        interpolation: VocInterpolation,
        weights: Option<&[u32]>,
    ) -> Result<VocScores, DetectionError> {
        let curves = match interpolation {
            VocInterpolation::ElevenPoints => {
                let tenths = |hits: u64, wanted: u64| (10 * hits / wanted) as usize + 1;
                self.ranking.curves(self.images, &Levels { count: 11, reached: tenths }, weights)?
            }
            VocInterpolation::AllPoints => self.ranking.curves(self.images, &AllPoints, weights)?,
        };
        let classes: Vec<Option<f64>> = (0..self.ranking.classes())
            .map(|class| curves.precision(class, 0).map(|precisions| precisions[0]))
            .collect();
        let (sum, count) =
            classes.iter().flatten().fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
        Ok(VocScores { map: (count > 0).then(|| sum / f64::from(count)), classes })
    }
}
