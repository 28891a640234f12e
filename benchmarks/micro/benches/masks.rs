//! Masks on weights as large as ResNet-50's.

use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use secateur_engine::{Model, Options, Streams};
use secateur_micro::keep_memory;
use secateur_network::{ParamId, ParamRole, zoo};
use tch::{Kind, Tensor};

/// The time per weight is what counts; there is nothing to compare with. Applying is bound by memory: 23.5 million
/// weights and as many mask values are 188 MB to read and 94 MB to write.
fn masks(criterion: &mut Criterion) {
    keep_memory();
    tch::set_num_threads(1);
    let network = Arc::new(zoo::build("resnet50", &zoo::Options::default()).expect("the zoo has it"));
    let model = Model::new(network.clone(), Options::default(), &Streams::new(0)).expect("there is memory");
    let convolutions: Vec<ParamId> = network
        .params()
        .iter()
        .filter(|spec| spec.role == ParamRole::ConvWeight)
        .map(|spec| spec.id)
        .collect();
    let masks: Vec<(ParamId, Tensor)> = convolutions
        .iter()
        .map(|id| {
            // Of the same values every time; half of the weights stay, those of positive sign.
            (*id, tch::no_grad(|| model.param(*id).gt(0.0)))
        })
        .collect();
    let mut group = criterion.benchmark_group("masks/resnet50");
    group.sample_size(10);
    group.bench_function("set", |bencher| {
        bencher.iter_batched(
            || (),
            |()| {
                masks
                    .iter()
                    .try_for_each(|(id, mask)| model.set_mask(*id, Some(mask)))
                    .expect("the shapes fit")
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("apply", |bencher| bencher.iter(|| model.apply_masks().expect("libtorch computes")));
    group.bench_function("count", |bencher| {
        bencher.iter(|| {
            let kept = masks.iter().map(|(_, mask)| mask.sum(Kind::Int64).int64_value(&[]));
            kept.sum::<i64>()
        });
    });
    group.finish();
}

criterion_group!(benches, masks);
criterion_main!(benches);
