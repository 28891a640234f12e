//! `secateur compare`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use secateur_reports::nights::{self, Options};
use secateur_reports::{Provenance, Row};
use secateur_store::{Facts, Night, Store};

use super::nightly::write_all;

/// Arguments of `compare`.
#[derive(Args, Debug)]
pub(crate) struct Compare {
    /// What to hold against: the folder of a store, or a `results.csv`.
    base: PathBuf,
    /// What is new: the same.
    new: PathBuf,
    /// Only this suite.
    #[arg(long, value_name = "NAME")]
    suite: Option<String>,
    /// The chance of a regression where nothing but seeds differs.
    #[arg(long, value_name = "P", default_value_t = 0.05)]
    alarm: f64,
    /// Folder for `summary.md`, `junit.xml` and `comparison.json`.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// For machines.
    #[arg(long)]
    json: bool,
}

impl Compare {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        if !(self.alarm > 0.0 && self.alarm < 1.0) {
            bail!("--alarm is a chance, such as 0.05, and not {}", self.alarm);
        }
        let read = |path: &Path, number| side(path, self.suite.as_deref(), number);
        let (base, new) = (read(&self.base, 1)?, read(&self.new, 2)?);
        // Drift is for nights, whose half of the alarms it has there.
        let options = Options { alarm: 2.0 * self.alarm };
        let judgement = nights::judge(std::slice::from_ref(&base), &new, options)
            .named(&self.new.display().to_string(), &self.base.display().to_string());
        if judgement.compared == 0 {
            bail!(
                "{} and {} have nothing in common that could be compared: no task, method and keep of one name has a score in both",
                self.base.display(),
                self.new.display()
            );
        }
        let summary = nights::summary_md(&judgement);
        let json = serde_json::to_string_pretty(&judgement)?;
        if let Some(out) = &self.out {
            let junit = nights::junit_xml(&judgement, &new)?;
            let files = [
                ("summary.md", summary.as_bytes()),
                ("junit.xml", junit.as_bytes()),
                ("comparison.json", json.as_bytes()),
            ];
            write_all(out, &files)?;
        }
        println!("{}", if self.json { json } else { summary });
        Ok(ExitCode::from(u8::from(judgement.is_alarm())))
    }
}

/// One side as a night of which all replicates are fixed. Suites are told apart by their tracks and tasks, not by their names: a
/// suite that was renamed is compared all the same.
fn side(path: &Path, suite: Option<&str>, number: u32) -> anyhow::Result<Night> {
    let (rows, facts) = if path.is_dir() {
        let input = secateur_reports::load(&Store::open(path)?, suite)?;
        (input.rows, facts(&input.provenance))
    } else {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let rows = secateur_reports::read_results(&bytes).with_context(|| path.display().to_string())?;
        (rows, Facts::new())
    };
    let rows: Vec<Row> = rows.into_iter().filter(|row| suite.is_none_or(|name| row.suite == name)).collect();
    let mut names: Vec<&str> = rows.iter().map(|row| row.suite.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [_] => {}
        [] => bail!(
            "{} has no results{}",
            path.display(),
            suite.map_or_else(String::new, |name| format!(" of the suite `{name}`"))
        ),
        several => {
            bail!("{} has several suites ({}); choose one with --suite", path.display(), several.join(", "))
        }
    }
    Ok(Night {
        number,
        fixed: u32::MAX,
        accepted: true,
        facts,
        cells: nights::cells(&rows),
        ..Night::default()
    })
}

fn facts(provenance: &Provenance) -> Facts {
    let mut facts = Facts::from([
        ("harness".to_owned(), provenance.harness.clone()),
        ("libtorch".to_owned(), provenance.libtorch.clone()),
        ("machine".to_owned(), provenance.machine.clone()),
        ("device".to_owned(), provenance.device_class.clone()),
    ]);
    facts.extend(provenance.plugins.iter().map(|(name, digest)| (format!("plugin {name}"), digest.clone())));
    facts.extend(provenance.data.iter().map(|(name, digest)| (format!("data {name}"), digest.clone())));
    facts.extend(provenance.facts.iter().map(|(name, value)| (format!("suite {name}"), value.clone())));
    facts
}
