//! Single-shot detectors: maps, default boxes, the backbone's names, and channel groups around the predictors.

use secateur_network::channels::{
    Budget, Group, Groups, Protection, Rules, Side, Tally, TensorId, UnitScope, select_units,
};
use secateur_network::zoo::{self, Options};
use secateur_network::{BoxMap, GraphError, Network, NodeId, Op};

use super::published;

const DETECTORS: [&str; 2] = ["ssd-small", "ssd300-resnet50"];

#[test]
fn everything_of_the_small_backbone_but_its_classifier_fits_the_detector() {
    for width in [1.0, 0.375] {
        let options =
            |side| Options { width: Some(width), input: Some([3, side, side]), ..Options::default() };
        let backbone = build("ssd-small-backbone", options(32));
        let detector = build("ssd-small", options(160));
        let shapes = |network: &Network| -> Vec<(String, Vec<usize>)> {
            let params = network.params().iter().map(|param| (param.name.clone(), param.shape.clone()));
            params.chain(network.buffers().iter().map(|it| (it.name.clone(), it.shape.clone()))).collect()
        };
        let there = shapes(&detector);
        let (own, shared): (Vec<_>, Vec<_>) =
            shapes(&backbone).into_iter().partition(|it| !there.contains(it));
        let own: Vec<&str> = own.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(own, ["fc.weight", "fc.bias"]);
        // Twenty convolutions, each with a weight, and a normalization with four tensors.
        assert_eq!(shared.len(), 20 * (1 + 4));
    }
}

fn build(name: &str, options: Options) -> Network {
    zoo::build(name, &options).expect("consistent")
}

fn shape<'a>(network: &'a Network, name: &str) -> &'a [usize] {
    network.shape(network.find(name).expect("known"))
}

/// Side, labels and default boxes of a detector's predictions.
fn boxes(network: &Network) -> (f64, usize, &[BoxMap]) {
    let node = network.node(network.output());
    assert_eq!(node.name, "boxes");
    let Op::BoxPredictions { labels, side, maps } = &node.op else { panic!("{:?}", node.op) };
    (*side, *labels, maps)
}

/// The maps that the predictors stand on: names, channels and cells.
fn maps(network: &Network) -> Vec<(String, [usize; 2])> {
    let (_, labels, maps) = boxes(network);
    let predictors = &network.node(network.output()).inputs;
    let mut found = Vec::new();
    for (index, (pair, map)) in predictors.chunks(2).zip(maps).enumerate() {
        let [loc, conf] = [0, 1].map(|which| network.node(pair[which]));
        assert_eq!([&loc.name, &conf.name], [&format!("loc.{index}"), &format!("conf.{index}")]);
        assert_eq!(loc.inputs, conf.inputs);
        let [channels, rows, columns] = *network.shape(loc.inputs[0]) else { panic!("no picture") };
        assert_eq!(network.shape(pair[0]), [map.kinds() * 4, rows, columns]);
        assert_eq!(network.shape(pair[1]), [map.kinds() * labels, rows, columns]);
        assert_eq!(rows, columns);
        found.push((network.node(loc.inputs[0]).name.clone(), [channels, rows]));
    }
    found
}

fn group<'a>(groups: &'a Groups, name: &str) -> &'a Group {
    &groups.all()[groups.find(name).expect("known")]
}

/// The weights that read a group's channels.
fn readers<'a>(network: &'a Network, group: &Group) -> Vec<&'a str> {
    let members = group.members.iter().filter(|member| member.side == Side::In);
    members
        .map(|member| match member.tensor {
            TensorId::Param(id) => network.params()[id.index()].name.as_str(),
            TensorId::Buffer(_) => unreachable!("a buffer reads nothing"),
        })
        .collect()
}

