//! `secateur plan`.

mod cost;
mod durations;
mod rates;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use clap::Args;
use secateur_store::Store;
use secateur_suite::{Completion, NodeIndex, Plan};

use crate::commands::run::Common;
use crate::schedule::{NodeState, Schedule, Settings};

use self::durations::{Class, Durations};

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
    /// Tell the hours at this speed of training, for machines on which nobody has measured it.
    #[arg(long, value_name = "N", value_parser = speed)]
    pictures_per_second: Option<f64>,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if f64::is_finite(speed) && speed > 0.0 => Ok(speed),
        _ => Err("a number above zero is wanted, for example 400".to_owned()),
    }
}

#[derive(Default)]
struct Count {
    all: usize,
    stored: usize,
    failed: usize,
    /// Of what is to run, as far as that is known.
    seconds: Option<f64>,
    /// Whether that of some is not known.
    more_seconds: bool,
    /// Training pictures of what is to run, at the most.
    pictures: u64,
    /// Whether some of them are not known.
    more_pictures: bool,
}

impl PlanCommand {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.common.context_of_a_plan()?;
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
        let devices = vec!["cpu".to_owned()];
        let settings = Settings { jobs: 1, devices, loader_threads: 1, retry: self.common.retry };
        let mut schedule = Schedule::new(&context, store, settings.clone(), needed.clone());
        schedule.resolve_stored()?;
        let mut durations = Durations::of(store.ledger_rows()?);
        let mut learn = |schedule: &Schedule<'_>| {
            for (index, state) in schedule.states.iter().enumerate() {
                if let NodeState::Done { identity: Some(identity), .. } = state {
                    durations.learn(Class::of(&context.plan, index), identity);
                }
            }
        };
        learn(&schedule);
        if needed.len() < context.plan.nodes.len() {
            // What `--only` leaves out tells of durations, too.
            let mut whole = Schedule::new(&context, store, settings, (0..context.plan.nodes.len()).collect());
            whole.resolve_stored()?;
            learn(&whole);
        }
        // Recovery spends what these leave, so that its pictures are those of both.
        let shared: BTreeSet<NodeIndex> = context
            .plan
            .nodes
            .iter()
            .filter_map(|node| match node.completion {
                Completion::LeftOver { prune, .. } => Some(prune),
                Completion::Complete | Completion::Fixed => None,
            })
            .collect();
        let firsts = work::firsts(&context.plan);
        let mut billed = BTreeSet::new();
        let mut bill =
            cost::Bill::new(rates::Rates::of(store, &context.environment)?, self.pictures_per_second);
        let mut total_pictures = 0_u64;
        let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
        let mut lines = Vec::new();
        for index in &needed {
            let node = &context.plan.nodes[*index];
            let count = counts.entry(node.spec.kind()).or_default();
            count.all += 1;
            let word = match &schedule.states[*index] {
                NodeState::Done { .. } if !schedule.is_wanted(*index) => {
                    count.stored += 1;
                    "stored"
                }
                NodeState::Blocked { outcome, .. } => {
                    count.failed += 1;
                    outcome.word()
                }
                // Of what is done here, only outputs that were discarded are made again.
                NodeState::Done { .. } | NodeState::Pending | NodeState::Running(_) => {
                    // What is equal runs once.
                    if billed.insert(firsts[*index]) {
                        match durations.expected(&Class::of(&context.plan, *index)) {
                            Some(seconds) => *count.seconds.get_or_insert_default() += seconds,
                            None => count.more_seconds = true,
                        }
                        let pictures = pictures(&context.plan, *index);
                        count.more_pictures |= pictures.is_none();
                        count.pictures = count.pictures.saturating_add(pictures.unwrap_or(0));
                        if !shared.contains(index) {
                            total_pictures = total_pictures.saturating_add(pictures.unwrap_or(0));
                            bill.extend(work::of(&context.plan, *index));
                        }
                    }
                    "to run"
                }
            };
            lines.push((word, node, *index));
        }
        if self.json {
            let stages: Vec<_> = lines
                .iter()
                .map(|(state, node, index)| {
                    let (kind, pictures) = (node.spec.kind(), pictures(&context.plan, *index));
                    serde_json::json!({"state": state, "kind": kind, "label": node.label, "pictures": pictures})
                })
                .collect();
            let missing: Vec<&String> = context.missing().keys().collect();
            let document = serde_json::json!({
                "suite": context.suite.name, "stages": stages, "work": bill.json(), "missing": missing,
            });
            println!("{document:#}");
            return Ok(ExitCode::SUCCESS);
        }
        if self.stages {
            for (word, node, _) in &lines {
                println!("{word:<12} {}", node.label);
            }
            println!();
        }
        println!("{}: {} trials", context.suite.name, context.plan.trials.len());
        println!(
            "{:<10} {:>7} {:>7} {:>7} {:>7} {:>14}  seconds",
            "stage", "all", "stored", "not ok", "to run", "pictures"
        );
        let mut total = 0.0;
        let (mut known, mut unknown) = (false, false);
        for (kind, count) in &counts {
            let left = count.all - count.stored - count.failed;
            known |= count.seconds.is_some();
            unknown |= count.more_seconds;
            total += count.seconds.unwrap_or_default();
            let seconds = match (count.seconds, count.more_seconds) {
                (None, false) => "0".to_owned(),
                (None, true) => "unknown".to_owned(),
                (Some(seconds), more) => format!("{} {seconds:.0}", if more { "over" } else { "about" }),
            };
            let most = match (count.pictures, count.more_pictures) {
                (0, false) => String::new(),
                (0, true) => "unknown".to_owned(),
                (most, more) => format!("{}{most}", if more { "over " } else { "" }),
            };
            println!(
                "{kind:<10} {:>7} {:>7} {:>7} {left:>7} {most:>14}  {seconds}",
                count.all, count.stored, count.failed
            );
        }
        if total_pictures > 0 {
            let shared = if shared.is_empty() { "" } else { ", where recovery spends what pruning leaves" };
            println!("at most {total_pictures} training pictures{shared}");
        }
        for line in bill.lines(&context.environment.device_class) {
            println!("{line}");
        }
        if !context.missing().is_empty() {
            let names: Vec<&str> = context.missing().keys().map(String::as_str).collect();
            println!("not there yet, and needed to run: {}", names.join(", "));
            for (name, reason) in context.missing() {
                println!("  {name}: {reason}");
            }
        }
        match (known, unknown) {
            (true, more) => {
                let more = if more { ", and what was never run before" } else { "" };
                println!("about {total:.0} seconds on one core, by the means of what is stored{more}");
            }
            (false, true) => println!("how long it takes is not known: nothing of the kind is stored"),
            (false, false) => println!("nothing is left to run"),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Training pictures of a stage at the most, also where its length is in passes over a task whose pictures are known.
fn pictures(plan: &Plan, index: NodeIndex) -> Option<u64> {
    let node = &plan.nodes[index];
    let counts = work::task(plan, node).and_then(|(task, source)| work::Counts::of(task, source));
    work::trained(&node.spec, counts)
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
