//! The optimizer against torch.optim.SGD, step by step.

use secateur_engine::{Options, Pass, Sgd, loss};
use secateur_suite::Recipe;
use serde_json::{Value, json};
use tch::Kind;

use crate::support::{Golden, alone, assert_close, golden_json, network};

/// After ten steps; 32-bit floats have 6e-8.
const TOLERANCE: f64 = 1e-6;

#[test]
fn ten_steps_are_those_of_pytorch() {
    let _alone = alone();
    let golden = Golden::read("training.safetensors");
    let description = golden_json("training.json");
    let network = network("small", &description["input"], &description["nodes"]);
    let inputs = golden.get("start/inputs");
    let targets = golden.get("start/targets").to_kind(Kind::Int64);
    for (name, values) in description["recipes"].as_object().unwrap() {
        let recipe = recipe(values, &description["batch"]);
        let model = golden.model(&network, "start", Options::default());
        let sgd = Sgd::new(&recipe, network.params().len());
        let losses = golden.get(&format!("{name}/losses"));
        let steps = inputs.size()[0];
        for step in 0..steps {
            let output = model.forward(&inputs.get(step), &Pass { train: true, ..Pass::default() }).unwrap();
            let loss = loss(&output, &targets.get(step), recipe.label_smoothing).unwrap();
            assert_close(&loss, &losses.get(step), TOLERANCE, &format!("{name}: loss {step}"));
            model.zero_grad();
            model.backward(&loss, &[]).unwrap();
            let lr = recipe.lr_at(step as u64, steps as u64);
            let expected = description["rates"][name][step as usize].as_f64().unwrap();
            assert!((lr - expected).abs() < 1e-12, "{name}: learning rate {lr} instead of {expected}");
            sgd.step(&model, lr).unwrap();
        }
        for (spec, momentum) in network.params().iter().zip(sgd.state()) {
            let what = format!("{name}: `{}`", spec.name);
            assert_close(
                model.param(spec.id),
                &golden.get(&format!("{name}/{}", spec.name)),
                TOLERANCE,
                &what,
            );
            let expected = golden.find(&format!("{name}/{}.momentum", spec.name));
            assert_eq!(momentum.is_some(), expected.is_some(), "{what}");
            if let (Some(momentum), Some(expected)) = (momentum, expected) {
                assert_close(&momentum, &expected, TOLERANCE, &format!("{what}, momentum"));
            }
        }
        for (index, spec) in network.buffers().iter().enumerate() {
            let expected = golden.get(&format!("{name}/{}", spec.name));
            assert_close(&model.buffers()[index], &expected, TOLERANCE, &format!("{name}: `{}`", spec.name));
        }
    }
}

/// The recipe that the script describes; what it does not use is at rest.
fn recipe(values: &Value, batch: &Value) -> Recipe {
    let mut all = json!({ "batch": batch });
    let target = all.as_object_mut().unwrap();
    target.extend(values.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}
