//! Pictures of tasks: some of what they show in a labelled grid.

mod detection;
mod font;
mod paper;

pub use self::detection::{DetectionSheetOptions, detection_sheet};
use self::paper::{Area, GAP, MARGIN, Paper, complain, heading_height, wrapped};
use crate::{DataError, TaskData};

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

/// Draws test pictures of `tasks` as a PNG: for each task its title, what it is about, and some classes in columns.
///
/// # Errors
/// [`DataError::Sheet`] if there is no task or the options leave nothing to show, [`DataError::Inconsistent`] for a
/// task that does not fit together.
pub fn contact_sheet(tasks: &[&TaskData], options: &SheetOptions) -> Result<Vec<u8>, DataError> {
    if tasks.is_empty() {
        return Err(complain("there are no tasks to show".to_owned()));
    }
    let SheetOptions { panels_across, classes, per_class, picture_side } = *options;
    if panels_across == 0 || classes == 0 || per_class == 0 || !(8..=1024).contains(&picture_side) {
        return Err(complain(format!("nothing can be drawn with {options:?}")));
    }
    for task in tasks {
        task.check()?;
        check_channels(&task.info.id, task.test.shape)?;
    }
    let rows = rows(tasks, options);
    let across = rows.iter().map(Vec::len).max().unwrap_or(1);
    let width = across * (panel_width(classes, picture_side) + MARGIN) + MARGIN;
    let heading =
        |row: &[Panel<'_>]| heading_height(row.iter().map(|panel| panel.summary.len()).max().unwrap_or(0));
    let pictures = per_class * (picture_side + GAP) - GAP;
    let height = rows.iter().map(|row| heading(row) + pictures + MARGIN).sum::<usize>() + MARGIN;
    let mut paper = Paper::new(width, height)?;
    let mut top = MARGIN;
    for row in &rows {
        let mut left = MARGIN;
        for panel in row {
            let info = &panel.task.info;
            let facts = format!("{} classes, {} to train on", info.classes.len(), panel.task.train.len());
            let area = Area { left, top, width: panel.width, height: heading(row) };
            paper.heading(&info.title, &facts, &panel.summary, area);
            panel.draw_pictures(&mut paper, left, top + heading(row), options);
            left += panel.width + MARGIN;
        }
        top += heading(row) + pictures + MARGIN;
    }
    paper.into_png()
}

/// Sheets show colours.
fn check_channels(id: &str, shape: [usize; 3]) -> Result<(), DataError> {
    if shape[0] == 3 { Ok(()) } else { Err(complain(format!("`{id}` has {} channels, not 3", shape[0]))) }
}

/// The part of the sheet that shows one task.
struct Panel<'a> {
    task: &'a TaskData,
    width: usize,
    classes: usize,
    /// Lines of the task's summary.
    summary: Vec<String>,
}

impl Panel<'_> {
    fn draw_pictures(&self, paper: &mut Paper, left: usize, top: usize, options: &SheetOptions) {
        let test = &self.task.test;
        let [channels, height, width] = test.shape;
        let (side, step) = (options.picture_side, options.picture_side + GAP);
        for (column, class) in spread(self.task.info.classes.len(), self.classes).into_iter().enumerate() {
            let of_class = test.labels.iter().enumerate().filter(|(_, label)| usize::from(**label) == class);
            for (row, (index, _)) in of_class.take(options.per_class).enumerate() {
                let planes = &test.pixels[index * channels * height * width..][..channels * height * width];
                let square =
                    Area { left: left + column * step, top: top + row * step, width: side, height: side };
                paper.picture(planes, [height, width], [width, height], square);
            }
        }
    }
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
        summary: wrapped(&task.info.summary, width, 2),
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
