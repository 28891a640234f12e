//! VGG-16 (arXiv 1409.1556, configuration D) with torchvision's module numbering.

use super::{Resolved, batch_norm};
use crate::graph::{Builder, GraphError, Network, Op, Window};

/// Number of convolutions and width of each stage; a pool follows each.
const STAGES: [(usize, usize); 5] = [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)];

/// Builds the network, with batch normalization after each convolution or without.
pub(super) fn vgg16(name: &str, normalized: bool, options: Resolved) -> Result<Network, GraphError> {
    let mut builder = Builder::new(name, options.input);
    let mut channels = options.input[0];
    let mut node = builder.input();
    let mut number = 0;
    let mut next = || {
        number += 1;
        format!("features.{}", number - 1)
    };
    for (convs, width) in STAGES {
        let width = options.scaled(width);
        for _ in 0..convs {
            let window = Window::square(3, 1, 1);
            let conv =
                Op::Conv2d { in_channels: channels, out_channels: width, window, groups: 1, bias: true };
            node = builder.push(&next(), conv, &[node]);
            if normalized {
                node = builder.push(&next(), batch_norm(width), &[node]);
            }
            node = builder.push(&next(), Op::Relu, &[node]);
            channels = width;
        }
        node = builder.push(&next(), Op::MaxPool2d { window: Window::square(2, 2, 0) }, &[node]);
    }
    node = builder.push("avgpool", Op::AdaptiveAvgPool2d { output: [7, 7] }, &[node]);
    node = builder.push("flatten", Op::Flatten, &[node]);
    let hidden = options.scaled(4096);
    let mut features = channels * 49;
    for first in [0, 3] {
        let linear = Op::Linear { in_features: features, out_features: hidden, bias: true };
        node = builder.push(&format!("classifier.{first}"), linear, &[node]);
        node = builder.push(&format!("classifier.{}", first + 1), Op::Relu, &[node]);
        node = builder.push(&format!("classifier.{}", first + 2), Op::Dropout { p: 0.5 }, &[node]);
        features = hidden;
    }
    builder.push(
        "classifier.6",
        Op::Linear { in_features: features, out_features: options.classes, bias: true },
        &[node],
    );
    builder.finish()
}
