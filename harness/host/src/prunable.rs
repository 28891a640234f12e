//! The suite's prunable set, and the counts that follow from it.

use secateur_abi as abi;
use secateur_engine::fits_pattern;
use secateur_network::channels::{Budget, Groups, Kept, Rules, Tally};
use secateur_network::{Network, Op, ParamId, ParamRole};
use secateur_suite::{ChannelBudget, ChannelSet, Pattern, Prunable, PruneSet};

/// What the methods of a suite may remove from a network.
#[derive(Clone, Debug)]
pub enum Removable {
    /// Single weights of these parameters, in the order of the network.
    Weights(Vec<ParamId>),
    /// Single weights of these parameters, all of which fall into the groups of a pattern.
    Patterned {
        /// The parameters, in the order of the network.
        params: Vec<ParamId>,
        /// What must remain of each group.
        pattern: Pattern,
    },
    /// Channels.
    Channels(Channels),
}

/// The channels of a network that a suite lets go.
#[derive(Clone, Debug)]
pub struct Channels {
    /// All channel groups of the network.
    pub groups: Groups,
    /// Groups that may lose units, one entry for each group.
    pub eligible: Vec<bool>,
    /// What a keep is a fraction of.
    pub budget: Budget,
    /// Units that each group keeps at least.
    pub min_keep: usize,
    /// Each group keeps a multiple of so many units, or all.
    pub align: usize,
    total: u64,
    tolerance: u64,
}

impl Removable {
    /// What a suite's set means for a network.
    #[must_use]
    pub fn new(network: &Network, set: &PruneSet) -> Self {
        match set {
            PruneSet::Weights(set) => {
                let params = prunable_params(network, set);
                match set.pattern {
                    None => Self::Weights(params),
                    Some(pattern) => Self::Patterned { params, pattern },
                }
            }
            PruneSet::Channels(set) => Self::Channels(Channels::new(network, set)),
        }
    }

    /// The parameters whose single weights may be removed; none where channels are.
    #[must_use]
    pub fn params(&self) -> &[ParamId] {
        match self {
            Self::Weights(params) | Self::Patterned { params, .. } => params,
            Self::Channels(_) => &[],
        }
    }

    /// What the dense network has: prunable weights, or the count of the budget.
    #[must_use]
    pub fn total(&self, network: &Network) -> u64 {
        match self {
            Self::Channels(channels) => channels.total,
            _ => self.params().iter().map(|id| network.params()[id.index()].numel() as u64).sum(),
        }
    }

    /// The target of a keep. Counts of weights are exact; those of channels may miss by half of the largest unit.
    #[must_use]
    pub fn target(&self, network: &Network, keep: f64) -> abi::Target {
        let tolerance = match self {
            // All groups of a pattern are whole, so that what it leaves is its keep exactly.
            Self::Weights(_) | Self::Patterned { .. } => 0,
            Self::Channels(channels) => channels.tolerance,
        };
        abi::Target { keep, count: target_count(keep, self.total(network)), tolerance }
    }
}

impl Channels {
    fn new(network: &Network, set: &ChannelSet) -> Self {
        let groups = network.channel_groups();
        let free = |group: &secateur_network::channels::Group| {
            group.protection.is_none() && (set.summed || !group.summed)
        };
        let eligible: Vec<bool> = groups.all().iter().map(free).collect();
        let budget = match set.budget {
            ChannelBudget::Params => Budget::Params,
            ChannelBudget::Macs => Budget::Macs,
            ChannelBudget::Channels => Budget::Channels,
        };
        let dense = Tally::new(network, &groups, &eligible, budget);
        let total = dense.total();
        // The costliest step that a selection can take: as many units of one group as go together. A selection that
        // takes the nearer of two neighbouring points misses by half of it at most.
        let mut step = 0;
        for (group, _) in groups.all().iter().zip(&eligible).filter(|(_, eligible)| **eligible) {
            let mut tally = dense.clone();
            for unit in 0..(set.align as usize).min(group.units) {
                tally.remove(group, unit);
            }
            step = step.max(total - tally.total());
        }
        let tolerance = if budget == Budget::Channels && set.align == 1 { 0 } else { step.div_ceil(2) };
        let (min_keep, align) = (set.min_keep as usize, set.align as usize);
        Self { groups, eligible, budget, min_keep, align, total, tolerance }
    }

    /// The rules of a selection that is to reach `target`.
    #[must_use]
    pub fn rules(&self, target: u64) -> Rules<'_> {
        let (min_keep, align) = (self.min_keep, self.align);
        Rules { budget: self.budget, target, eligible: &self.eligible, min_keep, align }
    }

    /// What a budget counts of the units that stay.
    #[must_use]
    pub fn count(&self, network: &Network, budget: Budget, kept: &Kept) -> u64 {
        let mut tally = Tally::new(network, &self.groups, &self.eligible, budget);
        for (index, group) in self.groups.all().iter().enumerate() {
            for unit in (0..group.units).filter(|unit| !kept.group(index)[*unit]) {
                tally.remove(group, unit);
            }
        }
        tally.total()
    }

    /// What is wrong with the units that a group is to keep, if anything: for the suite's rules, by name.
    #[must_use]
    pub fn complaint(&self, group: usize, keep: &[bool]) -> Option<String> {
        let name = &self.groups.all()[group].name;
        let (units, count) = (keep.len(), keep.iter().filter(|keep| **keep).count());
        if count == units {
            return None;
        }
        if let Some(protection) = self.groups.all()[group].protection {
            return Some(format!(
                "channel group `{name}` is the network's {} and must stay whole",
                format!("{protection:?}").to_lowercase()
            ));
        }
        if !self.eligible[group] {
            return Some(format!("channel group `{name}` does not belong to the suite's set"));
        }
        if count < self.min_keep.max(1) {
            return Some(format!(
                "channel group `{name}` keeps {count} of {units} units, but must keep {} at least",
                self.min_keep.max(1)
            ));
        }
        if !count.is_multiple_of(self.align) {
            return Some(format!(
                "channel group `{name}` keeps {count} of {units} units, which is no multiple of {}",
                self.align
            ));
        }
        None
    }
}

/// The parameters of a prunable set, in the order of the network.
///
/// Biases and normalization never belong to it. A shortcut is a 1x1 convolution with a stride or a change of width
/// that stands beside a block, which the zoo names `downsample` or `shortcut`. A pattern leaves out parameters whose input
/// channels do not fall into its groups, and transposed convolutions, whose first dimension these are.
#[must_use]
pub fn prunable_params(network: &Network, set: &Prunable) -> Vec<ParamId> {
    let (stem, heads) = (network.stem(), network.heads());
    network
        .params()
        .iter()
        .filter(|param| match param.role {
            ParamRole::ConvWeight | ParamRole::LinearWeight => {
                let node = network.node(param.node);
                let shortcut = param.name.split('.').any(|part| part == "downsample" || part == "shortcut");
                if heads.contains(&param.node) {
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
        .filter(|param| {
            let transposed = matches!(network.node(param.node).op, Op::ConvTranspose2d { .. });
            set.pattern.is_none_or(|pattern| !transposed && fits_pattern(&param.shape, pattern))
        })
        .map(|param| param.id)
        .collect()
}

/// The integer to reach: `round(keep * total)`, halves upwards.
#[must_use]
pub fn target_count(keep: f64, total: u64) -> u64 {
    (keep * total as f64).round() as u64
}
