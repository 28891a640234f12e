//! The trained part of every auxiliary head: batch norm, ReLU, mean over the cells, fully connected.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use secateur_sdk::prelude::*;

/// Batch norm, ReLU, mean over the cells, fully connected (DCP, equations 4 and 5).
pub(crate) struct Readout {
    pub(crate) scale: Tensor,
    pub(crate) shift: Tensor,
    pub(crate) mean: Tensor,
    pub(crate) variance: Tensor,
    pub(crate) weight: Tensor,
    pub(crate) bias: Tensor,
}

impl Readout {
    /// From `channels` channels to `outputs` numbers, initialized as PyTorch does it but from a seed.
    pub(crate) fn new(channels: i64, outputs: i64, seed: u64, device: Device) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let bound = 1.0 / (channels as f64).sqrt();
        let mut uniform = |count: i64| -> Vec<f32> {
            (0..count)
                .map(|_| {
                    let unit = (rng.next_u32() >> 8) as f64 / f64::from(1 << 24);
                    ((2.0 * unit - 1.0) * bound) as f32
                })
                .collect()
        };
        let (weight, bias) = (uniform(channels * outputs), uniform(outputs));
        let leaf =
            |tensor: Tensor| -> Result<Tensor> { Ok(tensor.f_to_device(device)?.f_set_requires_grad(true)?) };
        let options = (Kind::Float, device);
        Ok(Self {
            scale: leaf(Tensor::f_ones(channels, options)?)?,
            shift: leaf(Tensor::f_zeros(channels, options)?)?,
            mean: Tensor::f_zeros(channels, options)?,
            variance: Tensor::f_ones(channels, options)?,
            weight: leaf(Tensor::f_from_slice(&weight)?.f_view([outputs, channels])?)?,
            bias: leaf(Tensor::f_from_slice(&bias)?)?,
        })
    }

    /// Outputs `[n, outputs]` of features `[n, channels, h, w]`. In training mode the running statistics follow.
    pub(crate) fn outputs(&self, features: &Tensor, train: bool) -> Result<Tensor> {
        let size = features.size();
        // A single value has no variance; the running statistics would become NaN.
        let several = size[0] * size[2..].iter().product::<i64>() > 1;
        let normalized = features.f_batch_norm(
            Some(&self.scale),
            Some(&self.shift),
            Some(&self.mean),
            Some(&self.variance),
            train && several,
            0.1,
            1e-5,
            false,
        )?;
        let pooled = normalized.f_relu()?.f_mean_dim([2, 3].as_slice(), false, Kind::Float)?;
        Ok(pooled.f_linear(&self.weight, Some(&self.bias))?)
    }

    /// What is trained.
    pub(crate) fn leaves(&self) -> Vec<Tensor> {
        [&self.scale, &self.shift, &self.weight, &self.bias].map(Tensor::shallow_clone).into()
    }
}
