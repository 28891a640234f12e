//! Sparse training from the first step on, with masks that move: RigL (Evci et al., arXiv 1911.11134) and SET (Mocanu et
//! al., arXiv 1707.04780). Both drop the smallest weights of each layer now and then and grow as many elsewhere in it.

mod choice;
mod config;
mod distribution;
mod erk;
mod methods;
mod schedule;
#[cfg(test)]
mod tests;
mod training;

use methods::{RigL, Set};

secateur_sdk::export_plugin!(RigL, Set);
