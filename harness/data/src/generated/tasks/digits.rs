//! `digits`: the ten digits, written with a pen and photographed badly.

use super::super::arithmetic::Point;
use super::super::forms::{Form, Pose, arc};
use super::super::scene::{Nuisance, Paint, Scene};
use super::names;

pub(in super::super) fn classes() -> Vec<String> {
    names(&["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
}

/// The strokes of a digit in a box of half width 0.6 and half height 1.
fn strokes(digit: usize) -> Vec<Vec<Point>> {
    match digit {
        0 => vec![arc([0.0, 0.0], [0.58, 0.95], 0.0, 1.0, 14)],
        1 => vec![vec![[-0.35, -0.6], [0.05, -0.95], [0.05, 0.95]]],
        2 => {
            let mut path = arc([0.0, -0.42], [0.55, 0.53], 0.52, 1.08, 9);
            path.extend([[-0.55, 0.95], [0.6, 0.95]]);
            vec![path]
        }
        3 => vec![
            arc([-0.05, -0.48], [0.55, 0.47], 0.57, 1.25, 9),
            arc([-0.05, 0.46], [0.62, 0.5], 0.75, 1.43, 9),
        ],
        4 => vec![vec![[0.2, -0.95], [-0.6, 0.35], [0.62, 0.35]], vec![[0.28, -0.2], [0.28, 0.95]]],
        5 => {
            let mut path = vec![[0.52, -0.95], [-0.42, -0.95], [-0.5, -0.1]];
            path.extend(arc([-0.02, 0.35], [0.58, 0.58], 0.65, 1.4, 9));
            vec![path]
        }
        6 => vec![
            vec![[0.4, -0.95], [-0.1, -0.6], [-0.45, -0.05], [-0.55, 0.4]],
            arc([0.0, 0.42], [0.55, 0.52], 0.0, 1.0, 12),
        ],
        7 => vec![vec![[-0.58, -0.95], [0.58, -0.95], [-0.1, 0.95]]],
        8 => vec![arc([0.0, -0.48], [0.45, 0.46], 0.0, 1.0, 12), arc([0.0, 0.46], [0.56, 0.5], 0.0, 1.0, 12)],
        _ => {
            vec![arc([0.0, -0.42], [0.54, 0.52], 0.0, 1.0, 12), vec![[0.54, -0.42], [0.5, 0.2], [0.15, 0.95]]]
        }
    }
}

/// Moves every point of the strokes a little, and leans the whole.
fn written(scene: &mut Scene<'_>, digit: usize, wobble: f32) -> Vec<Vec<Point>> {
    let lean = scene.random.range(-0.25, 0.25);
    let width = scene.random.range(0.75, 1.1);
    let mut paths = strokes(digit);
    for point in paths.iter_mut().flatten() {
        let [x, y] = *point;
        let jitter = [scene.random.range(-wobble, wobble), scene.random.range(-wobble, wobble)];
        *point = [x * width - lean * y + jitter[0], y + jitter[1]];
    }
    paths
}

/// One digit in the middle, parts of others at the sides as on a house number.
pub(in super::super) fn draw(scene: &mut Scene<'_>, class: usize) {
    let behind = scene.backdrop(2.0);
    let ink = scene.colour_apart(behind, 0.17);
    let half = scene.random.range(0.08, 0.17);
    let scale = scene.random.range(0.42, 0.66);
    let centre = [scene.random.range(-0.2, 0.2), scene.random.range(-0.2, 0.2)];
    let turns = scene.random.range(-0.05, 0.05);
    for side in [-1.0, 1.0] {
        if scene.random.chance(0.5) {
            let neighbour = scene.random.below(10);
            let paths = written(scene, neighbour, 0.05);
            let away = side * scale * scene.random.range(1.6, 2.0);
            let pose = Pose::new([centre[0] + away, centre[1]], scale, turns);
            scene.draw(&Form::Strokes(paths, half), &pose, &Paint::plain(ink));
        }
    }
    let paths = written(scene, class, 0.07);
    scene.draw(&Form::Strokes(paths, half), &Pose::new(centre, scale, turns), &Paint::plain(ink));
    scene.finish(&Nuisance { lighting: 0.5, occlusion: 0.15, noise: 0.07, blur: 0.16 });
}
