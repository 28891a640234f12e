//! Antialiased resizing, to the bit as PIL's `Image.resize` (since 2.7) on pictures of bytes.
//!
//! A convolution over rows, then one over columns, with weights of 22 bits and rounding to bytes in between. The SIMD resizers of
//! the registry do columns first and have weights of 16 bits, which gives other bytes; hence one of our own.
//!
//! Rows come first in every Pillow up to 12, which is what published numbers were made with. Pillow 13 takes the order that costs
//! less: where a picture grows in width and shrinks in height, its bytes are a step or two away from these.

use multiversion::multiversion;
use serde::{Deserialize, Serialize};

use crate::{raster::Raster, region::Region};

/// The fraction of a weight.
const WEIGHT_BITS: u32 = 22;
/// Rows that are worked on at once.
const LANES: usize = 32;

/// How values between pixels are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// Linear; a triangle over as many pixels as one becomes when it shrinks.
    #[default]
    Bilinear,
    /// Cubic with a = -1/2 (Keys 1981).
    Bicubic,
}

impl Interpolation {
    /// How far it reaches, in pixels.
    fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    fn weight(self, distance: f64) -> f64 {
        let x = distance.abs();
        match self {
            Self::Bilinear if x < 1.0 => 1.0 - x,
            Self::Bicubic if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5,
            _ => 0.0,
        }
    }
}

/// What of a resized picture is wanted, and how it is resized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resizing {
    /// Width and height that the whole would have.
    pub size: (u32, u32),
    /// The part of it that is made.
    pub window: Region,
    /// How.
    pub interpolation: Interpolation,
}

impl Resizing {
    /// The whole picture in another size.
    #[must_use]
    pub fn whole(width: u32, height: u32, interpolation: Interpolation) -> Self {
        Self { size: (width, height), window: Region::whole(width, height), interpolation }
    }

    /// The smallest part of a picture of `width` by `height` that the window depends on.
    #[must_use]
    pub fn needs(&self, width: u32, height: u32) -> Region {
        let needed = |input: u32, output: u32, start: u32, length: u32| {
            if input == output || length == 0 || output == 0 {
                return (start, length);
            }
            let support = Support::new(input, output, self.interpolation);
            let (first, _) = support.range(start);
            let (last, count) = support.range(start.saturating_add(length - 1));
            (first as u32, (last + count).saturating_sub(first) as u32)
        };
        let (left, columns) = needed(width, self.size.0, self.window.left, self.window.width);
        let (top, rows) = needed(height, self.size.1, self.window.top, self.window.height);
        Region { left, top, width: columns, height: rows }
    }
}

/// Which pixels a pixel of the output depends on.
struct Support {
    scale: f64,
    /// As `scale`, but no filter is narrower than pixels.
    filter_scale: f64,
    radius: f64,
    input: usize,
}

impl Support {
    fn new(input: u32, output: u32, interpolation: Interpolation) -> Self {
        let scale = f64::from(input) / f64::from(output);
        let filter_scale = scale.max(1.0);
        Self { scale, filter_scale, radius: interpolation.support() * filter_scale, input: input as usize }
    }

    fn center(&self, place: u32) -> f64 {
        (f64::from(place) + 0.5) * self.scale
    }

    /// First pixel and number of pixels.
    fn range(&self, place: u32) -> (usize, usize) {
        // Casts cut off below zero.
        let first = (self.center(place) - self.radius + 0.5) as usize;
        let end = ((self.center(place) + self.radius + 0.5) as usize).min(self.input);
        (first, end.saturating_sub(first))
    }
}

/// Weights of one axis.
#[derive(Clone, Debug, Default)]
struct Weights {
    /// For each output the first input, where its weights begin, and how many there are.
    spans: Vec<(usize, usize, usize)>,
    weights: Vec<i32>,
    exact: Vec<f64>,
    /// What they were made for.
    made_for: Option<(u32, u32, u32, u32, Interpolation)>,
}

