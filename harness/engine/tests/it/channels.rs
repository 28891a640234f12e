//! A network whose removed units are masked computes what the network without them computes.

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use secateur_engine::{Model, Options, Pass, Precision, Streams};
use secateur_network::channels::{Groups, Kept, Side, TensorId};
use secateur_network::{Builder, Network, NodeId, Op, ParamId, Window, zoo};
use tch::{Kind, Tensor};

use crate::support::alone;

/// Draws numbers below a bound.
struct Draw(ChaCha8Rng);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0.next_u64() as usize % bound
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// A graph under construction: the nodes whose outputs are still pictures, with their channels and side.
struct Growing {
    builder: Builder,
    nodes: Vec<(NodeId, usize, usize)>,
    names: usize,
}

impl Growing {
    fn push(&mut self, op: Op, inputs: &[NodeId]) -> NodeId {
        self.names += 1;
        self.builder.push(&format!("node{}", self.names), op, inputs)
    }

    fn conv(&mut self, draw: &mut Draw, from: (NodeId, usize, usize), to: usize, blocks: usize) -> NodeId {
        let window = Window::square(draw.pick(&[1, 3]), 1, 0);
        let window = Window { padding: [window.kernel[0] / 2; 2], ..window };
        let bias = draw.below(2) == 0;
        let (from, in_channels, _) = from;
        let op = if draw.below(5) == 0 {
            Op::ConvTranspose2d { in_channels, out_channels: to, window, groups: blocks, bias }
        } else {
            Op::Conv2d { in_channels, out_channels: to, window, groups: blocks, bias }
        };
        let mut made = self.push(op, &[from]);
        if in_channels == to && draw.below(4) == 0 {
            // The layer once more, on what it made: it reads and makes the same channels.
            let between = self.push(Op::Relu, &[made]);
            self.names += 1;
            made = self.builder.push_again(&format!("node{}", self.names), made, &[between]);
        }
        if draw.below(2) == 0 {
            return self.push(Op::BatchNorm2d { channels: to, eps: 1e-5, momentum: 0.1 }, &[made]);
        }
        made
    }
}

/// A random graph with sums, concatenations, blocks, enlargements, pools, flattening and layers that are used twice.
fn random_network(draw: &mut Draw) -> Network {
    let builder = Builder::new("random", [3, 8, 8]);
    let input = builder.input();
    let mut graph = Growing { builder, nodes: vec![(input, 3, 8)], names: 0 };
    for _ in 0..4 + draw.below(8) {
        let recent = graph.nodes.len().saturating_sub(3);
        let at = recent + draw.below(graph.nodes.len() - recent);
        let from = graph.nodes[at];
        let (id, channels, side) = from;
        let made = match draw.below(8) {
            0 | 1 => {
                let to = draw.pick(&[4, 6, 8, 12]);
                (graph.conv(draw, from, to, 1), to, side)
            }
            2 => {
                // Depthwise, sometimes with several filters a channel.
                let to = channels * draw.pick(&[1, 1, 2]);
                (graph.conv(draw, from, to, channels), to, side)
            }
            3 => {
                let blocks = if channels % 2 == 0 { 2 } else { 1 };
                let to = draw.pick(&[4, 6, 8]);
                (graph.conv(draw, from, to, blocks), to, side)
            }
            4 => {
                // A residual sum, with or without a layer on the shortcut.
                let branch = graph.conv(draw, from, channels, 1);
                let shortcut = if draw.below(2) == 0 { id } else { graph.conv(draw, from, channels, 1) };
                (graph.push(Op::Add, &[branch, shortcut]), channels, side)
            }
            5 => {
                let same: Vec<_> = graph.nodes.iter().filter(|node| node.2 == side).copied().collect();
                let other = draw.pick(&same);
                if channels + other.1 > 32 {
                    continue;
                }
                (graph.push(Op::Concat, &[id, other.0]), channels + other.1, side)
            }
            6 => {
                let op = draw.pick(&[0, 1, 2]);
                let op = [Op::Relu, Op::Relu6, Op::Hardswish][op].clone();
                (graph.push(op, &[id]), channels, side)
            }
            _ if side > 2 && draw.below(2) == 0 => {
                let window = Window::square(2, 2, 0);
                let op = if draw.below(2) == 0 { Op::MaxPool2d { window } } else { Op::AvgPool2d { window } };
                (graph.push(op, &[id]), channels, side / 2)
            }
            _ if side < 8 => (graph.push(Op::Upsample { scale: 2 }, &[id]), channels, side * 2),
            _ => continue,
        };
        graph.nodes.push(made);
    }
    let (id, channels, _) = *graph.nodes.last().unwrap();
    let grid = draw.pick(&[1, 2]);
    let pooled = graph.push(Op::AdaptiveAvgPool2d { output: [grid, grid] }, &[id]);
    let flat = graph.push(Op::Flatten, &[pooled]);
    let features = channels * grid * grid;
    let hidden = graph.push(Op::Linear { in_features: features, out_features: 10, bias: true }, &[flat]);
    let hidden = graph.push(Op::Relu, &[hidden]);
    graph.push(Op::Linear { in_features: 10, out_features: 3, bias: true }, &[hidden]);
    graph.builder.finish().unwrap()
}

