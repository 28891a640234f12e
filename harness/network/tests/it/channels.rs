//! Channel groups, surgery and selection.

use secateur_network::channels::{
    Budget, Groups, Kept, NOWHERE, Protection, Rules, SelectUnitsError, Side, SurgeryError, Tally, TensorId,
    UnitScope, select_units,
};
use secateur_network::{Builder, Convention, Network, NodeId, Op, Window, zoo};

fn network(name: &str) -> Network {
    zoo::build(name, &zoo::Options::default()).unwrap()
}

fn conv(builder: &mut Builder, name: &str, from: NodeId, channels: [usize; 2], groups: usize) -> NodeId {
    let [in_channels, out_channels] = channels;
    let op = Op::Conv2d { in_channels, out_channels, window: Window::square(3, 1, 1), groups, bias: true };
    builder.push(name, op, &[from])
}

/// The entries that a group's unit takes from a dimension of a parameter.
fn entries(
    network: &Network,
    groups: &Groups,
    group: &str,
    unit: usize,
    param: &str,
    dim: usize,
) -> Vec<usize> {
    let id = network.find_param(param).unwrap().id;
    let group = &groups.all()[groups.find(group).unwrap()];
    let members = group.members.iter().filter(|m| m.tensor == TensorId::Param(id) && m.dim == dim);
    members.flat_map(|member| member.entries(unit)).collect()
}

/// All groups that may lose units.
fn free(groups: &Groups) -> Vec<bool> {
    groups.all().iter().map(|group| group.protection.is_none()).collect()
}

fn zeros(groups: &Groups) -> Vec<Vec<f64>> {
    groups.all().iter().map(|group| vec![0.0; group.units]).collect()
}

fn rules(eligible: &[bool], budget: Budget, target: u64) -> Rules<'_> {
    Rules { budget, target, eligible, min_keep: 1, align: 1 }
}

#[test]
fn half_of_resnet18_is_the_half_width_network() {
    let network = network("resnet18");
    let groups = network.channel_groups();
    let eligible = free(&groups);
    let dense = Tally::new(&network, &groups, &eligible, Budget::Channels).total();
    let rules = rules(&eligible, Budget::Channels, dense / 2);
    let half = select_units(&network, &groups, &zeros(&groups), UnitScope::Uniform, &rules).unwrap();
    let surgery = network.surgery(&groups, &half.kept).unwrap();
    // Torch-Pruning's figures of the network at half width whose classifier keeps 1000 outputs.
    assert_eq!(surgery.network.count_params(), 3_055_880);
    assert_eq!(surgery.network.macs(Convention::Tp), 487_202_536);
    assert_eq!(surgery.network.macs(Convention::Core), 483_149_824);
    // The zoo builds the same network when it is asked for half of the width.
    let narrow =
        zoo::build("resnet18", &zoo::Options { width: Some(0.5), ..zoo::Options::default() }).unwrap();
    assert_eq!(surgery.network, narrow);
}

#[test]
fn resnet50_has_one_group_for_each_inner_layer_and_one_for_each_stage() {
    let network = network("resnet50");
    let groups = network.channel_groups();
    // Input, stem, two in each of the 16 blocks, four residual streams, classes.
    assert_eq!(groups.all().len(), 1 + 1 + 32 + 4 + 1);
    let summed: Vec<(&str, usize)> = groups
        .all()
        .iter()
        .filter(|group| group.summed)
        .map(|group| (group.name.as_str(), group.units))
        .collect();
    assert_eq!(
        summed,
        [
            ("layer1.0.conv3", 256),
            ("layer2.0.conv3", 512),
            ("layer3.0.conv3", 1024),
            ("layer4.0.conv3", 2048)
        ]
    );
    // The last stage's stream: three convolutions, the shortcut's, and all that read it.
    let stream = &groups.all()[groups.find("layer4.0.conv3").unwrap()];
    let made: Vec<&str> = stream.producers.iter().map(|id| network.node(*id).name.as_str()).collect();
    assert_eq!(made, ["layer4.0.conv3", "layer4.0.downsample.0", "layer4.1.conv3", "layer4.2.conv3"]);
    let read = stream.members.iter().filter(|member| member.side == Side::In);
    let read: Vec<&str> = read
        .map(|member| match member.tensor {
            TensorId::Param(id) => network.params()[id.index()].name.as_str(),
            TensorId::Buffer(_) => unreachable!("a buffer reads nothing"),
        })
        .collect();
    assert_eq!(read, ["layer4.1.conv1.weight", "layer4.2.conv1.weight", "fc.weight"]);
    let protected: Vec<_> =
        groups.all().iter().filter_map(|g| Some((g.name.as_str(), g.protection?))).collect();
    assert_eq!(protected, [("input", Protection::Input), ("fc", Protection::Output)]);
}

