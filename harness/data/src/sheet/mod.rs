//! A picture of tasks: some of their pictures in a labelled grid.

mod font;

use std::io::Cursor;

use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage, codecs::png::PngEncoder};

use self::font::{GLYPH_HEIGHT, text_width};
use crate::{DataError, Pictures, TaskData};

/// How a contact sheet is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetOptions {
    /// Panels beside each other; each shows one task.
    pub panels_across: usize,
    /// Classes shown of each task, spread evenly over its classes.
    pub classes: usize,
    /// Pictures shown of each class.
    pub per_class: usize,
    /// Side in pixels at which a picture is shown; pictures are enlarged by whole factors, or shrunk, to fit.
    pub picture_side: usize,
}

impl Default for SheetOptions {
    fn default() -> Self {
        Self { panels_across: 2, classes: 10, per_class: 3, picture_side: 64 }
    }
}

const MARGIN: usize = 28;
const GAP: usize = 4;
const TITLE_SCALE: usize = 3;
const TEXT_SCALE: usize = 2;
const LINE: usize = 6;
const PAPER: Rgb<u8> = Rgb([250, 249, 246]);
const INK: Rgb<u8> = Rgb([33, 37, 41]);
const FAINT: Rgb<u8> = Rgb([110, 116, 122]);
const RULE: Rgb<u8> = Rgb([205, 203, 198]);

/// Draws test pictures of `tasks` as a PNG: for each task its title, what it is about, and some classes in columns.
///
/// # Errors
/// [`DataError::Sheet`] if there is no task or the options leave nothing to show, [`DataError::Inconsistent`] for a
/// task that does not fit together.
pub fn contact_sheet(tasks: &[&TaskData], options: &SheetOptions) -> Result<Vec<u8>, DataError> {
    let complain = |problem: String| DataError::Sheet { problem };
    if tasks.is_empty() {
        return Err(complain("there are no tasks to show".to_owned()));
    }
    let SheetOptions { panels_across, classes, per_class, picture_side } = *options;
    if panels_across == 0 || classes == 0 || per_class == 0 || !(8..=1024).contains(&picture_side) {
        return Err(complain(format!("nothing can be drawn with {options:?}")));
    }
    for task in tasks {
        task.check()?;
        if task.test.shape[0] != 3 {
            return Err(complain(format!("`{}` has {} channels, not 3", task.info.id, task.test.shape[0])));
        }
    }
    let rows = rows(tasks, options);
    let text_line = GLYPH_HEIGHT * TEXT_SCALE + LINE;
    let across = rows.iter().map(Vec::len).max().unwrap_or(1);
    let width = across * (panel_width(classes, picture_side) + MARGIN) + MARGIN;
    let heading = |row: &[Panel<'_>]| {
        let lines = row.iter().map(|panel| panel.summary.len()).max().unwrap_or(0);
        GLYPH_HEIGHT * TITLE_SCALE + LINE + lines * text_line + LINE
    };
    let pictures = per_class * (picture_side + GAP) - GAP;
    let height = rows.iter().map(|row| heading(row) + pictures + MARGIN).sum::<usize>() + MARGIN;
    let size = |value: usize| u32::try_from(value).ok().filter(|value| *value <= 1 << 15);
    let (Some(width), Some(height)) = (size(width), size(height)) else {
        return Err(complain(format!("it would have {width}x{height} pixels")));
    };
    let mut sheet = Sheet { image: RgbImage::from_pixel(width, height, PAPER) };
    let mut top = MARGIN;
    for row in &rows {
        let mut left = MARGIN;
        for panel in row {
            sheet.heading(panel, left, top, text_line);
            sheet.pictures(panel, left, top + heading(row), options);
            left += panel.width + MARGIN;
        }
        top += heading(row) + pictures + MARGIN;
    }
    let mut bytes = Cursor::new(Vec::new());
    PngEncoder::new(&mut bytes)
        .write_image(sheet.image.as_raw(), width, height, ExtendedColorType::Rgb8)
        .map_err(|error| complain(error.to_string()))?;
    Ok(bytes.into_inner())
}

/// The part of the sheet that shows one task.
struct Panel<'a> {
    task: &'a TaskData,
    width: usize,
    classes: usize,
    /// Lines of the task's summary.
    summary: Vec<String>,
}

fn panel_width(classes: usize, picture_side: usize) -> usize {
    classes * (picture_side + GAP) - GAP
}

/// The panels row by row. If one task would be left over, the first one gets a row to itself.
fn rows<'a>(tasks: &[&'a TaskData], options: &SheetOptions) -> Vec<Vec<Panel<'a>>> {
    let across = options.panels_across.min(tasks.len());
    let panel = |task: &'a TaskData, width: usize| Panel {
        task,
        width,
        classes: (width + GAP) / (options.picture_side + GAP),
        summary: font::wrapped(&task.info.summary, width / TEXT_SCALE, 2),
    };
    let single = panel_width(options.classes, options.picture_side);
    let mut rows = Vec::new();
    let mut rest = tasks;
    if across > 1 && tasks.len() % across == 1 {
        let whole = across * (single + MARGIN) - MARGIN;
        rows.push(vec![panel(tasks[0], whole)]);
        rest = &tasks[1..];
    }
    rows.extend(rest.chunks(across).map(|row| row.iter().map(|task| panel(task, single)).collect()));
    rows
}

struct Sheet {
    image: RgbImage,
}

