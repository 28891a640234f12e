//! `secateur run`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use secateur_store::{Store, StoreError};
use secateur_suite::{InputSource, NodeIndex, Plan, Trial};

use crate::context::{Context, Places};
use crate::executor::LocalExecutor;
use crate::progress::Display;
use crate::record;
use crate::schedule::{Schedule, Settings};

/// What `run` and `plan` have in common.
#[derive(Args, Debug)]
pub(crate) struct Common {
    /// Suite file.
    pub(crate) suite: PathBuf,
    /// Folder of the store; made if it is not there.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: PathBuf,
    /// Plugin library; may be repeated. Without it plugins are looked for beside this program.
    #[arg(long = "plugin", value_name = "PATH")]
    pub(crate) plugins: Vec<PathBuf>,
    /// Folder of the data sets and checkpoints that the suite names.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_root: Option<PathBuf>,
    /// `cpu`, or `cuda:N`; may be repeated, then stages are spread over the devices.
    #[arg(long = "device", value_name = "DEVICE", default_value = "cpu")]
    pub(crate) devices: Vec<String>,
    /// Only trials with KEY=VALUE, where KEY is method, track, keep, replicate, task or regime; may be repeated.
    #[arg(long = "only", value_name = "KEY=VALUE")]
    pub(crate) only: Vec<String>,
    /// Run stages again whose last attempt crashed, failed or timed out.
    #[arg(long)]
    pub(crate) retry: bool,
}

/// Arguments of `run`.
#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    common: Common,
    /// Stages at a time; the number of cores over the suite's threads by default.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// No progress, only the leaderboard.
    #[arg(long)]
    quiet: bool,
}

impl Common {
    pub(crate) fn context(&self) -> anyhow::Result<Context> {
        let cuda = self.devices.iter().filter(|device| device.starts_with("cuda")).count();
        for device in &self.devices {
            let index = device.strip_prefix("cuda:");
            if device != "cpu" && index.is_none_or(|index| index.parse::<usize>().is_err()) {
                bail!("`{device}` is not a device; write `cpu` or `cuda:0`");
            }
        }
        if cuda > 0 && cuda < self.devices.len() {
            bail!("a run is on CPUs or on GPUs, not on both: their results are not comparable bit by bit");
        }
        Context::load(&Places {
            suite: &self.suite,
            data_root: self.data_root.as_deref(),
            plugins: &self.plugins,
            device_class: if cuda > 0 { "cuda" } else { "cpu" },
        })
    }

    /// The stages that the trials and scores need that were asked for.
    pub(crate) fn select(&self, context: &Context) -> anyhow::Result<BTreeSet<NodeIndex>> {
        let mut plan = context.plan.clone();
        for filter in &self.only {
            let Some((key, value)) = filter.split_once('=') else {
                bail!("`--only {filter}` is not of the form KEY=VALUE");
            };
            apply_filter(&mut plan, key, value)?;
        }
        Ok(needed(&plan))
    }
}

fn apply_filter(plan: &mut Plan, key: &str, value: &str) -> anyhow::Result<()> {
    let wants = |trial: &Trial| -> bool {
        match key {
            "method" => trial.method == value,
            "track" => trial.track == value,
            "keep" => value.parse().is_ok_and(|keep: f64| trial.keep == keep),
            "replicate" => value.parse().is_ok_and(|replicate: u32| trial.replicate == replicate),
            _ => true,
        }
    };
    match key {
        "method" | "track" | "keep" | "replicate" => {
            let known: BTreeSet<String> = plan
                .trials
                .iter()
                .map(|trial| match key {
                    "method" => trial.method.clone(),
                    "track" => trial.track.clone(),
                    "keep" => trial.keep.to_string(),
                    _ => trial.replicate.to_string(),
                })
                .collect();
            plan.trials.retain(wants);
            if plan.trials.is_empty() {
                let known: Vec<String> = known.into_iter().collect();
                bail!("`--only {key}={value}` leaves nothing; there are {}", known.join(", "));
            }
        }
        "task" | "regime" => {
            let mut known = BTreeSet::new();
            let mut left = 0;
            for trial in &mut plan.trials {
                trial.scores.retain(|score| {
                    let own = if key == "task" { score.task.as_str() } else { score.regime };
                    known.insert(own.to_owned());
                    let wanted = own == value || own.strip_prefix("generated/") == Some(value);
                    left += usize::from(wanted);
                    wanted
                });
            }
            // Who is not scored there is not pruned for it, either.
            plan.trials.retain(|trial| !trial.scores.is_empty());
            if left == 0 {
                let known: Vec<String> = known.into_iter().collect();
                bail!("`--only {key}={value}` leaves nothing; there are {}", known.join(", "));
            }
        }
        other => {
            bail!("`--only {other}=…`: the key is one of method, track, keep, replicate, task and regime")
        }
    }
    Ok(())
}