#[test]
fn depthwise_filters_go_with_their_channel() {
    let network = network("mobilenet_v2");
    let groups = network.channel_groups();
    let name = "features.2.conv.0.0";
    let group = &groups.all()[groups.find(name).unwrap()];
    let made: Vec<&str> = group.producers.iter().map(|id| network.node(*id).name.as_str()).collect();
    assert_eq!(made, [name, "features.2.conv.1.0"]);
    let mut kept = Kept::all(&groups);
    kept.group_mut(groups.find(name).unwrap())[5] = false;
    let smaller = network.surgery(&groups, &kept).unwrap().network;
    let depthwise = smaller.node(smaller.find("features.2.conv.1.0").unwrap());
    assert!(
        matches!(depthwise.op, Op::Conv2d { in_channels: 95, out_channels: 95, groups: 95, .. }),
        "{:?}",
        depthwise.op
    );
}

#[test]
fn concatenation_flattening_and_blocks_shift_and_spread() {
    let mut builder = Builder::new("mixed", [3, 4, 4]);
    let input = builder.input();
    let a = conv(&mut builder, "a", input, [3, 4], 1);
    let b = conv(&mut builder, "b", input, [3, 6], 1);
    let joined = builder.push("joined", Op::Concat, &[a, b, a]);
    let blocks = conv(&mut builder, "blocks", joined, [14, 4], 2);
    let pooled = builder.push("pool", Op::AdaptiveAvgPool2d { output: [2, 3] }, &[blocks]);
    let flat = builder.push("flat", Op::Flatten, &[pooled]);
    builder.push("fc", Op::Linear { in_features: 24, out_features: 2, bias: true }, &[flat]);
    let network = builder.finish().unwrap();
    let groups = network.channel_groups();
    // The two blocks read [a0..a3 b0 b1 b2] and [b3 b4 b5 a0..a3]; the same place of both is one unit: a0 with b3,
    // a1 with b4, a2 with b5, a3 with a0, b0 with a1, and so on. What follows from it by hand:
    // {a0,b3,a3,b2}, {a1,b4,b0}, {a2,b5,b1}: a3~a0; b0~a1; b1~a2; b2~a3.
    let group = &groups.all()[groups.find("a").unwrap()];
    assert_eq!(group.units, 3);
    let of = |unit, param, dim| entries(&network, &groups, "a", unit, param, dim);
    assert_eq!((of(0, "a.weight", 0), of(0, "b.bias", 0)), (vec![0, 3], vec![2, 3]));
    assert_eq!((of(1, "a.weight", 0), of(1, "b.bias", 0)), (vec![1], vec![0, 4]));
    assert_eq!((of(2, "a.weight", 0), of(2, "b.bias", 0)), (vec![2], vec![1, 5]));
    // A block's weight has the seven channels of its own block only.
    assert_eq!(of(0, "blocks.weight", 1), [0, 3, 6]);
    assert_eq!(of(2, "blocks.weight", 1), [2, 5]);
    // What the blocks make is paired too, and each channel becomes six features.
    let of = |unit, param, dim| entries(&network, &groups, "blocks", unit, param, dim);
    assert_eq!(of(1, "blocks.weight", 0), [1, 3]);
    assert_eq!(of(1, "fc.weight", 1), [6, 7, 8, 9, 10, 11, 18, 19, 20, 21, 22, 23]);
}

#[test]
fn plain_concatenation_keeps_groups_apart() {
    let mut builder = Builder::new("fork", [3, 4, 4]);
    let input = builder.input();
    let a = conv(&mut builder, "a", input, [3, 4], 1);
    let b = conv(&mut builder, "b", input, [3, 6], 1);
    let joined = builder.push("joined", Op::Concat, &[a, b]);
    let up = builder.push("up", Op::Upsample { scale: 2 }, &[joined]);
    let last = conv(&mut builder, "last", up, [10, 2], 1);
    builder.push("relu", Op::Relu, &[last]);
    let network = builder.finish().unwrap();
    let groups = network.channel_groups();
    assert_eq!(entries(&network, &groups, "b", 1, "last.weight", 1), [5]);
    assert_eq!(entries(&network, &groups, "a", 1, "last.weight", 1), [1]);
    assert_eq!(groups.all()[groups.find("last").unwrap()].protection, Some(Protection::Output));
}

