//! The inverse cosine transform, to the bit as libjpeg's accurate integer one.
//!
//! It is the algorithm of Loeffler, Ligtenberg and Moschytz (ICASSP 1989, 11 multiplications) with constants of 13 bits; after
//! the columns two bits of fraction stay. Another order, or other constants, would round in another way.

const CONSTANT_BITS: i32 = 13;
const KEPT_BITS: i32 = 2;

/// A constant of the transform with 13 bits of fraction.
const fn fixed(value: f64) -> i32 {
    (value * (1 << CONSTANT_BITS) as f64 + 0.5) as i32
}

const SQRT_2_C6: i32 = fixed(0.541_196_100);
const SQRT_2_C6_MINUS_C2: i32 = -fixed(1.847_759_065);
const SQRT_2_C2_MINUS_C6: i32 = fixed(0.765_366_865);
const SQRT_2_C3: i32 = fixed(1.175_875_602);
const ODD_7: i32 = fixed(0.298_631_336);
const ODD_5: i32 = fixed(2.053_119_869);
const ODD_3: i32 = fixed(3.072_711_026);
const ODD_1: i32 = fixed(1.501_321_110);
const SUM_7_1: i32 = -fixed(0.899_976_223);
const SUM_5_3: i32 = -fixed(2.562_915_447);
const SUM_7_3: i32 = -fixed(1.961_570_560);
const SUM_5_1: i32 = -fixed(0.390_180_644);

/// Eight values beside each other, one of each column (or row): loops over them become vectors.
type Lanes = [i32; 8];

/// One pass over eight lines at once: `lines[i]` holds value `i` of each. What comes out is rounded by `SHIFT` bits.
#[inline(always)]
fn pass<const SHIFT: i32>(lines: &mut [Lanes; 8]) {
    // Products of damaged files may be too large; what comes of them does not matter, but must not panic.
    let input = *lines;
    for lane in 0..8 {
        let at = |line: usize| input[line][lane];
        let rotated = at(2).wrapping_add(at(6)).wrapping_mul(SQRT_2_C6);
        let even_2 = rotated.wrapping_add(at(6).wrapping_mul(SQRT_2_C6_MINUS_C2));
        let even_3 = rotated.wrapping_add(at(2).wrapping_mul(SQRT_2_C2_MINUS_C6));
        let even_0 = at(0).wrapping_add(at(4)) << CONSTANT_BITS;
        let even_1 = at(0).wrapping_sub(at(4)) << CONSTANT_BITS;
        let even = [
            even_0.wrapping_add(even_3),
            even_1.wrapping_add(even_2),
            even_1.wrapping_sub(even_2),
            even_0.wrapping_sub(even_3),
        ];

        let (sum_71, sum_53) = (at(7).wrapping_add(at(1)), at(5).wrapping_add(at(3)));
        let (sum_73, sum_51) = (at(7).wrapping_add(at(3)), at(5).wrapping_add(at(1)));
        let all = sum_73.wrapping_add(sum_51).wrapping_mul(SQRT_2_C3);
        let sum_71 = sum_71.wrapping_mul(SUM_7_1);
        let sum_53 = sum_53.wrapping_mul(SUM_5_3);
        let sum_73 = sum_73.wrapping_mul(SUM_7_3).wrapping_add(all);
        let sum_51 = sum_51.wrapping_mul(SUM_5_1).wrapping_add(all);
        let odd = [
            at(1).wrapping_mul(ODD_1).wrapping_add(sum_71).wrapping_add(sum_51),
            at(3).wrapping_mul(ODD_3).wrapping_add(sum_53).wrapping_add(sum_73),
            at(5).wrapping_mul(ODD_5).wrapping_add(sum_53).wrapping_add(sum_51),
            at(7).wrapping_mul(ODD_7).wrapping_add(sum_71).wrapping_add(sum_73),
        ];
        for i in 0..4 {
            let half = 1 << (SHIFT - 1);
            lines[i][lane] = even[i].wrapping_add(odd[i]).wrapping_add(half) >> SHIFT;
            lines[7 - i][lane] = even[i].wrapping_sub(odd[i]).wrapping_add(half) >> SHIFT;
        }
    }
}

#[inline(always)]
fn transposed(lines: &[Lanes; 8]) -> [Lanes; 8] {
    let mut out = [[0; 8]; 8];
    for (i, line) in lines.iter().enumerate() {
        for (j, value) in line.iter().enumerate() {
            out[j][i] = *value;
        }
    }
    out
}

