//! LARS: SimCLR's rule step by step, under masks, and saved like any other optimizer's state.

use std::sync::Arc;

use secateur_engine::{
    Error, Features, Model, NoHooks, Options, Position, Precision, Sgd, State, Streams, Trainer, train_head,
};
use secateur_network::{Builder, Network, Op, Window};
use secateur_suite::{Optimizer, Recipe};
use tch::{Device, Kind, Tensor};

use crate::support::{Golden, alone, assert_close, recipe, same, small_model, small_network, small_set};

const GOLDEN: &str = "../../../../tests/golden/contrast/golden.safetensors";
const STEPS: u64 = 5;

/// The parameters of the golden cases: a convolution, a normalization and a fully connected layer.
fn network() -> Arc<Network> {
    let mut builder = Builder::new("lars", [3, 3, 3]);
    let conv = Op::Conv2d {
        in_channels: 3,
        out_channels: 4,
        window: Window::square(3, 1, 0),
        groups: 1,
        bias: false,
    };
    let input = builder.input();
    let conv = builder.push("conv", conv, &[input]);
    let norm = builder.push("norm", Op::BatchNorm2d { channels: 4, eps: 1e-5, momentum: 0.1 }, &[conv]);
    let flat = builder.push("flatten", Op::Flatten, &[norm]);
    builder.push("fc", Op::Linear { in_features: 4, out_features: 5, bias: true }, &[flat]);
    Arc::new(builder.finish().unwrap())
}

fn lars() -> Recipe {
    Recipe { optimizer: Optimizer::Lars, nesterov: false, lr: 2.0, ..recipe() }
}

#[test]
fn layers_move_as_in_simclrs_code() {
    let _alone = alone();
    let golden = Golden::read(GOLDEN);
    for case in ["plain", "whole", "masked"] {
        let get = |name: &str| golden.get(&format!("lars/{case}/{name}"));
        let recipe = Recipe {
            weight_decay: get("decay").double_value(&[]),
            momentum: get("momentum").double_value(&[]),
            ..lars()
        };
        let options = Options { precision: Precision::F64, ..Options::default() };
        let model = Model::new(network(), options, &Streams::new(0)).unwrap();
        for spec in model.network().params() {
            model.set_param(spec.id, &get(&format!("before/{}", spec.name))).unwrap();
        }
        let conv = model.network().find_param("conv.weight").unwrap().id;
        if case == "masked" {
            model.set_mask(conv, Some(&get("mask"))).unwrap();
        }
        let sgd = Sgd::new(&recipe, model.params().len());
        for step in 0..STEPS {
            // The gradient of a sum of products is what the parameters are multiplied by.
            let products = model.network().params().iter().map(|spec| {
                (model.param(spec.id) * get(&format!("{step}/gradient/{}", spec.name))).sum(Kind::Double)
            });
            model.zero_grad();
            model.backward(&Tensor::stack(&products.collect::<Vec<_>>(), 0).sum(Kind::Double), &[]).unwrap();
            sgd.step(&model, get(&format!("{step}/rate")).double_value(&[])).unwrap();
            let velocities = sgd.state();
            for spec in model.network().params() {
                let expected = get(&format!("{step}/after/{}", spec.name));
                assert_close(model.param(spec.id), &expected, 1e-6, &format!("{case} {step}: {}", spec.name));
                let expected = get(&format!("{step}/velocity/{}", spec.name));
                let velocity = velocities[spec.id.index()].as_ref().unwrap();
                assert_close(velocity, &expected, 1e-6, &format!("{case} {step}: velocity of {}", spec.name));
            }
        }
        if case == "masked" {
            let removed = model.param(conv).detach() * get("mask").eq(0.0);
            assert_eq!(removed.abs().max().double_value(&[]), 0.0);
        }
    }
}

