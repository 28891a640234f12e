//! Areas, overlaps and forms of boxes.

use tch::Tensor;

use crate::error::{Error, Result, float_kind};

/// What [`giou_loss`] adds to its divisors, the default of torchvision.
const LOSS_EPSILON: f64 = 1e-7;

/// Fails unless the tensor is one of boxes `[.., 4]`.
pub(crate) fn check_boxes(what: &'static str, boxes: &Tensor) -> Result<()> {
    float_kind(what, boxes)?;
    if boxes.size().last() != Some(&4) {
        return Err(Error::shape(what, boxes, "[.., 4]"));
    }
    Ok(())
}

/// The four columns of boxes `[.., 4]`, each `[..]`.
fn columns(what: &'static str, boxes: &Tensor) -> Result<[Tensor; 4]> {
    check_boxes(what, boxes)?;
    let column = |index| boxes.f_select(-1, index);
    Ok([column(0)?, column(1)?, column(2)?, column(3)?])
}

fn joined(columns: [Tensor; 4]) -> Result<Tensor> {
    Ok(Tensor::f_stack(&columns, -1)?)
}

fn area_of([x1, y1, x2, y2]: &[Tensor; 4]) -> Result<Tensor> {
    Ok(x2.f_sub(x1)?.f_mul(&y2.f_sub(y1)?)?)
}

/// Areas `[..]` of boxes `[.., 4]`; negative where a box is inverted in one direction.
///
/// # Errors
/// Fails if the tensor is not one of boxes.
pub fn area(boxes: &Tensor) -> Result<Tensor> {
    area_of(&columns("boxes", boxes)?)
}

/// The areas that every measure of overlap is made of, of boxes paired by broadcasting.
struct Overlap {
    a: [Tensor; 4],
    b: [Tensor; 4],
    intersection: Tensor,
    union: Tensor,
}

impl Overlap {
    fn new(a: &Tensor, b: &Tensor) -> Result<Self> {
        let a = columns("the first boxes", a)?;
        let b = columns("the second boxes", b)?;
        // ReLU and not a clamp, whose gradient at zero is one: boxes that only touch pull at nothing.
        let width = a[2].f_minimum(&b[2])?.f_sub(&a[0].f_maximum(&b[0])?)?.f_relu()?;
        let height = a[3].f_minimum(&b[3])?.f_sub(&a[1].f_maximum(&b[1])?)?.f_relu()?;
        let intersection = width.f_mul(&height)?;
        let union = area_of(&a)?.f_add(&area_of(&b)?)?.f_sub(&intersection)?;
        Ok(Self { a, b, intersection, union })
    }

    fn iou(&self) -> Result<Tensor> {
        Ok(self.intersection.f_div(&self.union)?)
    }

    /// Areas of the smallest boxes around both.
    fn hull(&self) -> Result<Tensor> {
        area_of(&hull(&self.a, &self.b)?)
    }

    fn giou(&self) -> Result<Tensor> {
        let hull = self.hull()?;
        Ok(self.iou()?.f_sub(&hull.f_sub(&self.union)?.f_div(&hull)?)?)
    }
}

fn hull(a: &[Tensor; 4], b: &[Tensor; 4]) -> Result<[Tensor; 4]> {
    Ok([a[0].f_minimum(&b[0])?, a[1].f_minimum(&b[1])?, a[2].f_maximum(&b[2])?, a[3].f_maximum(&b[3])?])
}

/// Two lists of boxes `[.., n, 4]` and `[.., m, 4]` as `[.., n, 1, 4]` and `[.., 1, m, 4]`.
fn crossed(a: &Tensor, b: &Tensor) -> Result<(Tensor, Tensor)> {
    let by_column = |what: &'static str, boxes: &Tensor| -> Result<Tensor> {
        if boxes.dim() < 2 {
            return Err(Error::shape(what, boxes, "[.., n, 4]"));
        }
        // Each column in one piece, since each is read as often as the other list is long.
        Ok(boxes.f_transpose(-1, -2)?.f_contiguous()?.f_transpose(-1, -2)?)
    };
    Ok((
        by_column("the first boxes", a)?.f_unsqueeze(-2)?,
        by_column("the second boxes", b)?.f_unsqueeze(-3)?,
    ))
}

/// Intersection over union `[..]` of boxes `[.., 4]` with boxes `[.., 4]`, shapes broadcast. NaN for two
/// boxes without any area. Differentiable.
///
/// # Errors
/// Fails if the tensors are not boxes or their shapes do not go together.
pub fn paired_iou(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    Overlap::new(a, b)?.iou()
}

/// Intersection over union `[.., n, m]` of each of `[.., n, 4]` with each of `[.., m, 4]`. NaN for two boxes
/// without any area. Differentiable.
///
/// # Errors
/// Fails if the tensors are not lists of boxes or their shapes do not go together.
pub fn pairwise_iou(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (a, b) = crossed(a, b)?;
    paired_iou(&a, &b)
}

