//! What is known of each official data set; the facts are in `catalogue.yaml`.

use std::sync::LazyLock;

use secateur_metrics::ClassificationMetric;
use serde::{Deserialize, Serialize};

use crate::detection::DetectionMetric;
use crate::{DataError, Split};

/// The twelve sets of the transfer suite, in the order of the paper (arXiv 2111.13445).
pub const TRANSFER: [&str; 12] = [
    "sun397",
    "aircraft",
    "birdsnap",
    "caltech101",
    "caltech256",
    "cars",
    "cifar10",
    "cifar100",
    "dtd",
    "flowers",
    "food101",
    "pets",
];

/// What stands for all of [`TRANSFER`] where sets are named.
const TRANSFER_NAME: &str = "transfer-12";

/// One official data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Identifier, and name of its folder below the data root.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// What to cite.
    pub citation: String,
    /// Terms of use in a few words, where known.
    #[serde(default)]
    pub terms: Option<String>,
    /// The set's own page.
    pub page: String,
    /// Whether that page is known to be gone.
    #[serde(default)]
    pub page_dead: bool,
    /// Number of classes.
    pub classes: usize,
    /// Official numbers of pictures.
    pub counts: Counts,
    /// The metric by which the task is judged.
    pub metric: TaskMetric,
    /// By what pictures are normalized; none for detection, where it belongs to the network.
    #[serde(default)]
    pub normalization: Option<Normalization>,
    /// The files in which the set is published.
    pub archives: Vec<Archive>,
    /// Digests of files inside of archives.
    #[serde(default)]
    pub members: Vec<Member>,
    /// What must be there.
    pub needs: Vec<Need>,
    /// What one should know.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Numbers of pictures of the official splits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// To train on.
    pub train: usize,
    /// To choose on, where the set has such a split.
    #[serde(default)]
    pub validation: Option<usize>,
    /// To score on, where labels are public.
    #[serde(default)]
    pub test: Option<usize>,
}

impl Counts {
    /// Pictures of one split; 0 where the set has none.
    #[must_use]
    pub fn of(&self, split: Split) -> usize {
        match split {
            Split::Train => self.train,
            Split::Validation => self.validation.unwrap_or(0),
            Split::Test => self.test.unwrap_or(0),
        }
    }
}

/// The metric of a task of either kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskMetric {
    /// [`ClassificationMetric::Top1`]
    Top1,
    /// [`ClassificationMetric::MeanPerClass`]
    MeanPerClass,
    /// [`DetectionMetric::Voc07Ap50`]
    #[serde(rename = "voc07-ap50")]
    Voc07Ap50,
    /// [`DetectionMetric::VocAp50`]
    #[serde(rename = "voc-ap50")]
    VocAp50,
    /// [`DetectionMetric::CocoAp`]
    CocoAp,
}

impl TaskMetric {
    /// The metric of a set of classification.
    #[must_use]
    pub fn classification(self) -> Option<ClassificationMetric> {
        match self {
            Self::Top1 => Some(ClassificationMetric::Top1),
            Self::MeanPerClass => Some(ClassificationMetric::MeanPerClass),
            Self::Voc07Ap50 | Self::VocAp50 | Self::CocoAp => None,
        }
    }

    /// Name as it stands in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Top1 => ClassificationMetric::Top1.name(),
            Self::MeanPerClass => ClassificationMetric::MeanPerClass.name(),
            Self::Voc07Ap50 => DetectionMetric::Voc07Ap50.name(),
            Self::VocAp50 => DetectionMetric::VocAp50.name(),
            Self::CocoAp => DetectionMetric::CocoAp.name(),
        }
    }
}

/// Mean and standard deviation of each channel on the scale `[0, 1]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalization {
    /// One mean per channel: three, or one of gray pictures.
    pub mean: Vec<f32>,
    /// One standard deviation per channel.
    pub std: Vec<f32>,
    /// How far these values are known.
    pub known: Verified,
}

/// How far a fact is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verified {
    /// Computed from a downloaded copy.
    Copy,
    /// Found in two or more independent public files.
    Agreed,
    /// Read in the source of a widely used loader.
    Loader,
    /// Found in one public file.
    OneSource,
    /// From memory.
    Memory,
}

/// A fact, and how far it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known<T>(
    /// The fact.
    pub T,
    /// How far it is known.
    pub Verified,
);