#[test]
fn a_layers_step_does_not_depend_on_the_size_of_its_gradient() {
    let _alone = alone();
    let moved = |optimizer, factor: f64| {
        let recipe = Recipe { optimizer, weight_decay: 0.0, nesterov: false, ..recipe() };
        let options = Options { precision: Precision::F64, ..Options::default() };
        let model = Model::new(small_network(), options, &Streams::new(0)).unwrap();
        let weight = model.network().params()[0].id;
        let before = model.param(weight).detach().copy();
        model.backward(&(model.param(weight).square().sum(Kind::Double) * factor), &[]).unwrap();
        Sgd::new(&recipe, model.params().len()).step(&model, 1.0).unwrap();
        ((model.param(weight) - &before).norm() / before.norm()).double_value(&[])
    };
    for factor in [1e-3, 1.0, 1e3] {
        // The trust coefficient is 0.001.
        assert!((moved(Optimizer::Lars, factor) - 1e-3).abs() < 1e-8, "{factor}");
        assert!((moved(Optimizer::Sgd, factor) / factor - 2.0).abs() < 1e-6, "{factor}");
    }
}

#[test]
fn its_state_is_saved_reset_and_resumed() {
    let _alone = alone();
    let recipe = lars();
    let set = small_set(40);
    let train = |model: &Model, sgd: &Sgd, from: u64, steps: u64| {
        let trainer = Trainer { model, sgd, data: &set, recipe: &recipe, streams: Streams::new(3) };
        let position = Position { batch: from, schedule_step: from, ..Position::start(10) };
        trainer.train(position, steps, &[], &mut NoHooks).unwrap()
    };
    let optimizer = |model: &Model| Sgd::new(&recipe, model.params().len());
    let mask = |model: &Model| {
        let id = model.network().params()[0].id;
        model.set_mask(id, Some(&model.param(id).detach().gt(0.0))).unwrap();
    };
    let (whole, whole_sgd) = (small_model(0), optimizer(&small_model(0)));
    mask(&whole);
    train(&whole, &whole_sgd, 0, 10);
    let (first, first_sgd) = (small_model(0), optimizer(&small_model(0)));
    mask(&first);
    train(&first, &first_sgd, 0, 4);
    let saved = State::of(&first, Some(&first_sgd)).to_tensors(&first).unwrap();
    let (second, second_sgd) = (small_model(9), optimizer(&small_model(9)));
    State::from_tensors(&second, &saved).unwrap().restore(&second, Some(&second_sgd)).unwrap();
    train(&second, &second_sgd, 4, 6);
    for (a, b) in whole.params().iter().zip(second.params()) {
        assert!(same(a, b));
    }
    for (a, b) in whole_sgd.state().iter().zip(&second_sgd.state()) {
        assert!(same(a.as_ref().unwrap(), b.as_ref().unwrap()));
    }
    // Removed weights and their velocities are zero after steps of everything: decay, momentum, gradients.
    let id = whole.network().params()[0].id;
    let removed = whole.mask(id).unwrap().eq(0.0);
    for tensor in [whole.param(id), whole_sgd.state()[id.index()].as_ref().unwrap()] {
        assert_eq!((tensor.detach() * &removed).abs().max().double_value(&[]), 0.0);
    }
    whole_sgd.reset();
    assert!(whole_sgd.state().iter().all(Option::is_none));
}

#[test]
fn a_network_learns_with_it_and_a_linear_classifier_refuses_it() {
    let _alone = alone();
    // LARS wants rates above those of SGD: a layer moves by a thousandth of its norm at a rate of one.
    let recipe = Recipe { lr: 10.0, momentum: 0.9, shift: 0, flip: false, warmup: 0.1, ..lars() };
    let set = small_set(64);
    let model = small_model(2);
    let sgd = Sgd::new(&recipe, model.params().len());
    let trainer = Trainer { model: &model, sgd: &sgd, data: &set, recipe: &recipe, streams: Streams::new(4) };
    trainer.train(Position::start(80), 80, &[], &mut NoHooks).unwrap();
    let result = secateur_engine::evaluate(&model, &set, 4).unwrap();
    assert!(result.top1 > 0.9, "{}", result.top1);

    let features = Features {
        values: Tensor::ones([8, 3], (Kind::Float, Device::Cpu)),
        labels: Tensor::zeros([8], (Kind::Int64, Device::Cpu)),
    };
    let error = train_head(&features, 2, &recipe, 1, &Streams::new(0)).map(drop).unwrap_err();
    assert!(matches!(&error, Error::Unsupported(text) if text.contains("`optimizer: lars`")), "{error}");
}
