//! What the network crate promises: PyTorch's names, published counts, and shapes that fit.

mod channels;
mod costs;
mod detectors;
mod names;
mod projection;
mod shapes;

use secateur_network::Network;
use secateur_network::zoo::{self, Options};

/// A known network as published.
fn published(name: &str) -> Network {
    zoo::build(name, &Options::default()).expect("published networks are consistent")
}