/// A file in which a set, or a part of it, is published: an archive, or a file that is used as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// Name of the file.
    pub file: String,
    /// A file, or a folder with a final slash, that shows that it was unpacked. The same as `file` if there is
    /// nothing to unpack.
    pub gives: String,
    /// Size.
    #[serde(default)]
    pub bytes: Option<Known<u64>>,
    /// MD5, 32 hexadecimal digits.
    #[serde(default)]
    pub md5: Option<Known<String>>,
    /// First 16 hexadecimal digits of the SHA-256.
    #[serde(default)]
    pub sha256_head: Option<Known<String>>,
    /// Where it was published.
    #[serde(default)]
    pub address: Option<String>,
    /// Whether nothing answers there any more.
    #[serde(default)]
    pub dead: bool,
}

/// A file inside of an archive whose digest is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its path when unpacked.
    pub path: String,
    /// MD5, 32 hexadecimal digits.
    pub md5: Known<String>,
}

/// Something that a set cannot be read without.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// Files, or folders with a final slash; the first that is there is used.
    pub any: Vec<String>,
    /// How to come by it, where unpacking an archive is not enough.
    #[serde(default)]
    pub how: Option<String>,
}

impl Entry {
    /// The archives that give something that is needed, each of which is enough, the first choice first.
    pub(super) fn archives_for<'e>(&'e self, need: &'e Need) -> impl Iterator<Item = &'e Archive> {
        need.any.iter().flat_map(|mark| {
            self.archives.iter().filter(move |archive| archive.gives == *mark || archive.file == *mark)
        })
    }

    /// Bytes of its archives where known. Of archives that give the same, or of which one is enough, the first counts.
    #[must_use]
    pub fn archive_bytes(&self) -> Option<u64> {
        let used = self.needs.iter().filter_map(|need| self.archives_for(need).next());
        let mut seen = Vec::new();
        for archive in used {
            if !seen.contains(&archive) {
                seen.push(archive);
            }
        }
        let sizes: Option<u64> = seen.iter().map(|archive| archive.bytes.as_ref().map(|bytes| bytes.0)).sum();
        sizes.filter(|_| !seen.is_empty())
    }

    /// Whether pictures have one class each, so that [`list`](super::list) can read the set.
    #[must_use]
    pub fn is_classification(&self) -> bool {
        self.metric.classification().is_some()
    }
}

static CATALOGUE: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    serde_yaml::from_str(include_str!("catalogue.yaml")).expect("a test reads the catalogue, too")
});

/// All sets that are known.
#[must_use]
pub fn catalogue() -> &'static [Entry] {
    &CATALOGUE
}

/// The set with this identifier.
///
/// # Errors
/// [`DataError::UnknownSet`] names the nearest identifier.
pub fn entry(id: &str) -> Result<&'static Entry, DataError> {
    catalogue().iter().find(|entry| entry.id == id).ok_or_else(|| unknown(id))
}

/// The sets that a list of names stands for: identifiers, and `transfer-12` for the twelve of the transfer suite.
/// Each set comes once, where it is named first.
///
/// # Errors
/// [`DataError::UnknownSet`] names the nearest name.
pub fn sets_named<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Vec<&'static Entry>, DataError> {
    let mut sets: Vec<&Entry> = Vec::new();
    for name in names {
        let one = [name];
        let ids = if name == TRANSFER_NAME { &TRANSFER[..] } else { &one[..] };
        for id in ids {
            let set = entry(id)?;
            if !sets.iter().any(|known| known.id == set.id) {
                sets.push(set);
            }
        }
    }
    Ok(sets)
}

