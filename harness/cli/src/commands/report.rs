//! `secateur report`.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use secateur_reports::ReportInput;
use secateur_store::Store;

/// Arguments of `report`.
#[derive(Args, Debug)]
pub(crate) struct Report {
    /// Folder of the store.
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    /// Folder for the report.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Only this suite of the store.
    #[arg(long, value_name = "NAME")]
    suite: Option<String>,
    /// Figures that papers have published, to be shown below ours: a table, or a folder of tables such as
    /// `benchmarks/published`.
    #[arg(long, value_name = "PATH")]
    published: Vec<PathBuf>,
    /// Do not print the leaderboard.
    #[arg(long)]
    quiet: bool,
}

impl Report {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let store = Store::open(&self.store)?;
        let mut input = secateur_reports::load(&store, self.suite.as_deref())?;
        for path in &self.published {
            input.published.extend(secateur_reports::read_published(path)?);
            input.published_names.extend(secateur_reports::read_names(path)?);
            input.published_protocols.extend(secateur_reports::read_protocols(path)?);
        }
        let report = secateur_reports::Report::new(&input);
        secateur_reports::write_report(&report, &input, &self.out)?;
        if !self.quiet {
            println!("{}", leaderboard_of(&report));
        }
        println!("{}", self.out.join("index.html").display());
        Ok(ExitCode::SUCCESS)
    }
}

/// The leaderboard for the terminal at hand.
pub(crate) fn leaderboard(input: &ReportInput) -> String {
    leaderboard_of(&secateur_reports::Report::new(input))
}

fn leaderboard_of(report: &secateur_reports::Report) -> String {
    let width = terminal_size::terminal_size().map_or(160, |(width, _)| usize::from(width.0));
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    secateur_reports::terminal_of(report, width, color)
}
