//! From verdicts to average precision and recall.
//!
//! Detections are taken by falling score. After each, *recall* is the fraction of the wanted truths that were found so
//! far, and *precision* the fraction of hits among the detections that count. The average precision is the area under
//! the curve of the best precision at the same or a higher recall, which is read off in different ways.
//!
//! The curve is walked from its right end, so that the best precision to the right is a running maximum. It falls at
//! hits only: a false positive changes no recall, and its precision is lower than that of the hit before.

use super::DetectionError;
use super::ranking::{MAX_THRESHOLDS, RankedClass, Ranking, Verdict};

/// The part of a precision-recall curve that lies right of where the walk has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Right {
    /// Best precision there.
    best: f64,
    /// What was summed up there.
    sum: f64,
    /// Levels of recall that lie left of it.
    levels: usize,
}

/// How the area under a curve is read off.
pub(super) trait Interpolation {
    /// Begins at the right end, where `hits` of `wanted` truths are found.
    fn begin(&self, hits: u64, wanted: u64) -> Right;

    /// Goes left over hits, from `after` hits to `before`.
    fn step(&self, right: &mut Right, before: u64, after: u64, wanted: u64);

    /// The area, at the left end.
    fn end(&self, right: Right, wanted: u64) -> f64;
}

/// Mean of the best precisions at given levels of recall, of which the lowest is 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Levels<R> {
    /// How many levels there are.
    pub(super) count: usize,
    /// How many levels are reached with so many hits of so many wanted truths.
    pub(super) reached: R,
}

impl<R: Fn(u64, u64) -> usize> Interpolation for Levels<R> {
    fn begin(&self, hits: u64, wanted: u64) -> Right {
        // Levels that are never reached add nothing.
        Right { levels: (self.reached)(hits, wanted), ..Right::default() }
    }

    fn step(&self, right: &mut Right, before: u64, _: u64, wanted: u64) {
        let levels = (self.reached)(before, wanted);
        right.sum += right.best * (right.levels - levels) as f64;
        right.levels = levels;
    }

    fn end(&self, right: Right, _: u64) -> f64 {
        // What is left is reached without any hit: the level 0.
        (right.sum + right.best * right.levels as f64) / self.count as f64
    }
}

/// The area under the curve itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct AllPoints;

impl Interpolation for AllPoints {
    fn begin(&self, _: u64, _: u64) -> Right {
        Right::default()
    }

    fn step(&self, right: &mut Right, before: u64, after: u64, _: u64) {
        right.sum += right.best * (after - before) as f64;
    }

    fn end(&self, right: Right, wanted: u64) -> f64 {
        right.sum / wanted as f64
    }
}

/// Average precision and recall of each class, plane and threshold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Curves {
    planes: usize,
    thresholds: usize,
    buckets: usize,
    /// `[class][plane]`: wanted truths. Where there are none, precision and recall mean nothing.
    wanted: Vec<u64>,
    /// `[class][plane][threshold]`.
    precision: Vec<f64>,
    /// `[class][plane][bucket][threshold]`: recall with the detections of this bucket and of those before.
    recall: Vec<f64>,
}

impl Curves {
    /// Number of wanted truths.
    pub(super) fn wanted(&self, class: usize, plane: usize) -> u64 {
        if plane < self.planes {
            self.wanted.get(class * self.planes + plane).copied().unwrap_or(0)
        } else {
            0
        }
    }

    /// Average precision at each threshold; `None` where nothing is wanted.
    pub(super) fn precision(&self, class: usize, plane: usize) -> Option<&[f64]> {
        let at = (class * self.planes + plane) * self.thresholds;
        (self.wanted(class, plane) > 0).then(|| &self.precision[at..at + self.thresholds])
    }

    /// Recall at each threshold with the detections of a bucket and of those before; `None` where nothing is wanted.
    pub(super) fn recall(&self, class: usize, plane: usize, bucket: usize) -> Option<&[f64]> {
        let at = ((class * self.planes + plane) * self.buckets + bucket) * self.thresholds;
        (self.wanted(class, plane) > 0 && bucket < self.buckets)
            .then(|| &self.recall[at..at + self.thresholds])
    }
}

impl Ranking {
    /// Counts everything, each picture as often as `weights` says, or once.
    ///
    /// The result is that of a split in which each picture stands as often, with its copies side by side. The place of
    /// copies matters only between pictures in which scores are equal.
    pub(super) fn curves(
        &self,
        images: usize,
        interpolation: &impl Interpolation,
        weights: Option<&[u32]>,
    ) -> Result<Curves, DetectionError> {
        if let Some(weights) = weights
            && weights.len() != images
        {
            return Err(DetectionError::WeightCount { weights: weights.len(), images });
        }
        let weight = |image: u32| weights.map_or(1, |weights| weights[image as usize]);
        let rows = self.classes() * self.planes();
        let mut curves = Curves {
            planes: self.planes(),
            thresholds: self.thresholds(),
            buckets: self.buckets(),
            wanted: Vec::with_capacity(rows),
            precision: Vec::with_capacity(rows * self.thresholds()),
            recall: Vec::with_capacity(rows * self.thresholds() * self.buckets()),
        };
        let mut weights_of = Vec::with_capacity(self.largest_class());
        let mut counter = Counter::new(self.thresholds(), self.buckets());
        for class in 0..self.classes() {
            let class = self.class(class);
            weights_of.clear();
            weights_of.extend(class.images.iter().map(|image| weight(*image)));
            for plane in 0..self.planes() {
                let wanted = class.wanted(plane, weight);
                curves.wanted.push(wanted);
                counter.count(&class, plane, &weights_of);
                counter.push_precision(
                    &class,
                    plane,
                    &weights_of,
                    wanted,
                    interpolation,
                    &mut curves.precision,
                );
                counter.push_recall(wanted, &mut curves.recall);
            }
        }
        Ok(curves)
    }
}

