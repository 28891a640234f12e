//! N:M patterns: which weights stand in one group, the selection within groups, and what breaks a pattern.
//!
//! A group is M weights of consecutive input channels for one output channel and one position of the kernel. This is the
//! layout in which NVIDIA's sparse kernels read a weight (`[out, kh * kw, in]`, where apex' ASP and
//! `torch.sparse.to_sparse_semi_structured` look for 2:4), and for fully connected weights `[out, in]` their own.

use secateur_suite::Pattern;

use crate::select::{SelectError, check_numbers, keys_of, top_keys};

/// Where a group of a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatternGroup {
    /// Flat row-major index of the first weight.
    pub first: usize,
    /// Distance between two weights of the group.
    pub stride: usize,
    /// Number of weights.
    pub size: usize,
}

impl PatternGroup {
    /// Flat indices of the weights, by input channel.
    pub fn indices(self) -> impl Iterator<Item = usize> {
        (0..self.size).map(move |place| self.first + place * self.stride)
    }
}

/// Whether a weight `[out, in, ...]` falls into whole groups: its input channels are a multiple of M.
#[must_use]
pub fn fits_pattern(shape: &[usize], pattern: Pattern) -> bool {
    shape.len() >= 2 && shape[1] > 0 && shape[1].is_multiple_of(pattern.of())
}

/// All groups of a weight `[out, in, ...]` that [`fits_pattern`], by output channel, then by input channels, then by
/// position of the kernel. Every weight is in one of them.
pub fn pattern_groups(shape: &[usize], pattern: Pattern) -> impl Iterator<Item = PatternGroup> {
    let size = pattern.of();
    let stride: usize = shape.iter().skip(2).product();
    let blocks = shape.iter().take(2).product::<usize>() / size;
    (0..blocks).flat_map(move |block| {
        (0..stride).map(move |position| PatternGroup {
            first: block * size * stride + position,
            stride,
            size,
        })
    })
}

/// The first group of a weight in which the mask (row-major, true where the weight stays) does not keep exactly N, and how
/// many it keeps there.
#[must_use]
pub fn broken_group(
    shape: &[usize],
    pattern: Pattern,
    stays: impl Fn(usize) -> bool,
) -> Option<(PatternGroup, usize)> {
    pattern_groups(shape, pattern)
        .map(|group| (group, group.indices().filter(|index| stays(*index)).count()))
        .find(|(_, kept)| *kept != pattern.keep())
}