#[test]
fn maps_have_the_published_shapes() {
    let network = published("ssd300-resnet50");
    let expected = [
        ("layer3.5.relu3", [1024, 38]),
        ("additional_blocks.0.5", [512, 19]),
        ("additional_blocks.1.5", [512, 10]),
        ("additional_blocks.2.5", [256, 5]),
        ("additional_blocks.3.5", [256, 3]),
        ("additional_blocks.4.5", [256, 1]),
    ];
    assert_eq!(maps(&network), expected.map(|(name, sizes)| (name.to_owned(), sizes)));
    assert_eq!(shape(&network, "boxes"), [8732, 4 + 81]);
    let middles = [(0, [256, 38]), (1, [256, 19]), (2, [128, 10]), (3, [128, 5]), (4, [128, 3])];
    for (block, [channels, cells]) in middles {
        assert_eq!(shape(&network, &format!("additional_blocks.{block}.2")), [channels, cells, cells]);
    }

    let network = published("ssd-small");
    let expected = [
        ("layer2.1.relu2", [64, 20]),
        ("layer3.1.relu2", [128, 10]),
        ("layer4.1.relu2", [256, 5]),
        ("additional_blocks.0.5", [128, 3]),
    ];
    assert_eq!(maps(&network), expected.map(|(name, sizes)| (name.to_owned(), sizes)));
    assert_eq!(shape(&network, "boxes"), [400 * 6 + 100 * 6 + 25 * 6 + 9 * 4, 4 + 21]);
}

#[test]
fn default_boxes_of_ssd300_are_the_published_ones() {
    let network = published("ssd300-resnet50");
    let (side, labels, maps) = boxes(&network);
    assert_eq!((side, labels), (300.0, 81));
    // To the last bit: steps, scales and ratios of the reference in pixels.
    let scales = [21.0, 45.0, 99.0, 153.0, 207.0, 261.0, 315.0];
    let steps = [8.0, 16.0, 32.0, 64.0, 100.0, 300.0];
    let ratios: [&[f64]; 6] = [&[2.0], &[2.0, 3.0], &[2.0, 3.0], &[2.0, 3.0], &[2.0], &[2.0]];
    let expected: Vec<BoxMap> = (0..6)
        .map(|map| BoxMap {
            step: steps[map],
            scale: scales[map],
            next_scale: scales[map + 1],
            aspect_ratios: ratios[map].to_vec(),
        })
        .collect();
    assert_eq!(maps, expected);
    assert_eq!(maps.iter().map(BoxMap::kinds).collect::<Vec<_>>(), [4, 6, 6, 6, 4, 4]);

    let small = published("ssd-small");
    let (side, labels, maps) = boxes(&small);
    assert_eq!((side, labels), (160.0, 21));
    for (map, part) in maps.iter().zip([0.08, 0.20, 0.37, 0.54, 0.71].windows(2)) {
        assert!((map.scale - part[0] * 160.0).abs() < 1e-9, "{map:?}");
        assert!((map.next_scale - part[1] * 160.0).abs() < 1e-9, "{map:?}");
    }
}

#[test]
fn default_boxes_grow_with_the_picture_and_cells_cover_it() {
    for (name, side) in
        [("ssd300-resnet50", 512), ("ssd300-resnet50", 299), ("ssd-small", 160), ("ssd-small", 97)]
    {
        let network = build(name, Options { input: Some([3, side, side]), ..Options::default() });
        let published = published(name);
        let (published_side, _, published_maps) = boxes(&published);
        let (own_side, _, own_maps) = boxes(&network);
        assert_eq!(own_side, side as f64);
        let cells = maps(&network);
        let factor = own_side / published_side;
        let mut count = 0;
        for ((map, published), (_, [_, cells])) in own_maps.iter().zip(published_maps).zip(&cells) {
            assert!((map.step * *cells as f64 - own_side).abs() < 1e-9, "{name} at {side}: {map:?}");
            assert!((map.scale - published.scale * factor).abs() < 1e-9, "{name} at {side}: {map:?}");
            assert!((map.next_scale - published.next_scale * factor).abs() < 1e-9, "{name} at {side}");
            assert_eq!(map.aspect_ratios, published.aspect_ratios);
            count += cells * cells * map.kinds();
        }
        assert_eq!(network.shape(network.output())[0], count, "{name} at {side}");
        assert_eq!(network.count_params(), published.count_params(), "{name} at {side}");
    }
}

