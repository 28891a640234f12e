//! Pruning by magnitude, in one shot or gradually, and the two random baselines that every comparison needs.

mod cubic;
mod gradual;
mod magnitude;
mod matched;
mod random;
#[cfg(test)]
mod tests;

use gradual::GradualMagnitude;
use magnitude::Magnitude;
use matched::RandomMatched;
use random::Random;

secateur_sdk::export_plugin!(Magnitude, GradualMagnitude, Random, RandomMatched);
