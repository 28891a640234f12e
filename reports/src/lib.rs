//! Turns a store into tables, plots and pages. No libtorch.
//!
//! Everything here is a deterministic function of a [`ReportInput`]: no clock, no environment, no file is read.
//! The order of its rows never matters.
//!
//! [`Report::new`] computes boards, costs and warnings once; the exports print them. [`write_all`] writes every
//! file of a report, [`terminal`] prints the leaderboard for a terminal.

mod board;
mod cost;
mod export;
mod load;
mod row;
mod speed;
pub mod stats;
mod text;
mod warnings;

#[doc(hidden)]
pub mod testing;

pub use board::{Board, BoardKey, BoardTask, Budget, Cell, Entry, Place, Span, Trial, boards};
pub use cost::{MethodCost, costs};
pub use export::csv::{costs_csv, leaderboard_csv, results_csv, speed_csv};
pub use export::html::index_html;
pub use export::json::{SCHEMA, report_json};
pub use export::markdown::summary_md;
pub use export::terminal::{terminal, terminal_of};
pub use export::write::{ReportError, write_all};
pub use load::load;
pub use row::{Control, Outcome, Provenance, ReportInput, Row, StageCost};
pub use speed::{LANES, Speed, SpeedLine, lines as speed_lines, remark as speed_remark};
pub use warnings::{BoardWarning, ENOUGH_SEEDS, Severity, Warning, warnings};

/// What the exports print, computed once.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Report {
    /// The boards, in reading order.
    pub boards: Vec<Board>,
    /// What the methods cost.
    pub costs: Vec<MethodCost>,
    /// Measured networks.
    pub speeds: Vec<Speed>,
    /// What a reader must know, worst first.
    pub warnings: Vec<BoardWarning>,
}

impl Report {
    /// Computes boards, costs and warnings.
    #[must_use]
    pub fn new(input: &ReportInput) -> Report {
        let boards = boards(&input.rows);
        let warnings = warnings(&boards);
        let mut speeds = input.speeds.clone();
        speeds.sort_by(export::csv::speed_order);
        Report { boards, costs: costs(input), speeds, warnings }
    }
}
