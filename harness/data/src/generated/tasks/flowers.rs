//! `flowers`: fine differences between things of one kind.

use super::super::arithmetic::{cos, length, mix, sin};
use super::super::canvas::{blend, shade};
use super::super::forms::{Form, Pose};
use super::super::scene::{Nuisance, Scene};
use super::pairs;

const PETALS: [usize; 4] = [3, 4, 5, 7];

pub(in super::super) fn classes() -> Vec<String> {
    let shapes = ["round-plain", "round-eyed", "pointed-plain", "pointed-eyed", "notched-eyed"];
    pairs(&["three", "four", "five", "seven"], &shapes)
}

/// Radius of a flower at an angle in turns: `form` 0 has round petals, 1 pointed ones, 2 notched ones.
fn petal_radius(form: usize, petals: usize, turns: f32) -> f32 {
    let t = turns * petals as f32;
    let near = 0.5 + 0.5 * cos(t);
    match form {
        0 => mix(0.38, 1.0, near.sqrt()),
        1 => mix(0.3, 1.05, near * near),
        _ => mix(0.36, 1.0, near.sqrt()) - 0.28 * (0.5 + 0.5 * cos(2.0 * t)) * near * near,
    }
}

/// One flower from above: the number of petals, their form and the eye tell the species; colour does not.
pub(in super::super) fn draw(scene: &mut Scene<'_>, class: usize) {
    let (petals, shape) = (PETALS[class / 5], class % 5);
    let (form, eyed) = ([0, 0, 1, 1, 2][shape], [false, true, false, true, true][shape]);
    let behind = scene.backdrop(5.0);
    let colour = scene.colour_apart(behind, 0.22);
    let mut eye = scene.colour_apart(colour, 0.25);
    if !eyed {
        eye = shade(colour, 0.9);
    }
    let outline = Form::radial(petals * 8, |turns| petal_radius(form, petals, turns));
    let pose = scene.pose(0.15, (0.66, 0.9), 0.5);
    let vein = scene.random.range(0.0, 0.12);
    let core = scene.random.range(0.26, 0.34);
    scene.canvas.draw(&outline, &pose, 1.0, |p| {
        let radius = length(p);
        let lit = shade(colour, 0.8 + 0.3 * radius + vein * sin(5.0 * radius));
        blend(lit, eye, ((core - radius) * 12.0).clamp(0.0, 1.0))
    });
    if scene.random.chance(0.3) {
        // A leaf or another blossom covers a corner.
        let colour = scene.colour();
        let angle = scene.random.unit();
        let centre = pose.to_picture([1.1 * cos(angle), 1.1 * sin(angle)]);
        scene.canvas.draw(&Form::Disc, &Pose::stretched(centre, [0.3, 0.2], angle), 1.0, |_| colour);
    }
    scene.finish(&Nuisance { lighting: 0.45, occlusion: 0.0, noise: 0.05, blur: 0.1 });
}
