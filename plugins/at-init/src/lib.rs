//! Pruning before training: SNIP (arXiv 1810.02340), GraSP (arXiv 2002.07376) and SynFlow (arXiv 2006.05467). Each scores
//! single weights of the network where the trial starts, or of the upstream's initialization.

mod grasp;
mod looking;
mod snip;
mod synflow;
#[cfg(test)]
mod tests;

use grasp::Grasp;
use snip::Snip;
use synflow::SynFlow;

secateur_sdk::export_plugin!(Snip, Grasp, SynFlow);
