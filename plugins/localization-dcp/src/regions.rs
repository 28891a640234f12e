//! LCP's auxiliary head: it classifies the regions of objects, and has their boxes overlap (arXiv 1911.02237).

use secateur_sdk::MatchedBoxes;
use secateur_sdk::prelude::*;
use secateur_vision::{
    BoxCoder, RoiAlign, contextual_roi_align, corners_to_centre, giou_loss, regions, roi_align,
};

use crate::heads::{Head, Place, Seen};
use crate::lcp_config::{Auxiliary, LcpConfig, Regions, Regression};
use crate::readout::Readout;

/// How regions are pooled and what their loss is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Whether the features of the smallest box around default box and object are added.
    pub(crate) context: bool,
    /// Which box is pooled beside it.
    pub(crate) regions: Regions,
    /// Whose boxes `1 - GIoU` is of, and its weight; none: classification only.
    pub(crate) regression: Option<(Regression, f64)>,
    /// Rows and columns of bins.
    pub(crate) roi_size: i64,
    /// Samples along each axis of a bin.
    pub(crate) sampling_ratio: i64,
}

impl Terms {
    /// Those of a rung; `None` where there is no auxiliary loss.
    pub(crate) fn of(config: &LcpConfig) -> Option<Self> {
        let (context, regression) = match config.auxiliary {
            Auxiliary::None => return None,
            Auxiliary::RoiAlign => (false, None),
            Auxiliary::Contextual => (true, None),
            Auxiliary::ContextualGiou => (true, Some((config.regression, config.m))),
        };
        Some(Self {
            context,
            regions: config.regions,
            regression,
            roi_size: i64::from(config.roi_size),
            sampling_ratio: i64::from(config.sampling_ratio),
        })
    }

    /// Whether the head predicts boxes, too.
    fn predicts_boxes(&self) -> bool {
        matches!(self.regression, Some((Regression::Auxiliary, _)))
    }
}

/// Classifies matched default boxes by the features behind a node, with an optional term for how boxes overlap.
pub(crate) struct RegionHead {
    node: u32,
    classes: i64,
    terms: Terms,
    pub(crate) readout: Readout,
}

impl RegionHead {
    /// A new one of so many classes, without the background: only boxes that are matched to objects are looked at.
    pub(crate) fn new(place: &Place, classes: i64, terms: Terms) -> Result<Self> {
        let outputs = if terms.predicts_boxes() { classes + 4 } else { classes };
        let readout = Readout::new(place.channels, outputs, place.seed, place.device)?;
        Ok(Self { node: place.node, classes, terms, readout })
    }

    /// The auxiliary loss `L_a = L_ac + L_ar` of features `[n, channels, h, w]` of pictures `width` pixels wide: mean
    /// cross-entropy of the regions, plus the weighted mean of `1 - GIoU`. Zero without matched boxes.
    ///
    /// The paper's are sums over boxes; means do not change with the number of objects, and the reconstruction error beside
    /// them is one, too.
    pub(crate) fn loss_of(
        &self,
        features: &Tensor,
        width: i64,
        boxes: &MatchedBoxes,
        train: bool,
    ) -> Result<Tensor> {
        if boxes.picture.size()[0] == 0 {
            return Ok(Tensor::f_scalar_tensor(0.0, (Kind::Float, features.device()))?);
        }
        let outputs = self.readout.outputs(&self.pool(features, width, boxes)?, train)?;
        let logits = outputs.f_narrow(1, 0, self.classes)?;
        let loss =
            logits.f_cross_entropy_loss::<Tensor>(&boxes.classes, None, tch::Reduction::Mean, -100, 0.0)?;
        let Some((regression, weight)) = self.terms.regression else { return Ok(loss) };
        let overlap = match regression {
            Regression::Detector => {
                let predicted = boxes.predicted.as_ref().ok_or_else(|| {
                    Error::new(ErrorKind::Internal, "the host gave no predicted boxes after a whole pass")
                })?;
                giou_loss(predicted, &boxes.truths)
            }
            Regression::Auxiliary => {
                let offsets = outputs.f_narrow(1, self.classes, 4)?;
                let defaults = corners_to_centre(&boxes.defaults).map_err(of_vision)?;
                let predicted = BoxCoder::default().decode(&offsets, &defaults).map_err(of_vision)?;
                giou_loss(&predicted, &boxes.truths)
            }
        };
        Ok(loss.f_add(&overlap.map_err(of_vision)?.f_mean(Kind::Float)?.f_mul_scalar(weight)?)?)
    }

    /// The pooled features of the regions, `[boxes, channels, roi_size, roi_size]`.
    pub(crate) fn pool(&self, features: &Tensor, width: i64, boxes: &MatchedBoxes) -> Result<Tensor> {
        // RoIAlign computes in the kind of its features, and bfloat16 has no room for weights of samples.
        let features = features.f_to_kind(Kind::Float)?;
        let how = RoiAlign {
            output: [self.terms.roi_size; 2],
            spatial_scale: features.size()[3] as f64 / width as f64,
            sampling_ratio: self.terms.sampling_ratio,
            aligned: true,
        };
        let (pooled, other) = match self.terms.regions {
            Regions::DefaultBoxes => (&boxes.defaults, &boxes.truths),
            Regions::Truths => (&boxes.truths, &boxes.defaults),
        };
        if self.terms.context {
            contextual_roi_align(&features, &boxes.picture, pooled, other, &how).map_err(of_vision)
        } else {
            regions(&boxes.picture, pooled)
                .and_then(|regions| roi_align(&features, &regions, &how))
                .map_err(of_vision)
        }
    }
}

impl Head for RegionHead {
    fn node(&self) -> u32 {
        self.node
    }

    fn leaves(&self) -> Vec<Tensor> {
        self.readout.leaves()
    }

    fn needs_whole_pass(&self) -> bool {
        matches!(self.terms.regression, Some((Regression::Detector, _)))
    }

    fn loss(&self, seen: &Seen<'_>, train: bool) -> Result<Tensor> {
        self.loss_of(&seen.features(self.node)?, seen.width(), seen.boxes()?, train)
    }
}

fn of_vision(error: secateur_vision::Error) -> Error {
    Error::new(ErrorKind::Torch, error.to_string())
}
