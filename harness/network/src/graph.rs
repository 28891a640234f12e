//! The graph itself: nodes, operations, parameters and buffers.

use serde::Serialize;

/// Index of a node in [`Network::nodes`]; nodes stand in topological order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct NodeId(pub u32);

/// Index of a parameter in [`Network::params`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ParamId(pub u32);

impl NodeId {
    /// The id as an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl ParamId {
    /// The id as an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A sliding window: kernel, stride and padding in pixels, `[vertical, horizontal]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Kernel height and width.
    pub kernel: [usize; 2],
    /// Step between two positions.
    pub stride: [usize; 2],
    /// Zeros added on each side.
    pub padding: [usize; 2],
    /// Distance between two taps of the kernel.
    pub dilation: [usize; 2],
}

impl Window {
    /// A square window without dilation.
    #[must_use]
    pub fn square(kernel: usize, stride: usize, padding: usize) -> Self {
        Self { kernel: [kernel; 2], stride: [stride; 2], padding: [padding; 2], dilation: [1; 2] }
    }
}

/// What a node computes. Activations are `[batch, channels, height, width]` or, after a flatten, `[batch, features]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Op {
    /// The network's input.
    Input,
    /// Convolution with weight `[out_channels, in_channels / groups, kh, kw]`.
    Conv2d {
        /// Channels read.
        in_channels: usize,
        /// Channels made: the number of filters.
        out_channels: usize,
        /// Kernel, stride, padding and dilation.
        window: Window,
        /// Number of blocks that share no channels; divides both channel counts. Depthwise: one block a channel.
        groups: usize,
        /// Whether one number a channel is added.
        bias: bool,
    },
    /// Transposed convolution with weight `[in_channels, out_channels / groups, kh, kw]`.
    ConvTranspose2d {
        /// Channels read.
        in_channels: usize,
        /// Channels made.
        out_channels: usize,
        /// Kernel, stride, padding and dilation; no output padding.
        window: Window,
        /// Number of blocks that share no channels; divides both channel counts.
        groups: usize,
        /// Whether one number a channel is added.
        bias: bool,
    },
    /// Batch normalization over channels, with running statistics.
    BatchNorm2d {
        /// Channels of its input and output.
        channels: usize,
        /// Added to the variance before the square root.
        eps: f64,
        /// Weight of the newest batch in the running statistics (PyTorch's meaning).
        momentum: f64,
    },
    /// Fully connected layer with weight `[out_features, in_features]`.
    Linear {
        /// Features read.
        in_features: usize,
        /// Features made.
        out_features: usize,
        /// Whether one number a feature is added.
        bias: bool,
    },
    /// `max(x, 0)`.
    Relu,
    /// `min(max(x, 0), 6)`.
    Relu6,
    /// `x * relu6(x + 3) / 6`.
    Hardswish,
    /// Maximum over a window (padding counts as minus infinity).
    MaxPool2d {
        /// Kernel, stride, padding and dilation.
        window: Window,
    },
    /// Mean over a window (padding counts as zeros).
    AvgPool2d {
        /// Kernel, stride and padding; the dilation is 1.
        window: Window,
    },
    /// Mean over a grid of `output` cells.
    AdaptiveAvgPool2d {
        /// Rows and columns of the grid.
        output: [usize; 2],
    },
    /// Sum of all inputs, which have equal shapes.
    Add,
    /// Concatenation along the channels.
    Concat,
    /// `[batch, c, h, w]` to `[batch, c * h * w]`.
    Flatten,
    /// Nearest-neighbour enlargement by a whole factor.
    Upsample {
        /// How many times higher and wider.
        scale: usize,
    },
    /// Dropout with probability `p` in training mode; the identity in evaluation mode.
    Dropout {
        /// Probability that an element is zeroed, from 0 to 1.
        p: f64,
    },
    /// What a single-shot detector says of its default boxes: `[batch, boxes, 4 + labels]`, offsets before scores, boxes
    /// by map, row, column and kind. It reads two maps for each entry of `maps`: offsets `[kinds * 4, h, w]`, then scores
    /// `[kinds * labels, h, w]`, in both the numbers of one kind next to each other.
    BoxPredictions {
        /// Labels that are scored: the background, which is label 0, and the classes.
        labels: usize,
        /// Side of the picture, in pixels, that steps and scales are of.
        side: f64,
        /// The default boxes of each map.
        maps: Vec<BoxMap>,
    },
}

