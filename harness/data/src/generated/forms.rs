//! Plane figures as signed distances, and where they are placed.

use super::arithmetic::{Point, direction, length, mix, rotated, segment_distance};

/// A figure in its own coordinates, roughly filling the unit disc.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// The unit disc.
    Disc,
    /// The ring between a smaller radius and 1.
    Ring(f32),
    /// The inside of a closed polygon.
    Polygon(Vec<Point>),
    /// Lines of the given half width along open paths.
    Strokes(Vec<Vec<Point>>, f32),
    /// The band of the given half width along a closed polygon's outline.
    Outline(Vec<Point>, f32),
}

impl Form {
    /// Signed distance of `p` from the edge; negative inside.
    pub(super) fn distance(&self, p: Point) -> f32 {
        match self {
            Self::Disc => length(p) - 1.0,
            Self::Ring(inner) => {
                let middle = 0.5 * (1.0 + inner);
                (length(p) - middle).abs() - 0.5 * (1.0 - inner)
            }
            Self::Polygon(points) => polygon_distance(points, p),
            Self::Strokes(paths, half) => {
                let segments = paths.iter().flat_map(|path| path.windows(2));
                let nearest = segments.map(|ends| segment_distance(p, ends[0], ends[1]));
                nearest.fold(f32::MAX, f32::min) - half
            }
            Self::Outline(points, half) => polygon_distance(points, p).abs() - half,
        }
    }

    /// Radius of a disc around the origin that holds the figure.
    pub(super) fn radius(&self) -> f32 {
        let farthest = |points: &[Point]| points.iter().map(|p| length(*p)).fold(0.0, f32::max);
        match self {
            Self::Disc | Self::Ring(_) => 1.0,
            Self::Polygon(points) => farthest(points),
            Self::Strokes(paths, half) => paths.iter().map(|path| farthest(path)).fold(0.0, f32::max) + half,
            Self::Outline(points, half) => farthest(points) + half,
        }
    }

    /// A regular polygon with one corner up.
    pub(super) fn regular(corners: usize) -> Self {
        Self::star(corners, None)
    }

    /// A star with `corners` points; `inner` is the radius of the notches between them, or none for a polygon.
    pub(super) fn star(corners: usize, inner: Option<f32>) -> Self {
        let at = |k: f32| direction(-0.25 + k / corners as f32);
        let mut points = Vec::new();
        for corner in 0..corners {
            points.push(at(corner as f32));
            if let Some(inner) = inner {
                points.push(at(corner as f32 + 0.5).map(|v| v * inner));
            }
        }
        Self::Polygon(points)
    }

    /// A closed curve given by its radius at each angle in turns from "up", sampled at `samples` points.
    pub(super) fn radial(samples: usize, radius: impl Fn(f32) -> f32) -> Self {
        let at = |k: usize| {
            let turns = k as f32 / samples as f32;
            direction(turns - 0.25).map(|v| v * radius(turns))
        };
        Self::Polygon((0..samples).map(at).collect())
    }

    /// A rectangle with the given half width and half height.
    pub(super) fn rectangle(half_width: f32, half_height: f32) -> Self {
        let (w, h) = (half_width, half_height);
        Self::Polygon(vec![[-w, -h], [w, -h], [w, h], [-w, h]])
    }

    /// A polygon through the given points.
    pub(super) fn polygon(points: &[Point]) -> Self {
        Self::Polygon(points.to_vec())
    }

    /// An outline of a polygon's edge; other figures stay as they are.
    pub(super) fn outlined(self, half_width: f32) -> Self {
        match self {
            Self::Polygon(points) => Self::Outline(points, half_width),
            Self::Disc => Self::Ring(1.0 - 2.0 * half_width),
            other => other,
        }
    }
}

/// Signed distance from a closed polygon; the sign follows the even-odd rule.
fn polygon_distance(points: &[Point], p: Point) -> f32 {
    let mut nearest = f32::MAX;
    let mut inside = false;
    let mut previous = points[points.len() - 1];
    for &point in points {
        let (px, py) = (p[0] - previous[0], p[1] - previous[1]);
        let (ex, ey) = (point[0] - previous[0], point[1] - previous[1]);
        let square = (ex * ex + ey * ey).max(1e-12);
        let t = ((px * ex + py * ey) / square).clamp(0.0, 1.0);
        let (dx, dy) = (px - ex * t, py - ey * t);
        nearest = nearest.min(dx * dx + dy * dy);
        if (point[1] > p[1]) != (previous[1] > p[1]) && ((ex * py - ey * px) > 0.0) != (ey > 0.0) {
            inside = !inside;
        }
        previous = point;
    }
    if inside { -nearest.sqrt() } else { nearest.sqrt() }
}

