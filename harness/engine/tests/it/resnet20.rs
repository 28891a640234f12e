//! A public ResNet-20 gives PyTorch's logits.

use std::path::Path;
use std::sync::Arc;

use secateur_engine::{Layout, Model, Options, Pass, State, Streams};
use secateur_network::zoo;
use tch::Tensor;

use crate::support::{alone, assert_close, golden_json};

fn model(layout: Layout) -> Model {
    let network = Arc::new(zoo::build("resnet20", &zoo::Options::default()).unwrap());
    Model::new(network, Options { layout, ..Options::default() }, &Streams::new(0)).unwrap()
}

/// As in the script: pictures from a multiplicative hash of the position.
fn fixed_inputs() -> Tensor {
    let values: Vec<f32> = (0..4 * 3 * 32 * 32_u64)
        .map(|index| (((index * 2_654_435_761) % (1 << 32)) >> 8) as f32 / (1 << 24) as f32 * 4.0 - 2.0)
        .collect();
    Tensor::from_slice(&values).view([4, 3, 32, 32])
}

#[test]
fn resnet20_runs() {
    let _alone = alone();
    let model = model(Layout::Contiguous);
    let output = model.forward(&fixed_inputs(), &Pass { train: true, ..Pass::default() }).unwrap();
    assert_eq!(output.size(), [4, 10]);
    assert!(output.isfinite().all().int64_value(&[]) == 1);
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says why")]
fn a_public_checkpoint_gives_pytorchs_logits() {
    let Some(folder) = std::env::var_os("SECATEUR_SHARED_DATA") else {
        eprintln!("skipped: SECATEUR_SHARED_DATA names no folder with resnet20_cifar10.pth.tar");
        return;
    };
    let path = Path::new(&folder).join("resnet20_cifar10.pth.tar");
    if !path.exists() {
        eprintln!("skipped: there is no {}", path.display());
        return;
    }
    let _alone = alone();
    let tensors = secateur_checkpoint::normalize_names(secateur_checkpoint::read(&path).unwrap().tensors);
    let golden: Vec<f32> = golden_json("resnet20.json")["logits"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap().iter().map(|logit| logit.as_f64().unwrap() as f32))
        .collect();
    let golden = Tensor::from_slice(&golden).view([4, 10]);
    for layout in [Layout::Contiguous, Layout::ChannelsLast] {
        let model = model(layout);
        State::from_tensors(&model, &tensors).unwrap().restore(&model, None).unwrap();
        let output = tch::no_grad(|| model.forward(&fixed_inputs(), &Pass::default())).unwrap();
        assert_close(&output, &golden, 1e-5, &format!("{layout:?}"));
    }
}
