//! The tasks themselves: for each, its class names and how a picture of a class is drawn.
//!
//! A class is a constant of the source. What varies within a class comes from the picture's own stream.

pub(super) mod colours;
pub(super) mod creatures;
pub(super) mod digits;
pub(super) mod figures;
pub(super) mod flowers;
pub(super) mod layouts;
pub(super) mod materials;
pub(super) mod surfaces;
pub(super) mod symbols;
pub(super) mod upstream;

/// Class names `a-b` for all pairs, the second running fastest; class `k` is `(k / second, k % second)`.
fn pairs(first: &[impl std::fmt::Display], second: &[impl std::fmt::Display]) -> Vec<String> {
    first.iter().flat_map(|a| second.iter().map(move |b| format!("{a}-{b}"))).collect()
}

/// Names as owned strings.
fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
