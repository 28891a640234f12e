//! Which channels are one channel: the trace of every channel through the graph.

use crate::graph::{Network, NodeId, Op};

/// Output channels (or features) of nodes as channels of the layers that make them.
pub(super) struct Trace {
    /// What made each atom: a convolution, a fully connected layer or the input.
    pub(super) producer: Vec<NodeId>,
    /// Whether an atom has gone through a sum.
    pub(super) summed: Vec<bool>,
    /// Lists of atoms, one entry for each channel; nodes that pass channels on share a list.
    pub(super) layouts: Vec<Vec<u32>>,
    /// The layout of each node's output.
    pub(super) output: Vec<usize>,
    forest: Forest,
}

impl Trace {
    pub(super) fn of(network: &Network) -> Self {
        let count = network.nodes().len();
        let mut trace = Self {
            producer: Vec::new(),
            summed: Vec::new(),
            layouts: Vec::with_capacity(count),
            output: Vec::with_capacity(count),
            forest: Forest::default(),
        };
        for (index, node) in network.nodes().iter().enumerate() {
            let id = NodeId(index as u32);
            let reads = |position: usize| trace.output[node.inputs[position].index()];
            let layout = match node.op {
                Op::Input => trace.fresh(id, network.input()[0]),
                Op::Linear { out_features, .. } => trace.fresh(id, out_features),
                Op::Conv2d { in_channels, out_channels, groups, .. }
                | Op::ConvTranspose2d { in_channels, out_channels, groups, .. } => {
                    let read = reads(0);
                    let made = trace.fresh(id, out_channels);
                    trace.tie_blocks(read, made, groups, in_channels / groups, out_channels / groups);
                    made
                }
                Op::Add => {
                    let first = reads(0);
                    for input in &node.inputs[1..] {
                        trace.tie(first, trace.output[input.index()]);
                    }
                    for &atom in &trace.layouts[first] {
                        trace.summed[atom as usize] = true;
                    }
                    first
                }
                Op::Concat | Op::BoxPredictions { .. } => {
                    let joined = node
                        .inputs
                        .iter()
                        .flat_map(|input| trace.layouts[trace.output[input.index()]].iter().copied());
                    let joined = joined.collect();
                    trace.push(joined)
                }
                Op::Flatten => {
                    let read = reads(0);
                    // A channel becomes all of its pixels, which stand one after the other.
                    let pixels = network.shape(id)[0] / trace.layouts[read].len().max(1);
                    if pixels == 1 {
                        read
                    } else {
                        let slots = trace.layouts[read].iter();
                        let spread = slots.flat_map(|atom| std::iter::repeat_n(*atom, pixels)).collect();
                        trace.push(spread)
                    }
                }
                Op::BatchNorm2d { .. }
                | Op::Relu
                | Op::Relu6
                | Op::Hardswish
                | Op::MaxPool2d { .. }
                | Op::AvgPool2d { .. }
                | Op::AdaptiveAvgPool2d { .. }
                | Op::Upsample { .. }
                | Op::Dropout { .. } => reads(0),
            };
            let owner = network.owner(id);
            if owner != id {
                // One layer used twice reads and makes the same channels at both places.
                let first = network.node(owner).inputs[0];
                trace.tie(trace.output[first.index()], trace.output[node.inputs[0].index()]);
                trace.tie(trace.output[owner.index()], layout);
            }
            trace.output.push(layout);
        }
        trace
    }

    /// The representative of all atoms that live or die with this one.
    pub(super) fn root(&mut self, atom: u32) -> u32 {
        self.forest.root(atom)
    }

    fn push(&mut self, layout: Vec<u32>) -> usize {
        self.layouts.push(layout);
        self.layouts.len() - 1
    }

    fn fresh(&mut self, producer: NodeId, count: usize) -> usize {
        let first = self.producer.len() as u32;
        let atoms: Vec<u32> = (first..first + count as u32).collect();
        self.producer.resize(self.producer.len() + count, producer);
        self.summed.resize(self.producer.len(), false);
        self.forest.grow(self.producer.len());
        self.push(atoms)
    }

    fn tie(&mut self, one: usize, other: usize) {
        if one == other {
            return;
        }
        for (a, b) in self.layouts[one].iter().zip(&self.layouts[other]) {
            self.forest.unite(*a, *b);
        }
    }

    /// Ties what a convolution of several blocks ties. Where a block reads one channel (a depthwise
    /// convolution), that channel and what the block makes of it are one unit and go with the block. Otherwise
    /// every block must stay as large as the others, so that channels at the same place of each block are one.
    fn tie_blocks(&mut self, read: usize, made: usize, blocks: usize, block_in: usize, block_out: usize) {
        if blocks == 1 {
            return;
        }
        for block in 0..blocks {
            if block_in == 1 {
                for channel in 0..block_out {
                    let (from, to) =
                        (self.layouts[read][block], self.layouts[made][block * block_out + channel]);
                    self.forest.unite(from, to);
                }
            } else {
                for (layout, size) in [(read, block_in), (made, block_out)] {
                    for channel in 0..size {
                        let (first, same) =
                            (self.layouts[layout][channel], self.layouts[layout][block * size + channel]);
                        self.forest.unite(first, same);
                    }
                }
            }
        }
    }
}

/// Sets of numbers that can be united; the smallest member stands for its set.
#[derive(Default)]
pub(super) struct Forest {
    parent: Vec<u32>,
}

impl Forest {
    pub(super) fn grow(&mut self, count: usize) {
        self.parent.extend(self.parent.len() as u32..count as u32);
    }

    pub(super) fn root(&mut self, mut item: u32) -> u32 {
        while self.parent[item as usize] != item {
            let grandparent = self.parent[self.parent[item as usize] as usize];
            self.parent[item as usize] = grandparent;
            item = grandparent;
        }
        item
    }

    pub(super) fn unite(&mut self, one: u32, other: u32) {
        let (one, other) = (self.root(one), self.root(other));
        self.parent[one.max(other) as usize] = one.min(other);
    }
}
