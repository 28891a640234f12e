//! What is there of a set, what is missing, and what is wrong with it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use md5::{Digest as _, Md5};
use rayon::prelude::*;
use serde::Serialize;
use sha2::Sha256;

use super::catalogue::{Archive, Entry};
use super::draft::Draft;
use super::listing::assemble;
use super::sets;
use super::sniff::{Kind, Odd, has_end, kind, oddity};
use super::tree::{Tree, how};
use crate::files::Batch;
use crate::listing::{Content, Listing, Place, decode};
use crate::{DataError, Split};

/// How many names stand for a longer list.
const NAMED: usize = 10;
/// Enough of a file to find out what it is: what cameras write before a JPEG's frame has up to 64 KiB, and a thumbnail.
const BEGINNING: u64 = 160 << 10;
const BUFFER: usize = 1 << 16;

/// What is looked at beside names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// Read every picture to its end and decode it.
    pub deep: bool,
    /// Compare sizes and digests of archives.
    pub digests: bool,
}

/// What was found of a set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckReport {
    /// The set.
    pub id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The files in which it is published.
    pub archives: Vec<ArchiveReport>,
    /// Parts that are not there, and how to come by them.
    pub absent: Vec<Absence>,
    /// Found and official numbers of pictures; none if the set could not be listed.
    pub splits: Vec<SplitReport>,
    /// How many pictures are missing by name.
    pub missing: usize,
    /// The first of them.
    pub missing_first: Vec<String>,
    /// What is unusual about pictures.
    pub odd: Vec<OddReport>,
    /// What else is wrong.
    pub problems: Vec<String>,
}

/// A part of a set that is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Absence {
    /// Files or folders of which one must be there.
    pub any: Vec<String>,
    /// What to do.
    pub help: String,
}

/// A file in which a set is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArchiveReport {
    /// Its name.
    pub file: String,
    /// Whether it, or what is in it, is there.
    pub state: ArchiveState,
    /// Whether it is the official one.
    pub digest: DigestState,
}

/// Whether an archive is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArchiveState {
    /// As it was published.
    There,
    /// Unpacked.
    Unpacked,
    /// It is not there and need not be.
    NotNeeded,
    /// It is not there.
    Absent,
}

/// Whether a file is the official one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigestState {
    /// Nobody asked, or there is nothing to compare.
    NotCompared,
    /// Everything that is known of it agrees.
    Right,
    /// Something differs.
    Wrong(String),
}

/// Numbers of pictures of an official split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SplitReport {
    /// Which.
    pub split: Split,
    /// Pictures that are there.
    pub found: usize,
    /// Pictures there should be.
    pub official: usize,
}

/// Pictures that are unusual in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OddReport {
    /// In which.
    pub odd: Odd,
    /// How many.
    pub count: usize,
    /// Names of the first.
    pub first: Vec<String>,
}

impl CheckReport {
    /// Whether the set can be used as the official one.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.absent.is_empty()
            && self.problems.is_empty()
            && self.missing == 0
            && self.splits.iter().all(|split| split.found == split.official)
            && !self.odd.iter().any(|odd| odd.odd.is_broken())
            && !self.archives.iter().any(|archive| matches!(archive.digest, DigestState::Wrong(_)))
    }
}

/// Looks at a set in its folder. What is wrong stands in the report.
#[must_use]
pub fn check(folder: &Path, entry: &Entry, options: &CheckOptions) -> CheckReport {
    let mut report = CheckReport {
        id: entry.id.clone(),
        folder: folder.to_path_buf(),
        archives: Vec::new(),
        absent: Vec::new(),
        splits: Vec::new(),
        missing: 0,
        missing_first: Vec::new(),
        odd: Vec::new(),
        problems: Vec::new(),
    };
    if let Err(error) = look(folder, entry, options, &mut report) {
        report.problems.push(error.to_string());
    }
    report
}

