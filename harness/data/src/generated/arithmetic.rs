//! Arithmetic whose bits do not depend on the machine.
//!
//! The pictures are part of the identity of every result, so the generator uses only operations that IEEE 754
//! rounds in one way: `+ - * /`, square root, floor and comparisons. The platform's `sin`, `cos` and `exp` are
//! not among them; what is needed of them is a polynomial here.

/// A point or direction in the plane; x to the right, y downwards.
pub(super) type Point = [f32; 2];

/// Sine of an angle in turns (1 is a full circle), to about `1e-6`.
pub(super) fn sin(turns: f32) -> f32 {
    let t = turns - (turns + 0.5).floor();
    // Fold [-1/2, 1/2] onto [-1/4, 1/4], where the Taylor polynomial is accurate.
    let t = if t > 0.25 {
        0.5 - t
    } else if t < -0.25 {
        -0.5 - t
    } else {
        t
    };
    let s = t * t;
    t * (6.283_185_5
        + s * (-41.341_7 + s * (81.605_25 + s * (-76.705_86 + s * (42.058_693 + s * -15.094_643)))))
}

/// Cosine of an angle in turns, to about `1e-6`.
pub(super) fn cos(turns: f32) -> f32 {
    sin(turns + 0.25)
}

/// Unit vector at an angle in turns, clockwise from the x axis on the screen.
pub(super) fn direction(turns: f32) -> Point {
    [cos(turns), sin(turns)]
}

/// Length of a vector.
pub(super) fn length(p: Point) -> f32 {
    (p[0] * p[0] + p[1] * p[1]).sqrt()
}

/// `p` rotated by an angle in turns.
pub(super) fn rotated(p: Point, turns: f32) -> Point {
    let [c, s] = direction(turns);
    [c * p[0] - s * p[1], s * p[0] + c * p[1]]
}

/// Linear interpolation from `a` at 0 to `b` at 1.
pub(super) fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// 0 below `low`, 1 above `high`, smooth between.
pub(super) fn smooth(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Distance of `p` from the segment `a` to `b`.
pub(super) fn segment_distance(p: Point, a: Point, b: Point) -> f32 {
    let (px, py) = (p[0] - a[0], p[1] - a[1]);
    let (bx, by) = (b[0] - a[0], b[1] - a[1]);
    let square = bx * bx + by * by;
    let t = if square > 0.0 { ((px * bx + py * by) / square).clamp(0.0, 1.0) } else { 0.0 };
    length([px - bx * t, py - by * t])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_and_cosine_are_close_to_the_exact_ones() {
        for step in -400..=400 {
            let turns = step as f32 / 160.0;
            let radians = f64::from(turns) * std::f64::consts::TAU;
            assert!((f64::from(sin(turns)) - radians.sin()).abs() < 2e-6, "sin({turns})");
            assert!((f64::from(cos(turns)) - radians.cos()).abs() < 2e-6, "cos({turns})");
        }
    }

    #[test]
    fn a_quarter_turn_takes_right_to_down() {
        let [x, y] = rotated([1.0, 0.0], 0.25);
        assert!(x.abs() < 1e-6 && (y - 1.0).abs() < 1e-6);
    }

    #[test]
    fn distance_to_a_segment_counts_its_ends() {
        assert_eq!(segment_distance([0.0, 1.0], [-1.0, 0.0], [1.0, 0.0]), 1.0);
        assert_eq!(segment_distance([4.0, 4.0], [-1.0, 0.0], [1.0, 0.0]), 5.0);
        assert_eq!(segment_distance([3.0, 4.0], [0.0, 0.0], [0.0, 0.0]), 5.0);
    }
}
