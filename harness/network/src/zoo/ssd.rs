//! Single-shot detectors (SSD, arXiv 1512.02325) on residual networks.
//!
//! On each of several maps stand two 3x3 convolutions. For every default box at every cell, `loc` says how it has to be
//! moved and `conf` what is in it. The paper has VGG-16 below them and normalizes its first map; residual networks are
//! normalized throughout, so that nothing stands between a map and its predictors here.

use super::resnet::{self, Block, Map, Stage, push_pool, push_stage, push_stem};
use super::{ConvNorm, Resolved};
use crate::graph::{BoxMap, Builder, GraphError, Network, NodeId, Op, Window};

/// The default boxes of a detector.
struct Boxes<'a> {
    /// Sides of the maps' smaller squares in percent of the picture's side, and one more for the last map's larger
    /// square. (Whole percents of 300 pixels are exact.)
    scales: &'a [f64],
    /// Aspect ratios of each map's other boxes.
    aspect_ratios: &'a [&'a [f64]],
    /// Pixels between the cells of each map; if there are none, the cells divide the picture evenly.
    steps: Option<&'a [f64]>,
}

/// The common SSD300 on ResNet-50, NVIDIA's variant: with 80 classes 8732 default boxes on six maps, 22,894,902
/// parameters and 20,150,906,112 multiply-accumulates (`core/1`).
///
/// The backbone is torchvision's ResNet-50 up to `layer3`, whose first block has no stride, so that 300 pixels give
/// 38x38 cells. Two things differ from NVIDIA's, both in names and order only: the backbone has torchvision's names, so
/// that its weights fit, and channels of predictors are ordered by kind of box first (see [`Op::BoxPredictions`]), not
/// by coordinate or label first. Steps are NVIDIA's for 300 pixels; for another side, the cells divide the picture
/// evenly.
pub(super) fn ssd300_resnet50(name: &str, options: Resolved) -> Result<Network, GraphError> {
    let mut builder = begin(name, &options)?;
    let stem = push_stem(&mut builder, options.input[0], options.scaled(64), Window::square(7, 2, 3));
    let mut map = push_pool(&mut builder, stem);
    for (number, blocks, width, stride) in [(1, 3, 64, 1), (2, 4, 128, 2), (3, 6, 256, 1)] {
        let stage = Stage { number, blocks, width: options.scaled(width), stride };
        map = push_stage(&mut builder, Block::Bottleneck, stage, map);
    }
    let mut maps = vec![map];
    let (halving, cutting) = (Window::square(3, 2, 1), Window::square(3, 1, 0));
    let additional = [
        ([256, 512], halving),
        ([256, 512], halving),
        ([128, 256], halving),
        ([128, 256], cutting),
        ([128, 256], cutting),
    ];
    for (index, (widths, window)) in additional.into_iter().enumerate() {
        let widths = widths.map(|width| options.scaled(width));
        map = push_additional(&mut builder, index, map, widths, window);
        maps.push(map);
    }
    let boxes = Boxes {
        scales: &[7.0, 15.0, 33.0, 51.0, 69.0, 87.0, 105.0],
        aspect_ratios: &[&[2.0], &[2.0, 3.0], &[2.0, 3.0], &[2.0, 3.0], &[2.0], &[2.0]],
        steps: (options.input[1] == 300).then_some(&[8.0, 16.0, 32.0, 64.0, 100.0, 300.0]),
    };
    finish(builder, &options, &maps, &boxes)
}

/// A small SSD for CPUs, this project's own: with 20 classes and 160 pixels 3186 default boxes on four maps, 3,606,086
/// parameters and 284,388,352 multiply-accumulates (`core/1`).
///
/// The backbone is ResNet-18 at half width with a 3x3 stem; its maps are those of strides 8, 16 and 32, and one of
/// stride 64 that an additional block makes.
pub(super) fn small(name: &str, options: Resolved) -> Result<Network, GraphError> {
    let mut builder = begin(name, &options)?;
    let stem = push_stem(&mut builder, options.input[0], options.scaled(32), Window::square(3, 2, 1));
    let mut map = push_pool(&mut builder, stem);
    let mut maps = Vec::new();
    for (number, width) in [(1, 32), (2, 64), (3, 128), (4, 256)] {
        let stride = if number == 1 { 1 } else { 2 };
        let stage = Stage { number, blocks: 2, width: options.scaled(width), stride };
        map = push_stage(&mut builder, Block::Basic, stage, map);
        if number > 1 {
            maps.push(map);
        }
    }
    let widths = [64, 128].map(|width| options.scaled(width));
    maps.push(push_additional(&mut builder, 0, map, widths, Window::square(3, 2, 1)));
    let boxes = Boxes {
        scales: &[8.0, 20.0, 37.0, 54.0, 71.0],
        aspect_ratios: &[&[2.0, 3.0], &[2.0, 3.0], &[2.0, 3.0], &[2.0]],
        steps: None,
    };
    finish(builder, &options, &maps, &boxes)
}

