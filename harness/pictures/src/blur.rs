//! Gaussian blurs. There are two, and publications mean different ones.
//!
//! - SimCLR (arXiv 2002.05709) convolves with a Gaussian that is cut off at a tenth of the side; as in torchvision's
//!   `GaussianBlur`, which stands for it in PyTorch, the picture is mirrored at its edges. (SimCLR's own code in TensorFlow
//!   puts zeros there.)
//! - MoCo v2 (arXiv 2003.04297) calls PIL's `GaussianBlur`, which is three box blurs of nearly the same variance.

use multiversion::multiversion;

use crate::{raster::Raster, resize::transpose};

/// Buffers of a blur.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blur {
    bytes: Vec<u8>,
    other: Vec<u8>,
    rows: Vec<f32>,
    line: Vec<f32>,
}

impl Blur {
    /// Convolution with a Gaussian of `sigma` pixels, cut off to `taps` (an odd number), mirrored at the edges.
    ///
    /// torchvision convolves with a two-dimensional kernel in single precision. This does rows, then columns, which is the same
    /// but for rounding: now and then a value is one step of 255 away.
    pub(crate) fn convolve(&mut self, raster: &mut Raster, taps: usize, sigma: f32) {
        let (width, height) = (raster.width() as usize, raster.height() as usize);
        if raster.bytes() == 0 {
            return;
        }
        let half = taps / 2;
        let mut kernel: Vec<f32> = (0..taps)
            .map(|tap| {
                let distance = (tap as f64 - half as f64) / f64::from(sigma);
                libm::exp(-0.5 * distance * distance) as f32
            })
            .collect();
        let sum: f32 = kernel.iter().sum();
        kernel.iter_mut().for_each(|weight| *weight /= sum);
        for plane in raster.each_plane_mut() {
            self.rows.resize(width * height, 0.0);
            convolve_rows(plane, width, &kernel, &mut self.line, &mut self.rows);
            convolve_columns(&self.rows, width, &kernel, &mut self.line, plane);
        }
    }

    /// PIL's `GaussianBlur(radius)`, to the bit: three box blurs of rows, three of columns.
    pub(crate) fn boxes(&mut self, raster: &mut Raster, radius: f32) {
        let (width, height) = (raster.width() as usize, raster.height() as usize);
        let radius = box_radius(radius);
        // A blur of no reach is the identity.
        if radius == 0.0 || raster.bytes() == 0 {
            return;
        }
        self.bytes.resize(width * height, 0);
        self.other.resize(width * height, 0);
        for plane in raster.each_plane_mut() {
            // Lines beside each other are blurred at once, so first those of the rows are laid upright.
            transpose(plane, &mut self.bytes, width, height);
            for _ in 0..3 {
                box_columns(&self.bytes, &mut self.other, height, radius);
                std::mem::swap(&mut self.bytes, &mut self.other);
            }
            transpose(&self.bytes, plane, height, width);
            for _ in 0..3 {
                self.bytes.copy_from_slice(plane);
                box_columns(&self.bytes, plane, width, radius);
            }
        }
    }
}

/// Rows of `plane`, mirrored at their ends, under `kernel`.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+fma+lzcnt+movbe+popcnt"))]
fn convolve_rows(plane: &[u8], width: usize, kernel: &[f32], line: &mut Vec<f32>, rows: &mut [f32]) {
    let half = kernel.len() / 2;
    line.resize(width + 2 * half, 0.0);
    for (row, out) in plane.chunks_exact(width).zip(rows.chunks_exact_mut(width)) {
        for (place, value) in line.iter_mut().enumerate() {
            *value = f32::from(row[mirrored(place as isize - half as isize, width)]);
        }
        convolve_line(kernel, out, |tap| &line[tap..tap + width]);
    }
}

/// Columns of `rows`, mirrored at their ends, under `kernel`, rounded.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+fma+lzcnt+movbe+popcnt"))]
fn convolve_columns(rows: &[f32], width: usize, kernel: &[f32], line: &mut Vec<f32>, plane: &mut [u8]) {
    let (half, height) = (kernel.len() / 2, plane.len() / width);
    line.resize(width, 0.0);
    for (y, out) in plane.chunks_exact_mut(width).enumerate() {
        convolve_line(kernel, line, |tap| {
            let row = mirrored(y as isize + tap as isize - half as isize, height);
            &rows[row * width..(row + 1) * width]
        });
        for (value, sum) in out.iter_mut().zip(&*line) {
            *value = sum.round_ties_even() as u8;
        }
    }
}

