//! Tasks about surfaces and outlines: `textures`, `gratings` and `silhouettes`.

use super::super::canvas::blend;
use super::super::forms::Figure;
use super::super::scene::{Nuisance, Paint, Scene};
use super::super::textures::{Pattern, Texture, noise};
use super::pairs;

const TEXTURES: [Texture; 14] = [
    Texture::Stripes,
    Texture::Checks,
    Texture::Dots,
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

pub(in super::super) fn texture_classes() -> Vec<String> {
    TEXTURES.iter().map(|texture| texture.name().to_owned()).collect()
}

/// A surface that fills the picture, seen at any angle, slightly bent, in any two colours.
pub(in super::super) fn texture(scene: &mut Scene<'_>, class: usize) {
    let ground = scene.colour();
    let figure = scene.colour_apart(ground, 0.16);
    let frequency = scene.random.range(2.4, 4.6);
    let turns = scene.random.unit();
    let pattern = Pattern::new(TEXTURES[class], frequency, turns, &mut scene.random);
    let bend = scene.random.range(0.05, 0.25);
    let salt = scene.random.next() as u32;
    scene.canvas.map(|p, _| {
        let x = noise([p[0] * 1.3 + 9.0, p[1] * 1.3], salt) - 0.5;
        let y = noise([p[0] * 1.3, p[1] * 1.3 + 5.0], salt) - 0.5;
        blend(ground, figure, pattern.at([p[0] + bend * x, p[1] + bend * y]))
    });
    scene.clutter(2.0, 0.9);
    scene.finish(&Nuisance { lighting: 0.5, occlusion: 0.3, noise: 0.07, blur: 0.14 });
}

const DIRECTIONS: [&str; 4] = ["upright", "rising", "level", "falling"];

pub(in super::super) fn grating_classes() -> Vec<String> {
    pairs(&DIRECTIONS.map(|name| format!("coarse-{name}")), &DIRECTIONS.map(|name| format!("fine-{name}")))
}

/// Two weak waves over an uneven ground, a coarse one and a fine one, each in one of four directions.
pub(in super::super) fn grating(scene: &mut Scene<'_>, class: usize) {
    scene.backdrop(3.0);
    for (frequency, direction) in [(1.7, class / 4), (4.2, class % 4)] {
        let contrast = scene.random.range(0.03, 0.07);
        let tint = [0.0; 3].map(|_: f32| contrast * scene.random.range(0.5, 1.2));
        let cycles = frequency * scene.random.range(0.85, 1.18);
        let turns = 0.125 * direction as f32 + scene.random.range(-0.035, 0.035);
        let phase = scene.random.unit();
        scene.add_wave(cycles, turns, phase, tint);
    }
    scene.finish(&Nuisance { lighting: 0.4, occlusion: 0.3, noise: 0.1, blur: 0.1 });
}

const SILHOUETTES: [Figure; 16] = [
    Figure::Disc,
    Figure::Square,
    Figure::Triangle,
    Figure::Pentagon,
    Figure::Star4,
    Figure::Star5,
    Figure::Star8,
    Figure::Heart,
    Figure::Drop,
    Figure::HalfDisc,
    Figure::Gear,
    Figure::Chevron,
    Figure::Trapezium,
    Figure::Bolt,
    Figure::House,
    Figure::Bow,
];

pub(in super::super) fn silhouette_classes() -> Vec<String> {
    SILHOUETTES.iter().map(|figure| figure.name().to_owned()).collect()
}

/// One filled outline, any colour, among small distractors.
pub(in super::super) fn silhouette(scene: &mut Scene<'_>, class: usize) {
    let behind = scene.backdrop(5.0);
    let form = SILHOUETTES[class].form();
    let pose = scene.pose(0.25, (0.45, 0.72), 0.07);
    let colour = scene.colour_apart(behind, 0.15);
    scene.draw(&form, &pose, &Paint::plain(colour));
    scene.clutter(1.5, 1.0);
    scene.finish(&Nuisance { lighting: 0.5, occlusion: 0.3, noise: 0.06, blur: 0.12 });
}
