use std::collections::{BTreeMap, BTreeSet};

use secateur_suite::{
    Completion, Environment, Identity, InputSource, Plan, RegimeKind, StageSpec, Suite, Surroundings,
    TransferSpec, expand,
};

use crate::{WHOLE, read};

fn plan(suite: &Suite) -> Plan {
    let surroundings = Surroundings {
        generated: (0..12).map(|index| format!("generated/t{index}")).collect(),
        generator_version: 1,
        loader_version: 1,
        official_loader_version: 1,
        generated_detection: vec!["generated/figures".to_owned()],
        detection_generator_version: 2,
        detection_loader_version: 3,
        upstream: vec!["end".to_owned(), "init".to_owned()],
        ..Surroundings::default()
    };
    expand(suite, &surroundings).unwrap()
}

fn environment() -> Environment {
    Environment {
        threads: 1,
        device_class: "cpu".to_owned(),
        precision: "f32".to_owned(),
        layout: "contiguous".to_owned(),
        libtorch: "2.11.0".to_owned(),
    }
}

fn count(plan: &Plan, kind: &str) -> usize {
    plan.nodes.iter().filter(|node| node.spec.kind() == kind).count()
}

#[test]
fn every_trial_of_the_suite_is_there_once() {
    let plan = plan(&read(WHOLE));
    // Two controls and magnitude at two keeps in each track, the ticket at one keep in one; two replicates.
    assert_eq!(plan.trials.len(), 2 * (2 * (2 + 2) + 1));
    let keys: BTreeSet<String> = plan
        .trials
        .iter()
        .map(|trial| format!("{} {} {} {}", trial.track, trial.method, trial.keep, trial.replicate))
        .collect();
    assert_eq!(keys.len(), plan.trials.len());
    assert_eq!(count(&plan, "prepare"), 13);
    assert_eq!(count(&plan, "prune"), 2 * 3);
    // Linear on all twelve tasks for every trial; full at keep 0.1 and for the dense ones.
    let full = 2 * (2 * (2 + 1) + 1);
    assert_eq!(count(&plan, "transfer"), 12 * (plan.trials.len() + full));
}

#[test]
fn stages_stand_after_the_stages_they_read() {
    let plan = plan(&read(WHOLE));
    for (index, node) in plan.nodes.iter().enumerate() {
        for source in node.inputs.values() {
            if let InputSource::Output { node, .. } = source {
                assert!(*node < index);
            }
        }
    }
}

#[test]
fn only_what_scores_reads_a_test_split_and_only_prune_has_a_plugin() {
    let plan = plan(&read(WHOLE));
    for node in &plan.nodes {
        let reads_test = node
            .inputs
            .values()
            .any(|source| matches!(source, InputSource::Output { output, .. } if output == "test"));
        let has_plugin = node.inputs.values().any(|source| matches!(source, InputSource::Plugin(_)));
        let scores = match &node.spec {
            StageSpec::Evaluate(_) | StageSpec::Extract(_) => true,
            // Linear classifiers are trained and scored on features that were extracted before.
            StageSpec::Transfer(spec) => spec.regime == RegimeKind::Full,
            _ => false,
        };
        assert_eq!(reads_test, scores, "{}", node.label);
        assert_eq!(has_plugin, matches!(node.spec, StageSpec::Prune(_)));
    }
}

#[test]
fn what_a_method_leaves_is_spent_by_the_host_behind_a_verdict() {
    let plan = plan(&read(WHOLE));
    for node in plan.nodes.iter().filter(|node| matches!(node.spec, StageSpec::Recover(_))) {
        let dense = node.label.contains("dense-trained");
        assert_eq!(node.completion == Completion::Complete, dense, "{}", node.label);
        assert_eq!(node.inputs.contains_key("verified"), !dense, "{}", node.label);
    }
}

