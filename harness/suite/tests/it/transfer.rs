//! How networks are adapted to other tasks: what of it reaches which stage.

use std::collections::{BTreeMap, BTreeSet};

use secateur_suite::{
    ExtractSpec, Interpolation, Normalize, Plan, RegimeKind, Select, StageSpec, Surroundings, TransferSpec,
    expand,
};

use crate::{WHOLE, read};

/// Two official tasks whose pictures are decoded whenever they are seen.
fn official() -> String {
    WHOLE.replace("tasks: [\"generated/*\"]", "tasks: [pets, cars]").replace(
        "prunable:",
        "tasks:\n  pets: {format: official, path: pets, packed: files, side: 224, official: {set: pets, held_out: true}}\n  cars: \
         {format: official, path: cars, packed: files, side: 224, interpolation: bicubic, official: {set: cars, held_out: \
         true}}\nprunable:",
    )
}

fn plan(text: &str) -> Plan {
    let surroundings = Surroundings {
        generated: vec!["generated/digits".to_owned()],
        generated_detection: vec!["generated/figures".to_owned()],
        upstream: vec!["end".to_owned(), "init".to_owned()],
        ..Surroundings::default()
    };
    expand(&read(text), &surroundings).unwrap()
}

fn extracts(plan: &Plan) -> Vec<&ExtractSpec> {
    let specs = plan.nodes.iter().filter_map(|node| match &node.spec {
        StageSpec::Extract(spec) => Some(spec),
        _ => None,
    });
    specs.collect()
}

fn transfers(plan: &Plan, regime: RegimeKind) -> Vec<&TransferSpec> {
    let specs = plan.nodes.iter().filter_map(|node| match &node.spec {
        StageSpec::Transfer(spec) => Some(spec),
        _ => None,
    });
    specs.filter(|spec| spec.regime == regime).collect()
}

/// The keys of a specification as it is hashed.
fn keys(spec: &impl serde::Serialize) -> BTreeSet<String> {
    match serde_json::to_value(spec).unwrap() {
        serde_json::Value::Object(map) => map.keys().cloned().collect(),
        other => panic!("{other}"),
    }
}

#[test]
fn what_a_suite_does_not_say_changes_no_specification() {
    let plan = plan(&WHOLE.replace("generated/*", "generated/digits"));
    let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
    assert!(!extracts(&plan).is_empty());
    for spec in extracts(&plan) {
        assert_eq!(keys(spec), of(&["network"]));
    }
    for regime in [RegimeKind::Linear, RegimeKind::Full] {
        assert!(!transfers(&plan, regime).is_empty());
        for spec in transfers(&plan, regime) {
            assert_eq!(keys(spec), of(&["network", "regime", "recipe", "length", "seed"]));
        }
    }
}

#[test]
fn a_regime_s_normalization_reaches_the_stages_that_see_its_pictures() {
    let text = official().replace(
        "linear: {recipe: head,",
        "linear: {normalize: {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}, recipe: head,",
    );
    let plan = plan(&text);
    let imagenet = Some(Normalize { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] });
    assert!(extracts(&plan).iter().all(|spec| spec.normalize == imagenet));
    // The classifier sees features, and full fine-tuning has the tasks' own statistics.
    for regime in [RegimeKind::Linear, RegimeKind::Full] {
        assert!(transfers(&plan, regime).iter().all(|spec| spec.normalize.is_none()));
    }
    let both = text.replace(
        "full: {recipe: recover,",
        "full: {normalize: {mean: [0, 0, 0], std: [1, 1, 1]}, recipe: recover,",
    );
    let plan = self::plan(&both);
    let plain = Some(Normalize { mean: [0.0; 3], std: [1.0; 3] });
    assert!(transfers(&plan, RegimeKind::Full).iter().all(|spec| spec.normalize == plain));
    assert!(extracts(&plan).iter().all(|spec| spec.normalize == imagenet));
}

#[test]
fn a_method_s_interpolation_is_for_its_networks_and_for_tasks_that_have_another() {
    let plan = plan(&official().replace("label: magnitude,", "label: magnitude, interpolation: bicubic,"));
    let mut seen: BTreeMap<(bool, &str, &str), BTreeSet<bool>> = BTreeMap::new();
    for trial in &plan.trials {
        for score in &trial.scores {
            if score.regime == "none" {
                continue;
            }
            let node = score.features.unwrap_or(score.node);
            let interpolation = match &plan.nodes[node].spec {
                StageSpec::Extract(spec) => spec.interpolation,
                StageSpec::Transfer(spec) => spec.interpolation,
                other => panic!("{other:?}"),
            };
            let key = (trial.method == "magnitude", score.task.as_str(), score.regime);
            seen.entry(key).or_default().insert(interpolation == Some(Interpolation::Bicubic));
        }
    }
    assert_eq!(seen.len(), 2 * 2 * 2);
    for ((is_magnitude, task, regime), bicubic) in seen {
        // The pictures of cars are resized so for everyone.
        assert_eq!(bicubic, BTreeSet::from([is_magnitude && task == "pets"]), "{task} {regime}");
    }
}

