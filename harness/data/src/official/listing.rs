//! The pictures of a set in their pinned order: which there are, of which class, in which split, and where.

use std::collections::BTreeMap;
use std::path::Path;

use secateur_metrics::ClassificationMetric;

use super::VERSION;
use super::catalogue::{Entry, Normalization};
use super::draft::{Claim, Draft};
use super::raw::RawFile;
use super::sample::Sample;
use super::sets;
use super::tree::{Source, Tree};
use crate::folder::Validation;
use crate::{DataError, Split, TaskInfo};

/// How many missing pictures an error names.
const NAMED: usize = 5;

/// The part of a set without a validation split that is held out: the same for everybody.
const PINNED: Validation = Validation::Fraction { fraction: 0.1, seed: 0 };

/// How a set is listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Take a set that has fewer pictures, or fewer classes, than it officially has. Its identifier and title say how many.
    pub reduced: bool,
    /// What becomes of the validation split.
    pub held_out: HeldOut,
}

/// What becomes of the validation split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeldOut {
    /// Everything but the test split is for training, as in the protocol of transfer (arXiv 2111.13445).
    #[default]
    Nothing,
    /// The set's own validation split, or where it has none, a tenth of each class, chosen by a hash of the names as
    /// [`Validation`] does it.
    Pinned,
    /// A part of the pictures is taken, to train on and to choose on. Identifier and title say how many.
    Sample(Sample),
}

/// A picture of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Name, which no other picture of the set has.
    pub name: String,
    /// Index of its class.
    pub label: u16,
    /// Where it is.
    pub place: Place,
}

/// Where the bytes of a picture are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file, by its path below the set's folder.
    File(String),
    /// In a member of an archive.
    Member {
        /// Index of the archive.
        archive: u16,
        /// Path of the member, as if it was unpacked.
        path: String,
    },
    /// In a file with the raw pixels of many pictures.
    Raw {
        /// Index of the file.
        file: usize,
        /// Of the picture's first byte in the content of the file, once that is unpacked.
        offset: u64,
    },
}

/// How much is missing of a set that was declared to be reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reduced {
    /// Pictures that are there to train and to choose on.
    pub train: usize,
    /// How many there are officially.
    pub official_train: usize,
    /// Pictures that are there to score on.
    pub test: usize,
    /// How many there are officially.
    pub official_test: usize,
    /// Classes that are there.
    pub classes: usize,
    /// How many there are officially.
    pub official_classes: usize,
}

/// The pictures of a set. Each split is sorted by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// The set's identifier; of a reduced one with its counts.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// Class names in label order.
    pub classes: Vec<String>,
    /// The metric by which the task is judged.
    pub metric: ClassificationMetric,
    /// Mean and standard deviation of each channel.
    pub normalization: Normalization,
    /// Pictures to train on.
    pub train: Vec<Listed>,
    /// Pictures to choose on.
    pub validation: Vec<Listed>,
    /// Pictures to score on.
    pub test: Vec<Listed>,
    /// What is missing, if it is a reduced set.
    pub reduced: Option<Reduced>,
    pub(super) source: Source,
    pub(super) raw: Vec<RawFile>,
}

impl Listing {
    /// The pictures of one split.
    #[must_use]
    pub fn split(&self, split: Split) -> &[Listed] {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Test => &self.test,
        }
    }

    pub(super) fn split_mut(&mut self, split: Split) -> &mut Vec<Listed> {
        match split {
            Split::Train => &mut self.train,
            Split::Validation => &mut self.validation,
            Split::Test => &mut self.test,
        }
    }

    /// What the task is, apart from its pictures.
    #[must_use]
    pub fn info(&self) -> TaskInfo {
        // Gray pictures have their one channel three times.
        let three = |values: &[f32]| match values {
            [one] => vec![*one; 3],
            values => values.to_vec(),
        };
        TaskInfo {
            id: self.id.clone(),
            title: self.title.clone(),
            summary: format!("Photographs or drawings of {} classes.", self.classes.len()),
            version: VERSION,
            classes: self.classes.clone(),
            metric: self.metric,
            mean: three(&self.normalization.mean),
            std: three(&self.normalization.std),
        }
    }
}