#[test]
fn replicates_are_paired_across_methods_and_differ_from_each_other() {
    let plan = plan(&read(WHOLE));
    let mut seeds: BTreeMap<(String, u32), BTreeSet<u64>> = BTreeMap::new();
    for trial in &plan.trials {
        for score in &trial.scores {
            if let StageSpec::Transfer(spec) = &plan.nodes[score.node].spec {
                seeds.entry((score.task.clone(), trial.replicate)).or_default().insert(spec.seed);
            }
        }
    }
    assert!(seeds.values().all(|seeds| seeds.len() == 1));
    let all: BTreeSet<u64> = seeds.values().flatten().copied().collect();
    assert_eq!(all.len(), seeds.len());
}

#[test]
fn an_identity_is_a_function_of_specification_environment_and_inputs() {
    let plan = plan(&read(WHOLE));
    let other = plan_of_another_seed();
    let inputs = BTreeMap::from([("weights".to_owned(), "a".to_owned())]);
    let prune =
        |plan: &Plan| plan.nodes.iter().find(|node| node.spec.kind() == "prune").unwrap().spec.clone();
    let one = Identity::of(&prune(&plan), &environment(), &inputs);
    assert_eq!(one, Identity::of(&prune(&plan), &environment(), &inputs));
    assert_ne!(one, Identity::of(&prune(&other), &environment(), &inputs));
    assert_ne!(one, Identity::of(&prune(&plan), &Environment { threads: 2, ..environment() }, &inputs));
    let changed = BTreeMap::from([("weights".to_owned(), "b".to_owned())]);
    assert_ne!(one, Identity::of(&prune(&plan), &environment(), &changed));
    assert_eq!(Identity::parse(one.as_str()), Some(one));
    assert_eq!(Identity::parse("../../etc"), None);
}

fn plan_of_another_seed() -> Plan {
    plan(&read(&WHOLE.replace("seed: 3", "seed: 4")))
}

#[test]
fn packs_do_not_depend_on_threads_or_device() {
    let plan = plan(&read(WHOLE));
    let prepare = &plan.nodes.iter().find(|node| node.spec.kind() == "prepare").unwrap().spec;
    let cuda = Environment { threads: 8, device_class: "cuda".to_owned(), ..environment() };
    assert_eq!(
        Identity::of(prepare, &environment(), &BTreeMap::new()),
        Identity::of(prepare, &cuda, &BTreeMap::new())
    );
}

#[test]
fn unknown_tasks_name_the_nearest() {
    let suite = read(&WHOLE.replace("\"generated/*\"", "generated/t77"));
    let surroundings = Surroundings { generated: vec!["generated/t7".to_owned()], ..Surroundings::default() };
    let error = expand(&suite, &surroundings).unwrap_err();
    assert!(error.contains("did you mean `generated/t7`"), "{error}");
}

/// A suite of a detector's channels.
const BOXES: &str = r#"name: boxes
seed: 3
replicates: 3
network: {name: ssd-small}
upstream: {task: cells, train: {recipe: base, length: 10ep}}
tasks:
  cells: {format: voc, path: cells.tar, metric: voc-ap50, side: 160}
channels: {name: within-blocks}
recipes:
  base: {batch: 16, lr: 0.02, crop: true}
keeps: [0.3, 0.7]
tracks: [{name: equal, allowance: 6400ex, recipe: base}]
methods:
  - {label: l1, method: org.secateur.channel-l1, keeps: [0.7], replicates: 1}
  - {label: l1, method: org.secateur.channel-l1, keeps: [0.3]}
  - {label: lcp, method: org.secateur.lcp, replicates: 2}
"#;

#[test]
fn a_method_may_have_more_replicates_at_some_keeps() {
    let plan = plan(&read(BOXES));
    let trials = |method: &str, keep: f64| {
        plan.trials.iter().filter(|trial| trial.method == method && trial.keep == keep).count()
    };
    assert_eq!((trials("l1", 0.7), trials("l1", 0.3), trials("lcp", 0.7), trials("lcp", 0.3)), (1, 3, 2, 2));
    assert_eq!(count(&plan, "prune"), 1 + 3 + 2);
}

