//! What is wrong with masks under an N:M pattern.

use secateur_engine::broken_group;
use secateur_network::{Network, ParamId};
use secateur_suite::Pattern;

/// The first group of weights in which masks do not keep what a pattern keeps, in words; `None` if there is none.
///
/// `mask` gives a parameter's mask by its name, a byte for each weight, row-major, not zero where the weight stays; without a
/// mask all stay.
pub fn pattern_complaint<'a>(
    network: &Network,
    params: &[ParamId],
    pattern: Pattern,
    mask: impl Fn(&str) -> Option<&'a [u8]>,
) -> Option<String> {
    params.iter().find_map(|id| {
        let spec = &network.params()[id.index()];
        let mask = mask(&spec.name);
        let (group, kept) =
            broken_group(&spec.shape, pattern, |index| mask.is_none_or(|mask| mask[index] != 0))?;
        let channel = group.first / group.stride;
        let (output, input) = (channel / spec.shape[1], channel % spec.shape[1]);
        let mut place =
            format!("output channel {output}, input channels {input} to {}", input + group.size - 1);
        if let [_, _, _, width] = spec.shape[..] {
            let position = group.first % group.stride;
            place =
                format!("{place}, row {} and column {} of the kernel", position / width, position % width);
        }
        Some(format!(
            "`{}` keeps {kept} weights in the group of {place}; the pattern {pattern} keeps {}",
            spec.name,
            pattern.keep()
        ))
    })
}

#[cfg(test)]
mod tests {
    use secateur_network::{Builder, Op, Window};
    use secateur_suite::{Prunable, PruneSet};

    use super::*;
    use crate::prunable::Removable;

    /// Convolutions of 3 to 8 channels, of 8 channels each for itself, and of 8 to 4, and a classifier.
    fn network() -> Network {
        let mut builder = Builder::new("small", [3, 4, 4]);
        let conv = |in_channels, out_channels, groups| Op::Conv2d {
            in_channels,
            out_channels,
            window: Window::square(3, 1, 1),
            groups,
            bias: false,
        };
        let input = builder.input();
        let stem = builder.push("stem", conv(3, 8, 1), &[input]);
        let depthwise = builder.push("depthwise", conv(8, 8, 8), &[stem]);
        let inner = builder.push("inner", conv(8, 4, 1), &[depthwise]);
        let pooled = builder.push("pool", Op::AdaptiveAvgPool2d { output: [1, 1] }, &[inner]);
        let flat = builder.push("flat", Op::Flatten, &[pooled]);
        builder.push("head", Op::Linear { in_features: 4, out_features: 2, bias: true }, &[flat]);
        builder.finish().unwrap()
    }

    fn removable(pattern: Option<&str>) -> Removable {
        let set = Prunable {
            stem: true,
            head: true,
            pattern: pattern.map(|text| text.parse().unwrap()),
            ..Prunable::default()
        };
        Removable::new(&network(), &PruneSet::Weights(set))
    }

    fn names(removable: &Removable) -> Vec<String> {
        let network = network();
        removable.params().iter().map(|id| network.params()[id.index()].name.clone()).collect()
    }

    #[test]
    fn layers_whose_channels_do_not_fall_into_groups_do_not_belong_to_the_set() {
        assert_eq!(
            names(&removable(None)),
            ["stem.weight", "depthwise.weight", "inner.weight", "head.weight"]
        );
        assert_eq!(names(&removable(Some("2:4"))), ["inner.weight", "head.weight"]);
        assert_eq!(names(&removable(Some("4:8"))), ["inner.weight"]);
        assert_eq!(names(&removable(Some("1:3"))), ["stem.weight"]);
        assert!(names(&removable(Some("5:10"))).is_empty());
    }

    #[test]
    fn a_pattern_leaves_its_keep_exactly() {
        for (pattern, total, count) in [("2:4", 296, 148), ("1:4", 296, 74), ("1:3", 216, 72)] {
            let keep = pattern.parse::<Pattern>().unwrap().fraction();
            let target = removable(Some(pattern)).target(&network(), keep);
            assert_eq!((target.count, target.tolerance), (count, 0), "{pattern}");
            assert_eq!(removable(Some(pattern)).total(&network()), total, "{pattern}");
        }
    }

    #[test]
    fn a_violation_is_told_with_layer_and_group() {
        let network = network();
        let removable = removable(Some("2:4"));
        let pattern = "2:4".parse().unwrap();
        let complaint = |inner: &[u8], head: &[u8]| {
            pattern_complaint(&network, removable.params(), pattern, |name| {
                Some(if name == "inner.weight" { inner } else { head })
            })
        };
        // [4, 8, 3, 3]: of input channels 0 and 1, and 5 and 7, all nine positions stay.
        let inner: Vec<u8> =
            (0..4 * 8 * 9).map(|index| u8::from([0, 1, 5, 7].contains(&(index / 9 % 8)))).collect();
        let head = [1, 0, 0, 1, 0, 1, 1, 0];
        assert_eq!(complaint(&inner, &head), None);
        // The weight of output channel 3, input channel 6, row 1 and column 2 comes in addition.
        let mut more = inner.clone();
        more[(3 * 8 + 6) * 9 + 5] = 1;
        let found = complaint(&more, &head).unwrap();
        assert_eq!(
            found,
            "`inner.weight` keeps 3 weights in the group of output channel 3, input channels 4 to 7, row 1 and column 2 \
             of the kernel; the pattern 2:4 keeps 2"
        );
        // Half of the classifier's weights, but all of them of one output.
        let found = complaint(&inner, &[1, 1, 1, 1, 0, 0, 0, 0]).unwrap();
        assert!(found.starts_with("`head.weight` keeps 4 weights"), "{found}");
        assert!(found.contains("output channel 0, input channels 0 to 3;"), "{found}");
        let found = pattern_complaint(&network, removable.params(), pattern, |_| None).unwrap();
        assert!(found.starts_with("`inner.weight` keeps 4 weights"), "{found}");
    }
}
