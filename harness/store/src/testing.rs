//! Helpers for tests.

use crate::result::{Cost, Machine, Outcome, SCHEMA, StageResult};

/// A result of a stage that found nothing out.
pub(crate) fn result(identity: &str, outcome: Outcome) -> StageResult {
    StageResult {
        schema: SCHEMA,
        identity: identity.to_owned(),
        kind: "verify".to_owned(),
        label: "verify".to_owned(),
        outcome,
        detail: String::new(),
        outputs: Default::default(),
        inputs: Default::default(),
        facts: serde_json::Value::Null,
        cost: Cost::default(),
        environment: secateur_suite::Environment {
            threads: 1,
            device_class: "cpu".to_owned(),
            precision: "f32".to_owned(),
            layout: "contiguous".to_owned(),
            libtorch: "2.11.0".to_owned(),
        },
        machine: Machine::default(),
        harness: "0.1.0".to_owned(),
    }
}
