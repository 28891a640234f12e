//! The outcome of matching: detections of each class by falling score, each with its verdicts.
//!
//! Matching happens once; from then on a metric is a walk over this structure, in which pictures may be weighted.

use super::grouped::falling;

/// Most similarity thresholds that are judged at once: one bit each.
pub(super) const MAX_THRESHOLDS: usize = 16;

/// What matching made of a detection, one bit for each threshold.
///
/// A detection that is neither a hit nor ignored is a false positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Thresholds at which it found a wanted truth.
    pub(super) hit: u16,
    /// Thresholds at which it counts for nothing.
    pub(super) ignored: u16,
}

/// Detections of all classes, ready to be counted.
///
/// Each is judged once per *plane*; COCO's planes are its ranges of areas.
#[derive(Clone, Debug)]
pub(super) struct Ranking {
    planes: usize,
    thresholds: usize,
    buckets: usize,
    /// Where each class begins in `images`, `buckets_of` and `tied`, and the end.
    starts: Vec<usize>,
    /// The picture of each detection, by class, falling score, picture, and rank within the picture.
    images: Vec<u32>,
    /// The bucket of the detection's rank within its picture.
    buckets_of: Vec<u8>,
    /// Whether picture and score are those of the detection before.
    tied: Vec<bool>,
    /// Class by class, plane by plane, a verdict for each detection of the class.
    verdicts: Vec<Verdict>,
    /// Where each class begins in `wanted_images`, and the end.
    wanted_starts: Vec<usize>,
    /// Pictures with wanted truths.
    wanted_images: Vec<u32>,
    /// For each of them, how many truths are wanted in each plane.
    wanted: Vec<u32>,
}

/// The detections of one class.
#[derive(Clone, Copy, Debug)]
pub(super) struct RankedClass<'r> {
    /// The picture of each, by falling score, picture, and rank within the picture.
    pub(super) images: &'r [u32],
    /// The bucket of the rank of each.
    pub(super) buckets: &'r [u8],
    /// Whether picture and score of each are those of the one before.
    pub(super) tied: &'r [bool],
    verdicts: &'r [Verdict],
    planes: usize,
    wanted_images: &'r [u32],
    wanted: &'r [u32],
}

impl<'r> RankedClass<'r> {
    /// The verdicts of a plane.
    pub(super) fn verdicts(&self, plane: usize) -> &'r [Verdict] {
        let count = self.images.len();
        &self.verdicts[plane * count..(plane + 1) * count]
    }

    /// How many truths are wanted in a plane, each as often as its picture weighs.
    pub(super) fn wanted(&self, plane: usize, weight: impl Fn(u32) -> u32) -> u64 {
        let rows = self.wanted_images.iter().zip(self.wanted.chunks_exact(self.planes));
        rows.map(|(image, counts)| u64::from(weight(*image)) * u64::from(counts[plane])).sum()
    }
}

impl Ranking {
    /// Number of classes.
    pub(super) fn classes(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of planes.
    pub(super) fn planes(&self) -> usize {
        self.planes
    }

    /// Number of thresholds.
    pub(super) fn thresholds(&self) -> usize {
        self.thresholds
    }

    /// Number of buckets of ranks.
    pub(super) fn buckets(&self) -> usize {
        self.buckets
    }

    /// Detections of the class that has most of them.
    pub(super) fn largest_class(&self) -> usize {
        self.starts.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0)
    }

    /// The detections of a class.
    pub(super) fn class(&self, class: usize) -> RankedClass<'_> {
        let range = self.starts[class]..self.starts[class + 1];
        let wanted = self.wanted_starts[class]..self.wanted_starts[class + 1];
        RankedClass {
            images: &self.images[range.clone()],
            buckets: &self.buckets_of[range.clone()],
            tied: &self.tied[range.clone()],
            verdicts: &self.verdicts[range.start * self.planes..range.end * self.planes],
            planes: self.planes,
            wanted_images: &self.wanted_images[wanted.clone()],
            wanted: &self.wanted[wanted.start * self.planes..wanted.end * self.planes],
        }
    }
}

/// Builds a [`Ranking`] class by class and picture by picture.
#[derive(Debug)]
pub(super) struct RankingBuilder {
    ranking: Ranking,
    /// Of the class that is being built, in the order of pushing: picture, bucket and falling score of each detection.
    pending: Vec<(u32, u8, u64)>,
    /// Their verdicts, one per plane.
    pending_verdicts: Vec<Verdict>,
    /// Falling scores with positions in `pending`, to be sorted.
    order: Vec<(u64, u32)>,
}

impl RankingBuilder {
    /// Starts with the first class, with room for as many detections as there can be.
    pub(super) fn new(planes: usize, thresholds: usize, buckets: usize, detections: usize) -> Self {
        Self {
            ranking: Ranking {
                planes,
                thresholds,
                buckets,
                starts: vec![0],
                images: Vec::with_capacity(detections),
                buckets_of: Vec::with_capacity(detections),
                tied: Vec::with_capacity(detections),
                verdicts: Vec::with_capacity(detections * planes),
                wanted_starts: vec![0],
                wanted_images: Vec::new(),
                wanted: Vec::new(),
            },
            pending: Vec::new(),
            pending_verdicts: Vec::new(),
            order: Vec::new(),
        }
    }

    /// Adds a detection of the current class with one verdict per plane. Pictures must come in rising order and the
    /// detections of a picture by rank.
    pub(super) fn push(&mut self, image: u32, bucket: u8, score: f64, verdicts: &[Verdict]) {
        debug_assert_eq!(verdicts.len(), self.ranking.planes);
        self.pending.push((image, bucket, falling(score)));
        self.pending_verdicts.extend_from_slice(verdicts);
    }

    /// Says how many truths of the current class are wanted in a picture, in each plane.
    pub(super) fn want(&mut self, image: u32, counts: &[u32]) {
        debug_assert_eq!(counts.len(), self.ranking.planes);
        if counts.iter().any(|count| *count > 0) {
            self.ranking.wanted_images.push(image);
            self.ranking.wanted.extend_from_slice(counts);
        }
    }

    /// Ends the current class: its detections are sorted over all pictures.
    pub(super) fn end_class(&mut self) {
        self.order.clear();
        self.order.extend(self.pending.iter().zip(0..).map(|(entry, position)| (entry.2, position)));
        // The position decides between equal scores, as in a stable sort.
        self.order.sort_unstable();
        let ranking = &mut self.ranking;
        let mut before = None;
        for (score, position) in &self.order {
            let (image, bucket, _) = self.pending[*position as usize];
            ranking.images.push(image);
            ranking.buckets_of.push(bucket);
            ranking.tied.push(before == Some((*score, image)));
            before = Some((*score, image));
        }
        for plane in 0..ranking.planes {
            let row = |position: &(u64, u32)| position.1 as usize * ranking.planes + plane;
            ranking.verdicts.extend(self.order.iter().map(|position| self.pending_verdicts[row(position)]));
        }
        ranking.starts.push(ranking.images.len());
        ranking.wanted_starts.push(ranking.wanted_images.len());
        self.pending.clear();
        self.pending_verdicts.clear();
    }

    /// The ranking of the classes that were ended.
    pub(super) fn finish(self) -> Ranking {
        self.ranking
    }
}
