//! What the module of a set hands in: which pictures the set says it has, before anybody looks whether it has them.

use super::tree::Tree;
use crate::listing::raw::RawFile;
use crate::{DataError, Split};

/// Where a picture should be.
#[derive(Clone, Debug)]
pub(super) enum Claim {
    /// In a file of its own.
    File(String),
    /// In a file of its own, which is there but has another content than the set says.
    Changed(String),
    /// Among the raw pixels of a file, from this byte of its unpacked content on.
    Raw {
        /// Index in [`Draft::raw`].
        file: usize,
        offset: u64,
    },
}

/// A picture as a set lists it.
#[derive(Clone, Debug)]
pub(super) struct Drafted {
    pub(super) name: String,
    pub(super) label: usize,
    pub(super) claim: Claim,
}

/// The pictures of a set in its official splits.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) classes: Vec<String>,
    pub(super) train: Vec<Drafted>,
    pub(super) validation: Vec<Drafted>,
    pub(super) test: Vec<Drafted>,
    pub(super) raw: Vec<RawFile>,
}

/// How one set is read.
pub(super) struct Format {
    /// Ends of the paths of files that say what is what.
    pub(super) metadata: &'static [&'static str],
    pub(super) read: fn(&Tree<'_>) -> Result<Draft, DataError>,
}

impl Draft {
    /// No pictures yet, of these classes.
    pub(super) fn of(classes: Vec<String>) -> Self {
        Self { classes, ..Self::default() }
    }

    pub(super) fn split(&self, split: Split) -> &Vec<Drafted> {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Test => &self.test,
        }
    }

    pub(super) fn split_mut(&mut self, split: Split) -> &mut Vec<Drafted> {
        match split {
            Split::Train => &mut self.train,
            Split::Validation => &mut self.validation,
            Split::Test => &mut self.test,
        }
    }

    /// Adds a picture that is in a file.
    pub(super) fn add(&mut self, split: Split, name: impl Into<String>, label: usize, path: String) {
        self.split_mut(split).push(Drafted { name: name.into(), label, claim: Claim::File(path) });
    }

    /// The label of a class by its name. `file` is what names it.
    ///
    /// # Errors
    /// [`DataError::File`] if there is no such class.
    pub(super) fn label(&self, tree: &Tree<'_>, file: &str, class: &str) -> Result<usize, DataError> {
        // Sets of a few hundred classes are searched faster than a map of them is made.
        self.classes.iter().position(|known| known == class).ok_or_else(|| {
            tree.file_error(file, format!("names the class `{class}`, which the set does not have"))
        })
    }
}
