//! Tasks from folders of pictures, `{train,test}/<class>/<picture>.{jpg,jpeg,png}`, unpacked or as a `.tar` or
//! `.tar.gz`.
//!
//! Classes and pictures are sorted by name, so nothing depends on the order of a file system or an archive, and a
//! folder and the archive made of it give the same task.

mod decode;
mod source;

use std::collections::BTreeSet;
use std::path::Path;

use secateur_metrics::ClassificationMetric;

use self::decode::{Broken, Decoded};
pub use crate::files::digest_source;
use crate::{DataError, Pictures, TaskData, TaskInfo, picture};

/// Version of this loader; it grows when the same files give other pictures.
pub const VERSION: u32 = 1;

/// How the validation split is taken from the training pictures. Which ones are taken follows from the seed, the
/// class and each file's name alone, so other files may come and go without moving a picture between splits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Validation {
    /// No validation split.
    None,
    /// This many pictures of each class.
    PerClass {
        /// Pictures of each class; a class must have more.
        count: usize,
        /// Seed of the choice.
        seed: u64,
    },
    /// This fraction of each class, rounded down.
    Fraction {
        /// Between 0 and 1, both excluded.
        fraction: f64,
        /// Seed of the choice.
        seed: u64,
    },
}

impl Validation {
    /// Which of the training pictures of a class are held out, as indices in no particular order.
    ///
    /// # Errors
    /// What is wrong if the class would be left without training pictures.
    pub(crate) fn choose(self, class: &str, names: &[String]) -> Result<Vec<usize>, String> {
        let (count, seed) = match self {
            Self::None => return Ok(Vec::new()),
            Self::PerClass { count, seed } => (count, seed),
            Self::Fraction { fraction, seed } => ((fraction * names.len() as f64).floor() as usize, seed),
        };
        if count >= names.len() {
            return Err(format!(
                "class `{class}` has {} training pictures, of which {count} should be held out for validation",
                names.len()
            ));
        }
        let rank = |name: &str| {
            let mut hasher = blake3::Hasher::new_derive_key("secateur-data 2026 validation");
            hasher.update(&seed.to_le_bytes());
            hasher.update(name.as_bytes());
            *hasher.finalize().as_bytes()
        };
        let mut ranked: Vec<_> = names.iter().map(|name| rank(name)).zip(0..).collect();
        ranked.sort_unstable();
        Ok(ranked[..count].iter().map(|(_, index)| *index).collect())
    }
}

/// How pictures become a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The task's identifier, for example `folder/cifar10-jpeg`.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// One sentence on the classes.
    pub summary: String,
    /// Metric by which the task is judged.
    pub metric: ClassificationMetric,
    /// Mean of each channel on the scale `[0, 1]`.
    pub mean: [f32; 3],
    /// Standard deviation of each channel on the scale `[0, 1]`.
    pub std: [f32; 3],
    /// Side in pixels to which pictures are resized (the shorter side, then the middle is cut out). Without it
    /// pictures stay as they are and must all have one size.
    pub side: Option<u32>,
    /// How the validation split is made.
    pub validation: Validation,
    /// Leave out pictures that cannot be decoded, and count them, in place of failing.
    pub skip_broken: bool,
}

impl Options {
    /// Options for a task: sizes as they are, mean and deviation 0.5, top-1, a tenth of each class for validation.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            title: id.to_owned(),
            summary: "Pictures from a folder.".to_owned(),
            metric: ClassificationMetric::Top1,
            mean: [0.5; 3],
            std: [0.5; 3],
            side: None,
            validation: Validation::Fraction { fraction: 0.1, seed: 0 },
            skip_broken: false,
        }
    }
}

/// What happened while a folder was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Number of pictures in the task.
    pub pictures: usize,
    /// Pictures left out because they could not be decoded, by name; empty unless `skip_broken` is set.
    pub broken: Vec<String>,
    /// Number of files that are no pictures by their name (for example `labels.txt`).
    pub other_files: usize,
    /// Number of pictures with one gray channel, which was repeated.
    pub gray: usize,
    /// Number of pictures that were resized.
    pub resized: usize,
}

/// Reads a task. See [`load_with_report`] for what was left out.
///
/// # Errors
/// As [`load_with_report`].
pub fn load(path: &Path, options: &Options) -> Result<TaskData, DataError> {
    load_with_report(path, options).map(|(task, _)| task)
}

