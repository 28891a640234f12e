//! From samples of components to pixels: triangle filters and colours, to the bit as libjpeg-turbo.

use multiversion::multiversion;

use super::{
    Colors,
    header::Frame,
    planes::{Plane, Planes},
};
use crate::{color::cmyk_to_rgb, raster::Raster, region::Region};

/// How samples of a component become pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    /// They are pixels.
    Same,
    /// Twice as many columns, triangle filter.
    Columns,
    /// Twice as many rows, triangle filter.
    Rows,
    /// Both.
    Both,
    /// So many columns and rows, repeated.
    Repeated(usize, usize),
}

impl Filter {
    /// libjpeg's choice: the triangle needs more than two columns, except where it is over rows only.
    fn of(frame: &Frame, index: usize) -> Self {
        let component = &frame.components[index];
        let factors = (frame.max_horizontal / component.horizontal, frame.max_vertical / component.vertical);
        let wide = frame.samples(component).0 > 2;
        match factors {
            (1, 1) => Self::Same,
            (2, 1) if wide => Self::Columns,
            (1, 2) => Self::Rows,
            (2, 2) if wide => Self::Both,
            (across, down) => Self::Repeated(across, down),
        }
    }
}

/// Rows of pixels that are being made, one for each component.
#[derive(Default)]
pub(crate) struct Rows {
    rows: [Vec<u8>; 4],
    sums: Vec<u16>,
}

/// Writes the pixels of `region` into `raster`, which has its size.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+fma+lzcnt+movbe+popcnt"))]
pub(crate) fn write(
    rows: &mut Rows,
    planes: &Planes,
    frame: &Frame,
    region: Region,
    colors: Colors,
    raster: &mut Raster,
) {
    let (left, width) = (region.left as usize, region.width as usize);
    let filters: Vec<Filter> = (0..planes.planes.len()).map(|index| Filter::of(frame, index)).collect();
    for y in 0..region.height as usize {
        // Where in its row the region begins, for each component.
        let mut starts = [0; 4];
        for (index, plane) in planes.planes.iter().enumerate() {
            let (row, columns) = (region.top as usize + y, left..left + width);
            starts[index] =
                sample_row(plane, filters[index], row, columns, &mut rows.rows[index], &mut rows.sums);
        }
        let row = |index: usize| &rows.rows[index][starts[index]..][..width];
        let [red, green, blue] = raster.each_plane_mut().map(|plane| &mut plane[y * width..][..width]);
        match colors {
            Colors::Gray => {
                red.copy_from_slice(row(0));
                green.copy_from_slice(row(0));
                blue.copy_from_slice(row(0));
            }
            Colors::Rgb => {
                red.copy_from_slice(row(0));
                green.copy_from_slice(row(1));
                blue.copy_from_slice(row(2));
            }
            Colors::YCbCr => ycc_to_rgb([row(0), row(1), row(2)], [red, green, blue]),
            Colors::Cmyk => mix([row(0), row(1), row(2)], row(3), [red, green, blue]),
            Colors::Ycck => {
                ycc_to_rgb([row(0), row(1), row(2)], [&mut *red, &mut *green, &mut *blue]);
                // What comes out is the ink that is missing.
                let inks = [&*red, &*green, &*blue]
                    .map(|line| line.iter().map(|light| 255 - light).collect::<Vec<u8>>());
                mix([&inks[0], &inks[1], &inks[2]], row(3), [red, green, blue]);
            }
        }
    }
}

/// Colours of inks. Adobe stores these inverted, and who writes JPEGs of four inks does as Adobe does.
#[inline(always)]
fn mix(inks: [&[u8]; 3], key: &[u8], [red, green, blue]: [&mut [u8]; 3]) {
    for (x, key) in key.iter().enumerate() {
        let inks = [inks[0][x], inks[1][x], inks[2][x], *key].map(|ink| 255 - ink);
        [red[x], green[x], blue[x]] = cmyk_to_rgb(inks);
    }
}

