//! Packs of files: pictures of any size as they were published, decoded by who reads them.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use image::ExtendedColorType;
use image::codecs::bmp::BmpEncoder;
use rayon::prelude::*;
use safetensors::tensor::Dtype;
use secateur_pictures::{Interpolation, Source, Step, View};
use serde::{Deserialize, Serialize};

use super::container::{self, Content, Opened, Streamed, Trouble};
use crate::digest::{FileDigest, digest_files, digest_packed};
use crate::files::Batch;
use crate::listing::{Content as Bytes, Listing, check_side, decode};
use crate::{DataError, Split};

/// How pictures of any size become those of a network, where nothing is random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framing {
    /// What the shorter side becomes, in pixels.
    pub resize: u32,
    /// Side of the middle that is cut out then, which is what the network sees.
    pub side: u32,
    /// How pictures are resized.
    pub interpolation: Interpolation,
}

impl Framing {
    /// The usual one: 256 and 224 pixels, and in proportion for other sides.
    #[must_use]
    pub fn usual(side: u32, interpolation: Interpolation) -> Self {
        Self { resize: (u64::from(side) * 256).div_ceil(224) as u32, side, interpolation }
    }

    /// The steps that do this.
    #[must_use]
    pub fn view(&self) -> View {
        let Self { resize, side, interpolation } = *self;
        View { steps: vec![Step::Resize { side: resize, interpolation }, Step::CenterCrop { side }] }
    }

    fn check(&self) -> Result<(), DataError> {
        check_side("side", Some(self.side))?;
        check_side("resize", Some(self.resize))?;
        if self.resize < self.side {
            let problem = format!("{} pixels are fewer than the side of {}", self.resize, self.side);
            return Err(DataError::Option { option: "resize", problem });
        }
        Ok(())
    }
}

/// What was packed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilesReport {
    /// Pictures in the task.
    pub pictures: usize,
    /// Pictures with one gray channel.
    pub gray: usize,
    /// Bytes of all files.
    pub bytes: u64,
    /// Digest of the whole task: what it is, and the files and labels of its splits. BLAKE3, 64 hexadecimal digits.
    pub digest: String,
}

/// Writes all pictures of a listing as files, and the description of the task: the training and validation splits into `trainval`,
/// the test split into `test`. Every picture is decoded once, to know that it can be; what is packed are its own bytes, and for raw
/// pixels a bitmap of them. One batch of files is in memory at a time, and until the end each split's files lie beside its pack once
/// more.
///
/// # Errors
/// [`DataError::File`] for the first picture of a batch that cannot be decoded, [`DataError::Option`] for a framing without sense,
/// [`DataError::Io`] if a file cannot be written, and what reading the listing returns.
pub fn write_files(
    trainval: &Path,
    test: &Path,
    listing: &Listing,
    framing: &Framing,
) -> Result<FilesReport, DataError> {
    framing.check()?;
    let dir = |split| if split == Split::Test { test } else { trainval };
    let mut spools = Vec::with_capacity(Split::ALL.len());
    for split in Split::ALL {
        fs::create_dir_all(dir(split)).map_err(DataError::io("make the folder", dir(split)))?;
        spools.push(Spool::new(dir(split), split, listing.split(split).len())?);
    }
    let mut report = FilesReport::default();
    let mut add = |batch: &[(Split, usize, Bytes)]| -> Result<(), DataError> {
        let files: Vec<Result<(Vec<u8>, bool), String>> =
            batch.par_iter().map(|(.., content)| file_of(content)).collect();
        for ((split, index, _), file) in batch.iter().zip(files) {
            let (file, gray) = file.map_err(|problem| DataError::File {
                path: listing.source.root.clone(),
                file: listing.split(*split)[*index].name.clone(),
                problem: format!(
                    "cannot be decoded ({problem}); repair or remove it, or get the data set again"
                ),
            })?;
            report.pictures += 1;
            report.gray += usize::from(gray);
            report.bytes += file.len() as u64;
            spools[*split as usize].add(*index, &file)?;
        }
        Ok(())
    };
    let mut batch = Batch::new();
    listing.read(&listing.all(), &mut |split, index, content| {
        let length = content.bytes();
        match batch.add((split, index, content), length) {
            Some(full) => add(&full),
            None => Ok(()),
        }
    })?;
    add(&batch.take())?;
    let wanted = listing.all().len();
    if report.pictures != wanted {
        let problem = format!("{} of {wanted} listed pictures came", report.pictures);
        return Err(DataError::Unreadable { path: listing.source.root.clone(), problem });
    }
    let mut digests = Vec::with_capacity(spools.len());
    for spool in spools {
        digests.push(spool.finish(listing, framing)?);
    }
    report.digest = digest_packed(listing.info(), &digests);
    container::write_info(trainval, listing.info())?;
    container::write_info(test, listing.info())?;
    Ok(report)
}

