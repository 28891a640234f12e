//! A picture of detection tasks: test pictures with boxes and class names.

use image::Rgb;

use super::check_channels;
use super::font::{self, GLYPH_HEIGHT, text_width};
use super::paper::{
    Area, FAINT, GAP, LINE, MARGIN, Paper, TEXT_LINE, TEXT_SCALE, complain, heading_height, shown, wrapped,
};
use crate::DataError;
use crate::detection::{DetectionData, Object};

/// How a sheet of detection tasks is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetectionSheetOptions {
    /// Pictures beside each other.
    pub across: usize,
    /// Rows of pictures of each task.
    pub rows: usize,
    /// Side in pixels of the square in which a picture is shown, in its original proportions; pictures are enlarged
    /// by whole factors, or shrunk, to fit.
    pub picture_side: usize,
    /// Factor on the size of class names at boxes; 0 leaves them out.
    pub label_scale: usize,
}

impl Default for DetectionSheetOptions {
    fn default() -> Self {
        Self { across: 5, rows: 2, picture_side: 288, label_scale: 1 }
    }
}

/// Colours of boxes, far from each other and strong, so that they stand out from most pictures.
const COLOURS: [Rgb<u8>; 10] = [
    Rgb([230, 38, 60]),
    Rgb([38, 190, 70]),
    Rgb([255, 214, 20]),
    Rgb([30, 120, 235]),
    Rgb([255, 128, 20]),
    Rgb([170, 50, 210]),
    Rgb([40, 220, 225]),
    Rgb([250, 80, 200]),
    Rgb([180, 235, 40]),
    Rgb([150, 90, 40]),
];
const DARK: Rgb<u8> = Rgb([16, 16, 20]);
const PALE: Rgb<u8> = Rgb([255, 255, 255]);
/// Between the pictures.
const STEP: usize = 2 * GAP;
/// Thickness of a box's line, without the dark lines on both sides of it.
const STROKE: usize = 2;

/// Draws test pictures of `tasks` as a PNG: for each task its title, what it is about, its classes with their
/// colours, and pictures, spread evenly over the split, with their boxes. Boxes of difficult objects and of crowds are
/// dashed.
///
/// # Errors
/// [`DataError::Sheet`] if there is no task or the options leave nothing to show, [`DataError::Inconsistent`] for a
/// task that does not fit together.
pub fn detection_sheet(
    tasks: &[&DetectionData],
    options: &DetectionSheetOptions,
) -> Result<Vec<u8>, DataError> {
    if tasks.is_empty() {
        return Err(complain("there are no tasks to show".to_owned()));
    }
    let DetectionSheetOptions { across, rows, picture_side, label_scale } = *options;
    if !(1..=1000).contains(&across)
        || !(1..=1000).contains(&rows)
        || label_scale > 8
        || !(32..=2048).contains(&picture_side)
    {
        return Err(complain(format!("nothing can be drawn with {options:?}")));
    }
    for task in tasks {
        task.check()?;
        check_channels(&task.info.id, task.test.shape)?;
    }
    let width = across * (picture_side + STEP) - STEP;
    let panels: Vec<Panel<'_>> = tasks.iter().map(|task| Panel::new(task, width, options)).collect();
    let height = panels.iter().map(|panel| panel.height() + MARGIN).sum::<usize>() + MARGIN;
    let mut paper = Paper::new(width + 2 * MARGIN, height)?;
    let mut top = MARGIN;
    for panel in &panels {
        panel.draw(&mut paper, top);
        top += panel.height() + MARGIN;
    }
    paper.into_png()
}

/// The part of the sheet that shows one task.
struct Panel<'a> {
    task: &'a DetectionData,
    options: &'a DetectionSheetOptions,
    width: usize,
    summary: Vec<String>,
    /// Test pictures to show.
    pictures: Vec<usize>,
    /// Height of a row of pictures; less than the side of their squares if all are wide.
    row: usize,
}

impl<'a> Panel<'a> {
    fn new(task: &'a DetectionData, width: usize, options: &'a DetectionSheetOptions) -> Self {
        let pictures = super::spread(task.test.len(), options.across * options.rows);
        let heights = pictures.iter().map(|picture| {
            let size = task.test.sizes[*picture].map(|extent| extent as usize);
            shown(size, options.picture_side)[1]
        });
        let row = heights.max().unwrap_or(0);
        Self { task, options, width, summary: wrapped(&task.info.summary, width, 2), pictures, row }
    }

    /// Height of what stands above the pictures: the heading and the classes.
    fn above(&self) -> usize {
        heading_height(self.summary.len()) + TEXT_LINE + LINE
    }

    fn height(&self) -> usize {
        let rows = self.pictures.len().div_ceil(self.options.across);
        self.above() + (rows * (self.row + STEP)).saturating_sub(STEP)
    }

