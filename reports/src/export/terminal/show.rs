//! A trial or a stage for a terminal: everything that is stored of it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::text::{self, clean};
use crate::trials::fields::flatten;
use crate::trials::find::Found;
use crate::trials::{StageRecord, TrialRecord};

/// Everything that is stored of what was found, as lines of text.
#[must_use]
pub fn show(found: &Found) -> String {
    let mut out = String::new();
    match found {
        Found::Stage(stage) => write_stage(&mut out, stage),
        Found::Trial { id, trial, stages } => {
            write_trial(&mut out, id, trial, stages);
            for stage in stages {
                out.push('\n');
                write_stage(&mut out, stage);
            }
        }
    }
    out
}

fn write_trial(out: &mut String, id: &str, trial: &TrialRecord, stages: &[StageRecord]) {
    let _ = writeln!(out, "trial {id}: {}", trial.label());
    let _ = writeln!(out, "suite {}, track {}", clean(&trial.suite), clean(&trial.track));
    if let Some((outcome, detail)) = &trial.blocked {
        let _ = writeln!(out, "{outcome}: {}", clean(detail));
    }
    let of =
        |identity: &Option<String>| stages.iter().find(|stage| Some(&stage.identity) == identity.as_ref());
    let mut scores: Vec<_> = trial.scores.iter().collect();
    scores.sort();
    for score in scores {
        let names = [&score.protocol, &score.regime, &score.task].map(|name| clean(name)).join(", ");
        let result = match of(&score.stage) {
            None => "missing".to_owned(),
            Some(stage) => stage.facts["score"].as_f64().map_or_else(
                || stage.outcome.word().to_owned(),
                |score| format!("{} %", text::percent(score, 2)),
            ),
        };
        let _ = writeln!(out, "  {names}: {result}");
    }
    let missing: Vec<&str> = trial
        .identities()
        .into_iter()
        .filter(|identity| !stages.iter().any(|stage| stage.identity == *identity))
        .collect();
    if !missing.is_empty() {
        let _ = writeln!(out, "  without a result in the store: {}", clean(&missing.join(", ")));
    }
}

fn write_stage(out: &mut String, stage: &StageRecord) {
    let _ = writeln!(out, "{} {}: {}", clean(&stage.kind), clean(&stage.identity), clean(&stage.label));
    let detail = if stage.detail.is_empty() { String::new() } else { format!(": {}", clean(&stage.detail)) };
    let _ = writeln!(
        out,
        "  {}{detail} ({}, {} at its peak, attempt {}, ended {})",
        stage.outcome,
        text::seconds(stage.seconds),
        text::bytes(stage.peak_bytes),
        stage.attempt,
        clean(&stage.finished)
    );
    let _ = writeln!(out, "  on {}, secateur {}", clean(&stage.machine), clean(&stage.harness));
    let digests =
        |map: &std::collections::BTreeMap<String, String>| serde_json::to_value(map).unwrap_or(Value::Null);
    for (title, value) in [
        ("specification", &stage.specification),
        ("environment", &stage.environment),
        ("inputs", &digests(&stage.inputs)),
        ("outputs", &digests(&stage.outputs)),
        ("facts", &stage.facts),
    ] {
        let mut fields = Vec::new();
        flatten("", value, &mut fields);
        if fields.is_empty() {
            continue;
        }
        let _ = writeln!(out, "  {title}");
        for (name, value) in fields {
            let _ = writeln!(out, "    {name} = {value}");
        }
    }
    if !stage.log.is_empty() {
        let _ = writeln!(out, "  the end of its log, {} in all", text::bytes(stage.log_bytes));
        for line in stage.log.lines() {
            let _ = writeln!(out, "    {}", clean(line));
        }
    }
}
