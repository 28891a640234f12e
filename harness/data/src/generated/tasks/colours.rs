//! `colour-layout`: which of two families of hue lies where.

use super::super::arithmetic::{direction, smooth};
use super::super::canvas::{Colour, blend, hsv, luminance};
use super::super::scene::{Nuisance, Scene};
use super::super::textures::rough_noise;

/// Names and mean hues (in turns) of the families; the borders between them are fuzzy.
pub(super) const FAMILIES: [(&str, f32); 6] =
    [("red", 0.99), ("amber", 0.12), ("green", 0.31), ("teal", 0.47), ("blue", 0.62), ("pink", 0.84)];

/// Families of the first and of the second region: steps of two and three around the circle of hues.
fn pair(index: usize) -> (usize, usize) {
    let first = index % 6;
    (first, (first + 2 + index / 6) % 6)
}

pub(in super::super) fn classes() -> Vec<String> {
    let name = |index| {
        let (first, second) = pair(index);
        format!("{}-{}", FAMILIES[first].0, FAMILIES[second].0)
    };
    (0..12).flat_map(|index| ["beside", "above"].map(|layout| format!("{}-{layout}", name(index)))).collect()
}

/// A colour of one family.
pub(super) fn member(scene: &mut Scene<'_>, family: usize) -> Colour {
    let hue = FAMILIES[family].1 + 0.028 * scene.random.normal();
    hsv(hue, scene.random.range(0.2, 0.65), scene.random.range(0.35, 0.9))
}

/// Two soft regions with an uneven border; what is in them is a distraction.
pub(in super::super) fn draw(scene: &mut Scene<'_>, class: usize) {
    let (order, layout) = (class / 2, class % 2);
    let (first, second) = pair(order);
    // Haze takes a part of the colour away.
    let haze = scene.random.range(0.0, 0.4);
    let hazy = |colour: Colour| blend(colour, [luminance(colour); 3], haze);
    let (a, b) = (hazy(member(scene, first)), hazy(member(scene, second)));
    let (a2, b2) = (hazy(member(scene, first)), hazy(member(scene, second)));
    let turns = if layout == 0 { 0.0 } else { 0.25 } + scene.random.range(-0.06, 0.06);
    let [dx, dy] = direction(turns);
    let border = scene.random.range(-0.3, 0.3);
    let (scale, rough) = (scene.random.range(1.0, 3.5), scene.random.range(0.2, 0.9));
    let width = scene.random.range(0.05, 0.35);
    let salt = scene.random.next() as u32;
    scene.canvas.map(|p, _| {
        let uneven = rough * (rough_noise([p[0] * scale, p[1] * scale], salt) - 0.5);
        let side = p[0] * dx + p[1] * dy - border;
        let grain = rough_noise([p[0] * 3.7, p[1] * 3.7], salt ^ 1);
        let (near, far) = (blend(a, a2, grain), blend(b, b2, grain));
        blend(near, far, smooth(-width, width, side + uneven))
    });
    scene.clutter(6.0, 1.0);
    scene.finish(&Nuisance { lighting: 0.6, occlusion: 0.5, noise: 0.08, blur: 0.1 });
}