/// Where a form is in the picture: scaled along its own axes, then rotated, then moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pose {
    pub(super) centre: Point,
    scale: Point,
    forward: Point,
}

impl Pose {
    /// A form at `centre`, `scale` times its size, rotated by `turns`.
    pub(super) fn new(centre: Point, scale: f32, turns: f32) -> Self {
        Self::stretched(centre, [scale, scale], turns)
    }

    /// The same with a scale for each of the form's own axes.
    pub(super) fn stretched(centre: Point, scale: Point, turns: f32) -> Self {
        Self { centre, scale, forward: direction(turns) }
    }

    /// A point of the picture in the form's coordinates.
    pub(super) fn to_local(self, p: Point) -> Point {
        let (x, y) = (p[0] - self.centre[0], p[1] - self.centre[1]);
        let [c, s] = self.forward;
        [(c * x + s * y) / self.scale[0], (c * y - s * x) / self.scale[1]]
    }

    /// A point of the form in the picture's coordinates.
    pub(super) fn to_picture(self, p: Point) -> Point {
        let (x, y) = (p[0] * self.scale[0], p[1] * self.scale[1]);
        let [c, s] = self.forward;
        [self.centre[0] + c * x - s * y, self.centre[1] + s * x + c * y]
    }

    pub(super) fn largest_scale(&self) -> f32 {
        self.scale[0].max(self.scale[1])
    }

    pub(super) fn smallest_scale(&self) -> f32 {
        self.scale[0].min(self.scale[1])
    }
}

/// Points along an arc, angles in turns, clockwise on the screen for growing angles.
pub(super) fn arc(centre: Point, radii: Point, from: f32, to: f32, samples: usize) -> Vec<Point> {
    let at = |k: usize| {
        let [c, s] = direction(mix(from, to, k as f32 / samples as f32));
        [centre[0] + radii[0] * c, centre[1] + radii[1] * s]
    };
    (0..=samples).map(at).collect()
}

/// The named figures that tasks choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    Disc,
    Ring,
    Square,
    Triangle,
    Pentagon,
    Hexagon,
    Star4,
    Star5,
    Star8,
    Cross,
    Heart,
    Crescent,
    Drop,
    Bar,
    Oval,
    HalfDisc,
    Gear,
    Arrow,
    Ell,
    Chevron,
    Trapezium,
    Bolt,
    House,
    Bow,
}

