//! N:M selection against torch's own.

use std::path::Path;

use secateur_engine::select_pattern;
use tch::{Kind, Tensor};

use crate::support::floats;

#[test]
fn the_largest_weights_of_each_group_are_those_of_torch() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/patterns/golden.safetensors");
    let tensors = Tensor::read_safetensors(path).unwrap();
    let get = |name: &str| &tensors.iter().find(|(own, _)| own == name).expect(name).1;
    for (case, pattern) in [
        ("linear-2-4", "2:4"),
        ("linear-1-4", "1:4"),
        ("linear-4-8", "4:8"),
        ("convolution-2-4", "2:4"),
        ("convolution-1-2", "1:2"),
    ] {
        let (weight, mask) = (get(&format!("{case}/weight")), get(&format!("{case}/mask")));
        let shape: Vec<usize> = weight.size().iter().map(|size| *size as usize).collect();
        let expected = floats(&mask.to_kind(Kind::Float));
        let count = expected.iter().filter(|value| **value != 0.0).count();
        let scores = floats(&weight.abs());
        let kept = select_pattern(&[&scores], &[&shape], pattern.parse().unwrap(), count as u64).unwrap();
        let expected: Vec<u32> =
            (0..).zip(expected).filter(|(_, value)| *value != 0.0).map(|(at, _)| at).collect();
        assert_eq!(kept, [expected], "{case}");
    }
}
