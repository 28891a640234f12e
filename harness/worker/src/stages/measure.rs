//! `measure`: how long a forward pass takes and what it needs, for the dense network, the masked one (which runs at dense
//! speed, and this is what shows it) and the compacted one. The forms take turns pass by pass, so that what slows the
//! machine down for a while slows all of them down.

use std::sync::Arc;
use std::time::Instant;

use secateur_data::Split;
use secateur_engine::{Model, Pass, Streams};
use secateur_network::{Convention, Network, Op, ParamId};
use secateur_store::{FormFacts, LatencyFacts, MeasureFacts};
use secateur_suite::MeasureSpec;
use tch::{Device, Kind, Tensor};

use crate::order::Order;
use crate::stages::Ended;
use crate::weights;
use secateur_validate::kept_units;

/// Timed passes for each batch size.
const PASSES: usize = 30;
/// Untimed passes before them.
const WARM_UP: usize = 5;

pub(crate) fn run(order: &Order, spec: &MeasureSpec) -> anyhow::Result<Ended> {
    let info = order.task("trainval")?;
    let shape = order.shape("trainval", Split::Train)?;
    let network = weights::network(&spec.network, &info, shape)?;
    let path = order.input("weights")?;
    let given = weights::load(order, &network, path)?;
    let masked = (0..given.params().len()).any(|id| given.mask(ParamId(id as u32)).is_some());
    // Values do not matter for the time that dense kernels take.
    let mut forms = vec![("dense", Model::new(Arc::clone(&network), order.options(), &Streams::new(0))?)];
    if spec.compact {
        let groups = network.channel_groups();
        let kept = kept_units(&network, &groups, &weights::read_for(&network, path)?)?;
        let compacted = given.compacted(&network.surgery(&groups, &kept)?)?;
        forms.push(("masked", given));
        forms.push(("compacted", compacted));
    } else if masked {
        forms.push(("masked", given));
    }
    let _guard = tch::no_grad_guard();
    let picture = shape.map(|size| size as i64);
    let mut latency: Vec<Vec<LatencyFacts>> = vec![Vec::new(); forms.len()];
    for batch in &spec.batches {
        let input = pictures(*batch, picture, order.device)?;
        let mut times = vec![Vec::with_capacity(PASSES); forms.len()];
        for pass in 0..WARM_UP + PASSES {
            for ((_, model), times) in forms.iter().zip(&mut times) {
                let start = Instant::now();
                drop(model.forward(&input, &Pass::default())?);
                synchronize(order.device);
                if pass >= WARM_UP {
                    times.push(start.elapsed().as_secs_f64() * 1e3);
                }
            }
        }
        for (latency, times) in latency.iter_mut().zip(&mut times) {
            times.sort_by(f64::total_cmp);
            let quantile = |q: f64| times[((PASSES - 1) as f64 * q).round() as usize];
            let (p10_ms, median_ms, p90_ms) = (quantile(0.1), quantile(0.5), quantile(0.9));
            latency.push(LatencyFacts { batch: *batch, p10_ms, median_ms, p90_ms });
        }
    }
    let largest = spec.batches.iter().copied().max().unwrap_or(1);
    let input = pictures(largest, picture, order.device)?;
    let mut facts = Vec::with_capacity(forms.len());
    for ((form, model), latency) in forms.iter().zip(latency) {
        facts.push(describe(form, model, latency, working_bytes(model, &input)?)?);
    }
    Ended::ok(MeasureFacts { forms: facts })
}

fn pictures(batch: u32, shape: [i64; 3], device: Device) -> anyhow::Result<Tensor> {
    let [c, h, w] = shape;
    Streams::new(0).seed_torch("measure", 0);
    Ok(Tensor::f_randn([i64::from(batch), c, h, w], (Kind::Float, Device::Cpu))?.f_to_device(device)?)
}

fn synchronize(device: Device) {
    if let Device::Cuda(index) = device {
        tch::Cuda::synchronize(index as i64);
    }
}

/// What is known of a form without a clock, beside its latencies.
fn describe(
    form: &str,
    model: &Model,
    latency: Vec<LatencyFacts>,
    working_bytes: Option<u64>,
) -> anyhow::Result<FormFacts> {
    let network = model.network();
    let (mut nonzero, mut bits) = (0, 0);
    for param in network.params() {
        let numel = param.numel() as u64;
        match model.mask(param.id) {
            Some(mask) => {
                let kept = secateur_engine::count_kept(&mask)?;
                nonzero += kept;
                bits += 32 * kept + numel;
            }
            None => {
                nonzero += numel;
                bits += 32 * numel;
            }
        }
    }
    Ok(FormFacts {
        form: form.to_owned(),
        params: network.count_params(),
        params_nonzero: nonzero,
        bytes: bits.div_ceil(8),
        macs_core: network.macs(Convention::Core),
        macs_tp: network.macs(Convention::Tp),
        latency,
        unaligned_layers: unaligned_layers(network),
        working_bytes,
    })
}

/// Convolutions that make a number of channels that is no multiple of what kernels handle at a time.
fn unaligned_layers(network: &Network) -> u64 {
    let made = network.nodes().iter().filter_map(|node| match node.op {
        Op::Conv2d { out_channels, .. } | Op::ConvTranspose2d { out_channels, .. } => Some(out_channels),
        _ => None,
    });
    made.filter(|channels| !channels.is_multiple_of(8)).count() as u64
}

/// The most memory that a forward pass takes beside what the process had before; `None` where the system does not tell.
fn working_bytes(model: &Model, input: &Tensor) -> anyhow::Result<Option<u64>> {
    if input.device() != Device::Cpu {
        return Ok(None);
    }
    secateur_host::release_memory();
    // Sets the peak back to what is in use now.
    if std::fs::write("/proc/self/clear_refs", "5").is_err() {
        return Ok(None);
    }
    let Some(before) = status_bytes("VmRSS:") else { return Ok(None) };
    drop(model.forward(input, &Pass::default())?);
    Ok(status_bytes("VmHWM:").map(|peak| peak.saturating_sub(before)))
}

/// A size from the process's status, in bytes.
fn status_bytes(key: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
