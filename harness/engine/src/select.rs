//! Selection of weights by score: the one implementation that all methods share.
//!
//! Counts are exact. Of two weights with the same score the one that comes first (lower parameter, then lower
//! row-major index) is kept, whatever the machine or the number of threads. Published tools prune one weight too
//! many, or keep all ties; see the tests.

use secateur_suite::Pattern;

/// How scores compete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All weights of all parameters compete.
    Global,
    /// Each parameter keeps the same fraction.
    Uniform,
    /// Each parameter keeps its Erdős–Rényi-kernel density (RigL, arXiv 1911.11134, section 3).
    Erk,
}

/// Why nothing could be selected.
#[derive(Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum SelectError {
    /// More weights were asked for than there are.
    #[error("cannot keep {count} of {total} weights")]
    TooMany {
        /// Weights asked for.
        count: u64,
        /// Weights there are.
        total: u64,
    },
    /// Fewer weights were asked for than the pattern leaves.
    #[error("cannot keep {count} weights where the pattern {pattern} leaves {least}")]
    BelowPattern {
        /// Weights asked for.
        count: u64,
        /// Weights that the pattern leaves.
        least: u64,
        /// The pattern.
        pattern: Pattern,
    },
    /// A score is not a number.
    #[error("score {index} of parameter {param} is not a number")]
    NotANumber {
        /// Position of the parameter in the list of scores.
        param: usize,
        /// Row-major index.
        index: usize,
    },
}

/// Keeps exactly `count` weights, those with the highest scores within the scope.
///
/// `scores` and `shapes` stand in the same order. Returns for each parameter the ascending flat indices that stay. A score of
/// minus infinity says that a weight is gone: it stays only where `count` leaves no other.
///
/// # Errors
/// Fails if there are fewer weights than `count`, or a score is NaN.
pub fn select_top(
    scores: &[&[f32]],
    shapes: &[&[i64]],
    scope: Scope,
    count: u64,
) -> Result<Vec<Vec<u32>>, SelectError> {
    check_numbers(scores)?;
    let sizes: Vec<u64> = scores.iter().map(|scores| scores.len() as u64).collect();
    let total: u64 = sizes.iter().sum();
    if count > total {
        return Err(SelectError::TooMany { count, total });
    }
    let density = count as f64 / total.max(1) as f64;
    let densities = match scope {
        Scope::Global => return Ok(top_of(scores, count)),
        Scope::Uniform => vec![density; sizes.len()],
        Scope::Erk => erk_densities(shapes, density),
    };
    // Largest remainders are not monotone in the count: a parameter's quota may rise by one while the count falls, and without
    // the limit a weight would come back that a method took for gone.
    let left = |scores: &&[f32]| scores.iter().filter(|score| **score > f32::NEG_INFINITY).count() as u64;
    let left: Vec<u64> = scores.iter().map(left).collect();
    let limits = if left.iter().sum::<u64>() < count { &sizes } else { &left };
    Ok(per_parameter(scores, &limited_quotas(&densities, &sizes, limits, count)))
}

pub(crate) fn check_numbers(scores: &[&[f32]]) -> Result<(), SelectError> {
    for (param, scores) in scores.iter().enumerate() {
        if let Some(index) = scores.iter().position(|score| score.is_nan()) {
            return Err(SelectError::NotANumber { param, index });
        }
    }
    Ok(())
}

fn per_parameter(scores: &[&[f32]], quotas: &[u64]) -> Vec<Vec<u32>> {
    scores.iter().zip(quotas).map(|(scores, quota)| top_of(&[scores], *quota).remove(0)).collect()
}

/// The `count` highest scores of all parameters together.
fn top_of(scores: &[&[f32]], count: u64) -> Vec<Vec<u32>> {
    let mut keys: Vec<u128> = Vec::with_capacity(scores.iter().map(|scores| scores.len()).sum());
    for (param, scores) in scores.iter().enumerate() {
        keys.extend(keys_of(param, scores.iter().copied().enumerate()));
    }
    let mut kept = vec![Vec::new(); scores.len()];
    for key in top_keys(&mut keys, count as usize) {
        kept[(*key >> 32) as u32 as usize].push(*key as u32);
    }
    for indices in &mut kept {
        indices.sort_unstable();
    }
    kept
}

/// One key per weight of a parameter, from its flat index and its score: the score's order-preserving bits, inverted so
/// that ascending keys mean descending scores, then the position (32 bits of the parameter, 32 of the index). All keys
/// differ, so any selection algorithm gives the same set.
pub(crate) fn keys_of(
    param: usize,
    scores: impl Iterator<Item = (usize, f32)>,
) -> impl Iterator<Item = u128> {
    scores.map(move |(index, score)| {
        u128::from(!ordered_bits(score)) << 64 | (param as u128) << 32 | index as u128
    })
}

