//! A training step: graph against hand-written network.
//!
//! One bench follows the other, so that on a shared machine small differences are noise. `pytorch/interleave.py` runs
//! both, and PyTorch, in turns; use it for claims of a few percent.

use criterion::{Criterion, criterion_group, criterion_main};
use secateur_engine::Layout;
use secateur_micro::{GraphTraining, HandTraining, Setting, keep_memory, layout_name};

/// Fair: forward, cross-entropy, backward and an SGD step with momentum and decay on one batch, by the same operations
/// of libtorch. The hand-written side has libtorch's own optimizer in C++, the graph has the engine's, which can also
/// mask, reset and save; neither draws its batches.
fn training_step(criterion: &mut Criterion) {
    keep_memory();
    tch::set_num_threads(2);
    let mut group = criterion.benchmark_group("training_step/resnet20-batch128");
    group.sample_size(10);
    for layout in [Layout::Contiguous, Layout::ChannelsLast] {
        let setting = Setting { network: "resnet20", batch: 128, layout, device: tch::Device::Cpu };
        let mut hand = HandTraining::new(setting);
        group.bench_function(format!("hand/{}", layout_name(layout)), |bencher| bencher.iter(|| hand.step()));
        let mut graph = GraphTraining::new(setting).expect("the zoo has it");
        group.bench_function(format!("graph/{}", layout_name(layout)), |bencher| {
            bencher.iter(|| graph.step().expect("libtorch computes"));
        });
    }
    group.finish();
}

criterion_group!(benches, training_step);
criterion_main!(benches);