/// Keeps exactly `count` weights so that every group has its N best, of equal scores the first.
///
/// A count of N in M leaves nothing else. An iterative method may ask for more on its way there: then the best of all
/// other weights stay as well, whatever parameter they are in.
///
/// `scores` and `shapes` stand in the same order, and all shapes fit the pattern. Returns for each parameter the ascending
/// flat indices that stay.
///
/// # Errors
/// Fails if `count` is less than the pattern leaves or more than there is, or a score is NaN.
pub fn select_pattern(
    scores: &[&[f32]],
    shapes: &[&[usize]],
    pattern: Pattern,
    count: u64,
) -> Result<Vec<Vec<u32>>, SelectError> {
    check_numbers(scores)?;
    let total: u64 = scores.iter().map(|scores| scores.len() as u64).sum();
    let least = total / pattern.of() as u64 * pattern.keep() as u64;
    if count > total {
        return Err(SelectError::TooMany { count, total });
    }
    if count < least {
        return Err(SelectError::BelowPattern { count, least, pattern });
    }
    let mut kept: Vec<Vec<u32>> = Vec::with_capacity(scores.len());
    let mut others = Vec::with_capacity((total - least) as usize);
    let mut keys = Vec::with_capacity(pattern.of());
    for (param, (scores, shape)) in scores.iter().zip(shapes).enumerate() {
        let mut best = Vec::with_capacity(scores.len() / pattern.of() * pattern.keep());
        for group in pattern_groups(shape, pattern) {
            keys.clear();
            keys.extend(keys_of(param, group.indices().map(|index| (index, scores[index]))));
            keys.sort_unstable();
            best.extend(keys[..pattern.keep()].iter().map(|key| *key as u32));
            others.extend_from_slice(&keys[pattern.keep()..]);
        }
        kept.push(best);
    }
    for key in top_keys(&mut others, (count - least) as usize) {
        kept[(*key >> 32) as u32 as usize].push(*key as u32);
    }
    kept.iter_mut().for_each(|indices| indices.sort_unstable());
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    /// Scores in which few are equal to others, but some are.
    fn scores(count: usize) -> Vec<f32> {
        (0..count).map(|index| ((index * 7919) % 101) as f32 - 50.0).collect()
    }

    #[test]
    fn groups_run_along_the_input_channels() {
        // [2, 4] with 1:2: each two that stand beside each other.
        let groups: Vec<Vec<usize>> =
            pattern_groups(&[2, 4], pattern("1:2")).map(|group| group.indices().collect()).collect();
        assert_eq!(groups, [[0, 1], [2, 3], [4, 5], [6, 7]]);
        // [1, 4, 1, 3] with 2:4: a group for each of three positions of the kernel, three weights apart.
        let groups: Vec<Vec<usize>> =
            pattern_groups(&[1, 4, 1, 3], pattern("2:4")).map(|group| group.indices().collect()).collect();
        assert_eq!(groups, [[0, 3, 6, 9], [1, 4, 7, 10], [2, 5, 8, 11]]);
        assert_eq!(pattern_groups(&[2, 4, 1, 1], pattern("1:2")).count(), 4);
    }

    #[test]
    fn groups_divide_all_weights() {
        for shape in [&[3, 8, 3, 3][..], &[5, 4], &[2, 12, 1, 7], &[1, 4, 2]] {
            let mut indices: Vec<usize> =
                pattern_groups(shape, pattern("2:4")).flat_map(PatternGroup::indices).collect();
            indices.sort_unstable();
            assert_eq!(indices, (0..shape.iter().product()).collect::<Vec<_>>(), "{shape:?}");
        }
        // Three input channels, one of a depthwise convolution, and a bias.
        for shape in [&[16, 3, 3, 3][..], &[16, 1, 3, 3], &[16], &[16, 6]] {
            assert!(!fits_pattern(shape, pattern("2:4")), "{shape:?}");
        }
        assert!(fits_pattern(&[16, 6], pattern("1:2")));
    }

    #[test]
    fn every_group_keeps_its_best_and_equal_ones_by_position() {
        let (one, two) = (scores(3 * 8 * 9), scores(6 * 4));
        let shapes: [&[usize]; 2] = [&[3, 8, 3, 3], &[6, 4]];
        for text in ["2:4", "1:4", "3:4", "1:2"] {
            let pattern = pattern(text);
            let count = (240.0 * pattern.fraction()) as u64;
            let kept = select_pattern(&[&one, &two], &shapes, pattern, count).unwrap();
            for ((scores, shape), kept) in [&one, &two].into_iter().zip(shapes).zip(&kept) {
                let stays = |index: usize| kept.binary_search(&(index as u32)).is_ok();
                assert_eq!(broken_group(shape, pattern, stays), None);
                for group in pattern_groups(shape, pattern) {
                    for gone in group.indices().filter(|index| !stays(*index)) {
                        for index in group.indices().filter(|index| stays(*index)) {
                            let first = index < gone;
                            assert!(scores[index] > scores[gone] || (scores[index] == scores[gone] && first));
                        }
                    }
                }
            }
            assert_eq!(kept.iter().map(Vec::len).sum::<usize>() as u64, count);
        }
    }

    #[test]
    fn ties_go_to_the_first_and_a_pattern_may_keep_a_score_that_is_low_elsewhere() {
        let equal = [1.0; 8];
        assert_eq!(select_pattern(&[&equal], &[&[2, 4]], pattern("2:4"), 4).unwrap(), [[0, 1, 4, 5]]);
        // Everything in the first group is larger than everything in the second one.
        let scores = [9.0, 8.0, 7.0, 6.0, -1.0, -2.0, f32::NEG_INFINITY, -0.5];
        assert_eq!(select_pattern(&[&scores], &[&[2, 4]], pattern("2:4"), 4).unwrap(), [[0, 1, 4, 7]]);
        // On the way there the best of the others stay, too: 7 and 6, then -2.
        assert_eq!(select_pattern(&[&scores], &[&[2, 4]], pattern("2:4"), 6).unwrap(), [[0, 1, 2, 3, 4, 7]]);
        let kept = select_pattern(&[&scores], &[&[2, 4]], pattern("2:4"), 7).unwrap();
        assert_eq!(kept, [[0, 1, 2, 3, 4, 5, 7]]);
    }

    #[test]
    fn larger_counts_contain_smaller_ones() {
        let scores = scores(72);
        let kept =
            |count| select_pattern(&[&scores], &[&[2, 4, 3, 3]], pattern("1:4"), count).unwrap().remove(0);
        for count in 18..72 {
            let (inner, outer) = (kept(count), kept(count + 1));
            assert_eq!(inner.len() as u64, count);
            assert!(inner.iter().all(|index| outer.contains(index)), "{count}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let pattern = pattern("2:4");
        let refused =
            |scores: &[f32], count| select_pattern(&[scores], &[&[2, 4]], pattern, count).unwrap_err();
        assert_eq!(refused(&[0.0; 8], 3), SelectError::BelowPattern { count: 3, least: 4, pattern });
        assert_eq!(refused(&[0.0; 8], 9), SelectError::TooMany { count: 9, total: 8 });
        let mut scores = [0.0; 8];
        scores[6] = f32::NAN;
        assert_eq!(refused(&scores, 4), SelectError::NotANumber { param: 0, index: 6 });
    }

    #[test]
    fn a_broken_group_is_found_where_it_is() {
        // [2, 4, 1, 2]: the group of output channel 1 and position 1 is 9, 11, 13 and 15.
        let kept = [0, 2, 1, 3, 8, 10, 9, 11, 13];
        let found = broken_group(&[2, 4, 1, 2], pattern("2:4"), |index| kept.contains(&index));
        assert_eq!(found, Some((PatternGroup { first: 9, stride: 2, size: 4 }, 3)));
        let found = broken_group(&[2, 4, 1, 2], pattern("2:4"), |index| kept[..8].contains(&index));
        assert_eq!(found, None);
    }
}
