//! Discrimination-aware channel pruning (Zhuang et al., NeurIPS 2018) and what builds on it.

mod config;
mod dcp;
mod heads;
mod layer_search;
mod layers;
#[cfg(test)]
mod tests;

use dcp::{Dcp, DcpAdapt};

secateur_sdk::export_plugin!(Dcp, DcpAdapt);
