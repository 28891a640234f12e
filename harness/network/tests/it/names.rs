//! Names, order and shapes of tensors equal PyTorch's; the golden file's script stands beside it.

use std::collections::BTreeMap;

use secateur_network::zoo::{self, Options};
use secateur_network::{GraphError, Network, Op};

const GOLDEN: &str = include_str!("../golden/network_names.txt");

/// Names and shapes of one section, in PyTorch's order.
type Tensors = Vec<(String, Vec<usize>)>;

fn golden() -> Vec<(String, Tensors)> {
    let mut sections: Vec<(String, Tensors)> = Vec::new();
    for line in GOLDEN.lines() {
        if let Some(title) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push((title.to_owned(), Vec::new()));
        } else {
            let (name, shape) = line.split_once(' ').expect("name and shape");
            let shape = shape.split('x').map(|size| size.parse().expect("a number")).collect();
            sections.last_mut().expect("a title first").1.push((name.to_owned(), shape));
        }
    }
    sections
}

fn params(network: &Network) -> Tensors {
    network.params().iter().map(|param| (param.name.clone(), param.shape.clone())).collect()
}

#[test]
fn names_order_and_shapes_are_pytorchs() {
    let sections = golden();
    assert_eq!(sections.len(), 10);
    for (title, expected) in sections {
        let [name, width, classes] = title.split(' ').collect::<Vec<_>>()[..] else {
            panic!("title `{title}`")
        };
        let options = Options {
            width: Some(width.parse().expect("a number")),
            classes: Some(classes.parse().expect("a number")),
            input: None,
        };
        let network = zoo::build(name, &options).expect("consistent");
        let (buffers, trained): (Tensors, Tensors) =
            expected.into_iter().partition(|(name, _)| name.contains(".running_"));
        assert_eq!(params(&network), trained, "{title}");
        let own: Tensors =
            network.buffers().iter().map(|buffer| (buffer.name.clone(), buffer.shape.clone())).collect();
        assert_eq!(own, buffers, "{title}");
    }
}

#[test]
fn every_known_name_builds_and_answers_for_its_classes() {
    for name in zoo::names() {
        let options = Options { classes: Some(7), ..Options::default() };
        let network = zoo::build(name, &options).expect("consistent");
        assert_eq!(network.name(), *name);
        let output = network.shape(network.output());
        if matches!(network.node(network.output()).op, Op::BoxPredictions { .. }) {
            // Offsets, and scores of the background and the classes.
            assert_eq!(output[1..], [4 + 8], "{name}");
        } else {
            assert_eq!(output, [7], "{name}");
            assert_eq!(network.heads(), [network.output()], "{name}");
        }
        let stem = network.node(network.stem().expect("a convolution"));
        assert_eq!(stem.inputs, [secateur_network::NodeId(0)], "{name}");
        assert_eq!(network.find(&stem.name), network.stem(), "{name}");
    }
}

#[test]
fn parameters_point_to_their_nodes_and_back() {
    let network = super::published("mobilenet_v2");
    let mut owners: BTreeMap<u32, usize> = BTreeMap::new();
    for param in network.params() {
        assert!(network.node(param.node).params.contains(&param.id), "{}", param.name);
        assert_eq!(network.find_param(&param.name).map(|found| found.id), Some(param.id));
        *owners.entry(param.node.0).or_default() += 1;
    }
    assert!(owners.values().all(|count| *count <= 2));
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest_one() {
    for (typed, meant) in
        [("resnet-50", "resnet50"), ("ResNet18", "resnet18"), ("mobilenetv2", "mobilenet_v2")]
    {
        let error = zoo::build(typed, &Options::default()).expect_err("not a name");
        let GraphError::UnknownNetwork { name, help } = &error else { panic!("{error}") };
        assert_eq!(name, typed);
        assert!(help.starts_with(&format!("did you mean `{meant}`?")), "{help}");
    }
    let error = zoo::build("transformer", &Options::default()).expect_err("not a name");
    assert!(error.to_string().contains("known networks: resnet8, "), "{error}");
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    let bad = [
        (Options { width: Some(0.0), ..Options::default() }, "width"),
        (Options { width: Some(f64::NAN), ..Options::default() }, "width"),
        (Options { width: Some(1e12), ..Options::default() }, "width"),
        (Options { classes: Some(0), ..Options::default() }, "classes"),
        (Options { input: Some([3, 0, 32]), ..Options::default() }, "input"),
    ];
    for (options, wrong) in bad {
        let error = zoo::build("resnet18", &options).expect_err("out of range");
        assert!(matches!(error, GraphError::BadOption { option, .. } if option == wrong), "{error}");
    }
}

#[test]
fn a_tiny_width_keeps_one_channel_in_each_layer() {
    for name in zoo::names() {
        // The large detector cuts the edges of its last maps off.
        let side = if *name == "ssd300-resnet50" { 300 } else { 32 };
        let options = Options { width: Some(1e-6), classes: Some(2), input: Some([1, side, side]) };
        let network = zoo::build(name, &options).expect("consistent");
        assert!(network.params().iter().all(|param| param.numel() > 0), "{name}");
    }
}