impl Weights {
    /// Weights of outputs `start..start + length` out of `output` from `input` values.
    fn make(&mut self, input: u32, output: u32, start: u32, length: u32, interpolation: Interpolation) {
        let made_for = Some((input, output, start, length, interpolation));
        if self.made_for == made_for {
            return;
        }
        self.made_for = made_for;
        let support = Support::new(input, output, interpolation);
        self.spans.clear();
        self.weights.clear();
        // One multiplication by the inverse, as in PIL: a division would round in another way.
        let inverse = 1.0 / support.filter_scale;
        for place in start..start + length {
            let (first, count) = support.range(place);
            let center = support.center(place);
            self.exact.clear();
            self.exact.extend(
                (0..count).map(|i| interpolation.weight(((i + first) as f64 - center + 0.5) * inverse)),
            );
            let sum: f64 = self.exact.iter().sum();
            self.spans.push((first, self.weights.len(), count));
            self.weights.extend(self.exact.iter().map(|weight| {
                let scaled = if sum == 0.0 { *weight } else { weight / sum } * f64::from(1 << WEIGHT_BITS);
                (if scaled < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32
            }));
        }
    }

    /// First input and weights of each output.
    fn spans(&self) -> impl Iterator<Item = (usize, &[i32])> {
        self.spans.iter().map(|&(first, start, count)| (first, &self.weights[start..start + count]))
    }
}

/// A part of a picture that stands for the whole of it, of which the rest is not needed.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Its pixels.
    pub raster: &'a Raster,
    /// Width and height of the whole.
    pub whole: (u32, u32),
    /// Which column and row of the whole the raster begins with; below zero if it holds more than the whole.
    pub origin: (i32, i32),
}

impl<'a> Part<'a> {
    /// A picture of which everything is there.
    #[must_use]
    pub fn whole(raster: &'a Raster) -> Self {
        Self { raster, whole: (raster.width(), raster.height()), origin: (0, 0) }
    }
}

/// A resizer with its buffers, which are used again for the next picture.
#[derive(Clone, Debug, Default)]
pub struct Resizer {
    across: Weights,
    down: Weights,
    upright: Vec<u8>,
    narrow: Vec<u8>,
    middle: Vec<u8>,
    sums: Vec<i32>,
}

impl Resizer {
    /// Writes the window of the resized picture into `output`. The window must lie inside of the size, and `part` must hold what it
    /// [`needs`](Resizing::needs); otherwise the output is black.
    pub fn resize(&mut self, part: Part, resizing: &Resizing, output: &mut Raster) {
        let Resizing { size, window, interpolation } = *resizing;
        let input_width = part.raster.width() as usize;
        let (width, height) = (window.width as usize, window.height as usize);
        output.set_size(width, height);
        let needed = resizing.needs(part.whole.0, part.whole.1);
        // Where what is needed lies in the part.
        let place =
            |at: u32, origin: i32| usize::try_from(i64::from(at) - i64::from(origin)).unwrap_or(usize::MAX);
        let (left, top) = (place(needed.left, part.origin.0), place(needed.top, part.origin.1));
        let fits =
            |start: usize, length: u32, whole: u32| start.saturating_add(length as usize) <= whole as usize;
        if !window.fits(size.0, size.1)
            || !needed.fits(part.whole.0, part.whole.1)
            || !fits(left, needed.width, part.raster.width())
            || !fits(top, needed.height, part.raster.height())
        {
            output.each_plane_mut().into_iter().for_each(|plane| plane.fill(0));
            return;
        }
        let narrows = part.whole.0 != size.0;
        let lowers = part.whole.1 != size.1;
        if narrows {
            self.across.make(part.whole.0, size.0, window.left, window.width, interpolation);
        }
        if lowers {
            self.down.make(part.whole.1, size.1, window.top, window.height, interpolation);
        }
        let rows = needed.height as usize;
        for (plane, out) in part.raster.each_plane().into_iter().zip(output.each_plane_mut()) {
            let line = |row: usize| &plane[(top + row) * input_width + left..][..needed.width as usize];
            // What is not resized along rows still has to be cut out of them.
            let middle: &mut [u8] = if lowers {
                self.middle.resize(width * rows, 0);
                &mut self.middle
            } else {
                &mut *out
            };
            if narrows {
                for (band, target) in middle.chunks_mut(LANES * width).enumerate() {
                    let lines = std::array::from_fn(|lane| line((band * LANES + lane).min(rows - 1)));
                    let start = needed.left as usize;
                    narrow(&lines, start, &self.across, &mut self.upright, &mut self.narrow, target);
                }
            } else {
                for (row, target) in middle.chunks_exact_mut(width).enumerate() {
                    target.copy_from_slice(line(row));
                }
            }
            if lowers {
                lower(&self.middle, needed.top as usize, &self.down, &mut self.sums, width, out);
            }
        }
    }
}

