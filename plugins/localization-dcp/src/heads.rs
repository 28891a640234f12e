//! Auxiliary classifiers: batch norm, ReLU, mean over the picture, fully connected (equations 4 and 5).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use secateur_sdk::Capture;
use secateur_sdk::prelude::*;

/// One auxiliary classifier behind a node.
pub(crate) struct Head {
    /// The node whose output it reads.
    pub(crate) node: u32,
    scale: Tensor,
    shift: Tensor,
    mean: Tensor,
    variance: Tensor,
    weight: Tensor,
    bias: Tensor,
}

impl Head {
    /// A new classifier for `channels` channels, initialized as PyTorch does it but from the run's seed.
    pub(crate) fn new(run: &Run<'_>, node: u32, channels: i64, classes: i64, device: Device) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(run.seed(&format!("auxiliary head {node}")));
        let bound = 1.0 / (channels as f64).sqrt();
        let mut uniform = |count: i64| -> Vec<f32> {
            (0..count)
                .map(|_| {
                    let unit = (rng.next_u32() >> 8) as f64 / f64::from(1 << 24);
                    ((2.0 * unit - 1.0) * bound) as f32
                })
                .collect()
        };
        let (weight, bias) = (uniform(channels * classes), uniform(classes));
        let leaf =
            |tensor: Tensor| -> Result<Tensor> { Ok(tensor.f_to_device(device)?.f_set_requires_grad(true)?) };
        let options = (Kind::Float, device);
        Ok(Self {
            node,
            scale: leaf(Tensor::f_ones(channels, options)?)?,
            shift: leaf(Tensor::f_zeros(channels, options)?)?,
            mean: Tensor::f_zeros(channels, options)?,
            variance: Tensor::f_ones(channels, options)?,
            weight: leaf(Tensor::f_from_slice(&weight)?.f_view([classes, channels])?)?,
            bias: leaf(Tensor::f_from_slice(&bias)?)?,
        })
    }

    /// Logits `[n, classes]` of features `[n, channels, h, w]`. In training mode the running statistics follow.
    pub(crate) fn logits(&self, features: &Tensor, train: bool) -> Result<Tensor> {
        let normalized = features.f_batch_norm(
            Some(&self.scale),
            Some(&self.shift),
            Some(&self.mean),
            Some(&self.variance),
            train,
            0.1,
            1e-5,
            false,
        )?;
        let pooled = normalized.f_relu()?.f_mean_dim([2, 3].as_slice(), false, Kind::Float)?;
        Ok(pooled.f_linear(&self.weight, Some(&self.bias))?)
    }

    fn leaves(&self) -> [&Tensor; 4] {
        [&self.scale, &self.shift, &self.weight, &self.bias]
    }
}

/// Trains network and auxiliary classifiers together: the sum of all losses at every step.
///
/// The authors' code does this jointly too, but steps once for each loss, with gradients scaled by where it stands; the
/// paper takes two steps, the auxiliary loss first (supplement, algorithm S1).
pub(crate) struct Joint<'h> {
    pub(crate) heads: &'h [Head],
    pub(crate) weight_decay: f64,
}

impl TrainHooks for Joint<'_> {
    fn extra_params(&self) -> (Vec<Tensor>, f64) {
        let leaves = self.heads.iter().flat_map(Head::leaves).map(Tensor::shallow_clone).collect();
        (leaves, self.weight_decay)
    }

    fn extra_loss(&mut self, run: &Run<'_>, _: u64) -> Result<Option<Tensor>> {
        let target = run.step_batch()?.target;
        let mut sum: Option<Tensor> = None;
        for head in self.heads {
            let logits = head.logits(&run.captured(head.node, Capture::Output)?, true)?;
            let loss = run.loss(&logits, &target)?;
            sum = Some(match sum {
                Some(sum) => sum.f_add(&loss)?,
                None => loss,
            });
        }
        Ok(sum)
    }
}
