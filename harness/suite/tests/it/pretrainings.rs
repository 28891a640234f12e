//! Several networks where pruning begins, of which each has tracks of its own.

use std::collections::{BTreeMap, BTreeSet};

use secateur_suite::{
    InputSource, NetworkSpec, Plan, PlanNode, Projection, StageSpec, Suite, Surroundings, Trial, expand,
};

use crate::read;

/// A supervised network, one that is trained without labels, and a checkpoint of such a one.
const SEVERAL: &str = r#"name: several
seed: 3
network: {name: resnet8}
upstream: {task: generated/upstream, train: {recipe: labels, length: 40it}}
pretrainings:
  contrastive: {task: generated/other, projection: {out: 32}, train: {recipe: views, length: 50it, keep_steps: [5]}}
  given: {task: generated/upstream, projection: {hidden: 16, out: 32}, checkpoint: somewhere}
prunable: {name: convolutions}
recipes:
  labels: {batch: 64, lr: 0.05}
  views: {batch: 64, lr: 0.05, flip: true, contrast: {loss: simclr, temperature: 0.5}}
keeps: [0.2]
controls: [dense-as-is, dense-trained, scratch]
tracks:
  - {name: labels, allowance: 640ex, recipe: labels}
  - {name: views, pretraining: contrastive, allowance: 640ex, recipe: views}
  - {name: given, pretraining: given, allowance: 0ex}
methods: [{label: magnitude, method: org.secateur.magnitude}]
measure: true
transfer: {tasks: [generated/digits], linear: {recipe: labels, length: 10it}, full: {recipe: labels, length: 10it}}
"#;

fn surroundings() -> Surroundings {
    Surroundings {
        generated: ["digits", "other"].map(|name| format!("generated/{name}")).to_vec(),
        pretrainings: BTreeMap::from([("given".to_owned(), vec!["end".to_owned()])]),
        ..Surroundings::default()
    }
}

fn plan(suite: &Suite) -> Plan {
    expand(suite, &surroundings()).unwrap()
}

fn network(node: &PlanNode) -> &NetworkSpec {
    match &node.spec {
        StageSpec::Train(spec) => &spec.network,
        StageSpec::Prune(spec) => &spec.network,
        StageSpec::Verify(spec) => &spec.network,
        StageSpec::Recover(spec) => &spec.network,
        StageSpec::Evaluate(spec) => &spec.network,
        StageSpec::Extract(spec) => &spec.network,
        StageSpec::Transfer(spec) => &spec.network,
        StageSpec::Measure(spec) => &spec.network,
        StageSpec::Prepare(spec) => panic!("{} has no network", spec.task),
    }
}

/// The stages of a trial, its scores left out.
fn own_stages(trial: &Trial) -> impl Iterator<Item = usize> {
    [trial.prune, trial.verify, trial.recover, trial.measure].into_iter().flatten()
}

#[test]
fn each_track_stands_on_the_network_of_its_pre_training() {
    let plan = plan(&read(SEVERAL));
    let projections = BTreeMap::from([
        ("labels", None),
        ("views", Some(Projection { hidden: None, out: 32 })),
        ("given", Some(Projection { hidden: Some(16), out: 32 })),
    ]);
    let mut seen = BTreeSet::new();
    for trial in &plan.trials {
        for stage in own_stages(trial) {
            let node = &plan.nodes[stage];
            assert_eq!(network(node).projection, projections[trial.track.as_str()], "{}", node.label);
            seen.insert((trial.track.as_str(), node.spec.kind()));
        }
        // Transfer has classes: the projection goes.
        for score in &trial.scores {
            for stage in [Some(score.node), score.features].into_iter().flatten() {
                assert_eq!(network(&plan.nodes[stage]).projection, None, "{}", plan.nodes[stage].label);
            }
        }
    }
    assert_eq!(seen.len(), 3 * 4, "{seen:?}");
    let ends = |track: &str| -> BTreeSet<String> {
        let trials = plan.trials.iter().filter(|trial| trial.track == track && trial.prune.is_some());
        trials.map(|trial| format!("{:?}", plan.nodes[trial.prune.unwrap()].inputs["end"])).collect()
    };
    let all: BTreeSet<String> = ["labels", "views", "given"].into_iter().flat_map(ends).collect();
    assert_eq!(all.len(), 3, "{all:?}");
    let given = InputSource::Pretraining { pretraining: "given".to_owned(), file: "end".to_owned() };
    assert_eq!(ends("given"), BTreeSet::from([format!("{given:?}")]));
}

