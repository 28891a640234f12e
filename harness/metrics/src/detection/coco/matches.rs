//! Matching as COCO does it.

use super::settings::{AreaRange, LARGEST_AREA, evenly_spaced};
use super::{CocoSettings, CocoTable};
use crate::detection::curve::Levels;
use crate::detection::grouped::Group;
use crate::detection::ranking::{Ranking, RankingBuilder, Verdict};
use crate::detection::{DetectionError, Grouped, Similarity};

/// Detections that were matched with truths by COCO's rules: all that the metric needs, for any weights of pictures.
///
/// The rules are those of `pycocotools.cocoeval`. Detections of a class and picture take their turns by falling score,
/// those beyond the last limit not at all, for each threshold and range of areas anew. Each takes the truth that it
/// is most similar to among those that are free. Truths outside of the range and crowds are ignored: they are taken
/// only if no other truth will do, a crowd by any number of detections, and a detection that took one counts for
/// nothing. Neither does one that took nothing and is itself outside of the range.
#[derive(Clone, Debug)]
pub struct CocoMatches {
    settings: CocoSettings,
    images: usize,
    ranking: Ranking,
    /// Levels of recall at which precision is read off.
    levels: Vec<f64>,
}

impl CocoMatches {
    /// Matches boxes.
    ///
    /// # Errors
    ///
    /// The settings make no metric.
    pub fn new(grouped: &Grouped<'_>, settings: CocoSettings) -> Result<Self, DetectionError> {
        Self::with_similarity(grouped, settings, &grouped.box_overlap())
    }

    /// Matches by any similarity.
    ///
    /// # Errors
    ///
    /// The settings make no metric.
    pub fn with_similarity(
        grouped: &Grouped<'_>,
        settings: CocoSettings,
        similarity: &impl Similarity,
    ) -> Result<Self, DetectionError> {
        settings.check()?;
        let extent = grouped.extent();
        let mut matcher = Matcher::new(grouped, &settings, similarity);
        let mut builder = RankingBuilder::new(
            matcher.ranges.len(),
            settings.thresholds.len(),
            settings.limits.len(),
            grouped.detections().len(),
        );
        for class in 0..extent.classes {
            for group in grouped.groups(class) {
                matcher.match_group(&group, &mut builder);
            }
            builder.end_class();
        }
        let ranking = builder.finish();
        Ok(Self { images: extent.images, ranking, levels: evenly_spaced(0.0, 1.0, 101), settings })
    }

    /// Average precision and recall, each picture counted as often as `weights` says, or once.
    ///
    /// The result is that of a split in which each picture stands as often, its copies side by side. To resample
    /// pictures, match once and call this with how often each was drawn.
    ///
    /// # Errors
    ///
    /// There is not one weight per picture.
    pub fn accumulate(&self, weights: Option<&[u32]>) -> Result<CocoTable<'_>, DetectionError> {
        let levels = Levels { count: self.levels.len(), reached: |hits, wanted| self.reached(hits, wanted) };
        let curves = self.ranking.curves(self.images, &levels, weights)?;
        Ok(CocoTable::new(&self.settings, self.ranking.classes(), curves))
    }

    /// How many levels of recall are reached.
    fn reached(&self, hits: u64, wanted: u64) -> usize {
        let recall = hits as f64 / wanted as f64;
        // Rounding can move a level by less than one place, so that this is never too few.
        let mut reached = ((recall * (self.levels.len() - 1) as f64) as usize + 2).min(self.levels.len());
        while reached > 0 && self.levels[reached - 1] > recall {
            reached -= 1;
        }
        reached
    }
}

/// Matches group after group, in buffers that are used again.
struct Matcher<'m, S> {
    grouped: &'m Grouped<'m>,
    similarity: &'m S,
    /// The range of all areas, then those of the settings.
    ranges: Vec<AreaRange>,
    limits: &'m [usize],
    /// Least similarity for a match, at each threshold.
    bars: Vec<f64>,
    /// Bits of all thresholds.
    all: u16,
    /// `[detection][truth]` of the group.
    matrix: Vec<f64>,
    detections: Vec<Turn>,
    truths: Vec<Candidate>,
    /// `[detection][range]` of the group.
    verdicts: Vec<Verdict>,
    wanted: Vec<u32>,
    /// Truths of the group: those that are wanted in a range, then those that are ignored.
    order: Vec<usize>,
}

/// What matching needs to know of a detection of the group.
struct Turn {
    area: f64,
    /// Its highest similarity.
    highest: f64,
}

/// What matching needs to know of a truth of the group.
struct Candidate {
    area: f64,
    crowd: bool,
    /// Thresholds at which a detection took it.
    taken: u16,
}

