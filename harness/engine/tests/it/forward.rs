//! Forward and backward passes, operation by operation, against PyTorch; and what a pass can be asked for.

use secateur_engine::{Capture, Captured, Options, Pass};
use tch::{Kind, Tensor};

use crate::support::{Golden, alone, assert_close, golden_json, network, same, small_model, small_set};

/// libtorch chooses its kernels by the machine, and they add in different orders.
const TOLERANCE: f64 = 2e-6;

#[test]
fn operations_compute_what_pytorch_does() {
    let _alone = alone();
    let golden = Golden::read("forward.safetensors");
    for case in golden_json("forward.json").as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let network = network(name, &case["input"], &case["nodes"]);
        let model = golden.model(&network, name, Options::default());
        let input = golden.get(&format!("{name}/input"));

        let output = model.forward(&input, &Pass::default()).unwrap();
        assert_close(
            &output,
            &golden.get(&format!("{name}/eval")),
            TOLERANCE,
            &format!("{name}, evaluation"),
        );
        for (index, spec) in network.buffers().iter().enumerate() {
            let before = golden.get(&format!("{name}/{}", spec.name));
            assert!(same(&model.buffers()[index], &before), "{name}: evaluation changed `{}`", spec.name);
        }

        let output = model.forward(&input, &Pass { train: true, ..Pass::default() }).unwrap();
        assert_close(&output, &golden.get(&format!("{name}/train")), TOLERANCE, &format!("{name}, training"));
        for (index, spec) in network.buffers().iter().enumerate() {
            let after = golden.get(&format!("{name}/{}.after", spec.name));
            assert_close(&model.buffers()[index], &after, TOLERANCE, &format!("{name}: `{}`", spec.name));
        }

        if network.params().is_empty() {
            continue;
        }
        let weights = Tensor::linspace(-1.0, 1.0, output.numel() as i64, (Kind::Float, tch::Device::Cpu));
        let loss = (&output * weights.view_as(&output)).sum(Kind::Float);
        model.backward(&loss, &[]).unwrap();
        for spec in network.params() {
            let expected = golden.get(&format!("{name}/{}.grad", spec.name));
            let grad = model.grad(spec.id).unwrap();
            // Batch normalization cancels most of the gradient before it, and with it some digits.
            assert_close(&grad, &expected, 10.0 * TOLERANCE, &format!("{name}: gradient of `{}`", spec.name));
        }
    }
}

#[test]
fn a_pass_stops_at_any_node_and_captures_any_node() {
    let _alone = alone();
    let model = small_model(3);
    let (input, _) = small_set(8).range(0, 8).unwrap();
    let captured = Captured::default();
    let nodes = model.network().nodes();
    for id in (0..nodes.len() as u32).map(secateur_network::NodeId) {
        captured.want(id, Capture::Output);
        captured.want(id, Capture::Input);
    }
    let output = model.forward(&input, &Pass { captured: Some(&captured), ..Pass::default() }).unwrap();
    assert!(same(&output, &model.forward(&input, &Pass::default()).unwrap()), "captures changed the output");
    for (index, node) in nodes.iter().enumerate() {
        let id = secateur_network::NodeId(index as u32);
        let until = model.forward(&input, &Pass { until: Some(id), ..Pass::default() }).unwrap();
        assert!(same(&until, &captured.get(id, Capture::Output).unwrap()), "{}", node.name);
        let shape: Vec<usize> = until.size()[1..].iter().map(|size| *size as usize).collect();
        assert_eq!(shape, model.network().shape(id), "{}", node.name);
        if let Some(first) = node.inputs.first() {
            let read = captured.get(id, Capture::Input).unwrap();
            assert!(same(&read, &captured.get(*first, Capture::Output).unwrap()), "{}", node.name);
        }
    }
}

#[test]
fn captures_of_an_earlier_pass_do_not_linger() {
    let _alone = alone();
    let model = small_model(3);
    let (input, _) = small_set(4).range(0, 4).unwrap();
    let captured = Captured::default();
    let head = model.network().head().unwrap();
    captured.want(head, Capture::Output);
    let _ = model.forward(&input, &Pass { captured: Some(&captured), ..Pass::default() }).unwrap();
    assert!(captured.get(head, Capture::Output).is_some());
    let until = model.network().stem();
    let _ = model.forward(&input, &Pass { captured: Some(&captured), until, ..Pass::default() }).unwrap();
    assert!(captured.get(head, Capture::Output).is_none());
}

#[test]
fn effective_weights_take_the_place_of_parameters() {
    let _alone = alone();
    let model = small_model(3);
    let (input, _) = small_set(4).range(0, 4).unwrap();
    let weight = model.network().find_param("layer1.0.conv1.weight").unwrap().id;
    let plain = model.forward(&input, &Pass::default()).unwrap();

    let mut effective: Vec<Option<Tensor>> = model.params().iter().map(|_| None).collect();
    let pass = |effective: &[Option<Tensor>]| {
        model.forward(&input, &Pass { effective: Some(effective), ..Pass::default() }).unwrap()
    };
    assert!(same(&pass(&effective), &plain));
    effective[weight.index()] = Some(model.param(weight) * 0.5);
    let halved = pass(&effective);
    assert!(!same(&halved, &plain));

    // Gradients flow through to the parameter.
    model.backward(&halved.sum(Kind::Float), &[]).unwrap();
    let through = model.grad(weight).unwrap();
    model.zero_grad();
    assert!(model.grad(weight).is_none());
    tch::no_grad(|| model.set_param(weight, &(model.param(weight) * 0.5))).unwrap();
    let direct = model.forward(&input, &Pass::default()).unwrap();
    assert!(same(&halved, &direct));
    model.backward(&direct.sum(Kind::Float), &[]).unwrap();
    assert_close(&through, &(model.grad(weight).unwrap() * 0.5), 1e-6, "the gradient through half a weight");
}

#[test]
fn gradients_add_up_until_they_are_zeroed() {
    let _alone = alone();
    let model = small_model(3);
    let (input, _) = small_set(4).range(0, 4).unwrap();
    let backward = || {
        let output = model.forward(&input, &Pass::default()).unwrap();
        model.backward(&output.square().sum(Kind::Float), &[]).unwrap();
    };
    let weight = model.network().params()[0].id;
    backward();
    let once = model.grad(weight).unwrap();
    let once_values = once.copy();
    backward();
    let twice = model.grad(weight).unwrap();
    assert_close(&twice, &(&once_values * 2.0), 1e-6, "two gradients");
    assert!(same(&once, &once_values), "adding to a gradient changed one that was handed out");
}

#[test]
fn an_input_of_another_shape_is_an_error() {
    let _alone = alone();
    let model = small_model(3);
    let input = Tensor::zeros([2, 1, 8, 8], (Kind::Float, tch::Device::Cpu));
    let error = model.forward(&input, &Pass::default()).unwrap_err().to_string();
    assert!(error.contains("libtorch failed"), "{error}");
}