/// A pyramid of two levels, whose upper level is enlarged and added to the lower one, and a head that both share, as in
/// RetinaNet (arXiv 1708.02002): one hidden layer and the predictor.
fn pyramid() -> Network {
    let mut builder = Builder::new("pyramid", [3, 8, 8]);
    let input = builder.input();
    let lower = conv(&mut builder, "lower", input, [3, 6], 1);
    let pooled = builder.push("pool", Op::MaxPool2d { window: Window::square(2, 2, 0) }, &[lower]);
    let upper = conv(&mut builder, "upper", pooled, [6, 10], 1);
    let inner0 = conv(&mut builder, "inner0", lower, [6, 4], 1);
    let inner1 = conv(&mut builder, "inner1", upper, [10, 4], 1);
    let enlarged = builder.push("enlarged", Op::Upsample { scale: 2 }, &[inner1]);
    let sum = builder.push("sum", Op::Add, &[inner0, enlarged]);
    let level0 = conv(&mut builder, "level0", sum, [4, 5], 1);
    let level1 = conv(&mut builder, "level1", inner1, [4, 5], 1);
    let hidden0 = conv(&mut builder, "head.hidden", level0, [5, 7], 1);
    let scores0 = conv(&mut builder, "head.scores", hidden0, [7, 2], 1);
    let hidden1 = builder.push_again("head.hidden at level 1", hidden0, &[level1]);
    let scores1 = builder.push_again("head.scores at level 1", scores0, &[hidden1]);
    builder.outputs(&[scores0, scores1]);
    builder.finish().unwrap()
}

#[test]
fn levels_of_a_pyramid_that_share_a_head_lose_the_same_channels() {
    let network = pyramid();
    let groups = network.channel_groups();
    let names: Vec<(&str, usize)> =
        groups.all().iter().map(|group| (group.name.as_str(), group.units)).collect();
    // The lateral sums are one group, the two levels another since one head reads both.
    let expected = [
        ("input", 3),
        ("lower", 6),
        ("upper", 10),
        ("inner0", 4),
        ("level0", 5),
        ("head.hidden", 7),
        ("head.scores", 2),
    ];
    assert_eq!(names, expected);
    let producers = |group: &str| -> Vec<&str> {
        let group = &groups.all()[groups.find(group).unwrap()];
        group.producers.iter().map(|id| network.node(*id).name.as_str()).collect()
    };
    assert_eq!(producers("level0"), ["level0", "level1"]);
    assert_eq!(producers("head.hidden"), ["head.hidden", "head.hidden at level 1"]);
    assert_eq!(groups.all()[groups.find("head.scores").unwrap()].protection, Some(Protection::Output));
    // The head's weights are there once, and lose entries once.
    assert_eq!(entries(&network, &groups, "level0", 2, "head.hidden.weight", 1), [2]);
    assert_eq!(entries(&network, &groups, "head.hidden", 3, "head.hidden.weight", 0), [3]);
    assert_eq!(network.params().iter().filter(|param| param.name.starts_with("head")).count(), 4);

    let mut kept = Kept::all(&groups);
    let mut tally = Tally::new(&network, &groups, &free(&groups), Budget::Macs);
    assert_eq!(tally.total(), network.macs(Convention::Core));
    for (group, unit) in [("level0", 1), ("level0", 4), ("head.hidden", 0), ("inner0", 2)] {
        let at = groups.find(group).unwrap();
        kept.group_mut(at)[unit] = false;
        tally.remove(&groups.all()[at], unit);
    }
    let smaller = network.surgery(&groups, &kept).unwrap().network;
    assert_eq!(tally.total(), smaller.macs(Convention::Core));
    // 3x3 kernels: hidden 6 of 3 channels at 64 and 16 positions, and so on.
    let nine = |read: u64, made: u64, pixels: u64| 9 * read * made * pixels;
    let by_hand = nine(3, 6, 64)
        + nine(6, 10, 16)
        + nine(6, 3, 64)
        + nine(10, 3, 16)
        + nine(3, 3, 64 + 16)
        + nine(3, 6, 64 + 16)
        + nine(6, 2, 64 + 16);
    assert_eq!(smaller.macs(Convention::Core), by_hand);
    let again = smaller.find("head.hidden at level 1").unwrap();
    assert_eq!(smaller.owner(again), smaller.find("head.hidden").unwrap());
}

