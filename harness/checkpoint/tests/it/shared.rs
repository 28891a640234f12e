//! A public checkpoint that is no part of the repository.

use std::path::Path;

use secateur_checkpoint::{Format, check_against, normalize_names, read};
use secateur_network::zoo::{self, Options};

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says why")]
fn a_public_resnet20_fits_its_network() {
    let Some(folder) = std::env::var_os("SECATEUR_SHARED_DATA") else {
        eprintln!("skipped: SECATEUR_SHARED_DATA names no folder with resnet20_cifar10.pth.tar");
        return;
    };
    let path = Path::new(&folder).join("resnet20_cifar10.pth.tar");
    if !path.exists() {
        eprintln!("skipped: there is no {}", path.display());
        return;
    }
    let checkpoint = read(&path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(checkpoint.format, Format::PytorchLegacy);
    assert_eq!(checkpoint.metadata["arch"], "resnet20_cifar");
    let tensors = normalize_names(checkpoint.tensors);
    let network = zoo::build("resnet20", &Options::default()).expect("consistent");
    check_against(&network, &tensors).unwrap_or_else(|error| panic!("{error}"));
    let params: usize = network.params().iter().map(|param| tensors[&param.name].numel()).sum();
    assert_eq!(params, 272_474);
    let stem = tensors["conv1.weight"].to_f32().expect("float");
    assert!(stem.iter().all(|value| value.is_finite() && value.abs() < 10.0));
}
