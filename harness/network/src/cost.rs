//! What a network costs: parameters and multiply-accumulates under named conventions.
//!
//! The same ResNet-50 is 4.09, 4.11, 4.12 or 4.14 billion multiply-accumulates, depending on who counts.
//! Therefore every count here belongs to a [`Convention`], whose name stands beside the number in reports.
//! One multiply-accumulate (MAC) is two floating-point operations. All counts are for one picture.

use serde::Serialize;

use crate::graph::{Network, NodeId, Op, ParamId, ParamRole};

/// Begin of the name of a node that is a plain function call in torchvision's code, where other networks have
/// a module: MobileNetV2's pool.
pub const FUNCTIONAL: &str = "functional.";

/// How multiply-accumulates are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Convention {
    /// Multiply-adds of convolutions and fully connected layers, and nothing else: no biases, no
    /// normalization, no activations. The figures of torchvision's metadata and of fvcore.
    Core,
    /// The figures of Torch-Pruning: as [`Convention::Core`], plus one for each output of a layer with bias,
    /// two for each element of a batch normalization, one for each element of an activation, one for each
    /// *input* element of a pool and one for each output element of an enlargement. Sums, concatenations,
    /// flattening and dropout are free. So are pools that are no module but a function call in PyTorch, since
    /// Torch-Pruning counts by hooks on modules: nodes whose name begins with [`FUNCTIONAL`].
    Tp,
}

impl Convention {
    /// Every convention, the default one first.
    pub const ALL: [Self; 2] = [Self::Core, Self::Tp];

    /// Name and version; the version changes when any count does.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core/1",
            Self::Tp => "tp/1",
        }
    }
}

impl Network {
    /// Multiply-accumulates of the whole network for one picture.
    #[must_use]
    pub fn macs(&self, convention: Convention) -> u64 {
        self.node_ids().map(|id| self.node_macs(id, convention)).fold(0, u64::saturating_add)
    }

    /// Multiply-accumulates of one node for one picture.
    #[must_use]
    pub fn node_macs(&self, id: NodeId, convention: Convention) -> u64 {
        let dense = self.weight_of(id).map_or(0, |weight| self.params()[weight.index()].numel() as u64);
        let core = dense.saturating_mul(self.weight_uses(id));
        match convention {
            Convention::Core => core,
            Convention::Tp => core.saturating_add(self.tp_extra(id)),
        }
    }

    /// Multiply-accumulates under [`Convention::Core`] when only non-zero weights are computed with.
    ///
    /// `nonzero` tells the number of non-zero elements of a weight of a convolution or a fully connected
    /// layer. It is a lower bound that a sparse executor may reach: a masked network runs at dense speed.
    #[must_use]
    pub fn macs_with_nonzero(&self, nonzero: impl Fn(ParamId) -> u64) -> u64 {
        self.node_ids()
            .filter_map(|id| Some(nonzero(self.weight_of(id)?).saturating_mul(self.weight_uses(id))))
            .fold(0, u64::saturating_add)
    }

    /// Number of trainable parameters; running statistics are none.
    #[must_use]
    pub fn count_params(&self) -> u64 {
        self.params().iter().map(|param| param.numel() as u64).sum()
    }

    /// Number of weights of convolutions and fully connected layers: what weight pruning can reach.
    #[must_use]
    pub fn conv_fc_weights(&self) -> u64 {
        let prunable = |role| matches!(role, ParamRole::ConvWeight | ParamRole::LinearWeight);
        self.params().iter().filter(|param| prunable(param.role)).map(|param| param.numel() as u64).sum()
    }

    /// Every node's id, in order.
    fn node_ids(&self) -> impl Iterator<Item = NodeId> {
        (0..self.nodes().len() as u32).map(NodeId)
    }

    /// The weight of a convolution or a fully connected layer.
    fn weight_of(&self, id: NodeId) -> Option<ParamId> {
        let node = self.node(id);
        match node.op {
            Op::Conv2d { .. } | Op::ConvTranspose2d { .. } | Op::Linear { .. } => {
                node.params.first().copied()
            }
            _ => None,
        }
    }

    /// How often each element of a layer's weight is used for one picture: once a position of the kernel.
    /// A transposed convolution has a position for each pixel of its *input*.
    fn weight_uses(&self, id: NodeId) -> u64 {
        match self.node(id).op {
            Op::Conv2d { .. } => pixels(self.shape(id)),
            Op::ConvTranspose2d { .. } => pixels(self.input_shape(id)),
            Op::Linear { .. } => 1,
            _ => 0,
        }
    }

    /// What [`Convention::Tp`] counts beside the multiply-adds.
    fn tp_extra(&self, id: NodeId) -> u64 {
        let output = numel(self.shape(id));
        if self.node(id).name.starts_with(FUNCTIONAL) {
            return 0;
        }
        match self.node(id).op {
            Op::Conv2d { bias, .. } | Op::ConvTranspose2d { bias, .. } | Op::Linear { bias, .. } => {
                if bias {
                    output
                } else {
                    0
                }
            }
            Op::BatchNorm2d { .. } => output.saturating_mul(2),
            Op::Relu | Op::Relu6 | Op::Hardswish | Op::Upsample { .. } => output,
            Op::MaxPool2d { .. } | Op::AvgPool2d { .. } | Op::AdaptiveAvgPool2d { .. } => {
                numel(self.input_shape(id))
            }
            Op::Input
            | Op::Add
            | Op::Concat
            | Op::Flatten
            | Op::Dropout { .. }
            | Op::BoxPredictions { .. } => 0,
        }
    }

    /// Shape of a node's first input; empty for the network's input.
    fn input_shape(&self, id: NodeId) -> &[usize] {
        self.node(id).inputs.first().map_or(&[], |&input| self.shape(input))
    }
}

/// Number of elements of a shape.
fn numel(shape: &[usize]) -> u64 {
    shape.iter().map(|&size| size as u64).product()
}

/// Number of pixels of a `[channels, height, width]` shape.
fn pixels(shape: &[usize]) -> u64 {
    shape.iter().skip(1).map(|&size| size as u64).product()
}
