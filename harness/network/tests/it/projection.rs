//! Projections: the body stays, and what follows it is the head.

use secateur_network::channels::Protection;
use secateur_network::zoo::{self, Options};
use secateur_network::{GraphError, Network, PROJECTION, ParamSpec};

fn classifier(name: &str) -> Network {
    let options = Options { width: Some(0.25), classes: Some(7), input: Some([3, 64, 64]) };
    zoo::build(name, &options).expect("known")
}

/// Parameters that are not of heads: name, shape and role.
fn body(network: &Network) -> Vec<&ParamSpec> {
    let heads = network.heads();
    network.params().iter().filter(|param| !heads.contains(&param.node)).collect()
}

#[test]
fn every_classifier_keeps_its_body_and_gets_another_head() {
    for name in zoo::names().iter().filter(|name| !name.starts_with("ssd")) {
        let whole = classifier(name);
        let head = whole.head().expect("a classifier");
        let features = whole.shape(whole.node(head).inputs[0])[0];
        for (hidden, expected) in [(None, features), (Some(5), 5)] {
            let projected = whole.projected(hidden, 11).expect("it ends in a classifier");
            assert_eq!(body(&projected), body(&whole), "{name}");
            assert_eq!(projected.buffers(), whole.buffers(), "{name}");
            assert_eq!(projected.shape(projected.output()), [11], "{name}");
            let own: Vec<(&str, &[usize])> = projected.params()[body(&whole).len()..]
                .iter()
                .map(|param| (param.name.as_str(), param.shape.as_slice()))
                .collect();
            let first: &[usize] = &[expected, features];
            let second: &[usize] = &[11, expected];
            assert_eq!(
                own,
                [
                    ("projection.0.weight", first),
                    ("projection.0.bias", &first[..1]),
                    ("projection.2.weight", second),
                    ("projection.2.bias", &second[..1])
                ],
                "{name}"
            );
            let nodes: Vec<&str> = projected.nodes().iter().rev().take(3).map(|node| &*node.name).collect();
            assert_eq!(nodes, [PROJECTION[2], PROJECTION[1], PROJECTION[0]], "{name}");
            assert_eq!(projected.node(projected.output()).inputs, [projected.find(PROJECTION[1]).unwrap()]);
            // The features of linear transfer are what the classifier had read.
            assert_eq!(projected.node(projected.head().unwrap()).inputs, whole.node(head).inputs, "{name}");
        }
    }
}

#[test]
fn what_lies_within_a_projection_is_never_removed() {
    let network = classifier("resnet18").projected(Some(9), 4).unwrap();
    let groups = network.channel_groups();
    for name in [PROJECTION[0], PROJECTION[2]] {
        let group = &groups.all()[groups.find(name).expect("a group of its own")];
        assert_eq!(group.protection, Some(Protection::Output), "{name}");
    }
    // Nothing else is protected but the picture.
    let protected = groups.all().iter().filter(|group| group.protection.is_some()).count();
    assert_eq!(protected, 3);
    // A compacted network has the same head.
    let narrowed = network.narrowed(|param| param.shape.clone()).unwrap();
    assert_eq!(narrowed, network);
}

#[test]
fn networks_that_do_not_end_in_a_classifier_have_no_projection() {
    let refused = |network: &Network, hidden, out| match network.projected(hidden, out) {
        Err(GraphError::BadOption { option: "projection", reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    let detector = zoo::build("ssd-small", &Options::default()).unwrap();
    assert!(refused(&detector, None, 8).contains("does not end in one"));
    let projected = classifier("resnet8").projected(None, 8).unwrap();
    assert!(refused(&projected, None, 8).contains("does not end in one"));
    assert!(refused(&classifier("resnet8"), Some(0), 8).contains("no numbers"));
    assert!(refused(&classifier("resnet8"), None, 0).contains("no numbers"));
    assert!(classifier("resnet8").projection().is_none());
}