/// A model in 64-bit floats with statistics and normalizations that are not the ones of a new network.
fn random_model(network: Network, seed: u64) -> Model {
    let options = Options { precision: Precision::F64, ..Options::default() };
    let model = Model::new(Arc::new(network), options, &Streams::new(seed)).unwrap();
    tch::manual_seed(seed as i64);
    let target = (Kind::Double, options.device);
    for spec in model.network().params().to_vec() {
        if spec.shape.len() == 1 {
            let value = Tensor::rand([spec.shape[0] as i64], target) + 0.25;
            model.set_param(spec.id, &value).unwrap();
        }
    }
    for (index, spec) in model.network().buffers().to_vec().iter().enumerate() {
        let value = Tensor::rand([spec.shape[0] as i64], target) + 0.5;
        model.set_buffer(index, &value).unwrap();
    }
    model
}

/// Keeps a random part of every group that may lose units.
fn random_kept(draw: &mut Draw, groups: &Groups) -> Kept {
    let mut kept = Kept::all(groups);
    for (index, group) in groups.all().iter().enumerate() {
        if group.protection.is_some() {
            continue;
        }
        let saved = draw.below(group.units);
        for unit in (0..group.units).filter(|unit| *unit != saved) {
            kept.group_mut(index)[unit] = draw.below(2) == 0;
        }
    }
    kept
}

/// Largest difference between the masked and the compacted network, relative to the largest output.
fn difference(model: &Model, groups: &Groups, kept: &Kept) -> f64 {
    let surgery = model.network().surgery(groups, kept).unwrap();
    let compacted = model.compacted(&surgery).unwrap();
    model.set_unit_masks(groups, kept).unwrap();
    let [c, h, w] = model.network().input().map(|size| size as i64);
    let input = Tensor::randn([3, c, h, w], (Kind::Double, tch::Device::Cpu));
    let _guard = tch::no_grad_guard();
    let masked = model.forward(&input, &Pass::default()).unwrap();
    let small = compacted.forward(&input, &Pass::default()).unwrap();
    let difference = (&masked - &small).abs().max().double_value(&[]);
    difference / masked.abs().max().double_value(&[]).max(1e-30)
}

#[test]
fn masked_and_compacted_random_networks_agree() {
    let _alone = alone();
    let mut draw = Draw(ChaCha8Rng::seed_from_u64(1));
    let mut removed = 0;
    for seed in 0..400 {
        let network = random_network(&mut draw);
        let groups = network.channel_groups();
        let kept = random_kept(&mut draw, &groups);
        removed += (0..groups.all().len()).filter(|index| !kept.is_whole(*index)).count();
        let dense = network.count_params();
        let model = random_model(network, seed);
        let difference = difference(&model, &groups, &kept);
        assert!(difference < 1e-9, "graph {seed}: {difference:e}\n{:#?}", model.network().nodes());
        assert!(model.network().surgery(&groups, &kept).unwrap().network.count_params() <= dense);
    }
    assert!(removed > 1000, "only {removed} groups lost anything: the graphs are too simple to show much");
}

