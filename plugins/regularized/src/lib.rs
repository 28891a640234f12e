//! Sparse training from a dense network, with the sparsity in the training itself: soft thresholds that are learned
//! (STR, arXiv 2002.03231), compressed and decompressed phases in turns (AC/DC, arXiv 2106.12379), and straight-through
//! gradients to the weights that the forward pass leaves out (DNW, arXiv 1906.00586).

mod ac_dc;
mod dnw;
mod phases;
mod soft_threshold;
mod steering;
mod str;
#[cfg(test)]
mod tests;
mod trainings;

use ac_dc::AcDc;
use dnw::Dnw;

use crate::str::Str;

secateur_sdk::export_plugin!(Str, AcDc, Dnw);
