//! What an SSD's regression head predicts: boxes as offsets from default boxes.

use tch::Tensor;

use crate::boxes::{centre_to_corners, check_boxes, corners_to_centre};
use crate::error::Result;

/// Codes boxes as offsets from default boxes (arXiv 1512.02325, equation 2): the distance of the centres in
/// sizes of the default box, and the logarithm of the ratio of the sizes, each divided by its *variance*, as
/// in the original implementation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoxCoder {
    /// Divides the distances of centres.
    pub centre_variance: f64,
    /// Divides the logarithms of sizes.
    pub size_variance: f64,
}

/// The variances of the original SSD.
impl Default for BoxCoder {
    fn default() -> Self {
        Self { centre_variance: 0.1, size_variance: 0.2 }
    }
}

impl BoxCoder {
    /// Offsets `[.., 4]` of boxes `[.., 4]`, corners, from default boxes `[.., 4]`, centre form, shapes
    /// broadcast. A box without extent has none that are finite.
    ///
    /// # Errors
    /// Fails if the tensors are not boxes or their shapes do not go together.
    pub fn encode(&self, boxes: &Tensor, defaults: &Tensor) -> Result<Tensor> {
        let [centre, size] = halves("boxes", &corners_to_centre(boxes)?)?;
        let [default_centre, default_size] = halves("default boxes", defaults)?;
        let centre =
            centre.f_sub(&default_centre)?.f_div(&default_size)?.f_div_scalar(self.centre_variance)?;
        let size = size.f_div(&default_size)?.f_log()?.f_div_scalar(self.size_variance)?;
        Ok(Tensor::f_cat(&[centre, size], -1)?)
    }

    /// Boxes `[.., 4]`, corners, at offsets `[.., 4]` from default boxes `[.., 4]`, centre form, shapes
    /// broadcast. The inverse of [`BoxCoder::encode`]. Differentiable.
    ///
    /// # Errors
    /// Fails if the tensors are not boxes or their shapes do not go together.
    pub fn decode(&self, offsets: &Tensor, defaults: &Tensor) -> Result<Tensor> {
        let [centre, size] = halves("offsets", offsets)?;
        let [default_centre, default_size] = halves("default boxes", defaults)?;
        let centre =
            centre.f_mul_scalar(self.centre_variance)?.f_mul(&default_size)?.f_add(&default_centre)?;
        let size = size.f_mul_scalar(self.size_variance)?.f_exp()?.f_mul(&default_size)?;
        centre_to_corners(&Tensor::f_cat(&[centre, size], -1)?)
    }
}

/// The first two columns and the last two of boxes or offsets.
fn halves(what: &'static str, tensor: &Tensor) -> Result<[Tensor; 2]> {
    check_boxes(what, tensor)?;
    Ok([tensor.f_narrow(-1, 0, 2)?, tensor.f_narrow(-1, 2, 2)?])
}
