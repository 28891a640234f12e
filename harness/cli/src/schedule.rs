//! Carries a plan out: resolves identities as inputs become known, runs what is not stored, blocks what cannot be.

mod again;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::Ordering;
use std::time::Duration;

use secateur_store::{
    Cost, InputFile, Ledger, Outcome, OutputEntry, PruneFacts, SCHEMA, StageOrder, StageResult, Store,
    StoreError, WorkDir, WorkerReport, digest_output,
};
use secateur_suite::{Completion, Identity, InputSource, NodeIndex, StageSpec};

use crate::context::Context;
use crate::executor::{Executor, Finished, Stop};
use crate::limits::{gibibytes, memory_limit};
use crate::progress::Progress;

/// How to run.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Stages at a time.
    pub(crate) jobs: usize,
    /// Devices that stages are spread over.
    pub(crate) devices: Vec<String>,
    /// Threads that decode pictures for a stage on a GPU.
    pub(crate) loader_threads: u32,
    /// Run stages again whose last attempt crashed, failed or timed out.
    pub(crate) retry: bool,
}

/// What has become of a stage.
#[derive(Clone, Debug)]
pub(crate) enum NodeState {
    /// Not known yet.
    Pending,
    /// It runs, or waits for an equal stage that runs.
    Running(Identity),
    /// It has a result, now or from the store.
    Done {
        /// Its identity; `None` for a stage that passed its input on.
        identity: Option<Identity>,
        /// Its outputs.
        outputs: BTreeMap<String, InputFile>,
        /// How it ended: not `ok` for a `prune` stage that emitted something and then failed.
        outcome: Outcome,
        /// Why.
        detail: String,
    },
    /// It cannot run, because of itself or of a stage before it.
    Blocked {
        /// Its identity, if it has ended itself.
        identity: Option<Identity>,
        /// The outcome that stands in the tables.
        outcome: Outcome,
        /// Why.
        detail: String,
    },
}

/// Counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) stored: usize,
    pub(crate) ran: usize,
    pub(crate) not_ok: usize,
}

/// The state of a run.
pub(crate) struct Schedule<'a> {
    context: &'a Context,
    store: &'a Store,
    settings: Settings,
    pub(crate) states: Vec<NodeState>,
    needed: BTreeSet<NodeIndex>,
    running: HashMap<Identity, Vec<NodeIndex>>,
    /// What has become of the stages that ended in this run: an equal stage of another trial is not run again.
    ended: HashMap<Identity, NodeState>,
    orders: HashMap<NodeIndex, Ordered>,
    /// Stages that are stored, but whose discarded outputs another one is to read.
    wanted: BTreeSet<NodeIndex>,
    free_slots: Vec<usize>,
    pub(crate) tally: Tally,
}

impl<'a> Schedule<'a> {
    pub(crate) fn new(
        context: &'a Context,
        store: &'a Store,
        settings: Settings,
        needed: BTreeSet<NodeIndex>,
    ) -> Self {
        let free_slots = (0..settings.jobs).rev().collect();
        Self {
            context,
            store,
            states: vec![NodeState::Pending; context.plan.nodes.len()],
            needed,
            running: HashMap::new(),
            ended: HashMap::new(),
            orders: HashMap::new(),
            wanted: BTreeSet::new(),
            free_slots,
            settings,
            tally: Tally::default(),
        }
    }

    /// Resolves everything that the store already answers, without running anything.
    pub(crate) fn resolve_stored(&mut self) -> anyhow::Result<()> {
        let needed = self.needed.clone();
        self.until_nothing_is_wanted(|schedule| {
            for &index in &needed {
                let _ = schedule.look_at(index)?;
            }
            Ok(())
        })
    }

    /// Repeats a pass over the stages while it finds discarded outputs that are to be made again: their stages stand before those
    /// that read them.
    fn until_nothing_is_wanted(
        &mut self,
        mut pass: impl FnMut(&mut Self) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        loop {
            let wanted = self.wanted.len();
            pass(self)?;
            if self.wanted.len() == wanted {
                return Ok(());
            }
        }
    }