#[test]
fn masked_and_compacted_networks_of_the_zoo_agree() {
    let _alone = alone();
    let mut draw = Draw(ChaCha8Rng::seed_from_u64(2));
    for (seed, name) in zoo::names().iter().enumerate() {
        // The large detector has no room for its last map in smaller pictures.
        let side = if *name == "ssd300-resnet50" { 257 } else { 64 };
        let options = zoo::Options { width: Some(0.25), classes: Some(7), input: Some([3, side, side]) };
        let network = zoo::build(name, &options).unwrap();
        let groups = network.channel_groups();
        let kept = random_kept(&mut draw, &groups);
        let model = random_model(network, seed as u64);
        let difference = difference(&model, &groups, &kept);
        assert!(difference < 1e-9, "{name}: {difference:e}");
    }
}

#[test]
fn a_wrongly_wired_group_is_noticed() {
    let _alone = alone();
    let options = zoo::Options { width: None, classes: Some(7), input: Some([3, 16, 16]) };
    let network = zoo::build("resnet8", &options).unwrap();
    let groups = network.channel_groups();
    let model = random_model(network, 3);
    let mut kept = Kept::all(&groups);
    let at = groups.find("layer2.0.conv1").unwrap();
    kept.group_mut(at)[4] = false;
    let right = model.network().surgery(&groups, &kept).unwrap();
    // The layer that reads the channels loses the channel beside the one that is gone.
    let reader = groups.all()[at].members.iter().find(|member| member.side == Side::In).unwrap();
    let mut wrong = right.clone();
    for cut in &mut wrong.cuts {
        if cut.tensor == reader.tensor {
            let stays = cut.dims.iter_mut().find(|(dim, _)| *dim == reader.dim).unwrap();
            stays.1 = (0..32).filter(|entry| *entry != 5).collect();
        }
    }
    assert_ne!(right, wrong);
    let input = Tensor::randn([2, 3, 16, 16], (Kind::Double, tch::Device::Cpu));
    let [right, wrong] = [right, wrong].map(|surgery| model.compacted(&surgery).unwrap());
    model.set_unit_masks(&groups, &kept).unwrap();
    let output = |model: &Model| tch::no_grad(|| model.forward(&input, &Pass::default()).unwrap());
    let masked = output(&model);
    assert!((output(&right) - &masked).abs().max().double_value(&[]) < 1e-12);
    assert!((output(&wrong) - &masked).abs().max().double_value(&[]) > 1e-4);
}

#[test]
fn compacting_leaves_the_model_alone() {
    let _alone = alone();
    let options = zoo::Options { width: None, classes: Some(7), input: Some([3, 16, 16]) };
    let model = random_model(zoo::build("resnet8", &options).unwrap(), 4);
    let groups = model.network().channel_groups();
    let before: Vec<Tensor> = model.params().iter().map(Tensor::copy).collect();
    let surgery = model.network().surgery(&groups, &Kept::all(&groups)).unwrap();
    assert!(surgery.cuts.is_empty());
    let twin = model.compacted(&surgery).unwrap();
    let _guard = tch::no_grad_guard();
    for param in twin.params() {
        drop(param.shallow_clone().f_zero_().unwrap());
    }
    for (param, before) in model.params().iter().zip(&before) {
        assert_eq!(param, before);
    }
    // Masks of whole groups are lifted.
    model.set_unit_masks(&groups, &Kept::all(&groups)).unwrap();
    assert!((0..model.params().len()).all(|id| model.mask(ParamId(id as u32)).is_none()));
    assert!(
        groups.all().iter().flat_map(|group| &group.members).any(|m| matches!(m.tensor, TensorId::Buffer(_)))
    );
}
