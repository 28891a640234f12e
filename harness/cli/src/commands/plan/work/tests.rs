use secateur_suite::{Surroundings, expand, read_suite};

use super::*;

/// Official tasks and a generated one, in full for 150 passes.
const SUITE: &str = r#"name: s
seed: 1
replicates: 2
network: {name: resnet50}
upstream: {task: generated/upstream, checkpoint: a}
tasks:
  dtd: {format: official, path: dtd, packed: files, side: 224, official: {set: dtd}}
  held: {format: official, path: dtd, packed: files, side: 224, official: {set: dtd, held_out: true}}
  cifar: {format: official, path: cifar10, packed: files, side: 224, official: {set: cifar10, held_out: true}}
  some: {format: official, path: dtd, packed: files, side: 224, official: {set: dtd, sample: {train: 800, validation: 200}}}
  less: {format: official, path: dtd, packed: files, side: 224, official: {set: dtd, reduced: true}}
  folder: {format: image-folder, path: f}
prunable: {name: p}
recipes: {r: {batch: 64, lr: 0.1}}
keeps: [0.5]
tracks: [{name: none, allowance: 0ex}]
controls: [dense-as-is, dense-trained]
evaluate: false
transfer:
  tasks: [dtd, held, cifar, some, less, folder, generated/digits]
  linear: {recipe: r, length: 150ep}
  full: {recipe: r, length: 150ep}
"#;

fn plan(text: &str) -> Plan {
    let surroundings = Surroundings {
        generated: vec!["generated/digits".to_owned()],
        upstream: vec!["end".to_owned()],
        ..Surroundings::default()
    };
    expand(&read_suite("s.yaml", text).unwrap(), &surroundings).unwrap()
}

/// The work of the first stage of a kind on a task.
fn on(plan: &Plan, kind: &str, task: &str) -> (Option<Kind>, Work) {
    let own = |index: &usize| {
        let node = &plan.nodes[*index];
        let is_full = !matches!(&node.spec, StageSpec::Transfer(spec) if spec.regime != RegimeKind::Full);
        node.spec.kind() == kind && is_full && super::task(plan, node).is_some_and(|(own, _)| own == task)
    };
    let index = (0..plan.nodes.len()).find(own).unwrap_or_else(|| panic!("no {kind} on {task}"));
    of(plan, index).unwrap()
}

#[test]
fn passes_over_known_sets_are_pictures() {
    let plan = plan(SUITE);
    let full = |task: &str| {
        let (kind, work) = on(&plan, "transfer", task);
        (kind.map(|kind| kind.side), work.trained, work.seen)
    };
    // 150 passes in full batches of 64: 1,880 + 1,880 pictures of DTD, or 1,880; nine tenths of CIFAR's 50,000.
    assert_eq!(full("dtd"), (Some(224), Some(8_813 * 64), Some(1_880)));
    assert_eq!(full("held"), (Some(224), Some(4_407 * 64), Some(1_880 + 1_880)));
    assert_eq!(full("cifar"), (Some(224), Some(105_469 * 64), Some(10_000 + 5_000)));
    assert_eq!(full("some"), (Some(224), Some(1_875 * 64), Some(1_880 + 200)));
    // Nobody has counted what somebody has left of a set, or put into a folder.
    assert_eq!(full("less"), (Some(224), None, None));
    assert_eq!(full("folder"), (None, None, None));
    assert_eq!(full("generated/digits"), (Some(32), Some(2_344 * 64), Some(2_000 + 400)));
    // For features every picture is seen once.
    let (kind, work) = on(&plan, "extract", "dtd");
    assert_eq!((work.trained, work.seen), (Some(0), Some(3 * 1_880)));
    assert_eq!(kind.unwrap().to_string(), "resnet50 at 224 px");
    assert!((work.equivalent() - 1_880.0).abs() < 1e-9);
}

#[test]
fn the_best_of_all_epochs_is_looked_for_in_each() {
    let plan = plan(
        &SUITE
            .replace("dtd, held, cifar, some, less, folder, generated/digits", "held")
            .replace("full: {", "full: {select: best-validation, "),
    );
    assert_eq!(on(&plan, "transfer", "held").1.seen, Some(1_880 + 150 * 1_880));
}

/// How many different stages of a kind a plan has.
fn different(plan: &Plan, kind: &str) -> usize {
    let firsts = firsts(plan);
    assert!(firsts.iter().enumerate().all(|(index, first)| first <= &index && firsts[*first] == *first));
    let own = |index: &usize| plan.nodes[*index].spec.kind() == kind && firsts[*index] == *index;
    (0..plan.nodes.len()).filter(own).count()
}

fn with_track(allowance: &str) -> String {
    let track = format!("{{name: none, allowance: {allowance}, recipe: r}}");
    SUITE.replace("{name: none, allowance: 0ex}", &track)
}

#[test]
fn equal_stages_are_known_before_anything_has_run() {
    let plan = plan(&with_track("640ex"));
    // Two controls in two replicates. Both replicates of the untouched network have the same features; those of the recovered one
    // are of weights that nobody has seen, and recovery has a seed of its own in each replicate.
    assert_eq!(plan.nodes.iter().filter(|node| node.spec.kind() == "extract").count(), 7 * 4);
    assert_eq!(different(&plan, "extract"), 7 * 3);
    // Transfer has a seed for each replicate.
    assert_eq!(different(&plan, "transfer"), 2 * 7 * 4);
}

#[test]
fn recovery_that_has_nothing_to_do_passes_its_weights_on() {
    // Nothing, and less than a batch: the recovered network is the untouched one in both replicates.
    for text in [SUITE.to_owned(), with_track("63ex")] {
        let plan = plan(&text);
        assert_eq!(different(&plan, "extract"), 7);
        assert_eq!(different(&plan, "transfer"), 2 * 7 * 2);
        let recovers = plan.nodes.iter().filter(|node| node.spec.kind() == "recover");
        assert!(recovers.clone().count() > 0);
        assert!(recovers.into_iter().all(|node| trained(&node.spec, None) == Some(0)));
    }
    // Batch norms are recalibrated without any training, alike in both replicates but for their seeds.
    let plan = plan(&SUITE.replace("allowance: 0ex", "allowance: 0ex, recalibrate: 10"));
    assert_eq!(different(&plan, "extract"), 7 * 3);
}

#[test]
fn what_equal_pruning_leaves_is_equal() {
    let tracks = "tracks: [{name: a, allowance: 640ex, recipe: r}, {name: b, allowance: 640ex, recipe: r}]\n\
                  methods: [{label: m, method: org.example.m}]";
    let text = SUITE.replace("tracks: [{name: none, allowance: 0ex}]", tracks);
    let plan = plan(&text.replace("controls: [dense-as-is, dense-trained]", "controls: []"));
    // Of two tracks that ask for the same, in each of two replicates.
    assert_eq!(plan.nodes.iter().filter(|node| node.spec.kind() == "recover").count(), 4);
    assert_eq!((different(&plan, "prune"), different(&plan, "recover")), (2, 2));
}
