//! The pictures of a set in their pinned order: which there are, of which class, in which split, and where.

use std::collections::BTreeMap;
use std::path::Path;

use super::VERSION;
use super::catalogue::{Entry, Normalization};
use super::draft::{Claim, Draft};
use super::sample::Sample;
use super::sets;
use super::tree::Tree;
use crate::listing::{Listed, Listing, Place, Validation};
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
        HeldOut::Pinned => {
            listing.hold_out(PINNED)?;
        }
        HeldOut::Nothing => {
            let validation = std::mem::take(&mut listing.validation);
            listing.train.extend(validation);
        }
        HeldOut::Sample(sample) => take(sample, &mut listing)?,
    }
    listing.sort();
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
    // Gray pictures have their one channel three times.
    let three = |values: Vec<f32>| match values[..] {
        [one] => vec![one; 3],
        _ => values,
    };
    let Normalization { mean, std, .. } = normalization;
    let info = TaskInfo {
        id: entry.id.clone(),
        title: entry.title.clone(),
        summary: format!("Photographs or drawings of {found} classes."),
        version: VERSION,
        classes: std::mem::take(&mut draft.classes),
        metric,
        mean: three(mean),
        std: three(std),
    };
    let mut listing = Listing {
        info,
        train: Vec::new(),
        validation: Vec::new(),
        test: Vec::new(),
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
    if differing.is_empty() && listing.info.classes.len() == tree.entry.classes {
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
    let mut trained = vec![false; listing.info.classes.len()];
    for picture in listing.train.iter().chain(&listing.validation) {
        trained[usize::from(picture.label)] = true;
    }
    if let Some(picture) = listing.test.iter().find(|picture| !trained[usize::from(picture.label)]) {
        let class = &listing.info.classes[usize::from(picture.label)];
        return Err(tree.file_error(
            &picture.name,
            format!("is a test picture of the class `{class}`, which has no training picture"),
        ));
    }
    let (train, test) = (listing.train.len() + listing.validation.len(), listing.test.len());
    let (official_train, official_test) =
        (counts.train + counts.of(Split::Validation), counts.of(Split::Test));
    let classes = match listing.info.classes.len() {
        all if all == tree.entry.classes => String::new(),
        some => format!("{some} of {} classes, ", tree.entry.classes),
    };
    let info = &mut listing.info;
    info.id = format!("{}-reduced-{train}-{test}", info.id);
    info.title = format!(
        "{} (reduced: {classes}{train} of {official_train} training and {test} of {official_test} test pictures)",
        info.title
    );
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
    listing.info.id = format!("{}-sample-{train}-{validation}", listing.info.id);
    listing.info.title =
        format!("{} (sample: {train} training and {validation} validation pictures)", listing.info.title);
    Ok(())
}
