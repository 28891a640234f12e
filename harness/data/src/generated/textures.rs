//! Patterns: functions from the plane to `[0, 1]`.

use super::arithmetic::{Point, direction, length, mix, sin, smooth};
use super::random::{Stream, lattice_hash};

/// The kinds of pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Texture {
    Plain,
    Stripes,
    Checks,
    Dots,
    Rings,
    Zigzag,
    Bricks,
    Cells,
    Blotches,
    Weave,
    Fibres,
    Waves,
    Grid,
    Marble,
    Scales,
    Crosses,
}

impl Texture {
    /// The name used in class names.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Stripes => "stripes",
            Self::Checks => "checks",
            Self::Dots => "dots",
            Self::Rings => "rings",
            Self::Zigzag => "zigzag",
            Self::Bricks => "bricks",
            Self::Cells => "cells",
            Self::Blotches => "blotches",
            Self::Weave => "weave",
            Self::Fibres => "fibres",
            Self::Waves => "waves",
            Self::Grid => "grid",
            Self::Marble => "marble",
            Self::Scales => "scales",
            Self::Crosses => "crosses",
        }
    }
}

/// A texture placed in the plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pattern {
    texture: Texture,
    /// Periods per unit of length.
    frequency: f32,
    /// Unit vector that turns the picture's axes into the pattern's.
    along: Point,
    shift: Point,
    salt: u32,
}

impl Pattern {
    /// A pattern of the given frequency (periods per unit of length) and angle, at a random place.
    pub(super) fn new(texture: Texture, frequency: f32, turns: f32, stream: &mut Stream) -> Self {
        let shift = [stream.range(-1.0, 1.0), stream.range(-1.0, 1.0)];
        Self { texture, frequency, along: direction(-turns), shift, salt: stream.next() as u32 }
    }

    /// Value in `[0, 1]`: 0 is the ground and 1 the figure.
    pub(super) fn at(&self, p: Point) -> f32 {
        let [c, s] = self.along;
        let [x, y] = [c * p[0] - s * p[1], s * p[0] + c * p[1]];
        let (x, y) = (x * self.frequency + self.shift[0], y * self.frequency + self.shift[1]);
        let fraction = |v: f32| v - v.floor();
        let odd = |v: f32| ((v.floor() as i32) & 1) as f32;
        match self.texture {
            Texture::Plain => 0.0,
            Texture::Stripes => smooth(-0.4, 0.4, sin(x)),
            Texture::Checks => smooth(-0.2, 0.2, sin(x * 0.7) * sin(y * 0.7)),
            Texture::Dots => smooth(0.36, 0.26, length([fraction(x) - 0.5, fraction(y) - 0.5])),
            Texture::Rings => {
                // Rings around the origin of the object, not around the random shift.
                smooth(-0.4, 0.4, sin(length([p[0], p[1]]) * self.frequency + self.shift[0]))
            }
            Texture::Zigzag => smooth(-0.4, 0.4, sin(y + 0.8 * (fraction(x * 0.5) - 0.5).abs() * 2.0)),
            Texture::Bricks => {
                let along = fraction(0.5 * x + 0.5 * odd(y)) * 2.0;
                let gap = along.min(2.0 - along).min(fraction(y).min(1.0 - fraction(y)));
                smooth(0.2, 0.06, gap)
            }
            Texture::Cells => smooth(0.3, 0.05, worley_gap([x, y], self.salt)),
            Texture::Blotches => smooth(0.44, 0.56, noise([x, y], self.salt)),
            Texture::Weave => {
                let over = odd(x) == odd(y);
                let across = if over { fraction(y) } else { fraction(x) };
                smooth(0.5, 0.2, (across - 0.5).abs()) * if over { 1.0 } else { 0.45 }
            }
            Texture::Fibres => smooth(0.4, 0.6, noise([x * 2.2, y * 0.25], self.salt)),
            Texture::Waves => smooth(-0.4, 0.4, sin(y + 0.3 * sin(x * 0.8))),
            Texture::Grid => {
                let line = (fraction(x) - 0.5).abs().min((fraction(y) - 0.5).abs());
                smooth(0.22, 0.1, line)
            }
            Texture::Marble => smooth(-0.6, 0.6, sin(0.8 * x + 1.6 * noise([x * 0.7, y * 0.7], self.salt))),
            Texture::Scales => {
                let row = y.floor();
                let place = [fraction(x + 0.5 * odd(row)) - 0.5, fraction(y)];
                smooth(0.12, 0.02, (length(place) - 0.55).abs())
            }
            Texture::Crosses => {
                let (u, v) = ((fraction(x) - 0.5).abs(), (fraction(y) - 0.5).abs());
                smooth(0.16, 0.06, u.min(v)) * smooth(0.42, 0.34, u.max(v))
            }
        }
    }
}

