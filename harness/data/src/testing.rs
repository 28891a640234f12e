//! Helpers for tests.

use std::io::Write;

/// Says that a test was skipped and why.
pub(crate) fn skip(reason: &str) {
    note(&format!("skipped: {reason}"));
}

/// Prints a line past the test harness's capture, which would hide it in passing tests.
pub(crate) fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
