//! Decoded pictures.

use crate::region::Region;

/// A picture of red, green and blue, one byte each: `u8 [3, height, width]`.
///
/// Planes and not interleaved pixels, since networks take planes, and since all steps of a view are loops over rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raster {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Raster {
    /// A picture of planes, `[3, height, width]`; none if their number is another.
    #[must_use]
    pub fn from_planes(width: u32, height: u32, pixels: Vec<u8>) -> Option<Self> {
        let (width, height) = (width as usize, height as usize);
        (width.checked_mul(height)?.checked_mul(3)? == pixels.len()).then_some(Self { width, height, pixels })
    }

    /// A picture of interleaved pixels, `[height, width, 3]`; none if their number is another.
    #[must_use]
    pub fn from_interleaved(width: u32, height: u32, pixels: &[u8]) -> Option<Self> {
        let mut raster = Self::default();
        (u64::from(width) * u64::from(height) * 3 == pixels.len() as u64).then(|| {
            raster.set_size(width as usize, height as usize);
            raster.write_pixels(pixels.as_chunks::<3>().0.iter().copied());
            raster
        })
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width as u32
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height as u32
    }

    /// `[3, height, width]`.
    #[must_use]
    pub fn planes(&self) -> &[u8] {
        &self.pixels
    }

    /// `[height, width, 3]`.
    #[must_use]
    pub fn to_interleaved(&self) -> Vec<u8> {
        let [red, green, blue] = self.each_plane();
        red.iter().zip(green).zip(blue).flat_map(|((r, g), b)| [*r, *g, *b]).collect()
    }

    /// Bytes of its pixels.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.pixels.len()
    }

    /// Gives it another size and keeps its memory. What is in it then is not defined.
    pub(crate) fn set_size(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width, height);
        self.pixels.resize(3 * width * height, 0);
    }

    /// Red, green and blue, `[height, width]` each.
    pub(crate) fn each_plane(&self) -> [&[u8]; 3] {
        let (red, rest) = self.pixels.split_at(self.pixels.len() / 3);
        let (green, blue) = rest.split_at(red.len());
        [red, green, blue]
    }

    pub(crate) fn each_plane_mut(&mut self) -> [&mut [u8]; 3] {
        let area = self.pixels.len() / 3;
        let (red, rest) = self.pixels.split_at_mut(area);
        let (green, blue) = rest.split_at_mut(area);
        [red, green, blue]
    }

    /// Writes pixels row by row.
    pub(crate) fn write_pixels(&mut self, pixels: impl Iterator<Item = [u8; 3]>) {
        let [red, green, blue] = self.each_plane_mut();
        for (((r, g), b), pixel) in red.iter_mut().zip(green).zip(blue).zip(pixels) {
            [*r, *g, *b] = pixel;
        }
    }

    /// Keeps what lies in `region`, which fits.
    pub(crate) fn crop(&mut self, region: Region) {
        let (left, top) = (region.left as usize, region.top as usize);
        let (width, height) = (region.width as usize, region.height as usize);
        if (width, height) == (self.width, self.height) {
            return;
        }
        // Each row moves towards the front, so none is overwritten before it has moved.
        for plane in 0..3 {
            for row in 0..height {
                let from = (plane * self.height + top + row) * self.width + left;
                self.pixels.copy_within(from..from + width, (plane * height + row) * width);
            }
        }
        self.set_size(width, height);
    }
}