#[test]
fn the_backbone_has_the_tensors_of_resnet50_in_their_order() {
    let (detector, classifier) = (published("ssd300-resnet50"), published("resnet50"));
    let of_backbone = |name: &str| !["layer4.", "fc."].iter().any(|begin| name.starts_with(begin));
    let of_detector =
        |name: &str| ["additional_blocks.", "loc.", "conf."].iter().any(|begin| name.starts_with(begin));
    let params = |network: &Network| -> Vec<(String, Vec<usize>)> {
        network.params().iter().map(|param| (param.name.clone(), param.shape.clone())).collect()
    };
    let (mut own, mut expected) = (params(&detector), params(&classifier));
    own.retain(|(name, _)| !of_detector(name));
    expected.retain(|(name, _)| of_backbone(name));
    assert_eq!(own, expected);
    let buffers = |network: &Network| -> Vec<(String, Vec<usize>)> {
        network.buffers().iter().map(|buffer| (buffer.name.clone(), buffer.shape.clone())).collect()
    };
    let (mut own, mut expected) = (buffers(&detector), buffers(&classifier));
    own.retain(|(name, _)| !of_detector(name));
    expected.retain(|(name, _)| of_backbone(name));
    assert_eq!(own, expected);
    // What differs is the stride of `layer3`, and that of nothing else.
    for node in classifier.nodes().iter().filter(|node| of_backbone(&node.name)) {
        let (Some(id), Op::Conv2d { window, .. }) = (detector.find(&node.name), &node.op) else { continue };
        let Op::Conv2d { window: own, .. } = detector.node(id).op else { panic!("{}", node.name) };
        let halves = ["layer3.0.conv2", "layer3.0.downsample.0"].contains(&node.name.as_str());
        assert_eq!(own.stride, if halves { [1; 2] } else { window.stride }, "{}", node.name);
        assert_eq!((own.kernel, own.padding), (window.kernel, window.padding), "{}", node.name);
    }
}

#[test]
fn the_parameters_of_a_detector_end_with_its_own_in_the_references_order() {
    let network = published("ssd-small");
    let own: Vec<(&str, &[usize])> = network
        .params()
        .iter()
        .skip_while(|param| !param.name.starts_with("additional_blocks."))
        .map(|param| (param.name.as_str(), param.shape.as_slice()))
        .collect();
    let expected: [(&str, &[usize]); 22] = [
        ("additional_blocks.0.0.weight", &[64, 256, 1, 1]),
        ("additional_blocks.0.1.weight", &[64]),
        ("additional_blocks.0.1.bias", &[64]),
        ("additional_blocks.0.3.weight", &[128, 64, 3, 3]),
        ("additional_blocks.0.4.weight", &[128]),
        ("additional_blocks.0.4.bias", &[128]),
        ("loc.0.weight", &[24, 64, 3, 3]),
        ("loc.0.bias", &[24]),
        ("loc.1.weight", &[24, 128, 3, 3]),
        ("loc.1.bias", &[24]),
        ("loc.2.weight", &[24, 256, 3, 3]),
        ("loc.2.bias", &[24]),
        ("loc.3.weight", &[16, 128, 3, 3]),
        ("loc.3.bias", &[16]),
        ("conf.0.weight", &[126, 64, 3, 3]),
        ("conf.0.bias", &[126]),
        ("conf.1.weight", &[126, 128, 3, 3]),
        ("conf.1.bias", &[126]),
        ("conf.2.weight", &[126, 256, 3, 3]),
        ("conf.2.bias", &[126]),
        ("conf.3.weight", &[84, 128, 3, 3]),
        ("conf.3.bias", &[84]),
    ];
    assert_eq!(own, expected);
}