#[test]
fn separate_keeps_are_runs_of_their_own_with_the_whole_allowance() {
    let plan = plan(&read(&format!("{BOXES}separate_keeps: true\n")));
    assert_eq!(count(&plan, "prune"), 1 + 3 + 2 * 2);
    for node in &plan.nodes {
        if let StageSpec::Prune(spec) = &node.spec {
            assert_eq!((spec.keeps.len(), spec.allowance.to_string().as_str()), (1, "6400ex"));
        }
    }
    for trial in plan.trials.iter().filter(|trial| trial.entry.is_some()) {
        let StageSpec::Prune(spec) = &plan.nodes[trial.prune.unwrap()].spec else { panic!("no prune stage") };
        assert_eq!(spec.keeps, [trial.keep]);
    }
}

#[test]
fn a_suite_that_chooses_reads_no_test_split_and_shares_everything_else() {
    let chosen = plan(&read(&format!("{BOXES}score_on: validation\n")));
    let tested = plan(&read(BOXES));
    assert_eq!(chosen.nodes.len(), tested.nodes.len());
    for (a, b) in chosen.nodes.iter().zip(&tested.nodes) {
        if a.spec.kind() == "evaluate" {
            let outputs = a.inputs.values().filter_map(|source| match source {
                InputSource::Output { output, .. } => Some(output.as_str()),
                _ => None,
            });
            assert!(
                outputs.clone().any(|output| output == "trainval") && !outputs.clone().any(|o| o == "test")
            );
            assert_ne!(a.spec, b.spec);
        } else {
            assert_eq!(a, b);
        }
    }
    assert!(chosen.trials.iter().flat_map(|trial| &trial.scores).all(|score| score.protocol == "validation"));
}

#[test]
fn tasks_of_boxes_have_versions_of_their_own_and_transfer_needs_a_detector_for_them() {
    let versions = |plan: &Plan| -> Vec<u32> {
        let sources = plan.nodes.iter().filter_map(|node| match &node.spec {
            StageSpec::Prepare(spec) => Some(&spec.source),
            _ => None,
        });
        sources
            .map(|source| match source {
                secateur_suite::DataSource::Generated { version, .. }
                | secateur_suite::DataSource::Files { version, .. } => *version,
            })
            .collect()
    };
    assert_eq!(versions(&plan(&read(BOXES))), [3]);
    let figures = BOXES.replace("task: cells", "task: generated/figures");
    assert_eq!(versions(&plan(&read(&figures))), [2]);
    let suite = read(&WHOLE.replace("\"generated/*\"", "generated/figures"));
    let surroundings =
        Surroundings { generated_detection: vec!["generated/figures".to_owned()], ..Surroundings::default() };
    let error = expand(&suite, &Surroundings { generated: vec![], ..surroundings }).unwrap_err();
    assert!(error.contains("transfer to `generated/figures` is not possible"), "{error}");
    // Into a detector it is, but not with a linear classifier.
    let detector = WHOLE
        .replace("tasks: [\"generated/*\"]", "tasks: [generated/figures]\n  network: {name: ssd-small}")
        .replace("  linear: {recipe: head, length: 100it}\n", "");
    let plan = plan(&read(&detector));
    let into: Vec<&TransferSpec> = plan
        .nodes
        .iter()
        .filter_map(|node| match &node.spec {
            StageSpec::Transfer(spec) => Some(spec),
            _ => None,
        })
        .collect();
    assert!(!into.is_empty() && count(&plan, "extract") == 0);
    for spec in into {
        let names = (spec.network.name.as_str(), spec.from.as_ref().map(|from| from.name.as_str()));
        assert_eq!(names, ("ssd-small", Some("resnet8")));
    }
    let linear = detector.replace("  full:", "  linear: {recipe: head, length: 100it}\n  full:");
    let surroundings =
        Surroundings { generated_detection: vec!["generated/figures".to_owned()], ..Surroundings::default() };
    let error = expand(&read(&linear), &surroundings).unwrap_err();
    assert!(error.contains("linear transfer to `generated/figures` is not possible"), "{error}");
}

