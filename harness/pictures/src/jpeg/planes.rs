//! Samples of the components, as far as a region needs them.

use std::ops::Range;

use super::header::Frame;
use crate::region::Region;

/// The samples of one component in a window of whole units.
#[derive(Default)]
pub(crate) struct Plane {
    pub(crate) samples: Vec<u8>,
    pub(crate) stride: usize,
    /// The component's sample that lies first in the window.
    pub(crate) left: usize,
    pub(crate) top: usize,
    /// Width and height of the whole component in samples.
    pub(crate) extent: (usize, usize),
}

impl Plane {
    /// Row `y` of the component, from the sample `left` on. A row that is not in the window is the nearest that is.
    pub(crate) fn row(&self, y: usize) -> &[u8] {
        let rows = self.samples.len() / self.stride.max(1);
        let row = y.saturating_sub(self.top).min(rows.saturating_sub(1));
        self.samples.get(row * self.stride..(row + 1) * self.stride).unwrap_or_default()
    }
}

/// Planes of all components.
#[derive(Default)]
pub(crate) struct Planes {
    pub(crate) planes: Vec<Plane>,
    /// Units of the window.
    pub(crate) columns: Range<usize>,
    pub(crate) rows: Range<usize>,
}

impl Planes {
    /// Makes room for what `region` needs. What is in the planes then is not defined.
    pub(crate) fn lay_out(&mut self, frame: &Frame, region: Region) {
        // A pixel of subsampled colours needs the sample beside its own, which is as far away as a sample is wide.
        let needed = |start: u32, length: u32, whole: usize, factor: usize| {
            let first = (start as usize).saturating_sub(factor);
            let last = (start as usize + length as usize + factor).min(whole);
            first / (8 * factor)..last.div_ceil(8 * factor)
        };
        self.columns = needed(region.left, region.width, frame.width, frame.max_horizontal);
        self.rows = needed(region.top, region.height, frame.height, frame.max_vertical);
        self.planes.resize_with(frame.components.len(), Plane::default);
        for (plane, component) in self.planes.iter_mut().zip(&frame.components) {
            plane.stride = self.columns.len() * component.horizontal * 8;
            plane.left = self.columns.start * component.horizontal * 8;
            plane.top = self.rows.start * component.vertical * 8;
            plane.extent = frame.samples(component);
            plane.samples.resize(plane.stride * self.rows.len() * component.vertical * 8, 0);
        }
    }
}