#[test]
fn heads_are_the_predictors_of_a_detector_and_the_classifier_of_others() {
    for name in zoo::names() {
        let network = published(name);
        let heads: Vec<&str> = network.heads().into_iter().map(|id| network.node(id).name.as_str()).collect();
        let maps = match *name {
            "ssd-small" => 4,
            "ssd300-resnet50" => 6,
            _ => {
                let last = network.nodes().last().expect("not empty");
                assert!(matches!(last.op, Op::Linear { .. }), "{name}: {:?}", last.op);
                assert_eq!(heads, [last.name.as_str()], "{name}");
                continue;
            }
        };
        let expected: Vec<String> =
            (0..maps).flat_map(|map| [format!("loc.{map}"), format!("conf.{map}")]).collect();
        assert_eq!(heads, expected, "{name}");
        assert_eq!(network.head(), None, "{name}");
    }
}

#[test]
fn predictors_are_outputs_and_all_else_is_free() {
    for name in DETECTORS {
        let network = published(name);
        let groups = network.channel_groups();
        let predictors: Vec<NodeId> = network.heads();
        for group in groups.all() {
            let outputs = group.producers.iter().filter(|id| predictors.contains(id)).count();
            let expected = match (group.name.as_str(), outputs) {
                ("input", _) => Some(Protection::Input),
                (_, 0) => None,
                _ => Some(Protection::Output),
            };
            assert_eq!(group.protection, expected, "{name}: {}", group.name);
            // No predictor shares channels with anything.
            assert!(outputs == 0 || group.producers.len() == 1, "{name}: {}", group.name);
        }
        let protected =
            groups.all().iter().filter(|group| group.protection == Some(Protection::Output)).count();
        assert_eq!(protected, predictors.len(), "{name}");
    }
}

#[test]
fn a_map_is_read_by_the_next_stage_and_by_its_predictors() {
    let network = published("ssd-small");
    let groups = network.channel_groups();
    let stream = group(&groups, "layer2.0.conv2");
    let made: Vec<&str> = stream.producers.iter().map(|id| network.node(*id).name.as_str()).collect();
    assert_eq!(made, ["layer2.0.conv2", "layer2.0.downsample.0", "layer2.1.conv2"]);
    assert!(stream.summed);
    let expected = [
        "layer2.1.conv1.weight",
        "layer3.0.conv1.weight",
        "layer3.0.downsample.0.weight",
        "loc.0.weight",
        "conf.0.weight",
    ];
    assert_eq!(readers(&network, stream), expected);

    let network = published("ssd300-resnet50");
    let groups = network.channel_groups();
    let stream = group(&groups, "layer3.0.conv3");
    assert_eq!(stream.units, 1024);
    let read = readers(&network, stream);
    assert_eq!(read.len(), 5 + 3);
    assert_eq!(read[5..], ["additional_blocks.0.0.weight", "loc.0.weight", "conf.0.weight"]);
}

#[test]
fn both_layers_of_an_additional_block_are_free_groups() {
    let network = published("ssd300-resnet50");
    let groups = network.channel_groups();
    let middle = group(&groups, "additional_blocks.1.0");
    assert_eq!((middle.units, middle.summed, middle.protection), (256, false, None));
    assert_eq!(readers(&network, middle), ["additional_blocks.1.3.weight"]);
    let end = group(&groups, "additional_blocks.1.3");
    assert_eq!((end.units, end.summed, end.protection), (512, false, None));
    let expected = ["additional_blocks.2.0.weight", "loc.2.weight", "conf.2.weight"];
    assert_eq!(readers(&network, end), expected);
    // Nothing but predictors reads the last map.
    let last = group(&groups, "additional_blocks.4.3");
    assert_eq!(readers(&network, last), ["loc.5.weight", "conf.5.weight"]);
}

