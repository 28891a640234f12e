//! Properties of drawn views.

use super::*;
use crate::generated::random::Stream;

const SIZE: [u32; 2] = [500, 375];

/// A few boxes anywhere in the picture.
fn boxes(stream: &mut Stream) -> Vec<[f64; 4]> {
    let [width, height] = SIZE.map(f64::from);
    let mut draw = || f64::from(stream.unit());
    (0..1 + (draw() * 6.0) as usize)
        .map(|_| {
            let (w, h) = (width * (0.02 + 0.6 * draw()), height * (0.02 + 0.6 * draw()));
            let (left, top) = ((width - w) * draw(), (height - h) * draw());
            [left, top, left + w, top + h]
        })
        .collect()
}

/// Views of many pictures by given rules, with their boxes.
fn views(rules: Augmentation) -> impl Iterator<Item = (View, Vec<[f64; 4]>)> {
    (0..3000).map(move |index| {
        let mut stream = Stream::new("views", &[index]);
        let boxes = boxes(&mut stream);
        (rules.draw(SIZE, &boxes, &mut || f64::from(stream.unit())), boxes)
    })
}

fn close(a: [f64; 4], b: [f64; 4]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9 * SIZE[0] as f64)
}

#[test]
fn no_augmentation_is_the_identity() {
    for (view, boxes) in views(Augmentation::NONE) {
        assert_eq!(view, View::whole(SIZE));
        let seen = view.see(&boxes);
        assert_eq!(seen.kept, (0..boxes.len()).collect::<Vec<_>>());
        for (corners, relative) in boxes.iter().zip(seen.boxes) {
            assert!(close(view.unproject(relative), *corners));
        }
    }
}

#[test]
fn what_is_seen_is_inside_and_is_the_part_in_the_view() {
    let mut kept = 0;
    for (view, boxes) in views(Augmentation::SSD) {
        let seen = view.see(&boxes);
        assert!(!seen.kept.is_empty(), "a view holds the middle of at least one object");
        assert_eq!(seen.kept.len(), seen.boxes.len());
        assert!(seen.kept.is_sorted_by(|a, b| a < b));
        for (&index, relative) in seen.kept.iter().zip(&seen.boxes) {
            assert!(relative.iter().all(|edge| (0.0..=1.0).contains(edge)));
            assert!(relative[0] < relative[2] && relative[1] < relative[3]);
            // Back in the picture it is the box, cut at the view's edges.
            let [left, top, right, bottom] = view.source;
            let corners = boxes[index];
            let cut =
                [corners[0].max(left), corners[1].max(top), corners[2].min(right), corners[3].min(bottom)];
            assert!(close(view.unproject(*relative), cut), "{view:?} {corners:?} {relative:?}");
        }
        for index in (0..boxes.len()).filter(|index| !seen.kept.contains(index)) {
            assert!(!view.holds_centre(boxes[index]));
        }
        kept += seen.kept.len();
    }
    assert!(kept > 5000, "{kept}");
}

#[test]
fn a_mirrored_view_sees_the_same_from_the_other_side() {
    for (view, boxes) in views(Augmentation::SSD) {
        let (seen, mirrored) = (view.see(&boxes), view.flipped().see(&boxes));
        assert_eq!(seen.kept, mirrored.kept);
        for (a, b) in seen.boxes.iter().zip(mirrored.boxes) {
            assert!(close([1.0 - a[2], a[1], 1.0 - a[0], a[3]], b));
        }
        assert_eq!(view.flipped().flipped(), view);
    }
}

#[test]
fn patches_lie_in_the_picture_and_keep_size_and_proportions() {
    let rules = Augmentation { expand: 0.0, mirror: 0.0, ..Augmentation::SSD };
    let [width, height] = SIZE.map(f64::from);
    let (mut whole, mut narrow, mut wide, mut small) = (0, 0, 0, 0);
    for (view, _) in views(rules) {
        let [left, top, right, bottom] = view.source;
        assert!(left >= 0.0 && top >= 0.0 && right <= width + 1e-9 && bottom <= height + 1e-9);
        let (w, h) = (right - left, bottom - top);
        assert!((0.5 - 1e-9..=2.0 + 1e-9).contains(&(w / h)), "{view:?}");
        let scale = (w * h / (width * height)).sqrt();
        assert!((0.3 - 1e-9..=1.0 + 1e-9).contains(&scale), "{scale}");
        whole += usize::from(view == View::whole(SIZE));
        narrow += usize::from(w / h < 0.7);
        wide += usize::from(w / h > 1.7);
        small += usize::from(scale < 0.5);
    }
    // The whole is one of at most seven kinds, more often where few others can be found.
    assert!((3000 / 7..1500).contains(&whole), "{whole}");
    assert!(narrow > 50 && wide > 50 && small > 200, "{narrow} {wide} {small}");
}

