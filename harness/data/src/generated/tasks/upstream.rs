//! `upstream`: the many-class task that networks are trained on before they are pruned and transferred.
//!
//! Eight families of classes exercise what the twelve transfer tasks need (outline, surface, colour, stroke,
//! place, direction, light, parts) with concepts of their own, as ImageNet does for the tasks of Kornblith et al.
//! (arXiv 1805.08974).

use super::super::arithmetic::{Point, cos, direction, smooth};
use super::super::canvas::{blend, shade};
use super::super::forms::{Figure, Form, Pose};
use super::super::scene::{Nuisance, Paint, Scene};
use super::super::textures::{Pattern, Texture, rough_noise};
use super::colours::{FAMILIES, member};
use super::materials::Surface;
use super::symbols::{by_hand, sign};

const FIGURES: [Figure; 8] = [
    Figure::Disc,
    Figure::Ring,
    Figure::Square,
    Figure::Star5,
    Figure::Cross,
    Figure::Crescent,
    Figure::Triangle,
    Figure::Ell,
];
const COVERS: [Texture; 6] =
    [Texture::Plain, Texture::Stripes, Texture::Dots, Texture::Checks, Texture::Blotches, Texture::Rings];
const FIELDS: [(Texture, f32, f32); 10] = [
    (Texture::Stripes, 2.0, 0.0),
    (Texture::Stripes, 3.8, 0.0),
    (Texture::Stripes, 2.0, 0.25),
    (Texture::Stripes, 3.8, 0.25),
    (Texture::Stripes, 3.0, 0.125),
    (Texture::Stripes, 3.0, 0.375),
    (Texture::Checks, 3.0, 0.0),
    (Texture::Cells, 2.6, 0.0),
    (Texture::Bricks, 2.8, 0.0),
    (Texture::Marble, 3.0, 0.0),
];
const SIGNS: usize = 12;
const ARRANGEMENTS: [&str; 8] =
    ["row", "column", "trio", "quartet", "quincunx", "large-left", "large-right", "circle"];
const POINTERS: [&str; 4] = ["up", "right", "down", "left"];
const SOLIDS: [(&str, usize); 4] = [("matte", 0), ("glossy", 1), ("wood", 6), ("stone", 7)];
const LIVING: [&str; 6] = ["daisy-6", "daisy-9", "fish", "tree", "face", "beetle"];
const VIEWS: usize = 12;

pub(in super::super) fn classes() -> Vec<String> {
    let objects = (0..24).map(|class| {
        let (figure, cover) = object(class);
        format!("{}-{}", cover.name(), figure.name())
    });
    let fields = (0..FIELDS.len()).map(|k| format!("field-{}-{k}", FIELDS[k].0.name()));
    let signs = (1..=SIGNS).map(|k| format!("mark-{k:02}"));
    let named = |prefix: &'static str, names: Vec<&'static str>| {
        names.into_iter().map(move |name| format!("{prefix}-{name}"))
    };
    objects
        .chain(fields)
        .chain(signs)
        .chain(named("group", ARRANGEMENTS.to_vec()))
        .chain(named("pointing", POINTERS.to_vec()))
        .chain(named("ball", SOLIDS.iter().map(|solid| solid.0).collect()))
        .chain(named("living", LIVING.to_vec()))
        .chain((0..VIEWS).map(view_name))
        .collect()
}

/// Eight figures, each with three of the six covers, so that neither tells the class alone.
fn object(class: usize) -> (Figure, Texture) {
    let figure = class / 3;
    (FIGURES[figure], COVERS[(figure + 2 * (class % 3)) % COVERS.len()])
}

