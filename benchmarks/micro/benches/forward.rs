//! A forward pass: graph against hand-written network.

use criterion::{Criterion, criterion_group, criterion_main};
use secateur_engine::Layout;
use secateur_micro::{GraphTraining, HandTraining, Setting, keep_memory, layout_name};

/// Fair: both run the same operations of libtorch on the same shapes in evaluation mode without gradients, and both
/// bring the batch into the layout. What differs is the walk over the graph. One thread, because two share what the
/// machine leaves them.
fn forward(criterion: &mut Criterion) {
    keep_memory();
    tch::set_num_threads(1);
    let mut group = criterion.benchmark_group("forward/resnet20-batch32");
    group.sample_size(20);
    for layout in [Layout::Contiguous, Layout::ChannelsLast] {
        let setting = Setting { network: "resnet20", batch: 32, layout, device: tch::Device::Cpu };
        let hand = HandTraining::new(setting);
        group.bench_function(format!("hand/{}", layout_name(layout)), |bencher| {
            bencher.iter(|| hand.evaluate())
        });
        let graph = GraphTraining::new(setting).expect("the zoo has it");
        group.bench_function(format!("graph/{}", layout_name(layout)), |bencher| {
            bencher.iter(|| graph.evaluate().expect("libtorch computes"));
        });
    }
    group.finish();
}

criterion_group!(benches, forward);
criterion_main!(benches);
