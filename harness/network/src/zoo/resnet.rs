//! Residual networks (arXiv 1512.03385).
//!
//! Bottlenecks have their stride on the 3x3 convolution, as torchvision's do ("v1.5"), not on the first 1x1
//! convolution as in the paper.

use super::{ConvNorm, Resolved};
use crate::graph::{Builder, GraphError, Network, NodeId, Op, Window};

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

/// An ImageNet network: 7x7 stem with stride 2, pool, four stages.
pub(super) fn imagenet(
    name: &str,
    block: Block,
    blocks: [usize; 4],
    options: Resolved,
) -> Result<Network, GraphError> {
    let mut builder = Builder::new(name, options.input);
    let stem = options.scaled(64);
    let input = builder.input();
    let conv = ConvNorm {
        in_channels: options.input[0],
        out_channels: stem,
        window: Window::square(7, 2, 3),
        groups: 1,
    };
    let normed = conv.push(&mut builder, "conv1", "bn1", input);
    let rectified = builder.push("relu", Op::Relu, &[normed]);
    let pooled = builder.push("maxpool", Op::MaxPool2d { window: Window::square(3, 2, 1) }, &[rectified]);
    let stages =
        blocks.iter().zip([64, 128, 256, 512]).map(|(&blocks, width)| (blocks, options.scaled(width)));
    finish(builder, block, pooled, stem, stages, options.classes)
}

/// A CIFAR network of 6 x `blocks` + 2 layers: 3x3 stem, three stages of basic blocks.
pub(super) fn cifar(name: &str, blocks: usize, options: Resolved) -> Result<Network, GraphError> {
    let mut builder = Builder::new(name, options.input);
    let stem = options.scaled(16);
    let input = builder.input();
    let conv = ConvNorm {
        in_channels: options.input[0],
        out_channels: stem,
        window: Window::square(3, 1, 1),
        groups: 1,
    };
    let normed = conv.push(&mut builder, "conv1", "bn1", input);
    let rectified = builder.push("relu", Op::Relu, &[normed]);
    let stages = [16, 32, 64].map(|width| (blocks, options.scaled(width)));
    finish(builder, Block::Basic, rectified, stem, stages.into_iter(), options.classes)
}

/// Pushes the stages of (number of blocks, width) and the classifier.
fn finish(
    mut builder: Builder,
    block: Block,
    mut node: NodeId,
    mut channels: usize,
    stages: impl Iterator<Item = (usize, usize)>,
    classes: usize,
) -> Result<Network, GraphError> {
    for (stage, (blocks, width)) in stages.enumerate() {
        for index in 0..blocks {
            let stride = if stage > 0 && index == 0 { 2 } else { 1 };
            let name = format!("layer{}.{index}", stage + 1);
            node = push_block(&mut builder, &name, block, node, channels, width, stride);
            channels = width * block.expansion();
        }
    }
    let pooled = builder.push("avgpool", Op::AdaptiveAvgPool2d { output: [1, 1] }, &[node]);
    let flat = builder.push("flatten", Op::Flatten, &[pooled]);
    builder.push("fc", Op::Linear { in_features: channels, out_features: classes, bias: true }, &[flat]);
    builder.finish()
}

/// Pushes one residual block and returns its output.
fn push_block(
    builder: &mut Builder,
    name: &str,
    block: Block,
    input: NodeId,
    in_channels: usize,
    width: usize,
    stride: usize,
) -> NodeId {
    let out_channels = width * block.expansion();
    // Each convolution's inputs, outputs, kernel and stride; padding keeps the size.
    let layers: &[(usize, usize, usize, usize)] = match block {
        Block::Basic => &[(in_channels, width, 3, stride), (width, width, 3, 1)],
        Block::Bottleneck => {
            &[(in_channels, width, 1, 1), (width, width, 3, stride), (width, out_channels, 1, 1)]
        }
    };
    let mut node = input;
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
        conv.push(builder, &format!("{name}.downsample.0"), &format!("{name}.downsample.1"), input)
    } else {
        input
    };
    let sum = builder.push(&format!("{name}.add"), Op::Add, &[node, shortcut]);
    builder.push(&format!("{name}.relu{}", layers.len()), Op::Relu, &[sum])
}
