//! SSD's loss (arXiv 1512.02325, section 2.2, equation 1).

use tch::{Kind, Reduction, Tensor};

use crate::detection::Detector;
use crate::detection::detector::Assignment;
use crate::error::Result;

/// Background boxes that count for each one that stands for an object: those with the highest loss.
const NEGATIVES: i64 = 3;

impl Detector {
    /// Smooth L1 of the offsets of default boxes that stand for objects, plus cross-entropy of the labels of these and of
    /// the three times as many background boxes of each picture with the highest loss (hard-negative mining), divided by
    /// the number of boxes of the batch that stand for objects. A batch without objects has a loss of zero.
    ///
    /// Both parts weigh the same (equation 1 with alpha = 1, the paper's choice). `most` as in [`Detector::matched`].
    ///
    /// # Errors
    /// Fails if output and target are not of this detector.
    pub fn loss(&self, output: &Tensor, target: &Tensor, most: i64, label_smoothing: f64) -> Result<Tensor> {
        Ok(self.assess(output, target, most, label_smoothing)?.0)
    }

    /// The loss, and the fraction of the default boxes that stand for objects whose highest score is that of the object's
    /// class; zero if there are none. f64, a scalar without a graph.
    ///
    /// # Errors
    /// As [`Detector::loss`].
    pub(super) fn loss_and_right(
        &self,
        output: &Tensor,
        target: &Tensor,
        most: i64,
        label_smoothing: f64,
    ) -> Result<(Tensor, Tensor)> {
        let (loss, scores, assignment) = self.assess(output, target, most, label_smoothing)?;
        let _guard = tch::no_grad_guard();
        let right = scores.f_argmax(2, false)?.f_eq_tensor(&assignment.labels)?;
        let right = right.f_logical_and(&assignment.positive)?.f_sum(Kind::Double)?;
        let count = assignment.positive.f_sum(Kind::Double)?.f_clamp_min(1.0)?;
        Ok((loss, right.f_div(&count)?))
    }

    /// The loss, the scores it is of, and what they should have been.
    fn assess(
        &self,
        output: &Tensor,
        target: &Tensor,
        most: i64,
        label_smoothing: f64,
    ) -> Result<(Tensor, Tensor, Assignment)> {
        let [offsets, scores] = self.split(output)?;
        let pictures = offsets.size()[0];
        let assignment = self.assign(pictures, target, most)?;
        let positive = &assignment.positive;
        let background = positive.f_logical_not()?;
        let wanted = self.offsets(&assignment)?;
        let localization = offsets.f_masked_fill(&background.f_unsqueeze(-1)?, 0.0)?.f_smooth_l1_loss(
            &wanted,
            Reduction::Sum,
            1.0,
        )?;
        let losses = scores.f_reshape([-1, self.labels()])?.f_cross_entropy_loss(
            &assignment.labels.f_reshape([-1])?,
            None::<&Tensor>,
            Reduction::None,
            -100,
            label_smoothing,
        )?;
        let losses = losses.f_view([pictures, self.boxes()])?;
        let counted = hard(&losses.f_detach()?, positive)?.f_logical_or(positive)?;
        let confidence = losses.f_mul(&counted.f_to_kind(losses.kind())?)?.f_sum(losses.kind())?;
        let count = positive.f_sum(losses.kind())?.f_clamp_min(1.0)?;
        Ok((localization.f_add(&confidence)?.f_div(&count)?, scores, assignment))
    }
}

/// Bool `[n, boxes]`: the background boxes of each picture with the highest losses. Of equal ones the first.
fn hard(losses: &Tensor, positive: &Tensor) -> Result<Tensor> {
    let background = losses.f_masked_fill(positive, f64::NEG_INFINITY)?;
    let order = background.f_argsort_stable(true, 1, true)?;
    let rank = order.f_argsort_stable(true, 1, false)?;
    let wanted = positive.f_sum_dim_intlist(1, true, Kind::Int64)?.f_mul_scalar(NEGATIVES)?;
    Ok(rank.f_lt_tensor(&wanted)?)
}