/// Generalized intersection over union `[..]` of boxes `[.., 4]` with boxes `[.., 4]`, shapes broadcast: with
/// `C` the area of [`enclosing`] and `U` of the union, `IoU - (C - U) / C`, from -1 to 1 (arXiv 1902.09630,
/// algorithm 1). NaN for two boxes without any area. Differentiable, with a gradient for boxes that do not
/// overlap, too.
///
/// # Errors
/// Fails if the tensors are not boxes or their shapes do not go together.
pub fn paired_giou(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    Overlap::new(a, b)?.giou()
}

/// Generalized intersection over union `[.., n, m]` of each of `[.., n, 4]` with each of `[.., m, 4]`; see
/// [`paired_giou`].
///
/// # Errors
/// Fails if the tensors are not lists of boxes or their shapes do not go together.
pub fn pairwise_giou(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (a, b) = crossed(a, b)?;
    paired_giou(&a, &b)
}

/// The regression loss `1 - GIoU`, `[..]`, not reduced, of boxes `[.., 4]` with boxes `[.., 4]`, shapes
/// broadcast (arXiv 1902.09630).
///
/// Other than [`paired_giou`] it adds 1e-7 to the union and to the enclosing area before it divides by them,
/// so that boxes without any area give 1 and a finite gradient in place of NaN; torchvision does the same. In
/// pixels that is nothing. In parts of a picture it is 0.1 % of a box of 3 by 3 pixels in 300 by 300, so give
/// pixels where small boxes count.
///
/// # Errors
/// Fails if the tensors are not boxes or their shapes do not go together.
pub fn giou_loss(predicted: &Tensor, truth: &Tensor) -> Result<Tensor> {
    let overlap = Overlap::new(predicted, truth)?;
    let hull = overlap.hull()?;
    let iou = overlap.intersection.f_div(&overlap.union.f_add_scalar(LOSS_EPSILON)?)?;
    let empty = hull.f_sub(&overlap.union)?.f_div(&hull.f_add_scalar(LOSS_EPSILON)?)?;
    Ok(iou.f_sub(&empty)?.f_rsub_scalar(1.0)?)
}

/// The smallest boxes `[.., 4]` around boxes `[.., 4]` and boxes `[.., 4]`, shapes broadcast.
///
/// # Errors
/// Fails if the tensors are not boxes or their shapes do not go together.
pub fn enclosing(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    joined(hull(&columns("the first boxes", a)?, &columns("the second boxes", b)?)?)
}

/// Boxes `[.., 4]` cut at the edges of a picture that reaches from 0, 0 to `width`, `height`. A box outside
/// is left without an area.
///
/// # Errors
/// Fails if the tensor is not one of boxes.
pub fn clip(boxes: &Tensor, height: f64, width: f64) -> Result<Tensor> {
    let [x1, y1, x2, y2] = columns("boxes", boxes)?;
    joined([
        x1.f_clamp(0.0, width)?,
        y1.f_clamp(0.0, height)?,
        x2.f_clamp(0.0, width)?,
        y2.f_clamp(0.0, height)?,
    ])
}

/// Boxes `[.., 4]` from `cx, cy, w, h` to `x1, y1, x2, y2`.
///
/// # Errors
/// Fails if the tensor is not one of boxes.
pub fn centre_to_corners(boxes: &Tensor) -> Result<Tensor> {
    let [x, y, width, height] = columns("boxes", boxes)?;
    let (half_width, half_height) = (width.f_mul_scalar(0.5)?, height.f_mul_scalar(0.5)?);
    joined([x.f_sub(&half_width)?, y.f_sub(&half_height)?, x.f_add(&half_width)?, y.f_add(&half_height)?])
}

/// Boxes `[.., 4]` from `x1, y1, x2, y2` to `cx, cy, w, h`.
///
/// # Errors
/// Fails if the tensor is not one of boxes.
pub fn corners_to_centre(boxes: &Tensor) -> Result<Tensor> {
    let [x1, y1, x2, y2] = columns("boxes", boxes)?;
    let centre = |low: &Tensor, high: &Tensor| low.f_add(high)?.f_mul_scalar(0.5);
    joined([centre(&x1, &x2)?, centre(&y1, &y2)?, x2.f_sub(&x1)?, y2.f_sub(&y1)?])
}

/// Boxes `[.., 4]` from `x, y, w, h` with the upper left corner, as in COCO's files, to `x1, y1, x2, y2`.
///
/// # Errors
/// Fails if the tensor is not one of boxes.
pub fn origin_to_corners(boxes: &Tensor) -> Result<Tensor> {
    let [x, y, width, height] = columns("boxes", boxes)?;
    let (right, bottom) = (x.f_add(&width)?, y.f_add(&height)?);
    joined([x, y, right, bottom])
}

/// Boxes `[.., 4]` from `x1, y1, x2, y2` to `x, y, w, h` with the upper left corner, as in COCO's files.
///
/// # Errors
/// Fails if the tensor is not one of boxes.
pub fn corners_to_origin(boxes: &Tensor) -> Result<Tensor> {
    let [x1, y1, x2, y2] = columns("boxes", boxes)?;
    let (width, height) = (x2.f_sub(&x1)?, y2.f_sub(&y1)?);
    joined([x1, y1, width, height])
}
