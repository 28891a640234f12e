//! MobileNetV2 (arXiv 1801.04381) with torchvision's module numbering.

use super::{ConvNorm, Resolved};
use crate::cost::FUNCTIONAL;
use crate::graph::{Builder, GraphError, Network, NodeId, Op, Window};

/// Expansion, width, number of blocks and first stride of each stage: the paper's table 2.
const STAGES: [(usize, usize, usize, usize); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];

/// The nearest multiple of 8 (halves up), but at least 8 and never under 90 % of the exact width.
fn divisible(width: f64) -> usize {
    let nearest = ((width + 4.0) / 8.0).floor().max(1.0) * 8.0;
    let rounded = if nearest < 0.9 * width { nearest + 8.0 } else { nearest };
    rounded as usize
}

/// Builds the network.
pub(super) fn v2(name: &str, options: Resolved) -> Result<Network, GraphError> {
    let mut builder = Builder::new(name, options.input);
    let mut channels = divisible(32.0 * options.width);
    let input = builder.input();
    let stem = ConvNorm {
        in_channels: options.input[0],
        out_channels: channels,
        window: Window::square(3, 2, 1),
        groups: 1,
    };
    let mut node = push_layer(&mut builder, &stem, "features.0", input);
    let mut number = 1;
    for (expansion, width, blocks, first_stride) in STAGES {
        let width = divisible(width as f64 * options.width);
        for index in 0..blocks {
            let stride = if index == 0 { first_stride } else { 1 };
            node = push_block(
                &mut builder,
                &format!("features.{number}"),
                node,
                [channels, width],
                expansion,
                stride,
            );
            channels = width;
            number += 1;
        }
    }
    let features = divisible(1280.0 * options.width.max(1.0));
    let last = ConvNorm {
        in_channels: channels,
        out_channels: features,
        window: Window::square(1, 1, 0),
        groups: 1,
    };
    node = push_layer(&mut builder, &last, &format!("features.{number}"), node);
    let pooled =
        builder.push(&format!("{FUNCTIONAL}avgpool"), Op::AdaptiveAvgPool2d { output: [1, 1] }, &[node]);
    let flat = builder.push("flatten", Op::Flatten, &[pooled]);
    let dropped = builder.push("classifier.0", Op::Dropout { p: 0.2 }, &[flat]);
    let head = Op::Linear { in_features: features, out_features: options.classes, bias: true };
    builder.push("classifier.1", head, &[dropped]);
    builder.finish()
}

/// Convolution, normalization and ReLU6, numbered 0, 1 and 2 under one name.
fn push_layer(builder: &mut Builder, conv: &ConvNorm, name: &str, input: NodeId) -> NodeId {
    let normed = conv.push(builder, &format!("{name}.0"), &format!("{name}.1"), input);
    builder.push(&format!("{name}.2"), Op::Relu6, &[normed])
}

/// An inverted residual block: widen, filter each channel, narrow without activation.
fn push_block(
    builder: &mut Builder,
    name: &str,
    input: NodeId,
    [in_channels, out_channels]: [usize; 2],
    expansion: usize,
    stride: usize,
) -> NodeId {
    let hidden = in_channels * expansion;
    let mut node = input;
    // torchvision numbers the layers in a row, and the first block has no widening layer.
    let mut number = 0;
    if expansion != 1 {
        let widen =
            ConvNorm { in_channels, out_channels: hidden, window: Window::square(1, 1, 0), groups: 1 };
        node = push_layer(builder, &widen, &format!("{name}.conv.{number}"), node);
        number += 1;
    }
    let depthwise = ConvNorm {
        in_channels: hidden,
        out_channels: hidden,
        window: Window::square(3, stride, 1),
        groups: hidden,
    };
    node = push_layer(builder, &depthwise, &format!("{name}.conv.{number}"), node);
    let narrow = ConvNorm { in_channels: hidden, out_channels, window: Window::square(1, 1, 0), groups: 1 };
    let [conv, norm] = [number + 1, number + 2].map(|number| format!("{name}.conv.{number}"));
    node = narrow.push(builder, &conv, &norm, node);
    if stride == 1 && in_channels == out_channels {
        node = builder.push(&format!("{name}.add"), Op::Add, &[input, node]);
    }
    node
}