pub(in super::super) fn draw(scene: &mut Scene<'_>, class: usize) {
    type Family = (usize, fn(&mut Scene<'_>, usize));
    const FAMILIES: [Family; 8] = [
        (24, draw_object),
        (FIELDS.len(), draw_field),
        (SIGNS, draw_sign),
        (ARRANGEMENTS.len(), draw_arrangement),
        (POINTERS.len(), draw_pointer),
        (SOLIDS.len(), draw_solid),
        (LIVING.len(), draw_living),
        (VIEWS, draw_view),
    ];
    let mut index = class;
    for (count, family) in FAMILIES {
        if index < count {
            family(scene, index);
            break;
        }
        index -= count;
    }
    scene.finish(&Nuisance { lighting: 0.45, occlusion: 0.15, noise: 0.05, blur: 0.12 });
}

fn draw_object(scene: &mut Scene<'_>, index: usize) {
    let (figure, cover) = object(index);
    let behind = scene.backdrop(3.0);
    let frequency = scene.random.range(2.6, 3.6);
    let paint = scene.paint(cover, frequency, behind, 0.16);
    let pose = scene.pose(0.22, (0.5, 0.78), 0.09);
    scene.draw(&figure.form(), &pose, &paint);
    scene.clutter(1.0, 0.9);
}

fn draw_field(scene: &mut Scene<'_>, index: usize) {
    let (texture, frequency, turns) = FIELDS[index];
    let ground = scene.colour();
    let figure = scene.colour_apart(ground, 0.15);
    let frequency = frequency * scene.random.range(0.85, 1.18);
    let turns = turns + scene.random.range(-0.04, 0.04);
    let pattern = Pattern::new(texture, frequency, turns, &mut scene.random);
    scene.canvas.map(|p, _| blend(ground, figure, pattern.at(p)));
    scene.clutter(2.0, 0.9);
}

fn draw_sign(scene: &mut Scene<'_>, index: usize) {
    let behind = scene.backdrop(2.0);
    let ink = scene.colour_apart(behind, 0.2);
    let paths = by_hand(scene, sign("upstream marks", index), 0.08);
    let half = scene.random.range(0.09, 0.17);
    let pose = scene.pose(0.2, (0.48, 0.75), 0.05);
    scene.draw(&Form::Strokes(paths, half), &pose, &Paint::plain(ink));
}

/// Centres and relative sizes of the things in an arrangement.
fn arrangement(index: usize) -> Vec<(Point, f32)> {
    let d = 0.52;
    let corners = [[-d, -d], [d, -d], [-d, d], [d, d]];
    match index {
        0 => vec![([-d, 0.0], 1.0), ([d, 0.0], 1.0)],
        1 => vec![([0.0, -d], 1.0), ([0.0, d], 1.0)],
        2 => vec![([0.0, -d], 1.0), ([-d, 0.4], 1.0), ([d, 0.4], 1.0)],
        3 => corners.map(|at| (at, 1.0)).to_vec(),
        4 => corners.into_iter().chain([[0.0, 0.0]]).map(|at| (at, 0.9)).collect(),
        5 => vec![([-0.38, 0.0], 1.7), ([d, 0.0], 0.7)],
        6 => vec![([0.38, 0.0], 1.7), ([-d, 0.0], 0.7)],
        _ => (0..6).map(|k| (direction(k as f32 / 6.0).map(|v| v * 0.62), 0.85)).collect(),
    }
}

fn draw_arrangement(scene: &mut Scene<'_>, index: usize) {
    const THINGS: [Figure; 5] =
        [Figure::Disc, Figure::Square, Figure::Triangle, Figure::Pentagon, Figure::Star4];
    let behind = scene.backdrop(1.5);
    let colour = scene.colour_apart(behind, 0.18);
    let pose = scene.pose(0.12, (0.85, 1.05), 0.03);
    let size = scene.random.range(0.2, 0.28);
    let figure = scene.random.pick(&THINGS);
    for (at, relative) in arrangement(index) {
        let [x, y] = pose.to_picture(at);
        let centre = [x + scene.random.range(-0.07, 0.07), y + scene.random.range(-0.07, 0.07)];
        let hollow = scene.random.chance(0.25);
        let form = if hollow { figure.form().outlined(0.2) } else { figure.form() };
        let pose = Pose::new(centre, size * relative, scene.random.unit());
        scene.draw(&form, &pose, &Paint::plain(colour));
    }
}

fn draw_pointer(scene: &mut Scene<'_>, index: usize) {
    const THINGS: [Figure; 3] = [Figure::Arrow, Figure::Chevron, Figure::Triangle];
    let behind = scene.backdrop(3.0);
    let colour = scene.colour_apart(behind, 0.18);
    let size = scene.random.range(0.4, 0.65);
    let turns = 0.25 * index as f32 + scene.random.range(-0.07, 0.07);
    let centre = [scene.random.range(-0.3, 0.3), scene.random.range(-0.3, 0.3)];
    let pose = Pose::stretched(centre, [size * 0.75, size], turns);
    let figure = scene.random.pick(&THINGS);
    scene.draw(&figure.form(), &pose, &Paint::plain(colour));
}

fn draw_solid(scene: &mut Scene<'_>, index: usize) {
    let behind = scene.backdrop(3.0);
    let base = scene.colour_apart(behind, 0.12);
    let surface = Surface::draw(&mut scene.random, base, behind);
    let pose = scene.pose(0.25, (0.5, 0.8), 0.0);
    scene.canvas.draw(&Form::Disc, &pose, 1.0, |p| surface.at(SOLIDS[index].1, p));
}

fn draw_living(scene: &mut Scene<'_>, index: usize) {
    let behind = scene.backdrop(3.0);
    let colour = scene.colour_apart(behind, 0.2);
    let other = scene.colour_apart(colour, 0.2);
    let (body, mark) = (Paint::plain(colour), Paint::plain(other));
    let pose = scene.pose(0.18, (0.6, 0.85), 0.05);
    let sub = |at: Point, scale: [f32; 2], turns: f32| {
        let size = pose.smallest_scale();
        Pose::stretched(pose.to_picture(at), scale.map(|v| v * size), turns)
    };
    match index {
        0 | 1 => {
            let petals = [6.0, 9.0][index];
            let form = Form::radial(72, |t| 0.66 + 0.34 * cos(t * petals));
            scene.draw(&form, &pose, &body);
            scene.draw(&Form::Disc, &sub([0.0, 0.0], [0.28, 0.28], 0.0), &mark);
        }
        2 => {
            let side = if scene.random.chance(0.5) { 1.0 } else { -1.0 };
            scene.draw(&Figure::Triangle.form(), &sub([0.7 * side, 0.0], [0.42, 0.42], -0.25 * side), &mark);
            scene.draw(&Form::Disc, &sub([-0.15 * side, 0.0], [0.72, 0.42], 0.0), &body);
            scene.draw(&Form::Disc, &sub([-0.55 * side, -0.08], [0.09, 0.09], 0.0), &mark);
        }
        3 => {
            scene.draw(&Form::rectangle(0.13, 0.55), &sub([0.0, 0.5], [1.0, 1.0], 0.0), &mark);
            for at in [[-0.32, -0.1], [0.32, -0.1], [0.0, -0.5]] {
                scene.draw(&Form::Disc, &sub(at, [0.45, 0.42], 0.0), &body);
            }
        }
        4 => {
            scene.draw(&Form::Disc, &sub([0.0, 0.0], [0.85, 0.95], 0.0), &body);
            for at in [[-0.33, -0.22], [0.33, -0.22]] {
                scene.draw(&Form::Disc, &sub(at, [0.14, 0.14], 0.0), &mark);
            }
            scene.draw(&Form::rectangle(0.4, 0.09), &sub([0.0, 0.45], [1.0, 1.0], 0.0), &mark);
        }
        _ => {
            for y in [-0.35, 0.05, 0.45] {
                scene.draw(&Form::rectangle(0.9, 0.06), &sub([0.0, y], [1.0, 1.0], 0.0), &mark);
            }
            scene.draw(&Form::Disc, &sub([0.0, 0.1], [0.5, 0.75], 0.0), &body);
            scene.draw(&Form::Disc, &sub([0.0, -0.7], [0.25, 0.22], 0.0), &mark);
        }
    }
}

/// Hue families of a view's two parts, and whether they lie above each other. Neighbours on the circle of hues
/// lie beside each other, those one apart above each other.
fn view(index: usize) -> (usize, usize, bool) {
    let first = index % 6;
    let above = index >= 6;
    (first, (first + if above { 4 } else { 1 }) % 6, above)
}

fn view_name(index: usize) -> String {
    let (first, second, above) = view(index);
    let place = if above { "above" } else { "beside" };
    format!("view-{}-{place}-{}", FAMILIES[first].0, FAMILIES[second].0)
}

fn draw_view(scene: &mut Scene<'_>, index: usize) {
    let (first, second, above) = view(index);
    let (a, b) = (member(scene, first), member(scene, second));
    let turns = if above { 0.25 } else { 0.0 };
    let [dx, dy] = direction(turns + scene.random.range(-0.05, 0.05));
    let border = scene.random.range(-0.3, 0.3);
    let (scale, width) = (scene.random.range(1.0, 3.0), scene.random.range(0.05, 0.3));
    let salt = scene.random.next() as u32;
    scene.canvas.map(|p, _| {
        let rough = rough_noise([p[0] * scale, p[1] * scale], salt) - 0.5;
        let t = smooth(-width, width, p[0] * dx + p[1] * dy - border + 0.5 * rough);
        shade(blend(a, b, t), 1.0 + 0.3 * rough)
    });
    scene.clutter(4.0, 1.0);
}
