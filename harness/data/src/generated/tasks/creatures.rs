//! `creatures`: animals put together from parts.

use super::super::arithmetic::Point;
use super::super::canvas::{Colour, shade};
use super::super::forms::{Figure, Form, Pose};
use super::super::scene::{Nuisance, Scene};

pub(in super::super) fn classes() -> Vec<String> {
    (0..24).map(|class| Parts::of(class).name()).collect()
}

/// What a species is made of.
#[derive(Clone, Copy, Debug)]
struct Parts {
    /// 0 round, 1 long, 2 tall.
    body: usize,
    /// Two legs or four.
    legs: usize,
    /// Round ears or horns.
    horned: bool,
    tailed: bool,
}

impl Parts {
    fn of(class: usize) -> Self {
        Self {
            body: class % 3,
            legs: [2, 4][class / 3 % 2],
            horned: class / 6 % 2 == 1,
            tailed: class / 12 % 2 == 1,
        }
    }

    fn name(self) -> String {
        let body = ["round", "long", "tall"][self.body];
        let ears = if self.horned { "horned" } else { "eared" };
        let tail = if self.tailed { "tailed" } else { "stub" };
        format!("{body}-{ears}-{tail}-{}", self.legs)
    }
}

/// One animal from the side, facing left or right.
pub(in super::super) fn draw(scene: &mut Scene<'_>, class: usize) {
    let parts = Parts::of(class);
    let behind = scene.backdrop(3.0);
    let colour = scene.colour_apart(behind, 0.22);
    let inner = shade(colour, scene.random.range(0.7, 0.85));
    let limbs = shade(colour, scene.random.range(0.8, 1.1));
    let pose = scene.pose(0.13, (0.68, 0.92), 0.03);
    let facing = if scene.random.chance(0.5) { 1.0 } else { -1.0 };
    let animal = Animal { pose, facing };
    let (width, height) = [(0.46, 0.42), (0.66, 0.27), (0.33, 0.56)][parts.body];
    let (width, height) = (width * scene.random.range(0.92, 1.08), height * scene.random.range(0.92, 1.08));

    let hip = 0.62 - 0.3;
    for leg in 0..parts.legs {
        let across =
            if parts.legs == 2 { [-0.5, 0.5][leg] * width } else { [-0.85, -0.35, 0.35, 0.85][leg] * width };
        let swing = scene.random.range(-0.07, 0.07);
        animal.stroke(scene, &[[across, hip - 0.1], [across + swing, 0.95]], 0.075, limbs);
    }
    if parts.tailed {
        let lift = scene.random.range(-0.15, 0.15);
        let path = [[width * 0.8, 0.1], [width + 0.22, -0.05 + lift], [width + 0.28, -0.42 + lift]];
        animal.stroke(scene, &path, 0.07, limbs);
    }
    animal.oval(scene, [0.0, 0.12], [width, height], colour);
    let head = [-width * 0.85, 0.12 - height * 0.85];
    let size = scene.random.range(0.26, 0.31);
    for side in [-1.0, 1.0] {
        let at = [head[0] + side * size * 0.62, head[1] - size * 0.8];
        if parts.horned {
            let tip = [at[0] + side * 0.08, at[1] - 0.24];
            animal.stroke(scene, &[[head[0] + side * 0.1, head[1]], tip], 0.05, inner);
        } else {
            animal.oval(scene, at, [0.14, 0.14], inner);
        }
    }
    animal.oval(scene, head, [size, size], colour);
    animal.oval(scene, [head[0] - 0.1, head[1] - 0.03], [0.055, 0.055], [0.05; 3]);
    scene.finish(&Nuisance { lighting: 0.4, occlusion: 0.0, noise: 0.045, blur: 0.08 });
}

/// Where the animal is; parts are given for one facing left.
struct Animal {
    pose: Pose,
    facing: f32,
}

impl Animal {
    fn oval(&self, scene: &mut Scene<'_>, at: Point, radii: Point, colour: Colour) {
        let centre = self.pose.to_picture([at[0] * self.facing, at[1]]);
        let scale = radii.map(|radius| radius * self.pose.smallest_scale());
        let form = Figure::Disc.form();
        scene.canvas.draw(&form, &Pose::stretched(centre, scale, 0.0), 1.0, |_| colour);
    }

    fn stroke(&self, scene: &mut Scene<'_>, path: &[Point], half: f32, colour: Colour) {
        let path = path.iter().map(|p| [p[0] * self.facing, p[1]]).collect();
        scene.canvas.draw(&Form::Strokes(vec![path], half), &self.pose, 1.0, |_| colour);
    }
}
