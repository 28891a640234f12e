//! Channel groups: units of channels that can only be removed together.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::channels::trace::{Forest, Trace};
use crate::graph::{Network, NodeId, Op, ParamId};

/// In [`Member::index`]: nothing of the tensor belongs to this unit at this place.
pub const NOWHERE: u32 = u32::MAX;

/// A tensor of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TensorId {
    /// A parameter.
    Param(ParamId),
    /// A buffer, by its index in [`Network::buffers`].
    Buffer(usize),
}

/// Whether a tensor makes the channels of a group or reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Filters, biases and normalizations: what makes the channels.
    Out,
    /// Weights of the layers that read the channels.
    In,
}

/// What a group takes from one dimension of one tensor.
///
/// Removing unit `u` removes the entries `index[u * width..(u + 1) * width]` of dimension `dim`, leaving out those
/// that are [`NOWHERE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The tensor.
    pub tensor: TensorId,
    /// The dimension.
    pub dim: usize,
    /// Whether it makes the channels or reads them.
    pub side: Side,
    /// Most entries that a unit has here: 1, or more after a flatten, in convolutions of several blocks, and where a
    /// layer reads a channel twice.
    pub width: usize,
    /// Entries of each unit, `[units * width]`.
    pub index: Arc<[u32]>,
}

impl Member {
    /// The entries of one unit.
    pub fn entries(&self, unit: usize) -> impl Iterator<Item = usize> + '_ {
        let places = &self.index[unit * self.width..(unit + 1) * self.width];
        places.iter().filter(|place| **place != NOWHERE).map(|place| *place as usize)
    }
}

/// Why a group may not lose units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Its channels are the network's input.
    Input,
    /// Its channels are the network's output, for example the classes, or lie within its projection.
    Output,
}

/// Units of channels. A unit is what must live or die as one: channels that a residual sum adds, a channel and its
/// depthwise filter, the same channel of every block of a convolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Name of the first layer that makes its channels; no other group has that layer.
    pub name: String,
    /// Number of units.
    pub units: usize,
    /// The layers that make its channels.
    pub producers: Vec<NodeId>,
    /// Whether its channels go through a sum, as those between residual blocks do.
    pub summed: bool,
    /// Why all units must stay, if they must.
    pub protection: Option<Protection>,
    /// All tensors that hold something of its units.
    pub members: Vec<Member>,
}

/// All channel groups of a network, in the order of their first layers.
///
/// Every entry of every dimension over channels belongs to exactly one unit of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    groups: Vec<Group>,
}

impl Groups {
    /// The groups.
    #[must_use]
    pub fn all(&self) -> &[Group] {
        &self.groups
    }

    /// Position of the group of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.groups.iter().position(|group| group.name == name)
    }
}

impl Network {
    /// The channel groups, from the graph alone: through residual sums, depthwise and grouped convolutions,
    /// concatenations, flattening into fully connected layers, normalization, pooling and enlargement, and layers that
    /// are used more than once.
    #[must_use]
    pub fn channel_groups(&self) -> Groups {
        let mut trace = Trace::of(self);
        let mut assembly = Assembly::new(self, &mut trace);
        for index in 0..self.nodes().len() {
            assembly.add_members(self, &trace, NodeId(index as u32));
        }
        let projection = self.projection().into_iter().flatten();
        for output in self.outputs().iter().copied().chain(projection) {
            assembly.protect(&trace, output, Protection::Output);
        }
        assembly.protect(&trace, NodeId(0), Protection::Input);
        Groups { groups: assembly.groups }
    }
}

/// Where the units of one group stand in a layout.
#[derive(Clone)]
struct Places {
    group: usize,
    width: usize,
    index: Arc<[u32]>,
}

struct Assembly {
    groups: Vec<Group>,
    /// Group and unit of each atom.
    unit: Vec<(u32, u32)>,
    /// Places in layouts that were looked up, by layout and number of leading entries.
    known: BTreeMap<(usize, usize), Vec<Places>>,
}

