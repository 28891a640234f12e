//! Channel pruning of ResNet-50: finding the groups, and a whole step of scores, selection and surgery.

use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use secateur_engine::{Model, Options, Streams};
use secateur_micro::{filter_norms, keep_memory};
use secateur_network::channels::{Budget, Rules, Tally, UnitScope, select_units};
use secateur_network::zoo;

/// Required: under 1 ms for the groups, under 50 ms for the whole step at half of the channels. Torch-Pruning 1.6.1 was
/// seen to take about 120 and 370 ms on such a machine.
fn channels(criterion: &mut Criterion) {
    keep_memory();
    tch::set_num_threads(2);
    let network = Arc::new(zoo::build("resnet50", &zoo::Options::default()).expect("the zoo has it"));
    let model = Model::new(network.clone(), Options::default(), &Streams::new(0)).expect("there is memory");
    let mut group = criterion.benchmark_group("channels/resnet50");
    group.bench_function("groups", |bencher| bencher.iter(|| network.channel_groups()));
    group.sample_size(20);
    group.bench_function("step", |bencher| {
        bencher.iter_batched(
            || (),
            |()| {
                let groups = network.channel_groups();
                let scores = filter_norms(&model, &groups).expect("libtorch computes");
                let eligible: Vec<bool> =
                    groups.all().iter().map(|group| group.protection.is_none()).collect();
                let dense = Tally::new(&network, &groups, &eligible, Budget::Channels).total();
                let rules = Rules {
                    budget: Budget::Channels,
                    target: dense / 2,
                    eligible: &eligible,
                    min_keep: 1,
                    align: 1,
                };
                let half = select_units(&network, &groups, &scores, UnitScope::Uniform, &rules)
                    .expect("half can be reached");
                let surgery = network.surgery(&groups, &half.kept).expect("a network remains");
                model.compacted(&surgery).expect("libtorch computes")
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, channels);
criterion_main!(benches);
