//! Criteria for channels that every comparison needs.

mod fpgm;
mod hrank;
mod lamp;
mod norm;
mod random;
mod slimming;
mod taylor;
#[cfg(test)]
mod tests;

use secateur_sdk::prelude::*;

secateur_sdk::export_plugin!(
    PerChannel<random::Random>,
    PerChannel<norm::L1>,
    PerChannel<norm::L2>,
    PerChannel<fpgm::Fpgm>,
    PerChannel<lamp::Lamp>,
    PerChannel<slimming::Slimming>,
    PerChannel<taylor::Taylor>,
    PerChannel<hrank::HRank>,
);

/// Values of a vector.
fn values(tensor: &Tensor) -> Result<Vec<f64>> {
    Ok(Vec::try_from(tensor.f_to_kind(Kind::Double)?.f_to_device(Device::Cpu)?.f_contiguous()?)?)
}

/// Scores divided by their mean, so that groups of different sizes and scales can be compared. Scores that are all
/// zero stay.
fn by_mean(scores: Vec<f64>) -> Vec<f64> {
    let mean = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
    if mean > 0.0 { scores.into_iter().map(|score| score / mean).collect() } else { scores }
}
