//! Methods that are Python classes.
//!
//! The class runs in a process of its own, with any Python and any torch, or none. What it asks of the host goes as JSON over a
//! socket pair, and tensors go as safetensors files in memory that both processes hold. To the host this is a plugin like any
//! other.

mod child;
mod config;
mod conversation;
mod hooks;
mod message;
mod method;
mod tensors;
mod wire;

use method::{PythonChannels, PythonWeights};

secateur_sdk::export_plugin!(PythonWeights, PythonChannels);
