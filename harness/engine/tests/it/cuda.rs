//! A GPU computes what a CPU does, where there is one.

use secateur_engine::{
    DeviceSet, Layout, Model, NoHooks, Options, Pass, Position, Precision, Sgd, State, Streams, Trainer,
    count_kept, evaluate, recalibrate,
};
use secateur_network::ParamRole;
use tch::{Device, Tensor};

use crate::support::{
    Golden, alone, assert_close, bits, golden_json, network, pictures, recipe, small_network, task,
};

#[expect(clippy::print_stderr, reason = "a test that is left out says why")]
fn gpu() -> Option<Device> {
    if tch::Cuda::is_available() {
        return Some(Device::Cuda(0));
    }
    eprintln!("left out: there is no CUDA device");
    None
}

fn set(count: usize, device: Device) -> DeviceSet {
    DeviceSet::new(&pictures(count, [3, 8, 8], 4), &task(3, 4), device).unwrap()
}

/// A model with a third of the weights of its second layer masked, trained for some steps.
fn trained(options: Options, steps: u64) -> (Model, Sgd) {
    let (recipe, set) = (recipe(), set(40, options.device));
    let model = Model::new(small_network(), options, &Streams::new(0)).unwrap();
    let layer = model.network().params().iter().filter(|spec| spec.role == ParamRole::ConvWeight).nth(1);
    let id = layer.unwrap().id;
    let flags: Vec<u8> = (0..model.param(id).numel()).map(|index| u8::from(index % 3 > 0)).collect();
    let mask = Tensor::from_slice(&flags).view(&model.param(id).size()[..]);
    model.set_mask(id, Some(&mask)).unwrap();
    let sgd = Sgd::new(&recipe, model.params().len());
    let trainer = Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(1) };
    trainer.train(Position::start(steps), steps, &[], &mut NoHooks).unwrap();
    let gone = model.param(id).masked_select(&model.mask(id).unwrap().eq(0.0));
    assert_eq!(gone.abs().max().double_value(&[]), 0.0, "what is masked stays zero on {:?}", options.device);
    assert_eq!(
        count_kept(&model.mask(id).unwrap()).unwrap(),
        flags.iter().filter(|kept| **kept == 1).count() as u64
    );
    (model, sgd)
}

#[test]
fn training_on_a_gpu_is_that_on_a_cpu() {
    let _alone = alone();
    let Some(gpu) = gpu() else { return };
    for layout in [Layout::Contiguous, Layout::ChannelsLast] {
        // 64-bit, so that it shows a wrong batch, augmentation or step rather than rounding.
        let on = |device| trained(Options { device, layout, precision: Precision::F64 }, 6).0;
        let (cpu, gpu) = (on(Device::Cpu), on(gpu));
        for (spec, (a, b)) in cpu.network().params().iter().zip(cpu.params().iter().zip(gpu.params())) {
            assert!(b.device().is_cuda());
            assert_close(b, a, 1e-5, &format!("{} in {layout:?}", spec.name));
        }
        let scores = [(&cpu, Device::Cpu), (&gpu, Device::Cuda(0))].map(|(model, device)| {
            recalibrate(model, &set(64, device), 64, &Streams::new(1)).unwrap();
            evaluate(model, &set(64, device), 4).unwrap()
        });
        assert_eq!(scores[0].predictions, scores[1].predictions);
        assert!((scores[0].loss - scores[1].loss).abs() < 1e-5, "{scores:?}");
    }
}

#[test]
fn all_operations_are_those_of_pytorch_on_a_gpu() {
    let _alone = alone();
    let Some(gpu) = gpu() else { return };
    let golden = Golden::read("forward.safetensors");
    for case in golden_json("forward.json").as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let network = network(name, &case["input"], &case["nodes"]);
        for layout in [Layout::Contiguous, Layout::ChannelsLast] {
            let options = Options { device: gpu, layout, precision: Precision::F64 };
            let model = golden.model(&network, name, options);
            let input = golden.get(&format!("{name}/input")).to_device(gpu);
            let output = model.forward(&input, &Pass { train: true, ..Pass::default() }).unwrap();
            assert_close(&output, &golden.get(&format!("{name}/train")), 2e-6, &format!("{name}, training"));
        }
    }
}

#[test]
fn rough_arithmetic_on_a_gpu_learns_too() {
    let _alone = alone();
    let Some(gpu) = gpu() else { return };
    for precision in [Precision::F32, Precision::Bf16] {
        let (model, _) = trained(Options { device: gpu, layout: Layout::ChannelsLast, precision }, 60);
        recalibrate(&model, &set(64, gpu), 64, &Streams::new(1)).unwrap();
        let result = evaluate(&model, &set(64, gpu), 4).unwrap();
        assert!(result.top1 > 0.9, "{precision:?}: {}", result.top1);
    }
}

#[test]
fn state_comes_from_a_gpu_unchanged() {
    let _alone = alone();
    let Some(gpu) = gpu() else { return };
    let options = Options { device: gpu, layout: Layout::ChannelsLast, precision: Precision::F32 };
    let (model, sgd) = trained(options, 3);
    let saved = State::of(&model, Some(&sgd)).to_tensors(&model).unwrap();
    let other = Model::new(small_network(), Options::default(), &Streams::new(9)).unwrap();
    let momentum = Sgd::new(&recipe(), other.params().len());
    State::from_tensors(&other, &saved).unwrap().restore(&other, Some(&momentum)).unwrap();
    for (a, b) in model.params().iter().zip(other.params()) {
        assert_eq!(bits(a), bits(b));
    }
    for (a, b) in sgd.state().iter().zip(momentum.state()) {
        assert_eq!(bits(a.as_ref().unwrap()), bits(&b.unwrap()));
    }
}
