//! `symbols`: an invented script.

use super::super::arithmetic::Point;
use super::super::forms::{Form, arc};
use super::super::random::Stream;
use super::super::scene::{Nuisance, Paint, Scene};

const COUNT: usize = 30;

pub(in super::super) fn classes() -> Vec<String> {
    (1..=COUNT).map(|k| format!("sign-{k:02}")).collect()
}

/// The strokes of one sign of a script: two lines between points of a three by three grid, and an arc or a line.
/// They come from a stream named by script and sign only: signs are concepts, not instances.
pub(super) fn sign(script: &str, index: usize) -> Vec<Vec<Point>> {
    const GRID: [f32; 3] = [-0.8, 0.0, 0.8];
    let mut random = Stream::new(script, &[index as u64]);
    let mut paths = Vec::new();
    let mut at = [random.below(3), random.below(3)];
    let strokes = 2 + random.below(2);
    for _ in 0..strokes {
        let mut path = vec![[GRID[at[0]], GRID[at[1]]]];
        for _ in 0..2 {
            let mut to = at;
            while to == at {
                to = [random.below(3), random.below(3)];
            }
            path.push([GRID[to[0]], GRID[to[1]]]);
            at = to;
        }
        paths.push(path);
        if random.chance(0.4) {
            at = [random.below(3), random.below(3)];
        }
    }
    if random.chance(0.6) {
        let centre = [0.4 * (random.below(3) as f32 - 1.0), 0.4 * (random.below(3) as f32 - 1.0)];
        let from = 0.25 * random.below(4) as f32;
        let extent = if random.chance(0.5) { 0.5 } else { 1.0 };
        paths.push(arc(centre, [0.42, 0.42], from, from + extent, 9));
    }
    paths
}

/// Moves every point of a sign a little, as a hand does.
pub(super) fn by_hand(scene: &mut Scene<'_>, mut paths: Vec<Vec<Point>>, wobble: f32) -> Vec<Vec<Point>> {
    for point in paths.iter_mut().flatten() {
        point[0] += scene.random.range(-wobble, wobble);
        point[1] += scene.random.range(-wobble, wobble);
    }
    paths
}

/// One sign, in any colour, on an uneven ground.
pub(in super::super) fn draw(scene: &mut Scene<'_>, class: usize) {
    let behind = scene.backdrop(2.0);
    let ink = scene.colour_apart(behind, 0.2);
    let paths = by_hand(scene, sign("symbols", class), 0.09);
    let half = scene.random.range(0.09, 0.16);
    let pose = scene.pose(0.18, (0.5, 0.74), 0.04);
    scene.draw(&Form::Strokes(paths, half), &pose, &Paint::plain(ink));
    scene.finish(&Nuisance { lighting: 0.5, occlusion: 0.2, noise: 0.06, blur: 0.12 });
}
