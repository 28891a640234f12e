//! Tasks about where things are: `counts`, `orientation` and `relations`.

use super::super::arithmetic::{Point, direction, length};
use super::super::canvas::Colour;
use super::super::forms::{Figure, Form, Pose};
use super::super::scene::{Nuisance, Paint, Scene};
use super::super::textures::Texture;
use super::names;

pub(in super::super) fn count_classes() -> Vec<String> {
    names(&["one", "two", "three", "four", "five", "six"])
}

/// `count` places that keep `gap` from each other and stay inside.
pub(super) fn places(scene: &mut Scene<'_>, count: usize, gap: f32, reach: f32) -> Vec<Point> {
    let mut places: Vec<Point> = Vec::with_capacity(count);
    let mut needed = gap;
    while places.len() < count {
        let at = [scene.random.range(-reach, reach), scene.random.range(-reach, reach)];
        if places.iter().all(|q| length([q[0] - at[0], q[1] - at[1]]) >= needed) {
            places.push(at);
        } else {
            // Slowly give way, so that an unlucky start cannot go on for ever.
            needed *= 0.995;
        }
    }
    places
}

/// A number of separate things, each of any figure, all of one colour family.
pub(in super::super) fn count(scene: &mut Scene<'_>, class: usize) {
    const THINGS: [Figure; 6] =
        [Figure::Disc, Figure::Square, Figure::Triangle, Figure::Heart, Figure::Star5, Figure::Oval];
    let behind = scene.backdrop(1.0);
    let figure = scene.random.pick(&THINGS);
    let mixed = scene.random.chance(0.5);
    let places = places(scene, class + 1, 0.62, 0.72);
    let size = scene.random.range(0.19, 0.28);
    let base = scene.colour_apart(behind, 0.2);
    for centre in places {
        let figure = if mixed { scene.random.pick(&THINGS) } else { figure };
        let scale = size * scene.random.range(0.85, 1.15);
        let pose = Pose::new(centre, scale, scene.random.unit());
        let colour = base.map(|value| value * scene.random.range(0.9, 1.1));
        scene.draw(&figure.form(), &pose, &Paint::plain(colour));
    }
    scene.finish(&Nuisance { lighting: 0.4, occlusion: 0.0, noise: 0.06, blur: 0.1 });
}

pub(in super::super) fn orientation_classes() -> Vec<String> {
    names(&["north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"])
}

/// Things with a front, pointing to one of eight directions.
pub(in super::super) fn orientation(scene: &mut Scene<'_>, class: usize) {
    const POINTERS: [Figure; 6] =
        [Figure::Arrow, Figure::Drop, Figure::Chevron, Figure::House, Figure::Heart, Figure::Trapezium];
    let behind = scene.backdrop(3.0);
    let figure = scene.random.pick(&POINTERS);
    let turns = 0.125 * class as f32 + scene.random.range(-0.045, 0.045);
    // A heart's tip is its front, and it is drawn tip down.
    let turns = if figure == Figure::Heart { turns + 0.5 } else { turns };
    let centre = [scene.random.range(-0.3, 0.3), scene.random.range(-0.3, 0.3)];
    let size = scene.random.range(0.38, 0.62);
    let pose = Pose::stretched(centre, [size * scene.random.range(0.7, 0.95), size], turns);
    let paint = scene.paint(Texture::Plain, 1.0, behind, 0.17);
    scene.draw(&figure.form(), &pose, &paint);
    scene.clutter(1.0, 0.8);
    scene.finish(&Nuisance { lighting: 0.5, occlusion: 0.25, noise: 0.07, blur: 0.12 });
}

pub(in super::super) fn relation_classes() -> Vec<String> {
    names(&["inside", "left-of", "right-of", "above", "below", "overlapping", "apart-twins"])
}

/// A hollow thing and a solid thing; the class is where the solid one is. In the last class both are hollow.
pub(in super::super) fn relation(scene: &mut Scene<'_>, class: usize) {
    const THINGS: [Figure; 5] =
        [Figure::Disc, Figure::Square, Figure::Triangle, Figure::Hexagon, Figure::Pentagon];
    let behind = scene.backdrop(2.0);
    let frame = scene.random.pick(&THINGS).form().outlined(0.13);
    let twin = scene.random.pick(&THINGS).form().outlined(0.17);
    let solid = scene.random.pick(&THINGS).form();
    let (first, second) = (scene.colour_apart(behind, 0.2), scene.colour_apart(behind, 0.2));
    let large = scene.random.range(0.38, 0.5);
    let small = large * if class == 0 { 0.36 } else { scene.random.range(0.4, 0.8) };
    let gap = large + small + 0.06;
    let wander = 0.055;
    let turns = match class {
        1 => 0.5,
        2 => 0.0,
        3 => 0.75,
        4 => 0.25,
        _ => scene.random.unit(),
    } + scene.random.range(-wander, wander);
    let away = match class {
        0 => scene.random.range(0.0, 0.1),
        5 => large * scene.random.range(0.75, 1.0),
        _ => gap * scene.random.range(1.0, 1.15),
    };
    let [dx, dy] = direction(turns);
    let jitter: Point = [scene.random.range(-0.14, 0.14), scene.random.range(-0.14, 0.14)];
    let frame_at = [jitter[0] - 0.5 * away * dx, jitter[1] - 0.5 * away * dy];
    let solid_at = [frame_at[0] + away * dx, frame_at[1] + away * dy];
    place(scene, &frame, frame_at, large, first);
    let other = if class == 6 { &twin } else { &solid };
    place(scene, other, solid_at, small, second);
    scene.finish(&Nuisance { lighting: 0.45, occlusion: 0.2, noise: 0.075, blur: 0.12 });
}

fn place(scene: &mut Scene<'_>, form: &Form, centre: Point, scale: f32, colour: Colour) {
    let pose = Pose::new(centre, scale, scene.random.unit());
    scene.draw(form, &pose, &Paint::plain(colour));
}