    /// Resolves a stage that is pending, or prepares one whose discarded outputs are wanted.
    fn look_at(&mut self, index: NodeIndex) -> anyhow::Result<Option<Prepared>> {
        match self.states[index] {
            NodeState::Pending => self.resolve(index),
            NodeState::Done { .. } if self.wanted.contains(&index) => self.prepare_again(index),
            _ => Ok(None),
        }
    }

    /// Resolves the stages that are not needed but stored, for the tables. They do not count.
    pub(crate) fn resolve_rest(&mut self) -> anyhow::Result<()> {
        let tally = self.tally;
        for index in 0..self.states.len() {
            if matches!(self.states[index], NodeState::Pending) {
                let _ = self.resolve(index)?;
            }
        }
        self.tally = tally;
        Ok(())
    }

    /// Runs everything that is needed and not stored. `checkpoint` is called now and then, and at the end.
    pub(crate) fn run(
        &mut self,
        executor: &mut dyn Executor,
        ledger: &Ledger,
        stop: &Stop,
        progress: &mut dyn Progress,
        mut checkpoint: impl FnMut(&Self) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut ready = Vec::new();
        let mut failure = None;
        loop {
            if failure.is_none() && stop.load(Ordering::Relaxed) == 0 {
                self.collect_ready(&mut ready, progress)?;
                if let Err(error) = self.start_ready(&mut ready, executor) {
                    // The disk may be full: what runs is still waited for, then the run ends.
                    failure = Some(error);
                }
            }
            if self.orders.is_empty() {
                break;
            }
            progress.tick(self.tally, self.orders.len());
            if let Some(finished) = executor.wait(Duration::from_millis(200)) {
                let result = self.finish(finished, ledger, progress);
                if let Err(error) = result {
                    failure.get_or_insert(error);
                }
                checkpoint(self)?;
            }
        }
        checkpoint(self)?;
        match failure {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Finds stages whose inputs are known and that must run; resolves the others.
    fn collect_ready(
        &mut self,
        ready: &mut Vec<(NodeIndex, Prepared)>,
        progress: &mut dyn Progress,
    ) -> anyhow::Result<()> {
        // Stages stand after the stages they read, so one pass resolves chains of stored ones.
        let needed = self.needed.clone();
        self.until_nothing_is_wanted(|schedule| {
            for &index in &needed {
                if ready.iter().any(|(other, _)| *other == index) {
                    continue;
                }
                if let Some(prepared) = schedule.look_at(index)? {
                    ready.push((index, prepared));
                }
            }
            Ok(())
        })?;
        // Long stages on which others wait come first; measurements come last, when nothing else runs.
        ready.sort_by_key(|(index, _)| (priority(&self.context.plan.nodes[*index].spec), *index));
        progress.total(self.needed.len());
        Ok(())
    }

    fn start_ready(
        &mut self,
        ready: &mut Vec<(NodeIndex, Prepared)>,
        executor: &mut dyn Executor,
    ) -> anyhow::Result<()> {
        while !self.free_slots.is_empty() && !ready.is_empty() {
            let exclusive = matches!(self.context.plan.nodes[ready[0].0].spec, StageSpec::Measure(_));
            let measuring = self
                .orders
                .keys()
                .any(|index| matches!(self.context.plan.nodes[*index].spec, StageSpec::Measure(_)));
            if measuring || (exclusive && !self.orders.is_empty()) {
                return Ok(());
            }
            let (index, prepared) = ready.remove(0);
            // An equal stage may have ended since this one became ready: equal masks share all later stages.
            if let Some(state) = self.ended.get(&prepared.identity) {
                self.states[index] = state.clone();
                self.wanted.remove(&index);
                continue;
            }
            if let Some(waiting) = self.running.get_mut(&prepared.identity) {
                waiting.push(index);
                self.states[index] = NodeState::Running(prepared.identity);
                continue;
            }
            self.start(index, prepared, executor)?;
        }
        Ok(())
    }

    fn start(
        &mut self,
        index: NodeIndex,
        prepared: Prepared,
        executor: &mut dyn Executor,
    ) -> anyhow::Result<()> {
        let node = &self.context.plan.nodes[index];
        let Some(slot) = self.free_slots.pop() else { return Ok(()) };
        let device = match node.spec {
            StageSpec::Prepare(_) => "cpu".to_owned(),
            _ => self.settings.devices[slot % self.settings.devices.len()].clone(),
        };
        let work = self.store.begin(prepared.identity.as_str())?;
        let order = StageOrder {
            identity: prepared.identity.to_string(),
            label: node.label.clone(),
            spec: prepared.spec,
            environment: self.context.environment.clone(),
            device,
            loader_threads: self.settings.loader_threads,
            inputs: prepared.inputs.clone(),
            interpreter: self.context.interpreter(node).cloned(),
            work_dir: work.path.clone(),
            limit_seconds: self.context.suite.stage_seconds,
            limit_memory_bytes: memory_limit(self.context.suite.stage_memory_gib),
            limit_disk_bytes: gibibytes(self.context.suite.stage_disk_gib),
        };
        work.write("order.json", &serde_json::to_vec_pretty(&order)?)?;
        executor.start(index, order)?;
        let digests = prepared.inputs.into_iter().map(|(name, input)| (name, input.digest)).collect();
        let ordered = Ordered { work, inputs: digests, slot, stored: prepared.stored };
        self.orders.insert(index, ordered);
        self.running.insert(prepared.identity.clone(), vec![index]);
        self.states[index] = NodeState::Running(prepared.identity);
        Ok(())
    }

    fn finish(
        &mut self,
        finished: Finished,
        ledger: &Ledger,
        progress: &mut dyn Progress,
    ) -> anyhow::Result<()> {
        let index = finished.token;
        let Some(Ordered { work, inputs, slot, stored: before }) = self.orders.remove(&index) else {
            return Ok(());
        };
        self.free_slots.push(slot);
        let NodeState::Running(identity) = self.states[index].clone() else { return Ok(()) };
        let node = &self.context.plan.nodes[index];
        let mut report = finished.report;
        if let Some(name) = report.stray_output() {
            let detail = format!("output `{name}` does not lie in the stage's folder");
            report = WorkerReport { outcome: Outcome::Failed, detail, outputs: BTreeMap::new(), ..report };
        }
        let mut outputs = BTreeMap::new();
        for (name, path) in &report.outputs {
            match digest_output(&work.path.join(path)) {
                Ok(digest) => {
                    outputs.insert(name.clone(), OutputEntry { path: path.clone(), digest });
                }
                Err(error) => {
                    report.outcome = Outcome::Failed;
                    report.detail = format!("output `{name}` cannot be read: {error}");
                }
            }
        }
        let result = StageResult {
            schema: SCHEMA,
            identity: identity.to_string(),
            kind: node.spec.kind().to_owned(),
            label: node.label.clone(),
            outcome: report.outcome,
            detail: report.detail,
            outputs,
            inputs,
            facts: report.facts,
            cost: Cost {
                seconds: finished.seconds,
                peak_bytes: finished.peak_bytes,
                finished: now(),
                attempt: work.attempt,
            },
            environment: self.context.environment.clone(),
            machine: report.machine,
            harness: env!("CARGO_PKG_VERSION").to_owned(),
        };
        self.tally.ran += 1;
        if result.outcome != Outcome::Ok {
            self.tally.not_ok += 1;
        }
        progress.finished(&result);
        let waiting = self.running.remove(&identity).unwrap_or_default();
        if let Some(before) = before {
            let state = self.put_back(&identity, work, &before, result);
            return self.settle(identity, waiting, state);
        }
        // A cancelled stage leaves its work folder: its checkpoint is where it goes on.
        let stored = if result.outcome == Outcome::Cancelled {
            Ok(())
        } else if result.outcome.is_final() {
            self.store.commit(work, &result).and_then(|()| ledger.record(&result))
        } else {
            self.store.keep_attempt(work, &result).and_then(|()| ledger.record(&result))
        };
        let state = stored.map(|()| self.state_of(&identity, &result));
        self.settle(identity, waiting, state)
    }

    /// Says what has become of a stage to all that are equal to it.
    fn settle(
        &mut self,
        identity: Identity,
        waiting: Vec<NodeIndex>,
        stored: Result<NodeState, StoreError>,
    ) -> anyhow::Result<()> {
        let (state, result) = match stored {
            Ok(state) => (state, Ok(())),
            Err(error) => {
                let detail = format!("its result could not be stored: {error}");
                (NodeState::Blocked { identity: None, outcome: Outcome::Failed, detail }, Err(error))
            }
        };
        for index in waiting {
            self.states[index] = state.clone();
            self.wanted.remove(&index);
        }
        self.ended.insert(identity, state);
        Ok(result?)
    }

    /// What a stored result means for the stages that read it.
    fn state_of(&self, identity: &Identity, result: &StageResult) -> NodeState {
        let folder = self.store.object_dir(identity.as_str());
        let outputs: BTreeMap<String, InputFile> = result
            .outputs
            .iter()
            .map(|(name, output)| {
                (name.clone(), InputFile { path: folder.join(&output.path), digest: output.digest.clone() })
            })
            .collect();
        let (outcome, detail) = (result.outcome, result.detail.clone());
        if outcome == Outcome::Ok || (outcome.is_final() && !outputs.is_empty()) {
            NodeState::Done { identity: Some(identity.clone()), outputs, outcome, detail }
        } else {
            NodeState::Blocked { identity: Some(identity.clone()), outcome, detail }
        }
    }

    /// Resolves a stage: to a stored result, to a block, or to something that must run.
    fn resolve(&mut self, index: NodeIndex) -> anyhow::Result<Option<Prepared>> {
        let Some(prepared) = self.identify(index)? else { return Ok(None) };
        let identity = &prepared.identity;
        if let Some(state) = self.ended.get(identity) {
            self.states[index] = state.clone();
            return Ok(None);
        }
        if let Some(result) = self.store.object(identity.as_str())? {
            self.states[index] = self.state_of(identity, &result);
            self.tally.stored += 1;
            if result.outcome != Outcome::Ok {
                self.tally.not_ok += 1;
            }
            self.want_what_reports_read(index, &result)?;
            return Ok(None);
        }
        if !self.settings.retry
            && let Some(last) = self.store.attempts(identity.as_str())?.pop()
        {
            self.states[index] = self.state_of(identity, &last);
            self.tally.stored += 1;
            self.tally.not_ok += 1;
            return Ok(None);
        }
        Ok(if self.wants_inputs(index, &prepared.inputs)? { None } else { Some(prepared) })
    }

    /// What a stage is, once its inputs are known; nothing for one that is blocked, or has nothing to do.
    fn identify(&mut self, index: NodeIndex) -> anyhow::Result<Option<Prepared>> {
        let node = &self.context.plan.nodes[index];
        let mut inputs = BTreeMap::new();
        for (name, source) in &node.inputs {
            let input = match source {
                InputSource::Output { node, output } => match &self.states[*node] {
                    NodeState::Pending | NodeState::Running(_) => return Ok(None),
                    NodeState::Blocked { outcome, detail, .. } => {
                        self.states[index] =
                            NodeState::Blocked { identity: None, outcome: *outcome, detail: detail.clone() };
                        return Ok(None);
                    }
                    NodeState::Done { outputs, outcome, detail, .. } => match outputs.get(output) {
                        Some(input) => input.clone(),
                        None => {
                            let detail = if detail.is_empty() {
                                format!("a stage before it has no output `{output}`")
                            } else {
                                detail.clone()
                            };
                            let outcome = if *outcome == Outcome::Ok { Outcome::Failed } else { *outcome };
                            self.states[index] = NodeState::Blocked { identity: None, outcome, detail };
                            return Ok(None);
                        }
                    },
                },
                outside => match self.context.outside(outside) {
                    Some(input) => input.clone(),
                    // A plan says what is to run once it is there.
                    None if !self.context.missing().is_empty() => return Ok(None),
                    None => {
                        let detail = format!("input `{name}` is not there");
                        self.states[index] =
                            NodeState::Blocked { identity: None, outcome: Outcome::Unsupported, detail };
                        return Ok(None);
                    }
                },
            };
            inputs.insert(name.clone(), input);
        }
        let mut spec = node.spec.clone();
        if let StageSpec::Recover(recover) = &mut spec {
            if let Completion::LeftOver { prune, keep } = node.completion {
                let spent = self.spent(prune, keep)?;
                recover.samples = recover.samples.saturating_sub(spent);
            }
            let batch = recover.recipe.as_ref().map_or(1, |recipe| u64::from(recipe.batch));
            if recover.samples < batch {
                // Nothing to train: neither recipe nor seed of training matter.
                recover.samples = 0;
                recover.recipe = None;
            }
            if recover.samples == 0 && recover.recalibrate == 0 {
                let weights = inputs.remove("weights");
                let outputs = weights.map(|weights| ("weights".to_owned(), weights)).into_iter().collect();
                self.states[index] =
                    NodeState::Done { identity: None, outputs, outcome: Outcome::Ok, detail: String::new() };
                self.tally.stored += 1;
                return Ok(None);
            }
        }
        // A verdict is waited for, not read.
        inputs.remove("verified");
        let digests = inputs.iter().map(|(name, input)| (name.clone(), input.digest.clone())).collect();
        let identity = Identity::of(&spec, &self.context.environment, &digests);
        Ok(Some(Prepared { identity, spec, inputs, stored: None }))
    }

    /// Samples that a method was charged until it emitted a keep.
    fn spent(&self, prune: NodeIndex, keep: usize) -> anyhow::Result<u64> {
        let NodeState::Done { identity: Some(identity), .. } = &self.states[prune] else { return Ok(0) };
        let Some(result) = self.store.object(identity.as_str())? else { return Ok(0) };
        let facts: PruneFacts = result.facts()?;
        let snapshot = facts.snapshots.get(keep).and_then(Option::as_ref);
        Ok(snapshot.map_or(0, |snapshot| snapshot.charged_samples))
    }
}

/// A stage whose inputs are known and whose result is not.
#[derive(Debug)]
pub(crate) struct Prepared {
    identity: Identity,
    spec: StageSpec,
    inputs: BTreeMap<String, InputFile>,
    /// Its result, if it is there and only outputs are to be made again.
    stored: Option<StageResult>,
}

/// A stage that runs.
#[derive(Debug)]
struct Ordered {
    work: WorkDir,
    /// Digests of its inputs.
    inputs: BTreeMap<String, String>,
    slot: usize,
    /// As [`Prepared::stored`].
    stored: Option<StageResult>,
}

fn priority(spec: &StageSpec) -> u8 {
    match spec {
        StageSpec::Prepare(_) | StageSpec::Train(_) => 0,
        StageSpec::Prune(_) => 1,
        StageSpec::Verify(_) => 2,
        StageSpec::Recover(_) => 3,
        // A task's classifier follows its features at once, while few features wait.
        StageSpec::Evaluate(_) | StageSpec::Transfer(_) => 4,
        StageSpec::Extract(_) => 5,
        StageSpec::Measure(_) => 6,
    }
}

/// The time, RFC 3339 in UTC.
pub(crate) fn now() -> String {
    time::OffsetDateTime::now_utc()
        .replace_nanosecond(0)
        .ok()
        .and_then(|time| time.format(&time::format_description::well_known::Rfc3339).ok())
        .unwrap_or_default()
}
