//! `secateur data fetch`.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, bail};
use clap::Args;
use secateur_data::official::{Archive, DigestState, Entry, Supply, sets_named, supplies};

use super::size;
use super::watch::Display;
use crate::fetch::{Ended, Settings, Wanted, compare, fetch, free_bytes, kept_bytes, unless_stopped};

/// What stands for the identifier of a set in the address of a mirror.
const SET: &str = "{set}";

/// Arguments of `data fetch`.
#[derive(Args, Debug)]
pub(super) struct Fetch {
    /// Data sets; `transfer-12` stands for the twelve of the transfer suite.
    #[arg(value_name = "SET", required = true)]
    sets: Vec<String>,
    /// A folder with a folder for each set, called by its identifier; what is not there is made.
    #[arg(long, value_name = "DIR")]
    data_root: PathBuf,
    /// Do not ask before files are fetched.
    #[arg(long)]
    yes: bool,
    /// How many parts of a large file are fetched side by side.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=16))]
    connections: u8,
    /// Fetch the files by their names from below this address instead; `{set}` in it stands for the set's identifier.
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
}

/// What is to be done.
#[derive(Default)]
struct Plan {
    wanted: Vec<Wanted<'static>>,
    /// Identifiers of sets of which something will be missing.
    missing: Vec<&'static str>,
}

impl Plan {
    fn is_missing(&mut self, set: &'static Entry) {
        if !self.missing.contains(&set.id.as_str()) {
            self.missing.push(&set.id);
        }
    }
}