/// Resizes the rows of a band. `lines` begin at the column `start` of the whole.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+fma+lzcnt+movbe+popcnt"))]
fn narrow(
    lines: &[&[u8]; LANES],
    start: usize,
    weights: &Weights,
    upright: &mut Vec<u8>,
    narrow: &mut Vec<u8>,
    out: &mut [u8],
) {
    let width = weights.spans.len();
    stand_up(lines, upright);
    narrow.resize(LANES * width.next_multiple_of(8), 0);
    for (place, (first, weights)) in narrow.as_chunks_mut::<LANES>().0.iter_mut().zip(weights.spans()) {
        blend_lanes(upright, first - start, weights, place);
    }
    lay_down(narrow, width, out);
}

/// Resizes columns. `rows` begin at the row `start` of the whole.
#[multiversion(targets("x86_64+avx+avx2+bmi1+bmi2+fma+lzcnt+movbe+popcnt"))]
fn lower(rows: &[u8], start: usize, weights: &Weights, sums: &mut Vec<i32>, width: usize, out: &mut [u8]) {
    sums.resize(width, 0);
    for ((first, weights), target) in weights.spans().zip(out.chunks_exact_mut(width)) {
        blend_rows(&rows[(first - start) * width..], weights, sums, target);
    }
}

/// Rounds a sum of weighted bytes.
#[inline(always)]
fn byte(sum: i32) -> u8 {
    (sum >> WEIGHT_BITS).clamp(0, 255) as u8
}

/// A weighted sum of columns of [`LANES`] bytes each.
#[inline(always)]
fn blend_lanes(upright: &[u8], first: usize, weights: &[i32], out: &mut [u8; LANES]) {
    let mut sums = [1 << (WEIGHT_BITS - 1); LANES];
    let columns = upright.as_chunks::<LANES>().0;
    for (column, weight) in columns[first..].iter().zip(weights) {
        for (sum, value) in sums.iter_mut().zip(column) {
            *sum += weight * i32::from(*value);
        }
    }
    for (value, sum) in out.iter_mut().zip(sums) {
        *value = byte(sum);
    }
}

/// A weighted sum of rows.
#[inline(always)]
fn blend_rows(rows: &[u8], weights: &[i32], sums: &mut [i32], out: &mut [u8]) {
    let width = out.len();
    sums.fill(1 << (WEIGHT_BITS - 1));
    for (row, weight) in rows.chunks_exact(width).zip(weights) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += weight * i32::from(*value);
        }
    }
    for (value, sum) in out.iter_mut().zip(sums) {
        *value = byte(*sum);
    }
}

/// Lays lines of bytes beside each other, so that bytes of one column are neighbours.
#[inline(always)]
fn stand_up(lines: &[&[u8]; LANES], upright: &mut Vec<u8>) {
    let width = lines[0].len();
    upright.resize(width.next_multiple_of(LANES) * LANES, 0);
    for (block, columns) in upright.as_chunks_mut::<{ LANES * LANES }>().0.iter_mut().enumerate() {
        for (eight, lines) in lines.as_chunks::<8>().0.iter().enumerate() {
            let mut words = [[0; LANES / 8]; 8];
            for (words, line) in words.iter_mut().zip(lines) {
                *words = load(line, block * LANES);
            }
            for (row, words) in transposed(words).iter().enumerate() {
                for (square, word) in words.iter().enumerate() {
                    store(columns, (square * 8 + row) * LANES + eight * 8, *word);
                }
            }
        }
    }
}

