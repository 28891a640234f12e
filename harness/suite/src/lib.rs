//! Suites, trials, stages and their identities. No libtorch.

mod recipe;

pub use recipe::{Length, Recipe, Schedule};
