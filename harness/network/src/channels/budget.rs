//! What remains of a network's cost while units are removed one by one.

use serde::Serialize;

use crate::channels::group::{Group, Groups, TensorId};
use crate::cost::Convention;
use crate::graph::{Network, NodeId, Op};

/// What is counted of a channel-pruned network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Budget {
    /// Trainable parameters of the whole network.
    Params,
    /// Multiply-accumulates of the whole network for one picture, under [`Convention::Core`].
    Macs,
    /// Units of the groups that may lose some.
    Channels,
}

/// The running count of a budget. Taking a unit out costs time in proportion to the tensors that it touches.
#[derive(Clone, Debug)]
pub struct Tally {
    budget: Budget,
    /// What is left of the first two dimensions of each parameter; the second is 1 for vectors.
    dims: Vec<[u64; 2]>,
    /// What each entry of the first two dimensions counts for.
    weight: Vec<u64>,
    total: u64,
}

impl Tally {
    /// The dense network. For [`Budget::Channels`] the units of the groups that `eligible` names are counted.
    #[must_use]
    pub fn new(network: &Network, groups: &Groups, eligible: &[bool], budget: Budget) -> Self {
        let mut dims = Vec::with_capacity(network.params().len());
        let mut weight = Vec::with_capacity(network.params().len());
        let uses = if budget == Budget::Macs { uses(network) } else { Vec::new() };
        for param in network.params() {
            let [first, second] = [param.shape[0], param.shape.get(1).copied().unwrap_or(1)];
            dims.push([first as u64, second as u64]);
            let rest: usize = param.shape.iter().skip(2).product();
            weight.push(match budget {
                Budget::Params => rest as u64,
                Budget::Macs => rest as u64 * uses[param.id.index()],
                Budget::Channels => 0,
            });
        }
        let total = match budget {
            Budget::Channels => {
                let counted = groups.all().iter().zip(eligible).filter(|(_, eligible)| **eligible);
                counted.map(|(group, _)| group.units as u64).sum()
            }
            _ => dims.iter().zip(&weight).map(|([a, b], weight)| a * b * weight).sum(),
        };
        Self { budget, dims, weight, total }
    }

    /// What is left.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Takes a unit out.
    pub fn remove(&mut self, group: &Group, unit: usize) {
        self.change(group, unit, |dim, count| dim - count);
        if self.budget == Budget::Channels {
            self.total -= 1;
        }
    }

    /// Puts a unit back.
    pub fn restore(&mut self, group: &Group, unit: usize) {
        self.change(group, unit, |dim, count| dim + count);
        if self.budget == Budget::Channels {
            self.total += 1;
        }
    }

    fn change(&mut self, group: &Group, unit: usize, changed: impl Fn(u64, u64) -> u64) {
        if self.budget == Budget::Channels {
            return;
        }
        for member in &group.members {
            let TensorId::Param(id) = member.tensor else { continue };
            let index = id.index();
            let count = if member.width == 1 {
                u64::from(member.index[unit] != super::NOWHERE)
            } else {
                member.entries(unit).count() as u64
            };
            let [first, second] = self.dims[index];
            let before = first * second * self.weight[index];
            self.dims[index][member.dim] = changed(self.dims[index][member.dim], count);
            let [first, second] = self.dims[index];
            self.total = self.total - before + first * second * self.weight[index];
        }
    }
}

/// How often each element of every parameter is multiplied for one picture; biases and normalizations are no products.
fn uses(network: &Network) -> Vec<u64> {
    let mut uses = vec![0; network.params().len()];
    for (index, node) in network.nodes().iter().enumerate() {
        let (Op::Conv2d { .. } | Op::ConvTranspose2d { .. } | Op::Linear { .. }, Some(weight)) =
            (&node.op, node.params.first())
        else {
            continue;
        };
        let numel = network.params()[weight.index()].numel() as u64;
        uses[weight.index()] += network.node_macs(NodeId(index as u32), Convention::Core) / numel.max(1);
    }
    uses
}