/// The inverse of [`stand_up`], for as many lines of `width` as `out` has. Of `upright` there are eight columns, or sixteen, or so on.
#[inline(always)]
fn lay_down(upright: &[u8], width: usize, out: &mut [u8]) {
    for (block, columns) in upright.as_chunks::<{ 8 * LANES }>().0.iter().enumerate() {
        let mut words = [[0; LANES / 8]; 8];
        for (words, column) in words.iter_mut().zip(columns.as_chunks::<LANES>().0) {
            *words = load(column, 0);
        }
        for (row, words) in transposed(words).iter().enumerate() {
            for (eight, word) in words.iter().enumerate() {
                let start = (eight * 8 + row) * width;
                let Some(line) = out.get_mut(start..start + width) else { break };
                store(line, block * 8, *word);
            }
        }
    }
}

/// Eight bytes each of squares beside each other: what is done to one of them is done to all in one instruction.
type Words = [u64; LANES / 8];

/// Bytes of a line from `start` on; zeros beyond its end.
#[inline(always)]
fn load(line: &[u8], start: usize) -> Words {
    let mut words = [0; LANES / 8];
    if let Some(bytes) = line.get(start..start + LANES) {
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        return words;
    }
    for (place, value) in line.get(start..).unwrap_or_default().iter().enumerate() {
        words[place / 8] |= u64::from(*value) << (place % 8 * 8);
    }
    words
}

/// Writes eight bytes from `start` on, as far as there is room.
#[inline(always)]
fn store(line: &mut [u8], start: usize, word: u64) {
    if let Some(place) = line.get_mut(start..start + 8) {
        place.copy_from_slice(&word.to_le_bytes());
        return;
    }
    for (value, byte) in line.get_mut(start..).unwrap_or_default().iter_mut().zip(word.to_le_bytes()) {
        *value = byte;
    }
}

/// Transposes squares of eight by eight bytes: halves change places, then quarters, then eighths.
#[inline(always)]
fn transposed([mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h]: [Words; 8]) -> [Words; 8] {
    const HALVES: u64 = 0x0000_0000_ffff_ffff;
    const QUARTERS: u64 = 0x0000_ffff_0000_ffff;
    const EIGHTHS: u64 = 0x00ff_00ff_00ff_00ff;
    // Written out, since words in variables stay in registers, and those in an array do not.
    exchange::<32, HALVES>(&mut a, &mut e);
    exchange::<32, HALVES>(&mut b, &mut f);
    exchange::<32, HALVES>(&mut c, &mut g);
    exchange::<32, HALVES>(&mut d, &mut h);
    exchange::<16, QUARTERS>(&mut a, &mut c);
    exchange::<16, QUARTERS>(&mut b, &mut d);
    exchange::<16, QUARTERS>(&mut e, &mut g);
    exchange::<16, QUARTERS>(&mut f, &mut h);
    exchange::<8, EIGHTHS>(&mut a, &mut b);
    exchange::<8, EIGHTHS>(&mut c, &mut d);
    exchange::<8, EIGHTHS>(&mut e, &mut f);
    exchange::<8, EIGHTHS>(&mut g, &mut h);
    [a, b, c, d, e, f, g, h]
}

/// Exchanges what `upper` has `BITS` above the mask with what `lower` has under it.
#[inline(always)]
fn exchange<const BITS: u32, const MASK: u64>(upper: &mut Words, lower: &mut Words) {
    for (upper, lower) in upper.iter_mut().zip(lower) {
        let different = (*upper >> BITS ^ *lower) & MASK;
        *lower ^= different;
        *upper ^= different << BITS;
    }
}

