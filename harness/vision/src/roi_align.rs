//! RoIAlign, plain and contextual.

use tch::{Device, Kind, Tensor};

use crate::boxes::enclosing;
use crate::error::{Error, Result, float_kind};
use crate::sampling::Axis;

/// How RoIAlign pools.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoiAlign {
    /// Rows and columns of bins that each region is divided into.
    pub output: [i64; 2],
    /// Cells of the feature map per unit of the boxes: 1/8 for boxes in pixels and a map of stride 8, the
    /// size of the map for boxes in parts of the picture.
    pub spatial_scale: f64,
    /// Samples along each axis of a bin. If it is not positive, each region has its own number: its cells per
    /// bin, rounded up.
    pub sampling_ratio: i64,
    /// Whether coordinates are those of edges, so that half a cell is subtracted to get those of the cells'
    /// middles. Without, as in the first implementations, a region also has at least one cell.
    pub aligned: bool,
}

impl RoiAlign {
    fn check(&self) -> Result<()> {
        for (what, bins) in ["rows of the output", "columns of the output"].into_iter().zip(self.output) {
            if bins < 1 {
                return Err(Error::value(format!("the number of {what}"), bins, "at least 1"));
            }
        }
        if !(self.spatial_scale.is_finite() && self.spatial_scale > 0.0) {
            return Err(Error::value("the spatial scale", self.spatial_scale, "a positive number"));
        }
        Ok(())
    }

    /// What each bin of regions `[k, 5]` is the weighted sum of: cells of `features` in the order of picture,
    /// row and column, i32 `[k * rows * columns, taps]`, and their weights, of the features' kind.
    fn bags(&self, features: &Tensor, regions: &Tensor) -> Result<[Tensor; 2]> {
        float_kind("regions", regions)?;
        let [count, 5] = regions.size()[..] else { return Err(Error::shape("regions", regions, "[k, 5]")) };
        let size = features.size();
        let (pictures, height, width) = (size[0], size[2], size[3]);
        let column = |index: i64| -> Result<Tensor> { Ok(regions.f_select(1, index)?) };

        let picture = column(0)?;
        let known = picture.f_ge(0)?.f_logical_and(&picture.f_lt(pictures)?)?;
        if known.device() == Device::Cpu && known.f_all()?.f_int64_value(&[])? == 0 {
            return Err(Error::Value {
                what: "the picture of a region".to_owned(),
                found: "one that is not there".to_owned(),
                expected: "the position of a picture in the batch",
            });
        }
        let picture = picture.f_where_self(&known, &picture.f_zeros_like()?)?.f_to_kind(Kind::Int)?;

        let edge = |index| -> Result<Tensor> {
            let offset = if self.aligned { 0.5 } else { 0.0 };
            Ok(column(index)?.f_mul_scalar(self.spatial_scale)?.f_sub_scalar(offset)?)
        };
        let taps = |low: i64, high: i64, bins: i64, cells: i64| {
            let start = edge(low)?;
            let extent = edge(high)?.f_sub(&start)?;
            let extent = if self.aligned { extent } else { extent.f_clamp_min(1)? };
            let axis = Axis { start, extent, bins, cells };
            if self.sampling_ratio > 0 { axis.fixed(self.sampling_ratio) } else { axis.adaptive() }
        };
        let rows = taps(2, 4, self.output[0], height)?;
        let columns = taps(1, 3, self.output[1], width)?;

        // [k, rows, columns, taps of a row, taps of a column]
        let across_rows = |tensor: &Tensor| tensor.f_unsqueeze(2)?.f_unsqueeze(4);
        let across_columns = |tensor: &Tensor| tensor.f_unsqueeze(1)?.f_unsqueeze(3);
        let first = picture.f_mul_scalar(height)?.f_reshape([-1, 1, 1])?;
        let cells = across_rows(&first.f_add(&rows.cells)?.f_mul_scalar(width)?)?
            .f_add(&across_columns(&columns.cells)?)?;
        let row_weights = rows.weights.f_mul(&known.f_reshape([-1, 1, 1])?)?;
        let weights = across_rows(&row_weights)?.f_mul(&across_columns(&columns.weights)?)?;
        let shape = [count * self.output[0] * self.output[1], rows.cells.size()[2] * columns.cells.size()[2]];
        Ok([cells.f_reshape(shape)?, weights.f_reshape(shape)?.f_to_kind(features.f_kind()?)?])
    }

