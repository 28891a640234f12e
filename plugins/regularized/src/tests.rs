//! The methods against their formulas, and whole runs on a small network.

mod bench;
mod by_hand;
mod dnw;
mod formulas;
mod runs;
mod turns;
