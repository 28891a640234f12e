//! What a training step of a detector is made of: views, forward pass, loss, and the rest; and post-processing.
//!
//! The parts are timed one after the other on one batch, so that a profile of a step can be read off without a profiler.
#![expect(clippy::expect_used, reason = "a bench that cannot start should say so and stop")]

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use secateur_data::generated;
use secateur_engine::detection::{DetectionRules, Detections, SceneSet};
use secateur_engine::{
    Augmentation, Draw, Examples, Layout, Model, NoHooks, Options, Pass, Position, Sgd, Streams, Trainer,
};
use secateur_micro::keep_memory;
use secateur_network::zoo;
use secateur_suite::Recipe;
use tch::{Device, Tensor};

const SIDE: usize = 160;
const BATCH: usize = 16;

fn detection(criterion: &mut Criterion) {
    keep_memory();
    tch::set_num_threads(1);
    let task = generated::generate_detection_sized("generated/figures", 1, SIDE).expect("the task exists");
    let options = zoo::Options {
        classes: Some(task.info.classes.len()),
        input: Some([3, SIDE, SIDE]),
        ..zoo::Options::default()
    };
    let network = Arc::new(zoo::build("ssd-small", &options).expect("the zoo has it"));
    let set = SceneSet::new(&task.validation, &task.info, &network, Device::Cpu).expect("it fits");
    let how = Options { layout: Layout::ChannelsLast, ..Options::default() };
    let model = Model::new(network, how, &Streams::new(0)).expect("libtorch computes");
    let recipe =
        Recipe { crop: true, expand: 2.0, flip: true, photometric: true, ..Recipe::new(BATCH as u32, 1e-3) };
    let indices: Vec<i64> = (0..BATCH as i64).collect();
    let draw = Draw {
        indices: &indices,
        augmentation: Augmentation::of(&recipe),
        streams: Streams::new(1),
        batch: 0,
    };
    let (input, target) = set.draw(&draw).expect("libtorch computes");
    let output = model.forward(&input, &Pass::default()).expect("libtorch computes").detach();

    let mut group = criterion.benchmark_group("detection/ssd-small-batch16");
    group.sample_size(10);
    group.bench_function("views", |bencher| bencher.iter(|| set.draw(&draw).expect("libtorch computes")));
    group.bench_function("forward", |bencher| {
        let _guard = tch::no_grad_guard();
        bencher.iter(|| model.forward(&input, &Pass::default()).expect("libtorch computes"));
    });
    group.bench_function("loss and its gradient", |bencher| {
        bencher.iter(|| {
            let leaf = output.copy().set_requires_grad(true);
            let loss = set.loss(&leaf, &target, 0.0).expect("libtorch computes");
            Tensor::run_backward(&[&loss], &[&leaf], false, false)
        });
    });
    group.bench_function("post-processing", |bencher| {
        let _guard = tch::no_grad_guard();
        bencher.iter(|| {
            let mut found = Detections::default();
            found.add(&set, &output, 0, &DetectionRules::default()).expect("libtorch computes");
            found
        });
    });
    let sgd = Sgd::new(&recipe, model.params().len());
    let trainer = Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(2) };
    let mut batch = 0;
    group.bench_function("training step", |bencher| {
        bencher.iter(|| {
            let at = Position { batch, ..Position::start(1_000_000) };
            batch += 1;
            trainer.train(at, 1, &[], &mut NoHooks).expect("libtorch computes")
        });
    });
    group.finish();
}

criterion_group!(benches, detection);
criterion_main!(benches);
