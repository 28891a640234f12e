//! Planning of a large suite.

use std::collections::BTreeMap;
use std::fmt::Write;

use criterion::{Criterion, criterion_group, criterion_main};
use secateur_suite::{Environment, Identity, InputSource, Plan, Suite, Surroundings, expand, read_suite};

/// A suite of 20 methods at 8 keeps in 2 replicates, scored on 12 tasks in 2 regimes: about 9,000 stages.
fn suite_text() -> String {
    let mut text = String::from(
        "name: large\n\
         seed: 1\n\
         replicates: 2\n\
         network: { name: resnet20 }\n\
         upstream: { task: generated/upstream, train: { recipe: long, length: 30ep, keep_steps: [500] } }\n\
         prunable: { name: without-head }\n\
         recipes:\n  \
           long: { batch: 128, lr: 0.1, weight_decay: 0.0005, shift: 4, flip: true }\n  \
           short: { batch: 64, lr: 0.01 }\n\
         keeps: [0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01]\n\
         tracks: [{ name: short, allowance: 100000ex, recipe: short, recalibrate: 1000 }]\n\
         measure: true\n\
         transfer:\n  \
           tasks: [generated/*]\n  \
           linear: { recipe: short, length: 500it }\n  \
           full: { recipe: short, length: 1000it }\n\
         methods:\n",
    );
    for index in 0..20 {
        let _ = writeln!(
            text,
            "  - {{ label: method-{index:02}, method: org.example.method-{index}, params: {{ strength: 0.{index} }} }}"
        );
    }
    text
}

fn surroundings() -> Surroundings {
    Surroundings {
        generated: (0..12).map(|task| format!("generated/task-{task}")).collect(),
        generator_version: 1,
        upstream: Vec::new(),
        loader_version: 1,
        ..Surroundings::default()
    }
}

/// Identities of all stages, as if each had left its own identity as its output. A real run hashes file contents, but
/// once, when they are made.
fn identities(plan: &Plan, environment: &Environment) -> Vec<Identity> {
    let mut identities: Vec<Identity> = Vec::with_capacity(plan.nodes.len());
    for node in &plan.nodes {
        let digest = |source: &InputSource| match source {
            InputSource::Output { node, output } => format!("{}/{output}", identities[*node]),
            InputSource::Pretraining { pretraining, file } => format!("{pretraining}/{file}"),
            InputSource::Upstream(name)
            | InputSource::Data(name)
            | InputSource::Plugin(name)
            | InputSource::File(name)
            | InputSource::Interpreter(name) => name.clone(),
        };
        let inputs: BTreeMap<String, String> =
            node.inputs.iter().map(|(name, source)| (name.clone(), digest(source))).collect();
        identities.push(Identity::of(&node.spec, environment, &inputs));
    }
    identities
}

fn read(text: &str) -> Suite {
    match read_suite("large.yaml", text) {
        Ok(suite) => suite,
        Err(error) => panic!("the suite of this bench is wrong: {error}"),
    }
}

/// Nothing to compare with. `secateur plan` and every resumed run wait for this, so it should stay unnoticed: well
/// under a second for ten thousand stages.
fn planning(criterion: &mut Criterion) {
    let text = suite_text();
    let (suite, surroundings) = (read(&text), surroundings());
    let plan = expand(&suite, &surroundings).expect("all tasks are there");
    assert!((8_000..12_000).contains(&plan.nodes.len()), "{} stages", plan.nodes.len());
    let environment = Environment {
        threads: 1,
        device_class: "cpu".to_owned(),
        precision: "f32".to_owned(),
        layout: "contiguous".to_owned(),
        libtorch: "2.11.0".to_owned(),
    };
    let mut group = criterion.benchmark_group(format!("planning/{}-stages", plan.nodes.len()));
    group.sample_size(10);
    group.bench_function("read", |bencher| bencher.iter(|| read(&text)));
    group.bench_function("expand", |bencher| bencher.iter(|| expand(&suite, &surroundings)));
    group.bench_function("identities", |bencher| bencher.iter(|| identities(&plan, &environment)));
    group.finish();
}

criterion_group!(benches, planning);
criterion_main!(benches);
