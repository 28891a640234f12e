//! Listed pictures: which there are, of which class, in which split and where, before any of them is decoded.
//!
//! Every task of classes from files is a [`Listing`] first, whoever listed it: [`official`](crate::official) for the official
//! sets, [`folder`](crate::folder) for pictures sorted by split and class. From there on there is one way for all:
//! [`Listing::read`] passes the bytes of pictures on, in one pass over each archive, and [`decode`] makes pixels of them.

mod hold_out;
mod load;
pub(crate) mod raw;
mod reading;
mod source;

pub use self::hold_out::Validation;
pub(crate) use self::load::{Loaded, check_side};
use self::raw::RawFile;
pub use self::reading::{Content, Decoded, decode};
pub(crate) use self::source::{Located, Source};
use crate::{Split, TaskInfo};

/// A picture of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Name, which no other picture of the listing has.
    pub name: String,
    /// Index of its class.
    pub label: u16,
    /// Where it is.
    pub place: Place,
}

/// Where the bytes of a picture are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file, by its path below the listing's folder.
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

/// The pictures of a task in their pinned order: each split is sorted by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    pub(crate) info: TaskInfo,
    /// Pictures to train on.
    pub train: Vec<Listed>,
    /// Pictures to choose on.
    pub validation: Vec<Listed>,
    /// Pictures to score on.
    pub test: Vec<Listed>,
    pub(crate) source: Source,
    pub(crate) raw: Vec<RawFile>,
}

impl Listing {
    /// What the task is, apart from its pictures.
    #[must_use]
    pub fn info(&self) -> &TaskInfo {
        &self.info
    }

    /// The same pictures under another title for people.
    #[must_use]
    pub fn titled(mut self, title: &str) -> Self {
        title.clone_into(&mut self.info.title);
        self
    }

    /// The pictures of one split.
    #[must_use]
    pub fn split(&self, split: Split) -> &[Listed] {
        match split {
            Split::Train => &self.train,
            Split::Validation => &self.validation,
            Split::Test => &self.test,
        }
    }

    pub(crate) fn split_mut(&mut self, split: Split) -> &mut Vec<Listed> {
        match split {
            Split::Train => &mut self.train,
            Split::Validation => &mut self.validation,
            Split::Test => &mut self.test,
        }
    }

    /// Classes of the pictures of one split, in order.
    #[must_use]
    pub fn labels(&self, split: Split) -> Vec<u16> {
        self.split(split).iter().map(|picture| picture.label).collect()
    }

    /// Every picture by its split and its index there, for [`Listing::read`].
    #[must_use]
    pub fn all(&self) -> Vec<(Split, usize)> {
        Split::ALL
            .into_iter()
            .flat_map(|split| (0..self.split(split).len()).map(move |index| (split, index)))
            .collect()
    }

    pub(crate) fn sort(&mut self) {
        for split in Split::ALL {
            self.split_mut(split).sort_by(|a, b| a.name.cmp(&b.name));
        }
    }
}
