//! Scores against PyTorch's, and whole runs on small networks.

mod bench;
mod flow;
mod golden;
mod runs;