#[test]
fn a_canvas_keeps_the_pictures_proportions() {
    let rules = Augmentation { crop: false, mirror: 0.0, ..Augmentation::SSD };
    let mut ratios = Vec::new();
    for (view, boxes) in views(rules) {
        let [left, top, right, bottom] = view.source;
        let [width, height] = SIZE.map(f64::from);
        assert!(left <= 0.0 && top <= 0.0 && right >= width - 1e-9 && bottom >= height - 1e-9);
        let ratio = (right - left) / width;
        assert!(((bottom - top) / height - ratio).abs() < 1e-9);
        assert!((1.0..=4.0).contains(&ratio));
        assert_eq!(view.see(&boxes).kept.len(), boxes.len());
        if ratio > 1.0 {
            ratios.push(ratio);
        }
    }
    // Every other picture, evenly from 1 to 4: six standard deviations.
    assert!((1336..=1664).contains(&ratios.len()), "{}", ratios.len());
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    assert!((mean - 2.5).abs() < 0.14, "{mean}");
}

#[test]
fn the_asked_overlap_is_reached() {
    let rules = Augmentation::SSD;
    let mut found = [0; 6];
    for (index, (view, boxes)) in views(Augmentation::NONE).enumerate() {
        let mut stream = Stream::new("patches", &[index as u64]);
        for (least, found) in LEAST_OVERLAPS.iter().zip(&mut found) {
            let patch = rules.patch(view.source, *least, &boxes, &mut || f64::from(stream.unit()));
            let Some(patch) = patch else { continue };
            *found += 1;
            // Counted on a grid of points, independently of the formula.
            let most = boxes.iter().map(|corners| overlap_on_a_grid(patch, *corners)).fold(0.0, f64::max);
            assert!(most >= least - 0.03, "{most} instead of {least}");
        }
    }
    assert!(
        found.is_sorted_by(|a, b| a >= b || *b == found[5]),
        "larger overlaps are found less often: {found:?}"
    );
    assert!(found[4] > 0 && found[5] == found.iter().copied().max().unwrap(), "{found:?}");
}

/// Intersection over union of two boxes, by counting points of a grid over both.
fn overlap_on_a_grid(a: [f64; 4], b: [f64; 4]) -> f64 {
    let (left, top) = (a[0].min(b[0]), a[1].min(b[1]));
    let (width, height) = (a[2].max(b[2]) - left, a[3].max(b[3]) - top);
    let (mut both, mut any) = (0.0, 0.0);
    for k in 0..10_000 {
        let (x, y) = (
            left + width * (f64::from(k % 100) + 0.5) / 100.0,
            top + height * (f64::from(k / 100) + 0.5) / 100.0,
        );
        let inside = |r: [f64; 4]| (r[0]..r[2]).contains(&x) && (r[1]..r[3]).contains(&y);
        both += f64::from(u8::from(inside(a) && inside(b)));
        any += f64::from(u8::from(inside(a) || inside(b)));
    }
    both / any
}

#[test]
fn every_other_view_is_mirrored() {
    let mirrored = views(Augmentation::SSD).filter(|(view, _)| view.mirrored).count();
    assert!((1336..=1664).contains(&mirrored), "{mirrored}");
}

#[test]
fn a_picture_without_objects_is_seen_whole_or_on_a_canvas() {
    for index in 0..200 {
        let mut stream = Stream::new("nothing", &[index]);
        let view = Augmentation::SSD.draw(SIZE, &[], &mut || f64::from(stream.unit()));
        let [left, top, right, bottom] = view.source;
        assert!(left <= 0.0 && top <= 0.0 && right >= 500.0 - 1e-9 && bottom >= 375.0 - 1e-9);
        assert_eq!(view.see(&[]), crate::detection::view::Seen::default());
    }
}

#[test]
fn the_same_numbers_give_the_same_view() {
    let draw = |key| {
        let mut stream = Stream::new("again", &[key]);
        let boxes = boxes(&mut stream);
        Augmentation::SSD.draw(SIZE, &boxes, &mut || f64::from(stream.unit()))
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}