    fn draw(&self, paper: &mut Paper, top: usize) {
        let DetectionData { info, train, .. } = self.task;
        let facts = format!(
            "{} classes, {} pictures with {} objects to train on",
            info.classes.len(),
            train.len(),
            train.objects.len()
        );
        let area = Area { left: MARGIN, top, width: self.width, height: self.above() };
        paper.heading(&info.title, &facts, &self.summary, area);
        self.draw_classes(paper, top + heading_height(self.summary.len()));
        let (side, step) = (self.options.picture_side, self.options.picture_side + STEP);
        for (place, &picture) in self.pictures.iter().enumerate() {
            let (column, row) = (place % self.options.across, place / self.options.across);
            let cell = Area {
                left: MARGIN + column * step,
                top: top + self.above() + row * (self.row + STEP),
                width: side,
                height: self.row,
            };
            self.draw_picture(paper, picture, cell);
        }
    }

    /// As many classes as fit on a line, each behind a patch of its colour.
    fn draw_classes(&self, paper: &mut Paper, top: usize) {
        let patch = font::BASELINE * TEXT_SCALE;
        let mut left = MARGIN;
        for (class, name) in self.task.info.classes.iter().enumerate() {
            let width = patch + LINE + text_width(name) * TEXT_SCALE;
            if left + width > MARGIN + self.width {
                break;
            }
            paper.rectangle(Area { left, top, width: patch, height: patch }, colour(class));
            paper.text(name, left + patch + LINE, top, TEXT_SCALE, FAINT);
            left += width + MARGIN;
        }
    }

    fn draw_picture(&self, paper: &mut Paper, picture: usize, cell: Area) {
        let test = &self.task.test;
        let [channels, height, width] = test.shape;
        let planes = &test.pixels[picture * channels * height * width..][..channels * height * width];
        let size = test.sizes[picture];
        let area = paper.picture(planes, [height, width], size.map(|extent| extent as usize), cell);
        // Names come last: no line crosses them.
        let shown: Vec<_> =
            test.objects_of(picture).map(|object| (object, placed(object.corners, size, area))).collect();
        for (object, place) in &shown {
            draw_box(paper, object, *place, area);
        }
        for (object, place) in &shown {
            self.draw_name(paper, object, *place, area);
        }
    }

    /// The name of a class on a tab above its box, or inside where there is no room above.
    fn draw_name(&self, paper: &mut Paper, object: &Object, place: Area, within: Area) {
        let scale = self.options.label_scale;
        let class = usize::from(object.class);
        let name = &self.task.info.classes[class];
        let (width, height) = ((text_width(name) + 2) * scale, (GLYPH_HEIGHT + 1) * scale);
        if scale == 0 || width > within.width || height > within.height {
            return;
        }
        let line = STROKE + 1;
        let left = place.left.saturating_sub(line).clamp(within.left, within.left + within.width - width);
        let above = place.top.checked_sub(line + height).filter(|top| *top >= within.top);
        let top = above.unwrap_or(place.top);
        let ground = colour(class);
        paper.rectangle(Area { left, top, width, height }, ground);
        let [red, green, blue] = ground.0.map(u32::from);
        let ink = if 299 * red + 587 * green + 114 * blue > 140_000 { DARK } else { PALE };
        paper.text(name, left + scale, top + scale, scale, ink);
    }
}

fn colour(class: usize) -> Rgb<u8> {
    COLOURS[class % COLOURS.len()]
}

/// Where a box of a picture of the given width and height is on the sheet.
fn placed([left, top, right, bottom]: [f64; 4], size: [u32; 2], area: Area) -> Area {
    let across = |x: f64| (x * area.width as f64 / f64::from(size[0])).round() as usize;
    let down = |y: f64| (y * area.height as f64 / f64::from(size[1])).round() as usize;
    Area {
        left: area.left + across(left),
        top: area.top + down(top),
        width: across(right) - across(left),
        height: down(bottom) - down(top),
    }
}

/// Lines around a box, coloured ones between two dark ones; inside of it where there is no room on the picture.
fn draw_box(paper: &mut Paper, object: &Object, place: Area, within: Area) {
    let lines = STROKE + 2;
    let left = place.left.max(within.left + lines);
    let top = place.top.max(within.top + lines);
    let right = (place.left + place.width).min(within.left + within.width - lines).max(left + 1);
    let bottom = (place.top + place.height).min(within.top + within.height - lines).max(top + 1);
    let place = Area { left, top, width: right - left, height: bottom - top };
    let dashed = object.difficult || object.crowd;
    for away in 1..=lines {
        let ink = if away == 1 || away == lines { DARK } else { colour(usize::from(object.class)) };
        for (index, (x, y)) in outline(place, away).enumerate() {
            if !(dashed && index / 5 % 2 == 1) {
                paper.rectangle(Area { left: x, top: y, width: 1, height: 1 }, ink);
            }
        }
    }
}