/// What [`small`] stands on, as a classifier: every parameter but the classifier's own is one of the detector's by name and
/// shape, so that what was learned or pruned here can be taken there.
pub(super) fn small_backbone(name: &str, options: Resolved) -> Result<Network, GraphError> {
    let mut builder = Builder::new(name, options.input);
    let stem = push_stem(&mut builder, options.input[0], options.scaled(32), Window::square(3, 2, 1));
    let map = push_pool(&mut builder, stem);
    let stages = [32, 64, 128, 256].map(|width| (2, options.scaled(width)));
    resnet::finish(builder, Block::Basic, map, stages.into_iter(), options.classes)
}

/// Begins a detector, whose pictures must be square.
fn begin(name: &str, options: &Resolved) -> Result<Builder, GraphError> {
    let [_, height, width] = options.input;
    if height != width {
        let reason = format!(
            "is {:?}, but a detector's pictures must be square; scale them to one side, for example {height}",
            options.input
        );
        return Err(GraphError::BadOption { network: name.to_owned(), option: "input", reason });
    }
    Ok(Builder::new(name, options.input))
}

/// Pushes the block `additional_blocks.<index>`, which makes a smaller map: a 1x1 convolution to the first width, then
/// one of the window to the second, each with normalization and activation.
fn push_additional(
    builder: &mut Builder,
    index: usize,
    from: Map,
    [middle, width]: [usize; 2],
    window: Window,
) -> Map {
    let mut map = from;
    for (first, out_channels, window) in [(0, middle, Window::square(1, 1, 0)), (3, width, window)] {
        let [conv, norm, relu] =
            [0, 1, 2].map(|layer| format!("additional_blocks.{index}.{}", first + layer));
        let layer = ConvNorm { in_channels: map.channels, out_channels, window, groups: 1 };
        let normed = layer.push(builder, &conv, &norm, map.node);
        map = Map { node: builder.push(&relu, Op::Relu, &[normed]), channels: out_channels };
    }
    map
}

/// Pushes the predictors of all maps, first all `loc` and then all `conf`, and what joins them.
fn finish(
    mut builder: Builder,
    options: &Resolved,
    maps: &[Map],
    boxes: &Boxes<'_>,
) -> Result<Network, GraphError> {
    let shapes = builder.shapes()?;
    let side = options.input[1] as f64;
    let scale = |index: usize| boxes.scales[index] * side / 100.0;
    let box_maps: Vec<BoxMap> = maps
        .iter()
        .enumerate()
        .map(|(index, map)| BoxMap {
            step: boxes.steps.map_or_else(|| side / shapes[map.node.index()][1] as f64, |steps| steps[index]),
            scale: scale(index),
            next_scale: scale(index + 1),
            aspect_ratios: boxes.aspect_ratios[index].to_vec(),
        })
        .collect();
    // A number of classes that is out of range saturates, and the shape check refuses the network.
    let labels = options.classes.saturating_add(1);
    let mut predict = |name: &str, numbers: usize| -> Vec<NodeId> {
        let predictors = maps.iter().zip(&box_maps).enumerate();
        predictors
            .map(|(index, (map, boxes))| {
                let op = Op::Conv2d {
                    in_channels: map.channels,
                    out_channels: boxes.kinds().saturating_mul(numbers),
                    window: Window::square(3, 1, 1),
                    groups: 1,
                    bias: true,
                };
                builder.push(&format!("{name}.{index}"), op, &[map.node])
            })
            .collect()
    };
    let (offsets, scores) = (predict("loc", 4), predict("conf", labels));
    let inputs: Vec<NodeId> = offsets.into_iter().zip(scores).flat_map(<[NodeId; 2]>::from).collect();
    builder.push("boxes", Op::BoxPredictions { labels, side, maps: box_maps }, &inputs);
    builder.finish()
}