#[test]
fn pre_trainings_are_trained_once_with_seeds_and_tasks_of_their_own() {
    let plan = plan(&read(SEVERAL));
    let trained: Vec<(&PlanNode, u64)> = plan
        .nodes
        .iter()
        .filter_map(|node| match &node.spec {
            StageSpec::Train(spec) => Some((node, spec.seed)),
            _ => None,
        })
        .collect();
    let labels: Vec<&str> = trained.iter().map(|(node, _)| node.label.as_str()).collect();
    assert_eq!(labels, ["train upstream", "train pre-training contrastive"]);
    assert_ne!(trained[0].1, trained[1].1);
    let InputSource::Output { node, .. } = trained[1].0.inputs["trainval"] else { panic!() };
    assert_eq!(plan.nodes[node].label, "prepare generated/other");
    // The network of `upstream` is what it is without any others.
    let alone = SEVERAL.split_once("pretrainings:").unwrap().0.to_owned()
        + &SEVERAL[SEVERAL.find("prunable:").unwrap()..].replace(
            "  - {name: views, pretraining: contrastive, allowance: 640ex, recipe: views}\n  - {name: given, pretraining: given, \
             allowance: 0ex}\n",
            "",
        );
    let alone = self::plan(&read(&alone));
    let of_labels = |plan: &Plan| -> Vec<Trial> {
        plan.trials.iter().filter(|trial| trial.track == "labels").cloned().collect()
    };
    let (ours, theirs) = (of_labels(&plan), of_labels(&alone));
    assert_eq!(ours.len(), 4);
    for (ours, theirs) in ours.iter().zip(&theirs) {
        for (a, b) in own_stages(ours).zip(own_stages(theirs)) {
            assert_eq!(plan.nodes[a].spec, alone.nodes[b].spec);
        }
    }
}

#[test]
fn who_has_no_classes_is_scored_by_transfer_alone() {
    let plan = plan(&read(SEVERAL));
    let mut protocols: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for trial in &plan.trials {
        protocols.entry(&trial.track).or_default().extend(trial.scores.iter().map(|score| score.protocol));
    }
    assert_eq!(protocols["labels"], BTreeSet::from(["transfer", "upstream"]));
    assert_eq!(protocols["views"], BTreeSet::from(["transfer"]));
    assert_eq!(protocols["given"], BTreeSet::from(["transfer"]));
    // Networks without any pre-training are the same in all tracks, and transferred once.
    let scratch = plan.trials.iter().filter(|trial| trial.method == "scratch");
    let specs = scratch.map(|trial| {
        trial.scores.iter().map(|score| format!("{:?}", plan.nodes[score.node].spec)).collect::<Vec<_>>()
    });
    let specs: Vec<Vec<String>> = specs.collect();
    assert!(specs.len() == 3 && specs.iter().all(|own| *own == specs[0]));
}

#[test]
fn tasks_are_pruned_directly_from_each_pre_training() {
    let direct = "direct: {tasks: [generated/digits], recipe: labels, length: 10it}\n";
    let plan = plan(&read(&format!("{SEVERAL}{direct}")));
    let own: Vec<&Trial> = plan.trials.iter().filter(|trial| trial.task.is_some()).collect();
    let tracks: BTreeSet<&str> = own.iter().map(|trial| trial.track.as_str()).collect();
    assert_eq!(tracks.len(), 3);
    for trial in own {
        for stage in own_stages(trial) {
            assert_eq!(network(&plan.nodes[stage]).projection, None);
        }
    }
    let from: Vec<&InputSource> = plan.nodes.iter().filter_map(|node| node.inputs.get("backbone")).collect();
    assert_eq!(from.len(), 3);
    assert!(from.iter().enumerate().all(|(place, one)| !from[..place].contains(one)), "{from:?}");
    let labels = |plan: &Plan| -> Vec<String> {
        let trained = plan.nodes.iter().filter(|node| node.label.starts_with("train on"));
        trained.map(|node| node.label.clone()).collect()
    };
    assert_eq!(labels(&plan).iter().filter(|label| label.contains(" from ")).count(), 2);
    // What begins at an initialization comes from none of them.
    let from_init = direct.replace("length: 10it", "length: 10it, from: init");
    let plan = self::plan(&read(&format!("{SEVERAL}{from_init}")));
    assert!(labels(&plan).iter().all(|label| !label.contains(" from ")), "{:?}", labels(&plan));
}

