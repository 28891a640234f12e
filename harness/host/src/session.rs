//! Everything behind a `secateur_ctx`: the network, its data, its plan and its meters, for one call of `prune`.
//!
//! The plugin calls back while the host is in the middle of calling the plugin, so nothing here is reached by a
//! mutable reference, and no `RefCell` stays borrowed while foreign code runs.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use secateur_abi as abi;
use secateur_engine::{Captured, Examples, Model, Sgd, State, Streams};
use secateur_network::{NodeId, ParamId};
use secateur_suite::Recipe;
use tch::Tensor;

use crate::callback::{Answer, Failure};
use crate::graph::GraphTables;
use crate::modes::PlainModes;
use crate::probe::Probe;
use crate::prunable::Removable;
use crate::units::Units;

/// What the host has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meters {
    /// Samples that went forward and backward.
    pub train_samples: u64,
    /// Samples that went forward only.
    pub forward_samples: u64,
    /// Optimizer steps.
    pub steps: u64,
}

impl Meters {
    /// What counts against the allowance: a forward pass costs about a third of a training step.
    #[must_use]
    pub fn charged(&self) -> u64 {
        self.train_samples + self.forward_samples.div_ceil(3)
    }
}

/// The answer to one target.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Weights, statistics and masks.
    pub state: State,
    /// The checkpoint (`start`, or a name of [`SessionSetup::upstream`]) whose values the remaining prunable weights
    /// have, bit for bit.
    pub weights_of: Option<String>,
    /// Prunable weights that were not zero when the host last selected what stays, in suites of weights.
    pub nonzero_before: Option<u64>,
    /// What it took, from the beginning of the call.
    pub meters: Meters,
}

/// What a session is made of.
#[derive(Debug)]
pub struct SessionSetup<'a> {
    /// The network, as the trial starts.
    pub model: &'a Model,
    /// Training pictures.
    pub train: &'a dyn Examples,
    /// Validation pictures; may be empty.
    pub validation: &'a dyn Examples,
    /// The recipe, if there is an allowance.
    pub recipe: Option<&'a Recipe>,
    /// Training samples the method may spend.
    pub allowance: u64,
    /// What may be removed.
    pub removable: Removable,
    /// Targets, keep descending.
    pub targets: Vec<abi::Target>,
    /// What the upstream kept: `init`, `step:500`.
    pub upstream: BTreeMap<String, State>,
    /// Streams of this trial.
    pub streams: Streams,
    /// Set when the host wants the method to stop.
    pub cancelled: &'a AtomicBool,
    /// When the stage will be killed.
    pub deadline: Option<Instant>,
    /// Told of each snapshot and of progress.
    pub progress: fn(u64, u64, &str),
}

/// One call of `prune`.
#[derive(Debug)]
pub struct Session<'a> {
    pub(crate) cancelled: &'a AtomicBool,
    poisoned: RefCell<Option<String>>,
    pub(crate) setup: SessionSetup<'a>,
    pub(crate) sgd: Sgd,
    pub(crate) graph: GraphTables,
    pub(crate) start: State,
    pub(crate) saved: RefCell<BTreeMap<String, Rc<State>>>,
    pub(crate) scores: RefCell<BTreeMap<ParamId, Vec<f32>>>,
    /// The channel plan as it stands, and scores of units; both stay as they are in suites that remove weights.
    pub(crate) units: RefCell<Units>,
    pub(crate) captured: Captured,
    pub(crate) reader: RefCell<Reader>,
    pub(crate) pending_forward: Cell<u64>,
    pub(crate) meters: Cell<Meters>,
    pub(crate) next_batch: Cell<u64>,
    pub(crate) schedule: Cell<(u64, u64)>,
    pub(crate) in_training: Cell<bool>,
    pub(crate) step_batch: RefCell<Option<(Tensor, Tensor)>>,
    pub(crate) emitted: RefCell<Vec<Option<Snapshot>>>,
    /// Prunable weights that were not zero at the last selection.
    pub(crate) nonzero_before: Cell<Option<u64>>,
    calls: Cell<u64>,
    /// Flags of the method that runs.
    pub(crate) flags: Cell<u32>,
    pub(crate) probe: Option<Probe>,
}

/// Where the calibration reading stands.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) validation: bool,
    pub(crate) batch: usize,
    /// Outputs whose gradient is wanted, and the gradient after a backward pass.
    pub(crate) output_grads: BTreeMap<NodeId, Option<Tensor>>,
    /// Picture indices still to come, last first.
    pub(crate) left: Vec<i64>,
    pub(crate) ready: bool,
}

impl<'a> Session<'a> {
    /// A session at its start.
    #[must_use]
    pub fn new(setup: SessionSetup<'a>) -> Self {
        let params = setup.model.params().len();
        let total_steps = setup.recipe.map_or(0, |recipe| setup.allowance / u64::from(recipe.batch.max(1)));
        Self {
            cancelled: setup.cancelled,
            poisoned: RefCell::default(),
            sgd: setup
                .recipe
                .map_or_else(|| Sgd::new(&idle_recipe(), params), |recipe| Sgd::new(recipe, params)),
            graph: GraphTables::new(setup.model.network(), &setup.removable),
            units: RefCell::new(Units::new(&setup.removable)),
            start: State::of(setup.model, None),
            saved: RefCell::default(),
            scores: RefCell::default(),
            captured: Captured::default(),
            reader: RefCell::default(),
            pending_forward: Cell::new(0),
            meters: Cell::default(),
            next_batch: Cell::new(0),
            schedule: Cell::new((0, total_steps)),
            in_training: Cell::new(false),
            step_batch: RefCell::default(),
            nonzero_before: Cell::new(None),
            emitted: RefCell::new((0..setup.targets.len()).map(|_| None).collect()),
            calls: Cell::new(0),
            flags: Cell::new(abi::METHOD_KNOWN_FLAGS),
            probe: None,
            setup,
        }
    }

