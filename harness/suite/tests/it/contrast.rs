//! Pre-training without labels: what network, recipes and tasks must agree on.

use secateur_suite::{Contrast, Projection};

const SIMCLR: &str = "name: simclr
seed: 3
network: {name: resnet8, projection: {out: 16}}
upstream: {task: generated/textures, train: {recipe: pretrain, length: 100it}}
prunable: {name: convolutions}
recipes:
  pretrain: {batch: 16, lr: 0.3, optimizer: lars, contrast: {loss: simclr, temperature: 0.5}}
  adapt: {batch: 16, lr: 0.05}
keeps: [0.5]
tracks:
  - {name: equal, allowance: 6400ex, recipe: pretrain}
evaluate: false
transfer:
  tasks: [generated/digits]
  linear: {recipe: adapt, length: 10it}
  full: {recipe: adapt, length: 10it}
methods:
  - {label: magnitude, method: org.secateur.magnitude, baseline: true}
";

#[test]
fn a_suite_without_labels_is_read() {
    let suite = crate::read(SIMCLR);
    assert_eq!(suite.network.projection, Some(Projection { hidden: None, out: 16 }));
    assert_eq!(suite.recipes["pretrain"].contrast, Some(Contrast::Simclr { temperature: 0.5 }));
    let moco = "{loss: moco-v2, temperature: 0.2, queue: 64, momentum: 0.999}";
    let suite = crate::read(&SIMCLR.replace("{loss: simclr, temperature: 0.5}", moco));
    let expected = Contrast::MocoV2 { temperature: 0.2, queue: 64, momentum: 0.999 };
    assert_eq!(suite.recipes["pretrain"].contrast, Some(expected));
}

#[test]
fn labels_and_projections_do_not_mix() {
    for (from, to, expected) in [
        (", projection: {out: 16}", "", "upstream.train.recipe: `pretrain` trains without labels"),
        (
            "train: {recipe: pretrain",
            "train: {recipe: adapt",
            "upstream.train.recipe: `adapt` has no `contrast`, but the network ends in a projection",
        ),
        (
            "allowance: 6400ex, recipe: pretrain",
            "allowance: 6400ex, recipe: adapt",
            "tracks[0].recipe: `adapt` has no `contrast`",
        ),
        (
            "train: {recipe: pretrain, length: 100it}",
            "checkpoint: somewhere, trained: {recipe: adapt, length: 100it}",
            "upstream.trained.recipe: `adapt` has no `contrast`",
        ),
        ("evaluate: false", "evaluate: true", "evaluate: must be `false`: the network ends in a projection"),
        (
            "tasks: [generated/digits]",
            "tasks: [generated/digits]\n  network: {name: resnet8, projection: {out: 4}}",
            "transfer.network.projection: is for the upstream task",
        ),
        (
            "full: {recipe: adapt",
            "full: {recipe: pretrain",
            "transfer.full.recipe: `pretrain` trains without labels (`contrast`), and the tasks are scored by theirs",
        ),
        (
            "length: 10it}\n  full",
            "length: 10it, task_recipes: {generated/digits: pretrain}}\n  full",
            "transfer.linear.task_recipes: `pretrain` trains without labels",
        ),
        (
            "adapt: {batch: 16, lr: 0.05}",
            "adapt: {batch: 16, lr: 0.05, optimizer: lars}",
            "transfer.linear.recipe: `adapt` has `optimizer: lars`",
        ),
        (
            "methods:",
            "direct: {tasks: [generated/digits], recipe: pretrain, length: 8it}\nmethods:",
            "direct.recipe: `pretrain` trains without labels",
        ),
        ("optimizer: lars,", "label_smoothing: 0.1,", "label_smoothing: is for labels"),
    ] {
        assert!(SIMCLR.contains(from), "{from}");
        let error = secateur_suite::read_suite("suite.yaml", &SIMCLR.replace(from, to)).unwrap_err();
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
}