    /// The weighted sums `[k, c, rows, columns]`.
    fn pool(&self, features: &Tensor, [cells, weights]: [Tensor; 2]) -> Result<Tensor> {
        let channels = features.size()[1];
        let (bags, taps) = cells.size2()?;
        let numbers = [("cells", features.numel() as i64 / channels), ("pairs of bin and cell", bags * taps)];
        if let Some((what, number)) = numbers.into_iter().find(|(_, number)| *number > i64::from(i32::MAX)) {
            return Err(Error::value(format!("the number of {what}"), number, "at most 2147483647"));
        }
        // The gather reads all channels of a cell at once. For features in channels-last layout this is a
        // view.
        let table = features.f_permute([0, 2, 3, 1])?.f_reshape([-1, channels])?;
        let offsets = Tensor::f_arange(bags, (Kind::Int, cells.device()))?.f_mul_scalar(taps)?;
        // The number of the mode that adds up.
        let sum = 0;
        let (pooled, ..) = Tensor::f_embedding_bag(
            &table,
            &cells.f_reshape([-1])?,
            &offsets,
            false,
            sum,
            false,
            Some(&weights.f_reshape([-1])?),
            false,
        )?;
        let [rows, columns] = self.output;
        Ok(pooled.f_reshape([-1, rows, columns, channels])?.f_permute([0, 3, 1, 2])?)
    }
}

fn check_features(features: &Tensor) -> Result<()> {
    float_kind("features", features)?;
    match features.size()[..] {
        [_, channels, height, width] if channels > 0 && height > 0 && width > 0 => Ok(()),
        _ => Err(Error::shape("features", features, "[n, c, h, w], at least one channel and one cell")),
    }
}

/// Regions `[k, 5]` for [`roi_align`] from the positions of pictures in a batch i64 `[k]` and boxes `[k, 4]`,
/// corners.
///
/// # Errors
/// Fails if the shapes do not go together.
pub fn regions(pictures: &Tensor, boxes: &Tensor) -> Result<Tensor> {
    let kind = float_kind("boxes", boxes)?;
    let [count, 4] = boxes.size()[..] else { return Err(Error::shape("boxes", boxes, "[k, 4]")) };
    if pictures.size() != [count] {
        return Err(Error::shape("the positions of pictures", pictures, format!("[{count}]")));
    }
    Ok(Tensor::f_cat(&[&pictures.f_to_kind(kind)?.f_unsqueeze(1)?, boxes], 1)?)
}

/// RoIAlign (arXiv 1703.06870, section 3): for each region `[k, 5]`, that is position of the picture, `x1,
/// y1, x2, y2`, the means of bilinear samples of the features `[n, c, h, w]` in its bins, `[k, c, rows,
/// columns]`, in channels-last layout.
///
/// Values and gradients are those of torchvision's `roi_align`, borders included: a sample up to one cell
/// outside of the middles of the border cells counts as on them, one further outside as zero. Regions of
/// negative size, which only aligned mode knows, are sampled backwards if the number of samples is fixed; if
/// it is not, they are zero (torchvision fails), as are those without extent. A region that is not finite is
/// zero. Gradients flow to the features, not to the regions.
///
/// Each output is one sum over cells with constant weights, computed as libtorch computes sums of embeddings:
/// a gather of all channels of a cell at once, without a copy of the map per region and without sorting
/// regions by picture. Beside output and gradient this needs 8 bytes (in f64 12) per bin and pair of a row and
/// a column that it samples, `k * rows * columns * (2 * sampling_ratio)²` pairs; and, unless features are in
/// channels-last layout, one copy in that layout of the map and of its gradient.
///
/// It waits for a GPU only if `sampling_ratio` is not positive. Whether pictures are there is checked on a
/// CPU only; on a GPU regions of others are zero.
///
/// # Errors
/// Fails if shapes or kinds are not those above, a region's picture is not there, or one needs more than 4096
/// samples along an axis of a bin.
pub fn roi_align(features: &Tensor, regions: &Tensor, how: &RoiAlign) -> Result<Tensor> {
    how.check()?;
    check_features(features)?;
    let bags = {
        let _guard = tch::no_grad_guard();
        how.bags(features, regions)?
    };
    how.pool(features, bags)
}

/// The contextual RoIAlign of localization-aware pruning (arXiv 1911.02237): the sum, element by element, of
/// the features pooled in a default box and in the smallest box around it and the object's. The default box
/// alone may miss too much of the object. Returns `[k, c, rows, columns]`.
///
/// `pictures` i64 `[k]` are positions in the batch, default boxes and the boxes of their objects `[k, 4]`
/// corners. Otherwise it is [`roi_align`] twice, in one pass: a sum of two weighted sums is one.
///
/// # Errors
/// Fails for the same reasons as [`roi_align`].
pub fn contextual_roi_align(
    features: &Tensor,
    pictures: &Tensor,
    default_boxes: &Tensor,
    truth_boxes: &Tensor,
    how: &RoiAlign,
) -> Result<Tensor> {
    how.check()?;
    check_features(features)?;
    let bags = {
        let _guard = tch::no_grad_guard();
        let around = enclosing(default_boxes, truth_boxes)?;
        let [cells, weights] = how.bags(features, &regions(pictures, default_boxes)?)?;
        let [more_cells, more_weights] = how.bags(features, &regions(pictures, &around)?)?;
        [Tensor::f_cat(&[cells, more_cells], 1)?, Tensor::f_cat(&[weights, more_weights], 1)?]
    };
    how.pool(features, bags)
}
