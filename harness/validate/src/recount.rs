//! Recounts everything from the tensors of an answer, without the plugin and without believing it.

use std::collections::BTreeMap;

use secateur_checkpoint::Tensors;
use secateur_engine::{Model, Options, Pass, Precision, State, Streams};
use secateur_host::{Channels, Removable, pattern_complaint};
use secateur_network::{Convention, Network, ParamId, ParamRole};
use secateur_store::Counts;
use tch::{Device, Kind, Tensor};

use crate::kept_units::kept_units;

/// Pictures on which the masked and the compacted network are compared.
const PICTURES: i64 = 2;
/// What they may differ by, relative to the largest output, in 64-bit floats.
const DIFFERENCE: f64 = 1e-9;

/// What a recount found.
#[derive(Clone, Debug, PartialEq)]
pub struct Recount {
    /// The counts.
    pub counts: Counts,
    /// What is wrong, if anything: masks where none may be, whole channels that are not whole, weights under a mask that are not
    /// zero, a count that is not the target's.
    pub problem: Option<String>,
}

/// Recounts an answer to the target of `keep`: the weights and masks of a file, which must be those of the network.
///
/// # Errors
/// Fails if a mask has another shape than its parameter, or libtorch fails.
pub fn recount(
    network: &Network,
    removable: &Removable,
    keep: f64,
    tensors: &Tensors,
) -> anyhow::Result<Recount> {
    let (counts, problem) = match removable {
        Removable::Weights(prunable) => weights_left(network, prunable, tensors)?,
        Removable::Patterned { params, pattern } => {
            let (counts, problem) = weights_left(network, params, tensors)?;
            let mask = |name: &str| Some(tensors.get(&format!("mask.{name}"))?.bytes.as_slice());
            // A dense network keeps everything and has no pattern.
            let broken = (keep < 1.0).then(|| pattern_complaint(network, params, *pattern, mask));
            (counts, problem.or(broken.flatten()))
        }
        Removable::Channels(channels) => channels_left(network, channels, tensors)?,
    };
    let target = removable.target(network, keep);
    let problem = problem.or_else(|| {
        if counts.leaked > 0 {
            return Some(format!("{} weights under a mask are not zero", counts.leaked));
        }
        (counts.prunable_kept.abs_diff(target.count) > target.tolerance).then(|| match removable {
            Removable::Weights(_) | Removable::Patterned { .. } => {
                format!("{} prunable weights remain, the target is {}", counts.prunable_kept, target.count)
            }
            Removable::Channels(_) => format!(
                "the budget counts {}, the target is {} with a tolerance of {}",
                counts.prunable_kept, target.count, target.tolerance
            ),
        })
    });
    Ok(Recount { counts, problem })
}

/// Weights under a mask that are not zero.
fn leaked(network: &Network, tensors: &Tensors) -> anyhow::Result<u64> {
    let mut leaked = 0;
    for param in network.params() {
        let Some(mask) = tensors.get(&format!("mask.{}", param.name)) else { continue };
        anyhow::ensure!(
            mask.shape == param.shape && mask.bytes.len() == param.numel(),
            "the mask of `{}` has shape {:?}, expected {:?}",
            param.name,
            mask.shape,
            param.shape
        );
        let values = tensors[&param.name].to_f32()?;
        leaked += values.iter().zip(&mask.bytes).filter(|(value, keep)| **keep == 0 && **value != 0.0).count()
            as u64;
    }
    Ok(leaked)
}

fn is_weight(role: ParamRole) -> bool {
    matches!(role, ParamRole::ConvWeight | ParamRole::LinearWeight)
}

/// Counts of a network whose single weights were removed, and what is wrong with it.
fn weights_left(
    network: &Network,
    prunable: &[ParamId],
    tensors: &Tensors,
) -> anyhow::Result<(Counts, Option<String>)> {
    let mut counts = Counts { leaked: leaked(network, tensors)?, ..Counts::default() };
    let mut kept_of = BTreeMap::new();
    let mut foreign_masks = Vec::new();
    for param in network.params() {
        let numel = param.numel() as u64;
        let mask = tensors.get(&format!("mask.{}", param.name));
        let kept = mask.map_or(numel, |mask| mask.bytes.iter().filter(|byte| **byte != 0).count() as u64);
        if kept < numel && !prunable.contains(&param.id) {
            foreign_masks.push(param.name.clone());
        }
        kept_of.insert(param.id, kept);
        counts.params_total += numel;
        counts.params_kept += kept;
        if prunable.contains(&param.id) {
            counts.prunable_total += numel;
            counts.prunable_kept += kept;
        }
        if is_weight(param.role) {
            counts.conv_fc_total += numel;
            counts.conv_fc_kept += kept;
        }
    }
    counts.macs_executed = network.macs(Convention::Core);
    counts.macs_nonzero = network.macs_with_nonzero(|id| kept_of[&id]);
    let problem = (!foreign_masks.is_empty())
        .then(|| format!("weights outside of the prunable set are masked: {}", foreign_masks.join(", ")));
    Ok((counts, problem))
}

/// Counts of a network that lost channels, and what is wrong with it.
fn channels_left(
    network: &Network,
    channels: &Channels,
    tensors: &Tensors,
) -> anyhow::Result<(Counts, Option<String>)> {
    let mut counts = Counts {
        leaked: leaked(network, tensors)?,
        params_total: network.count_params(),
        conv_fc_total: network.conv_fc_weights(),
        prunable_total: Removable::Channels(channels.clone()).total(network),
        ..Counts::default()
    };
    let kept = match kept_units(network, &channels.groups, tensors) {
        Ok(kept) => kept,
        Err(problem) => return Ok((counts, Some(format!("{problem:#}")))),
    };
    let surgery = network.surgery(&channels.groups, &kept)?;
    counts.prunable_kept = channels.count(network, channels.budget, &kept);
    counts.params_kept = surgery.network.count_params();
    counts.conv_fc_kept = surgery.network.conv_fc_weights();
    counts.macs_executed = surgery.network.macs(Convention::Core);
    counts.macs_nonzero = counts.macs_executed;
    let broken =
        (0..channels.groups.all().len()).find_map(|group| channels.complaint(group, kept.group(group)));
    if broken.is_some() {
        return Ok((counts, broken));
    }
    // The masked network as the plugin left it, and the one without its channels, in floats that leave no doubt.
    let options = Options { device: Device::Cpu, precision: Precision::F64, ..Options::default() };
    let masked = Model::new(std::sync::Arc::new(network.clone()), options, &Streams::new(0))?;
    State::from_tensors(&masked, tensors)?.restore(&masked, None)?;
    let compacted = masked.compacted(&surgery)?;
    let [c, h, w] = network.input().map(|size| size as i64);
    Streams::new(0).seed_torch("verify", 0);
    let input = Tensor::f_randn([PICTURES, c, h, w], (Kind::Double, Device::Cpu))?;
    let _guard = tch::no_grad_guard();
    let whole = masked.forward(&input, &Pass::default())?;
    let small = compacted.forward(&input, &Pass::default())?;
    let largest = whole.f_abs()?.f_max()?.f_double_value(&[])?;
    let difference = (whole - small).f_abs()?.f_max()?.f_double_value(&[])? / largest.max(f64::MIN_POSITIVE);
    // Not a number is a difference, too.
    let same = difference < DIFFERENCE;
    let problem = (!same).then(|| {
        format!("the compacted network differs from the masked one by {difference:e} of the largest output")
    });
    Ok((counts, problem))
}