    /// The session with the validator's probe in it.
    #[must_use]
    pub fn with_probe(self, probe: Probe) -> Self {
        Self { probe: Some(probe), ..self }
    }

    /// The validator's probe, if there is one.
    #[must_use]
    pub fn probe(&self) -> Option<&Probe> {
        self.probe.as_ref()
    }

    /// Asks the method to stop.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// What was emitted, one entry per target.
    #[must_use]
    pub fn into_snapshots(self) -> Vec<Option<Snapshot>> {
        self.emitted.into_inner()
    }

    /// What has been counted so far.
    #[must_use]
    pub fn meters(&self) -> Meters {
        self.meters.get()
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// The panic of a hook, if there was one: from then on every callback is refused, and the call has failed
    /// whatever the method says.
    pub(crate) fn panic(&self) -> Option<String> {
        self.poisoned.borrow().clone()
    }

    pub(crate) fn is_poisoned(&self) -> bool {
        self.poisoned.borrow().is_some()
    }

    pub(crate) fn poison(&self, panic: &str) {
        self.poisoned.borrow_mut().get_or_insert_with(|| panic.to_owned());
    }

    pub(crate) fn model(&self) -> &Model {
        self.setup.model
    }

    pub(crate) fn param(&self, id: u32) -> Answer<ParamId> {
        let count = self.model().params().len();
        if (id as usize) < count {
            return Ok(ParamId(id));
        }
        Err(Failure::invalid(format!("there is no parameter {id}; the network has {count}")))
    }

    /// The state at "start", at a name given to `save`, or at what the upstream kept.
    pub(crate) fn with_state<T>(&self, name: &str, body: impl FnOnce(&State) -> Answer<T>) -> Answer<T> {
        if name == "start" {
            return body(&self.start);
        }
        // Shared, because the body may run for long but must not hold the borrow.
        let saved = self.saved.borrow().get(name).map(Rc::clone);
        if let Some(state) = saved {
            return body(&state);
        }
        match self.setup.upstream.get(name) {
            Some(state) => body(state),
            None => {
                let mut known: Vec<String> = vec!["start".to_owned()];
                known.extend(self.saved.borrow().keys().cloned());
                known.extend(self.setup.upstream.keys().cloned());
                Err(Failure::new(
                    abi::E_UNSUPPORTED,
                    format!("there is no checkpoint `{name}`; there are {}", known.join(", ")),
                ))
            }
        }
    }

    /// Counts samples against the allowance before they are spent.
    pub(crate) fn charge(&self, more: Meters) -> Answer<()> {
        let mut meters = self.meters.get();
        meters.train_samples += more.train_samples;
        meters.forward_samples += more.forward_samples;
        meters.steps += more.steps;
        if meters.charged() > self.setup.allowance {
            return Err(Failure::new(
                abi::E_EXHAUSTED,
                format!(
                    "the allowance of {} samples is spent: {} would be charged",
                    self.setup.allowance,
                    meters.charged()
                ),
            ));
        }
        self.meters.set(meters);
        Ok(())
    }

    /// Takes back what was charged and then not spent.
    pub(crate) fn give_back(&self, unspent: Meters) {
        let mut meters = self.meters.get();
        meters.train_samples -= unspent.train_samples;
        meters.forward_samples -= unspent.forward_samples;
        meters.steps -= unspent.steps;
        self.meters.set(meters);
    }

    /// Runs foreign code with libtorch's thread state as the contract has it: gradients on, autocast off, seeded by
    /// the trial and the number of this call. Restores it afterwards, whatever the code did.
    pub(crate) fn enter_plugin<T>(&self, purpose: &str, body: impl FnOnce() -> T) -> T {
        let call = self.calls.get();
        self.calls.set(call + 1);
        self.setup.streams.seed_torch(purpose, call);
        let _modes = PlainModes::enter();
        let Some(probe) = &self.probe else { return body() };
        probe.give(self);
        let result = body();
        probe.returned(self, purpose);
        result
    }

    /// The parameters whose single weights may be removed; none in suites that remove channels.
    pub(crate) fn prunable(&self) -> &[ParamId] {
        self.setup.removable.params()
    }

    /// What remains now: prunable weights that the masks keep, or the budget's count of the channel plan.
    pub(crate) fn kept(&self) -> Answer<u64> {
        if let Removable::Channels(channels) = &self.setup.removable {
            let units = self.units.borrow();
            return Ok(channels.count(self.model().network(), channels.budget, &units.kept));
        }
        let mut kept = 0;
        for id in self.prunable() {
            kept += match self.model().mask(*id) {
                Some(mask) => secateur_engine::count_kept(&mask)?,
                None => self.model().network().params()[id.index()].numel() as u64,
            };
        }
        Ok(kept)
    }
}

/// Without an allowance nothing is ever trained; the optimizer is there all the same.
fn idle_recipe() -> Recipe {
    Recipe::new(1, 1.0)
}