/// All stages that the plan's trials need.
fn needed(plan: &Plan) -> BTreeSet<NodeIndex> {
    let mut needed = BTreeSet::new();
    let mut stack: Vec<NodeIndex> = plan
        .trials
        .iter()
        .flat_map(|trial| {
            let scores = trial.scores.iter().map(|score| score.node);
            scores.chain([trial.prune, trial.verify, trial.recover, trial.measure].into_iter().flatten())
        })
        .collect();
    while let Some(index) = stack.pop() {
        if needed.insert(index) {
            stack.extend(plan.nodes[index].inputs.values().filter_map(|source| match source {
                InputSource::Output { node, .. } => Some(*node),
                _ => None,
            }));
        }
    }
    needed
}

impl Run {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let start = Instant::now();
        let context = self.common.context()?;
        let needed = self.common.select(&context)?;
        let store = Store::create_or_open(&self.common.store)?;
        let lock = match store.lock() {
            Err(StoreError::Io { path, source }) if source.kind() == std::io::ErrorKind::PermissionDenied => {
                bail!("the store {} cannot be written to: {source}", path.display());
            }
            other => other?,
        };
        let ledger = store.ledger(&lock)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let default_jobs = if context.environment.device_class == "cuda" {
            self.common.devices.len()
        } else {
            (cores / context.suite.threads as usize).max(1)
        };
        let jobs = self.jobs.unwrap_or(default_jobs);
        if jobs == 0 {
            bail!("--jobs 0 would run nothing");
        }
        let settings = Settings { jobs, devices: self.common.devices.clone(), retry: self.common.retry };
        let stop = Arc::new(AtomicU8::new(0));
        let signalled = Arc::clone(&stop);
        ctrlc::set_handler(move || {
            if signalled.fetch_add(1, Ordering::Relaxed) == 0 {
                eprintln!("\nstopping at the next step; what is done is stored (once more: stop at once)");
            }
        })
        .context("cannot install a signal handler")?;
        let mut executor = LocalExecutor::new(Arc::clone(&stop));
        let mut display = Display::new(self.quiet);
        let mut schedule = Schedule::new(&context, &store, settings, needed.clone());
        let mut written = Instant::now();
        store.write_manifest(&record::manifest(&context, &schedule))?;
        let result = schedule.run(&mut executor, &ledger, &stop, &mut display, |schedule| {
            // Reports of a run that was killed show what it had until a while before.
            if written.elapsed() > Duration::from_secs(15) {
                store.write_manifest(&record::manifest(&context, schedule))?;
                written = Instant::now();
            }
            Ok(())
        });
        display.close();
        // What --only has left out may be stored from before; the suite's trials stay in its tables.
        schedule.resolve_rest()?;
        let manifest = record::manifest(&context, &schedule);
        let stored = store.write_manifest(&manifest);
        result?;
        stored?;
        let tally = schedule.tally;
        let input = secateur_reports::load(&store, Some(&context.suite.name))?;
        println!("{}", super::report::leaderboard(&input));
        println!(
            "{} stages ran, {} were stored already, {:.1} s; store {}",
            tally.ran,
            tally.stored,
            start.elapsed().as_secs_f64(),
            self.common.store.display()
        );
        if stop.load(Ordering::Relaxed) > 0 {
            println!("stopped before the end; the same command continues");
            return Ok(ExitCode::from(1));
        }
        let not_ok = record::not_ok(&context, &schedule, &needed);
        if not_ok > 0 {
            println!(
                "{not_ok} results are not ok; the report names the reasons, and --retry runs what crashed again"
            );
            return Ok(ExitCode::from(1));
        }
        Ok(ExitCode::SUCCESS)
    }
}
