//! The arithmetic against exact solutions, and the methods on a small network.

mod exact;
mod methods;

use secateur_sdk::prelude::*;

/// Values of a tensor.
fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double).contiguous().view([-1])).unwrap()
}

/// Equal up to a fraction of the largest expected value.
fn close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs() / scale;
        assert!(error <= tolerance, "{what}, entry {index}: {found} instead of {expected}");
    }
}

/// The damped empirical Fisher matrix of gradients `[N, n]`, as it is defined.
fn fisher(gradients: &Tensor, damp: f64) -> Tensor {
    let wide = gradients.to_kind(Kind::Double);
    let (count, size) = wide.size2().unwrap();
    let identity = Tensor::eye(size, (Kind::Double, Device::Cpu));
    wide.transpose(0, 1).matmul(&wide) / count as f64 + identity * damp
}
