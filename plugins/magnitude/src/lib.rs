//! Pruning by magnitude, and the two random baselines that every comparison needs.

mod magnitude;
mod matched;
mod random;

use magnitude::Magnitude;
use matched::RandomMatched;
use random::Random;

secateur_sdk::export_plugin!(Magnitude, Random, RandomMatched);