impl Sheet {
    fn rectangle(&mut self, left: usize, top: usize, width: usize, height: usize, colour: Rgb<u8>) {
        for y in top..top + height {
            for x in left..left + width {
                if let Some(pixel) = self.image.get_pixel_mut_checked(x as u32, y as u32) {
                    *pixel = colour;
                }
            }
        }
    }

    fn text(&mut self, text: &str, left: usize, top: usize, scale: usize, colour: Rgb<u8>) {
        font::draw(text, |x, y| {
            self.rectangle(left + x * scale, top + y * scale, scale, scale, colour);
        });
    }

    /// Title, numbers and summary, above a rule.
    fn heading(&mut self, panel: &Panel<'_>, left: usize, top: usize, text_line: usize) {
        let Panel { task, width, .. } = *panel;
        let info = &task.info;
        let title = font::fitted(&info.title, width / TITLE_SCALE);
        self.text(&title, left, top, TITLE_SCALE, INK);
        let facts = format!("{} classes, {} to train on", info.classes.len(), task.train.len());
        let facts_width = text_width(&facts) * TEXT_SCALE;
        if text_width(&title) * TITLE_SCALE + MARGIN + facts_width <= width {
            let drop = (TITLE_SCALE - TEXT_SCALE) * font::BASELINE;
            self.text(&facts, left + width - facts_width, top + drop, TEXT_SCALE, FAINT);
        }
        let top = top + GLYPH_HEIGHT * TITLE_SCALE + LINE;
        self.rectangle(left, top - LINE / 2, width, 1, RULE);
        for (line, text) in panel.summary.iter().enumerate() {
            self.text(text, left, top + LINE / 2 + line * text_line, TEXT_SCALE, FAINT);
        }
    }

    fn pictures(&mut self, panel: &Panel<'_>, left: usize, top: usize, options: &SheetOptions) {
        let task = panel.task;
        let step = options.picture_side + GAP;
        for (column, class) in spread(task.info.classes.len(), panel.classes).into_iter().enumerate() {
            let of_class =
                task.test.labels.iter().enumerate().filter(|(_, label)| usize::from(**label) == class);
            for (row, (index, _)) in of_class.take(options.per_class).enumerate() {
                self.picture(&task.test, index, left + column * step, top + row * step, options.picture_side);
            }
        }
    }

    /// Shows a picture by nearest neighbour, which keeps the pixels of small pictures visible.
    fn picture(&mut self, pictures: &Pictures, index: usize, left: usize, top: usize, side: usize) {
        let [channels, height, width] = pictures.shape;
        let area = height * width;
        let pixels = &pictures.pixels[index * channels * area..(index + 1) * channels * area];
        let longest = height.max(width).max(1);
        // Whole factors keep pixels square and alike; larger pictures are sampled.
        let shown = if longest <= side { side / longest * longest } else { side };
        let inset = (side - shown) / 2;
        for y in 0..shown * height / longest {
            for x in 0..shown * width / longest {
                let at = (y * longest / shown) * width + x * longest / shown;
                let colour = Rgb([pixels[at], pixels[area + at], pixels[2 * area + at]]);
                self.rectangle(left + inset + x, top + inset + y, 1, 1, colour);
            }
        }
    }
}

/// `count` of the numbers below `total`, evenly spread; all of them if there are fewer.
fn spread(total: usize, count: usize) -> Vec<usize> {
    let count = count.min(total);
    (0..count).map(|k| if count == 1 { 0 } else { k * (total - 1) / (count - 1) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated;

    #[test]
    fn a_sheet_has_a_panel_for_each_task() {
        let make = |id| generated::generate_first(id, 0, 32, 64).unwrap();
        let (digits, counts) = (make("generated/digits"), make("generated/counts"));
        let options = SheetOptions { panels_across: 1, classes: 4, per_class: 2, picture_side: 32 };
        let one = image::load_from_memory(&contact_sheet(&[&digits], &options).unwrap()).unwrap();
        let two = image::load_from_memory(&contact_sheet(&[&digits, &counts], &options).unwrap()).unwrap();
        assert_eq!(one.width(), two.width());
        assert_eq!(2 * (one.height() as usize - MARGIN), two.height() as usize - MARGIN);
        // The last shown pixels are those of the first test picture of the class in the corner.
        let first_zero = digits.test.labels.iter().position(|label| *label == 0).unwrap();
        let corner = &digits.test.pixels[first_zero * 3072..];
        let top = one.height() as usize - MARGIN - 2 * (32 + GAP) + GAP;
        let shown = one.to_rgb8().get_pixel(MARGIN as u32, top as u32).0;
        assert_eq!(shown, [corner[0], corner[1024], corner[2048]]);
    }

    #[test]
    fn nothing_to_show_is_an_error() {
        assert!(contact_sheet(&[], &SheetOptions::default()).is_err());
        let task = generated::generate_first("generated/digits", 0, 8, 1).unwrap();
        assert!(contact_sheet(&[&task], &SheetOptions { classes: 0, ..SheetOptions::default() }).is_err());
        assert!(
            contact_sheet(&[&task], &SheetOptions { classes: 60_000, ..SheetOptions::default() }).is_err()
        );
    }

    #[test]
    fn shown_classes_are_spread_from_first_to_last() {
        assert_eq!(spread(72, 4), [0, 23, 47, 71]);
        assert_eq!(spread(3, 10), [0, 1, 2]);
        assert_eq!(spread(5, 1), [0]);
    }
}