/// Makes the part of pixel row `y` that holds `columns` and tells where in `row` these begin.
#[inline(always)]
fn sample_row(
    plane: &Plane,
    filter: Filter,
    y: usize,
    columns: std::ops::Range<usize>,
    row: &mut Vec<u8>,
    sums: &mut Vec<u16>,
) -> usize {
    let (across, down) = match filter {
        Filter::Same => (1, 1),
        Filter::Columns => (2, 1),
        Filter::Rows => (1, 2),
        Filter::Both => (2, 2),
        Filter::Repeated(across, down) => (across, down),
    };
    let samples = columns.start / across..columns.end.div_ceil(across);
    let near = y / down;
    let far = if y.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(plane.extent.1 - 1) };
    let inside = samples.start - plane.left..samples.end - plane.left;
    row.resize(samples.len() * across, 0);
    match filter {
        Filter::Same => row.copy_from_slice(&plane.row(near)[inside]),
        Filter::Repeated(across, _) => {
            for (pixels, sample) in row.chunks_exact_mut(across).zip(&plane.row(near)[inside]) {
                pixels.fill(*sample);
            }
        }
        Filter::Rows => {
            // Upper rows are rounded down and lower ones up.
            let bias = if y.is_multiple_of(2) { 1 } else { 2 };
            let (near, far) = (&plane.row(near)[inside.clone()], &plane.row(far)[inside]);
            for ((pixel, near), far) in row.iter_mut().zip(near).zip(far) {
                *pixel = ((3 * u16::from(*near) + u16::from(*far) + bias) >> 2) as u8;
            }
        }
        Filter::Columns => {
            sums.resize(samples.len() + 2, 0);
            let (first, last) = neighbours(plane, &samples);
            let near = plane.row(near);
            for (sum, sample) in sums[1..].iter_mut().zip(&near[inside]) {
                *sum = u16::from(*sample);
            }
            sums[0] = u16::from(near[first]);
            sums[samples.len() + 1] = u16::from(near[last]);
            spread::<1, 2, 2>(sums, row);
        }
        Filter::Both => {
            sums.resize(samples.len() + 2, 0);
            let (first, last) = neighbours(plane, &samples);
            let (near, far) = (plane.row(near), plane.row(far));
            for ((sum, near), far) in sums[1..].iter_mut().zip(&near[inside.clone()]).zip(&far[inside]) {
                *sum = 3 * u16::from(*near) + u16::from(*far);
            }
            sums[0] = 3 * u16::from(near[first]) + u16::from(far[first]);
            sums[samples.len() + 1] = 3 * u16::from(near[last]) + u16::from(far[last]);
            spread::<8, 7, 4>(sums, row);
        }
    }
    columns.start - samples.start * across
}

/// The samples before and after some, in the plane's window. At the picture's edge these are its own first and last.
#[inline(always)]
fn neighbours(plane: &Plane, samples: &std::ops::Range<usize>) -> (usize, usize) {
    (samples.start.saturating_sub(1) - plane.left, samples.end.min(plane.extent.0 - 1) - plane.left)
}

/// Two pixels of each sample, which weighs three times as much as the one beside it.
#[inline(always)]
fn spread<const LEFT: u16, const RIGHT: u16, const SHIFT: u16>(sums: &[u16], row: &mut [u8]) {
    let triples = sums.iter().zip(&sums[1..]).zip(&sums[2..]);
    for (pixels, ((before, own), after)) in row.as_chunks_mut::<2>().0.iter_mut().zip(triples) {
        pixels[0] = ((3 * own + before + LEFT) >> SHIFT) as u8;
        pixels[1] = ((3 * own + after + RIGHT) >> SHIFT) as u8;
    }
}

/// ITU-R BT.601 over the full range with 16 bits of fraction, as JFIF says and libjpeg rounds.
#[inline(always)]
fn ycc_to_rgb(ycc: [&[u8]; 3], rgb: [&mut [u8]; 3]) {
    const HALF: i32 = 1 << 15;
    let [red, green, blue] = rgb;
    let width = ycc[0].len();
    let (luma, cb, cr) = (&ycc[0][..width], &ycc[1][..width], &ycc[2][..width]);
    let (red, green, blue) = (&mut red[..width], &mut green[..width], &mut blue[..width]);
    for x in 0..width {
        let (luma, cb, cr) = (i32::from(luma[x]), i32::from(cb[x]) - 128, i32::from(cr[x]) - 128);
        red[x] = (luma + ((91_881 * cr + HALF) >> 16)).clamp(0, 255) as u8;
        green[x] = (luma + ((-22_554 * cb - 46_802 * cr + HALF) >> 16)).clamp(0, 255) as u8;
        blue[x] = (luma + ((116_130 * cb + HALF) >> 16)).clamp(0, 255) as u8;
    }
}
