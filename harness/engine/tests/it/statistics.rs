//! Batch-norm statistics.

use secateur_engine::{Augmentation, Batches, Options, Pass, Streams, recalibrate};
use tch::{Device, Kind, Tensor};

use crate::support::{Golden, alone, assert_close, bits, golden_json, network, same, small_model, small_set};

#[test]
fn cumulative_statistics_are_those_of_pytorch_without_momentum() {
    let _alone = alone();
    let golden = Golden::read("training.safetensors");
    let description = golden_json("training.json");
    let network = network("small", &description["input"], &description["nodes"]);
    let model = golden.model(&network, "start", Options::default());
    let inputs = golden.get("start/inputs");
    for step in 0..inputs.size()[0] {
        let norm_momentum = Some(1.0 / (step + 1) as f64);
        let _ = model
            .forward(&inputs.get(step), &Pass { train: true, norm_momentum, ..Pass::default() })
            .unwrap();
    }
    for (index, name) in ["running_mean", "running_var"].iter().enumerate() {
        assert_close(&model.buffers()[index], &golden.get(&format!("cumulative/{name}")), 1e-6, name);
    }
}

#[test]
fn recalibration_is_the_mean_over_its_batches_and_forgets_what_was_there() {
    let _alone = alone();
    let set = small_set(700);
    let streams = Streams::new(6);
    let model = small_model(1);
    for (index, buffer) in model.buffers().iter().enumerate() {
        // Not even a diverged training leaves traces.
        let value = if index % 2 == 0 { f64::NAN } else { f64::INFINITY };
        model.set_buffer(index, &buffer.full_like(value)).unwrap();
    }
    let weights: Vec<_> = model.params().iter().map(bits).collect();
    recalibrate(&model, &set, 500, &streams).unwrap();
    assert_eq!(model.params().iter().map(bits).collect::<Vec<_>>(), weights);

    // The first normalization reads the stem's output, which depends on no statistics.
    let (mut mean, mut variance) = (Vec::new(), Vec::new());
    let batches = Batches::new(&set, streams.fork("recalibration"), 250, Augmentation::default()).unwrap();
    for index in 0..2 {
        let (input, _) = batches.get(index).unwrap();
        let until = model.network().stem();
        let output = model.forward(&input, &Pass { until, ..Pass::default() }).unwrap().detach();
        mean.push(output.mean_dim([0_i64, 2, 3].as_slice(), false, Kind::Float));
        variance.push(output.var_dim([0_i64, 2, 3].as_slice(), true, false));
    }
    let average = |values: &[Tensor]| Tensor::stack(values, 0).mean_dim(0, false, Kind::Float);
    assert_close(&model.buffers()[0], &average(&mean), 1e-5, "the mean");
    assert_close(&model.buffers()[1], &average(&variance), 1e-5, "the variance");
}

#[test]
fn recalibration_reads_no_more_pictures_than_asked_for() {
    let _alone = alone();
    // With two values of a single colour, the running mean of the stem tells how many pictures were read.
    let model = small_model(1);
    let statistics = |pictures: u64, count: usize| {
        recalibrate(&model, &small_set(count), pictures, &Streams::new(6)).unwrap();
        model.buffers().iter().map(bits).collect::<Vec<_>>()
    };
    // 300 pictures are two batches of 150, so all of a set of 300 is read, and once.
    let whole = statistics(300, 300);
    assert_eq!(statistics(1_000_000, 300), whole, "a set is read once at most");
    assert_eq!(statistics(300, 300), whole, "the same every time");
    assert_ne!(statistics(250, 300), whole);
}

#[test]
fn recalibrating_on_nothing_changes_nothing() {
    let _alone = alone();
    let model = small_model(1);
    let before: Vec<_> = model.buffers().iter().map(bits).collect();
    recalibrate(&model, &small_set(10), 0, &Streams::new(6)).unwrap();
    assert_eq!(model.buffers().iter().map(bits).collect::<Vec<_>>(), before);
    assert!(recalibrate(&model, &small_set(0), 10, &Streams::new(6)).is_err());
}

#[test]
fn recalibration_depends_on_its_stream_alone() {
    let _alone = alone();
    let model = small_model(1);
    let set = small_set(300);
    let mut seen = Vec::new();
    for seed in [6, 6, 7] {
        tch::manual_seed(seed as i64);
        recalibrate(&model, &set, 100, &Streams::new(seed)).unwrap();
        seen.push(Tensor::cat(model.buffers(), 0).to_device(Device::Cpu));
    }
    assert!(same(&seen[0], &seen[1]));
    assert!(!same(&seen[0], &seen[2]));
}
