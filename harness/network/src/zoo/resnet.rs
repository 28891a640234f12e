//! Residual networks (arXiv 1512.03385).
//!
//! Bottlenecks have their stride on the 3x3 convolution, as torchvision's do ("v1.5"), not on the first 1x1
//! convolution as in the paper.

use super::{ConvNorm, Resolved};
use crate::graph::{Builder, GraphError, Network, NodeId, Op, Window};

/// What a node of a network under construction makes.
#[derive(Clone, Copy)]
pub(super) struct Map {
    /// The node.
    pub(super) node: NodeId,
    /// Channels of its output.
    pub(super) channels: usize,
}

/// Kind of residual block.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Block {
    /// Two 3x3 convolutions.
    Basic,
    /// 1x1, 3x3 and 1x1 convolutions, the last four times as wide.
    Bottleneck,
}

impl Block {
    fn expansion(self) -> usize {
        match self {
            Self::Basic => 1,
            Self::Bottleneck => 4,
        }
    }
}

/// Blocks of one width, named `layer<number>.<index>`.
#[derive(Clone, Copy)]
pub(super) struct Stage {
    /// Number of the stage, from 1.
    pub(super) number: usize,
    /// Number of blocks.
    pub(super) blocks: usize,
    /// Width before a bottleneck's expansion.
    pub(super) width: usize,
    /// Stride of the first block.
    pub(super) stride: usize,
}

/// An ImageNet network: 7x7 stem with stride 2, pool, four stages.
pub(super) fn imagenet(
    name: &str,
    block: Block,
    blocks: [usize; 4],
    options: Resolved,
) -> Result<Network, GraphError> {
    let mut builder = Builder::new(name, options.input);
    let stem = push_stem(&mut builder, options.input[0], options.scaled(64), Window::square(7, 2, 3));
    let pooled = push_pool(&mut builder, stem);
    let stages =
        blocks.iter().zip([64, 128, 256, 512]).map(|(&blocks, width)| (blocks, options.scaled(width)));
    finish(builder, block, pooled, stages, options.classes)
}

/// A CIFAR network of 6 x `blocks` + 2 layers: 3x3 stem, three stages of basic blocks.
pub(super) fn cifar(name: &str, blocks: usize, options: Resolved) -> Result<Network, GraphError> {
    let mut builder = Builder::new(name, options.input);
    let stem = push_stem(&mut builder, options.input[0], options.scaled(16), Window::square(3, 1, 1));
    let stages = [16, 32, 64].map(|width| (blocks, options.scaled(width)));
    finish(builder, Block::Basic, stem, stages.into_iter(), options.classes)
}

/// Pushes the stages of (number of blocks, width) and the classifier.
pub(super) fn finish(
    mut builder: Builder,
    block: Block,
    mut map: Map,
    stages: impl Iterator<Item = (usize, usize)>,
    classes: usize,
) -> Result<Network, GraphError> {
    for (index, (blocks, width)) in stages.enumerate() {
        let stride = if index == 0 { 1 } else { 2 };
        map = push_stage(&mut builder, block, Stage { number: index + 1, blocks, width, stride }, map);
    }
    let pooled = builder.push("avgpool", Op::AdaptiveAvgPool2d { output: [1, 1] }, &[map.node]);
    let flat = builder.push("flatten", Op::Flatten, &[pooled]);
    builder.push("fc", Op::Linear { in_features: map.channels, out_features: classes, bias: true }, &[flat]);
    builder.finish()
}

/// Pushes the layer that reads a picture of `in_channels` channels.
pub(super) fn push_stem(builder: &mut Builder, in_channels: usize, width: usize, window: Window) -> Map {
    let input = builder.input();
    let conv = ConvNorm { in_channels, out_channels: width, window, groups: 1 };
    let normed = conv.push(builder, "conv1", "bn1", input);
    Map { node: builder.push("relu", Op::Relu, &[normed]), channels: width }
}

/// Pushes the pool after the stem, which halves height and width.
pub(super) fn push_pool(builder: &mut Builder, stem: Map) -> Map {
    let pool = Op::MaxPool2d { window: Window::square(3, 2, 1) };
    Map { node: builder.push("maxpool", pool, &[stem.node]), ..stem }
}

/// Pushes the blocks of a stage.
pub(super) fn push_stage(builder: &mut Builder, block: Block, stage: Stage, mut map: Map) -> Map {
    for index in 0..stage.blocks {
        let stride = if index == 0 { stage.stride } else { 1 };
        let name = format!("layer{}.{index}", stage.number);
        map = push_block(builder, &name, block, map, stage.width, stride);
    }
    map
}

/// Pushes one residual block.
fn push_block(
    builder: &mut Builder,
    name: &str,
    block: Block,
    input: Map,
    width: usize,
    stride: usize,
) -> Map {
    let (in_channels, out_channels) = (input.channels, width * block.expansion());
    // Each convolution's inputs, outputs, kernel and stride; padding keeps the size.
    let layers: &[(usize, usize, usize, usize)] = match block {
        Block::Basic => &[(in_channels, width, 3, stride), (width, width, 3, 1)],
        Block::Bottleneck => {
            &[(in_channels, width, 1, 1), (width, width, 3, stride), (width, out_channels, 1, 1)]
        }
    };
    let mut node = input.node;
    for (index, &(from, to, kernel, stride)) in layers.iter().enumerate() {
        let number = index + 1;
        if index > 0 {
            node = builder.push(&format!("{name}.relu{index}"), Op::Relu, &[node]);
        }
        let window = Window::square(kernel, stride, kernel / 2);
        let conv = ConvNorm { in_channels: from, out_channels: to, window, groups: 1 };
        node = conv.push(builder, &format!("{name}.conv{number}"), &format!("{name}.bn{number}"), node);
    }
    let shortcut = if stride != 1 || in_channels != out_channels {
        let conv = ConvNorm { in_channels, out_channels, window: Window::square(1, stride, 0), groups: 1 };
        conv.push(builder, &format!("{name}.downsample.0"), &format!("{name}.downsample.1"), input.node)
    } else {
        input.node
    };
    let sum = builder.push(&format!("{name}.add"), Op::Add, &[node, shortcut]);
    let made = builder.push(&format!("{name}.relu{}", layers.len()), Op::Relu, &[sum]);
    Map { node: made, channels: out_channels }
}