/// Lists the pictures of a set that lies in `folder`, unpacked or in its archives. Nothing is decoded.
///
/// # Errors
/// [`DataError::Option`] for a set of detection; [`DataError::Absent`] if a part of it is not there,
/// [`DataError::Incomplete`] if it has other numbers of pictures than officially and is not declared to be reduced,
/// [`DataError::File`] if a file says something impossible, [`DataError::Io`] and [`DataError::Unreadable`] if
/// something cannot be read.
pub fn list(folder: &Path, entry: &Entry, options: &Options) -> Result<Listing, DataError> {
    let (tree, draft) = draft(folder, entry)?;
    let (mut listing, missing) = assemble(&tree, draft, options.reduced)?;
    demand_counts(&tree, &mut listing, &missing, options.reduced)?;
    match options.held_out {
        HeldOut::Pinned if !listing.validation.is_empty() => {}
        HeldOut::Pinned => hold_out(&tree, &mut listing)?,
        HeldOut::Nothing => {
            let validation = std::mem::take(&mut listing.validation);
            listing.train.extend(validation);
        }
        HeldOut::Sample(sample) => take(sample, &mut listing)?,
    }
    for split in Split::ALL {
        listing.split_mut(split).sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(listing)
}

/// What the files of a set say.
pub(super) fn draft<'e>(folder: &Path, entry: &'e Entry) -> Result<(Tree<'e>, Draft), DataError> {
    let Some(format) = sets::format(&entry.id) else {
        let problem = format!("`{}` has boxes; suites read it as a detection task", entry.id);
        return Err(DataError::Option { option: "set", problem });
    };
    let tree = Tree::open(folder, entry, format.metadata)?;
    let draft = (format.read)(&tree)?;
    Ok((tree, draft))
}

/// Paths of the pictures that a set names and does not have, by split.
pub(super) type Missing = [Vec<String>; 3];

/// Looks for the pictures of a draft. The splits are the official ones.
pub(super) fn assemble(
    tree: &Tree<'_>,
    mut draft: Draft,
    reduced: bool,
) -> Result<(Listing, Missing), DataError> {
    let entry = tree.entry;
    let found = draft.classes.len();
    if found != entry.classes && !(reduced && (2..entry.classes).contains(&found)) {
        return Err(tree.file_error(
            &entry.id,
            format!("has {found} classes, officially {}; is this the official release?", entry.classes),
        ));
    }
    let (Some(metric), Some(normalization)) = (entry.metric.classification(), entry.normalization.clone())
    else {
        let problem = format!("`{}` is no set of classification", entry.id);
        return Err(DataError::Option { option: "set", problem });
    };
    let mut listing = Listing {
        id: entry.id.clone(),
        title: entry.title.clone(),
        classes: std::mem::take(&mut draft.classes),
        metric,
        normalization,
        train: Vec::new(),
        validation: Vec::new(),
        test: Vec::new(),
        reduced: None,
        source: tree.source.clone(),
        raw: std::mem::take(&mut draft.raw),
    };
    let mut missing = Missing::default();
    let mut names: BTreeMap<String, Split> = BTreeMap::new();
    for split in Split::ALL {
        for picture in std::mem::take(draft.split_mut(split)) {
            if let Some(other) = names.insert(picture.name.clone(), split) {
                let problem = if other == split {
                    format!("is listed twice for the {} split", split.name())
                } else {
                    format!("is listed for the {} and for the {} split", other.name(), split.name())
                };
                return Err(tree.file_error(&picture.name, problem));
            }
            let place = match picture.claim {
                Claim::Raw { file, offset } => Place::Raw { file, offset },
                Claim::Changed(path) => {
                    missing[split as usize].push(format!("{path} (which has changed)"));
                    continue;
                }
                Claim::File(path) => match tree.find(&path) {
                    None => {
                        missing[split as usize].push(path);
                        continue;
                    }
                    Some(_) if tree.is_twice(&path) => {
                        return Err(tree.file_error(&path, "is in the archive twice"));
                    }
                    Some((path, None)) => Place::File(path),
                    Some((path, Some(archive))) => Place::Member { archive, path },
                },
            };
            let label = u16::try_from(picture.label).ok().filter(|label| usize::from(*label) < found);
            let Some(label) = label else {
                return Err(tree.file_error(
                    &picture.name,
                    format!("has the label {}, but there are {found} classes", picture.label),
                ));
            };
            listing.split_mut(split).push(Listed { name: picture.name, label, place });
        }
    }
    Ok((listing, missing))
}