/// The default boxes of a single-shot detector at the cells of one map (arXiv 1512.02325, section 2.2).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BoxMap {
    /// Pixels of the picture from one cell to the next.
    pub step: f64,
    /// Side of the smaller square, in pixels.
    pub scale: f64,
    /// Side of the smaller square of the next map, in pixels; the larger square is the geometric mean of both.
    pub next_scale: f64,
    /// Width over height of the other boxes. Each stands for two, as it is and on its side.
    pub aspect_ratios: Vec<f64>,
}

impl BoxMap {
    /// Boxes at each cell.
    #[must_use]
    pub fn kinds(&self) -> usize {
        2 + 2 * self.aspect_ratios.len()
    }
}

/// One node: an operation on the outputs of earlier nodes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    /// Name, for example `layer1.0.conv2`; unique in the network.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// The nodes it reads, all earlier in the list.
    pub inputs: Vec<NodeId>,
    /// Its trainable parameters, weight before bias. They are those of an earlier node where both are one layer, as the
    /// heads of a pyramid are (see [`Builder::push_again`]).
    pub params: Vec<ParamId>,
}

/// What a parameter is to its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum ParamRole {
    /// Weight of a convolution.
    ConvWeight,
    /// Weight of a fully connected layer.
    LinearWeight,
    /// Bias of a convolution or a fully connected layer.
    Bias,
    /// Scale of a normalization.
    NormWeight,
    /// Shift of a normalization.
    NormBias,
}

/// A trainable tensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParamSpec {
    /// Index in [`Network::params`].
    pub id: ParamId,
    /// Name, for example `layer1.0.conv2.weight`.
    pub name: String,
    /// Shape, outermost dimension first.
    pub shape: Vec<usize>,
    /// The node that owns it: the first one that computes with it.
    pub node: NodeId,
    /// What it is to that node.
    pub role: ParamRole,
}

impl ParamSpec {
    /// Number of elements.
    #[must_use]
    pub fn numel(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Which running statistic a buffer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Attribute {
    /// Running mean of a batch normalization, `[channels]`.
    RunningMean,
    /// Running variance of a batch normalization, `[channels]`.
    RunningVar,
}

/// A tensor that is stored but not trained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BufferSpec {
    /// Name, for example `bn1.running_mean`.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// The node that owns it.
    pub node: NodeId,
    /// Which statistic it is.
    pub attribute: Attribute,
}

/// Why a graph could not be built or read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum GraphError {
    /// Two nodes have one name.
    #[error("node name `{0}` is used twice")]
    DuplicateName(String),
    /// A node reads a node that does not stand before it.
    #[error("node `{node}` reads node number {input}, which does not stand before it")]
    NotTopological {
        /// The reading node.
        node: String,
        /// The node it reads.
        input: u32,
    },
    /// Shapes do not fit.
    #[error("node `{node}`: {reason}")]
    Shape {
        /// Where it does not fit.
        node: String,
        /// What does not fit.
        reason: String,
    },
    /// No network has this name.
    #[error("unknown network `{name}`; {help}")]
    UnknownNetwork {
        /// What was asked for.
        name: String,
        /// The nearest valid name, or all of them.
        help: String,
    },
    /// An option of a network is out of its range.
    #[error("network `{network}`: option `{option}` {reason}")]
    BadOption {
        /// The network.
        network: String,
        /// Name of the option.
        option: &'static str,
        /// What is wrong with its value, and what is allowed.
        reason: String,
    },
}

/// A network: named nodes in topological order, with their parameters and buffers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Network {
    name: String,
    input: [usize; 3],
    nodes: Vec<Node>,
    params: Vec<ParamSpec>,
    buffers: Vec<BufferSpec>,
    outputs: Vec<NodeId>,
    /// Output shape of each node, filled in by [`Builder::finish`]. It follows from the rest, so that it is
    /// no part of the serialized network.
    #[serde(skip)]
    shapes: Vec<Vec<usize>>,
}