#[test]
fn what_begins_from_initialization_has_the_training_of_its_own_pre_training() {
    let text = SEVERAL
        .replace("methods: [{label", "methods: [{start: init, tracks: [labels, views], label")
        .replace("length: 50it", "length: 70it");
    let suite = read(&text);
    let samples = ["labels", "views"].map(|track| suite.init_samples("magnitude", track, false));
    assert_eq!(samples, [40 * 64, 70 * 64]);
    let given = |track: usize| suite.given(&suite.methods[0], &suite.tracks[track], false);
    assert_eq!((given(0), given(1)), ((640 + 40 * 64, Some("labels")), (640 + 70 * 64, Some("views"))));
    // Of the checkpoint nothing is known, and it has no initialization.
    let unknown = text.replace("tracks: [labels, views]", "tracks: [labels, given]");
    let error = secateur_suite::read_suite("suite.yaml", &unknown).unwrap_err().to_string();
    assert!(error.contains("methods[0].start") && error.contains("that is not known"), "{error}");
}

#[test]
fn pre_trainings_that_make_no_sense_are_refused_with_their_place() {
    for (from, to, expected) in [
        (
            "pretraining: given",
            "pretraining: givn",
            "tracks[2].pretraining: there is no pre-training `givn`; did you mean `given`?",
        ),
        (
            "  - {name: given, pretraining: given, allowance: 0ex}\n",
            "",
            "pretrainings.given: is pruned in no track; write `pretraining: given` into one",
        ),
        (
            "  - {name: labels, allowance: 640ex, recipe: labels}\n",
            "",
            "upstream: is pruned in no track; leave `pretraining` out of one",
        ),
        (
            "lr: 0.05, flip: true, contrast",
            "lr: 0.05, contrast",
            "recipes.views.contrast: needs views that differ",
        ),
        (
            "projection: {out: 32}, train",
            "train",
            "pretrainings.contrastive.projection: is needed beside recipe `views`",
        ),
        (
            "recipe: views, length",
            "recipe: labels, length",
            "pretrainings.contrastive.projection: stands beside recipe `labels`, which trains with labels",
        ),
        (
            "projection: {out: 32}",
            "projection: {out: 0}",
            "pretrainings.contrastive.projection: has a width of 0",
        ),
        (", checkpoint: somewhere", "", "pretrainings.given: needs `checkpoint` or `train`"),
        (
            "recipe: views, length: 50it",
            "recipe: vews, length: 50it",
            "there is no recipe `vews`; did you mean `views`?",
        ),
        ("keep_steps: [5]", "keep_steps: [0]", "pretrainings.contrastive.train.keep_steps: step 0"),
        (
            "allowance: 640ex, recipe: labels}",
            "allowance: 640ex, recipe: views}",
            "tracks[0].recipe: `views` trains without labels",
        ),
        (
            "allowance: 640ex, recipe: views}",
            "allowance: 640ex, recipe: labels}",
            "tracks[1].recipe: `labels` trains with labels",
        ),
        (
            "linear: {recipe: labels",
            "linear: {recipe: views",
            "transfer.linear.recipe: `views` has `contrast`",
        ),
        (
            "network: {name: resnet8}",
            "network: {name: resnet8, projection: {out: 8}}",
            "network.projection: belongs to",
        ),
        ("prunable: {name: convolutions}", "prunable: {name: all, head: true}", "prunable.head"),
    ] {
        assert!(SEVERAL.contains(from), "{from}");
        let error =
            secateur_suite::read_suite("suite.yaml", &SEVERAL.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn pictures_without_labels_are_for_networks_without_classes() {
    let folder =
        "tasks: {snaps: {format: unlabelled, path: snaps, side: 32}}\nprunable: {name: convolutions}";
    let text = SEVERAL.replace("prunable: {name: convolutions}", folder);
    let fine = text.replace("task: generated/other", "task: snaps");
    assert_ne!(fine, text);
    let surroundings = Surroundings { loader_version: 7, ..surroundings() };
    let plan = expand(&read(&fine), &surroundings).unwrap();
    let packed = plan.nodes.iter().any(|node| match &node.spec {
        StageSpec::Prepare(spec) => spec.task == "snaps",
        _ => false,
    });
    assert!(packed);
    // Of one picture that is set aside, two views would be all there is.
    for (count, is_fine) in [(0, true), (1, false), (2, true)] {
        let count = format!("side: 32, validation_per_class: {count}");
        let read = secateur_suite::read_suite("suite.yaml", &fine.replace("side: 32", &count));
        let error = read.err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(error.is_empty(), is_fine, "{error}");
        assert!(is_fine || error.contains("tasks.snaps.validation_per_class: needs at least 2"), "{error}");
    }
    for (from, to, key) in [
        ("upstream: {task: generated/upstream", "upstream: {task: snaps", "upstream.task"),
        ("tasks: [generated/digits]", "tasks: [snaps]", "transfer.tasks"),
        (
            "measure: true",
            "measure: true\ndirect: {tasks: [snaps], recipe: labels, length: 8it}",
            "direct.tasks",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let error =
            secateur_suite::read_suite("suite.yaml", &text.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(&format!("{key}: `snaps` has no labels")), "{error}");
    }
}
