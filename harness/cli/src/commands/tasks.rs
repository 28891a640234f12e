//! `secateur tasks`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use secateur_data::generated;

/// Arguments of `tasks`.
#[derive(Args, Debug)]
pub(crate) struct Tasks {
    #[command(subcommand)]
    command: Option<TasksCommand>,
    /// For machines.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum TasksCommand {
    /// Describe tasks, and draw them.
    Show {
        /// Task identifiers; all generated ones by default.
        tasks: Vec<String>,
        /// Write a PNG with pictures of every task.
        #[arg(long, value_name = "FILE")]
        contact_sheet: Option<PathBuf>,
        /// Seed of the generator.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

impl Tasks {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            None => list(self.json)?,
            Some(TasksCommand::Show { tasks, contact_sheet, seed }) => show(&tasks, contact_sheet, seed)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn list(json: bool) -> anyhow::Result<()> {
    let infos: Vec<_> = generated::catalogue().iter().filter_map(|entry| generated::info(entry.id)).collect();
    if json {
        println!("{}", serde_json::to_string_pretty(&infos)?);
        return Ok(());
    }
    println!("{:<24} {:>7}  {:<15} what varies", "task", "classes", "metric");
    for info in infos {
        println!("{:<24} {:>7}  {:<15} {}", info.id, info.classes.len(), info.metric.name(), info.summary);
    }
    Ok(())
}

fn show(tasks: &[String], contact_sheet: Option<PathBuf>, seed: u64) -> anyhow::Result<()> {
    let all: Vec<String> = generated::catalogue().iter().map(|entry| entry.id.to_owned()).collect();
    let wanted = if tasks.is_empty() { &all[..] } else { tasks };
    let mut drawn = Vec::new();
    for id in wanted {
        let task = generated::generate(id, seed)?;
        println!(
            "{}: {} {} classes; {} training, {} validation, {} test pictures; judged by {}",
            task.info.id,
            task.info.summary,
            task.info.classes.len(),
            task.train.len(),
            task.validation.len(),
            task.test.len(),
            task.info.metric.name()
        );
        drawn.push(task);
    }
    if let Some(path) = contact_sheet {
        let sheet = secateur_data::contact_sheet(
            &drawn.iter().collect::<Vec<_>>(),
            &secateur_data::SheetOptions::default(),
        )?;
        std::fs::write(&path, sheet).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}
