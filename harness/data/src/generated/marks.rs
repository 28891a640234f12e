//! Which pixels of a picture belong to which object, and the boxes that follow.

/// For every pixel the object that is in front there.
pub(super) struct Marks {
    side: usize,
    /// 0 for none, else one more than the object's index.
    owners: Vec<u16>,
    /// How many pixels were marked for each object, seen or not.
    drawn: Vec<usize>,
}

/// What is seen of an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Visible {
    /// Edges of the smallest box around its pixels: left, top, right, bottom in pixels from 0, half-open.
    pub(super) corners: [f64; 4],
    /// The part of its pixels inside of the picture that no later object covers.
    pub(super) fraction: f64,
}

impl Marks {
    pub(super) fn new(side: usize) -> Self {
        Self { side, owners: vec![0; side * side], drawn: Vec::new() }
    }

    /// Begins the next object; it lies in front of those before.
    pub(super) fn begin(&mut self) {
        self.drawn.push(0);
    }

    /// Gives a pixel to the object begun last.
    pub(super) fn mark(&mut self, pixel: usize) {
        self.owners[pixel] = self.drawn.len() as u16;
        if let Some(drawn) = self.drawn.last_mut() {
            *drawn += 1;
        }
    }

    /// What is seen of each object; `None` where that is nothing.
    pub(super) fn visible(&self) -> Vec<Option<Visible>> {
        let mut found: Vec<Option<([usize; 4], usize)>> = vec![None; self.drawn.len()];
        for (pixel, owner) in self.owners.iter().enumerate().filter(|(_, owner)| **owner > 0) {
            let (x, y) = (pixel % self.side, pixel / self.side);
            let (corners, count) = found[usize::from(*owner) - 1].get_or_insert(([x, y, x, y], 0));
            *corners = [corners[0].min(x), corners[1].min(y), corners[2].max(x), corners[3].max(y)];
            *count += 1;
        }
        let visible = |(found, drawn): (Option<([usize; 4], usize)>, &usize)| {
            let ([left, top, right, bottom], count) = found?;
            let corners = [left, top, right + 1, bottom + 1].map(|edge| edge as f64);
            Some(Visible { corners, fraction: count as f64 / *drawn as f64 })
        };
        found.into_iter().zip(&self.drawn).map(visible).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_those_of_what_is_seen() {
        let mut marks = Marks::new(4);
        marks.begin();
        [0, 1, 2, 4, 5, 6].into_iter().for_each(|pixel| marks.mark(pixel));
        marks.begin();
        [2, 3, 6, 7].into_iter().for_each(|pixel| marks.mark(pixel));
        marks.begin();
        marks.begin();
        marks.mark(15);
        let seen = |corners, fraction| Some(Visible { corners, fraction });
        let expected = [
            seen([0.0, 0.0, 2.0, 2.0], 4.0 / 6.0),
            seen([2.0, 0.0, 4.0, 2.0], 1.0),
            None,
            seen([3.0, 3.0, 4.0, 4.0], 1.0),
        ];
        assert_eq!(marks.visible(), expected);
    }
}
