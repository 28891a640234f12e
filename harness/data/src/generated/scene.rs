//! What all pictures share: backdrops, colours, placement, and everything that must not matter.

use super::arithmetic::{Point, direction, sin};
use super::canvas::{Canvas, Colour, blend, hsv, luminance, shade};
use super::forms::{Figure, Form, Pose};
use super::random::Stream;
use super::textures::{Pattern, Texture, rough_noise};

/// What the suite's seed changes beside the pictures themselves: the conditions they are taken under. The
/// ranges are narrow, so that another seed is another sample of the same task and not another task.
#[derive(Clone, Copy, Debug)]
pub(super) struct World {
    /// Added to the hue of incidental colours, in turns.
    pub(super) hue: f32,
    /// Factor on sensor noise.
    pub(super) noise: f32,
    /// Factor on the strength of the lighting gradient.
    pub(super) lighting: f32,
    /// Factor on the number of things in the background.
    pub(super) clutter: f32,
}

impl World {
    pub(super) fn draw(stream: &mut Stream) -> Self {
        Self {
            hue: stream.unit(),
            noise: stream.range(0.93, 1.07),
            lighting: stream.range(0.85, 1.15),
            clutter: stream.range(0.9, 1.1),
        }
    }
}

/// How hard a task makes it to see what is in its pictures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nuisance {
    /// Depth of the lighting gradient, as a fraction of full brightness.
    pub(super) lighting: f32,
    /// Probability that a bar covers a part of the picture.
    pub(super) occlusion: f32,
    /// Standard deviation of the sensor noise, on the scale `[0, 1]`.
    pub(super) noise: f32,
    /// Largest weight of the blur kernel's neighbours.
    pub(super) blur: f32,
}

/// One picture in the making.
pub(super) struct Scene<'a> {
    pub(super) canvas: Canvas,
    pub(super) random: Stream,
    world: &'a World,
}

/// Two colours and a pattern that mixes them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    pub(super) ground: Colour,
    pub(super) figure: Colour,
    pub(super) pattern: Option<Pattern>,
}

impl Paint {
    pub(super) fn plain(colour: Colour) -> Self {
        Self { ground: colour, figure: colour, pattern: None }
    }

    pub(super) fn at(&self, p: Point) -> Colour {
        match &self.pattern {
            Some(pattern) => blend(self.ground, self.figure, pattern.at(p)),
            None => self.ground,
        }
    }
}

impl<'a> Scene<'a> {
    pub(super) fn new(side: usize, random: Stream, world: &'a World) -> Self {
        Self { canvas: Canvas::new(side), random, world }
    }

    /// Any colour that is neither very dark nor very pale.
    pub(super) fn colour(&mut self) -> Colour {
        let hue = self.random.unit() + self.world.hue;
        hsv(hue, self.random.range(0.1, 0.85), self.random.range(0.3, 0.95))
    }

    /// A colour whose brightness differs from that of `other` by at least `gap`.
    pub(super) fn colour_apart(&mut self, other: Colour, gap: f32) -> Colour {
        let bright = luminance(other);
        for _ in 0..12 {
            let colour = self.colour();
            if (luminance(colour) - bright).abs() >= gap {
                return colour;
            }
        }
        // Unlucky draws end in a gray that is certainly far enough.
        if bright > 0.5 { [bright - gap; 3] } else { [bright + gap; 3] }
    }

    /// Fills the picture with a soft backdrop and returns its mean colour.
    pub(super) fn backdrop(&mut self, clutter: f32) -> Colour {
        let first = self.colour();
        let other = self.colour();
        let second = blend(first, other, self.random.range(0.1, 0.6));
        let [dx, dy] = direction(self.random.unit());
        let scale = self.random.range(0.8, 3.5);
        let depth = self.random.range(0.0, 0.7);
        let salt = self.random.next() as u32;
        self.canvas.map(|p, _| {
            let slope = 0.5 + 0.35 * (p[0] * dx + p[1] * dy);
            let rough = rough_noise([p[0] * scale, p[1] * scale], salt) - 0.5;
            blend(first, second, (slope + 2.0 * depth * rough).clamp(0.0, 1.0))
        });
        self.clutter(clutter, 0.6);
        blend(first, second, 0.5)
    }