/// The points of a rectangle's outline, `away` pixels outside of it, clockwise from its upper left corner.
fn outline(place: Area, away: usize) -> impl Iterator<Item = (usize, usize)> {
    let (left, top) = (place.left - away, place.top - away);
    let (right, bottom) = (place.left + place.width + away - 1, place.top + place.height + away - 1);
    (left..right)
        .map(move |x| (x, top))
        .chain((top..bottom).map(move |y| (right, y)))
        .chain((left + 1..=right).rev().map(move |x| (x, bottom)))
        .chain((top + 1..=bottom).rev().map(move |y| (left, y)))
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::detection::Scenes;
    use crate::testing::detection_task;

    const GRAY: u8 = 120;

    /// A task with one wide gray test picture, 40x20, packed as 8x8.
    fn task(objects: Vec<Object>) -> DetectionData {
        let mut task = detection_task();
        for scenes in [&mut task.train, &mut task.validation, &mut task.test] {
            *scenes = Scenes::empty([3, 8, 8]);
        }
        task.test.push("wide".to_owned(), [40, 20], objects);
        task.test.pixels = vec![GRAY; 3 * 64];
        task
    }

    fn options() -> DetectionSheetOptions {
        DetectionSheetOptions { across: 1, rows: 1, picture_side: 200, label_scale: 0 }
    }

    fn drawn(task: &DetectionData, options: &DetectionSheetOptions) -> RgbImage {
        image::load_from_memory(&detection_sheet(&[task], options).unwrap()).unwrap().to_rgb8()
    }

    /// The part of the sheet with the picture, 200x100.
    fn picture(sheet: &RgbImage) -> RgbImage {
        let top = sheet.height() - 100 - MARGIN as u32;
        image::imageops::crop_imm(sheet, MARGIN as u32, top, 200, 100).to_image()
    }

    #[test]
    fn boxes_surround_their_objects_in_the_colour_of_the_class() {
        let shown = picture(&drawn(&task(vec![Object::new(1, [10.0, 5.0, 30.0, 15.0])]), &options()));
        // The picture is enlarged five times; lines lie outside of the box.
        for (x, y, pixel) in shown.enumerate_pixels() {
            let (across, down) = ((50..150).contains(&x), (25..75).contains(&y));
            let near = (46..154).contains(&x) && (21..79).contains(&y);
            let expected = if (across && down) || !near { Some(Rgb([GRAY; 3])) } else { None };
            if let Some(expected) = expected {
                assert_eq!(*pixel, expected, "at {x}, {y}");
            } else {
                assert!([DARK, COLOURS[1]].contains(pixel), "{pixel:?} at {x}, {y}");
            }
        }
        assert_eq!(*shown.get_pixel(100, 23), COLOURS[1]);
        assert_eq!(*shown.get_pixel(100, 24), DARK);
    }

    #[test]
    fn boxes_of_difficult_objects_are_dashed_and_names_stand_at_boxes() {
        let object = Object::new(0, [10.0, 5.0, 30.0, 15.0]);
        let coloured = |shown: &RgbImage| shown.pixels().filter(|pixel| **pixel == COLOURS[0]).count();
        let whole = coloured(&picture(&drawn(&task(vec![object]), &options())));
        let dashed =
            coloured(&picture(&drawn(&task(vec![Object { difficult: true, ..object }]), &options())));
        assert!((whole * 2 / 5..whole * 3 / 5).contains(&dashed), "{dashed} of {whole}");
        let named =
            picture(&drawn(&task(vec![object]), &DetectionSheetOptions { label_scale: 1, ..options() }));
        assert!(coloured(&named) > whole + 50);
        assert_eq!(*named.get_pixel(47, 13), COLOURS[0]);
    }

    #[test]
    fn boxes_at_the_edge_stay_on_their_picture() {
        let object = Object::new(0, [0.0, 0.0, 40.0, 20.0]);
        let shown = picture(&drawn(&task(vec![object]), &options()));
        assert!(
            [(1, 50), (198, 50), (100, 1), (100, 98)]
                .iter()
                .all(|(x, y)| *shown.get_pixel(*x, *y) == COLOURS[0])
        );
        let options = DetectionSheetOptions { label_scale: 1, ..options() };
        let (with, without) = (drawn(&task(vec![object]), &options), drawn(&task(Vec::new()), &options));
        let top = with.height() - 100 - MARGIN as u32;
        for (x, y, pixel) in with.enumerate_pixels() {
            let inside = (MARGIN as u32..MARGIN as u32 + 200).contains(&x) && (top..top + 100).contains(&y);
            assert!(inside || pixel == without.get_pixel(x, y), "at {x}, {y}");
        }
        assert_ne!(with, without);
    }

    #[test]
    fn nothing_to_show_is_an_error() {
        assert!(detection_sheet(&[], &options()).is_err());
        for options in [
            DetectionSheetOptions { across: 0, ..options() },
            DetectionSheetOptions { picture_side: 8, ..options() },
            DetectionSheetOptions { across: 60_000, ..options() },
        ] {
            assert!(matches!(detection_sheet(&[&task(Vec::new())], &options), Err(DataError::Sheet { .. })));
        }
        // A task without test pictures has a heading.
        let mut empty = task(Vec::new());
        empty.test = Scenes::empty([3, 8, 8]);
        detection_sheet(&[&empty], &options()).unwrap();
    }
}