impl<'m, S: Similarity> Matcher<'m, S> {
    fn new(grouped: &'m Grouped<'m>, settings: &'m CocoSettings, similarity: &'m S) -> Self {
        let mut ranges = vec![AreaRange::new("all", 0.0, LARGEST_AREA)];
        ranges.extend_from_slice(&settings.areas);
        Self {
            grouped,
            similarity,
            limits: &settings.limits,
            // At a threshold of 1, boxes that are equal but for rounding still match.
            bars: settings.thresholds.iter().map(|threshold| threshold.min(1.0 - 1e-10)).collect(),
            all: u16::MAX >> (u16::BITS as usize - settings.thresholds.len()),
            matrix: Vec::new(),
            detections: Vec::new(),
            truths: Vec::new(),
            verdicts: Vec::new(),
            wanted: vec![0; ranges.len()],
            order: Vec::new(),
            ranges,
        }
    }

    fn match_group(&mut self, group: &Group<'_>, builder: &mut RankingBuilder) {
        let last = self.limits.last().copied().unwrap_or(0);
        let detections = &group.detections[..group.detections.len().min(last)];
        self.compare(group.truths, detections);
        self.verdicts.clear();
        self.verdicts.resize(detections.len() * self.ranges.len(), Verdict::default());
        for range in 0..self.ranges.len() {
            self.match_range(range);
        }
        builder.want(group.image, &self.wanted);
        let mut bucket = 0;
        let rows = self.verdicts.chunks_exact(self.ranges.len());
        for ((rank, detection), verdicts) in detections.iter().enumerate().zip(rows) {
            while rank >= self.limits[usize::from(bucket)] {
                bucket += 1;
            }
            let score = self.grouped.detections()[*detection as usize].score;
            builder.push(group.image, bucket, score, verdicts);
        }
    }

    /// Fills in what is the same for all ranges.
    fn compare(&mut self, truths: &[u32], detections: &[u32]) {
        self.truths.clear();
        self.truths.extend(truths.iter().map(|truth| {
            let truth = &self.grouped.truths()[*truth as usize];
            Candidate { area: truth.area, crowd: truth.crowd, taken: 0 }
        }));
        self.matrix.clear();
        self.detections.clear();
        for detection in detections {
            let detection = *detection as usize;
            let mut highest = 0.0_f64;
            for (truth, candidate) in truths.iter().zip(&self.truths) {
                let similarity = self.similarity.similarity(detection, *truth as usize, candidate.crowd);
                highest = highest.max(similarity);
                self.matrix.push(similarity);
            }
            self.detections.push(Turn { area: self.similarity.detection_area(detection), highest });
        }
    }

    fn match_range(&mut self, range: usize) {
        let ranges = self.ranges.len();
        let limits = &self.ranges[range];
        self.order.clear();
        for wanted in [true, false] {
            let truths = self.truths.iter().enumerate();
            let chosen = truths.filter(|(_, truth)| (!truth.crowd && limits.contains(truth.area)) == wanted);
            self.order.extend(chosen.map(|(position, _)| position));
            if wanted {
                self.wanted[range] = self.order.len() as u32;
            }
        }
        for truth in &mut self.truths {
            truth.taken = 0;
        }
        let (wanted, ignored) = self.order.split_at(self.wanted[range] as usize);
        for (position, detection) in self.detections.iter().enumerate() {
            let row = &self.matrix[position * self.truths.len()..(position + 1) * self.truths.len()];
            let mut verdict = Verdict::default();
            for (threshold, bar) in self.bars.iter().enumerate() {
                // Thresholds rise: what is too low for this one is too low for the rest.
                if detection.highest < *bar {
                    break;
                }
                let bit = 1 << threshold;
                if let Some(truth) = most_similar(row, &self.truths, wanted, *bar, bit) {
                    self.truths[truth].taken |= bit;
                    verdict.hit |= bit;
                } else if let Some(truth) = most_similar(row, &self.truths, ignored, *bar, bit) {
                    self.truths[truth].taken |= bit;
                    verdict.ignored |= bit;
                }
            }
            if !limits.contains(detection.area) {
                verdict.ignored |= self.all & !verdict.hit;
            }
            self.verdicts[position * ranges + range] = verdict;
        }
    }
}

/// The truth that a detection takes: the most similar free one, of equal ones the last.
fn most_similar(
    row: &[f64],
    truths: &[Candidate],
    order: &[usize],
    mut bar: f64,
    threshold: u16,
) -> Option<usize> {
    let mut best = None;
    for truth in order {
        let free = truths[*truth].crowd || truths[*truth].taken & threshold == 0;
        if free && row[*truth] >= bar {
            bar = row[*truth];
            best = Some(*truth);
        }
    }
    best
}
