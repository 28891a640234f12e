//! `secateur methods`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::plugins::Plugins;

/// Arguments of `methods`.
#[derive(Args, Debug)]
pub(crate) struct Methods {
    /// Plugin library; may be repeated. Without it plugins are looked for beside this program.
    #[arg(long = "plugin", value_name = "PATH")]
    plugins: Vec<PathBuf>,
    /// For machines.
    #[arg(long)]
    json: bool,
}

impl Methods {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let plugins = Plugins::find(&self.plugins)?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&plugins.infos)?);
            return Ok(ExitCode::SUCCESS);
        }
        if plugins.infos.is_empty() {
            println!("no plugins; name one with --plugin, or build them with `cargo build --release`");
        }
        for info in &plugins.infos {
            for method in &info.methods {
                println!("{:<42} {}", method.id, method.summary);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
