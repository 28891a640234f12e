//! Masks that a ticket's mask is compared with (Chen et al., arXiv 2012.06908, the study of sensitivity to
//! perturbations). A mask has one list for each layer, row-major, true where the weight stays.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use secateur_sdk::prelude::*;

use crate::config::{Config, Perturb};

/// A mask for each prunable parameter.
type Masks = Vec<Vec<bool>>;

/// The masks as they stand.
fn masks(run: &Run<'_>) -> Result<Masks> {
    let mask = |param: &Param<'_>| match run.mask(param)? {
        Some(mask) => Ok(Vec::try_from(mask.f_to_device(Device::Cpu)?.f_reshape([-1])?)?),
        None => Ok(vec![true; param.numel() as usize]),
    };
    run.prunable().iter().map(mask).collect()
}

/// Sets masks. What an earlier mask removed and these keep is zero until the next rewinding.
pub(crate) fn set(run: &Run<'_>, masks: &[Vec<bool>]) -> Result<()> {
    for (param, mask) in run.prunable().iter().zip(masks) {
        run.set_mask(param, Some(&Tensor::f_from_slice(mask)?.f_view(param.shape())?))?;
    }
    Ok(())
}

/// The masks that were found, and those that are handed in instead; `None` if they are handed in themselves.
pub(crate) fn perturbed(run: &Run<'_>, config: &Config) -> Result<Option<(Masks, Masks)>> {
    let change: &dyn Fn(&[Vec<bool>]) -> Result<Masks> = match config.perturb {
        Perturb::None => return Ok(None),
        Perturb::Complement => &|found| Ok(complement(found)),
        Perturb::Random => &|found| {
            let layers = run.prunable().into_iter().zip(found);
            Ok(layers.map(|(param, mask)| random(mask, &mut generator(run, param.name()))).collect())
        },
        Perturb::Swap => &|found| {
            let number = exchanged(kept(found), config.perturb_fraction());
            swap(found, number, &mut generator(run, "swap"))
        },
    };
    let found = masks(run)?;
    let instead = change(&found)?;
    Ok(Some((found, instead)))
}

/// A generator for a purpose, the same for all targets.
fn generator(run: &Run<'_>, purpose: &str) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(run.seed(&format!("perturb/{purpose}")))
}

fn kept(masks: &[Vec<bool>]) -> u64 {
    masks.iter().flatten().filter(|kept| **kept).count() as u64
}

/// All that the mask removes, and nothing else.
fn complement(masks: &[Vec<bool>]) -> Vec<Vec<bool>> {
    masks.iter().map(|mask| mask.iter().map(|kept| !kept).collect()).collect()
}

/// As many positions of a layer as its mask has, any as likely as any other. One generator gives nested masks.
fn random(mask: &[bool], generator: &mut ChaCha8Rng) -> Vec<bool> {
    let count = mask.iter().filter(|kept| **kept).count();
    let mut positions: Vec<usize> = (0..mask.len()).collect();
    draw(&mut positions, count, generator);
    let mut drawn = vec![false; mask.len()];
    positions[..count].iter().for_each(|position| drawn[*position] = true);
    drawn
}

/// Kept positions that `swap` exchanges.
pub(crate) fn exchanged(kept: u64, fraction: f64) -> u64 {
    (kept as f64 * fraction).round() as u64
}

/// Exchanges random kept positions of the whole network for as many random removed ones.
fn swap(masks: &[Vec<bool>], number: u64, generator: &mut ChaCha8Rng) -> Result<Vec<Vec<bool>>> {
    let mut swapped = masks.to_vec();
    for state in [true, false] {
        let mut places = Vec::new();
        for (layer, mask) in masks.iter().enumerate() {
            let own = mask.iter().enumerate().filter(|(_, kept)| **kept == state);
            places.extend(own.map(|(position, _)| (layer, position)));
        }
        if number > places.len() as u64 {
            let message = format!("{number} positions cannot be exchanged where {} are", places.len());
            return Err(Error::new(ErrorKind::Infeasible, message));
        }
        draw(&mut places, number as usize, generator);
        places[..number as usize].iter().for_each(|(layer, position)| swapped[*layer][*position] = !state);
    }
    Ok(swapped)
}

/// Moves so many random items to the front: the beginning of a Fisher-Yates shuffle.
fn draw<T>(items: &mut [T], count: usize, generator: &mut ChaCha8Rng) {
    for next in 0..count {
        // The upper half of a product of 128 bits: uniform but for a bias of `len` parts in 2^64.
        let left = (items.len() - next) as u128;
        let drawn = ((u128::from(generator.next_u64()) * left) >> 64) as usize;
        items.swap(next, next + drawn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generator(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    /// Two layers of 40 and 60 weights, of which the first 30 and the first 10 stay.
    fn found() -> Vec<Vec<bool>> {
        vec![(0..40).map(|position| position < 30).collect(), (0..60).map(|position| position < 10).collect()]
    }

    fn different(one: &[Vec<bool>], other: &[Vec<bool>]) -> usize {
        one.iter().flatten().zip(other.iter().flatten()).filter(|(one, other)| one != other).count()
    }

    #[test]
    fn a_complement_shares_nothing_and_leaves_nothing_out() {
        let other = complement(&found());
        assert_eq!(different(&found(), &other), 100);
        assert_eq!(kept(&other), 60);
    }

    #[test]
    fn random_masks_have_the_layers_counts_and_are_nested() {
        let mask = &found()[0];
        let drawn = random(mask, &mut generator(1));
        assert_eq!(drawn.iter().filter(|kept| **kept).count(), 30);
        assert_eq!(drawn, random(mask, &mut generator(1)));
        assert_ne!(drawn, random(mask, &mut generator(2)));
        let fewer: Vec<bool> = (0..40).map(|position| position < 12).collect();
        let fewer = random(&fewer, &mut generator(1));
        assert!(fewer.iter().zip(&drawn).all(|(inner, outer)| *outer || !inner));
    }

    #[test]
    fn every_position_is_drawn_as_often_as_any_other() {
        // 10 of 60 in 6000 draws: 1000 times each, with a standard deviation of 29.
        let mut generator = generator(3);
        let mut times = vec![0_u32; 60];
        for _ in 0..6000 {
            let drawn = random(&found()[1], &mut generator);
            drawn.iter().zip(&mut times).for_each(|(kept, times)| *times += u32::from(*kept));
        }
        assert!(times.iter().all(|times| times.abs_diff(1000) < 150), "{times:?}");
    }

    #[test]
    fn a_swap_exchanges_exactly_so_many() {
        assert_eq!(
            [exchanged(40, 0.1), exchanged(44, 0.1), exchanged(45, 0.1), exchanged(3, 0.1)],
            [4, 4, 5, 0]
        );
        for number in [0, 4, 40] {
            let swapped = swap(&found(), number, &mut generator(4)).unwrap();
            assert_eq!(kept(&swapped), 40);
            assert_eq!(different(&found(), &swapped) as u64, 2 * number);
        }
        let refused = swap(&complement(&found()), 41, &mut generator(4)).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Infeasible);
    }
}