    /// Scatters small faint figures; `mean` is their expected number.
    pub(super) fn clutter(&mut self, mean: f32, alpha: f32) {
        const THINGS: [Figure; 5] =
            [Figure::Disc, Figure::Bar, Figure::Triangle, Figure::Square, Figure::Ell];
        let most = (2.0 * mean * self.world.clutter + 0.5).floor() as usize;
        for _ in 0..self.random.below(most + 1) {
            let form = self.random.pick(&THINGS).form();
            let centre = [self.random.range(-1.0, 1.0), self.random.range(-1.0, 1.0)];
            let pose = Pose::new(centre, self.random.range(0.06, 0.2), self.random.unit());
            let colour = self.colour();
            let alpha = self.random.range(0.4, 1.0) * alpha;
            self.canvas.draw(&form, &pose, alpha, |_| colour);
        }
    }

    /// A paint with the given texture in two colours that stand out from `behind` and from each other.
    pub(super) fn paint(&mut self, texture: Texture, frequency: f32, behind: Colour, gap: f32) -> Paint {
        let ground = self.colour_apart(behind, gap);
        if texture == Texture::Plain {
            return Paint::plain(ground);
        }
        let figure = self.colour_apart(ground, 0.3);
        let turns = self.random.unit();
        let pattern = Pattern::new(texture, frequency, turns, &mut self.random);
        Paint { ground, figure, pattern: Some(pattern) }
    }

    /// A pose near the middle: position within `shift`, scale in the range, rotation within `turns`.
    pub(super) fn pose(&mut self, shift: f32, scale: (f32, f32), turns: f32) -> Pose {
        let centre = [self.random.range(-shift, shift), self.random.range(-shift, shift)];
        let size = self.random.range(scale.0, scale.1);
        let aspect = self.random.range(0.87, 1.0);
        let scale = if self.random.chance(0.5) { [size, size * aspect] } else { [size * aspect, size] };
        Pose::stretched(centre, scale, self.random.range(-turns, turns))
    }

    /// Draws a form in one paint.
    pub(super) fn draw(&mut self, form: &Form, pose: &Pose, paint: &Paint) {
        self.canvas.draw(form, pose, 1.0, |p| paint.at(p));
    }

    /// Occlusion, light, blur and noise: what happens to a picture after its content is there.
    pub(super) fn finish(&mut self, nuisance: &Nuisance) {
        if self.random.chance(nuisance.occlusion) {
            let colour = self.colour();
            let [dx, dy] = direction(self.random.unit());
            let away = self.random.range(0.35, 0.8);
            let bar = Form::rectangle(2.0, self.random.range(0.07, 0.15));
            let pose = Pose::new([dx * away, dy * away], 1.0, self.random.unit());
            self.canvas.draw(&bar, &pose, 1.0, |_| colour);
        }
        let light = nuisance.lighting * self.world.lighting;
        let turns = self.random.unit();
        let depth = self.random.range(0.0, light);
        let level = 1.0 + self.random.range(-0.5, 0.35) * light;
        let tint = [0.0; 3].map(|_: f32| 1.0 + self.random.range(-0.25, 0.25) * light);
        let [dx, dy] = direction(turns);
        self.canvas.map(|p, colour| {
            let factor = level + depth * 0.7 * (p[0] * dx + p[1] * dy);
            let lit = shade(colour, factor);
            [lit[0] * tint[0], lit[1] * tint[1], lit[2] * tint[2]]
        });
        let blur = self.random.range(0.0, nuisance.blur);
        self.canvas.blur(blur);
        let deviation = nuisance.noise * self.world.noise * self.random.range(0.6, 1.3);
        self.canvas.add_noise(deviation, &mut self.random);
    }

    /// Adds a plane wave of the given contrast to the whole picture.
    pub(super) fn add_wave(&mut self, cycles: f32, turns: f32, phase: f32, contrast: Colour) {
        let along = direction(turns);
        self.canvas.map(|p, colour| {
            let value = sin((p[0] * along[0] + p[1] * along[1]) * cycles + phase);
            [
                colour[0] + contrast[0] * value,
                colour[1] + contrast[1] * value,
                colour[2] + contrast[2] * value,
            ]
        });
    }
}