impl Network {
    /// Name of the architecture, for example `resnet18`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Shape of one input picture: channels, height, width.
    #[must_use]
    pub fn input(&self) -> [usize; 3] {
        self.input
    }

    /// All nodes in topological order.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// All parameters, in the order of their nodes.
    #[must_use]
    pub fn params(&self) -> &[ParamSpec] {
        &self.params
    }

    /// All buffers, in the order of their nodes.
    #[must_use]
    pub fn buffers(&self) -> &[BufferSpec] {
        &self.buffers
    }

    /// The node whose output is the network's; of several the first.
    #[must_use]
    pub fn output(&self) -> NodeId {
        self.outputs.first().copied().unwrap_or(NodeId(0))
    }

    /// All nodes whose outputs are the network's: one in all networks of the zoo.
    #[must_use]
    pub fn outputs(&self) -> &[NodeId] {
        &self.outputs
    }

    /// The node of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.nodes.iter().position(|node| node.name == name).map(|i| NodeId(i as u32))
    }

    /// The parameter of that name.
    #[must_use]
    pub fn find_param(&self, name: &str) -> Option<&ParamSpec> {
        self.params.iter().find(|param| param.name == name)
    }

    /// Output shape of one node without the batch: `[channels, height, width]`, or `[features]` after a flatten.
    #[must_use]
    pub fn shape(&self, id: NodeId) -> &[usize] {
        &self.shapes[id.index()]
    }

    /// The node whose parameters this one computes with: itself, unless its layer is used more than once.
    #[must_use]
    pub fn owner(&self, id: NodeId) -> NodeId {
        self.node(id).params.first().map_or(id, |param| self.params()[param.index()].node)
    }

    /// The classifier: the last fully connected node, or the first one of a projection. Its inputs are the features of
    /// linear transfer. A detector has none.
    #[must_use]
    pub fn head(&self) -> Option<NodeId> {
        if let Some([first, _]) = self.projection() {
            return Some(first);
        }
        self.nodes
            .iter()
            .rposition(|node| matches!(node.op, Op::Linear { .. }))
            .map(|index| NodeId(index as u32))
    }

    /// The layers that make the network's answers and so belong to one task: the classifier, a projection, or the
    /// predictors of a detector.
    #[must_use]
    pub fn heads(&self) -> Vec<NodeId> {
        let answers = self.node(self.output());
        match (&answers.op, self.projection()) {
            (Op::BoxPredictions { .. }, _) => answers.inputs.clone(),
            (_, Some(layers)) => layers.to_vec(),
            _ => self.head().into_iter().collect(),
        }
    }

    /// The first convolution on the way from the input.
    #[must_use]
    pub fn stem(&self) -> Option<NodeId> {
        self.nodes.iter().position(|node| matches!(node.op, Op::Conv2d { .. })).map(|i| NodeId(i as u32))
    }
}

/// Builds a [`Network`] node by node; names and shapes are checked by [`Builder::finish`].
#[derive(Debug)]
pub struct Builder {
    network: Network,
}

impl Builder {
    /// Starts a network with its input of `[channels, height, width]`.
    #[must_use]
    pub fn new(name: &str, input: [usize; 3]) -> Self {
        let node = Node { name: "input".to_owned(), op: Op::Input, inputs: Vec::new(), params: Vec::new() };
        Self {
            network: Network {
                name: name.to_owned(),
                input,
                nodes: vec![node],
                params: Vec::new(),
                buffers: Vec::new(),
                outputs: vec![NodeId(0)],
                shapes: Vec::new(),
            },
        }
    }

    /// The input node.
    #[must_use]
    pub fn input(&self) -> NodeId {
        NodeId(0)
    }

    /// Appends a node and its parameters, and makes it the output.
    pub fn push(&mut self, name: &str, op: Op, inputs: &[NodeId]) -> NodeId {
        let id = NodeId(self.network.nodes.len() as u32);
        let mut params = Vec::new();
        for (suffix, shape, role) in op.param_shapes() {
            let param = ParamId(self.network.params.len() as u32);
            self.network.params.push(ParamSpec {
                id: param,
                name: format!("{name}.{suffix}"),
                shape,
                node: id,
                role,
            });
            params.push(param);
        }
        if let Op::BatchNorm2d { channels, .. } = op {
            for (suffix, attribute) in
                [("running_mean", Attribute::RunningMean), ("running_var", Attribute::RunningVar)]
            {
                let name = format!("{name}.{suffix}");
                self.network.buffers.push(BufferSpec { name, shape: vec![channels], node: id, attribute });
            }
        }
        self.network.nodes.push(Node { name: name.to_owned(), op, inputs: inputs.to_vec(), params });
        self.network.outputs = vec![id];
        id
    }