/// Value noise in `[0, 1]` with one lattice point per unit of length.
pub(super) fn noise(p: Point, salt: u32) -> f32 {
    let (cx, cy) = (p[0].floor(), p[1].floor());
    let (x, y) = (cx as i32, cy as i32);
    let corner = |dx, dy| (lattice_hash(x + dx, y + dy, salt) >> 8) as f32 * (1.0 / 16_777_216.0);
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (u, v) = (ease(p[0] - cx), ease(p[1] - cy));
    mix(mix(corner(0, 0), corner(1, 0), u), mix(corner(0, 1), corner(1, 1), u), v)
}

/// Two octaves of value noise, in `[0, 1]`.
pub(super) fn rough_noise(p: Point, salt: u32) -> f32 {
    let fine = noise([p[0] * 2.1 + 7.3, p[1] * 2.1 - 3.1], salt ^ 0x9e37_79b9);
    noise(p, salt) * 0.65 + fine * 0.35
}

/// Distance to the second nearest minus distance to the nearest of one random point per unit cell.
fn worley_gap(p: Point, salt: u32) -> f32 {
    let (cx, cy) = (p[0].floor(), p[1].floor());
    let (mut nearest, mut second) = (f32::MAX, f32::MAX);
    for dy in -1..=1 {
        for dx in -1..=1 {
            let hash = lattice_hash(cx as i32 + dx, cy as i32 + dy, salt);
            let jitter = |bits: u32| (bits & 0xffff) as f32 * (0.8 / 65_536.0) + 0.1;
            let site = [cx + dx as f32 + jitter(hash), cy + dy as f32 + jitter(hash >> 16)];
            let distance = length([p[0] - site[0], p[1] - site[1]]);
            if distance < nearest {
                second = nearest;
                nearest = distance;
            } else if distance < second {
                second = distance;
            }
        }
    }
    second - nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Texture; 15] = [
        Texture::Stripes,
        Texture::Checks,
        Texture::Dots,
        Texture::Rings,
        Texture::Zigzag,
        Texture::Bricks,
        Texture::Cells,
        Texture::Blotches,
        Texture::Weave,
        Texture::Fibres,
        Texture::Waves,
        Texture::Grid,
        Texture::Marble,
        Texture::Scales,
        Texture::Crosses,
    ];

    #[test]
    fn every_pattern_uses_its_whole_range() {
        let mut stream = Stream::new("patterns", &[]);
        for texture in ALL {
            let pattern = Pattern::new(texture, 3.0, 0.07, &mut stream);
            let values: Vec<f32> = (0..2500)
                .map(|k| pattern.at([(k % 50) as f32 / 25.0 - 1.0, (k / 50) as f32 / 25.0 - 1.0]))
                .collect();
            assert!(values.iter().all(|v| (0.0..=1.0).contains(v)), "{texture:?}");
            let covered = values.iter().sum::<f32>() / values.len() as f32;
            assert!((0.08..0.92).contains(&covered), "{texture:?} covers {covered}");
        }
    }
}