#[test]
fn a_normalization_is_not_used_twice() {
    let mut builder = Builder::new("twice", [3, 4, 4]);
    let input = builder.input();
    let norm = Op::BatchNorm2d { channels: 3, eps: 1e-5, momentum: 0.1 };
    let first = builder.push("norm", norm, &[input]);
    builder.push_again("again", first, &[first]);
    let error = builder.finish().unwrap_err().to_string();
    assert_eq!(
        error,
        "node `again`: is the normalization `norm` once more; give each use statistics of its own"
    );
}

#[test]
fn every_entry_belongs_to_one_unit() {
    for name in zoo::names() {
        let network = network(name);
        let groups = network.channel_groups();
        let mut seen = std::collections::BTreeMap::new();
        for group in groups.all() {
            for member in &group.members {
                assert_eq!(member.index.len(), group.units * member.width, "{name} {}", group.name);
                for place in member.index.iter().filter(|place| **place != NOWHERE) {
                    *seen.entry((member.tensor, member.dim, *place)).or_insert(0) += 1;
                }
            }
        }
        assert!(seen.values().all(|count| *count == 1), "{name}");
        let channels: usize = network
            .params()
            .iter()
            .map(|param| {
                // The second dimension of a depthwise filter is no channel.
                let depthwise =
                    matches!(network.node(param.node).op, Op::Conv2d { groups, .. } if groups > 1);
                let dims = if depthwise { 1 } else { 2 };
                param.shape.iter().take(dims).sum::<usize>()
            })
            .sum::<usize>()
            + network.buffers().iter().map(|buffer| buffer.shape[0]).sum::<usize>();
        assert_eq!(seen.len(), channels, "{name}");
    }
}

#[test]
fn the_running_count_is_the_count_of_what_remains() {
    let mut draw = 12345_u64;
    let mut random = move |below: usize| {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (draw >> 33) as usize % below
    };
    for name in ["resnet8", "mobilenet_v2", "vgg16_bn", "ssd-small"] {
        let network = network(name);
        let groups = network.channel_groups();
        let eligible = free(&groups);
        let mut kept = Kept::all(&groups);
        let mut tallies = [Budget::Params, Budget::Macs, Budget::Channels]
            .map(|budget| Tally::new(&network, &groups, &eligible, budget));
        assert_eq!(tallies[0].total(), network.count_params());
        assert_eq!(tallies[1].total(), network.macs(Convention::Core));
        for (index, group) in groups.all().iter().enumerate().filter(|(index, _)| eligible[*index]) {
            for _ in 0..group.units / 3 {
                let unit = random(group.units);
                if kept.group(index)[unit] && kept.count(index) > 1 {
                    kept.group_mut(index)[unit] = false;
                    for tally in &mut tallies {
                        tally.remove(group, unit);
                    }
                }
            }
        }
        let smaller = network.surgery(&groups, &kept).unwrap().network;
        assert_eq!(tallies[0].total(), smaller.count_params(), "{name}");
        assert_eq!(tallies[1].total(), smaller.macs(Convention::Core), "{name}");
        let units: usize = (0..groups.all().len()).filter(|i| eligible[*i]).map(|i| kept.count(i)).sum();
        assert_eq!(tallies[2].total(), units as u64, "{name}");
    }
}

#[test]
fn the_nearest_count_is_reached_in_the_order_of_scores() {
    let network = network("resnet20");
    let groups = network.channel_groups();
    let eligible = free(&groups);
    // Scores that rise with the unit and differ between groups.
    let scores: Vec<Vec<f64>> = groups
        .all()
        .iter()
        .enumerate()
        .map(|(g, group)| (0..group.units).map(|unit| ((unit * 7 + g * 3) % 101) as f64).collect())
        .collect();
    for (budget, keep) in [(Budget::Params, 0.5), (Budget::Macs, 0.3), (Budget::Channels, 0.7)] {
        let dense = Tally::new(&network, &groups, &eligible, budget).total();
        let target = (dense as f64 * keep).round() as u64;
        let rules = rules(&eligible, budget, target);
        let selected = select_units(&network, &groups, &scores, UnitScope::Global, &rules).unwrap();
        let mut tally = Tally::new(&network, &groups, &eligible, budget);
        let mut best_gone = f64::NEG_INFINITY;
        let mut worst_kept = f64::INFINITY;
        let mut last_gone = None;
        for (g, group) in groups.all().iter().enumerate().filter(|(g, _)| eligible[*g]) {
            for (unit, (&kept, &score)) in selected.kept.group(g).iter().zip(&scores[g]).enumerate() {
                if kept {
                    worst_kept = worst_kept.min(score);
                } else {
                    tally.remove(group, unit);
                    if score >= best_gone {
                        best_gone = score;
                        last_gone = Some((g, unit));
                    }
                }
            }
        }
        assert!(best_gone <= worst_kept, "{budget:?}: {best_gone} went, {worst_kept} stayed");
        assert_eq!(tally.total(), selected.reached);
        if budget == Budget::Channels {
            assert_eq!(selected.reached, target);
        }
        // Putting the last unit back misses the target by at least as much.
        let (g, unit) = last_gone.unwrap();
        tally.restore(&groups.all()[g], unit);
        assert!(tally.total().abs_diff(target) >= selected.reached.abs_diff(target), "{budget:?}");
    }
}

