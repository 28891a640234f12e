//! What is left when units are removed: the smaller network, and the entries of every tensor that stay.

use crate::channels::group::{Groups, TensorId};
use crate::graph::{Builder, GraphError, Network, NodeId, Op, ParamSpec};

/// Which units stay, for every group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    units: Vec<Vec<bool>>,
}

impl Kept {
    /// All units of all groups.
    #[must_use]
    pub fn all(groups: &Groups) -> Self {
        Self { units: groups.all().iter().map(|group| vec![true; group.units]).collect() }
    }

    /// The units of one group: `true` stays.
    #[must_use]
    pub fn group(&self, group: usize) -> &[bool] {
        &self.units[group]
    }

    /// The units of one group, to be changed.
    pub fn group_mut(&mut self, group: usize) -> &mut [bool] {
        &mut self.units[group]
    }

    /// Number of units of a group that stay.
    #[must_use]
    pub fn count(&self, group: usize) -> usize {
        self.units[group].iter().filter(|keep| **keep).count()
    }

    /// Whether all units of a group stay.
    #[must_use]
    pub fn is_whole(&self, group: usize) -> bool {
        self.units[group].iter().all(|keep| *keep)
    }
}

/// What remains of one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The tensor.
    pub tensor: TensorId,
    /// Dimensions that lose entries, ascending, with the entries that stay, ascending.
    pub dims: Vec<(usize, Vec<u32>)>,
}

/// A network without the units that were removed.
#[derive(Clone, Debug, PartialEq)]
pub struct Surgery {
    /// The smaller network; names are as before.
    pub network: Network,
    /// Tensors that lose entries. All others stay as they are.
    pub cuts: Vec<Cut>,
}

/// Why units cannot be removed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SurgeryError {
    /// A group that must stay whole would lose units.
    #[error("channel group `{0}` is the network's input or output and must stay whole")]
    Protected(String),
    /// A group would lose all units.
    #[error("channel group `{0}` would lose all of its units; at least one must stay")]
    Emptied(String),
    /// What would remain is no network.
    #[error("what would remain is no network: {0}")]
    Graph(#[from] GraphError),
}

impl Network {
    /// Removes units: the smaller network, and what stays of each tensor.
    ///
    /// # Errors
    /// Names the group that must stay whole, or that would be empty.
    pub fn surgery(&self, groups: &Groups, kept: &Kept) -> Result<Surgery, SurgeryError> {
        let mut lost = Lost::new(self);
        for (index, group) in groups.all().iter().enumerate() {
            if kept.is_whole(index) {
                continue;
            }
            if group.protection.is_some() {
                return Err(SurgeryError::Protected(group.name.clone()));
            }
            if kept.count(index) == 0 {
                return Err(SurgeryError::Emptied(group.name.clone()));
            }
            for member in &group.members {
                let stays = lost.dimension(self, member.tensor, member.dim);
                for unit in (0..group.units).filter(|unit| !kept.group(index)[*unit]) {
                    for entry in member.entries(unit) {
                        stays[entry] = false;
                    }
                }
            }
        }
        let cuts = lost.cuts();
        let mut shapes: Vec<Vec<usize>> = self.params().iter().map(|param| param.shape.clone()).collect();
        for cut in &cuts {
            if let TensorId::Param(id) = cut.tensor {
                for (dim, stays) in &cut.dims {
                    shapes[id.index()][*dim] = stays.len();
                }
            }
        }
        let network = self.narrowed(|param| shapes[param.id.index()].clone())?;
        Ok(Surgery { network, cuts })
    }

