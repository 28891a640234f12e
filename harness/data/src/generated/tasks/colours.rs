//! `colour-layout`: which of two families of hue lies where.

use super::super::arithmetic::{direction, length, smooth};
use super::super::canvas::{Colour, blend, hsv};
use super::super::scene::{Nuisance, Scene};
use super::super::textures::rough_noise;
use super::pairs;

pub(in super::super) fn classes() -> Vec<String> {
    pairs(&["warm-cool", "cool-warm", "pink-green", "green-pink"], &["across", "down", "centre"])
}

/// A colour of one family: 0 warm, 1 cool, 2 pink, 3 green.
fn family(scene: &mut Scene<'_>, family: usize) -> Colour {
    const HUES: [f32; 4] = [0.09, 0.60, 0.88, 0.34];
    let hue = HUES[family] + 0.055 * scene.random.normal();
    hsv(hue, scene.random.range(0.16, 0.6), scene.random.range(0.35, 0.9))
}

/// Two soft regions with an uneven border; what is in them is a distraction.
pub(in super::super) fn draw(scene: &mut Scene<'_>, class: usize) {
    const ORDERS: [(usize, usize); 4] = [(0, 1), (1, 0), (2, 3), (3, 2)];
    let (order, layout) = (class / 3, class % 3);
    let (first, second) = ORDERS[order];
    let (a, b) = (family(scene, first), family(scene, second));
    let (a2, b2) = (family(scene, first), family(scene, second));
    let turns = if layout == 0 { 0.0 } else { 0.25 } + scene.random.range(-0.06, 0.06);
    let [dx, dy] = direction(turns);
    let border = scene.random.range(-0.3, 0.3);
    let centre = [scene.random.range(-0.25, 0.25), scene.random.range(-0.25, 0.25)];
    let radius = scene.random.range(0.5, 0.75);
    let (scale, rough) = (scene.random.range(1.0, 3.5), scene.random.range(0.2, 0.9));
    let width = scene.random.range(0.05, 0.35);
    let salt = scene.random.next() as u32;
    scene.canvas.map(|p, _| {
        let uneven = rough * (rough_noise([p[0] * scale, p[1] * scale], salt) - 0.5);
        let side = if layout == 2 {
            length([p[0] - centre[0], p[1] - centre[1]]) - radius
        } else {
            p[0] * dx + p[1] * dy - border
        };
        let grain = rough_noise([p[0] * 3.7, p[1] * 3.7], salt ^ 1);
        let (near, far) = (blend(a, a2, grain), blend(b, b2, grain));
        blend(near, far, smooth(-width, width, side + uneven))
    });
    scene.clutter(8.0, 1.0);
    scene.finish(&Nuisance { lighting: 0.6, occlusion: 0.5, noise: 0.08, blur: 0.1 });
}
