//! Pruning by second-order information: the loss is taken as a quadratic around the trained weights, with the
//! empirical Fisher matrix for its Hessian.

mod blocks;
mod diagonal_fisher;
mod flat;
mod gradients;
mod inverse;
mod mfac;
mod path;
mod recursion;
mod saliency;
mod schedule;
#[cfg(test)]
mod tests;
mod woodbury;
mod woodfisher;

secateur_sdk::export_plugin!(woodfisher::WoodFisher, diagonal_fisher::DiagonalFisher, mfac::Mfac);
