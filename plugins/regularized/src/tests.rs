//! The methods against their formulas, and whole runs on a small network.

mod bench;
mod formulas;
mod runs;
mod turns;