#[test]
fn equal_scores_go_by_position_and_rules_are_kept() {
    let network = network("resnet8");
    let groups = network.channel_groups();
    let eligible = free(&groups);
    let dense = Tally::new(&network, &groups, &eligible, Budget::Channels).total();
    let mut limits = rules(&eligible, Budget::Channels, dense - 10);
    let selected = select_units(&network, &groups, &zeros(&groups), UnitScope::Global, &limits).unwrap();
    let first = eligible.iter().position(|free| *free).unwrap();
    assert!(selected.kept.group(first)[..10].iter().all(|keep| !keep));
    assert_eq!(selected.kept.count(first), groups.all()[first].units - 10);

    limits.target = dense / 2;
    limits.align = 8;
    limits.min_keep = 5;
    let selected = select_units(&network, &groups, &zeros(&groups), UnitScope::Global, &limits).unwrap();
    for (index, group) in groups.all().iter().enumerate().filter(|(index, _)| eligible[*index]) {
        let count = selected.kept.count(index);
        assert!(
            count == group.units || (count.is_multiple_of(8) && count >= 5),
            "{} keeps {count}",
            group.name
        );
    }

    limits.target = 1;
    let error = select_units(&network, &groups, &zeros(&groups), UnitScope::Global, &limits).unwrap_err();
    let groups_left = eligible.iter().filter(|free| **free).count() as u64;
    assert_eq!(error, SelectUnitsError::Infeasible { least: groups_left * 8, target: 1 });
}

#[test]
fn bad_scores_and_bad_plans_name_the_group() {
    let network = network("resnet8");
    let groups = network.channel_groups();
    let eligible = free(&groups);
    let limits = rules(&eligible, Budget::Params, 1000);
    let select = |scores: &[Vec<f64>]| {
        select_units(&network, &groups, scores, UnitScope::Global, &limits).unwrap_err().to_string()
    };
    let at = groups.find("layer2.0.conv1").unwrap();
    let mut scores = zeros(&groups);
    scores[at][3] = f64::NAN;
    assert_eq!(select(&scores), "the score of unit 3 of channel group `layer2.0.conv1` is not a number");
    scores[at].truncate(2);
    assert_eq!(select(&scores), "channel group `layer2.0.conv1` has 32 units, but 2 scores");

    let refuse = |group: &str, from: usize| {
        let mut kept = Kept::all(&groups);
        let at = groups.find(group).unwrap();
        kept.group_mut(at)[from..].fill(false);
        network.surgery(&groups, &kept).unwrap_err()
    };
    assert_eq!(refuse("layer1.0.conv1", 0), SurgeryError::Emptied("layer1.0.conv1".to_owned()));
    assert_eq!(refuse("fc", 9), SurgeryError::Protected("fc".to_owned()));
    assert_eq!(refuse("input", 2), SurgeryError::Protected("input".to_owned()));
}

#[test]
fn shapes_of_another_network_are_refused() {
    let network = network("resnet8");
    let error = network
        .narrowed(|param| {
            let mut shape = param.shape.clone();
            if param.name == "layer1.0.conv1.weight" {
                shape[0] = 17;
            }
            shape
        })
        .unwrap_err();
    assert!(error.to_string().contains("`layer1.0.conv1.weight` of shape [17, 16, 3, 3]"), "{error}");
    // Narrower in one place only: the next layer does not fit.
    let error = network
        .narrowed(|param| {
            let mut shape = param.shape.clone();
            if param.name == "layer1.0.conv1.weight" {
                shape[0] = 9;
            }
            shape
        })
        .unwrap_err();
    assert!(error.to_string().contains("layer1.0.bn1"), "{error}");
}
