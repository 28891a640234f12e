//! Discrimination-aware channel pruning (Zhuang et al., NeurIPS 2018) and its localization-aware form (LCP, arXiv
//! 1911.02237). Layers, search and training are shared; the losses behind the layers differ.

mod classifier;
mod config;
mod dcp;
mod dcp_config;
mod heads;
mod layer_search;
mod layers;
mod lcp;
mod lcp_config;
mod losses;
mod readout;
mod regions;
mod stage;
#[cfg(test)]
mod tests;

use dcp::{Dcp, DcpAdapt};
use lcp::Lcp;

secateur_sdk::export_plugin!(Dcp, DcpAdapt, Lcp);
