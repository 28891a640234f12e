//! Non-maximum suppression.

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Sub};

use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result, check_integers, float_kind};

/// Greedy non-maximum suppression: from the highest score to the lowest, a box stays unless its IoU with one
/// that stays is above `iou_threshold`. Boxes are `[n, 4]` corners, scores `[n]`, both of one kind. Returns
/// the positions i64 `[k]` of those that stay, by falling score; of equal scores the first comes first.
///
/// It computes on the host, and brings tensors of a GPU there: it belongs behind a network, not into
/// training.
///
/// # Errors
/// Fails if the tensors are not boxes and their scores, a score is NaN, or the threshold is not between 0 and
/// 1.
pub fn nms(boxes: &Tensor, scores: &Tensor, iou_threshold: f64) -> Result<Tensor> {
    suppress_tensors(boxes, scores, None, iou_threshold)
}

/// Non-maximum suppression as [`nms`] within each class: a box suppresses only boxes of its own class, given
/// by i64 `[n]`, of any values. Returns the positions i64 `[k]` of the boxes that stay, all classes together,
/// by falling score; of equal scores the first comes first.
///
/// torchvision shifts small inputs so that classes do not overlap, which rounds coordinates; here they stay
/// as they are.
///
/// # Errors
/// Fails if the tensors are not boxes with their scores and classes, a score is NaN, or the threshold is not
/// between 0 and 1.
pub fn batched_nms(boxes: &Tensor, scores: &Tensor, classes: &Tensor, iou_threshold: f64) -> Result<Tensor> {
    suppress_tensors(boxes, scores, Some(classes), iou_threshold)
}

fn suppress_tensors(
    boxes: &Tensor,
    scores: &Tensor,
    classes: Option<&Tensor>,
    threshold: f64,
) -> Result<Tensor> {
    if !(0.0..=1.0).contains(&threshold) {
        return Err(Error::value("the IoU threshold", threshold, "a number from 0 to 1"));
    }
    let kind = float_kind("boxes", boxes)?;
    let [count, 4] = boxes.size()[..] else { return Err(Error::shape("boxes", boxes, "[n, 4]")) };
    if scores.size() != [count] {
        return Err(Error::shape("scores", scores, format!("[{count}]")));
    }
    if scores.f_kind()? != kind {
        return Err(Error::Kind {
            what: "scores",
            found: scores.f_kind()?,
            expected: "of the kind of the boxes",
        });
    }
    let classes = match classes {
        None => vec![0; count as usize],
        Some(classes) => {
            check_integers("classes", classes)?;
            if classes.size() != [count] {
                return Err(Error::shape("classes", classes, format!("[{count}]")));
            }
            Vec::try_from(classes)?
        }
    };
    let flat = boxes.f_detach()?.f_reshape([-1])?;
    let kept = if kind == Kind::Float {
        suppress::<f32>(&Vec::try_from(&flat)?, &Vec::try_from(scores)?, &classes, threshold)?
    } else {
        suppress::<f64>(&Vec::try_from(&flat)?, &Vec::try_from(scores)?, &classes, threshold)?
    };
    let kept = Tensor::f_from_slice(&kept)?;
    Ok(if boxes.device() == Device::Cpu { kept } else { kept.f_to_device(boxes.device())? })
}

/// f32 and f64: overlaps are computed in the kind of the boxes, as torchvision does.
trait Real:
    Copy
    + PartialOrd
    + Default
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
{
    /// The largest number that is not above.
    fn at_most(value: f64) -> Self;
    fn is_nan(self) -> bool;
    fn larger(self, other: Self) -> Self;
    fn smaller(self, other: Self) -> Self;
}

macro_rules! real {
    ($kind:ty, $at_most:expr) => {
        impl Real for $kind {
            fn at_most(value: f64) -> Self {
                $at_most(value)
            }

            fn is_nan(self) -> bool {
                self.is_nan()
            }

            // `max` and `min` of the standard library treat NaN with care, for which loops pay.
            fn larger(self, other: Self) -> Self {
                if self > other { self } else { other }
            }

            fn smaller(self, other: Self) -> Self {
                if self < other { self } else { other }
            }
        }
    };
}

real!(f32, |value: f64| {
    let near = value as f32;
    if f64::from(near) > value { near.next_down() } else { near }
});
real!(f64, |value| value);

/// Positions of the boxes that stay, by falling score.
fn suppress<T: Real>(boxes: &[T], scores: &[T], classes: &[i64], threshold: f64) -> Result<Vec<i64>> {
    if let Some(position) = scores.iter().position(|score| score.is_nan()) {
        return Err(Error::value(format!("score {position}"), "NaN", "a number"));
    }
    // f32 is compared with an f64 threshold. Rounded down, it gives the same answers without a conversion per
    // pair.
    let threshold = T::at_most(threshold);
    let by_score =
        |a: &usize, b: &usize| scores[*b].partial_cmp(&scores[*a]).unwrap_or(Ordering::Equal).then(a.cmp(b));
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|a, b| classes[*a].cmp(&classes[*b]).then_with(|| by_score(a, b)));
    let mut kept = Vec::new();
    let mut class = Candidates::default();
    for positions in order.chunk_by(|a, b| classes[*a] == classes[*b]) {
        class.fill(boxes, positions);
        class.suppress(threshold, |index| kept.push(positions[index]));
    }
    kept.sort_unstable_by(by_score);
    Ok(kept.into_iter().map(|position| position as i64).collect())
}

/// Boxes of one class by falling score, a list per column, so that a processor can compare several at once.
#[derive(Default)]
struct Candidates<T> {
    x1: Vec<T>,
    y1: Vec<T>,
    x2: Vec<T>,
    y2: Vec<T>,
    area: Vec<T>,
    suppressed: Vec<bool>,
}

impl<T: Real> Candidates<T> {
    fn fill(&mut self, boxes: &[T], positions: &[usize]) {
        for (column, offset) in [&mut self.x1, &mut self.y1, &mut self.x2, &mut self.y2].into_iter().zip(0..)
        {
            column.clear();
            column.extend(positions.iter().map(|position| boxes[4 * position + offset]));
        }
        self.area.clear();
        self.area
            .extend((0..positions.len()).map(|at| (self.x2[at] - self.x1[at]) * (self.y2[at] - self.y1[at])));
        self.suppressed.clear();
        self.suppressed.resize(positions.len(), false);
    }

    fn suppress(&mut self, threshold: T, mut keep: impl FnMut(usize)) {
        for first in 0..self.area.len() {
            if self.suppressed[first] {
                continue;
            }
            keep(first);
            let [x1, y1, x2, y2, area] =
                [self.x1[first], self.y1[first], self.x2[first], self.y2[first], self.area[first]];
            let rest = first + 1..;
            let columns = self.x1[rest.clone()]
                .iter()
                .zip(&self.y1[rest.clone()])
                .zip(&self.x2[rest.clone()])
                .zip(&self.y2[rest.clone()])
                .zip(&self.area[rest.clone()]);
            for (suppressed, ((((left, top), right), bottom), other)) in
                self.suppressed[rest].iter_mut().zip(columns)
            {
                let width = (x2.smaller(*right) - x1.larger(*left)).larger(T::default());
                let height = (y2.smaller(*bottom) - y1.larger(*top)).larger(T::default());
                let intersection = width * height;
                // Of two boxes without any area this is NaN, and neither suppresses the other.
                *suppressed |= intersection / (area + *other - intersection) > threshold;
            }
        }
    }
}
