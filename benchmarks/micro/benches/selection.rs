//! Selection of weights by score.

use criterion::{Criterion, criterion_group, criterion_main};
use secateur_engine::{Scope, select_top};
use secateur_network::{ParamRole, zoo};

/// Scores without a pattern, always the same; a tenth of them are tied at zero, as pruned weights are.
fn scores(shapes: &[Vec<i64>]) -> Vec<Vec<f32>> {
    let mut state = 1_u64;
    shapes
        .iter()
        .map(|shape| {
            (0..shape.iter().product::<i64>())
                .map(|_| {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let value = (state >> 40) as f32 / (1 << 24) as f32;
                    if value < 0.1 { 0.0 } else { value }
                })
                .collect()
        })
        .collect()
}

/// The convolutions of ResNet-50, 23.5 million weights. One thread; there is nothing to compare with, but a method that
/// prunes a hundred times an hour should not notice it.
fn selection(criterion: &mut Criterion) {
    let network = zoo::build("resnet50", &zoo::Options::default()).expect("the zoo has it");
    let shapes: Vec<Vec<i64>> = network
        .params()
        .iter()
        .filter(|spec| spec.role == ParamRole::ConvWeight)
        .map(|spec| spec.shape.iter().map(|size| *size as i64).collect())
        .collect();
    let scores = scores(&shapes);
    let scores: Vec<&[f32]> = scores.iter().map(Vec::as_slice).collect();
    let shapes: Vec<&[i64]> = shapes.iter().map(Vec::as_slice).collect();
    let total: usize = scores.iter().map(|scores| scores.len()).sum();
    let mut group = criterion.benchmark_group("selection/resnet50");
    group.sample_size(10);
    for (name, scope) in [("global", Scope::Global), ("uniform", Scope::Uniform), ("erk", Scope::Erk)] {
        for keep in [0.1, 0.5] {
            let count = (total as f64 * keep).round() as u64;
            group.bench_function(format!("{name}/{keep}"), |bencher| {
                bencher.iter(|| select_top(&scores, &shapes, scope, count).expect("the scores are numbers"));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, selection);
criterion_main!(benches);