    /// The same graph with other numbers of channels, as the shapes of its parameters say: what a checkpoint of a
    /// compacted network is of. Blocks of a convolution keep their number, but those that read one channel each are
    /// as many as there are channels.
    ///
    /// # Errors
    /// Fails if a shape has another number of dimensions than here, is wider or has another kernel than here, or if the
    /// shapes do not fit each other.
    pub fn narrowed(&self, shape: impl Fn(&ParamSpec) -> Vec<usize>) -> Result<Self, GraphError> {
        let mut builder = Builder::new(self.name(), self.input());
        for (index, node) in self.nodes().iter().enumerate().skip(1) {
            let shapes: Vec<Vec<usize>> = node
                .params
                .iter()
                .map(|id| {
                    let param = &self.params()[id.index()];
                    let new = shape(param);
                    let fits = new.len() == param.shape.len()
                        && new.iter().zip(&param.shape).all(|(new, old)| new <= old)
                        && new.get(2..) == param.shape.get(2..);
                    if fits {
                        return Ok(new);
                    }
                    let reason = format!(
                        "`{}` of shape {new:?} is not what remains of {:?} after removing channels",
                        param.name, param.shape
                    );
                    Err(GraphError::Shape { node: node.name.clone(), reason })
                })
                .collect::<Result<_, _>>()?;
            let owner = self.owner(NodeId(index as u32));
            let id = if owner.index() == index {
                builder.push(&node.name, narrowed_op(&node.op, &shapes), &node.inputs)
            } else {
                builder.push_again(&node.name, owner, &node.inputs)
            };
            debug_assert_eq!(id, NodeId(index as u32));
        }
        builder.outputs(self.outputs());
        builder.finish()
    }
}

/// An operation with the channels that the shapes of its parameters say.
fn narrowed_op(op: &Op, shapes: &[Vec<usize>]) -> Op {
    let mut op = op.clone();
    match &mut op {
        Op::Conv2d { in_channels, out_channels, groups, .. } => {
            let [out, block] = [shapes[0][0], shapes[0][1]];
            if *groups > 1 && *groups == *in_channels {
                let multiplier = *out_channels / *groups;
                *groups = out / multiplier;
            }
            *in_channels = block * *groups;
            *out_channels = out;
        }
        Op::ConvTranspose2d { in_channels, out_channels, groups, .. } => {
            let [read, block] = [shapes[0][0], shapes[0][1]];
            if *groups > 1 && *groups == *in_channels {
                *groups = read;
            }
            *in_channels = read;
            *out_channels = block * *groups;
        }
        Op::Linear { in_features, out_features, .. } => {
            [*out_features, *in_features] = [shapes[0][0], shapes[0][1]];
        }
        Op::BatchNorm2d { channels, .. } => *channels = shapes[0][0],
        _ => {}
    }
    op
}

/// Entries that stay, for the tensors that lose some.
struct Lost {
    params: Vec<Vec<Option<Vec<bool>>>>,
    buffers: Vec<Option<Vec<bool>>>,
}

impl Lost {
    fn new(network: &Network) -> Self {
        Self {
            params: network.params().iter().map(|_| vec![None, None]).collect(),
            buffers: vec![None; network.buffers().len()],
        }
    }

    fn dimension(&mut self, network: &Network, tensor: TensorId, dim: usize) -> &mut Vec<bool> {
        match tensor {
            TensorId::Param(id) => {
                let size = network.params()[id.index()].shape[dim];
                self.params[id.index()][dim].get_or_insert_with(|| vec![true; size])
            }
            TensorId::Buffer(index) => {
                let size = network.buffers()[index].shape[0];
                self.buffers[index].get_or_insert_with(|| vec![true; size])
            }
        }
    }

    fn cuts(self) -> Vec<Cut> {
        let staying = |dim: usize, stays: &Vec<bool>| {
            let entries = stays.iter().enumerate().filter(|(_, stays)| **stays);
            (dim, entries.map(|(entry, _)| entry as u32).collect())
        };
        let params = self.params.iter().enumerate().map(|(index, dims)| {
            let dims = dims.iter().enumerate();
            Cut {
                tensor: TensorId::Param(crate::ParamId(index as u32)),
                dims: dims.filter_map(|(dim, stays)| Some(staying(dim, stays.as_ref()?))).collect(),
            }
        });
        let buffers = self.buffers.iter().enumerate().map(|(index, stays)| Cut {
            tensor: TensorId::Buffer(index),
            dims: stays.iter().map(|stays| staying(0, stays)).collect(),
        });
        params.chain(buffers).filter(|cut| !cut.dims.is_empty()).collect()
    }
}
