//! Official data sets in small, as they are published: with few classes and pictures of one colour, in the layouts,
//! names and archives of the real ones. For tests of this and of other crates.

mod archives;
mod formats;
mod sets;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

pub use self::archives::{encoded, flat, gzip, tar_of, zip_of};
pub use self::formats::{Mat, mat_file};
pub use self::sets::which;
use super::catalogue::{Counts, Entry, entry};

/// A file: its path, and its content.
pub type Files = Vec<(String, Vec<u8>)>;

/// How large a set is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Number of classes; picture `k` of a split has the class `k` modulo this.
    pub classes: usize,
    /// Pictures to train on.
    pub train: usize,
    /// Pictures to choose on; ignored where a set has no such split.
    pub validation: usize,
    /// Pictures to score on.
    pub test: usize,
}

/// A set in small.
#[derive(Clone, Debug)]
pub struct Published {
    /// The set's entry, with the numbers that this one has.
    pub entry: Entry,
    /// What it is published in.
    pub parts: Vec<Part>,
}

/// Files that are published together.
#[derive(Clone, Debug)]
pub struct Part {
    /// Name of the archive; none for a file that is published as it is, and for what has no official archive.
    pub archive: Option<&'static str>,
    /// The files, by the paths that they have once they are unpacked.
    pub files: Files,
}

/// A set with so many classes and pictures, or with a few where its layout says how many. The other form of CIFAR has a
/// name of its own: `cifar10-python`, `cifar100-python`.
///
/// # Panics
/// If there is no such set.
#[must_use]
pub fn publish(id: &str, size: Size) -> Published {
    let known = entry(id.trim_end_matches("-python")).expect("a set of the catalogue");
    let (parts, size) = sets::parts(id, size);
    let validation = known.counts.validation.map(|_| size.validation);
    let counts = Counts { train: size.train, validation, test: Some(size.test) };
    Published { entry: Entry { classes: size.classes, counts, ..known.clone() }, parts }
}

/// A set with its official numbers of classes and pictures, so that nothing is missing. Only for sets of files that
/// are small enough.
///
/// # Panics
/// If there is no such set.
#[must_use]
pub fn publish_whole(id: &str) -> Published {
    let Entry { classes, counts, .. } = entry(id).expect("a set of the catalogue");
    let (validation, test) = (counts.validation.unwrap_or(0), counts.test.unwrap_or(0));
    publish(id, Size { classes: *classes, train: counts.train, validation, test })
}

impl Published {
    /// The same set with noise in each file of a picture, in the place of one colour: 30 by 22 pixels, as PNG whatever the name says.
    ///
    /// # Panics
    /// Never: such pictures can be encoded.
    #[must_use]
    pub fn of_noise(mut self) -> Self {
        let files = self.parts.iter_mut().flat_map(|part| &mut part.files);
        for (number, (_, bytes)) in files.filter(|(path, _)| path.ends_with(".jpg")).enumerate() {
            let value = |x: u32, y: u32, c: u32| (x * 37 + y * 91 + c * 13 + number as u32 * 7) as u8;
            let noise =
                image::RgbImage::from_fn(30, 22, |x, y| image::Rgb([0, 1, 2].map(|c| value(x, y, c))));
            *bytes = encoded(&noise.into(), image::ImageFormat::Png);
        }
        self
    }

    /// All files, by the paths that they have once they are unpacked.
    #[must_use]
    pub fn files(&self) -> Files {
        self.parts.iter().flat_map(|part| part.files.clone()).collect()
    }

    /// Writes everything unpacked into a folder.
    pub fn unpack(&self, folder: &Path) {
        write(folder, &self.files());
    }

    /// Writes everything as it is published into a folder.
    pub fn pack(&self, folder: &Path) {
        for part in &self.parts {
            match part.archive {
                None => write(folder, &part.files),
                Some(name) => write(folder, &vec![(name.to_owned(), archives::archive(name, &part.files))]),
            }
        }
    }

    /// A new folder with everything unpacked.
    #[must_use]
    pub fn unpacked(&self) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        self.unpack(folder.path());
        folder
    }

    /// A new folder with everything as it is published.
    #[must_use]
    pub fn packed(&self) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        self.pack(folder.path());
        folder
    }

    /// The file whose path ends like this.
    ///
    /// # Panics
    /// If there is none.
    pub fn file_mut(&mut self, end: &str) -> &mut (String, Vec<u8>) {
        let mut files = self.parts.iter_mut().flat_map(|part| &mut part.files);
        files.find(|(path, _)| path.ends_with(end)).expect("a file with this end")
    }

    /// Leaves out the files whose paths end like this.
    pub fn remove(&mut self, end: &str) {
        for part in &mut self.parts {
            part.files.retain(|(path, _)| !path.ends_with(end));
        }
    }
}

/// Writes files below a folder.
fn write(folder: &Path, files: &Files) {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }
}
