//! Generated tasks of detection: pictures with several objects and their exact boxes.

use rayon::prelude::*;

use super::random::Stream;
use super::scene::{Scene, World};
use super::tasks::figures;
use super::{check_side, unknown_task};
use crate::detection::{DetectionData, DetectionInfo, DetectionMetric, Object, Scenes};
use crate::{DataError, Split};

/// Version of the generated detection tasks. It grows with every change that alters a picture or a box.
pub const DETECTION_VERSION: u32 = 1;

/// Side of the pictures in pixels unless asked otherwise.
pub const DETECTION_SIDE: usize = 96;

/// A generated detection task, before any picture of it is made.
#[derive(Clone, Copy, Debug)]
pub struct DetectionEntry {
    /// Identifier, `generated/` and a name.
    pub id: &'static str,
    /// Title for people.
    pub title: &'static str,
    /// One sentence: what is to be found.
    pub summary: &'static str,
    /// The metric by which it is judged.
    pub metric: DetectionMetric,
    /// Number of training pictures.
    pub train: usize,
    /// Number of validation pictures.
    pub validation: usize,
    /// Number of test pictures.
    pub test: usize,
    /// Sides of squares that divide small from medium and medium from large objects, over the picture's side.
    pub size_borders: [f64; 2],
    class_names: fn() -> Vec<String>,
    draw: fn(&mut Scene<'_>) -> Vec<Object>,
}

impl DetectionEntry {
    /// Class names in label order.
    #[must_use]
    pub fn classes(&self) -> Vec<String> {
        (self.class_names)()
    }
}

/// All generated detection tasks.
#[must_use]
pub fn detection_catalogue() -> &'static [DetectionEntry] {
    &CATALOGUE
}

static CATALOGUE: [DetectionEntry; 1] = [DetectionEntry {
    id: "generated/figures",
    title: "Figures",
    summary: "Find one to eight figures of six outlines, small and large, of any colour and cover, among others.",
    metric: DetectionMetric::VocAp50,
    train: 2_000,
    validation: 400,
    test: 500,
    size_borders: figures::SIZE_BORDERS,
    class_names: figures::classes,
    draw: figures::draw,
}];

/// What a generated detection task is with pictures of 96x96 pixels, or `None` if there is none of that name. Makes
/// no picture.
#[must_use]
pub fn detection_info(id: &str) -> Option<DetectionInfo> {
    find(id).map(|entry| describe(entry, DETECTION_SIDE))
}

/// Makes a whole detection task with pictures of 96x96 pixels.
///
/// # Errors
/// [`DataError::UnknownTask`], with the tasks there are.
pub fn generate_detection(id: &str, seed: u64) -> Result<DetectionData, DataError> {
    generate_detection_sized(id, seed, DETECTION_SIDE)
}

/// Makes a whole detection task with pictures of `side` pixels a side: the same scenes, drawn finer or coarser.
///
/// # Errors
/// [`DataError::UnknownTask`] for a name that is not in the catalogue, and [`DataError::Side`] for a side below 8
/// or above 512.
pub fn generate_detection_sized(id: &str, seed: u64, side: usize) -> Result<DetectionData, DataError> {
    generate_detection_first(id, seed, side, usize::MAX)
}

/// Makes at most the first `most` pictures of each split, the same as those of the whole task.
///
/// # Errors
/// As [`generate_detection_sized`].
pub fn generate_detection_first(
    id: &str,
    seed: u64,
    side: usize,
    most: usize,
) -> Result<DetectionData, DataError> {
    let entry = find(id).ok_or_else(|| unknown_task(id, CATALOGUE.iter().map(|entry| entry.id)))?;
    check_side(side)?;
    let split = |split, count: usize| make_split(entry, seed, side, split, count.min(most));
    Ok(DetectionData {
        info: describe(entry, side),
        train: split(Split::Train, entry.train),
        validation: split(Split::Validation, entry.validation),
        test: split(Split::Test, entry.test),
    })
}

fn find(id: &str) -> Option<&'static DetectionEntry> {
    CATALOGUE.iter().find(|entry| entry.id == id)
}

fn describe(entry: &DetectionEntry, side: usize) -> DetectionInfo {
    DetectionInfo {
        id: entry.id.to_owned(),
        title: entry.title.to_owned(),
        summary: entry.summary.to_owned(),
        version: DETECTION_VERSION,
        classes: entry.classes(),
        metric: entry.metric,
        size_borders: entry.size_borders.map(|border| (border * side as f64) * (border * side as f64)),
        mean: vec![0.5; 3],
        std: vec![0.25; 3],
    }
}

fn make_split(entry: &DetectionEntry, seed: u64, side: usize, split: Split, count: usize) -> Scenes {
    let world = World::draw(&mut Stream::new(entry.id, &[seed]));
    let mut scenes = Scenes::empty([3, side, side]);
    scenes.pixels = vec![0; count * 3 * side * side];
    let pictures = scenes.pixels.par_chunks_mut(3 * side * side).enumerate().map(|(index, out)| {
        let random = Stream::new(entry.id, &[seed, split as u64, index as u64]);
        let mut scene = Scene::new(side, random, &world);
        let objects = (entry.draw)(&mut scene);
        scene.canvas.write(out);
        objects
    });
    let objects: Vec<Vec<Object>> = pictures.collect();
    for (index, objects) in objects.into_iter().enumerate() {
        scenes.push(format!("{index:06}"), [side as u32; 2], objects);
    }
    scenes
}

#[cfg(test)]
mod tests;
