//! What the validator sees of a method while it runs, and what it makes go wrong.
//!
//! Control passes between host and plugin at known points: calls into the plugin, and its calls back. A probe looks at what both
//! share at each of them, so that what changed in between was changed by the plugin. Runs without a probe pay one comparison with
//! nothing at each point.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use secateur_abi as abi;
use tch::{Device, Kind, Tensor};

use crate::callback::Failure;
use crate::modes;
use crate::session::Session;

/// Text of the failures that a probe makes.
pub const INJECTED: &str = "the validator lets this call fail";
/// Calls back after a failure that are taken for an endless loop.
const MOST_CALLS_AFTER: u64 = 10_000;
/// How many draws of the plugin's a probe follows between two points.
const MOST_DRAWS: i64 = 1 << 22;
/// Numbers that tell one place in a generator's sequence from all others.
const WINDOW: usize = 4;
/// Below 2^28 libtorch draws an integer from one output of its generator, so that places in its sequence can be counted in draws.
const BELOW: i64 = 1 << 27;

/// A rule that a plugin broke while it ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// Weights changed while the plugin had control.
    WroteWeights,
    /// It returned with gradients switched off.
    LeftGradients,
    /// It returned with autocast switched on.
    LeftAutocast,
    /// The number of libtorch's threads changed while it had control.
    ChangedThreads,
    /// libtorch's generator was seeded while it had control.
    Reseeded,
    /// It went on calling after a failure.
    WentOn,
}

/// What to look at and what to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProbePlan {
    /// Whether weights and libtorch's state are looked at.
    pub watch: bool,
    /// The call back that fails with `E_INTERNAL`, counted from 1.
    pub fail_at: Option<u64>,
    /// The call back before which the host wants the method to stop, counted from 1.
    pub cancel_at: Option<u64>,
}

/// Eyes and hands of the validator in a session.
#[derive(Debug)]
pub struct Probe {
    plan: ProbePlan,
    calls: Cell<u64>,
    failed_at: Cell<Option<u64>>,
    breaches: RefCell<BTreeSet<(Breach, String)>>,
    /// State as it was when the plugin got control.
    given: RefCell<Option<Given>>,
    seeds: Cell<i64>,
}

#[derive(Debug)]
struct Given {
    weights: Vec<u64>,
    threads: i32,
    seed: i64,
}

impl Probe {
    /// A probe that has seen nothing yet.
    #[must_use]
    pub fn new(plan: ProbePlan) -> Self {
        Self {
            plan,
            calls: Cell::new(0),
            failed_at: Cell::new(None),
            breaches: RefCell::default(),
            given: RefCell::default(),
            seeds: Cell::new(0),
        }
    }

    /// Calls back that the host has had.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.get()
    }

    /// Whether a call back has been made to fail.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed_at.get().is_some()
    }

    /// What was broken, with where it was seen.
    #[must_use]
    pub fn breaches(&self) -> Vec<(Breach, String)> {
        self.breaches.borrow().iter().cloned().collect()
    }

    fn tell(&self, breach: Breach, place: &str) {
        self.breaches.borrow_mut().insert((breach, place.to_owned()));
    }

    /// The plugin gets control: it is called, or a call back of its returns.
    pub(crate) fn give(&self, session: &Session<'_>) {
        if !self.plan.watch {
            return;
        }
        let seed = self.seeds.get() + 1;
        self.seeds.set(seed);
        // Drawn numbers show where the generator stands, and only a seed of the probe's own is known for certain.
        tch::manual_seed(seed);
        let given = Given { weights: fingerprints(session), threads: tch::get_num_threads(), seed };
        *self.given.borrow_mut() = Some(given);
    }

    /// The host gets control back, by a call back or a return.
    pub(crate) fn take(&self, session: &Session<'_>, place: &str) {
        let Some(given) = self.given.borrow_mut().take() else { return };
        let weights = fingerprints(session);
        if let Some(index) = given.weights.iter().zip(&weights).position(|(before, after)| before != after) {
            let name = &session.model().network().params()[index].name;
            self.tell(Breach::WroteWeights, &format!("`{name}` changed before {place}"));
        }
        if given.threads != tch::get_num_threads() {
            let change = format!("{} became {} before {place}", given.threads, tch::get_num_threads());
            self.tell(Breach::ChangedThreads, &change);
        }
        if !is_continued(given.seed) {
            self.tell(Breach::Reseeded, &format!("before {place}"));
        }
    }

    /// A function of the plugin returns; the modes that it was entered with are gradients on and autocast off.
    pub(crate) fn returned(&self, session: &Session<'_>, purpose: &str) {
        if !self.plan.watch {
            return;
        }
        let place = format!("the return from `{purpose}`");
        self.take(session, &place);
        let (gradients, autocast) = modes::current();
        if !gradients {
            self.tell(Breach::LeftGradients, &place);
        }
        if autocast {
            self.tell(Breach::LeftAutocast, &place);
        }
    }

    /// The plugin calls back. Only calls that can tell of an error are numbered, and may be made to fail.
    pub(crate) fn called(&self, session: &Session<'_>, can_fail: bool) -> Result<(), Failure> {
        self.take(session, &format!("the call after call {} of the host", self.calls.get()));
        if !can_fail {
            return Ok(());
        }
        let number = self.calls.get() + 1;
        self.calls.set(number);
        if self.plan.cancel_at == Some(number) {
            session.cancel();
        }
        if self.plan.fail_at == Some(number) {
            self.failed_at.set(Some(number));
            return Err(Failure::new(abi::E_INTERNAL, format!("{INJECTED} (number {number})")));
        }
        if self.failed_at.get().is_some_and(|at| number > at + MOST_CALLS_AFTER) {
            self.tell(Breach::WentOn, &format!("{MOST_CALLS_AFTER} calls of the host after one failed"));
            session.cancel();
        }
        Ok(())
    }
}

/// A number for each parameter that its bits decide.
fn fingerprints(session: &Session<'_>) -> Vec<u64> {
    let _guard = tch::no_grad_guard();
    let of = |param: &Tensor| {
        let flat = param.detach().to_device(Device::Cpu).to_kind(Kind::Float).contiguous().view([-1]);
        let values = Vec::<f32>::try_from(flat).unwrap_or_default();
        // FNV-1a, by words.
        values.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, value| {
            (hash ^ u64::from(value.to_bits())).wrapping_mul(0x0100_0000_01b3)
        })
    };
    session.model().params().iter().map(of).collect()
}

/// Whether the generator stands somewhere in the sequence that a seed begins: whatever was drawn, nobody has seeded it anew.
fn is_continued(seed: i64) -> bool {
    let draw = |count: i64| {
        let drawn = Tensor::randint(BELOW, [count], (Kind::Int64, Device::Cpu));
        Vec::<i64>::try_from(drawn).unwrap_or_default()
    };
    let now = draw(WINDOW as i64);
    tch::manual_seed(seed);
    let mut length = 64;
    loop {
        tch::manual_seed(seed);
        if draw(length).windows(WINDOW).any(|window| window == now) {
            return true;
        }
        if length >= MOST_DRAWS {
            return false;
        }
        length *= 64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawing_is_told_from_seeding() {
        let _alone = crate::testing::alone();
        for drawn in [0, 1, 7, 1000] {
            tch::manual_seed(5);
            let _ = Tensor::randn([drawn], (Kind::Float, Device::Cpu));
            let _ = Tensor::rand([3], (Kind::Double, Device::Cpu));
            assert!(is_continued(5), "{drawn} numbers drawn");
        }
        tch::manual_seed(6);
        assert!(!is_continued(5));
    }
}
