//! `secateur show`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use secateur_store::Store;

/// Arguments of `show`.
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// A trial or a stage: its name or the beginning of it, as it stands in results.csv and on the pages of a report.
    #[arg(value_name = "TRIAL_OR_STAGE")]
    name: String,
    /// Folder of the store.
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    /// For machines.
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let store = Store::open(&self.store)?;
        let found = secateur_reports::find(&store, &self.name)?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&found)?);
        } else {
            print!("{}", secateur_reports::show(&found));
        }
        Ok(ExitCode::SUCCESS)
    }
}
