//! Suites as users write them: what is refused and how, and what a plan is made of.

mod contrast;
mod plan;
mod refused;
mod schema;

use secateur_suite::Suite;

/// A suite with every part.
pub(crate) const WHOLE: &str = r#"name: whole
seed: 3
replicates: 2
network: {name: resnet8}
upstream:
  task: generated/upstream
  checkpoint: somewhere
prunable: {name: convolutions}
recipes:
  recover: {batch: 64, lr: 0.05}
  head: {batch: 64, lr: 0.3}
keeps: [0.1, 0.2]
tracks:
  - {name: none, allowance: 0ex, recalibrate: 100}
  - {name: equal, allowance: 6400ex, recipe: recover}
methods:
  - {label: magnitude, method: org.secateur.magnitude, baseline: true}
  - {label: ticket, method: org.secateur.lottery-ticket, params: {rate: 0.5}, tracks: [equal], keeps: [0.1]}
transfer:
  tasks: ["generated/*"]
  linear: {recipe: head, length: 100it}
  full: {recipe: recover, length: 2ep, keeps: [0.1]}
"#;

/// Reads a suite that must be fine.
pub(crate) fn read(text: &str) -> Suite {
    secateur_suite::read_suite("suite.yaml", text).unwrap()
}