/// Samples of a block of quantized coefficients in natural order, into eight rows of `plane` that begin at `start` and lie
/// `stride` apart. They must be there.
#[inline(always)]
pub(crate) fn block(
    coefficients: &[i16; 64],
    steps: &[u16; 64],
    plane: &mut [u8],
    start: usize,
    stride: usize,
) {
    let mut lines = [[0; 8]; 8];
    for line in 0..8 {
        for lane in 0..8 {
            lines[line][lane] =
                i32::from(coefficients[line * 8 + lane]).wrapping_mul(i32::from(steps[line * 8 + lane]));
        }
    }
    pass::<{ CONSTANT_BITS - KEPT_BITS }>(&mut lines);
    let mut lines = transposed(&lines);
    pass::<{ CONSTANT_BITS + KEPT_BITS + 3 }>(&mut lines);
    let lines = transposed(&lines);
    for (row, line) in lines.iter().enumerate() {
        let place = start + row * stride;
        if let Some(samples) = plane.get_mut(place..place + 8) {
            for (sample, value) in samples.iter_mut().zip(line) {
                *sample = (*value + 128).clamp(0, 255) as u8;
            }
        }
    }
}

/// [`block`] for one that has a first coefficient only.
#[inline(always)]
pub(crate) fn flat(coefficient: i16, step: u16, plane: &mut [u8], start: usize, stride: usize) {
    let value = i32::from(coefficient).wrapping_mul(i32::from(step)) << KEPT_BITS;
    let sample = ((value.wrapping_add(16) >> (KEPT_BITS + 3)) + 128).clamp(0, 255) as u8;
    for row in 0..8 {
        let place = start + row * stride;
        if let Some(samples) = plane.get_mut(place..place + 8) {
            samples.fill(sample);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    /// The definition, in floating point (ITU T.81, A.3.3).
    fn exact(coefficients: &[i16; 64], steps: &[u16; 64]) -> [f64; 64] {
        let mut out = [0.0; 64];
        for (place, value) in out.iter_mut().enumerate() {
            let (x, y) = ((place % 8) as f64, (place / 8) as f64);
            for v in 0..8 {
                for u in 0..8 {
                    let scale = |k: usize| if k == 0 { 0.5_f64.sqrt() } else { 1.0 };
                    let i = v * 8 + u;
                    *value += scale(u) * scale(v) / 4.0
                        * f64::from(coefficients[i])
                        * f64::from(steps[i])
                        * ((2.0 * x + 1.0) * u as f64 * PI / 16.0).cos()
                        * ((2.0 * y + 1.0) * v as f64 * PI / 16.0).cos();
                }
            }
            *value = (*value + 128.0).clamp(0.0, 255.0);
        }
        out
    }

    #[test]
    fn it_is_the_transform_up_to_rounding() {
        let mut state = 1_u32;
        for round in 0..200 {
            let mut coefficients = [0_i16; 64];
            let steps = [3_u16; 64];
            for (place, value) in coefficients.iter_mut().enumerate() {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if (state >> 28) as usize >= place / 8 + round % 4 {
                    *value = ((state >> 16 & 0xff) as i16 - 128) / (1 + place as i16 / 4);
                }
            }
            let mut plane = [0; 8 * 11 + 3];
            block(&coefficients, &steps, &mut plane, 3, 11);
            for (place, exact) in exact(&coefficients, &steps).iter().enumerate() {
                let got = f64::from(plane[3 + place / 8 * 11 + place % 8]);
                // IEEE 1180 allows one grey level anywhere.
                assert!((got - exact).abs() <= 0.6, "{got} for {exact}");
            }
        }
    }

    #[test]
    fn a_flat_block_needs_no_transform() {
        for value in -1100..1100 {
            let mut coefficients = [0; 64];
            coefficients[0] = value;
            let (mut long, mut short) = ([0; 64], [0; 64]);
            block(&coefficients, &[7; 64], &mut long, 0, 8);
            flat(value, 7, &mut short, 0, 8);
            assert_eq!(long, short);
        }
    }

    #[test]
    fn wild_coefficients_do_not_panic() {
        let mut plane = [0; 64];
        block(&[i16::MIN; 64], &[u16::MAX; 64], &mut plane, 0, 8);
        flat(i16::MIN, u16::MAX, &mut plane, 0, 8);
    }
}
