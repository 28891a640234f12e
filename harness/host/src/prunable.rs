//! The suite's prunable set, and the counts that follow from it.

use secateur_network::{Network, Op, ParamId, ParamRole};
use secateur_suite::Prunable;

/// The parameters of a prunable set, in the order of the network.
///
/// Biases and normalization never belong to it. A shortcut is a 1x1 convolution with a stride or a change of width
/// that stands beside a block, which the zoo names `downsample` or `shortcut`.
#[must_use]
pub fn prunable_params(network: &Network, set: &Prunable) -> Vec<ParamId> {
    let (stem, head) = (network.stem(), network.head());
    network
        .params()
        .iter()
        .filter(|param| match param.role {
            ParamRole::ConvWeight | ParamRole::LinearWeight => {
                let node = network.node(param.node);
                let shortcut = param.name.split('.').any(|part| part == "downsample" || part == "shortcut");
                if Some(param.node) == head {
                    set.head
                } else if Some(param.node) == stem {
                    set.stem
                } else if shortcut {
                    set.shortcuts
                } else {
                    !matches!(node.op, Op::Linear { .. }) || set.linear
                }
            }
            ParamRole::Bias | ParamRole::NormWeight | ParamRole::NormBias => false,
        })
        .map(|param| param.id)
        .collect()
}

/// The integer to reach: `round(keep * total)`, halves upwards.
#[must_use]
pub fn target_count(keep: f64, total: u64) -> u64 {
    (keep * total as f64).round() as u64
}
