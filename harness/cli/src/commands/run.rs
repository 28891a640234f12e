//! `secateur run`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use secateur_store::{Ledger, Store, StoreError, StoreLock, SuiteManifest};
use secateur_suite::{InputSource, NodeIndex, Plan, Suite, Trial};

use crate::context::{Context, Places};
use crate::executor::LocalExecutor;
use crate::progress::Display;
use crate::record;
use crate::schedule::{Schedule, Settings, Tally};

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
    /// Draw the generated tasks from this seed instead of the suite's, to try submissions on pictures that nobody has seen. The results
    /// are those of another suite, NAME-private-…, whose reports do not tell the seed.
    #[arg(long, value_name = "SEED")]
    pub(crate) task_seed: Option<u64>,
    /// Run stages again whose last attempt crashed, failed or timed out.
    #[arg(long)]
    pub(crate) retry: bool,
    /// Read data and checkpoints for their digests, though they look as they did when these were last computed.
    #[arg(long)]
    pub(crate) verify_data: bool,
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
        self.context_with(|_| Ok(None))
    }

    /// The same with a rotating replicate, whose number depends on the suite.
    pub(crate) fn context_with(
        &self,
        rotating: impl FnOnce(&Suite) -> anyhow::Result<Option<u32>>,
    ) -> anyhow::Result<Context> {
        Context::load(&self.places(false)?, rotating)
    }

    /// The same for a plan, which needs neither data nor checkpoints.
    pub(crate) fn context_of_a_plan(&self) -> anyhow::Result<Context> {
        Context::load(&self.places(true)?, |_| Ok(None))
    }

    fn places(&self, may_lack: bool) -> anyhow::Result<Places<'_>> {
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
        Ok(Places {
            suite: &self.suite,
            data_root: self.data_root.as_deref(),
            plugins: &self.plugins,
            device_class: if cuda > 0 { "cuda" } else { "cpu" },
            task_seed: self.task_seed,
            may_lack,
            verify_data: self.verify_data,
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

/// How stages are run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    /// Stages at a time; the default if absent.
    pub(crate) jobs: Option<usize>,
    /// Whether failed attempts are made again.
    pub(crate) retry: bool,
    pub(crate) quiet: bool,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) tally: Tally,
    /// All trials, a rotating replicate included, as the store has them now.
    pub(crate) manifest: SuiteManifest,
    /// Results that were asked for and are not there.
    pub(crate) not_ok: usize,
    pub(crate) stopped: bool,
}

/// The store's lock, with a message that says why it cannot be had.
pub(crate) fn lock(store: &Store) -> anyhow::Result<StoreLock> {
    match store.lock() {
        Err(StoreError::Io { path, source }) if source.kind() == std::io::ErrorKind::PermissionDenied => {
            bail!("the store {} cannot be written to: {source}", path.display());
        }
        other => Ok(other?),
    }
}

/// Processors for each of the stages that may run at a time on GPUs. The share is fixed: a stage cannot tell how many start after it.
fn loader_threads(cores: usize, jobs: usize) -> u32 {
    (cores / jobs).max(1) as u32
}

impl Common {
    /// Runs what is missing of `needed`. The store's manifest has the suite's own replicates, so that a report is the same with and
    /// without a rotating one.
    pub(crate) fn execute(
        &self,
        context: &Context,
        needed: &BTreeSet<NodeIndex>,
        store: &Store,
        ledger: &Ledger,
        how: How,
    ) -> anyhow::Result<Ran> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let default_jobs = if context.environment.device_class == "cuda" {
            self.devices.len()
        } else {
            (cores / context.suite.threads as usize).max(1)
        };
        let jobs = how.jobs.unwrap_or(default_jobs);
        if jobs == 0 {
            bail!("--jobs 0 would run nothing");
        }
        let settings = Settings {
            jobs,
            devices: self.devices.clone(),
            loader_threads: loader_threads(cores, jobs),
            retry: how.retry,
        };
        let stop = Arc::new(AtomicU8::new(0));
        let signalled = Arc::clone(&stop);
        ctrlc::set_handler(move || {
            if signalled.fetch_add(1, Ordering::Relaxed) == 0 {
                eprintln!("\nstopping at the next step; what is done is stored (once more: stop at once)");
            }
        })
        .context("cannot install a signal handler")?;
        let own = |manifest: &SuiteManifest| {
            let mut own = manifest.clone();
            own.trials.retain(|trial| trial.replicate < context.suite.replicates);
            own
        };
        let mut executor = LocalExecutor::new(Arc::clone(&stop));
        let mut display = Display::new(how.quiet);
        let mut schedule = Schedule::new(context, store, settings, needed.clone());
        let mut written = Instant::now();
        store.write_manifest(&own(&record::manifest(context, &schedule)))?;
        let result = schedule.run(&mut executor, ledger, &stop, &mut display, |schedule| {
            // Reports of a run that was killed show what it had until a while before.
            if written.elapsed() > Duration::from_secs(15) {
                store.write_manifest(&own(&record::manifest(context, schedule)))?;
                written = Instant::now();
            }
            Ok(())
        });
        display.close();
        // What --only has left out may be stored from before; the suite's trials stay in its tables.
        schedule.resolve_rest()?;
        let manifest = record::manifest(context, &schedule);
        let stored = store.write_manifest(&own(&manifest));
        result?;
        stored?;
        Ok(Ran {
            tally: schedule.tally,
            manifest,
            not_ok: record::not_ok(context, &schedule, needed),
            stopped: stop.load(Ordering::Relaxed) > 0,
        })
    }
}

impl Run {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let start = Instant::now();
        let context = self.common.context()?;
        let needed = self.common.select(&context)?;
        let store = Store::create_or_open(&self.common.store)?;
        let lock = lock(&store)?;
        let ledger = store.ledger(&lock)?;
        let how = How { jobs: self.jobs, retry: self.common.retry, quiet: self.quiet };
        let ran = self.common.execute(&context, &needed, &store, &ledger, how)?;
        let input = secateur_reports::load(&store, Some(&context.suite.name))?;
        println!("{}", super::report::leaderboard(&input));
        println!(
            "{} stages ran, {} were stored already, {:.1} s; store {}",
            ran.tally.ran,
            ran.tally.stored,
            start.elapsed().as_secs_f64(),
            self.common.store.display()
        );
        if ran.stopped {
            println!("stopped before the end; the same command continues");
            return Ok(ExitCode::from(1));
        }
        if ran.not_ok > 0 {
            println!(
                "{} results are not ok; the report names the reasons, and --retry runs what crashed again",
                ran.not_ok
            );
            return Ok(ExitCode::from(1));
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_share_the_processors_and_each_has_one() {
        let shares = [(16, 1), (16, 3), (16, 16), (2, 8)].map(|(cores, jobs)| loader_threads(cores, jobs));
        assert_eq!(shares, [16, 5, 1, 1]);
    }
}
