//! Shapes follow from the graph, and what does not fit is refused with the node and both shapes.

use secateur_network::zoo::{self, Options};
use secateur_network::{BoxMap, Builder, GraphError, NodeId, Op, Window};

/// Builds a network of one node after the input and returns the shape of its output, or the message.
fn one(input: [usize; 3], op: Op) -> Result<Vec<usize>, String> {
    let mut builder = Builder::new("one", input);
    let first = builder.input();
    builder.push("node", op, &[first]);
    let network = builder.finish().map_err(|error| error.to_string())?;
    Ok(network.shape(network.output()).to_vec())
}

fn conv(in_channels: usize, out_channels: usize, window: Window, groups: usize) -> Op {
    Op::Conv2d { in_channels, out_channels, window, groups, bias: false }
}

#[test]
fn windows_have_pytorchs_output_sizes() {
    let dilated = Window { kernel: [3, 2], stride: [2, 1], padding: [1, 0], dilation: [2, 3] };
    // Rows: (9 + 2 - 5) / 2 + 1 = 4; columns: (10 - 4) / 1 + 1 = 7.
    assert_eq!(one([4, 9, 10], conv(4, 8, dilated, 2)), Ok(vec![8, 4, 7]));
    assert_eq!(one([2, 7, 7], Op::MaxPool2d { window: Window::square(3, 2, 1) }), Ok(vec![2, 4, 4]));
    assert_eq!(one([2, 7, 7], Op::AvgPool2d { window: Window::square(2, 2, 0) }), Ok(vec![2, 3, 3]));
    assert_eq!(one([2, 3, 4], Op::Flatten), Ok(vec![24]));
    assert_eq!(one([2, 3, 4], Op::Upsample { scale: 3 }), Ok(vec![2, 9, 12]));
    // (3 - 1) * 2 - 2 + 3 = 5 and (4 - 1) * 2 - 2 + 3 = 7.
    let up = Op::ConvTranspose2d {
        in_channels: 2,
        out_channels: 5,
        window: Window::square(3, 2, 1),
        groups: 1,
        bias: false,
    };
    assert_eq!(one([2, 3, 4], up), Ok(vec![5, 5, 7]));
}

#[test]
fn adaptive_pools_take_any_picture() {
    for size in [1, 2, 7, 30] {
        assert_eq!(one([3, size, size], Op::AdaptiveAvgPool2d { output: [7, 7] }), Ok(vec![3, 7, 7]));
    }
}

#[test]
fn errors_name_the_node_and_both_shapes() {
    let linear = Op::Linear { in_features: 12, out_features: 3, bias: true };
    let cases = [
        (conv(3, 8, Window::square(3, 1, 1), 1), "node `node`: reads 3 channels, but its input is [4, 5, 5]"),
        (conv(4, 6, Window::square(3, 1, 1), 4), "4 groups do not divide 4 input and 6 output channels"),
        (conv(4, 6, Window::square(3, 1, 1), 0), "0 groups do not divide"),
        (conv(4, 0, Window::square(3, 1, 1), 1), "output [0, 5, 5] is empty"),
        (conv(4, 6, Window::square(7, 1, 0), 1), "output [6, 0, 0] is empty for an input of [4, 5, 5]"),
        (conv(4, 6, Window::square(3, 0, 0), 1), "must be positive"),
        (conv(4, 6, Window::square(usize::MAX, 1, usize::MAX), 1), "too large"),
        (
            Op::MaxPool2d { window: Window::square(2, 2, 2) },
            "padding [2, 2] is over half of the window [2, 2]",
        ),
        (
            Op::BatchNorm2d { channels: 3, eps: 1e-5, momentum: 0.1 },
            "normalizes 3 channels, but its input is [4, 5, 5]",
        ),
        (linear, "reads [12], but its input is [4, 5, 5]; put a flatten before it"),
        (Op::Upsample { scale: usize::MAX }, "too large"),
        (Op::Upsample { scale: 0 }, "is empty"),
        (Op::Dropout { p: 1.5 }, "1.5 is not from 0 to 1"),
        (Op::Input, "only the first node"),
    ];
    for (op, expected) in cases {
        let error = one([4, 5, 5], op.clone()).expect_err("does not fit");
        assert!(error.contains(expected), "{op:?}: {error}");
    }
}

#[test]
fn sums_need_equal_shapes_and_concatenations_equal_pictures() {
    let build = |op: Op, stride: usize| {
        let mut builder = Builder::new("joined", [2, 8, 8]);
        let input = builder.input();
        let left = builder.push("left", conv(2, 4, Window::square(1, 1, 0), 1), &[input]);
        let right = builder.push("right", conv(2, 6, Window::square(1, stride, 0), 1), &[input]);
        builder.push("join", op, &[left, right]);
        builder.finish().map(|network| network.shape(network.output()).to_vec())
    };
    assert_eq!(build(Op::Concat, 1), Ok(vec![10, 8, 8]));
    let error = build(Op::Concat, 2).expect_err("sizes differ").to_string();
    assert_eq!(error, "node `join`: inputs of [4, 8, 8] and [6, 4, 4] cannot be concatenated");
    let error = build(Op::Add, 1).expect_err("channels differ").to_string();
    assert_eq!(error, "node `join`: inputs of [4, 8, 8] and [6, 8, 8] cannot be added");
}