/// Writes columns of `input`, rows of `width`, as rows of `height` into `output`.
#[inline(always)]
pub(crate) fn transpose(input: &[u8], output: &mut [u8], width: usize, height: usize) {
    for (x, line) in output.chunks_exact_mut(height).enumerate() {
        for (y, value) in line.iter_mut().enumerate() {
            *value = input[y * width + x];
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_stand_up_and_lie_down() {
        for width in [1, 7, 8, 31, 32, 33, 64, 75] {
            let bytes: Vec<u8> = (0..LANES * width).map(|i| (i * 31 + i / 256) as u8).collect();
            let lines: Vec<&[u8]> = bytes.chunks_exact(width).collect();
            let mut upright = Vec::new();
            stand_up(lines.first_chunk().unwrap(), &mut upright);
            for (x, column) in upright.as_chunks::<LANES>().0.iter().enumerate() {
                for (lane, line) in lines.iter().enumerate() {
                    // Beyond the end there are zeros.
                    assert_eq!(column[lane], line.get(x).copied().unwrap_or(0), "{width} {x} {lane}");
                }
            }
            for rows in [1, 8, 9, LANES] {
                let mut out = vec![0; rows * width];
                lay_down(&upright, width, &mut out);
                assert_eq!(out, bytes[..rows * width]);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_black() {
        let picture = noise(9, 7);
        let whole = Resizing::whole(4, 5, Interpolation::Bicubic);
        let part = Part::whole(&picture);
        let beside = Resizing { window: Region { left: 3, ..whole.window }, ..whole };
        for (part, resizing) in [
            (part, beside),
            (part, Resizing { size: (0, 0), ..whole }),
            (Part { origin: (1, 0), ..part }, whole),
            (Part { whole: (10, 7), ..part }, whole),
            (Part { whole: (0, 0), ..part }, whole),
            (Part { origin: (0, -8), ..part }, whole),
        ] {
            let mut output = Raster::default();
            Resizer::default().resize(part, &resizing, &mut output);
            assert_eq!(output, Raster::from_planes(4, 5, vec![0; 60]).unwrap(), "{resizing:?}");
        }
        let nothing = Resizing { window: Region::whole(0, 0), ..whole };
        let mut output = Raster::default();
        Resizer::default().resize(part, &nothing, &mut output);
        assert_eq!(output.bytes(), 0);
    }

    fn noise(width: u32, height: u32) -> Raster {
        let mut state = 7_u32;
        let pixels = (0..3 * width * height).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        Raster::from_planes(width, height, pixels.collect()).unwrap()
    }

    proptest! {
        /// A window of the result is what it is in the whole result, from the pixels that it is said to need.
        #[test]
        fn windows_are_parts_of_the_whole(
            (width, height) in (1_u32..70, 1_u32..70),
            (new_width, new_height) in (1_u32..70, 1_u32..70),
            (x, y, right, bottom) in (0.0..1.0, 0.0..1.0, 0.0..1.0, 0.0..1.0),
            bicubic: bool,
        ) {
            let interpolation = if bicubic { Interpolation::Bicubic } else { Interpolation::Bilinear };
            let inside = |part: f64, length: u32| (part * f64::from(length)) as u32;
            let (left, top) = (inside(x, new_width), inside(y, new_height));
            let window = Region {
                left,
                top,
                width: 1 + inside(right, new_width - left),
                height: 1 + inside(bottom, new_height - top),
            };
            prop_assume!(window.fits(new_width, new_height));
            let picture = noise(width, height);
            let mut resizer = Resizer::default();
            let (mut whole, mut part) = (Raster::default(), Raster::default());
            resizer.resize(Part::whole(&picture), &Resizing::whole(new_width, new_height, interpolation), &mut whole);
            whole.crop(window);

            let resizing = Resizing { size: (new_width, new_height), window, interpolation };
            let needed = resizing.needs(width, height);
            prop_assert!(needed.fits(width, height));
            let mut cut = picture.clone();
            cut.crop(needed);
            let input = Part { raster: &cut, whole: (width, height), origin: (needed.left as i32, needed.top as i32) };
            resizer.resize(input, &resizing, &mut part);
            prop_assert_eq!(part, whole);
        }
    }
}