fn look(
    folder: &Path,
    entry: &Entry,
    options: &CheckOptions,
    report: &mut CheckReport,
) -> Result<(), DataError> {
    let format = sets::format(&entry.id);
    if !folder.is_dir() {
        report.absent = entry.needs.iter().map(|need| absence(entry, &need.any)).collect();
        let absent = |archive: &Archive| ArchiveReport {
            file: archive.file.clone(),
            state: ArchiveState::Absent,
            digest: DigestState::NotCompared,
        };
        report.archives = entry.archives.iter().map(absent).collect();
        return Ok(());
    }
    let tree = Tree::open(folder, entry, format.map_or(&[], |format| format.metadata))?;
    for need in &entry.needs {
        if !is_there(&tree, &need.any)? {
            report.absent.push(absence(entry, &need.any));
        }
    }
    for archive in &entry.archives {
        report.archives.push(look_at_archive(&tree, archive, options)?);
    }
    if options.digests {
        compare_members(&tree, report)?;
    }
    let Some(format) = format.filter(|_| report.absent.is_empty()) else { return Ok(()) };
    let draft = (format.read)(&tree)?;
    let listing = compare_numbers(&tree, draft, report)?;
    look_at_pictures(&listing, options, report)
}

fn absence(entry: &Entry, any: &[String]) -> Absence {
    let marks: Vec<&str> = any.iter().map(String::as_str).collect();
    Absence { any: any.to_vec(), help: how(entry, &marks) }
}

