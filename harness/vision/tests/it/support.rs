//! Golden values, comparisons, and derivatives by finite differences.

use std::collections::BTreeMap;
use std::path::Path;

use tch::{Device, Kind, Tensor};

/// Both kinds of floats by their names in the golden file, with how far from torchvision a value may be,
/// relative to the largest: a few roundings.
pub(crate) const KINDS: [(&str, Kind, f64); 2] = [("f32", Kind::Float, 1e-5), ("f64", Kind::Double, 1e-12)];

/// torchvision's values; the script that made them stands beside the file.
pub(crate) struct Golden(BTreeMap<String, Tensor>);

impl Golden {
    pub(crate) fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/vision/golden.safetensors");
        Self(Tensor::read_safetensors(path).unwrap().into_iter().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Tensor {
        self.find(name).unwrap_or_else(|| panic!("there is no golden tensor `{name}`"))
    }

    pub(crate) fn find(&self, name: &str) -> Option<Tensor> {
        self.0.get(name).map(Tensor::shallow_clone)
    }
}

/// A table of numbers as a tensor f64 `[rows, columns]`.
pub(crate) fn table<const ROWS: usize, const COLUMNS: usize>(rows: [[f64; COLUMNS]; ROWS]) -> Tensor {
    Tensor::from_slice(rows.as_flattened()).reshape([ROWS as i64, COLUMNS as i64])
}

/// Noise from -1 to 1, always the same for the same seed, f64.
pub(crate) fn noise(seed: u64, shape: &[i64]) -> Tensor {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let values: Vec<f64> = (0..shape.iter().product::<i64>())
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        })
        .collect();
    Tensor::from_slice(&values).reshape(shape)
}

/// All values in row-major order.
pub(crate) fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.detach().to_device(Device::Cpu).to_kind(Kind::Double).reshape([-1])).unwrap()
}

pub(crate) fn integers(tensor: &Tensor) -> Vec<i64> {
    Vec::try_from(tensor.to_device(Device::Cpu).to_kind(Kind::Int64).reshape([-1])).unwrap()
}

/// The largest difference over the largest magnitude of what is expected. What is not finite must be the
/// same.
pub(crate) fn relative(found: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(found.size(), expected.size());
    let (found, expected) = (values(found), values(expected));
    let largest = expected.iter().filter(|value| value.is_finite()).fold(1e-300, |a: f64, b| a.max(b.abs()));
    let differences = found.iter().zip(&expected).map(|(found, expected)| {
        if found == expected || found.is_nan() && expected.is_nan() {
            return 0.0;
        }
        let difference = (found - expected).abs();
        // `max` below would drop NaN.
        if difference.is_nan() { f64::INFINITY } else { difference }
    });
    differences.fold(0.0, f64::max) / largest
}

#[track_caller]
pub(crate) fn assert_close(found: &Tensor, expected: &Tensor, tolerance: f64, what: &str) {
    let error = relative(found, expected);
    assert!(error <= tolerance, "{what}: off by {error:.2e} of the largest value, allowed {tolerance:.0e}");
}

/// Compares the gradient of a scalar function of a tensor f64 with central differences at every element.
#[track_caller]
pub(crate) fn assert_gradient(at: &Tensor, tolerance: f64, function: impl Fn(&Tensor) -> Tensor) {
    let leaf = at.copy().set_requires_grad(true);
    let gradient = Tensor::run_backward(&[function(&leaf)], &[&leaf], false, false).remove(0);
    let step = 1e-6;
    let values = values(at);
    let value = |index: usize, step: f64| {
        let mut moved = values.clone();
        moved[index] += step;
        function(&Tensor::from_slice(&moved).reshape(at.size())).double_value(&[])
    };
    let differences: Vec<f64> =
        (0..values.len()).map(|index| (value(index, step) - value(index, -step)) / (2.0 * step)).collect();
    assert_close(&gradient, &Tensor::from_slice(&differences).reshape(at.size()), tolerance, "the gradient");
}
