//! `secateur plugin`.

mod new;
mod validate;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::plugins::inspect;

/// Arguments of `plugin`.
#[derive(Args, Debug)]
pub(crate) struct Plugin {
    #[command(subcommand)]
    command: PluginCommand,
}

#[derive(Debug, Subcommand)]
enum PluginCommand {
    /// Make a folder for a method of your own that builds, validates and runs as it is.
    New(new::New),
    /// Show what a plugin says of itself, or why it does not load.
    Inspect {
        /// The library.
        path: PathBuf,
        /// For machines.
        #[arg(long)]
        json: bool,
    },
    /// Check a plugin against the contract and on small networks, each check in a process of its own.
    Validate(validate::Validate),
}

impl Plugin {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let (path, json) = match self.command {
            PluginCommand::New(new) => return new.run(),
            PluginCommand::Inspect { path, json } => (path, json),
            PluginCommand::Validate(validate) => return validate.run(),
        };
        let info = inspect(&path)?;
        if json {
            println!("{}", serde_json::to_string_pretty(&info)?);
            return Ok(ExitCode::SUCCESS);
        }
        println!("plugin    {}", info.path.display());
        println!("sha256    {}", info.sha256);
        println!("ABI       {}", info.abi);
        println!("libtorch  {}", info.torch.as_deref().unwrap_or("none"));
        println!("built     {}, {}, {}", info.sdk, info.compiler, info.target);
        if let Some(source) = &info.source {
            println!("source    {source}");
        }
        for method in &info.methods {
            println!("\n{} ({}, version {})", method.id, method.name, method.version);
            println!("  {}", method.summary);
            if let Some(citation) = &method.citation {
                println!("  {citation}");
            }
            println!("  {}", method.flags.join(", "));
            let properties = method.params_schema["properties"].as_object();
            for (name, schema) in properties.into_iter().flatten() {
                let text = schema["description"].as_str().unwrap_or_default().replace('\n', " ");
                let default = &schema["default"];
                let default =
                    if default.is_null() { String::new() } else { format!(" [default: {default}]") };
                println!("    {name}: {text}{default}");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
