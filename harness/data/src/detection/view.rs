//! Which part of a picture a network sees, and where its objects are then.

/// A rectangle of a picture, seen from left to right or mirrored, that fills a network's input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Left, top, right and bottom edge in pixels of the original picture. It may reach beyond the picture, in which
    /// case the network sees a filling there.
    pub source: [f64; 4],
    /// Whether left and right are exchanged.
    pub mirrored: bool,
}

/// What is seen of a picture's objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Which objects are seen, in ascending order.
    pub kept: Vec<usize>,
    /// Their boxes: left, top, right and bottom edge as fractions of the view, within `[0, 1]`.
    pub boxes: Vec<[f64; 4]>,
}

impl View {
    /// The view of a whole picture of the given width and height.
    #[must_use]
    pub fn whole(size: [u32; 2]) -> Self {
        let [width, height] = size.map(f64::from);
        Self { source: [0.0, 0.0, width, height], mirrored: false }
    }

    /// The same view with left and right exchanged.
    #[must_use]
    pub fn flipped(self) -> Self {
        Self { mirrored: !self.mirrored, ..self }
    }

    /// The source as fractions of the picture's width and height: what to take of a warped copy of it.
    #[must_use]
    pub fn relative_source(&self, size: [u32; 2]) -> [f64; 4] {
        let [width, height] = size.map(f64::from);
        let [left, top, right, bottom] = self.source;
        [left / width, top / height, right / width, bottom / height]
    }

    /// A box of the picture as fractions of the view; outside of `[0, 1]` where it is not in the view.
    #[must_use]
    pub fn project(&self, corners: [f64; 4]) -> [f64; 4] {
        let [left, top, right, bottom] = self.source;
        let (width, height) = (right - left, bottom - top);
        let [x1, x2] = [corners[0], corners[2]].map(|x| (x - left) / width);
        let [y1, y2] = [corners[1], corners[3]].map(|y| (y - top) / height);
        if self.mirrored { [1.0 - x2, y1, 1.0 - x1, y2] } else { [x1, y1, x2, y2] }
    }

    /// A box given as fractions of the view in pixels of the picture; undoes [`View::project`].
    #[must_use]
    pub fn unproject(&self, relative: [f64; 4]) -> [f64; 4] {
        let [left, top, right, bottom] = self.source;
        let (width, height) = (right - left, bottom - top);
        let [x1, y1, x2, y2] = relative;
        let [x1, x2] = if self.mirrored { [1.0 - x2, 1.0 - x1] } else { [x1, x2] };
        [left + x1 * width, top + y1 * height, left + x2 * width, top + y2 * height]
    }

    /// Whether the middle of a box is in the view.
    #[must_use]
    pub fn holds_centre(&self, corners: [f64; 4]) -> bool {
        let [left, top, right, bottom] = self.source;
        let (x, y) = (0.5 * (corners[0] + corners[2]), 0.5 * (corners[1] + corners[3]));
        left <= x && x <= right && top <= y && y <= bottom
    }

    /// The objects whose middle is in the view, cut at its edges.
    #[must_use]
    pub fn see(&self, boxes: &[[f64; 4]]) -> Seen {
        let mut seen = Seen::default();
        for (index, corners) in boxes.iter().enumerate().filter(|(_, corners)| self.holds_centre(**corners)) {
            let cut = self.project(*corners).map(|edge| edge.clamp(0.0, 1.0));
            if cut[0] < cut[2] && cut[1] < cut[3] {
                seen.kept.push(index);
                seen.boxes.push(cut);
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: [u32; 2] = [640, 480];
    const BOX: [f64; 4] = [64.0, 120.0, 320.0, 240.0];

    #[test]
    fn the_whole_picture_is_seen_as_it_is() {
        let view = View::whole(SIZE);
        assert_eq!(view.see(&[BOX]), Seen { kept: vec![0], boxes: vec![[0.1, 0.25, 0.5, 0.5]] });
        assert_eq!(view.relative_source(SIZE), [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(view.project([0.0, 0.0, 640.0, 480.0]), [0.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    fn a_mirror_exchanges_left_and_right_and_twice_is_none() {
        let view = View::whole(SIZE).flipped();
        assert_eq!(view.project(BOX), [0.5, 0.25, 0.9, 0.5]);
        assert_eq!(view.flipped(), View::whole(SIZE));
    }

    #[test]
    fn what_is_seen_is_cut_and_what_is_not_is_left_out() {
        let view = View { source: [200.0, 100.0, 400.0, 200.0], mirrored: false };
        let boxes = [
            [0.0, 0.0, 199.0, 300.0],     // beside the view
            [150.0, 50.0, 260.0, 160.0],  // sticks out, its middle is in the view
            [150.0, 110.0, 240.0, 150.0], // sticks out, its middle is outside
            [300.0, 150.0, 350.0, 175.0], // whole
            [0.0, 0.0, 640.0, 480.0],     // around the view, and its middle is outside
        ];
        let seen = view.see(&boxes);
        assert_eq!(seen.kept, [1, 3]);
        assert_eq!(seen.boxes, [[0.0, 0.0, 0.3, 0.6], [0.5, 0.5, 0.75, 0.75]]);
        let mirrored = view.flipped().see(&boxes);
        assert_eq!(mirrored.kept, [1, 3]);
        assert_eq!(mirrored.boxes, [[0.7, 0.0, 1.0, 0.6], [0.25, 0.5, 0.5, 0.75]]);
    }

    #[test]
    fn a_surrounding_shrinks_the_picture() {
        let view = View { source: [-640.0, -480.0, 1280.0, 960.0], mirrored: false };
        let [x1, y1, x2, y2] = view.project([0.0, 0.0, 640.0, 480.0]);
        assert!(
            [x1 - 1.0 / 3.0, y1 - 1.0 / 3.0, x2 - 2.0 / 3.0, y2 - 2.0 / 3.0].iter().all(|d| d.abs() < 1e-12)
        );
    }
}
