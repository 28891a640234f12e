//! Generated tasks: one to train upstream, twelve to transfer to, and one of detection.
//!
//! Nothing is downloaded, every picture follows from the task, the split, its index and the seed of the suite,
//! and its bits are the same on every machine (see `arithmetic.rs`), on any number of threads.
//!
//! - The splits use separate random streams, so no picture is in two of them.
//! - Picture `k` of a split does not depend on how many there are.
//! - The seed changes the pictures and, slightly, the conditions they are taken under; never what a class is.

mod arithmetic;
mod canvas;
mod catalogue;
mod detection;
mod forms;
mod marks;
pub(crate) mod random;
mod scene;
mod tasks;
mod textures;

use rayon::prelude::*;

pub use catalogue::{Entry, Role, catalogue};
pub use detection::{
    DETECTION_SIDE, DETECTION_VERSION, DetectionEntry, detection_catalogue, detection_info,
    generate_detection, generate_detection_first, generate_detection_sized,
};
use random::Stream;

use self::scene::{Scene, World};
use crate::{DataError, Pictures, Split, TaskData, TaskInfo};

/// Version of the generator. It grows with every change that alters a picture; results of different versions are
/// not comparable. The tests hold a digest of each task for it.
pub const VERSION: u32 = 1;

/// Side of the pictures in pixels unless asked otherwise.
pub const SIDE: usize = 32;

const LEAST_SIDE: usize = 8;
const MOST_SIDE: usize = 512;

/// What a generated task is, or `None` if there is none of that name. Makes no picture.
#[must_use]
pub fn info(id: &str) -> Option<TaskInfo> {
    find(id).map(describe)
}

/// Makes a whole task with pictures of 32x32 pixels.
///
/// # Errors
/// [`DataError::UnknownTask`], with the tasks there are.
pub fn generate(id: &str, seed: u64) -> Result<TaskData, DataError> {
    generate_sized(id, seed, SIDE)
}

/// Makes a whole task with pictures of `side` pixels a side: the same scenes, drawn finer or coarser.
///
/// # Errors
/// [`DataError::UnknownTask`] for a name that is not in the catalogue, and [`DataError::Side`] for a side below 8
/// or above 512.
pub fn generate_sized(id: &str, seed: u64, side: usize) -> Result<TaskData, DataError> {
    generate_first(id, seed, side, usize::MAX)
}

/// Makes at most the first `most` pictures of each split, the same as those of the whole task.
///
/// # Errors
/// As [`generate_sized`].
pub fn generate_first(id: &str, seed: u64, side: usize, most: usize) -> Result<TaskData, DataError> {
    let entry = entry_or_error(id)?;
    check_side(side)?;
    let split = |split| make_split(entry, seed, side, split, most);
    Ok(TaskData {
        info: describe(entry),
        train: split(Split::Train),
        validation: split(Split::Validation),
        test: split(Split::Test),
    })
}

fn find(id: &str) -> Option<&'static Entry> {
    catalogue().iter().find(|entry| entry.id == id)
}

fn entry_or_error(id: &str) -> Result<&'static Entry, DataError> {
    find(id).ok_or_else(|| unknown_task(id, catalogue().iter().map(|entry| entry.id)))
}

fn unknown_task(id: &str, known: impl Iterator<Item = &'static str>) -> DataError {
    DataError::UnknownTask { id: id.to_owned(), known: known.collect::<Vec<_>>().join(", ") }
}

fn check_side(side: usize) -> Result<(), DataError> {
    if (LEAST_SIDE..=MOST_SIDE).contains(&side) {
        Ok(())
    } else {
        Err(DataError::Side { side, least: LEAST_SIDE, most: MOST_SIDE })
    }
}

fn describe(entry: &Entry) -> TaskInfo {
    TaskInfo {
        id: entry.id.to_owned(),
        title: entry.title.to_owned(),
        summary: entry.summary.to_owned(),
        version: VERSION,
        classes: entry.classes(),
        metric: entry.metric,
        // Colours are drawn around the middle of the range; a fixed shift keeps the tasks comparable.
        mean: vec![0.5; 3],
        std: vec![0.25; 3],
    }
}

fn make_split(entry: &Entry, seed: u64, side: usize, split: Split, most: usize) -> Pictures {
    let count = match split {
        Split::Train => entry.train,
        Split::Validation => entry.validation,
        Split::Test => entry.test,
    };
    let which = split as u64;
    let mut labels = labels(entry, count, &mut Stream::new(entry.id, &[seed, which]));
    labels.truncate(most);
    let world = World::draw(&mut Stream::new(entry.id, &[seed]));
    let size = 3 * side * side;
    let mut pixels = vec![0; labels.len() * size];
    pixels.par_chunks_mut(size).zip(labels.par_iter()).enumerate().for_each(|(index, (out, &label))| {
        let random = Stream::new(entry.id, &[seed, which, index as u64]);
        let mut scene = Scene::new(side, random, &world);
        (entry.draw)(&mut scene, usize::from(label));
        scene.canvas.write(out);
    });
    Pictures { shape: [3, side, side], pixels, labels }
}

/// Labels of a split in a random order. Class sizes fall geometrically from the first class to the last by the
/// task's imbalance, and are rounded by largest remainder.
fn labels(entry: &Entry, count: usize, random: &mut Stream) -> Vec<u16> {
    let classes = entry.classes().len();
    // The ratio between neighbours is a root found by bisection: `powf` differs between machines.
    let step = root(f64::from(entry.imbalance), classes - 1);
    let mut weights = Vec::with_capacity(classes);
    let mut weight = 1.0;
    for _ in 0..classes {
        weights.push(weight);
        weight /= step;
    }
    let total: f64 = weights.iter().sum();
    let exact: Vec<f64> = weights.iter().map(|weight| weight / total * count as f64).collect();
    let mut sizes: Vec<usize> = exact.iter().map(|size| size.floor() as usize).collect();
    let mut order: Vec<usize> = (0..classes).collect();
    order.sort_by(|&a, &b| (exact[b].fract()).total_cmp(&exact[a].fract()).then(a.cmp(&b)));
    let missing = count - sizes.iter().sum::<usize>();
    for &class in &order[..missing] {
        sizes[class] += 1;
    }
    let mut labels: Vec<u16> =
        sizes.iter().enumerate().flat_map(|(class, &size)| vec![class as u16; size]).collect();
    random.shuffle(&mut labels);
    labels
}

/// The number in `[1, value]` whose `degree`-th power is `value`.
fn root(value: f64, degree: usize) -> f64 {
    let power = |base: f64| (0..degree).fold(1.0, |product, _| product * base);
    let (mut low, mut high) = (1.0, value.max(1.0));
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if power(middle) < value {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests;