impl Fetch {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let sets = sets_named(self.sets.iter().map(String::as_str))?;
        if let Some(mirror) = &self.mirror
            && !["http://", "https://"].iter().any(|scheme| mirror.starts_with(scheme))
        {
            bail!("--mirror {mirror}: an address begins with http:// or https://");
        }
        let stop = stop_flag()?;
        let mut plan = Plan::default();
        for set in sets {
            if !self.plan(set, &mut plan, &stop)? {
                return Ok(stopped());
            }
        }
        if !plan.wanted.is_empty() {
            let question = self.tell(&plan)?;
            if !self.yes && !agreed(&question, &stop)? {
                println!("nothing was fetched");
                return Ok(ExitCode::from(1));
            }
        }
        let settings = Settings::new(usize::from(self.connections));
        for wanted in std::mem::take(&mut plan.wanted) {
            let label = format!("{}: {}", wanted.entry.id, wanted.archive.file);
            if let Some(folder) = wanted.place.parent() {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("cannot make the folder {}", folder.display()))?;
            }
            let display = Display::new(&label);
            let ended = fetch(&wanted, &settings, &stop, &display);
            drop(display);
            match ended {
                Ok(Ended::InPlace) => println!("{label}: fetched, official by its digests"),
                Ok(Ended::Stopped) => return Ok(stopped()),
                Err(error) => {
                    println!("{label}: {error:#}");
                    let kept = kept_bytes(&wanted.place);
                    if kept > 0 {
                        println!("  {} are kept, and the same command goes on there", size(kept));
                    }
                    plan.is_missing(wanted.entry);
                }
            }
        }
        if plan.missing.is_empty() {
            println!("all is there");
            return Ok(ExitCode::SUCCESS);
        }
        println!("not there, or not all: {}", plan.missing.join(", "));
        Ok(ExitCode::from(1))
    }

    /// Says what is there of a set and what cannot be fetched, and plans the rest; whether it was not stopped.
    fn plan(&self, set: &'static Entry, plan: &mut Plan, stop: &AtomicBool) -> anyhow::Result<bool> {
        let folder = self.data_root.join(&set.id);
        let id = &set.id;
        for supply in supplies(&folder, set)? {
            match supply {
                Supply::Unpacked(need) => println!("{id}: {}: there, unpacked", need.any.join(" or ")),
                Supply::There(archive, path) => {
                    let Some(state) = compare(&path, archive, set, stop)? else { return Ok(false) };
                    let label = format!("{id}: {}", archive.file);
                    match state {
                        DigestState::Right => println!("{label}: there, official by its digests"),
                        DigestState::NotCompared => println!("{label}: there, and no digest of it is known"),
                        DigestState::Wrong(differing) => {
                            let path = path.display();
                            println!(
                                "{label}: not official ({differing}); to have it fetched, remove {path}"
                            );
                            plan.is_missing(set);
                        }
                    }
                }
                Supply::Absent(archive) => match self.address(set, archive) {
                    Ok(address) => {
                        let place = folder.join(&archive.file);
                        plan.wanted.push(Wanted { entry: set, archive, address, place });
                    }
                    Err(problem) => {
                        println!("{id}: {problem}; put a copy into {}, or name a --mirror", folder.display());
                        plan.is_missing(set);
                    }
                },
                Supply::ByHand(need) => {
                    let how = need.how.as_deref().unwrap_or("no archive gives it");
                    println!("{id}: {} cannot be fetched: {how}", need.any.join(" or "));
                    plan.is_missing(set);
                }
            }
        }
        Ok(true)
    }

    /// Where an archive is to be had, or why it is not.
    fn address(&self, set: &Entry, archive: &Archive) -> Result<String, String> {
        if let Some(mirror) = &self.mirror {
            return Ok(format!("{}/{}", mirror.replace(SET, &set.id).trim_end_matches('/'), archive.file));
        }
        let bytes = archive.bytes.as_ref().map_or_else(String::new, |bytes| format!("{}, ", size(bytes.0)));
        let md5 = archive.md5.as_ref().map_or("unknown", |md5| md5.0.as_str());
        let known = format!("{} ({bytes}MD5 {md5})", archive.file);
        match &archive.address {
            None => Err(format!("no address of {known} is known")),
            Some(address) if archive.dead => {
                Err(format!("{known} was at {address}, where nothing is any more"))
            }
            Some(address) => Ok(address.clone()),
        }
    }

    /// Lists what is to be fetched, and looks whether there is room for it; the question to ask.
    fn tell(&self, plan: &Plan) -> anyhow::Result<String> {
        let (mut total, mut unknown) = (0_u64, 0_usize);
        println!("to be fetched:");
        let mut last = "";
        for Wanted { entry, archive, address, place } in &plan.wanted {
            if entry.id != last
                && let Some(terms) = &entry.terms
            {
                println!("  {} (terms: {terms})", entry.id);
            }
            last = &entry.id;
            let kept = kept_bytes(place);
            let bytes = match &archive.bytes {
                Some(bytes) => {
                    total = total.saturating_add(bytes.0.saturating_sub(kept));
                    size(bytes.0)
                }
                None => {
                    unknown += 1;
                    "size unknown".to_owned()
                }
            };
            let there =
                if kept == 0 { String::new() } else { format!(", of which {} are there", size(kept)) };
            println!("  {}: {} ({bytes}{there}) from {address}", entry.id, archive.file);
        }
        let free = free_bytes(&self.data_root)?;
        let root = self.data_root.display();
        if total > free {
            bail!("{} are to be fetched, and {root} has room for {}", size(total), size(free));
        }
        let more =
            if unknown == 0 { String::new() } else { format!(" and {} of unknown size", files(unknown)) };
        let all = files(plan.wanted.len());
        Ok(format!("{all}, {}{more}, into {root} ({} free)", size(total), size(free)))
    }
}

fn files(count: usize) -> String {
    format!("{count} file{}", if count == 1 { "" } else { "s" })
}

/// Asks on the terminal. To stop is to disagree.
fn agreed(question: &str, stop: &AtomicBool) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody can be asked here whether to fetch {question}; --yes fetches without asking");
    }
    eprint!("fetch {question}? [y/N] ");
    std::io::stderr().flush().context("cannot write to the terminal")?;
    let asked = unless_stopped(stop, || {
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).map(|_| answer)
    });
    let Some(answer) = asked else { return Ok(false) };
    let answer = answer.context("cannot read from the terminal")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Becomes true with the first signal; the second ends the process at once.
fn stop_flag() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let signalled = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if signalled.swap(true, Ordering::Relaxed) {
            std::process::exit(1);
        }
    })
    .context("cannot install a signal handler")?;
    Ok(stop)
}

fn stopped() -> ExitCode {
    println!("stopped before the end; the same command goes on");
    ExitCode::from(1)
}