impl Assembly {
    /// Numbers groups and units by their first channels.
    fn new(network: &Network, trace: &mut Trace) -> Self {
        let atoms = trace.producer.len() as u32;
        let mut producers = Forest::default();
        producers.grow(network.nodes().len());
        for atom in 0..atoms {
            let root = trace.root(atom);
            if root != atom {
                producers.unite(trace.producer[atom as usize].0, trace.producer[root as usize].0);
            }
        }
        let mut groups: Vec<Group> = Vec::new();
        let mut group_of = vec![u32::MAX; network.nodes().len()];
        let mut unit = vec![(0, 0); atoms as usize];
        let mut previous = None;
        for atom in 0..atoms {
            let producer = trace.producer[atom as usize];
            let group = &mut group_of[producers.root(producer.0) as usize];
            if *group == u32::MAX {
                *group = groups.len() as u32;
                groups.push(Group {
                    name: network.node(producer).name.clone(),
                    units: 0,
                    producers: Vec::new(),
                    summed: false,
                    protection: None,
                    members: Vec::new(),
                });
            }
            let index = *group;
            let group = &mut groups[index as usize];
            if previous != Some(producer) {
                group.producers.push(producer);
                previous = Some(producer);
            }
            let root = trace.root(atom);
            unit[atom as usize] = if root == atom {
                group.units += 1;
                (index, group.units as u32 - 1)
            } else {
                unit[root as usize]
            };
            group.summed |= trace.summed[atom as usize];
        }
        Self { groups, unit, known: BTreeMap::new() }
    }

    fn protect(&mut self, trace: &Trace, node: NodeId, why: Protection) {
        for atom in &trace.layouts[trace.output[node.index()]] {
            self.groups[self.unit[*atom as usize].0 as usize].protection = Some(why);
        }
    }

    /// Enters what a node's own tensors hold of the channels that it reads and makes.
    fn add_members(&mut self, network: &Network, trace: &Trace, id: NodeId) {
        let node = network.node(id);
        let Some(input) = node.inputs.first() else { return };
        if network.owner(id) != id {
            return;
        }
        let (read, made) = (trace.output[input.index()], trace.output[id.index()]);
        let param = |position: usize| TensorId::Param(node.params[position]);
        let (all_read, all_made) = (trace.layouts[read].len(), trace.layouts[made].len());
        match node.op {
            Op::Conv2d { in_channels, groups, bias, .. } => {
                let block = in_channels / groups;
                self.add(trace, made, all_made, param(0), 0, Side::Out);
                if groups == 1 || block > 1 {
                    // Blocks agree, so that the first one says it all.
                    self.add(trace, read, block, param(0), 1, Side::In);
                }
                if bias {
                    self.add(trace, made, all_made, param(1), 0, Side::Out);
                }
            }
            Op::ConvTranspose2d { in_channels, out_channels, groups, bias, .. } => {
                self.add(trace, read, all_read, param(0), 0, Side::In);
                if groups == 1 || in_channels / groups > 1 {
                    self.add(trace, made, out_channels / groups, param(0), 1, Side::Out);
                }
                if bias {
                    self.add(trace, made, all_made, param(1), 0, Side::Out);
                }
            }
            Op::Linear { bias, .. } => {
                self.add(trace, made, all_made, param(0), 0, Side::Out);
                self.add(trace, read, all_read, param(0), 1, Side::In);
                if bias {
                    self.add(trace, made, all_made, param(1), 0, Side::Out);
                }
            }
            Op::BatchNorm2d { .. } => {
                self.add(trace, read, all_read, param(0), 0, Side::Out);
                self.add(trace, read, all_read, param(1), 0, Side::Out);
                for (index, buffer) in network.buffers().iter().enumerate() {
                    if buffer.node == id {
                        self.add(trace, read, all_read, TensorId::Buffer(index), 0, Side::Out);
                    }
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, trace: &Trace, layout: usize, length: usize, tensor: TensorId, dim: usize, side: Side) {
        for place in self.places(trace, layout, length) {
            let Places { group, width, index } = place;
            self.groups[group].members.push(Member { tensor, dim, side, width, index });
        }
    }

    /// Where units stand among the first `length` channels of a layout.
    fn places(&mut self, trace: &Trace, layout: usize, length: usize) -> Vec<Places> {
        if let Some(known) = self.known.get(&(layout, length)) {
            return known.clone();
        }
        let slots = &trace.layouts[layout][..length];
        let mut counts: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for atom in slots {
            let (group, unit) = self.unit[*atom as usize];
            let counts = counts.entry(group).or_insert_with(|| vec![0; self.groups[group as usize].units]);
            counts[unit as usize] += 1;
        }
        let mut found = Vec::with_capacity(counts.len());
        for (group, mut filled) in counts {
            let width = filled.iter().copied().max().unwrap_or(0) as usize;
            let mut index = vec![NOWHERE; filled.len() * width];
            filled.fill(0);
            for (slot, atom) in slots.iter().enumerate() {
                let (owner, unit) = self.unit[*atom as usize];
                if owner == group {
                    let unit = unit as usize;
                    index[unit * width + filled[unit] as usize] = slot as u32;
                    filled[unit] += 1;
                }
            }
            found.push(Places { group: group as usize, width, index: index.into() });
        }
        self.known.insert((layout, length), found.clone());
        found
    }
}
