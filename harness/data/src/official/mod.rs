//! The official data sets of classification in their official forms: what is known of each, and what is in it.
//!
//! - [`catalogue`] says what each set is, where it comes from and what its files must be;
//! - [`list`] reads which pictures a set has, of which class and in which split, as a [`Listing`](crate::listing::Listing),
//!   without decoding any;
//! - [`load`] makes a task of pictures of one size of it;
//! - [`check`] says what is there and what is wrong;
//! - [`supplies`] says which archives are there and which are wanted, and [`compare_archive`] whether one is official.
//!
//! A set lies in a folder of its own, unpacked or in the archives in which it is published. One module per set knows
//! how its files say what is what; everything that sets have in common is in `tree` (which files there are), `draft`
//! (what such a module hands in) and `listing` (splits and counts).

mod catalogue;
mod check;
mod draft;
mod listing;
mod load;
mod sample;
mod sets;
mod sniff;
mod supply;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tree;

pub use catalogue::{
    Archive, Counts, Entry, Known, Member, Need, Normalization, TRANSFER, TaskMetric, Verified, catalogue,
    entry, sets_named,
};
pub use check::{
    Absence, ArchiveReport, ArchiveState, CheckOptions, CheckReport, DigestState, OddReport, SplitReport,
    check, compare_archive,
};
pub use listing::{HeldOut, Options, list};
pub use load::{LoadReport, load};
pub use sample::Sample;
pub use sniff::Odd;
pub use supply::{Supply, supplies};

/// Version of these loaders; it grows when the same files give other pictures, labels, splits or another order.
pub const VERSION: u32 = 1;

#[cfg(test)]
mod tests;