#[test]
fn predictions_need_offsets_and_scores_of_every_map() {
    let build = |labels: usize, maps: usize, predictors: &[(usize, usize)]| {
        let mut builder = Builder::new("detector", [3, 6, 6]);
        let input = builder.input();
        let read: Vec<NodeId> = predictors
            .iter()
            .enumerate()
            .map(|(index, &(channels, stride))| {
                let window = Window::square(3, stride, 1);
                builder.push(&format!("predictor{index}"), conv(3, channels, window, 1), &[input])
            })
            .collect();
        let map = BoxMap { step: 1.0, scale: 2.0, next_scale: 3.0, aspect_ratios: vec![2.0] };
        builder.push("boxes", Op::BoxPredictions { labels, side: 6.0, maps: vec![map; maps] }, &read);
        builder
            .finish()
            .map(|network| network.shape(network.output()).to_vec())
            .map_err(|error| error.to_string())
    };
    // Four kinds of boxes at 6 x 6 and at 3 x 3 cells, with four offsets and three scores each.
    assert_eq!(build(3, 2, &[(16, 1), (12, 1), (16, 2), (12, 2)]), Ok(vec![4 * (36 + 9), 7]));
    let refused = |labels, maps, predictors: &[(usize, usize)]| {
        build(labels, maps, predictors).expect_err("does not fit")
    };
    for (offsets, scores) in [((16, 1), (13, 1)), ((12, 1), (16, 1)), ((16, 1), (12, 2))] {
        let error = refused(3, 1, &[offsets, scores]);
        assert!(error.contains("are not offsets and scores of 4 boxes a cell with 3 labels"), "{error}");
    }
    assert!(refused(3, 2, &[(16, 1), (12, 1)]).contains("has 2 maps, 2 inputs and 3 labels"));
    assert!(refused(1, 1, &[(16, 1), (4, 1)]).contains("the background and at least one class"));
    assert!(refused(usize::MAX, 1, &[(16, 1), (4, 1)]).contains("are not offsets and scores"));
    assert!(refused(usize::MAX, 0, &[]).contains("is empty"));
}

#[test]
fn the_number_of_inputs_is_checked() {
    for (op, inputs, expected) in [
        (Op::Add, 0, "has no inputs"),
        (Op::Relu, 2, "takes one input, not 2"),
        (Op::Flatten, 0, "takes one input"),
    ] {
        let mut builder = Builder::new("inputs", [1, 1, 1]);
        builder.push("node", op, &vec![NodeId(0); inputs]);
        let error = builder.finish().expect_err("wrong number").to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_builder_tells_the_shapes_so_far() {
    let mut builder = Builder::new("begun", [2, 8, 6]);
    let input = builder.input();
    let half = builder.push("half", Op::MaxPool2d { window: Window::square(2, 2, 0) }, &[input]);
    assert_eq!(builder.shapes(), Ok(vec![vec![2, 8, 6], vec![2, 4, 3]]));
    builder.push("flat", Op::Flatten, &[half]);
    assert_eq!(builder.shapes().expect("consistent").last(), Some(&vec![24]));
    builder.push("ahead", Op::Relu, &[NodeId(9)]);
    assert_eq!(builder.shapes(), Err(GraphError::NotTopological { node: "ahead".to_owned(), input: 9 }));
}

#[test]
fn nodes_have_unique_names_and_read_earlier_ones() {
    let mut builder = Builder::new("twice", [1, 1, 1]);
    builder.push("input", Op::Relu, &[NodeId(0)]);
    assert_eq!(builder.finish(), Err(GraphError::DuplicateName("input".to_owned())));
    let mut builder = Builder::new("loop", [1, 1, 1]);
    builder.push("relu", Op::Relu, &[NodeId(1)]);
    assert_eq!(builder.finish(), Err(GraphError::NotTopological { node: "relu".to_owned(), input: 1 }));
}

#[test]
fn pictures_that_are_too_small_are_refused() {
    let options = Options { input: Some([3, 16, 16]), ..Options::default() };
    let error = zoo::build("vgg16", &options).expect_err("five pools halve 32 pixels to one");
    let GraphError::Shape { node, reason } = &error else { panic!("{error}") };
    assert_eq!(node, "features.30");
    assert!(reason.contains("empty for an input of [512, 1, 1]"), "{reason}");
    // Residual networks pad everywhere, so that one pixel is enough.
    let options = Options { input: Some([3, 1, 1]), ..Options::default() };
    assert!(zoo::build("resnet18", &options).is_ok());
}

#[test]
fn shapes_agree_with_lookups() {
    let network = super::published("resnet50");
    let shapes = network.shapes().expect("consistent");
    assert_eq!(shapes.len(), network.nodes().len());
    for (index, shape) in shapes.iter().enumerate() {
        assert_eq!(network.shape(NodeId(index as u32)), shape.as_slice());
    }
    let at = |name: &str| network.shape(network.find(name).expect("known")).to_vec();
    assert_eq!(at("maxpool"), [64, 56, 56]);
    assert_eq!(at("layer4.2.relu3"), [2048, 7, 7]);
    assert_eq!(at("flatten"), [2048]);
}
