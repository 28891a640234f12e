//! Which views SSD trains on (Liu et al., arXiv 1512.02325, section 2.2 and, for the expansion, 3.6), drawn at random.
//!
//! Numbers the paper leaves open are those of the authors' own training script (`ssd_pascal.py` and `sampler.cpp` of
//! the branch `ssd` of their Caffe), as far as they concern geometry; colours are another matter. In this order:
//!
//! 1. with probability 0.5 the picture is put at a random place of a canvas 1 to 4 times as wide and high;
//! 2. seven kinds of patch are tried: the whole, one that overlaps with an object by at least 0.1, 0.3, 0.5, 0.7 or
//!    0.9 (intersection over union), and any; each but the whole up to 50 times, until one fits; then one of the
//!    kinds that could be found is chosen, all being equally likely;
//! 3. objects whose middle is in the patch are kept and cut at its edges;
//! 4. with probability 0.5 left and right are exchanged.
//!
//! What differs, and why:
//!
//! - A patch must hold the middle of at least one object. The authors' code allows patches without, which add nothing
//!   to SSD's loss.
//! - A patch has 0.3 to 1 times the picture's size, as in the authors' code; the paper says 0.1 to 1.
//! - The aspect ratio of a patch, 0.5 to 2, is one in pixels of the original picture. The authors' code takes the
//!   ratio of fractions of width and height, so there patches of a wide picture are wider.
//! - Canvas and patch are not rounded to pixels, since the result is sampled from a warped copy.

use super::area;
use super::view::View;

/// How views are drawn. [`Augmentation::SSD`] is what SSD was trained with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augmentation {
    /// Probability of a canvas around the picture.
    pub expand: f64,
    /// Largest ratio of the canvas' sides to the picture's, at least 1.
    pub most_expansion: f64,
    /// Whether patches are cut out.
    pub crop: bool,
    /// Smallest size of a patch: the root of its area over that of the picture or canvas, in `(0, 1]`.
    pub least_scale: f64,
    /// Least and largest ratio of a patch's width to its height.
    pub aspects: [f64; 2],
    /// How often a patch of each kind is tried.
    pub trials: usize,
    /// Probability of a mirrored view.
    pub mirror: f64,
}

/// Least overlaps with an object of the kinds of patch; the last asks for none.
const LEAST_OVERLAPS: [f64; 6] = [0.1, 0.3, 0.5, 0.7, 0.9, 0.0];

impl Augmentation {
    /// Every picture as it is.
    pub const NONE: Self = Self {
        expand: 0.0,
        most_expansion: 1.0,
        crop: false,
        least_scale: 1.0,
        aspects: [1.0, 1.0],
        trials: 0,
        mirror: 0.0,
    };

    /// That of SSD; see the module's documentation.
    pub const SSD: Self = Self {
        expand: 0.5,
        most_expansion: 4.0,
        crop: true,
        least_scale: 0.3,
        aspects: [0.5, 2.0],
        trials: 50,
        mirror: 0.5,
    };

    /// Draws a view of a picture with the given width, height and boxes. `uniform` gives independent numbers in
    /// `[0, 1)`; how many are taken depends on what they are, so each picture should have a stream of its own.
    pub fn draw(&self, size: [u32; 2], boxes: &[[f64; 4]], uniform: &mut dyn FnMut() -> f64) -> View {
        let mut view = View::whole(size);
        if uniform() < self.expand {
            view.source = self.canvas(view.source, uniform);
        }
        if self.crop && !boxes.is_empty() {
            let mut found = vec![view.source];
            found.extend(
                LEAST_OVERLAPS.iter().filter_map(|least| self.patch(view.source, *least, boxes, uniform)),
            );
            let chosen = (uniform() * found.len() as f64) as usize;
            view.source = found[chosen.min(found.len() - 1)];
        }
        view.mirrored = uniform() < self.mirror;
        view
    }

    /// A larger rectangle of the same proportions around `picture`.
    fn canvas(&self, picture: [f64; 4], uniform: &mut dyn FnMut() -> f64) -> [f64; 4] {
        let ratio = 1.0 + (self.most_expansion - 1.0) * uniform();
        let (width, height) = (picture[2] - picture[0], picture[3] - picture[1]);
        let left = picture[0] - (ratio - 1.0) * width * uniform();
        let top = picture[1] - (ratio - 1.0) * height * uniform();
        [left, top, left + ratio * width, top + ratio * height]
    }

    /// A patch that overlaps with one of the boxes by at least `least` and holds the middle of one of them.
    fn patch(
        &self,
        canvas: [f64; 4],
        least: f64,
        boxes: &[[f64; 4]],
        uniform: &mut dyn FnMut() -> f64,
    ) -> Option<[f64; 4]> {
        let (whole_width, whole_height) = (canvas[2] - canvas[0], canvas[3] - canvas[1]);
        (0..self.trials).find_map(|_| {
            let scale = self.least_scale + (1.0 - self.least_scale) * uniform();
            let aspect = self.aspects[0] + (self.aspects[1] - self.aspects[0]) * uniform();
            // The ratio of the fractions of width and height, limited so that the patch fits.
            let relative = (aspect * whole_height / whole_width).clamp(scale * scale, 1.0 / (scale * scale));
            let width = (scale * relative.sqrt()).min(1.0) * whole_width;
            let height = (scale / relative.sqrt()).min(1.0) * whole_height;
            let left = canvas[0] + (whole_width - width) * uniform();
            let top = canvas[1] + (whole_height - height) * uniform();
            let patch = [left, top, left + width, top + height];
            let view = View { source: patch, mirrored: false };
            let fits = boxes.iter().any(|corners| overlap(patch, *corners) >= least)
                && boxes.iter().any(|corners| view.holds_centre(*corners));
            fits.then_some(patch)
        })
    }
}

/// Intersection over union.
fn overlap(a: [f64; 4], b: [f64; 4]) -> f64 {
    let width = a[2].min(b[2]) - a[0].max(b[0]);
    let height = a[3].min(b[3]) - a[1].max(b[1]);
    if width <= 0.0 || height <= 0.0 {
        return 0.0;
    }
    let both = width * height;
    both / (area(a) + area(b) - both)
}

#[cfg(test)]
mod tests;
