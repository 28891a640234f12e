//! `secateur nightly`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use secateur_reports::nights::{self, Options};
use secateur_store::{Ledger, Night, Store, StoreLock, SuiteManifest};

use super::run::{Common, How, lock};
use crate::context::{Context, draw_anew, read_suite};
use crate::schedule::now;

/// Arguments of `nightly`.
#[derive(Args, Debug)]
pub(crate) struct Nightly {
    #[command(flatten)]
    common: Common,
    /// Folder for `summary.md`, `junit.xml`, `trends.svg` and `night.json`.
    #[arg(long, value_name = "DIR", required_unless_present = "accept")]
    out: Option<PathBuf>,
    /// Accept a night that raised an alarm: its numbers are right, and what later nights are held against. Nothing is run.
    #[arg(long, value_name = "NIGHT")]
    accept: Option<u32>,
    /// The chance of an alarm in a night in which nothing is wrong.
    #[arg(long, value_name = "P", default_value_t = Options::default().alarm)]
    alarm: f64,
    /// Stages at a time; the number of cores over the suite's threads by default.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// No progress, only the verdict.
    #[arg(long)]
    quiet: bool,
}

impl Nightly {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        if !(self.alarm > 0.0 && self.alarm < 1.0) {
            bail!("--alarm is a chance, such as {}, and not {}", Options::default().alarm, self.alarm);
        }
        if !self.common.only.is_empty() {
            bail!("a night is the whole suite; --only is for `secateur run`");
        }
        if let Some(number) = self.accept {
            return self.accept(number);
        }
        let store = Store::create_or_open(&self.common.store)?;
        // From here on no other night can take this one's number.
        let lock = lock(&store)?;
        let ledger = store.ledger(&lock)?;
        let mut number = 1;
        let context = self.common.context_with(|suite| {
            number = store.night_numbers(&suite.name)?.last().map_or(1, |last| last + 1);
            // A night that was stopped has no file, so the next attempt has its number and goes on.
            Ok(Some(suite.replicates + number - 1))
        })?;
        let out = self.out.as_deref().context("--out is missing")?;
        let needed = self.common.select(&context)?;
        // What crashed or timed out in an earlier night is tried once more.
        let how = How { jobs: self.jobs, retry: true, quiet: self.quiet };
        let ran = self.common.execute(&context, &needed, &store, &ledger, how)?;
        if ran.stopped {
            println!("stopped before the end; the same command continues night {number}");
            return Ok(ExitCode::from(1));
        }
        let night = night(&store, &context, number, &ran.manifest)?;
        self.judge(&store, &lock, &ledger, night, out)
    }

    /// Needs neither plugins nor data, only the suite's name.
    fn accept(&self, number: u32) -> anyhow::Result<ExitCode> {
        let (mut suite, _) = read_suite(&self.common.suite)?;
        if let Some(seed) = self.common.task_seed {
            draw_anew(&mut suite, seed);
        }
        let store = Store::open(&self.common.store)?;
        let lock = lock(&store)?;
        let ledger = store.ledger(&lock)?;
        store.accept_night(&lock, &ledger, &suite.name, number)?;
        println!("night {number} of {} is accepted; later nights are held against it", suite.name);
        Ok(ExitCode::SUCCESS)
    }

    fn judge(
        &self,
        store: &Store,
        lock: &StoreLock,
        ledger: &Ledger,
        mut night: Night,
        out: &Path,
    ) -> anyhow::Result<ExitCode> {
        let mut history = store.nights(&night.suite)?;
        let judgement = nights::judge(&history, &night, Options { alarm: self.alarm });
        night.accepted = !judgement.is_alarm();
        night.verdict = judgement.verdict();
        let mut summary = nights::summary_md(&judgement);
        if judgement.is_alarm() {
            // The summary may be published, and the seed may not.
            let seed = if self.common.task_seed.is_some() { "--task-seed SEED " } else { "" };
            summary.push_str(&format!(
                "\n## What to do\n\nFind the reason among what is other than before. If the new numbers are right, accept them: `secateur \
                 nightly {} --store {} {seed}--accept {}` makes them what later nights are held against.\n",
                self.common.suite.display(),
                self.common.store.display(),
                night.number
            ));
        }
        let junit = nights::junit_xml(&judgement, &night)?;
        let json = serde_json::to_vec_pretty(&judgement)?;
        // The night is stored before anything is told of it.
        store.write_night(lock, ledger, &night)?;
        history.push(night);
        let trends = nights::trends_svg(&history, &judgement.suite)?;
        write_all(
            out,
            &[
                ("summary.md", summary.as_bytes()),
                ("junit.xml", junit.as_bytes()),
                ("trends.svg", trends.as_bytes()),
                ("night.json", &json),
            ],
        )?;
        println!("{}", judgement.verdict());
        Ok(ExitCode::from(u8::from(judgement.is_alarm())))
    }
}

/// Writes files into a folder, each whole or not at all.
pub(crate) fn write_all(folder: &Path, files: &[(&str, &[u8])]) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, bytes) in files {
        let path = folder.join(name);
        secateur_store::write_atomic(&path, bytes)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn night(store: &Store, context: &Context, number: u32, manifest: &SuiteManifest) -> anyhow::Result<Night> {
    let input = secateur_reports::load_manifests(store, std::slice::from_ref(manifest))?;
    let mut facts = context.facts();
    if let Some(machine) = machine(store, context, manifest)? {
        facts.insert("machine".to_owned(), machine);
    }
    Ok(Night {
        number,
        suite: context.suite.name.clone(),
        finished: now(),
        fixed: context.suite.replicates,
        facts,
        cells: nights::cells(&input.rows),
        ..Night::default()
    })
}

/// The machine on which the rotating replicate was scored: tonight's, since no night had it before.
fn machine(store: &Store, context: &Context, manifest: &SuiteManifest) -> anyhow::Result<Option<String>> {
    let rotating = manifest.trials.iter().filter(|trial| trial.replicate >= context.suite.replicates);
    let stages: BTreeSet<&String> =
        rotating.flat_map(|trial| trial.scores.iter().filter_map(|score| score.stage.as_ref())).collect();
    for stage in stages {
        if let Some(result) = store.object(stage)? {
            return Ok(Some(secateur_reports::machine_words(&result.machine)));
        }
    }
    Ok(None)
}