    /// Appends a node that is an earlier convolution or fully connected layer once more, with the same parameters, and
    /// makes it the output. A normalization is refused by [`Builder::finish`]: of its statistics each use would need its
    /// own.
    pub fn push_again(&mut self, name: &str, layer: NodeId, inputs: &[NodeId]) -> NodeId {
        let id = NodeId(self.network.nodes.len() as u32);
        let Node { op, params, .. } = self.network.node(layer).clone();
        self.network.nodes.push(Node { name: name.to_owned(), op, inputs: inputs.to_vec(), params });
        self.network.outputs = vec![id];
        id
    }

    /// Makes these nodes the outputs, in place of the node that was pushed last.
    pub fn outputs(&mut self, nodes: &[NodeId]) {
        self.network.outputs = nodes.to_vec();
    }

    /// Output shapes of the nodes so far, as [`Network::shapes`] has them.
    ///
    /// # Errors
    /// As [`Builder::finish`].
    pub fn shapes(&self) -> Result<Vec<Vec<usize>>, GraphError> {
        let mut names = std::collections::HashSet::new();
        for (index, node) in self.network.nodes.iter().enumerate() {
            if !names.insert(node.name.as_str()) {
                return Err(GraphError::DuplicateName(node.name.clone()));
            }
            if let Some(input) = node.inputs.iter().find(|input| input.index() >= index) {
                return Err(GraphError::NotTopological { node: node.name.clone(), input: input.0 });
            }
            let owner = self.network.owner(NodeId(index as u32));
            if matches!(node.op, Op::BatchNorm2d { .. }) && owner.index() != index {
                let reason = format!(
                    "is the normalization `{}` once more; give each use statistics of its own",
                    self.network.node(owner).name
                );
                return Err(GraphError::Shape { node: node.name.clone(), reason });
            }
        }
        self.network.shapes()
    }

    /// The finished network, whose names are unique and whose shapes fit.
    ///
    /// # Errors
    /// Returns an error when names repeat, a node reads one that does not stand before it, or the shapes of
    /// two nodes do not fit (see [`Network::shapes`]).
    pub fn finish(mut self) -> Result<Network, GraphError> {
        self.network.shapes = self.shapes()?;
        Ok(self.network)
    }
}

impl Op {
    /// Suffix, shape and role of each parameter of this operation.
    fn param_shapes(&self) -> Vec<(&'static str, Vec<usize>, ParamRole)> {
        // A group count of zero is reported by `finish`; here it must only not divide.
        let quotient = |channels: usize, groups: usize| channels.checked_div(groups).unwrap_or(0);
        let layer = |weight: Vec<usize>, outputs: usize, bias: bool, role: ParamRole| {
            let mut shapes = vec![("weight", weight, role)];
            if bias {
                shapes.push(("bias", vec![outputs], ParamRole::Bias));
            }
            shapes
        };
        match *self {
            Self::Conv2d { in_channels, out_channels, window, groups, bias } => {
                let [height, width] = window.kernel;
                let weight = vec![out_channels, quotient(in_channels, groups), height, width];
                layer(weight, out_channels, bias, ParamRole::ConvWeight)
            }
            Self::ConvTranspose2d { in_channels, out_channels, window, groups, bias } => {
                let [height, width] = window.kernel;
                let weight = vec![in_channels, quotient(out_channels, groups), height, width];
                layer(weight, out_channels, bias, ParamRole::ConvWeight)
            }
            Self::Linear { in_features, out_features, bias } => {
                layer(vec![out_features, in_features], out_features, bias, ParamRole::LinearWeight)
            }
            Self::BatchNorm2d { channels, .. } => vec![
                ("weight", vec![channels], ParamRole::NormWeight),
                ("bias", vec![channels], ParamRole::NormBias),
            ],
            _ => Vec::new(),
        }
    }
}
