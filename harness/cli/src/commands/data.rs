//! `secateur data`.

mod fetch;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use secateur_data::Split;
use secateur_data::official::{
    self, ArchiveState, CheckOptions, CheckReport, DigestState, Entry, catalogue, sets_named,
};

/// Arguments of `data`.
#[derive(Args, Debug)]
pub(crate) struct Data {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Debug, Subcommand)]
enum DataCommand {
    /// List the official data sets that are known.
    List {
        /// For machines, with everything that is known of each.
        #[arg(long)]
        json: bool,
    },
    /// Say what is there of official data sets, what is missing, and what is wrong.
    #[command(after_help = "Exit code: 0 all is well, 1 something is missing or wrong, 2 usage.")]
    Check {
        /// Data sets; `transfer-12` stands for the twelve of the transfer suite.
        #[arg(value_name = "SET", required = true)]
        sets: Vec<String>,
        /// A folder with a folder for each set, called by its identifier.
        #[arg(long, value_name = "DIR")]
        data_root: PathBuf,
        /// Read every picture to its end and decode it.
        #[arg(long)]
        deep: bool,
        /// Compare sizes and digests of archives, which takes as long as reading them.
        #[arg(long)]
        digests: bool,
        /// For machines.
        #[arg(long)]
        json: bool,
    },
    /// Fetch official data sets from where they are published.
    #[command(
        after_help = "Exit code: 0 all that the sets need is there, 1 something is missing or wrong, 2 usage."
    )]
    Fetch(fetch::Fetch),
}

impl Data {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            DataCommand::List { json } => {
                list(json)?;
                Ok(ExitCode::SUCCESS)
            }
            DataCommand::Fetch(command) => command.run(),
            DataCommand::Check { sets, data_root, deep, digests, json } => {
                let sets = sets_named(sets.iter().map(String::as_str))?;
                check(&sets, &data_root, &CheckOptions { deep, digests }, json)
            }
        }
    }
}

fn list(json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(catalogue())?);
        return Ok(());
    }
    println!(
        "{:<14} {:>7} {:>9} {:>10} {:>7}  {:<14} {:>8}  title",
        "set", "classes", "train", "validation", "test", "metric", "archives"
    );
    for set in catalogue() {
        let count = |split: Split| match set.counts.of(split) {
            0 => "-".to_owned(),
            count => count.to_string(),
        };
        println!(
            "{:<14} {:>7} {:>9} {:>10} {:>7}  {:<14} {:>8}  {}",
            set.id,
            set.classes,
            count(Split::Train),
            count(Split::Validation),
            count(Split::Test),
            set.metric.name(),
            set.archive_bytes().map_or_else(|| "?".to_owned(), size),
            set.title
        );
    }
    Ok(())
}

/// A number of bytes for people.
fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "kB", "MB"] {
        if value < 1000.0 {
            return format!("{value:.0} {unit}");
        }
        value /= 1000.0;
    }
    format!("{value:.1} GB")
}

fn check(sets: &[&Entry], data_root: &Path, options: &CheckOptions, json: bool) -> anyhow::Result<ExitCode> {
    if !data_root.is_dir() {
        anyhow::bail!("there is no folder {}; --data-root says where the data lies", data_root.display());
    }
    let mut reports = Vec::new();
    for set in sets {
        let report = official::check(&data_root.join(&set.id), set, options);
        if !json {
            print(set, &report);
        }
        reports.push(report);
    }
    let wrong: Vec<&str> =
        reports.iter().filter(|report| !report.is_well()).map(|report| report.id.as_str()).collect();
    if json {
        let documents: Vec<serde_json::Value> = reports
            .iter()
            .map(|report| {
                let mut document = serde_json::to_value(report)?;
                document["well"] = report.is_well().into();
                Ok::<_, serde_json::Error>(document)
            })
            .collect::<Result<_, _>>()?;
        println!("{}", serde_json::to_string_pretty(&documents)?);
    } else if wrong.is_empty() {
        println!("all is well");
    } else {
        println!("not well: {}", wrong.join(", "));
    }
    Ok(ExitCode::from(u8::from(!wrong.is_empty())))
}

fn print(set: &Entry, report: &CheckReport) {
    let verdict = if report.is_well() { "well" } else { "not well" };
    println!("{} ({}): {verdict}", set.id, set.title);
    let absent: Vec<&str> = report
        .archives
        .iter()
        .filter(|archive| archive.state == ArchiveState::Absent)
        .map(|archive| archive.file.as_str())
        .collect();
    for absence in &report.absent {
        println!("  absent: {}; {}", absence.any.join(" or "), absence.help);
    }
    if !report.absent.is_empty() {
        println!("  into {}:", report.folder.display());
        print_archives(set, &absent);
    }
    for archive in &report.archives {
        match &archive.digest {
            DigestState::NotCompared => {}
            DigestState::Right => println!("  {}: official by its digests", archive.file),
            DigestState::Wrong(differing) => println!("  {}: {differing}", archive.file),
        }
    }
    for split in &report.splits {
        let mark = if split.found == split.official { "" } else { ", which is not all" };
        println!("  {}: {} of {} pictures{mark}", split.split.name(), split.found, split.official);
    }
    if report.missing > 0 {
        println!("  missing: {}", names(&report.missing_first, report.missing));
    }
    for odd in &report.odd {
        println!("  {}: {} {}", odd.odd.word(), odd.count, bracketed(&names(&odd.first, odd.count)));
    }
    for problem in &report.problems {
        println!("  {problem}");
    }
    if report.absent.is_empty() {
        return;
    }
    for note in &set.notes {
        println!("  note: {note}");
    }
}

/// The archives that are absent: sizes, digests, and where they were published.
fn print_archives(set: &Entry, absent: &[&str]) {
    for archive in set.archives.iter().filter(|archive| absent.contains(&archive.file.as_str())) {
        let bytes = archive.bytes.as_ref().map_or_else(|| "size unknown".to_owned(), |bytes| size(bytes.0));
        let md5 = archive.md5.as_ref().map_or_else(String::new, |md5| format!(", MD5 {}", md5.0));
        let unpacked = if archive.gives == archive.file {
            String::new()
        } else {
            format!(", or what is in it, with {}", archive.gives)
        };
        println!("    {} ({bytes}{md5}){unpacked}", archive.file);
        match (&archive.address, archive.dead) {
            (Some(address), false) => println!("      {address}"),
            (Some(address), true) => println!("      was at {address}, where nothing is any more"),
            (None, _) => {}
        }
    }
    let page = if set.page_dead { " (gone)" } else { "" };
    println!("    page: {}{page}", set.page);
}

fn names(first: &[String], all: usize) -> String {
    let more = all.saturating_sub(first.len());
    let first = first.join(", ");
    if more == 0 { first } else { format!("{first} and {more} more") }
}

fn bracketed(text: &str) -> String {
    format!("({text})")
}