/// Reads a task from a folder, a `.tar` or a `.tar.gz`, decoding on all of rayon's threads.
///
/// The archive is streamed: beside the decoded pictures only a small batch of files is in memory.
///
/// # Errors
/// [`DataError::Io`] and [`DataError::Unreadable`] if something cannot be read, [`DataError::Layout`] if it is not
/// arranged by split and class,
/// [`DataError::Picture`] for the first picture (by name) that is broken, [`DataError::Sizes`] if pictures differ in size,
/// and [`DataError::Option`] for options without sense.
pub fn load_with_report(path: &Path, options: &Options) -> Result<(TaskData, LoadReport), DataError> {
    check_options(options)?;
    let metadata = std::fs::metadata(path).map_err(DataError::io("read", path))?;
    let mut decoded = Decoded::new(options.side);
    if metadata.is_dir() {
        source::read_folder(path, &mut decoded)?;
    } else {
        source::read_archive(path, &mut decoded)?;
    }
    let Decoded { mut items, mut pixels, mut broken, other_files, .. } = decoded;
    broken.sort_by(|a, b| a.file.cmp(&b.file));
    if !options.skip_broken
        && let Some(Broken { file, problem }) = broken.first().cloned()
    {
        return Err(DataError::Picture { path: path.to_path_buf(), file, problem });
    }
    items.sort_by(|a, b| (a.test, &a.class, &a.file).cmp(&(b.test, &b.class, &b.file)));
    if let Some(pair) = items.windows(2).find(|pair| pair[0].path() == pair[1].path()) {
        let problem = format!("{} is in the archive twice", pair[0].path());
        return Err(source::layout(path, problem));
    }
    let size = common_size(path, &items)?;
    let classes = class_names(path, &items)?;
    let report = LoadReport {
        pictures: items.len(),
        broken: broken.into_iter().map(|picture| picture.file).collect(),
        other_files,
        gray: items.iter().filter(|item| item.gray).count(),
        resized: items.iter().filter(|item| item.resized).count(),
    };
    let held_out = held_out(path, &items, options.validation)?;
    let collect = |wanted: &dyn Fn(usize) -> bool, pixels: &[u8]| {
        let chosen: Vec<usize> = (0..items.len()).filter(|&index| wanted(index)).collect();
        gather(&chosen, &items, pixels, size, &classes)
    };
    let test = collect(&|index| items[index].test, &pixels.test);
    // The largest copies are made one after the other, so that the peak stays near twice the largest split.
    pixels.test = Vec::new();
    let validation = collect(&|index| held_out.contains(&index), &pixels.train);
    let train = collect(&|index| !items[index].test && !held_out.contains(&index), &pixels.train);
    let info = TaskInfo {
        id: options.id.clone(),
        title: options.title.clone(),
        summary: options.summary.clone(),
        version: VERSION,
        classes,
        metric: options.metric,
        mean: options.mean.to_vec(),
        std: options.std.to_vec(),
    };
    let task = TaskData { info, train, validation, test };
    task.check()?;
    Ok((task, report))
}

fn check_options(options: &Options) -> Result<(), DataError> {
    let complain = |option, problem: String| Err(DataError::Option { option, problem });
    match options.side {
        Some(side) if !(1..=4096).contains(&side) => {
            return complain("side", format!("{side} pixels; choose between 1 and 4096"));
        }
        _ => {}
    }
    if let Validation::Fraction { fraction, .. } = options.validation
        && !(fraction > 0.0 && fraction < 1.0)
    {
        return complain("validation", format!("a fraction of {fraction}; it must be between 0 and 1"));
    }
    if options.std.iter().any(|value| !(value.is_finite() && *value > 0.0)) {
        return complain("std", format!("{:?}; all three must be positive", options.std));
    }
    if options.mean.iter().any(|value| !value.is_finite()) {
        return complain("mean", format!("{:?}; all three must be numbers", options.mean));
    }
    Ok(())
}

/// Width and height of all pictures.
fn common_size(path: &Path, items: &[decode::Item]) -> Result<(u32, u32), DataError> {
    let first = items.first().ok_or_else(|| source::layout(path, "no picture was found".to_owned()))?;
    match items.iter().find(|item| item.size != first.size) {
        None => Ok(first.size),
        Some(item) => Err(DataError::Sizes {
            path: path.to_path_buf(),
            file: item.path(),
            width: item.size.0,
            height: item.size.1,
            expected: format!("{}x{}", first.size.0, first.size.1),
        }),
    }
}

/// Class names in order. Test pictures of a class that is never trained on are a mistake in the folder.
fn class_names(path: &Path, items: &[decode::Item]) -> Result<Vec<String>, DataError> {
    let of = |test| items.iter().filter(move |item| item.test == test).map(|item| item.class.as_str());
    let train: BTreeSet<&str> = of(false).collect();
    let complain = |problem| Err(source::layout(path, problem));
    if let Some(class) = of(true).find(|class| !train.contains(class)) {
        return complain(format!("class `{class}` has test pictures but no training picture"));
    }
    if train.len() > usize::from(u16::MAX) {
        return complain(format!("{} classes; at most 65535 are possible", train.len()));
    }
    Ok(train.into_iter().map(str::to_owned).collect())
}

/// Indices of the pictures that are held out for validation.
fn held_out(path: &Path, items: &[decode::Item], rule: Validation) -> Result<BTreeSet<usize>, DataError> {
    let mut held = BTreeSet::new();
    let training: Vec<usize> = (0..items.len()).filter(|&index| !items[index].test).collect();
    for group in training.chunk_by(|&a, &b| items[a].class == items[b].class) {
        let class = &items[group[0]].class;
        let paths: Vec<String> = group.iter().map(|&index| items[index].path()).collect();
        let chosen = rule.choose(class, &paths).map_err(|problem| source::layout(path, problem))?;
        held.extend(chosen.into_iter().map(|chosen| group[chosen]));
    }
    Ok(held)
}

/// Pictures in the order of `chosen`, from interleaved to separate channels.
fn gather(
    chosen: &[usize],
    items: &[decode::Item],
    pixels: &[u8],
    (width, height): (u32, u32),
    classes: &[String],
) -> Pictures {
    let area = width as usize * height as usize;
    let mut out = vec![0; chosen.len() * 3 * area];
    let mut labels = Vec::with_capacity(chosen.len());
    for (&index, out) in chosen.iter().zip(out.chunks_exact_mut(3 * area)) {
        let item = &items[index];
        picture::to_planes(&pixels[item.offset..item.offset + 3 * area], out);
        let label = classes.binary_search(&item.class).unwrap_or_default();
        labels.push(label as u16);
    }
    Pictures { shape: [3, height as usize, width as usize], pixels: out, labels }
}

#[cfg(test)]
mod tests;
