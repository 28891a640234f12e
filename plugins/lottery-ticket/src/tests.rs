//! Whole runs on a small network, through the host.

mod bench;
mod contrastive;
mod early_bird;
mod parameters;
mod perturbed;
mod searched;
