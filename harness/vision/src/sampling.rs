//! Where RoIAlign looks along one axis.
//!
//! Bilinear interpolation is separable: what a sample weighs a cell is the product of what its row weighs the
//! cell's row and its column the cell's column. So is the mean over the regular grid of samples in a bin, and
//! the rule that samples too far outside count nothing. Each axis can therefore be reduced to few weighted
//! cells per bin.

use tch::{Kind, Tensor};

use crate::error::{Error, Result};

/// Samples along one axis of a bin beyond which a region is refused.
const MOST_SAMPLES: f64 = 4096.0;

/// Distances between samples and cells that are computed at once.
const DISTANCES_AT_ONCE: i64 = 1 << 22;

/// The regions' extents along one axis, in cells.
pub(crate) struct Axis {
    /// Where regions begin, `[k]`. Zero is the middle of the first cell.
    pub(crate) start: Tensor,
    /// How long they are, `[k]`.
    pub(crate) extent: Tensor,
    /// Bins per region.
    pub(crate) bins: i64,
    /// Cells of the feature map.
    pub(crate) cells: i64,
}

/// What each bin is the weighted sum of.
pub(crate) struct Taps {
    /// Cells, i32 `[k, bins, taps]`.
    pub(crate) cells: Tensor,
    /// Their weights `[k, bins, taps]`, in the kind of the regions.
    pub(crate) weights: Tensor,
}

impl Axis {
    /// Taps for the same number of samples in each bin: two for each sample. Never waits for a GPU.
    pub(crate) fn fixed(&self, samples: i64) -> Result<Taps> {
        let counts = self.start.f_full_like(samples)?;
        let positions = self.positions(&counts, 0, samples)?;
        let inside = self.inside(&positions)?;
        let positions = self.held(&positions, &inside)?;
        let low = positions.f_floor()?;
        let part = positions.f_sub(&low)?;
        let weights = Tensor::f_stack(&[part.f_rsub_scalar(1.0)?, part], -1)?
            .f_div_scalar(samples)?
            .f_mul(&inside.f_unsqueeze(-1)?)?;
        let high = low.f_add_scalar(1.0)?.f_clamp_max(self.cells - 1)?;
        let cells = Tensor::f_stack(&[low, high], -1)?.f_to_kind(Kind::Int)?;
        Ok(Taps { cells: cells.f_flatten(2, 3)?, weights: weights.f_flatten(2, 3)? })
    }

    /// Taps for as many samples in each bin as it has cells, rounded up; none for regions that are not longer
    /// than nothing. The taps of a bin are neighbours, as many as the longest bin of all regions needs. How
    /// many these are has to be known here, so this waits for a GPU.
    pub(crate) fn adaptive(&self) -> Result<Taps> {
        // Regions that are not finite have no samples.
        let counts =
            self.extent.f_div_scalar(self.bins)?.f_ceil()?.f_nan_to_num(0.0, 0.0, 0.0)?.f_clamp_min(0)?;
        let divisors = counts.f_clamp_min(1)?;
        let cell = |offset: &Tensor| -> Result<Tensor> {
            let positions = self.sample(offset, &divisors)?;
            Ok(self.held(&positions, &positions.f_isfinite()?)?.f_floor()?)
        };
        let last = divisors.f_sub_scalar(1.0)?.f_reshape([-1, 1, 1])?;
        let first_cells = cell(&last.f_zeros_like()?)?;
        let last_cells = cell(&last)?.f_add_scalar(1.0)?.f_clamp_max(self.cells - 1)?;
        let spans = last_cells.f_sub(&first_cells)?.f_add_scalar(1.0)?;
        let [most, taps] = match self.start.size()[0] {
            0 => [0.0, 0.0],
            _ => {
                let largest = Tensor::f_stack(&[counts.f_max()?, spans.f_max()?], 0)?;
                let largest = Vec::<f64>::try_from(&largest)?;
                [largest[0], largest[1]]
            }
        };
        if most > MOST_SAMPLES {
            let what = "the number of samples that the largest region needs along one axis of a bin";
            return Err(Error::value(what, most, "at most 4096; clip boxes to the picture"));
        }
        let (kind, device) = (self.start.f_kind()?, self.start.device());
        let cells = first_cells.f_add(&Tensor::f_arange(taps as i64, (kind, device))?)?;
        let mut weights = cells.f_zeros_like()?;
        let samples_at_once = (DISTANCES_AT_ONCE / (cells.numel() as i64).max(1)).max(1);
        for start in (0..most as i64).step_by(samples_at_once as usize) {
            let end = (start + samples_at_once).min(most as i64);
            let positions = self.positions(&divisors, start, end)?;
            let index = Tensor::f_arange_start(start, end, (kind, device))?;
            let counted = index.f_lt_tensor(&counts.f_reshape([-1, 1, 1])?)?;
            let inside = self.inside(&positions)?.f_logical_and(&counted)?;
            // What a sample weighs a cell falls from one to zero with the distance from it.
            let distances = self.held(&positions, &inside)?.f_unsqueeze(-1)?.f_sub(&cells.f_unsqueeze(2)?)?;
            let near = distances.f_abs()?.f_rsub_scalar(1.0)?.f_relu()?.f_mul(&inside.f_unsqueeze(-1)?)?;
            weights = weights.f_add(&near.f_sum_dim_intlist(2, false, None)?)?;
        }
        let weights = weights.f_div(&divisors.f_reshape([-1, 1, 1])?)?;
        // Behind the last cell all weights are zero.
        let cells = cells.f_clamp_max(self.cells - 1)?.f_to_kind(Kind::Int)?;
        Ok(Taps { cells, weights })
    }

    /// Positions `[k, bins, end - start]` of some of the samples, of which region `k` has `counts[k]` in each
    /// bin.
    fn positions(&self, counts: &Tensor, start: i64, end: i64) -> Result<Tensor> {
        let options = (self.start.f_kind()?, self.start.device());
        self.sample(&Tensor::f_arange_start(start, end, options)?, counts)
    }

    /// Positions of the samples with these numbers, which broadcast with `[k, bins, 1]`. In the order of
    /// torchvision's operations: for samples on a border the last bit counts.
    fn sample(&self, number: &Tensor, counts: &Tensor) -> Result<Tensor> {
        let options = (self.start.f_kind()?, self.start.device());
        let bin = self.extent.f_div_scalar(self.bins)?.f_unsqueeze(1)?;
        let bins = Tensor::f_arange(self.bins, options)?;
        let starts = self.start.f_unsqueeze(1)?.f_add(&bins.f_mul(&bin)?)?.f_unsqueeze(-1)?;
        let offsets = number.f_add_scalar(0.5)?.f_mul(&bin.f_unsqueeze(-1)?)?;
        Ok(starts.f_add(&offsets.f_div(&counts.f_reshape([-1, 1, 1])?)?)?)
    }

    /// Which samples count: those less than one cell outside, the border included. NaN does not.
    fn inside(&self, positions: &Tensor) -> Result<Tensor> {
        Ok(positions.f_ge(-1)?.f_logical_and(&positions.f_le(self.cells)?)?)
    }

    /// Positions between the middles of the first and the last cell; those that do not count are somewhere
    /// there.
    fn held(&self, positions: &Tensor, counted: &Tensor) -> Result<Tensor> {
        Ok(positions.f_where_self(counted, &positions.f_zeros_like()?)?.f_clamp(0, self.cells - 1)?)
    }
}