#[test]
fn a_regime_selects_a_network_and_may_have_fewer_replicates() {
    let text = official().replace(
        "full: {recipe: recover,",
        "full: {select: best-validation, replicates: 1, recipe: recover,",
    );
    let plan = plan(&text);
    assert!(transfers(&plan, RegimeKind::Full).iter().all(|spec| spec.select == Select::BestValidation));
    assert!(transfers(&plan, RegimeKind::Linear).iter().all(|spec| spec.select == Select::Last));
    let replicates = |regime: &str| -> BTreeSet<u32> {
        let scored =
            plan.trials.iter().filter(|trial| trial.scores.iter().any(|score| score.regime == regime));
        scored.map(|trial| trial.replicate).collect()
    };
    assert_eq!((replicates("linear"), replicates("full")), (BTreeSet::from([0, 1]), BTreeSet::from([0])));
}

#[test]
fn transfer_that_makes_no_sense_is_refused_with_its_place() {
    let official = official();
    let published = official.replace(", held_out: true", "");
    let bicubic = official.replace("label: magnitude,", "label: magnitude, interpolation: bicubic,");
    for (text, from, to, expected) in [
        (
            &official,
            "full: {",
            "full: {normalize: {mean: [0, 0, 0], std: [1, 0, 1]}, ",
            "transfer.full.normalize: std must be",
        ),
        (&official, "full: {", "full: {normalize: {mean: [0, 0], std: [1, 1, 1]}, ", "array of length 3"),
        (
            &official,
            "full: {",
            "full: {replicates: 3, ",
            "transfer.full.replicates: must be from 1 to the suite's 2",
        ),
        (&official, "full: {", "full: {select: best, ", "unknown variant `best`"),
        (
            &published,
            "full: {",
            "full: {select: best-validation, ",
            "transfer.full.select: is `best-validation`, but task `pets` has no validation split; write `held_out: true`",
        ),
        (
            &bicubic,
            "packed: files, side: 224, interpolation",
            "side: 224, interpolation",
            "methods[0].interpolation: is for tasks with `packed: files`, which `cars` of `transfer.tasks` is not",
        ),
        (
            &official,
            "path: pets, packed: files, side: 224",
            "path: pets, packed: files",
            "tasks.pets.side: is needed",
        ),
        (
            &official,
            "path: pets, packed: files,",
            "path: pets, resize: 256,",
            "tasks.pets.resize: is for tasks with",
        ),
        (
            &official,
            "path: pets, packed: files,",
            "path: pets, packed: files, resize: 200,",
            "200 is below `side`, 224",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let error =
            secateur_suite::read_suite("suite.yaml", &text.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
    let sampled =
        official.replace("set: pets, held_out: true", "set: pets, sample: {train: 800, validation: 200}");
    crate::read(&sampled.replace("full: {", "full: {select: best-validation, "));
    for (from, to, expected) in [
        (
            "validation: 200}",
            "validation: 200}, held_out: true",
            "tasks.pets.official.held_out: stands beside `sample`",
        ),
        ("train: 800", "train: 0", "tasks.pets.official.sample: leaves nothing"),
    ] {
        let error =
            secateur_suite::read_suite("suite.yaml", &sampled.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
    // Generated pictures are pixels already, and one label is one method.
    let generated = WHOLE.replace("label: magnitude,", "label: magnitude, interpolation: bicubic,");
    let error = secateur_suite::read_suite("suite.yaml", &generated).unwrap_err().to_string();
    assert!(error.contains("`generated/*` of `transfer.tasks` is not"), "{error}");
}

#[test]
fn objects_in_boxes_have_no_normalization_of_a_regime() {
    let text = WHOLE
        .replace("tasks: [\"generated/*\"]", "tasks: [generated/figures]\n  network: {name: ssd-small}")
        .replace("  linear: {recipe: head, length: 100it}\n", "")
        .replace("full: {", "full: {normalize: {mean: [0, 0, 0], std: [1, 1, 1]}, ");
    let surroundings =
        Surroundings { generated_detection: vec!["generated/figures".to_owned()], ..Surroundings::default() };
    let error = expand(&read(&text), &surroundings).unwrap_err();
    assert!(
        error.contains("transfer.full.normalize") && error.contains("`generated/figures` have boxes"),
        "{error}"
    );
}

#[test]
fn classifiers_on_features_have_plain_steps() {
    let lars = WHOLE.replace("  head: {", "  head: {optimizer: lars, ");
    assert_ne!(lars, WHOLE);
    let error = secateur_suite::read_suite("suite.yaml", &lars).unwrap_err().to_string();
    assert!(error.contains("transfer.linear.recipe: `head` has `optimizer: lars`"), "{error}");
}
