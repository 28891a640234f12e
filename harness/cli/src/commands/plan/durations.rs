//! How long stages take, by those of the same store: like stages of the same suite first, then any of the kind.

use std::collections::{BTreeMap, HashMap};

use secateur_store::{LedgerRow, Outcome};
use secateur_suite::{Identity, NodeIndex, Plan, StageSpec};

use super::work::{self, Kind};

/// Seconds of stages that went well.
#[derive(Default)]
pub(super) struct Durations {
    seconds: HashMap<String, f64>,
    alike: BTreeMap<Class, Mean>,
    kinds: BTreeMap<String, Mean>,
}

#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn value(self) -> f64 {
        self.sum / f64::from(self.count)
    }
}

impl Durations {
    /// What a store's ledger says.
    pub(super) fn of(rows: Vec<LedgerRow>) -> Self {
        let mut own = Self::default();
        for row in rows.into_iter().filter(|row| row.outcome == Outcome::Ok.word()) {
            own.kinds.entry(row.kind).or_default().add(row.seconds);
            own.seconds.insert(row.identity, row.seconds);
        }
        own
    }

    /// A stage of the suite that is stored. Equal stages are one.
    pub(super) fn learn(&mut self, class: Class, identity: &Identity) {
        if let Some(seconds) = self.seconds.remove(identity.as_str()) {
            self.alike.entry(class).or_default().add(seconds);
        }
    }

    /// What a stage will take, if one like it or at least one of its kind is stored.
    pub(super) fn expected(&self, class: &Class) -> Option<f64> {
        self.alike.get(class).or_else(|| self.kinds.get(class.stage)).map(|mean| mean.value())
    }
}

/// Stages of one class differ in what they are given more than in what they do: a regime on its tasks, a method in its
/// replicates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class {
    stage: &'static str,
    pictures: Option<Kind>,
    does: String,
}

impl Class {
    /// That of a stage of a plan.
    pub(super) fn of(plan: &Plan, index: NodeIndex) -> Self {
        Self::new(&plan.nodes[index].spec, work::of(plan, index).and_then(|(kind, _)| kind))
    }

    fn new(spec: &StageSpec, pictures: Option<Kind>) -> Self {
        let does = match spec {
            StageSpec::Train(spec) => spec.length.to_string(),
            StageSpec::Prune(spec) => format!("{} {} {}", spec.method, spec.params, spec.allowance),
            StageSpec::Recover(spec) => spec.samples.to_string(),
            StageSpec::Transfer(spec) => format!("{} {}", spec.regime.name(), spec.length),
            StageSpec::Prepare(_)
            | StageSpec::Verify(_)
            | StageSpec::Evaluate(_)
            | StageSpec::Extract(_)
            | StageSpec::Measure(_) => String::new(),
        };
        Self { stage: spec.kind(), pictures, does }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn transfer(regime: &str, seed: u64) -> Class {
        let recipe =
            json!({"batch": 4, "lr": 0.1, "momentum": 0.9, "weight_decay": 0, "schedule": "constant"});
        let network = json!({"name": "resnet8"});
        let spec = serde_json::from_value(json!({
            "kind": "transfer", "network": network, "regime": regime, "recipe": recipe, "length": "5it", "seed": seed,
        }));
        Class::new(&spec.unwrap(), None)
    }

    fn row(identity: &str, kind: &str, outcome: &str, seconds: f64) -> LedgerRow {
        LedgerRow {
            identity: identity.to_owned(),
            kind: kind.to_owned(),
            label: String::new(),
            outcome: outcome.to_owned(),
            seconds,
            peak_bytes: 0,
            finished: String::new(),
        }
    }

    #[test]
    fn a_stage_takes_as_long_as_those_like_it_and_else_as_those_of_its_kind() {
        let identities = ["a", "b", "c"].map(|letter| letter.repeat(40));
        let mut durations = Durations::of(vec![
            row(&identities[0], "transfer", "ok", 10.0),
            row(&identities[1], "transfer", "ok", 30.0),
            // Of another suite.
            row(&identities[2], "transfer", "ok", 80.0),
            row(&"d".repeat(40), "transfer", "crashed", 0.5),
        ]);
        let (full, linear) = (transfer("full", 1), transfer("linear", 2));
        assert_eq!(durations.expected(&linear), Some(40.0));
        // The last is a stage of another replicate that came out equal.
        for (identity, seed) in [&identities[0], &identities[1], &identities[1]].into_iter().zip(5..) {
            durations.learn(transfer("full", seed), &Identity::parse(identity).unwrap());
        }
        assert_eq!((durations.expected(&full), durations.expected(&linear)), (Some(20.0), Some(40.0)));
        let measure = serde_json::from_value(json!({
            "kind": "measure", "network": {"name": "resnet8"}, "batches": [1], "compact": false,
        }));
        assert_eq!(durations.expected(&Class::new(&measure.unwrap(), None)), None);
    }
}
