//! What sheets are drawn on: rectangles, text, pictures, and the PNG in the end.

use std::io::Cursor;

use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage, codecs::png::PngEncoder};

use super::font::{self, GLYPH_HEIGHT, text_width};
use crate::DataError;

pub(super) const MARGIN: usize = 28;
pub(super) const GAP: usize = 4;
pub(super) const LINE: usize = 6;
pub(super) const FAINT: Rgb<u8> = Rgb([110, 116, 122]);
const TITLE_SCALE: usize = 3;
pub(super) const TEXT_SCALE: usize = 2;
const GROUND: Rgb<u8> = Rgb([250, 249, 246]);
const INK: Rgb<u8> = Rgb([33, 37, 41]);
const RULE: Rgb<u8> = Rgb([205, 203, 198]);

/// Distance between two lines of text.
pub(super) const TEXT_LINE: usize = GLYPH_HEIGHT * TEXT_SCALE + LINE;
/// Height of a heading with so many lines below its title.
pub(super) const fn heading_height(lines: usize) -> usize {
    GLYPH_HEIGHT * TITLE_SCALE + LINE + lines * TEXT_LINE + LINE
}

/// Text in at most `lines` lines that fit into a width in pixels.
pub(super) fn wrapped(text: &str, width: usize, lines: usize) -> Vec<String> {
    font::wrapped(text, width / TEXT_SCALE, lines)
}

pub(super) fn complain(problem: String) -> DataError {
    DataError::Sheet { problem }
}

/// A place and an extent on the sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

pub(super) struct Paper {
    image: RgbImage,
}

impl Paper {
    /// An empty sheet; refuses one that no program would open.
    pub(super) fn new(width: usize, height: usize) -> Result<Self, DataError> {
        let size = |value: usize| u32::try_from(value).ok().filter(|value| *value <= 1 << 15);
        let (Some(width), Some(height)) = (size(width), size(height)) else {
            return Err(complain(format!("it would have {width}x{height} pixels")));
        };
        Ok(Self { image: RgbImage::from_pixel(width, height, GROUND) })
    }

    pub(super) fn into_png(self) -> Result<Vec<u8>, DataError> {
        let mut bytes = Cursor::new(Vec::new());
        PngEncoder::new(&mut bytes)
            .write_image(
                self.image.as_raw(),
                self.image.width(),
                self.image.height(),
                ExtendedColorType::Rgb8,
            )
            .map_err(|error| complain(error.to_string()))?;
        Ok(bytes.into_inner())
    }

    pub(super) fn rectangle(&mut self, area: Area, colour: Rgb<u8>) {
        for y in area.top..area.top + area.height {
            for x in area.left..area.left + area.width {
                if let Some(pixel) = self.image.get_pixel_mut_checked(x as u32, y as u32) {
                    *pixel = colour;
                }
            }
        }
    }

    pub(super) fn text(&mut self, text: &str, left: usize, top: usize, scale: usize, colour: Rgb<u8>) {
        font::draw(text, |x, y| {
            let dot = Area { left: left + x * scale, top: top + y * scale, width: scale, height: scale };
            self.rectangle(dot, colour);
        });
    }

    /// A title, facts to its right if there is room, a rule, and lines of text below.
    pub(super) fn heading(&mut self, title: &str, facts: &str, lines: &[String], area: Area) {
        let Area { left, top, width, .. } = area;
        let title = font::fitted(title, width / TITLE_SCALE);
        self.text(&title, left, top, TITLE_SCALE, INK);
        let facts_width = text_width(facts) * TEXT_SCALE;
        if text_width(&title) * TITLE_SCALE + MARGIN + facts_width <= width {
            let drop = (TITLE_SCALE - TEXT_SCALE) * font::BASELINE;
            self.text(facts, left + width - facts_width, top + drop, TEXT_SCALE, FAINT);
        }
        let top = top + GLYPH_HEIGHT * TITLE_SCALE + LINE;
        self.rectangle(Area { left, top: top - LINE / 2, width, height: 1 }, RULE);
        for (line, text) in lines.iter().enumerate() {
            self.text(text, left, top + LINE / 2 + line * TEXT_LINE, TEXT_SCALE, FAINT);
        }
    }

    /// Shows a picture, given as planes, in the middle of a cell, in the proportions of `original`, its width and
    /// height. By nearest neighbour, which keeps the pixels of small pictures visible. Returns the place that it takes.
    pub(super) fn picture(
        &mut self,
        planes: &[u8],
        [height, width]: [usize; 2],
        original: [usize; 2],
        cell: Area,
    ) -> Area {
        let [shown_width, shown_height] = shown(original, cell.width);
        let area = Area {
            left: cell.left + (cell.width - shown_width) / 2,
            top: cell.top + cell.height.saturating_sub(shown_height) / 2,
            width: shown_width,
            height: shown_height,
        };
        let plane = height * width;
        for y in 0..shown_height {
            for x in 0..shown_width {
                let at = (y * height / shown_height) * width + x * width / shown_width;
                let colour = Rgb([planes[at], planes[plane + at], planes[2 * plane + at]]);
                self.rectangle(Area { left: area.left + x, top: area.top + y, width: 1, height: 1 }, colour);
            }
        }
        area
    }
}

/// Width and height at which a picture is shown in a square: whole factors keep the pixels of small pictures square
/// and alike, larger pictures are sampled.
pub(super) fn shown(original: [usize; 2], side: usize) -> [usize; 2] {
    let longest = original[0].max(original[1]).max(1);
    let shown = if longest <= side { side / longest * longest } else { side };
    original.map(|extent| (extent * shown / longest).max(1))
}
