//! Turns a store into tables, plots and pages. No libtorch.

mod row;

pub use row::{Control, Outcome, Provenance, ReportInput, Row, StageCost};
