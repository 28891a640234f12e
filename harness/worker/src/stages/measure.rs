//! `measure`: how long a forward pass takes. A masked network runs at dense speed; that is what this shows.

use std::time::Instant;

use secateur_data::Split;
use secateur_engine::Pass;
use secateur_network::ParamId;
use secateur_store::MeasureFacts;
use secateur_suite::MeasureSpec;
use tch::{Device, Kind, Tensor};

use crate::order::Order;
use crate::stages::Ended;
use crate::weights;

/// Timed passes for each batch size.
const PASSES: usize = 30;
/// Untimed passes before them.
const WARM_UP: usize = 5;

pub(crate) fn run(order: &Order, spec: &MeasureSpec) -> anyhow::Result<Ended> {
    let info = order.task("trainval")?;
    let shape = order.pictures("trainval", Split::Train)?.shape;
    let network = weights::network(&spec.network, &info, shape)?;
    let model = weights::load(order, &network, order.input("weights")?)?;
    let _guard = tch::no_grad_guard();
    let mut latency_ms = Vec::new();
    for batch in &spec.batches {
        let size = [i64::from(*batch), shape[0] as i64, shape[1] as i64, shape[2] as i64];
        let input = Tensor::f_zeros(size, (Kind::Float, order.device))?;
        let mut milliseconds = Vec::with_capacity(PASSES);
        for pass in 0..WARM_UP + PASSES {
            let start = Instant::now();
            let output = model.forward(&input, &Pass::default())?;
            if let Device::Cuda(index) = order.device {
                tch::Cuda::synchronize(index as i64);
            }
            drop(output);
            if pass >= WARM_UP {
                milliseconds.push(start.elapsed().as_secs_f64() * 1e3);
            }
        }
        milliseconds.sort_by(f64::total_cmp);
        let quantile = |q: f64| milliseconds[((PASSES - 1) as f64 * q).round() as usize];
        latency_ms.push((*batch, quantile(0.1), quantile(0.5), quantile(0.9)));
    }
    let mut bits = 0;
    for (index, param) in model.params().iter().enumerate() {
        let numel = param.numel() as u64;
        match model.mask(ParamId(index as u32)) {
            Some(mask) => bits += 32 * secateur_engine::count_kept(&mask)? + numel,
            None => bits += 32 * numel,
        }
    }
    Ended::ok(MeasureFacts { latency_ms, bytes: bits.div_ceil(8) })
}