fn unknown(id: &str) -> DataError {
    /// Comparing two names takes time with the product of their lengths.
    const LONGEST: usize = 100;
    let lower: String = id.to_lowercase().chars().take(LONGEST).collect();
    let names = || catalogue().iter().map(|entry| entry.id.as_str()).chain([TRANSFER_NAME]);
    let nearest = names()
        .map(|name| (strsim::damerau_levenshtein(&lower, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3)
        .min_by_key(|(distance, _)| *distance);
    let hint = nearest.map_or_else(String::new, |(_, name)| format!("did you mean `{name}`? "));
    DataError::UnknownSet {
        id: id.to_owned(),
        help: format!("{hint}there are: {}", names().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What the catalogue must have, so that a set that is forgotten is noticed.
    const IDS: &str = "aircraft birdsnap caltech101 caltech256 cars cifar10 cifar100 dtd flowers food101 pets sun397 \
                       imagenet svhn fashion-mnist mnist voc2007 voc2012 coco2017";

    #[test]
    fn it_is_complete() {
        let ids: Vec<&str> = catalogue().iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, IDS.split_whitespace().collect::<Vec<_>>());
        for set in catalogue() {
            let id = &set.id;
            assert!(set.classes > 1 && set.counts.train > 0, "{id}");
            assert!(!set.title.is_empty() && set.citation.len() > 20, "{id}");
            assert!(set.page.starts_with("http"), "{id}");
            assert!(!set.needs.is_empty(), "{id}");
            assert_eq!(set.normalization.is_some(), set.is_classification(), "{id}");
            if let Some(Normalization { mean, std, .. }) = &set.normalization {
                assert_eq!(mean.len(), std.len(), "{id}");
                assert!(mean.len() == 3 || mean.len() == 1, "{id}");
                assert!(mean.iter().chain(std).all(|value| (0.1..0.7).contains(value)), "{id}");
            }
            let mut files = BTreeSet::new();
            for archive in &set.archives {
                assert!(files.insert(&archive.file), "{id} has {} twice", archive.file);
                let hexadecimal = |text: &str, digits: usize| {
                    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
                };
                let md5 = archive.md5.as_ref().map(|md5| md5.0.as_str());
                assert!(md5.is_some_and(|md5| hexadecimal(md5, 32)), "{id}: {}", archive.file);
                let head = archive.sha256_head.as_ref().map(|head| head.0.as_str());
                assert!(head.is_none_or(|head| hexadecimal(head, 16)), "{id}: {}", archive.file);
                assert!(!archive.dead || archive.address.is_some(), "{id}: {}", archive.file);
                assert!(
                    archive.address.as_ref().is_none_or(|address| address.ends_with(&archive.file)),
                    "{id}"
                );
                // Whatever is unpacked is needed, or in place of something that is.
                assert!(
                    set.needs.iter().any(|need| need.any.contains(&archive.gives)),
                    "{id}: {}",
                    archive.gives
                );
            }
            for need in &set.needs {
                let given =
                    need.any.iter().any(|mark| set.archives.iter().any(|archive| archive.gives == *mark));
                assert!(given || need.how.is_some(), "{id}: nothing gives {:?}", need.any);
            }
            for member in &set.members {
                assert_eq!(member.md5.0.len(), 32, "{id}: {}", member.path);
            }
        }
    }

    #[test]
    fn splits_that_follow_from_rules_have_the_numbers_of_the_rules() {
        let counts = |id| entry(id).unwrap().counts;
        assert_eq!(counts("caltech101").train, 30 * 101);
        assert_eq!(counts("caltech256").train, 60 * 257);
        assert_eq!((counts("food101").train, counts("food101").test), (750 * 101, Some(250 * 101)));
        assert_eq!((counts("sun397").train, counts("sun397").test), (50 * 397, Some(50 * 397)));
        assert_eq!(counts("dtd").train, 40 * 47);
        assert_eq!((counts("flowers").train, counts("flowers").validation), (10 * 102, Some(10 * 102)));
    }

    #[test]
    fn names_stand_for_sets() {
        let ids = |names: &[&str]| {
            sets_named(names.iter().copied())
                .map(|sets| sets.iter().map(|set| set.id.as_str()).collect::<Vec<_>>())
        };
        assert_eq!(ids(&["transfer-12"]).unwrap(), TRANSFER);
        assert_eq!(ids(&["pets", "transfer-12", "mnist", "pets"]).unwrap().len(), 13);
        assert_eq!(ids(&["pets", "transfer-12"]).unwrap()[0], "pets");
        for (wrong, right) in
            [("caltech-101", "caltech101"), ("FLOWER", "flowers"), ("transfer12", "transfer-12")]
        {
            let error = ids(&[wrong]).unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains(&format!("did you mean `{right}`?")), "{error}");
        }
        let error = ids(&[&"x".repeat(100_000)]).unwrap_err().to_string();
        assert!(!error.contains("did you mean") && error.contains("imagenet"));
    }

    #[test]
    fn sizes_count_each_archive_once_and_alternatives_not() {
        let bytes = |id| entry(id).unwrap().archive_bytes();
        assert_eq!(bytes("cifar10"), Some(170_052_171));
        assert_eq!(bytes("caltech101"), Some(137_414_764));
        assert_eq!(bytes("flowers"), Some(344_862_509 + 502 + 14_989));
        assert_eq!(bytes("birdsnap"), None);
        assert_eq!(bytes("imagenet"), None);
    }
}
