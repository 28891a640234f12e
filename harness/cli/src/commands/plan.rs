//! `secateur plan`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use secateur_store::Store;

use crate::commands::run::Common;
use crate::schedule::{NodeState, Schedule, Settings};

/// Arguments of `plan`.
#[derive(Args, Debug)]
pub(crate) struct PlanCommand {
    #[command(flatten)]
    common: Common,
    /// Every stage on a line of its own.
    #[arg(long)]
    stages: bool,
    /// For machines.
    #[arg(long)]
    json: bool,
}

#[derive(Default)]
struct Count {
    all: usize,
    stored: usize,
    failed: usize,
    seconds: Option<f64>,
}

impl PlanCommand {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.common.context()?;
        let needed = self.common.select(&context)?;
        // A plan makes nothing: where there is no store, an empty one in memory's place is a folder that is not there.
        let store = Store::open(&self.common.store).ok();
        let temporary;
        let store = match &store {
            Some(store) => store,
            None => {
                temporary = Scratch::new()?;
                &temporary.store
            }
        };
        let settings = Settings { jobs: 1, devices: vec!["cpu".to_owned()], retry: self.common.retry };
        let mut schedule = Schedule::new(&context, store, settings, needed.clone());
        schedule.resolve_stored()?;
        let mut mean: BTreeMap<String, (f64, u32)> = BTreeMap::new();
        for row in store.ledger()?.rows()? {
            let entry = mean.entry(row.kind).or_default();
            entry.0 += row.seconds;
            entry.1 += 1;
        }
        let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
        let mut lines = Vec::new();
        for index in &needed {
            let node = &context.plan.nodes[*index];
            let count = counts.entry(node.spec.kind()).or_default();
            count.all += 1;
            count.seconds = mean.get(node.spec.kind()).map(|(sum, n)| sum / f64::from(*n));
            let word = match &schedule.states[*index] {
                NodeState::Done { .. } => {
                    count.stored += 1;
                    "stored"
                }
                NodeState::Blocked { outcome, .. } => {
                    count.failed += 1;
                    outcome.word()
                }
                NodeState::Pending | NodeState::Running(_) => "to run",
            };
            lines.push((word, node.label.as_str()));
        }
        if self.json {
            let stages: Vec<_> = lines
                .iter()
                .map(|(state, label)| serde_json::json!({"state": state, "label": label}))
                .collect();
            println!("{:#}", serde_json::json!({"suite": context.suite.name, "stages": stages}));
            return Ok(ExitCode::SUCCESS);
        }
        if self.stages {
            for (word, label) in &lines {
                println!("{word:<12} {label}");
            }
            println!();
        }
        println!("{}: {} trials", context.suite.name, context.plan.trials.len());
        println!("{:<10} {:>7} {:>7} {:>7} {:>7}  seconds", "stage", "all", "stored", "not ok", "to run");
        let mut total = 0.0;
        let mut unknown = false;
        for (kind, count) in &counts {
            let left = count.all - count.stored - count.failed;
            let seconds = match count.seconds {
                Some(seconds) => {
                    total += seconds * left as f64;
                    format!("about {:.0}", seconds * left as f64)
                }
                None => {
                    unknown |= left > 0;
                    if left > 0 { "unknown".to_owned() } else { "0".to_owned() }
                }
            };
            println!(
                "{kind:<10} {:>7} {:>7} {:>7} {left:>7}  {seconds}",
                count.all, count.stored, count.failed
            );
        }
        let more = if unknown { ", and what was never run before" } else { "" };
        println!("about {total:.0} seconds on one core, by the mean of what is stored{more}");
        Ok(ExitCode::SUCCESS)
    }
}

/// A store that is removed again.
struct Scratch {
    store: Store,
    path: std::path::PathBuf,
}

impl Scratch {
    fn new() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("secateur-plan-{}", std::process::id()));
        Ok(Self { store: Store::create_or_open(&path)?, path })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
