//! The stages, one module each.

mod evaluate;
mod extract;
mod measure;
mod prepare;
mod prune;
mod recover;
mod train;
mod transfer;
mod verify;

use std::collections::BTreeMap;

use secateur_store::Outcome;
use secateur_suite::StageSpec;

use crate::order::Order;

/// How a stage ended.
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) detail: String,
    pub(crate) outputs: BTreeMap<String, String>,
    pub(crate) facts: serde_json::Value,
}

impl Ended {
    /// A result.
    pub(crate) fn ok(facts: impl serde::Serialize) -> anyhow::Result<Self> {
        Ok(Self {
            outcome: Outcome::Ok,
            detail: String::new(),
            outputs: BTreeMap::new(),
            facts: serde_json::to_value(facts)?,
        })
    }

    /// With an output whose name is its path.
    pub(crate) fn with(mut self, name: &str, path: &str) -> Self {
        self.outputs.insert(name.to_owned(), path.to_owned());
        self
    }
}

/// Runs the order's stage.
pub(crate) fn run(order: &Order) -> anyhow::Result<Ended> {
    match order.spec() {
        StageSpec::Prepare(spec) => prepare::run(order, spec),
        StageSpec::Train(spec) => train::run(order, spec),
        StageSpec::Prune(spec) => prune::run(order, spec),
        StageSpec::Verify(spec) => verify::run(order, spec),
        StageSpec::Recover(spec) => recover::run(order, spec),
        StageSpec::Evaluate(spec) => evaluate::run(order, spec),
        StageSpec::Extract(spec) => extract::run(order, spec),
        StageSpec::Transfer(spec) => transfer::run(order, spec),
        StageSpec::Measure(spec) => measure::run(order, spec),
    }
}