#[test]
fn half_of_every_free_group_leaves_the_predictions_as_they_are() {
    for name in DETECTORS {
        let network = published(name);
        let groups = network.channel_groups();
        let eligible: Vec<bool> = groups.all().iter().map(|group| group.protection.is_none()).collect();
        let scores: Vec<Vec<f64>> = groups.all().iter().map(|group| vec![0.0; group.units]).collect();
        let dense = Tally::new(&network, &groups, &eligible, Budget::Channels).total();
        let rules =
            Rules { budget: Budget::Channels, target: dense / 2, eligible: &eligible, min_keep: 1, align: 1 };
        let half = select_units(&network, &groups, &scores, UnitScope::Uniform, &rules).unwrap();
        for (index, group) in groups.all().iter().enumerate() {
            let expected = if eligible[index] { group.units / 2 } else { group.units };
            assert_eq!(half.kept.count(index), expected, "{name}: {}", group.name);
        }
        let smaller = network.surgery(&groups, &half.kept).unwrap().network;
        assert_eq!(smaller.node(smaller.output()), network.node(network.output()), "{name}");
        assert_eq!(smaller.shape(smaller.output()), network.shape(network.output()), "{name}");
        for (index, node) in network.nodes().iter().enumerate().skip(1) {
            let id = NodeId(index as u32);
            let (before, after) = (network.shape(id), smaller.shape(id));
            assert_eq!(before[1..], after[1..], "{name}: {}", node.name);
            let stays = node.name == "boxes" || network.heads().contains(&id);
            assert_eq!(after[0], if stays { before[0] } else { before[0] / 2 }, "{name}: {}", node.name);
        }
        // The zoo builds the same network when it is asked for half of the width.
        assert_eq!(smaller, build(name, Options { width: Some(0.5), ..Options::default() }), "{name}");
    }
}

#[test]
fn labels_are_the_classes_and_the_background() {
    for name in DETECTORS {
        let network = build(name, Options { classes: Some(1), ..Options::default() });
        assert_eq!(boxes(&network).1, 2, "{name}");
        assert_eq!(network.shape(network.output())[1], 4 + 2, "{name}");
        let options = Options { classes: Some(usize::MAX), ..Options::default() };
        let error = zoo::build(name, &options).expect_err("no number of classes");
        assert!(matches!(&error, GraphError::Shape { node, .. } if node == "conf.0"), "{error}");
    }
}

#[test]
fn pictures_that_are_not_square_are_refused() {
    for name in DETECTORS {
        let error = zoo::build(name, &Options { input: Some([3, 300, 320]), ..Options::default() })
            .expect_err("not square");
        assert!(
            matches!(&error, GraphError::BadOption { network, option: "input", .. } if network == name),
            "{error}"
        );
        assert!(
            error.to_string().contains("[3, 300, 320], but a detector's pictures must be square"),
            "{error}"
        );
    }
}

#[test]
fn a_detector_says_which_layer_has_no_room() {
    // Unpadded 3x3 windows take 5 cells to 3 and to 1. Five cells need 33 at the first map, and 257 pixels.
    let at = |name: &str, side: usize| {
        zoo::build(name, &Options { input: Some([3, side, side]), ..Options::default() })
    };
    assert_eq!(maps(&at("ssd300-resnet50", 257).expect("large enough"))[0].1, [1024, 33]);
    let error = at("ssd300-resnet50", 256).expect_err("too small");
    let GraphError::Shape { node, reason } = &error else { panic!("{error}") };
    assert_eq!(node, "additional_blocks.4.3");
    assert!(reason.contains("is empty for an input of [128, 2, 2]; use a larger picture"), "{reason}");
    // The small one pads everywhere, so that one pixel is enough.
    let one = at("ssd-small", 1).expect("padded everywhere");
    assert_eq!(one.shape(one.output()), [6 + 6 + 6 + 4, 4 + 21]);
    // Nothing panics, however small or large the picture.
    for side in (1..260).chain([usize::MAX]) {
        for name in DETECTORS {
            let fits = name == "ssd-small" && side < usize::MAX || (257..260).contains(&side);
            assert_eq!(at(name, side).is_ok(), fits, "{name} at {side}");
        }
    }
}