fn is_there(tree: &Tree<'_>, any: &[String]) -> Result<bool, DataError> {
    for mark in any {
        if tree.base(mark)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn look_at_archive(
    tree: &Tree<'_>,
    archive: &Archive,
    options: &CheckOptions,
) -> Result<ArchiveReport, DataError> {
    let file = archive.file.clone();
    let Some(prefix) = tree.base(&archive.file)? else {
        let mut needs = tree.entry.needs.iter().filter(|need| need.any.contains(&archive.gives));
        let state = if tree.base(&archive.gives)?.is_some() {
            ArchiveState::Unpacked
        } else if needs.all(|need| is_there(tree, &need.any).unwrap_or(false)) {
            ArchiveState::NotNeeded
        } else {
            ArchiveState::Absent
        };
        return Ok(ArchiveReport { file, state, digest: DigestState::NotCompared });
    };
    let digest = if options.digests {
        compare_archive(&tree.source.root.join(prefix + &archive.file), archive, tree.entry)?
    } else {
        DigestState::NotCompared
    };
    Ok(ArchiveReport { file, state: ArchiveState::There, digest })
}

/// Compares everything that is known of an archive of a set with a file, which may have another name. A compressed file
/// may have been compressed anew, if what is in it has the digest that it should have.
///
/// # Errors
/// [`DataError::Io`] if the file cannot be read.
pub fn compare_archive(path: &Path, archive: &Archive, entry: &Entry) -> Result<DigestState, DataError> {
    let open = || File::open(path).map_err(DataError::io("read", path));
    let found = Digests::of(open()?).map_err(DataError::io("read", path))?;
    let mut differing = Vec::new();
    let mut compared = 0;
    let mut compare = |what: &str, found: &str, known: Option<String>| {
        if let Some(known) = known {
            compared += 1;
            if found != known {
                differing.push(format!("{what} {found}, officially {known}"));
            }
        }
    };
    compare("bytes", &found.bytes.to_string(), archive.bytes.as_ref().map(|known| known.0.to_string()));
    compare("MD5", &found.md5, archive.md5.as_ref().map(|known| known.0.clone()));
    compare("SHA-256", &found.sha256[..16], archive.sha256_head.as_ref().map(|known| known.0.clone()));
    if compared == 0 {
        return Ok(DigestState::NotCompared);
    }
    if differing.is_empty() {
        return Ok(DigestState::Right);
    }
    let inner = entry.members.iter().find(|member| archive.file == format!("{}.gz", member.path));
    if let Some(member) = inner {
        let content = Digests::of(MultiGzDecoder::new(BufReader::with_capacity(BUFFER, open()?)));
        if content.is_ok_and(|content| content.md5 == member.md5.0) {
            return Ok(DigestState::Right);
        }
    }
    Ok(DigestState::Wrong(differing.join("; ")))
}

/// Size and digests of a file, from one pass.
struct Digests {
    bytes: u64,
    md5: String,
    sha256: String,
}

impl Digests {
    fn of(mut reader: impl Read) -> std::io::Result<Self> {
        let (mut md5, mut sha256, mut bytes) = (Md5::new(), Sha256::new(), 0);
        let mut buffer = vec![0; BUFFER];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    md5.update(&buffer[..count]);
                    sha256.update(&buffer[..count]);
                    bytes += count as u64;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let hexadecimal = |digest: &[u8]| digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { bytes, md5: hexadecimal(&md5.finalize()), sha256: hexadecimal(&sha256.finalize()) })
    }
}

/// Compares the digests of files inside of archives, packed or not.
fn compare_members(tree: &Tree<'_>, report: &mut CheckReport) -> Result<(), DataError> {
    let mut files = Vec::new();
    let mut known = Vec::new();
    for member in &tree.entry.members {
        if let Some(prefix) = tree.base(&member.path)?
            && let Some(located) = tree.find(&format!("{prefix}{}", member.path))
        {
            files.push(located);
            known.push(&member.md5.0);
        }
    }
    tree.source.scan(&files, &mut |file, visited| {
        let path = &files[file].0;
        let found =
            visited.read(|reader, _| Digests::of(reader).map_err(DataError::io("read", Path::new(path))))?;
        if found.md5 != *known[file] {
            report.problems.push(format!("{path} has the MD5 {}, officially {}", found.md5, known[file]));
        }
        Ok(())
    })
}

fn compare_numbers(tree: &Tree<'_>, draft: Draft, report: &mut CheckReport) -> Result<Listing, DataError> {
    let (listing, missing) = assemble(tree, draft, false)?;
    let counts = &tree.entry.counts;
    report.splits = Split::ALL
        .into_iter()
        .map(|split| SplitReport { split, found: listing.split(split).len(), official: counts.of(split) })
        .filter(|split| split.found + split.official > 0)
        .collect();
    report.missing = missing.iter().map(Vec::len).sum();
    report.missing_first = missing.into_iter().flatten().take(NAMED).collect();
    Ok(listing)
}

/// A picture that has been read but not looked at.
struct Picture {
    name: String,
    content: Content,
}

fn look_at_pictures(
    listing: &Listing,
    options: &CheckOptions,
    report: &mut CheckReport,
) -> Result<(), DataError> {
    let wanted: Vec<(Split, usize)> = Split::ALL
        .into_iter()
        .flat_map(|split| (0..listing.split(split).len()).map(move |index| (split, index)))
        // Raw pixels have no beginning that says anything.
        .filter(|(split, index)| {
            options.deep || !matches!(listing.split(*split)[*index].place, Place::Raw { .. })
        })
        .collect();
    let most = (!options.deep).then_some(BEGINNING);
    let mut found: BTreeMap<Odd, (usize, Vec<String>)> = BTreeMap::new();
    let mut add = |pictures: Vec<Picture>| {
        let oddities: Vec<Vec<Odd>> =
            pictures.par_iter().map(|picture| oddities(picture, options.deep)).collect();
        for (picture, oddities) in pictures.into_iter().zip(oddities) {
            for odd in oddities {
                let (count, names) = found.entry(odd).or_default();
                *count += 1;
                if names.len() < NAMED {
                    names.push(picture.name.clone());
                }
            }
        }
    };
    let mut batch = Batch::new();
    let outcome = listing.read_beginnings(&wanted, most, &mut |split, index, content| {
        let name = listing.split(split)[index].name.clone();
        let bytes = content.bytes();
        if let Some(pictures) = batch.add(Picture { name, content }, bytes) {
            add(pictures);
        }
        Ok(())
    });
    add(batch.take());
    report.odd = found.into_iter().map(|(odd, (count, first))| OddReport { odd, count, first }).collect();
    outcome
}

/// What is odd about a picture; only with `deep` is it there as a whole.
fn oddities(picture: &Picture, deep: bool) -> Vec<Odd> {
    let Content::File(bytes) = &picture.content else { return Vec::new() };
    let kind = kind(bytes);
    let mut found: Vec<Odd> = oddity(&picture.name, kind).into_iter().collect();
    if !deep || matches!(kind, Kind::Empty | Kind::Unknown) {
        return found;
    }
    if !has_end(bytes, kind) {
        found.push(Odd::Truncated);
    } else if decode(&picture.content).is_err() {
        found.push(if kind == Kind::Tiff { Odd::NotDecodable } else { Odd::Damaged });
    }
    found
}
