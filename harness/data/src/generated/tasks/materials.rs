//! `materials`: what a lump is made of, told by how it takes the light.

use super::super::arithmetic::{Point, length, mix, sin, smooth};
use super::super::canvas::{Colour, blend, shade};
use super::super::forms::Form;
use super::super::random::Stream;
use super::super::scene::{Nuisance, Scene};
use super::super::textures::{noise, rough_noise};
use super::names;

pub(in super::super) fn classes() -> Vec<String> {
    names(&["matte", "glossy", "metal", "velvet", "rough", "glass", "wood", "stone", "wax"])
}

/// A lump's surface, as far as its look depends on the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surface {
    base: Colour,
    behind: Colour,
    light: [f32; 3],
    salt: u32,
    grain: f32,
}

impl Surface {
    /// A surface of some colour, lit from somewhere in front.
    pub(super) fn draw(random: &mut Stream, base: Colour, behind: Colour) -> Self {
        let (x, y) = (random.range(-0.75, 0.75), random.range(-0.8, 0.3));
        let size = (x * x + y * y + 0.5).sqrt();
        let light = [x / size, y / size, 0.5f32.sqrt() / size];
        Self { base, behind, light, salt: random.next() as u32, grain: random.range(0.85, 1.25) }
    }

    /// Colour of a sphere of material `material` at a point of its unit disc.
    pub(super) fn at(&self, material: usize, p: Point) -> Colour {
        let radius = length(p).min(1.0);
        let height = (1.0 - radius * radius).max(0.0).sqrt();
        let mut normal = [p[0], p[1], height];
        if material == 4 {
            let bump = |dx: f32| noise([p[0] * 5.0 + dx, p[1] * 5.0 - dx], self.salt) - 0.5;
            normal = [normal[0] + 1.1 * bump(0.0), normal[1] + 1.1 * bump(11.0), normal[2]];
        }
        let dot = normal[0] * self.light[0] + normal[1] * self.light[1] + normal[2] * self.light[2];
        let diffuse = dot.max(0.0);
        // The mirrored light as seen from straight ahead.
        let mirrored = (2.0 * dot * normal[2] - self.light[2]).max(0.0);
        let body = shade(self.base, 0.3 + 0.75 * diffuse);
        let square = mirrored * mirrored;
        let sharp = square * square * square * square;
        let white = [1.0; 3];
        match material {
            0 | 4 => body,
            1 => blend(body, white, 0.9 * smooth(0.35, 0.8, sharp)),
            2 => {
                let band = 0.5 + 0.5 * sin(1.3 * normal[1] * self.grain + 0.9 * dot);
                blend(shade(self.base, mix(0.2, 1.15, band * band)), white, 0.6 * smooth(0.4, 0.9, sharp))
            }
            3 => {
                let rim = (1.0 - height) * (1.0 - height);
                blend(shade(self.base, 0.35 + 0.25 * diffuse), white, 0.6 * rim)
            }
            5 => {
                let rim = smooth(0.55, 1.0, radius);
                let clear = blend(self.behind, self.base, 0.25 + 0.5 * rim);
                blend(shade(clear, 1.0 - 0.35 * rim), white, smooth(0.4, 0.8, sharp))
            }
            6 => {
                let rings =
                    length([p[0] * 0.5 + 0.8, p[1] * 2.0 + 0.4 * noise([p[0] * 2.0, p[1] * 2.0], self.salt)]);
                let dark = smooth(-0.5, 0.5, sin(rings * 2.6 * self.grain));
                shade(body, mix(0.6, 1.1, dark))
            }
            7 => {
                let speck = noise([p[0] * 7.0 * self.grain, p[1] * 7.0 * self.grain], self.salt);
                shade(body, mix(0.55, 1.25, smooth(0.35, 0.65, speck)))
            }
            _ => {
                // Light that goes through: the shadow side glows and the edge is soft.
                let through = 0.62 + 0.3 * (0.5 + 0.5 * dot);
                let cloud = rough_noise([p[0] * 2.0, p[1] * 2.0], self.salt);
                blend(shade(self.base, through), white, 0.12 * cloud + 0.3 * square * height)
            }
        }
    }
}

/// A lump of one material under one lamp.
pub(in super::super) fn draw(scene: &mut Scene<'_>, class: usize) {
    let behind = scene.backdrop(4.0);
    let base = scene.colour_apart(behind, 0.1);
    let surface = Surface::draw(&mut scene.random, base, behind);
    let (a, b) = (scene.random.unit(), scene.random.unit());
    let (u, v) = (scene.random.range(0.0, 0.11), scene.random.range(0.0, 0.07));
    let outline = Form::radial(28, |t| 0.87 + u * sin(2.0 * t + a) + v * sin(3.0 * t + b));
    let pose = scene.pose(0.22, (0.55, 0.85), 0.0);
    scene.canvas.draw(&outline, &pose, 1.0, |p| surface.at(class, p));
    scene.clutter(1.5, 1.0);
    scene.finish(&Nuisance { lighting: 0.4, occlusion: 0.25, noise: 0.05, blur: 0.1 });
}
