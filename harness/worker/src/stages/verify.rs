//! `verify`: recounts everything from the tensors, without the plugin and without believing it.

use std::collections::BTreeMap;

use secateur_data::Split;
use secateur_host::{prunable_params, target_count};
use secateur_network::{Convention, ParamRole};
use secateur_store::{Counts, Outcome, VerifyFacts};
use secateur_suite::VerifySpec;

use crate::order::Order;
use crate::stages::Ended;
use crate::weights;

pub(crate) fn run(order: &Order, spec: &VerifySpec) -> anyhow::Result<Ended> {
    let info = order.task("trainval")?;
    let shape = order.pictures("trainval", Split::Train)?.shape;
    let network = weights::network(&spec.network, &info, shape)?;
    // The file is read by hand: loading it into a model would already apply the masks.
    let tensors = weights::read_for(&network, order.input("weights")?)?;
    let prunable = prunable_params(&network, &spec.prunable);
    let mut counts = Counts::default();
    let mut kept_of = BTreeMap::new();
    let mut foreign_masks = Vec::new();
    for param in network.params() {
        let numel = param.numel() as u64;
        let mask = tensors.get(&format!("mask.{}", param.name));
        let mut kept = numel;
        if let Some(mask) = mask {
            anyhow::ensure!(
                mask.shape == param.shape && mask.bytes.len() == param.numel(),
                "the mask of `{}` has shape {:?}, expected {:?}",
                param.name,
                mask.shape,
                param.shape
            );
            kept = mask.bytes.iter().filter(|byte| **byte != 0).count() as u64;
            if kept < numel && !prunable.contains(&param.id) {
                foreign_masks.push(param.name.clone());
            }
            let values = tensors[&param.name].to_f32()?;
            counts.leaked +=
                values.iter().zip(&mask.bytes).filter(|(value, keep)| **keep == 0 && **value != 0.0).count()
                    as u64;
        }
        kept_of.insert(param.id, kept);
        counts.params_total += numel;
        counts.params_kept += kept;
        if prunable.contains(&param.id) {
            counts.prunable_total += numel;
            counts.prunable_kept += kept;
        }
        if matches!(param.role, ParamRole::ConvWeight | ParamRole::LinearWeight) {
            counts.conv_fc_total += numel;
            counts.conv_fc_kept += kept;
        }
    }
    counts.macs_executed = network.macs(Convention::Core);
    counts.macs_nonzero = network.macs_with_nonzero(|id| kept_of[&id]);
    let target = target_count(spec.keep, counts.prunable_total);
    let mut ended = Ended::ok(VerifyFacts { target_count: target, counts })?;
    let problem = if !foreign_masks.is_empty() {
        Some(format!("weights outside of the prunable set are masked: {}", foreign_masks.join(", ")))
    } else if counts.leaked > 0 {
        Some(format!("{} weights under a mask are not zero", counts.leaked))
    } else if counts.prunable_kept != target {
        Some(format!("{} prunable weights remain, the target is {target}", counts.prunable_kept))
    } else {
        None
    };
    if let Some(problem) = problem {
        ended.outcome = Outcome::Invalid;
        ended.detail = problem;
    } else {
        // What follows waits for this file.
        std::fs::write(
            order.output("verdict.txt"),
            format!("{} of {}\n", counts.prunable_kept, counts.prunable_total),
        )?;
        ended = ended.with("verdict", "verdict.txt");
    }
    Ok(ended)
}
