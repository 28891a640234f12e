//! Which default boxes stand for which objects.

use tch::{Device, Kind, Tensor};

use crate::boxes::pairwise_iou;
use crate::error::{Error, Result, check_integers, float_kind};

/// Pairs of default box and object that are compared at once on a CPU: what its caches hold.
const PAIRS_AT_ONCE: i64 = 1 << 18;

/// The same on a GPU, where each operation should be worth its start.
const PAIRS_AT_ONCE_ON_GPU: i64 = 1 << 24;

/// For each default box of each picture its object.
#[derive(Debug)]
pub struct Matches {
    /// i64 `[n, m]`: position among the picture's objects, or -1 for background.
    pub truth: Tensor,
}

impl Matches {
    /// Bool `[n, m]`: which default boxes have an object.
    ///
    /// # Errors
    /// Fails if libtorch does.
    pub fn positive(&self) -> Result<Tensor> {
        Ok(self.truth.f_ge(0)?)
    }

    /// The classes i64 `[n, m]` of default boxes, given those of objects i64 `[n, t]`.
    ///
    /// # Errors
    /// Fails if the classes do not belong to the objects that were matched.
    pub fn classes(&self, classes: &Tensor, background: i64) -> Result<Tensor> {
        check_integers("classes", classes)?;
        let [pictures, objects] = classes.size()[..] else {
            return Err(Error::shape("classes", classes, "[n, t]"));
        };
        if objects == 0 {
            return Ok(self.truth.f_full_like(background)?);
        }
        if pictures != self.truth.size()[0] {
            return Err(Error::shape("classes", classes, format!("[{}, t]", self.truth.size()[0])));
        }
        let found = classes.f_gather(1, &self.truth.f_clamp_min(0)?, false)?;
        Ok(found.f_masked_fill(&self.truth.f_lt(0)?, background)?)
    }

    /// The boxes `[n, m, 4]` that default boxes stand for, given those of objects `[n, t, 4]`. Background has
    /// the picture's first box; mask it with [`Matches::positive`].
    ///
    /// # Errors
    /// Fails if the boxes are not those of the objects that were matched, or there are none.
    pub fn boxes(&self, truths: &Tensor) -> Result<Tensor> {
        let [pictures, objects, 4] = truths.size()[..] else {
            return Err(Error::shape("truths", truths, "[n, t, 4]"));
        };
        if pictures != self.truth.size()[0] || objects == 0 {
            return Err(Error::shape("truths", truths, format!("[{}, t, 4], t > 0", self.truth.size()[0])));
        }
        let index = self.truth.f_clamp_min(0)?.f_unsqueeze(-1)?.f_expand([-1, -1, 4], false)?;
        Ok(truths.f_gather(1, &index, false)?)
    }
}

/// Matches default boxes `[m, 4]` to the objects of `n` pictures, whose boxes are `[n, t, 4]`, both corners
/// in the same unit, as in SSD (arXiv 1512.02325, section 2.2):
///
/// 1. each object gets the default box of the highest IoU, however low;
/// 2. every other default box gets the object of the highest IoU, if that is above `threshold` (SSD: 0.5).
///
/// Pictures with fewer than `t` objects are padded; `counts` i64 `[n]` says how many each has.
///
/// Where the text leaves it open: if a default box is the best of several objects, the last object gets it,
/// as in the common ports. (The first implementation gives it to the object of the highest IoU and the others
/// their next best.) Of equal IoUs the first counts. An object that overlaps no default box gets none.
///
/// # Errors
/// Fails if the tensors are not boxes and counts of the same pictures, or the threshold is not between 0 and
/// 1.
pub fn match_boxes(defaults: &Tensor, truths: &Tensor, counts: &Tensor, threshold: f64) -> Result<Matches> {
    if !(0.0..=1.0).contains(&threshold) {
        return Err(Error::value("the IoU threshold", threshold, "a number from 0 to 1"));
    }
    let _guard = tch::no_grad_guard();
    let [count, 4] = defaults.size()[..] else {
        return Err(Error::shape("default boxes", defaults, "[m, 4]"));
    };
    let [pictures, objects, 4] = truths.size()[..] else {
        return Err(Error::shape("truths", truths, "[n, t, 4]"));
    };
    float_kind("truths", truths)?;
    check_integers("counts", counts)?;
    if counts.size() != [pictures] {
        return Err(Error::shape("counts", counts, format!("[{pictures}]")));
    }
    let device = defaults.device();
    if pictures == 0 || objects == 0 || count == 0 {
        return Ok(Matches { truth: Tensor::f_full([pictures, count], -1, (Kind::Int64, device))? });
    }
    let defaults = without(defaults, &Tensor::f_ones([count], (Kind::Bool, device))?)?;
    let pairs = if device == Device::Cpu { PAIRS_AT_ONCE } else { PAIRS_AT_ONCE_ON_GPU };
    let at_once = (pairs / (count * objects)).max(1);
    let mut parts = Vec::new();
    for start in (0..pictures).step_by(at_once as usize) {
        let length = at_once.min(pictures - start);
        let truths = truths.f_narrow(0, start, length)?;
        let counts = counts.f_narrow(0, start, length)?;
        parts.push(match_some(&defaults, &truths, &counts, threshold)?);
    }
    Ok(Matches { truth: Tensor::f_cat(&parts, 0)? })
}

/// Positions i64 `[n, m]` of the objects of so few pictures that everything can be compared at once.
fn match_some(defaults: &Tensor, truths: &Tensor, counts: &Tensor, threshold: f64) -> Result<Tensor> {
    let objects = Tensor::f_arange(truths.size()[1], (Kind::Int64, truths.device()))?;
    let there = objects.f_unsqueeze(0)?.f_lt_tensor(&counts.f_unsqueeze(1)?)?;
    // [n, t, m]
    let mut iou = pairwise_iou(&without(truths, &there)?, defaults)?;
    // What an object claims is raised above every IoU, the last object's claim most.
    let (best_iou, best_default) = iou.f_max_dim(2, true)?;
    let claims = objects.f_to_kind(iou.f_kind()?)?.f_add_scalar(2.0)?.f_reshape([1, -1, 1])?;
    let claims = claims.f_where_self(&best_iou.f_gt(0)?, &best_iou)?;
    let _ = iou.f_scatter_(2, &best_default, &claims)?;
    let (best, truth) = iou.f_max_dim(1, false)?;
    Ok(truth.f_masked_fill(&best.f_gt(threshold)?.f_logical_not()?, -1)?)
}

/// Boxes `[.., 4]` of which those that are not there or not finite are replaced by points, which overlap
/// nothing.
fn without(boxes: &Tensor, there: &Tensor) -> Result<Tensor> {
    let finite = boxes.f_isfinite()?.f_all_dim(-1, false)?.f_logical_and(there)?.f_unsqueeze(-1)?;
    Ok(boxes.f_where_self(&finite, &boxes.f_zeros_like()?)?)
}
