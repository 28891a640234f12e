//! Files that are damaged or hostile: whatever is read, reading ends, in a result or in an error. It does not panic, and
//! its memory stays within a constant and a multiple of the file's length.
//!
//! Valid files are changed in ways that their readers may notice late: numbers that count something, words, parts that are
//! repeated, checksums that are right nevertheless. `PROPTEST_CASES` says how many of each kind are tried, for longer runs.
//! What was found once is kept in `tests/proptest-regressions` and as a test of its own.
#![expect(clippy::print_stderr, reason = "a test that is ended from outside says why")]

mod boards;
mod checkpoints;
mod data;
mod memory;
mod messages;
mod mutate;
mod nights;
mod official;
mod pictures;
mod published;
mod suites;

use std::path::Path;

use proptest::test_runner::Config;

/// The workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace")
}

/// How many cases are tried: so many, unless the environment says.
pub(crate) fn cases(usual: u32) -> Config {
    let config = Config::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { config.cases } else { usual };
    Config { cases, ..config }
}
