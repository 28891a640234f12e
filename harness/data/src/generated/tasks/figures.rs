//! `figures`: several objects in a picture, told by their outline, to be found and boxed.

use super::super::arithmetic::{Point, length};
use super::super::canvas::{Colour, blend};
use super::super::forms::{Figure, Pose};
use super::super::marks::{Marks, Visible};
use super::super::scene::{Nuisance, Paint, Scene};
use super::super::textures::{Pattern, Texture};
use crate::detection::Object;

/// What is to be found. None of these is among the things that backdrops are strewn with.
const FIGURES: [Figure; 6] =
    [Figure::Arrow, Figure::Crescent, Figure::Cross, Figure::Heart, Figure::Ring, Figure::Star5];
/// What is there beside and means nothing, each like one of the figures in some way.
const OTHERS: [Figure; 8] = [
    Figure::Disc,
    Figure::Square,
    Figure::Triangle,
    Figure::Pentagon,
    Figure::HalfDisc,
    Figure::Chevron,
    Figure::Trapezium,
    Figure::Bar,
];
const COVERS: [Texture; 4] = [Texture::Stripes, Texture::Dots, Texture::Checks, Texture::Blotches];

const MOST: usize = 8;
/// Radii of small, medium and large figures in the plane, where the picture's side is 2, and how often they are.
const SIZES: [(f32, f32, f32); 3] = [(0.1, 0.15, 0.35), (0.18, 0.29, 0.4), (0.34, 0.55, 0.25)];
/// Sides of squares between these sizes, over the picture's side.
pub(in super::super) const SIZE_BORDERS: [f64; 2] = [0.155, 0.3];
/// Figures keep at least this part of the sum of their radii between their middles.
const DISTANCE: f32 = 0.62;
/// A figure of which less is seen is called difficult.
const RECOGNIZABLE: f64 = 0.6;

pub(in super::super) fn classes() -> Vec<String> {
    FIGURES.iter().map(|figure| figure.name().to_owned()).collect()
}

/// A figure as it will be drawn.
pub(in super::super) struct Thing {
    class: usize,
    pose: Pose,
    paint: Paint,
}

/// One to eight figures over a busy ground, the smaller in front of the larger.
pub(in super::super) fn draw(scene: &mut Scene<'_>) -> Vec<Object> {
    let things = compose(scene);
    let mut marks = Marks::new(scene.canvas.side());
    for Thing { class, pose, paint } in &things {
        marks.begin();
        let mark = |pixel| marks.mark(pixel);
        scene.canvas.draw_and_mark(&FIGURES[*class].form(), pose, 1.0, |p| paint.at(p), mark);
    }
    scene.finish(&Nuisance { lighting: 0.4, occlusion: 0.0, noise: 0.04, blur: 0.1 });
    let seen = things.iter().zip(marks.visible());
    seen.filter_map(|(thing, visible)| {
        let Visible { corners, fraction } = visible?;
        Some(Object { difficult: fraction < RECOGNIZABLE, ..Object::new(thing.class as u16, corners) })
    })
    .collect()
}

/// Paints the ground with what means nothing, and chooses the figures, the largest first.
pub(in super::super) fn compose(scene: &mut Scene<'_>) -> Vec<Thing> {
    let behind = ground(scene);
    others(scene, behind);
    let places = places(scene);
    let thing = |(centre, radius)| {
        let class = scene.random.below(FIGURES.len());
        let paint = cover(scene, radius, behind);
        Thing { class, pose: pose(scene, centre, radius), paint }
    };
    places.into_iter().map(thing).collect()
}

impl Thing {
    /// Whether each pixel of a picture of `side` pixels belongs to the figure, if nothing is in front of it.
    #[cfg(test)]
    pub(in super::super) fn mask(&self, side: usize) -> Vec<bool> {
        let mut canvas = super::super::canvas::Canvas::new(side);
        canvas.map(|_, _| [0.0; 3]);
        canvas.draw(&FIGURES[self.class].form(), &self.pose, 1.0, |_| [1.0; 3]);
        canvas.colours().iter().map(|colour| colour[0] >= 0.5).collect()
    }
}

/// A soft backdrop, on every other picture with a faint pattern.
fn ground(scene: &mut Scene<'_>) -> Colour {
    let behind = scene.backdrop(6.0);
    if scene.random.chance(0.5) {
        let other = scene.colour();
        let strength = scene.random.range(0.1, 0.35);
        let texture = scene.random.pick(&COVERS);
        let (frequency, turns) = (scene.random.range(2.0, 6.0), scene.random.unit());
        let pattern = Pattern::new(texture, frequency, turns, &mut scene.random);
        scene.canvas.map(|p, colour| blend(colour, other, strength * pattern.at(p)));
        return blend(behind, other, 0.5 * strength);
    }
    behind
}

/// One to four things of other outlines, as large and as gaudy as the figures.
fn others(scene: &mut Scene<'_>, behind: Colour) {
    for _ in 0..1 + scene.random.below(4) {
        let form = scene.random.pick(&OTHERS).form();
        let radius = scene.random.range(0.08, 0.35);
        let centre = [scene.random.range(-1.0, 1.0), scene.random.range(-1.0, 1.0)];
        let paint = cover(scene, radius, behind);
        let pose = pose(scene, centre, radius);
        scene.draw(&form, &pose, &paint);
    }
}

/// One or two colours; a pattern only where there is room to see it.
fn cover(scene: &mut Scene<'_>, radius: f32, behind: Colour) -> Paint {
    let patterned = radius > SIZES[0].1 && scene.random.chance(0.6);
    let texture = if patterned { scene.random.pick(&COVERS) } else { Texture::Plain };
    let frequency = scene.random.range(1.6, 3.0);
    scene.paint(texture, frequency, behind, 0.24)
}

/// At a place, slightly narrowed, turned by up to a twelfth of a circle.
fn pose(scene: &mut Scene<'_>, centre: Point, radius: f32) -> Pose {
    let aspect = scene.random.range(0.87, 1.0);
    Pose::stretched(centre, [radius, radius * aspect], scene.random.range(-0.083, 0.083))
}

/// Middles and radii of the figures, the largest first. Those for which no room is found are left out; the first
/// always fits.
fn places(scene: &mut Scene<'_>) -> Vec<(Point, f32)> {
    let count = 1 + scene.random.below(MOST);
    let mut radii: Vec<f32> = (0..count).map(|_| radius(scene)).collect();
    radii.sort_by(|a, b| b.total_cmp(a));
    let mut places: Vec<(Point, f32)> = Vec::with_capacity(count);
    for radius in radii {
        // At most a tenth of the figure's width sticks out of the picture.
        let reach = 1.0 - 0.8 * radius;
        for _ in 0..40 {
            let at = [scene.random.range(-reach, reach), scene.random.range(-reach, reach)];
            let free = |&([x, y], other): &(Point, f32)| {
                length([x - at[0], y - at[1]]) >= DISTANCE * (radius + other)
            };
            if places.iter().all(free) {
                places.push((at, radius));
                break;
            }
        }
    }
    places
}

fn radius(scene: &mut Scene<'_>) -> f32 {
    let mut left = scene.random.unit();
    for (low, high, share) in SIZES {
        if left < share {
            return scene.random.range(low, high);
        }
        left -= share;
    }
    SIZES[2].1
}