/// The file to pack, and whether it is gray.
fn file_of(content: &Bytes) -> Result<(Vec<u8>, bool), String> {
    let decoded = decode(content)?;
    let Bytes::File(bytes) = content else {
        let mut file = Vec::new();
        let (width, height) = (decoded.raster.width(), decoded.raster.height());
        BmpEncoder::new(&mut file)
            .encode(&decoded.raster.to_interleaved(), width, height, ExtendedColorType::Rgb8)
            .map_err(|error| error.to_string())?;
        return Ok((file, decoded.gray));
    };
    Ok((bytes.clone(), decoded.gray))
}

/// Files in the order in which they come, until all are there.
struct Spool {
    dir: PathBuf,
    split: Split,
    path: PathBuf,
    file: File,
    end: u64,
    /// Of each picture: where its file begins here, its length, and its digest.
    places: Vec<(u64, u64, FileDigest)>,
}

impl Spool {
    fn new(dir: &Path, split: Split, count: usize) -> Result<Self, DataError> {
        let path = dir.join(format!("{}.{}.spool", split.name(), std::process::id()));
        let options = File::options().read(true).write(true).create(true).truncate(true).to_owned();
        let file = options.open(&path).map_err(DataError::io("write", &path))?;
        let dir = dir.to_path_buf();
        Ok(Self { dir, split, path, file, end: 0, places: vec![(0, 0, [0; 32]); count] })
    }