/// Counts of one class and plane, for all thresholds.
struct Counter {
    thresholds: usize,
    /// The bits of all thresholds.
    all: u16,
    /// Detections that count at some threshold.
    seen: u64,
    /// Those of them that are ignored at a threshold.
    ignored: [u64; MAX_THRESHOLDS],
    /// Hits at a threshold.
    hits: [u64; MAX_THRESHOLDS],
    /// The same by bucket.
    bucket_hits: Vec<[u64; MAX_THRESHOLDS]>,
}

impl Counter {
    fn new(thresholds: usize, buckets: usize) -> Self {
        Self {
            thresholds,
            all: u16::MAX >> (MAX_THRESHOLDS - thresholds),
            seen: 0,
            ignored: [0; MAX_THRESHOLDS],
            hits: [0; MAX_THRESHOLDS],
            bucket_hits: vec![[0; MAX_THRESHOLDS]; buckets],
        }
    }

    /// Counts all detections: the right end of all curves.
    fn count(&mut self, class: &RankedClass<'_>, plane: usize, weights: &[u32]) {
        self.seen = 0;
        self.ignored = [0; MAX_THRESHOLDS];
        self.bucket_hits.fill([0; MAX_THRESHOLDS]);
        let verdicts = class.verdicts(plane).iter().zip(class.buckets).zip(weights);
        for ((verdict, bucket), weight) in verdicts {
            if verdict.ignored == self.all {
                continue;
            }
            let weight = u64::from(*weight);
            self.seen += weight;
            let hits = &mut self.bucket_hits[usize::from(*bucket)];
            for_each_bit(verdict.hit, |threshold| hits[threshold] += weight);
            for_each_bit(verdict.ignored, |threshold| self.ignored[threshold] += weight);
        }
        self.hits = [0; MAX_THRESHOLDS];
        for bucket in &self.bucket_hits {
            for (sum, hits) in self.hits.iter_mut().zip(bucket) {
                *sum += hits;
            }
        }
    }

    /// Recall of each bucket with those before, from the counts at the right end.
    fn push_recall(&self, wanted: u64, recall: &mut Vec<f64>) {
        let mut hits = [0; MAX_THRESHOLDS];
        for bucket in &self.bucket_hits {
            for (sum, new) in hits[..self.thresholds].iter_mut().zip(bucket) {
                *sum += new;
                recall.push(fraction(*sum, wanted.max(1)));
            }
        }
    }

    /// Walks from the right end of all curves to the left, and with it counts down to zero.
    fn push_precision(
        &mut self,
        class: &RankedClass<'_>,
        plane: usize,
        weights: &[u32],
        wanted: u64,
        interpolation: &impl Interpolation,
        precision: &mut Vec<f64>,
    ) {
        if wanted == 0 {
            precision.extend(std::iter::repeat_n(0.0, self.thresholds));
            return;
        }
        let mut right = [Right::default(); MAX_THRESHOLDS];
        for (right, hits) in right[..self.thresholds].iter_mut().zip(&self.hits) {
            *right = interpolation.begin(*hits, wanted);
        }
        let verdicts = class.verdicts(plane);
        let mut next = verdicts.len();
        while next > 0 {
            next -= 1;
            let (last, weight) = (next, weights[next]);
            if weight > 1 && class.tied[last] {
                // Equal scores of the same picture: the whole row of them comes once per copy of the picture, not
                // each of them as often before the next.
                while class.tied[next] {
                    next -= 1;
                }
                for _ in 0..weight {
                    for verdict in verdicts[next..=last].iter().rev() {
                        self.step(*verdict, 1, wanted, interpolation, &mut right);
                    }
                }
            } else {
                self.step(verdicts[last], weight, wanted, interpolation, &mut right);
            }
        }
        precision.extend(right[..self.thresholds].iter().map(|right| interpolation.end(*right, wanted)));
    }

    /// Goes left over `weight` equal detections.
    fn step(
        &mut self,
        Verdict { hit, ignored }: Verdict,
        weight: u32,
        wanted: u64,
        interpolation: &impl Interpolation,
        right: &mut [Right; MAX_THRESHOLDS],
    ) {
        if ignored == self.all || weight == 0 {
            return;
        }
        let weight = u64::from(weight);
        for_each_bit(hit, |threshold| {
            let after = self.hits[threshold];
            let before = after - weight;
            let right = &mut right[threshold];
            // Within a row of hits the precision rises, so that its best stands at the end.
            right.best = right.best.max(fraction(after, self.seen - self.ignored[threshold]));
            interpolation.step(right, before, after, wanted);
            self.hits[threshold] = before;
        });
        for_each_bit(ignored, |threshold| self.ignored[threshold] -= weight);
        self.seen -= weight;
    }
}

/// Calls `visit` with the number of each bit that is set.
fn for_each_bit(mut bits: u16, mut visit: impl FnMut(usize)) {
    while bits != 0 {
        visit(bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

fn fraction(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}
