//! End-to-end tests: the real programs, real plugins, and suites small enough to run in seconds.
//!
//! `cargo xtask test` builds the programs and libraries that these tests start, and then runs them.
#![expect(clippy::print_stderr, reason = "a test that is left out says why")]

mod support;
mod validator;

mod author;
mod bad_input;
mod beginnings;
mod channels;
mod command_line;
mod contained;
mod contrast;
mod counts;
mod detection;
mod direct;
mod families;
mod faulty;
mod foreign;
mod golden;
mod hooks;
mod identity;
mod interrupted;
mod invariants;
mod loader;
mod nightly;
mod official;
mod patterns;
mod photographs;
mod published;
mod python;
mod retention;
mod runs;
mod stored;
