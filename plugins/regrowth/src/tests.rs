//! The arithmetic by hand and against golden values, and whole runs on small networks.

mod arithmetic;
mod bench;
mod erk;
mod reference;
mod runs;