    fn add(&mut self, index: usize, bytes: &[u8]) -> Result<(), DataError> {
        self.file.write_all(bytes).map_err(DataError::io("write", &self.path))?;
        self.places[index] = (self.end, bytes.len() as u64, *blake3::hash(bytes).as_bytes());
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Writes the pack, with the files in the order of the listing, and returns its digest. The spool goes with it.
    fn finish(mut self, listing: &Listing, framing: &Framing) -> Result<String, DataError> {
        let info = listing.info();
        let pictures = listing.split(self.split);
        let names: Vec<&str> = pictures.iter().map(|picture| picture.name.as_str()).collect();
        let labels = listing.labels(self.split);
        let classes = info.classes.len();
        if let Some(label) = labels.iter().find(|label| usize::from(**label) >= classes) {
            let problem = format!("label {label} of {classes} classes");
            return Err(DataError::Inconsistent { id: info.id.clone(), problem });
        }
        let digests: Vec<FileDigest> = self.places.iter().map(|(.., digest)| *digest).collect();
        let ends = running(self.places.iter().map(|(_, length, _)| *length));
        let name_ends = running(names.iter().map(|name| name.len() as u64));
        let digest = digest_files(&names, &labels, &ends, &digests);
        let bytes = |values: &[u64]| -> Vec<u8> { values.iter().flat_map(|end| end.to_le_bytes()).collect() };
        let count = labels.len();
        let names = names.concat();
        let labels: Vec<u8> = labels.iter().flat_map(|label| label.to_le_bytes()).collect();
        let (ends, name_ends) = (bytes(&ends), bytes(&name_ends));
        let streamed = Streamed {
            content: Content::Files,
            task: &info.id,
            classes,
            digest: digest.clone(),
            framing: *framing,
            tensors: vec![
                ("ends", Dtype::U64, vec![count], &ends),
                ("name_ends", Dtype::U64, vec![count], &name_ends),
                ("labels", Dtype::U16, vec![count], &labels),
                ("digests", Dtype::U8, vec![count, 32], digests.as_flattened()),
                ("names", Dtype::U8, vec![names.len()], names.as_bytes()),
            ],
            last: ("files", self.end),
        };
        let Self { dir, split, places, file, .. } = &mut self;
        container::write_streamed(dir, *split, streamed, &mut |out| copy(file, places, out))?;
        Ok(digest)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // What is left of it would only take room.
        let _ = fs::remove_file(&self.path);
    }
}

/// Copies files in the order of their pictures; what lies together goes in one piece.
fn copy(from: &mut File, places: &[(u64, u64, FileDigest)], out: &mut File) -> io::Result<()> {
    let mut rest = places;
    while let Some(((start, ..), _)) = rest.split_first() {
        let mut end = *start;
        let together = rest.iter().take_while(|(at, length, _)| {
            let follows = *at == end;
            end += if follows { *length } else { 0 };
            follows
        });
        let count = together.count();
        from.seek(SeekFrom::Start(*start))?;
        let copied = io::copy(&mut io::Read::take(&mut *from, end - start), out)?;
        if copied != end - start {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        rest = &rest[count..];
    }
    Ok(())
}

/// Where each of the lengths ends.
fn running(lengths: impl Iterator<Item = u64>) -> Vec<u64> {
    lengths
        .scan(0, |end, length| {
            *end += length;
            Some(*end)
        })
        .collect()
}

/// A split that was packed as files. What is read of it is checked against the digests that it was written with.
#[derive(Debug)]
pub struct PackedFiles {
    file: File,
    /// Where the files begin.
    start: u64,
    ends: Vec<u64>,
    digests: Vec<FileDigest>,
    labels: Vec<u16>,
    names: Vec<String>,
    framing: Framing,
}

/// Opens a split that was packed as files.
///
/// # Errors
/// [`DataError::Io`] if the pack cannot be read, [`DataError::Packed`] if it is truncated, damaged or something else.
pub fn read_files(dir: &Path, split: Split) -> Result<PackedFiles, DataError> {
    container::open(dir, split, &[Content::Files], PackedFiles::open)
}

impl PackedFiles {
    pub(super) fn open(mut opened: Opened) -> Result<Self, Trouble> {
        let count = match *opened.shape("labels", Dtype::U16)? {
            [count] => count,
            _ => return Err("`labels` has not one dimension".to_owned().into()),
        };
        let mut lengths = |name: &str, of: &str| -> Result<Vec<u64>, Trouble> {
            let bytes = opened.items(name, Dtype::U64, 0..count)?;
            let ends: Vec<u64> =
                bytes.as_chunks::<8>().0.iter().map(|end| u64::from_le_bytes(*end)).collect();
            let total = opened.shape(of, Dtype::U8)?.iter().product::<usize>() as u64;
            if ends.len() != count || !ends.is_sorted() || ends.last().is_some_and(|end| *end != total) {
                return Err(format!("`{name}` does not divide `{of}` into {count} parts").into());
            }
            Ok(ends)
        };
        let (ends, name_ends) = (lengths("ends", "files")?, lengths("name_ends", "names")?);
        let labels: Vec<u16> = {
            let bytes = opened.items("labels", Dtype::U16, 0..count)?;
            bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect()
        };
        if let Some(label) = labels.iter().find(|label| usize::from(**label) >= opened.classes()) {
            return Err(format!("label {label} of {} classes", opened.classes()).into());
        }
        if opened.shape("digests", Dtype::U8)? != [count, 32] {
            return Err("`digests` has not 32 bytes for each picture".to_owned().into());
        }
        let digests = opened.items("digests", Dtype::U8, 0..count)?.as_chunks::<32>().0.to_vec();
        let names = opened.items("names", Dtype::U8, 0..name_ends.last().map_or(0, |end| *end as usize))?;
        let mut start = 0;
        let names: Option<Vec<String>> = name_ends
            .iter()
            .map(|end| {
                let name = names.get(std::mem::replace(&mut start, *end as usize)..*end as usize)?;
                String::from_utf8(name.to_vec()).ok()
            })
            .collect();
        let names = names.ok_or_else(|| "`names` is not UTF-8".to_owned())?;
        let parts: Vec<&str> = names.iter().map(String::as_str).collect();
        opened.check_digest(&digest_files(&parts, &labels, &ends, &digests))?;
        let framing = opened.framing().ok_or_else(|| "does not say how its pictures are seen".to_owned())?;
        let start = opened.position("files");
        Ok(Self { file: opened.into_file(), start, ends, digests, labels, names, framing })
    }

    /// Class of each picture.
    #[must_use]
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// How pictures are seen where nothing is random.
    #[must_use]
    pub fn framing(&self) -> Framing {
        self.framing
    }
}

impl Source for PackedFiles {
    fn len(&self) -> usize {
        self.labels.len()
    }

    fn label(&self, index: usize) -> u32 {
        self.labels.get(index).copied().map_or(0, u32::from)
    }

    fn name(&self, index: usize) -> String {
        self.names.get(index).cloned().unwrap_or_default()
    }

    fn read(&self, index: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
        let (Some(end), Some(digest)) = (self.ends.get(index), self.digests.get(index)) else {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        };
        let begin = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        bytes.resize((end - begin) as usize, 0);
        self.file.read_exact_at(bytes, self.start + begin)?;
        if blake3::hash(bytes).as_bytes() == digest {
            Ok(())
        } else {
            let problem = "damaged: the file does not match its digest; prepare the task again";
            Err(io::Error::new(io::ErrorKind::InvalidData, problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::official::testing::{Published, Size, publish};
    use crate::official::{self, Options, list};
    use crate::pack::{self, Labelled};

    const FRAMING: Framing = Framing { resize: 9, side: 8, interpolation: Interpolation::Bicubic };

    fn small(id: &str) -> Published {
        publish(id, Size { classes: 3, train: 9, validation: 6, test: 7 })
    }

    fn write(published: &Published, folder: &Path, goal: &Path) -> FilesReport {
        let options = Options { held_out: official::HeldOut::Pinned, ..Options::default() };
        let listing = list(folder, &published.entry, &options).unwrap();
        write_files(&goal.join("trainval"), &goal.join("test"), &listing, &FRAMING).unwrap()
    }

    fn open(goal: &Path, split: Split) -> PackedFiles {
        read_files(&goal.join(if split == Split::Test { "test" } else { "trainval" }), split).unwrap()
    }

    /// The files themselves are packed, in the order of the listing, whether they come from a folder or, in another order, from an
    /// archive.
    #[test]
    fn files_are_packed_as_they_are() {
        let goal = tempfile::tempdir().unwrap();
        let published = small("dtd");
        let (unpacked, packed) = (published.unpacked(), published.packed());
        let report = write(&published, unpacked.path(), &goal.path().join("a"));
        assert_eq!(report.pictures, 22);
        assert_eq!(write(&published, packed.path(), &goal.path().join("b")), report);
        let listing = list(unpacked.path(), &published.entry, &Options::default()).unwrap();
        let files: BTreeMap<String, Vec<u8>> = published.files().into_iter().collect();
        let mut seen = 0;
        for split in Split::ALL {
            let [one, other] = ["a", "b"].map(|name| open(&goal.path().join(name), split));
            let path = |pack: &str| {
                let part = if split == Split::Test { "test" } else { "trainval" };
                goal.path().join(pack).join(part).join(format!("{}.safetensors", split.name()))
            };
            assert_eq!(fs::read(path("a")).unwrap(), fs::read(path("b")).unwrap());
            assert_eq!((one.len(), one.labels()), (other.len(), other.labels()));
            for index in 0..one.len() {
                let name = one.name(index);
                let bytes = files.iter().find(|(path, _)| path.ends_with(&name)).unwrap().1;
                let mut read = Vec::new();
                one.read(index, &mut read).unwrap();
                assert_eq!(read, *bytes, "{name}");
                let listed = listing.train.iter().chain(&listing.test).find(|listed| listed.name == name);
                assert_eq!(one.label(index), u32::from(listed.unwrap().label), "{name}");
                seen += 1;
            }
            assert!(fs::read_dir(path("a").parent().unwrap()).unwrap().all(|entry| {
                let name = entry.unwrap().file_name().into_string().unwrap();
                name.ends_with(".safetensors") || name == "task.json"
            }));
        }
        assert_eq!(seen, 22);
        assert_eq!(pack::read_shape(&goal.path().join("a/test"), Split::Test).unwrap(), [3, 8, 8]);
        assert_eq!(open(&goal.path().join("a"), Split::Test).framing(), FRAMING);
    }

    /// Raw pixels become files that decode to them, gray ones three times.
    #[test]
    fn raw_pixels_are_packed_without_loss() {
        for id in ["cifar10", "mnist"] {
            let goal = tempfile::tempdir().unwrap();
            let published = small(id);
            let folder = published.unpacked();
            let report = write(&published, folder.path(), goal.path());
            assert_eq!(report.gray, if id == "mnist" { report.pictures } else { 0 });
            let options = Options { held_out: official::HeldOut::Pinned, ..Options::default() };
            let (task, _) = official::load(folder.path(), &published.entry, &options, None).unwrap();
            for split in Split::ALL {
                let (packed, pictures) = (open(goal.path(), split), task.split(split));
                assert_eq!(packed.labels(), pictures.labels);
                let length = pictures.shape.iter().product::<usize>();
                for (index, planes) in pictures.pixels.chunks_exact(length).enumerate() {
                    let mut bytes = Vec::new();
                    packed.read(index, &mut bytes).unwrap();
                    assert_eq!(secateur_pictures::decode("", &bytes).unwrap().raster.planes(), planes);
                }
            }
        }
    }

    #[test]
    fn damage_is_seen_where_it_is() {
        let goal = tempfile::tempdir().unwrap();
        let published = small("dtd");
        write(&published, published.unpacked().path(), goal.path());
        let dir = goal.path().join("test");
        let path = dir.join("test.safetensors");
        let whole = fs::read(&path).unwrap();
        let mut bytes = Vec::new();
        // The last byte is one of the last file.
        let mut changed = whole.clone();
        *changed.last_mut().unwrap() ^= 1;
        fs::write(&path, &changed).unwrap();
        let packed = read_files(&dir, Split::Test).unwrap();
        packed.read(0, &mut bytes).unwrap();
        let error = packed.read(packed.len() - 1, &mut bytes).unwrap_err();
        assert!(error.to_string().contains("does not match its digest"), "{error}");
        assert_eq!(packed.read(99, &mut bytes).unwrap_err().kind(), io::ErrorKind::NotFound);
        // What is not a file's is checked as the pack is opened.
        let header = 8 + u64::from_le_bytes(*whole.first_chunk().unwrap()) as usize;
        let complaint = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            read_files(&dir, Split::Test).unwrap_err().to_string()
        };
        let count = packed.len();
        for (place, problem) in [
            // The first file's end, the last one's, and a name's.
            (0, "does not match its digest"),
            (8 * (count - 1), "does not divide `files`"),
            (8 * count, "does not match its digest"),
            (16 * count, "does not match its digest"),
            (18 * count, "does not match its digest"),
        ] {
            let mut changed = whole.clone();
            changed[header + place] ^= 2;
            // A label or an end may also be none any more.
            let text = complaint(&changed);
            assert!(text.contains(problem) || text.contains("of 3 classes"), "{place}: {text}");
        }
        for length in [0, 7, header, whole.len() - 1] {
            assert!(!complaint(&whole[..length]).is_empty());
        }
        fs::write(&path, &whole).unwrap();
        assert!(matches!(pack::read_labelled(&dir, Split::Test).unwrap(), Labelled::Files(_)));
        let text = pack::read_split(&dir, Split::Test).unwrap_err().to_string();
        assert!(text.contains("not one of packed pictures"), "{text}");
    }

    #[test]
    fn what_cannot_be_decoded_is_named() {
        let goal = tempfile::tempdir().unwrap();
        let published = small("dtd");
        let folder = published.unpacked();
        let listing = list(folder.path(), &published.entry, &Options::default()).unwrap();
        let path = published.files().into_iter().find(|(path, _)| path.ends_with(".jpg")).unwrap().0;
        let name = Path::new(&path).file_name().unwrap().to_str().unwrap();
        let file = folder.path().join(&path);
        let whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[..whole.len() / 2]).unwrap();
        let write = |framing| write_files(goal.path(), &goal.path().join("test"), &listing, &framing);
        let text = write(FRAMING).unwrap_err().to_string();
        assert!(text.contains(name) && text.contains("cannot be decoded"), "{text}");
        // Nothing half is left.
        assert!(fs::read_dir(goal.path()).unwrap().all(|entry| entry.unwrap().file_name() == "test"));
        for framing in [Framing { side: 0, ..FRAMING }, Framing { resize: 7, ..FRAMING }] {
            assert!(matches!(write(framing), Err(DataError::Option { .. })));
        }
        assert_eq!(Framing::usual(224, Interpolation::Bilinear).resize, 256);
    }
}