/// Compares the numbers of pictures with the official ones.
fn demand_counts(
    tree: &Tree<'_>,
    listing: &mut Listing,
    missing: &Missing,
    reduced: bool,
) -> Result<(), DataError> {
    let counts = &tree.entry.counts;
    let differing: Vec<String> = Split::ALL
        .into_iter()
        .filter(|split| listing.split(*split).len() != counts.of(*split))
        .map(|split| {
            format!("{} of {} {} pictures", listing.split(split).len(), counts.of(split), split.name())
        })
        .collect();
    if differing.is_empty() && listing.classes.len() == tree.entry.classes {
        return Ok(());
    }
    let excess = Split::ALL.into_iter().any(|split| listing.split(split).len() > counts.of(split));
    if reduced && !excess {
        return reduce(tree, listing);
    }
    let names: Vec<&str> = missing.iter().flatten().map(String::as_str).collect();
    let first = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let named = match names.len() {
        0 => String::new(),
        count if count > NAMED => format!("; missing are {first} and {} more", count - NAMED),
        _ => format!("; missing: {first}"),
    };
    let help = if excess {
        "remove what does not belong to the official release"
    } else {
        "get the official release, or declare a reduced variant with `reduced: true`"
    };
    Err(DataError::Incomplete {
        path: tree.source.root.clone(),
        id: tree.entry.id.clone(),
        problem: format!("{}{named}", differing.join(" and ")),
        help,
    })
}

/// Makes a set that has fewer pictures say so.
fn reduce(tree: &Tree<'_>, listing: &mut Listing) -> Result<(), DataError> {
    let counts = &tree.entry.counts;
    let mut trained = vec![false; listing.classes.len()];
    for picture in listing.train.iter().chain(&listing.validation) {
        trained[usize::from(picture.label)] = true;
    }
    if let Some(picture) = listing.test.iter().find(|picture| !trained[usize::from(picture.label)]) {
        let class = &listing.classes[usize::from(picture.label)];
        return Err(tree.file_error(
            &picture.name,
            format!("is a test picture of the class `{class}`, which has no training picture"),
        ));
    }
    let reduced = Reduced {
        train: listing.train.len() + listing.validation.len(),
        official_train: counts.train + counts.of(Split::Validation),
        test: listing.test.len(),
        official_test: counts.of(Split::Test),
        classes: listing.classes.len(),
        official_classes: tree.entry.classes,
    };
    let classes = match reduced.classes == reduced.official_classes {
        true => String::new(),
        false => format!("{} of {} classes, ", reduced.classes, reduced.official_classes),
    };
    listing.id = format!("{}-reduced-{}-{}", listing.id, reduced.train, reduced.test);
    listing.title = format!(
        "{} (reduced: {classes}{} of {} training and {} of {} test pictures)",
        listing.title, reduced.train, reduced.official_train, reduced.test, reduced.official_test
    );
    listing.reduced = Some(reduced);
    Ok(())
}

/// Leaves a sample of the pictures that are not for testing, and says so.
fn take(sample: Sample, listing: &mut Listing) -> Result<(), DataError> {
    let mut pictures = std::mem::take(&mut listing.train);
    pictures.append(&mut listing.validation);
    let names: Vec<&str> = pictures.iter().map(|picture| picture.name.as_str()).collect();
    let (train, validation) =
        sample.choose(&names).map_err(|problem| DataError::Option { option: "sample", problem })?;
    let of = |chosen: Vec<usize>| chosen.into_iter().map(|index| pictures[index].clone()).collect();
    (listing.train, listing.validation) = (of(train), of(validation));
    let Sample { train, validation } = sample;
    listing.id = format!("{}-sample-{train}-{validation}", listing.id);
    listing.title =
        format!("{} (sample: {train} training and {validation} validation pictures)", listing.title);
    Ok(())
}

/// Moves the pinned part of each class from the training to the validation split.
fn hold_out(tree: &Tree<'_>, listing: &mut Listing) -> Result<(), DataError> {
    let mut classes: Vec<Vec<usize>> = vec![Vec::new(); listing.classes.len()];
    for (index, picture) in listing.train.iter().enumerate() {
        classes[usize::from(picture.label)].push(index);
    }
    let mut held = vec![false; listing.train.len()];
    for (class, members) in listing.classes.iter().zip(&classes).filter(|(_, members)| !members.is_empty()) {
        let names: Vec<String> = members.iter().map(|&index| listing.train[index].name.clone()).collect();
        let chosen = PINNED.choose(class, &names).map_err(|problem| tree.file_error(class, problem))?;
        for chosen in chosen {
            held[members[chosen]] = true;
        }
    }
    let mut held = held.into_iter();
    let train = std::mem::take(&mut listing.train);
    (listing.validation, listing.train) = train.into_iter().partition(|_| held.next().unwrap_or(false));
    Ok(())
}
