//! From a listed set to a task of pictures of one size.

use std::path::Path;

use rayon::prelude::*;
use secateur_pictures::{Draw, Interpolation, Picture, Raster, Step, View, Viewer};

use super::catalogue::Entry;
use super::listing::{Listing, Options, list};
use super::reading::{Content, decode};
use crate::files::Batch;
use crate::{DataError, Pictures, Split, TaskData};

/// What happened while a set was loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Number of pictures in the task.
    pub pictures: usize,
    /// Number of pictures with one gray channel, which was repeated.
    pub gray: usize,
    /// Number of pictures that were resized.
    pub resized: usize,
}

/// A picture that has been read but not decoded.
struct Read {
    split: Split,
    index: usize,
    content: Content,
}

struct Seen {
    raster: Raster,
    gray: bool,
    resized: bool,
}

/// Loads a set that lies in `folder`. With `side` the shorter side of every picture is resized to it (bilinear, as PIL does) and
/// the middle is cut out; without it all pictures must have one size already. All decoded pictures are in memory in the end, and a batch
/// of files beside them.
///
/// # Errors
/// As [`list`]; [`DataError::Picture`] for the first picture that cannot be decoded, and [`DataError::Sizes`] if pictures differ in
/// size and no side is given.
pub fn load(
    folder: &Path,
    entry: &Entry,
    options: &Options,
    side: Option<u32>,
) -> Result<(TaskData, LoadReport), DataError> {
    if let Some(side) = side
        && !(1..=4096).contains(&side)
    {
        let problem = format!("{side} pixels; choose between 1 and 4096");
        return Err(DataError::Option { option: "side", problem });
    }
    let listing = list(folder, entry, options)?;
    let mut filling = Filling::new(folder, &listing, side);
    let wanted: Vec<(Split, usize)> = Split::ALL
        .into_iter()
        .flat_map(|split| (0..listing.split(split).len()).map(move |index| (split, index)))
        .collect();
    let mut batch = Batch::new();
    listing.read(&wanted, &mut |split, index, content| {
        let bytes = content.bytes().len();
        match batch.add(Read { split, index, content }, bytes) {
            Some(pictures) => filling.add(&pictures),
            None => Ok(()),
        }
    })?;
    filling.add(&batch.take())?;
    let Filling { pictures: [train, validation, test], report, .. } = filling;
    let task = TaskData { info: listing.info(), train, validation, test };
    task.check()?;
    Ok((task, report))
}

/// A task that is being filled with pictures, which come in any order.
struct Filling<'a> {
    folder: &'a Path,
    listing: &'a Listing,
    view: Option<View>,
    /// Height and width of all pictures, once that is known.
    size: Option<(u32, u32)>,
    /// By split.
    pictures: [Pictures; 3],
    report: LoadReport,
}

impl<'a> Filling<'a> {
    fn new(folder: &'a Path, listing: &'a Listing, side: Option<u32>) -> Self {
        let view = side.map(|side| View {
            steps: vec![
                Step::Resize { side, interpolation: Interpolation::Bilinear },
                Step::CenterCrop { side },
            ],
        });
        let labels = |split| Pictures {
            labels: listing.split(split).iter().map(|picture| picture.label).collect(),
            ..Pictures::default()
        };
        let mut filling = Self {
            folder,
            listing,
            view,
            size: None,
            pictures: Split::ALL.map(labels),
            report: LoadReport::default(),
        };
        if let Some(side) = side {
            filling.allocate(side, side);
        }
        filling
    }

    fn allocate(&mut self, height: u32, width: u32) {
        self.size = Some((height, width));
        let shape = [3, height as usize, width as usize];
        for pictures in &mut self.pictures {
            pictures.shape = shape;
            pictures.pixels = vec![0; pictures.labels.len() * shape.iter().product::<usize>()];
        }
    }

    /// Decodes pictures on all threads and puts them into their places.
    fn add(&mut self, batch: &[Read]) -> Result<(), DataError> {
        let view = self.view.as_ref();
        let seen: Vec<Result<Seen, String>> =
            batch.par_iter().map_init(Viewer::new, |viewer, read| see(viewer, view, &read.content)).collect();
        for (read, seen) in batch.iter().zip(seen) {
            let name = || self.listing.split(read.split)[read.index].name.clone();
            let seen = seen.map_err(|problem| DataError::File {
                path: self.folder.to_path_buf(),
                file: name(),
                problem: format!("cannot be decoded ({problem}); get the official release again"),
            })?;
            let own = (seen.raster.height(), seen.raster.width());
            let size = match self.size {
                Some(size) => size,
                None => {
                    self.allocate(own.0, own.1);
                    own
                }
            };
            if own != size {
                return Err(DataError::Sizes {
                    path: self.folder.to_path_buf(),
                    file: name(),
                    width: own.1,
                    height: own.0,
                    expected: format!("{}x{}", size.1, size.0),
                });
            }
            let planes = seen.raster.planes();
            let pictures = &mut self.pictures[read.split as usize];
            pictures.pixels[read.index * planes.len()..][..planes.len()].copy_from_slice(planes);
            self.report.pictures += 1;
            self.report.gray += usize::from(seen.gray);
            self.report.resized += usize::from(seen.resized);
        }
        Ok(())
    }
}

fn see(viewer: &mut Viewer, view: Option<&View>, content: &Content) -> Result<Seen, String> {
    let decoded = decode(content)?;
    let Some(view) = view else {
        return Ok(Seen { raster: decoded.raster, gray: decoded.gray, resized: false });
    };
    let before = (decoded.raster.width(), decoded.raster.height());
    let mut raster = Raster::default();
    // Nothing in this view is random.
    let draw = Draw { seed: 0, epoch: 0, index: 0 };
    viewer
        .make(Picture::Decoded(&decoded.raster), std::slice::from_ref(view), draw, |_, seen| {
            raster.clone_from(seen);
        })
        .map_err(|error| error.to_string())?;
    let resized = before != (raster.width(), raster.height());
    Ok(Seen { raster, gray: decoded.gray, resized })
}