#[test]
fn entries_of_one_label_must_be_one_method_at_different_keeps() {
    for (from, to, expected) in [
        ("keeps: [0.3]}", "keeps: [0.3, 0.7]}", "`l1` is used twice"),
        (
            "org.secateur.channel-l1, keeps: [0.3]",
            "org.secateur.channel-l2, keeps: [0.3]",
            "`l1` is used twice",
        ),
        ("replicates: 1}", "replicates: 4}", "must be from 1 to the suite's 3"),
        ("label: lcp", "label: dense-trained", "`dense-trained` is that of a control"),
    ] {
        assert!(BOXES.contains(from), "{from}");
        let error =
            secateur_suite::read_suite("suite.yaml", &BOXES.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
    let both = format!("{WHOLE}score_on: validation\n");
    let error = secateur_suite::read_suite("suite.yaml", &both).unwrap_err().to_string();
    assert!(error.contains("score_on") && error.contains("transfer"), "{error}");
}

#[test]
fn who_begins_from_initialization_has_the_upstreams_training_beside_the_allowance_and_no_trained_weights() {
    // The checkpoint was trained with 300 steps of 100 pictures.
    let text = WHOLE
        .replace("checkpoint: somewhere", "checkpoint: somewhere\n  trained: {recipe: long, length: 300it}")
        .replace("recipes:\n", "recipes:\n  long: {batch: 100, lr: 0.1}\n")
        .replace("label: magnitude,", "label: magnitude, start: init, tracks: [equal],");
    let suite = read(&text);
    assert_eq!(suite.dense_training(&suite.upstream, false), Some(("long", 30_000)));
    assert_eq!(
        (suite.init_samples("magnitude", "equal", false), suite.init_samples("ticket", "equal", false)),
        (30_000, 0)
    );
    let plan = plan(&suite);
    let mut seen = BTreeSet::new();
    for trial in plan.trials.iter().filter(|trial| trial.entry.is_some()) {
        let begins = trial.method == "magnitude";
        let prune = &plan.nodes[trial.prune.unwrap()];
        let StageSpec::Prune(spec) = &prune.spec else { panic!("{}", prune.label) };
        let StageSpec::Recover(recover) = &plan.nodes[trial.recover.unwrap()].spec else {
            panic!("{}", trial.method)
        };
        let given = if begins { 6_400 + 30_000 } else { 6_400 };
        assert_eq!((spec.allowance.steps(1, 0), recover.samples), (given, given), "{}", trial.method);
        // Both stages train with the recipe of what they are given.
        let batch = if begins { 100 } else { suite.recipes["recover"].batch };
        assert_eq!(spec.recipe.as_ref().unwrap().batch, batch);
        assert_eq!(recover.recipe.as_ref().unwrap().batch, batch);
        let upstream: Vec<&str> = prune
            .inputs
            .iter()
            .filter(|(_, source)| matches!(source, InputSource::Upstream(_)))
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(upstream, if begins { vec!["init"] } else { vec!["end", "init"] });
        seen.insert(begins);
    }
    assert_eq!(seen.len(), 2);

    // Five times as much of both.
    let stretched = read(&text.replace("start: init,", "start: init, stretch: 5,"));
    assert_eq!((stretched.stretch("magnitude"), stretched.stretch("ticket")), (5, 1));
    for entry in &stretched.methods {
        let equal = stretched.tracks.iter().find(|track| track.name == "equal").unwrap();
        let given = if entry.label == "magnitude" { 5 * (6_400 + 30_000) } else { 6_400 };
        assert_eq!(stretched.given(entry, equal, false).0, given, "{}", entry.label);
    }
    let none = text.replace("start: init,", "start: init, stretch: 0,");
    let error = secateur_suite::read_suite("suite.yaml", &none).unwrap_err().to_string();
    assert!(error.contains("stretch") && error.contains("at least 1"), "{error}");

    // Without a kept initialization it is given no weights at all, and draws those of its replicate.
    let surroundings = Surroundings { upstream: vec!["end".to_owned()], ..Surroundings::default() };
    let drawn = expand(&read(&text.replace("generated/*", "generated/upstream")), &surroundings).unwrap();
    let begins = drawn.trials.iter().filter(|trial| trial.method == "magnitude" && trial.track == "equal");
    let seeds = begins.map(|trial| {
        let prune = &drawn.nodes[trial.prune.unwrap()];
        assert_eq!(prune.inputs.keys().collect::<Vec<_>>(), ["plugin", "trainval"], "{}", prune.label);
        let StageSpec::Prune(spec) = &prune.spec else { panic!("{}", prune.label) };
        (trial.replicate, spec.seed)
    });
    let seeds: BTreeMap<u32, u64> = seeds.collect();
    assert!(seeds.len() == 2 && seeds[&0] != seeds[&1], "{seeds:?}");
}

/// The whole suite with three of its tasks pruned directly.
fn directly() -> String {
    format!(
        "{WHOLE}direct: {{tasks: [generated/t0, generated/t1, generated/t2], recipe: head, length: 50it, keep_steps: [5], keeps: \
         [0.1]}}\n"
    )
}

#[test]
fn features_are_extracted_once_for_all_classifiers_on_them() {
    // Replicates of the untouched network are transferred with other seeds, but have the same features.
    let plan = plan(&read(WHOLE));
    let mut identities: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for trial in plan.trials.iter().filter(|trial| trial.method == "dense-as-is" && trial.track == "equal") {
        for score in trial.scores.iter().filter(|score| score.regime == "linear") {
            for (kind, node) in [("extract", score.features.unwrap()), ("transfer", score.node)] {
                let identity = Identity::of(&plan.nodes[node].spec, &environment(), &BTreeMap::new());
                identities.entry(kind).or_default().insert(identity.to_string());
            }
        }
    }
    assert_eq!((identities["extract"].len(), identities["transfer"].len()), (1, 12 * 2));
    // From scratch there are no weights, so that each replicate draws an initialization, and has features, of its own.
    let scratch =
        self::plan(&read(&WHOLE.replace("keeps: [0.1, 0.2]", "controls: [scratch]\nkeeps: [0.1, 0.2]")));
    let specs: Vec<&StageSpec> = scratch.nodes.iter().map(|node| &node.spec).collect();
    let seeds = specs.iter().filter_map(|spec| match spec {
        StageSpec::Extract(spec) => spec.seed,
        _ => None,
    });
    assert_eq!(seeds.collect::<BTreeSet<u64>>().len(), 12 * 2);
}

#[test]
fn a_task_that_is_pruned_directly_has_its_own_dense_network_and_controls() {
    let suite = read(&directly());
    let plan = plan(&suite);
    let own: Vec<_> = plan.trials.iter().filter(|trial| trial.task.is_some()).collect();
    // On three tasks in two replicates: two controls and magnitude at one keep in each of two tracks, the ticket in one.
    assert_eq!(own.len(), 3 * 2 * (2 * (2 + 1) + 1));
    // A dense network for each task and replicate, whatever the tracks; it begins at the upstream network.
    assert_eq!(count(&plan, "train"), 3 * 2);
    for node in plan.nodes.iter().filter(|node| node.spec.kind() == "train") {
        assert_eq!(node.inputs["backbone"], InputSource::Upstream("end".to_owned()));
    }
    for trial in own {
        let task = trial.task.as_deref().unwrap();
        let [score] = trial.scores.as_slice() else { panic!("{}", trial.method) };
        assert_eq!((score.protocol, score.task.as_str(), score.regime), ("direct", task, "none"));
        let Some(prune) = trial.prune else { continue };
        assert_eq!(trial.keep, 0.1);
        let prune = &plan.nodes[prune];
        let StageSpec::Prune(spec) = &prune.spec else { panic!("{}", prune.label) };
        // The track's pictures with the recipe of the direct protocol, which is another one than the track's.
        assert_eq!(spec.recipe, (trial.track == "equal").then(|| suite.recipes["head"].clone()));
        assert_eq!(spec.keeps, [0.1]);
        let names: Vec<&str> = prune.inputs.keys().map(String::as_str).collect();
        assert_eq!(names, ["end", "init", "plugin", "step-5", "trainval"]);
        let InputSource::Output { node, .. } = &prune.inputs["trainval"] else { panic!("{}", prune.label) };
        assert_eq!(plan.nodes[*node].label, format!("prepare {task}"));
    }
}

#[test]
fn without_anything_to_score_upstream_only_the_tasks_are_pruned() {
    let text = directly();
    let (head, _) = text.split_once("transfer:\n").unwrap();
    let direct = text.lines().last().unwrap();
    let alone = plan(&read(&format!("{head}evaluate: false\n{direct}\n")));
    assert!(alone.trials.iter().all(|trial| trial.task.is_some()));
    // A suite without any score is a suite still: its networks are verified.
    let unscored = plan(&read(&format!("{head}evaluate: false\n")));
    assert!(!unscored.trials.is_empty() && unscored.trials.iter().all(|trial| trial.verify.is_some()));
    // Beside pruning on tasks, the upstream task's own scores are not a direct result among others.
    let beside = plan(&read(&format!("{head}{direct}\n")));
    let upstream = beside.trials.iter().filter(|trial| trial.task.is_none());
    let protocols: BTreeSet<&str> =
        upstream.flat_map(|trial| &trial.scores).map(|score| score.protocol).collect();
    assert_eq!(protocols, BTreeSet::from(["upstream"]));
}

#[test]
fn on_a_task_who_begins_from_initialization_has_that_task_s_training() {
    let text = directly()
        .replace("checkpoint: somewhere", "checkpoint: somewhere\n  trained: {recipe: long, length: 300it}")
        .replace("recipes:\n", "recipes:\n  long: {batch: 100, lr: 0.1}\n")
        .replace("label: magnitude,", "label: magnitude, start: init, tracks: [equal],");
    let suite = read(&text);
    let plan = plan(&suite);
    let mut allowances: BTreeMap<bool, BTreeSet<u64>> = BTreeMap::new();
    for trial in plan.trials.iter().filter(|trial| trial.method == "magnitude") {
        let StageSpec::Prune(spec) = &plan.nodes[trial.prune.unwrap()].spec else { panic!() };
        allowances.entry(trial.task.is_some()).or_default().insert(spec.allowance.steps(1, 0));
    }
    // 300 steps of 100 pictures upstream; 50 steps of 64 on a task.
    assert_eq!(allowances[&false], BTreeSet::from([6_400 + 30_000]));
    assert_eq!(allowances[&true], BTreeSet::from([6_400 + 3_200]));
}

/// A night has a replicate that no other night has, and is else the suite.
#[test]
fn a_rotating_replicate_is_one_more_of_every_method() {
    let suite = read(WHOLE);
    let surroundings = |rotating| Surroundings {
        generated: (0..12).map(|index| format!("generated/t{index}")).collect(),
        upstream: vec!["end".to_owned(), "init".to_owned()],
        rotating,
        ..Surroundings::default()
    };
    let plain = expand(&suite, &surroundings(None)).unwrap();
    let night = expand(&suite, &surroundings(Some(suite.replicates + 6))).unwrap();
    let fixed: Vec<_> = night
        .trials
        .iter()
        .filter(|trial| trial.replicate < suite.replicates)
        .map(|trial| (&trial.method, trial.replicate))
        .collect();
    let own: Vec<_> = plain.trials.iter().map(|trial| (&trial.method, trial.replicate)).collect();
    assert_eq!(fixed, own);
    let labels = |plan: &Plan, wanted: &dyn Fn(u32) -> bool| -> BTreeSet<String> {
        plan.trials.iter().filter(|trial| wanted(trial.replicate)).map(|trial| trial.method.clone()).collect()
    };
    assert_eq!(labels(&night, &|replicate| replicate == suite.replicates + 6), labels(&plain, &|_| true));
    // One that the suite has already is not run twice.
    assert_eq!(expand(&suite, &surroundings(Some(0))).unwrap().trials.len(), plain.trials.len());
}
