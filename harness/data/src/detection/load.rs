//! From lists of pictures with objects to a task: splits, decoding, warping.

use std::collections::{BTreeMap, HashSet};

use rayon::prelude::*;
use secateur_pictures::{Interpolation, Part, Raster, Resizer, Resizing};

use super::{DetectionData, DetectionInfo, Object, Options, Report, Scenes, Validation};
use crate::files::{Batch, Files};
use crate::listing::{Content, Decoded, decode};
use crate::{DataError, Split};

/// Version of the loaders; it grows when the same files give other pictures or objects.
pub const VERSION: u32 = 2;

/// A picture as a data set lists it, before its pixels are read.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) name: String,
    /// Path of the picture inside the folder or archive.
    pub(super) path: String,
    /// Stated width and height.
    pub(super) size: [u32; 2],
    pub(super) objects: Vec<Object>,
}

/// All pictures of a task, sorted by name within each split, and its classes.
pub(super) struct Listing {
    pub(super) classes: Vec<String>,
    pub(super) train: Vec<Listed>,
    pub(super) validation: Vec<Listed>,
    pub(super) test: Vec<Listed>,
}

/// An error that names a file of the data set.
pub(super) fn file_error(files: &Files, file: &str, problem: String) -> DataError {
    DataError::File { path: files.root().to_path_buf(), file: file.to_owned(), problem }
}

/// Sets a part of the training pictures aside, if the options ask for it, and checks that no picture is in two splits.
pub(super) fn divide(files: &Files, mut listing: Listing, options: &Options) -> Result<Listing, DataError> {
    if let Validation::Fraction { fraction, seed } = options.validation {
        let rank = |listed: &Listed| {
            let mut hasher = blake3::Hasher::new_derive_key("secateur-data 2026 detection validation");
            hasher.update(&seed.to_le_bytes());
            hasher.update(listed.name.as_bytes());
            *hasher.finalize().as_bytes()
        };
        let count = (fraction * listing.train.len() as f64).floor() as usize;
        let mut ranks: Vec<_> = listing.train.iter().map(rank).collect();
        ranks.sort_unstable();
        let held: HashSet<_> = ranks[..count].iter().copied().collect();
        (listing.validation, listing.train) =
            listing.train.into_iter().partition(|listed| held.contains(&rank(listed)));
    }
    let mut seen = BTreeMap::new();
    for (split, listed) in splits(&mut listing) {
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        for picture in listed.iter() {
            if let Some(other) = seen.insert(picture.path.clone(), split) {
                let problem = if other == split {
                    format!("listed twice for the {} split", split.name())
                } else {
                    format!("listed for the {} and for the {} split", other.name(), split.name())
                };
                return Err(file_error(files, &picture.path, problem));
            }
        }
    }
    Ok(listing)
}

fn splits(listing: &mut Listing) -> [(Split, &mut Vec<Listed>); 3] {
    [
        (Split::Train, &mut listing.train),
        (Split::Validation, &mut listing.validation),
        (Split::Test, &mut listing.test),
    ]
}

/// Reads, decodes and warps all pictures of a listing, decoding on all of rayon's threads.
pub(super) fn read(
    files: &Files,
    mut listing: Listing,
    options: &Options,
    report: &mut Report,
) -> Result<DetectionData, DataError> {
    let mut places = BTreeMap::new();
    let mut sets = splits(&mut listing).map(|(split, listed)| {
        let mut scenes = Scenes::empty([3, options.side as usize, options.side as usize]);
        for (index, picture) in std::mem::take(listed).into_iter().enumerate() {
            places.insert(picture.path, Place { set: split as usize, index, size: picture.size });
            scenes.push(picture.name, picture.size, picture.objects);
        }
        scenes
    });
    for scenes in &mut sets {
        report.pictures += scenes.len();
        report.objects += scenes.objects.len();
        report.without_objects +=
            (0..scenes.len()).filter(|picture| scenes.range(*picture).is_empty()).count();
        scenes.pixels = vec![0; scenes.len() * scenes.shape.iter().product::<usize>()];
    }
    let mut reader = Reader { files, side: options.side, sets: &mut sets, gray: 0 };
    let mut batch = Batch::new();
    files.visit(&mut |visited| {
        if let Some(place) = places.remove(visited.path()) {
            let path = visited.path().to_owned();
            let bytes = visited.bytes()?;
            let length = bytes.len();
            if let Some(full) = batch.add((path, place, bytes), length) {
                reader.decode(full)?;
            }
        }
        Ok(())
    })?;
    reader.decode(batch.take())?;
    report.gray = reader.gray;
    if let Some((path, _)) = places.first_key_value() {
        return Err(file_error(files, path, "listed, but not there".to_owned()));
    }
    let [train, validation, test] = sets;
    let info = DetectionInfo {
        id: options.id.clone(),
        title: options.title.clone(),
        summary: options.summary.clone(),
        version: VERSION,
        classes: listing.classes,
        metric: options.metric,
        size_borders: options.size_borders,
        mean: options.mean.to_vec(),
        std: options.std.to_vec(),
    };
    let task = DetectionData { info, train, validation, test };
    task.check()?;
    Ok(task)
}

/// Where a picture belongs.
struct Place {
    set: usize,
    index: usize,
    size: [u32; 2],
}

struct Reader<'a> {
    files: &'a Files,
    side: u32,
    sets: &'a mut [Scenes; 3],
    gray: usize,
}

impl Reader<'_> {
    /// Decodes a batch on all threads. The first picture that is broken, in the order of the batch, is the error.
    fn decode(&mut self, batch: Vec<(String, Place, Vec<u8>)>) -> Result<(), DataError> {
        let side = self.side;
        let pictures: Vec<_> = batch
            .into_par_iter()
            .map_init(Resizer::default, |resizer, (path, place, bytes)| {
                let picture = warped(resizer, &Content::File(bytes), place.size, side);
                (path, place, picture)
            })
            .collect();
        for (path, place, picture) in pictures {
            let Decoded { raster, gray } =
                picture.map_err(|problem| file_error(self.files, &path, problem))?;
            let planes = raster.planes();
            let pixels = &mut self.sets[place.set].pixels;
            pixels[place.index * planes.len()..(place.index + 1) * planes.len()].copy_from_slice(planes);
            self.gray += usize::from(gray);
        }
        Ok(())
    }
}

/// Decodes a picture that should have `size` pixels and warps it to a square, as PIL does with its bilinear filter.
fn warped(resizer: &mut Resizer, content: &Content, size: [u32; 2], side: u32) -> Result<Decoded, String> {
    let Decoded { mut raster, gray } = decode(content)?;
    if [raster.width(), raster.height()] != size {
        let [width, height] = size;
        return Err(format!(
            "has {}x{} pixels, its annotation says {width}x{height}",
            raster.width(),
            raster.height()
        ));
    }
    if size != [side, side] {
        let mut square = Raster::default();
        let resizing = Resizing::whole(side, side, Interpolation::Bilinear);
        resizer.resize(Part::whole(&raster), &resizing, &mut square);
        raster = square;
    }
    Ok(Decoded { raster, gray })
}