impl Figure {
    /// The name used in class names.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Disc => "disc",
            Self::Ring => "ring",
            Self::Square => "square",
            Self::Triangle => "triangle",
            Self::Pentagon => "pentagon",
            Self::Hexagon => "hexagon",
            Self::Star4 => "star-4",
            Self::Star5 => "star-5",
            Self::Star8 => "star-8",
            Self::Cross => "cross",
            Self::Heart => "heart",
            Self::Crescent => "crescent",
            Self::Drop => "drop",
            Self::Bar => "bar",
            Self::Oval => "oval",
            Self::HalfDisc => "half-disc",
            Self::Gear => "gear",
            Self::Arrow => "arrow",
            Self::Ell => "ell",
            Self::Chevron => "chevron",
            Self::Trapezium => "trapezium",
            Self::Bolt => "bolt",
            Self::House => "house",
            Self::Bow => "bow",
        }
    }

    /// The figure, upright; those with a direction point up.
    pub(super) fn form(self) -> Form {
        let polygon = Form::polygon;
        match self {
            Self::Disc => Form::Disc,
            Self::Ring => Form::Ring(0.5),
            Self::Square => Form::rectangle(0.8, 0.8),
            Self::Triangle => Form::regular(3),
            Self::Pentagon => Form::regular(5),
            Self::Hexagon => Form::regular(6),
            Self::Star4 => Form::star(4, Some(0.36)),
            Self::Star5 => Form::star(5, Some(0.42)),
            Self::Star8 => Form::star(8, Some(0.6)),
            Self::Cross => plus(0.3),
            Self::Heart => heart(),
            Self::Crescent => crescent(),
            Self::Drop => drop(),
            Self::Bar => Form::rectangle(0.26, 1.0),
            Self::Oval => Form::radial(20, |t| {
                let [c, s] = direction(t);
                1.0 / (c * c + s * s / 0.3).sqrt()
            }),
            Self::HalfDisc => {
                let mut points = arc([0.0, 0.4], [1.0, 1.0], 0.5, 1.0, 12);
                points.push([1.0, 0.4]);
                Form::Polygon(points)
            }
            Self::Gear => Form::radial(32, |t| if ((t * 16.0).floor() as i32) % 2 == 0 { 1.0 } else { 0.68 }),
            Self::Arrow => polygon(&[
                [0.0, -1.0],
                [0.75, -0.1],
                [0.27, -0.1],
                [0.27, 1.0],
                [-0.27, 1.0],
                [-0.27, -0.1],
                [-0.75, -0.1],
            ]),
            Self::Ell => {
                polygon(&[[-0.7, -0.9], [-0.15, -0.9], [-0.15, 0.35], [0.75, 0.35], [0.75, 0.9], [-0.7, 0.9]])
            }
            Self::Chevron => {
                polygon(&[[0.0, -0.8], [0.95, 0.25], [0.95, 0.85], [0.0, -0.1], [-0.95, 0.85], [-0.95, 0.25]])
            }
            Self::Trapezium => polygon(&[[-0.4, -0.65], [0.4, -0.65], [0.95, 0.65], [-0.95, 0.65]]),
            Self::Bolt => {
                polygon(&[[0.25, -1.0], [-0.6, 0.15], [-0.05, 0.15], [-0.3, 1.0], [0.6, -0.2], [0.05, -0.2]])
            }
            Self::House => {
                polygon(&[[0.0, -0.95], [0.85, -0.15], [0.65, 0.85], [-0.65, 0.85], [-0.85, -0.15]])
            }
            Self::Bow => {
                polygon(&[[-0.95, -0.7], [0.0, -0.15], [0.95, -0.7], [0.95, 0.7], [0.0, 0.15], [-0.95, 0.7]])
            }
        }
    }
}

fn plus(arm: f32) -> Form {
    let quarter = [[-arm, -1.0], [arm, -1.0], [arm, -arm]];
    let points = (0..4).flat_map(|k| quarter.map(|p| rotated(p, 0.25 * k as f32)));
    Form::Polygon(points.collect())
}

fn heart() -> Form {
    let mut points = vec![[0.0, 0.95]];
    points.extend(arc([-0.46, -0.35], [0.5, 0.5], 0.42, 0.97, 9));
    points.extend(arc([0.46, -0.35], [0.5, 0.5], 0.53, 1.08, 9));
    Form::Polygon(points)
}

fn crescent() -> Form {
    let mut points = arc([0.0, 0.0], [1.0, 1.0], 0.12, 0.88, 16);
    points.extend(arc([0.45, 0.0], [0.78, 0.78], 0.84, 0.16, 12));
    Form::Polygon(points)
}

fn drop() -> Form {
    let mut points = vec![[0.0, -1.0]];
    points.extend(arc([0.0, 0.35], [0.62, 0.62], -0.06, 0.56, 14));
    Form::Polygon(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_has_exact_distances() {
        let square = Form::rectangle(1.0, 1.0);
        assert_eq!(square.distance([0.0, 0.0]), -1.0);
        assert_eq!(square.distance([3.0, 0.0]), 2.0);
        assert_eq!(square.distance([4.0, 5.0]), 5.0);
    }

    #[test]
    fn a_star_is_not_its_hull() {
        let star = Form::star(4, Some(0.3));
        assert!(star.distance([0.0, -0.9]) < 0.0);
        assert!(star.distance([0.6, -0.6]) > 0.0);
    }

    #[test]
    fn a_pose_goes_there_and_back() {
        let pose = Pose::stretched([0.3, -0.2], [0.5, 0.25], 0.1);
        let [x, y] = pose.to_local(pose.to_picture([0.7, -0.4]));
        assert!((x - 0.7).abs() < 1e-5 && (y + 0.4).abs() < 1e-5);
    }

    #[test]
    fn outlines_are_hollow() {
        let outline = Form::regular(4).outlined(0.1);
        assert!(outline.distance([0.0, 0.0]) > 0.0);
        assert!(outline.distance([0.0, -1.0]) < 0.0);
    }
}
