//! Layouts and precisions compute the same network.

use secateur_engine::{
    Layout, Model, NoHooks, Options, Pass, Position, Precision, Sgd, Streams, Trainer, evaluate, recalibrate,
};
use secateur_network::Op;
use secateur_suite::Recipe;
use tch::Kind;

use crate::support::{Golden, alone, assert_close, golden_json, network, recipe, small_network, small_set};

const LAST: Options =
    Options { device: tch::Device::Cpu, layout: Layout::ChannelsLast, precision: Precision::F32 };

#[test]
fn channels_last_computes_what_pytorch_does() {
    let _alone = alone();
    let golden = Golden::read("forward.safetensors");
    for case in golden_json("forward.json").as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let network = network(name, &case["input"], &case["nodes"]);
        let model = golden.model(&network, name, LAST);
        let input = golden.get(&format!("{name}/input"));
        let output = model.forward(&input, &Pass { train: true, ..Pass::default() }).unwrap();
        assert_close(&output, &golden.get(&format!("{name}/train")), 2e-6, &format!("{name}, training"));
    }
}

#[test]
fn channels_last_trains_alike() {
    let _alone = alone();
    let set = small_set(40);
    let recipe = recipe();
    let train = |options| {
        let model = Model::new(small_network(), options, &Streams::new(0)).unwrap();
        let sgd = Sgd::new(&recipe, model.params().len());
        let trainer =
            Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(1) };
        trainer.train(Position::start(5), 5, &[], &mut NoHooks).unwrap();
        model
    };
    let (first, last) = (train(Options::default()), train(LAST));
    for (spec, (a, b)) in first.network().params().iter().zip(first.params().iter().zip(last.params())) {
        assert_close(b, a, 1e-3, &spec.name);
    }
}

#[test]
fn no_operation_leaves_the_layout() {
    let _alone = alone();
    let model = Model::new(small_network(), LAST, &Streams::new(0)).unwrap();
    let (input, _) = small_set(16).range(0, 16).unwrap();
    for (index, node) in model.network().nodes().iter().enumerate() {
        let until = Some(secateur_network::NodeId(index as u32));
        let output = model.forward(&input, &Pass { train: true, until, ..Pass::default() }).unwrap();
        let size = output.size();
        if size.len() == 4 && size[2] > 1 {
            assert_eq!(output.stride()[1], 1, "{} ({:?})", node.name, node.op);
        }
    }
    // Steps must not lose it either.
    let recipe = recipe();
    let sgd = Sgd::new(&recipe, model.params().len());
    let set = small_set(40);
    let trainer = Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(1) };
    trainer.train(Position::start(2), 2, &[], &mut NoHooks).unwrap();
    for (param, momentum) in model.params().iter().zip(sgd.state()) {
        if param.dim() == 4 && param.size()[2] > 1 && param.size()[1] > 1 {
            assert_eq!(param.stride()[1], 1);
            assert_eq!(momentum.unwrap().stride(), param.stride());
        }
    }
}

#[test]
fn bf16_is_close_and_keeps_masters_and_statistics_in_f32() {
    let _alone = alone();
    for layout in [Layout::Contiguous, Layout::ChannelsLast] {
        let model = |precision| {
            let options = Options { precision, layout, ..Options::default() };
            Model::new(small_network(), options, &Streams::new(0)).unwrap()
        };
        let (exact, rough) = (model(Precision::F32), model(Precision::Bf16));
        let set = small_set(64);
        let (input, _) = set.range(0, 64).unwrap();
        for train in [false, true] {
            let pass = Pass { train, ..Pass::default() };
            let (a, b) = (exact.forward(&input, &pass).unwrap(), rough.forward(&input, &pass).unwrap());
            assert_eq!(b.kind(), Kind::Float);
            // 8 bits a product, ten layers.
            assert_close(&b, &a, 0.05, "bf16");
            assert!(!a.equal(&b));
        }
        let recipe = Recipe { shift: 0, flip: false, ..recipe() };
        let sgd = Sgd::new(&recipe, rough.params().len());
        let trainer =
            Trainer { model: &rough, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(1) };
        trainer.train(Position::start(40), 40, &[], &mut NoHooks).unwrap();
        recalibrate(&rough, &set, 64, &Streams::new(1)).unwrap();
        assert!(rough.params().iter().chain(rough.buffers()).all(|tensor| tensor.kind() == Kind::Float));
        let result = evaluate(&rough, &set, 4).unwrap();
        assert!(result.top1 > 0.9, "{}", result.top1);
    }
}

#[test]
fn initial_biases_are_within_one_over_the_root_of_a_units_inputs() {
    let _alone = alone();
    for case in golden_json("forward.json").as_array().unwrap() {
        let network = network("init", &case["input"], &case["nodes"]);
        let model = Model::new(network.clone(), Options::default(), &Streams::new(0)).unwrap();
        for node in network.nodes() {
            let (weight, bias) = match (&node.op, &node.params[..]) {
                (Op::BatchNorm2d { .. }, _) => continue,
                (_, [weight, bias]) => (model.param(*weight), model.param(*bias)),
                _ => continue,
            };
            // PyTorch's fan in: the size of a slice of the weight along its first dimension.
            let bound = 1.0 / (weight.numel() as f64 / weight.size()[0] as f64).sqrt();
            let largest: f64 = bias.abs().max().double_value(&[]);
            assert!(largest > 0.0 && largest <= bound, "{}: {largest} above {bound}", node.name);
        }
    }
}
