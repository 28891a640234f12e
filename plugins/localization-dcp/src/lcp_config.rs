//! Parameters of `lcp`. Where the paper (arXiv 1911.02237) is not known to give a value, they say so.

use secateur_sdk::prelude::*;
use secateur_sdk::serde::Serialize;

use crate::config::{RankedAt, Score, Search, Settings, check, default};

/// The rungs of the ladder from DCP to LCP: what a layer's channels are judged by beside reconstruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum Auxiliary {
    /// Nothing: the reconstruction error alone.
    None,
    /// Classification of the matched default boxes, pooled with RoIAlign: DCP's loss, on regions.
    RoiAlign,
    /// The same with contextual RoIAlign: the features of the smallest box around default box and object are added.
    Contextual,
    /// The whole of LCP: with `m (1 - GIoU)` beside the classification.
    ContextualGiou,
}

/// Which box is pooled; the smallest box around default box and object is the context of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum Regions {
    /// The matched default box, as the paper is described.
    DefaultBoxes,
    /// The box of the object that it is matched to, as in a re-implementation for YOLO.
    Truths,
}

/// Whose boxes the GIoU is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum Regression {
    /// The detector's own, at the matched default boxes, as in the only published code (for YOLO).
    Detector,
    /// The auxiliary head's: it predicts four offsets from the default box beside the classes.
    Auxiliary,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct LcpConfig {
    /// What a layer's channels are judged by beside reconstruction.
    #[serde(default = "whole")]
    pub(crate) auxiliary: Auxiliary,
    /// Weight of the auxiliary loss beside the reconstruction error. Unknown in the paper; DCP's lambda is 1.
    #[serde(default = "default::weight")]
    alpha: f64,
    /// Weight of `1 - GIoU` beside the classification, in `contextual-giou`. Unknown in the paper; a re-implementation
    /// for YOLO has 50.
    #[serde(default = "default::weight")]
    pub(crate) m: f64,
    /// Which box is pooled: the matched default box, as the paper is described, or the object's.
    #[serde(default = "default_boxes")]
    pub(crate) regions: Regions,
    /// Whose boxes the GIoU is of, in `contextual-giou`. How the paper's auxiliary network predicts boxes is unknown; the
    /// only published code takes the detector's.
    #[serde(default = "detector")]
    pub(crate) regression: Regression,
    /// Rows and columns of bins that a region is pooled into. Unknown in the paper; 7 is usual.
    #[serde(default = "roi_size")]
    pub(crate) roi_size: u16,
    /// Samples of RoIAlign along each axis of a bin. Unknown in the paper; 2 is usual.
    #[serde(default = "sampling_ratio")]
    pub(crate) sampling_ratio: u16,
    /// How channels of a layer are picked. Descriptions of the paper's algorithm 1 have one ranking for each layer.
    #[serde(default = "top_k")]
    search: Search,
    /// Where that ranking is made. Unknown in the paper; DCP, which it builds on, begins at zero.
    #[serde(default = "at_zero")]
    ranked_at: RankedAt,
    /// How gradients become scores. The paper's is the sum of the squared norms of a channel's gradients.
    #[serde(default = "frobenius")]
    score: Score,
    /// Auxiliary losses beside the detector's own. Unknown in the paper; 2 is DCP's for networks of up to 20 layers.
    #[serde(default = "default::losses")]
    losses: usize,
    /// Fraction of the allowance for training the auxiliary losses with the detector; with `auxiliary: none` for the
    /// detector alone. Unknown in the paper.
    #[serde(default = "default::auxiliary_fraction")]
    auxiliary_fraction: f64,
    /// Pictures for a layer's search, at most, in whole batches. Unknown in the paper; a cap.
    #[serde(default = "default::samples")]
    samples: u32,
    /// Pictures in a batch of the search; absent: the recipe's.
    #[serde(default)]
    batch: Option<u32>,
    /// Channels that join at a time in a greedy search (1 in DCP).
    #[serde(default = "default::channels_at_a_time")]
    channels_at_a_time: usize,
    /// Passes over the pictures that optimize the kept weights after the ranking, or after each pick of a greedy search.
    /// Unknown in the paper; 1 in DCP's code.
    #[serde(default = "default::passes")]
    passes: u32,
    /// Learning rate of these passes. Unknown in the paper; 0.01 in DCP's code, with momentum 0.9, Nesterov, weight
    /// decay 1e-4.
    #[serde(default = "default::lr")]
    lr: f64,
}

impl LcpConfig {
    /// Checked settings.
    pub(crate) fn settings(&self) -> Result<Settings> {
        check(&[
            (self.m >= 0.0 && self.m.is_finite(), "`m` must be a number from 0 on"),
            (self.roi_size > 0, "`roi_size` must be at least 1"),
            (self.sampling_ratio > 0, "`sampling_ratio` must be at least 1"),
        ])?;
        let settings = Settings {
            search: self.search,
            ranked_at: self.ranked_at,
            score: self.score,
            weight: self.alpha,
            losses: self.losses,
            auxiliary_fraction: self.auxiliary_fraction,
            samples: self.samples,
            batch: self.batch,
            channels_at_a_time: self.channels_at_a_time,
            passes: self.passes,
            lr: self.lr,
        };
        settings.check("alpha")?;
        Ok(settings)
    }
}

fn whole() -> Auxiliary {
    Auxiliary::ContextualGiou
}

fn default_boxes() -> Regions {
    Regions::DefaultBoxes
}

fn detector() -> Regression {
    Regression::Detector
}

fn roi_size() -> u16 {
    7
}

fn sampling_ratio() -> u16 {
    2
}

fn top_k() -> Search {
    Search::TopK
}

fn at_zero() -> RankedAt {
    RankedAt::Zero
}

fn frobenius() -> Score {
    Score::Frobenius
}