/// The place in `0..length` that mirroring at the first and last value leads to.
#[inline(always)]
fn mirrored(place: isize, length: usize) -> usize {
    let last = length as isize - 1;
    if last == 0 {
        return 0;
    }
    let wrapped = place.rem_euclid(2 * last);
    wrapped.min(2 * last - wrapped) as usize
}

#[inline(always)]
fn convolve_line<'a>(kernel: &[f32], out: &mut [f32], input: impl Fn(usize) -> &'a [f32]) {
    out.fill(0.0);
    for (tap, weight) in kernel.iter().enumerate() {
        for (sum, value) in out.iter_mut().zip(input(tap)) {
            *sum += weight * value;
        }
    }
}

/// The radius of the box of which three passes have the variance of a Gaussian (Gwosdek and others, SSVM 2011), in single
/// precision as PIL computes it.
fn box_radius(radius: f32) -> f32 {
    let variance = radius * radius / 3.0;
    let ideal = (12.0 * f64::from(variance) + 1.0).sqrt() as f32;
    let whole = ((f64::from(ideal) - 1.0) / 2.0).floor() as f32;
    let mut rest = (2.0 * whole + 1.0) * (whole * (whole + 1.0) - 3.0 * variance);
    rest /= 6.0 * (variance - (whole + 1.0) * (whole + 1.0));
    whole + rest
}

/// One box blur down each column of `lines`, rows of `width`. What lies beyond an edge is as the edge.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+fma+lzcnt+movbe+popcnt"))]
fn box_columns(lines: &[u8], out: &mut [u8], width: usize, radius: f32) {
    let height = lines.len() / width.max(1);
    let whole = radius as usize;
    let inner = ((1 << 24) as f32 / (radius * 2.0 + 1.0)) as u32;
    let outer = ((1 << 24) - (2 * whole as u32 + 1) * inner) / 2;
    let row = |y: usize, offset: isize| {
        let row = (y as isize + offset).clamp(0, height as isize - 1) as usize;
        &lines[row * width..(row + 1) * width]
    };
    let whole = whole as isize;
    let mut sums = vec![0_u32; width];
    for offset in -whole..=whole {
        for (sum, value) in sums.iter_mut().zip(row(0, offset)) {
            *sum += u32::from(*value);
        }
    }
    for (y, out) in out.chunks_exact_mut(width).enumerate() {
        if y > 0 {
            for ((sum, new), old) in sums.iter_mut().zip(row(y, whole)).zip(row(y - 1, -whole)) {
                *sum = *sum + u32::from(*new) - u32::from(*old);
            }
        }
        let (before, after) = (row(y, -whole - 1), row(y, whole + 1));
        for (((value, sum), before), after) in out.iter_mut().zip(&sums).zip(before).zip(after) {
            let edges = u32::from(*before) + u32::from(*after);
            *value = ((sum * inner + edges * outer + (1 << 23)) >> 24) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_do_not_repeat_the_edge() {
        let places: Vec<usize> = (-5..8).map(|place| mirrored(place, 4)).collect();
        assert_eq!(places, [1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]);
        assert_eq!(mirrored(-7, 1), 0);
    }

    #[test]
    fn one_colour_stays_one_colour() {
        for (width, height) in [(1, 1), (2, 9), (30, 7)] {
            for value in [0, 1, 127, 255] {
                let whole =
                    Raster::from_planes(width, height, vec![value; (3 * width * height) as usize]).unwrap();
                for sigma in [0.1, 0.7, 2.0] {
                    let (mut one, mut other) = (whole.clone(), whole.clone());
                    Blur::default().convolve(&mut one, 23, sigma);
                    Blur::default().boxes(&mut other, sigma);
                    assert_eq!(one, whole, "{sigma}");
                    assert_eq!(other, whole, "{sigma}");
                }
            }
        }
    }
}