/// The `count` smallest keys, in any order. There must be as many.
pub(crate) fn top_keys(keys: &mut [u128], count: usize) -> &[u128] {
    if count > 0 && count < keys.len() {
        keys.select_nth_unstable(count - 1);
    }
    &keys[..count]
}

/// Bits that compare as the floats do; both zeros are the same score.
fn ordered_bits(score: f32) -> u32 {
    let bits = (score + 0.0).to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

/// Whole numbers of weights per parameter with the exact sum `count`, as close to `density * size` as possible:
/// each gets the floor, the rest goes to the largest remainders (ties to the first), never above the size.
#[must_use]
pub fn quotas(densities: &[f64], sizes: &[u64], count: u64) -> Vec<u64> {
    limited_quotas(densities, sizes, sizes, count)
}

/// The same, with a limit for each parameter in place of its size. The limits must leave room for `count`.
fn limited_quotas(densities: &[f64], sizes: &[u64], limits: &[u64], count: u64) -> Vec<u64> {
    let exact: Vec<f64> = densities
        .iter()
        .zip(sizes)
        .zip(limits)
        .map(|((density, size), limit)| (density * *size as f64).clamp(0.0, *limit as f64))
        .collect();
    let mut quotas: Vec<u64> = exact.iter().map(|exact| exact.floor() as u64).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by(|a, b| {
        let remainder = |index: usize| exact[index] - exact[index].floor();
        remainder(*b).total_cmp(&remainder(*a)).then(a.cmp(b))
    });
    let mut sum: u64 = quotas.iter().sum();
    while sum < count {
        let before = sum;
        for index in &order {
            if sum < count && quotas[*index] < limits[*index] {
                quotas[*index] += 1;
                sum += 1;
            }
        }
        if sum == before {
            break;
        }
    }
    while sum > count {
        for index in order.iter().rev() {
            if sum > count && quotas[*index] > 0 {
                quotas[*index] -= 1;
                sum -= 1;
            }
        }
    }
    quotas
}

/// Erdős–Rényi-kernel densities: `epsilon * sum(shape) / prod(shape)`, with epsilon such that the mean density over
/// all weights is `density`; parameters whose density would pass 1 are dense, and the rest is solved again
/// (RigL, arXiv 1911.11134, section 3, "Erdős–Rényi-Kernel").
#[must_use]
pub fn erk_densities(shapes: &[&[i64]], density: f64) -> Vec<f64> {
    let size = |shape: &[i64]| shape.iter().product::<i64>() as f64;
    let raw: Vec<f64> = shapes.iter().map(|shape| shape.iter().sum::<i64>() as f64 / size(shape)).collect();
    let total: f64 = shapes.iter().map(|shape| size(shape)).sum();
    let mut dense = vec![false; shapes.len()];
    loop {
        let mut wanted = density * total;
        let mut divisor = 0.0;
        for (index, shape) in shapes.iter().enumerate() {
            if dense[index] {
                wanted -= size(shape);
            } else {
                divisor += raw[index] * size(shape);
            }
        }
        if divisor == 0.0 {
            return vec![1.0; shapes.len()];
        }
        let epsilon = (wanted / divisor).max(0.0);
        let mut changed = false;
        for index in 0..shapes.len() {
            if !dense[index] && raw[index] * epsilon > 1.0 {
                dense[index] = true;
                changed = true;
            }
        }
        if !changed {
            return raw
                .iter()
                .zip(&dense)
                .map(|(raw, dense)| if *dense { 1.0 } else { raw * epsilon })
                .collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(kept: &[Vec<u32>]) -> usize {
        kept.iter().map(Vec::len).sum()
    }

    #[test]
    fn counts_are_exact_whatever_the_ties() {
        // A tensor of nine zeros in ten: a threshold mask would keep all of it at keep 0.5.
        let scores: Vec<f32> = (0..100).map(|index| if index % 10 == 0 { 1.0 } else { 0.0 }).collect();
        for wanted in [0, 1, 9, 10, 11, 50, 99, 100] {
            let kept = select_top(&[&scores], &[&[100]], Scope::Global, wanted).unwrap();
            assert_eq!(count(&kept) as u64, wanted);
        }
    }

    #[test]
    fn the_first_of_equal_scores_stays() {
        let kept = select_top(&[&[1.0; 4], &[1.0; 4]], &[&[4], &[4]], Scope::Global, 5).unwrap();
        assert_eq!(kept, vec![vec![0, 1, 2, 3], vec![0]]);
        // Minus zero and zero are one score.
        let kept = select_top(&[&[-0.0, 0.0, -0.0]], &[&[3]], Scope::Global, 2).unwrap();
        assert_eq!(kept, vec![vec![0, 1]]);
    }

    #[test]
    fn every_kept_score_is_at_least_every_removed_one() {
        let scores: Vec<f32> = (0..1000).map(|i| ((i * 7919) % 1009) as f32 - 500.0).collect();
        let (first, second) = scores.split_at(400);
        let kept = select_top(&[first, second], &[&[400], &[600]], Scope::Global, 137).unwrap();
        let mut is_kept = vec![false; 1000];
        kept[0].iter().for_each(|index| is_kept[*index as usize] = true);
        kept[1].iter().for_each(|index| is_kept[400 + *index as usize] = true);
        let lowest_kept = (0..1000).filter(|i| is_kept[*i]).map(|i| scores[i]).fold(f32::MAX, f32::min);
        let highest_gone = (0..1000).filter(|i| !is_kept[*i]).map(|i| scores[i]).fold(f32::MIN, f32::max);
        assert!(lowest_kept >= highest_gone, "{lowest_kept} {highest_gone}");
    }

    #[test]
    fn infinities_order_and_nan_is_an_error() {
        let kept =
            select_top(&[&[f32::NEG_INFINITY, 0.0, f32::INFINITY]], &[&[3]], Scope::Global, 1).unwrap();
        assert_eq!(kept, vec![vec![2]]);
        let error = select_top(&[&[0.0], &[0.0, f32::NAN]], &[&[1], &[2]], Scope::Global, 1).unwrap_err();
        assert_eq!(error, SelectError::NotANumber { param: 1, index: 1 });
        let error = select_top(&[&[0.0]], &[&[1]], Scope::Global, 2).unwrap_err();
        assert_eq!(error, SelectError::TooMany { count: 2, total: 1 });
    }

    #[test]
    fn uniform_quotas_sum_to_the_count() {
        let sizes = [3, 10, 101, 7];
        for wanted in 0..=121 {
            let quotas = quotas(&[wanted as f64 / 121.0; 4], &sizes, wanted);
            assert_eq!(quotas.iter().sum::<u64>(), wanted);
            for (quota, size) in quotas.iter().zip(sizes) {
                let exact = wanted as f64 / 121.0 * size as f64;
                assert!((*quota as f64 - exact).abs() <= 1.0, "{quota} of {size} for {wanted}");
            }
        }
    }

    #[test]
    fn what_is_gone_stays_gone_in_every_scope() {
        // One weight fewer in each round, from all to one, of layers whose quotas do not fall in step.
        let shapes: [&[i64]; 3] = [&[2, 3, 1, 1], &[5, 2, 3, 3], &[7, 5, 1, 1]];
        let sizes = shapes.map(|shape| shape.iter().product::<i64>() as usize);
        let mut risen = 0;
        for scope in [Scope::Global, Scope::Uniform, Scope::Erk] {
            let mut scores =
                sizes.map(|size| (0..size).map(|i| ((i * 7919) % 101) as f32).collect::<Vec<f32>>());
            let mut before: Vec<u64> = sizes.map(|size| size as u64).to_vec();
            for wanted in (1..sizes.iter().sum::<usize>() as u64).rev() {
                let kept = select_top(&scores.each_ref().map(Vec::as_slice), &shapes, scope, wanted).unwrap();
                assert_eq!(count(&kept) as u64, wanted);
                for (scores, kept) in scores.iter_mut().zip(&kept) {
                    assert!(
                        kept.iter().all(|index| scores[*index as usize] > f32::NEG_INFINITY),
                        "{scope:?} {wanted}"
                    );
                    for (index, score) in scores.iter_mut().enumerate() {
                        if !kept.contains(&(index as u32)) {
                            *score = f32::NEG_INFINITY;
                        }
                    }
                }
                let sizes = sizes.map(|size| size as u64);
                let density = wanted as f64 / sizes.iter().sum::<u64>() as f64;
                let now = quotas(&[density; 3], &sizes, wanted);
                risen += usize::from(now.iter().zip(&before).any(|(now, before)| now > before));
                before = now;
            }
        }
        // It would not be so by itself.
        assert!(risen > 0);
    }

    #[test]
    fn erk_keeps_the_mean_density_and_makes_small_layers_dense() {
        let shapes: [&[i64]; 3] = [&[16, 3, 3, 3], &[16, 16, 3, 3], &[64, 64, 3, 3]];
        let densities = erk_densities(&shapes, 0.2);
        let sizes: Vec<f64> = shapes.iter().map(|shape| shape.iter().product::<i64>() as f64).collect();
        let kept: f64 = densities.iter().zip(&sizes).map(|(density, size)| density * size).sum();
        assert!((kept - 0.2 * sizes.iter().sum::<f64>()).abs() < 1e-9);
        assert!(densities[0] > densities[1] && densities[1] > densities[2], "{densities:?}");
        assert!(densities.iter().all(|density| *density <= 1.0));
    }
}
