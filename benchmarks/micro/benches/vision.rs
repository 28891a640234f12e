//! What a detector does beside its layers.

use criterion::{Criterion, criterion_group, criterion_main};
use secateur_micro::{Matching, Pooling, Suppression, keep_memory};

/// Forward and backward on the maps that SSD300's heads read of ResNet-50, one thread. `pytorch/vision.py`
/// does the same with torchvision; see the README for how to compare.
fn pooling(criterion: &mut Criterion) {
    keep_memory();
    tch::set_num_threads(1);
    let mut group = criterion.benchmark_group("vision/roi-align-300");
    group.sample_size(20);
    for (channels, cells) in [(64, 38), (1024, 38), (512, 19), (512, 10)] {
        let pooling = Pooling::new(channels, cells);
        group.bench_function(format!("plain/{channels}x{cells}x{cells}"), |bencher| {
            bencher.iter(|| pooling.plain().expect("libtorch computes"));
        });
        group.bench_function(format!("contextual/{channels}x{cells}x{cells}"), |bencher| {
            bencher.iter(|| pooling.contextual().expect("libtorch computes"));
        });
    }
    group.finish();
}

/// Per picture. An evaluation on COCO does it 5000 times.
fn suppression(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("vision/nms-80-classes");
    group.sample_size(20);
    for per_class in [200, 400] {
        let suppression = Suppression::new(per_class);
        group.bench_function(format!("{per_class}"), |bencher| {
            bencher.iter(|| suppression.run().expect("the scores are numbers"));
        });
    }
    group.finish();
}

/// Per training step, one thread.
fn matching(criterion: &mut Criterion) {
    keep_memory();
    tch::set_num_threads(1);
    let matching = Matching::new().expect("libtorch computes");
    let mut group = criterion.benchmark_group("vision/match-ssd300");
    group.sample_size(20);
    group.bench_function("32-pictures", |bencher| {
        bencher.iter(|| matching.run().expect("libtorch computes"));
    });
    group.finish();
}

criterion_group!(benches, pooling, suppression, matching);
criterion_main!(benches);
