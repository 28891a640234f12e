//! Schedules and choices against values worked out by hand.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use secateur_sdk::prelude::*;
use secateur_sdk::{Allowance, ErrorKind};

use crate::choice::{any, count, largest};
use crate::config::{Anneal, Config};
use crate::distribution::Distribution;
use crate::schedule::Schedule;

fn bools(mask: &Tensor) -> Vec<u8> {
    Vec::try_from(mask.to_kind(Kind::Uint8)).unwrap()
}

fn mask(bits: &[u8]) -> Tensor {
    Tensor::from_slice(bits).to_kind(Kind::Bool)
}

#[test]
fn the_smallest_active_weights_go_and_the_largest_gradients_come() {
    let weight = Tensor::from_slice(&[0.5_f32, -0.1, 0.0, 0.9, 0.0, -0.3]);
    let active = mask(&[1, 1, 0, 1, 0, 1]);
    // Of 0.5, 0.1, 0.9 and 0.3 the two largest stay.
    let kept = largest(&weight.abs(), &active, 2).unwrap();
    assert_eq!(bools(&kept), [1, 0, 0, 1, 0, 0]);
    // Of the four that are not kept, 0.7 and 0.4 have the largest gradients: one of them has just gone.
    let gradient = Tensor::from_slice(&[9.0_f32, -0.7, 0.2, 9.0, -0.4, 0.1]);
    let grown = largest(&gradient.abs(), &kept.logical_not(), 2).unwrap();
    assert_eq!(bools(&grown), [0, 1, 0, 0, 1, 0]);
}

#[test]
fn active_zeros_stay_before_removed_ones_and_the_first_of_equals_is_taken() {
    let zeros = Tensor::from_slice(&[0.0_f32; 6]);
    assert_eq!(bools(&largest(&zeros, &mask(&[0, 1, 0, 1, 1, 0]), 2).unwrap()), [0, 1, 0, 1, 0, 0]);
    assert_eq!(bools(&largest(&zeros, &mask(&[0, 1, 0, 1, 1, 0]), 0).unwrap()), [0; 6]);
    let ties = Tensor::from_slice(&[1.0_f32, 3.0, 3.0, 3.0, 2.0, 3.0]);
    assert_eq!(bools(&largest(&ties, &mask(&[1; 6]), 3).unwrap()), [0, 1, 1, 1, 0, 0]);
}

#[test]
fn random_growth_takes_each_free_place_equally_often() {
    let free = mask(&[1, 0, 1, 1, 0, 1, 1]);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut taken = [0_u32; 7];
    let draws = 4000;
    for _ in 0..draws {
        let grown = any(&free, 2, &mut rng).unwrap();
        assert_eq!(count(&grown).unwrap(), 2);
        for (taken, grown) in taken.iter_mut().zip(bools(&grown)) {
            *taken += u32::from(grown);
        }
    }
    assert_eq!((taken[1], taken[4]), (0, 0));
    // Two of five: a mean of 1600 with a standard deviation of 31.
    for place in [0, 2, 3, 5, 6] {
        assert!(taken[place].abs_diff(1600) < 160, "{taken:?}");
    }
    assert_eq!(bools(&any(&free, 5, &mut rng).unwrap()), bools(&free));
}

fn config() -> Config {
    Config {
        distribution: Distribution::Erk,
        alpha: 0.3,
        anneal: None,
        interval: None,
        end: 0.75,
        search_fraction: 1.0,
    }
}

fn allowance(steps: u64) -> Allowance {
    Allowance {
        batch: 4,
        total_samples: 4 * steps,
        left_samples: 4 * steps,
        steps_per_epoch: 10,
        left_seconds: f64::INFINITY,
    }
}

#[test]
fn the_fraction_falls_along_half_a_cosine() {
    let schedule = Schedule::new(&config(), Anneal::Cosine, &allowance(400), 1).unwrap();
    assert_eq!((schedule.steps, schedule.end), (400, 300));
    // cos 0 = 1, cos pi/3 = 1/2, cos pi/2 = 0, cos 2pi/3 = -1/2.
    for (step, expected) in [(0, 0.3), (100, 0.225), (150, 0.15), (200, 0.075), (300, 0.0)] {
        assert!((schedule.fraction(step) - expected).abs() < 1e-12, "{step}: {}", schedule.fraction(step));
    }
    let constant = Schedule::new(&config(), Anneal::Constant, &allowance(400), 1).unwrap();
    assert_eq!(constant.fraction(299), 0.3);
}

#[test]
fn updates_are_the_papers_where_the_training_is_long_and_not_too_close_where_it_is_short() {
    let interval = |steps| Schedule::new(&config(), Anneal::Cosine, &allowance(steps), 1).unwrap().interval;
    assert_eq!(interval(32_000), 100);
    assert_eq!(interval(3_334), 100);
    // A 25th of 0.75 * 1000 = 750 steps.
    assert_eq!(interval(1_000), 30);
    assert_eq!(interval(100), 10);
    let due = |config: &Config, steps| {
        let schedule = Schedule::new(config, Anneal::Cosine, &allowance(steps), 1).unwrap();
        (0..steps).filter(|step| schedule.is_due(*step)).collect::<Vec<u64>>()
    };
    assert_eq!(due(&config(), 40), [0, 10, 20]);
    assert_eq!(due(&Config { interval: Some(7), end: 0.5, ..config() }, 44), [0, 7, 14, 21]);
    // Nothing moves at the end itself, which is step 21 here.
    assert_eq!(due(&Config { interval: Some(7), end: 0.5, ..config() }, 42), [0, 7, 14]);
    assert_eq!(due(&config(), 32_000).len(), 240);
}

#[test]
fn the_trainings_share_the_allowance_and_a_short_one_says_what_it_needs() {
    let half = Config { search_fraction: 0.5, ..config() };
    assert_eq!(Schedule::new(&half, Anneal::Cosine, &allowance(1000), 3).unwrap().steps, 166);
    let error = Schedule::new(&half, Anneal::Cosine, &allowance(80), 3).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Exhausted);
    // 11 steps until the end, of which 0.75 of a training are 15 steps; three of them, twice as much, four pictures each.
    assert!(error.message.contains("Allow 360 samples"), "{}", error.message);
    assert!(error.message.contains("`interval`"), "{}", error.message);
    assert!(Schedule::new(&half, Anneal::Cosine, &allowance(360 / 4), 3).is_ok());
    assert!(Schedule::new(&half, Anneal::Cosine, &allowance(360 / 4 - 1), 3).is_err());
    let never = Config { interval: Some(u64::MAX), ..config() };
    let refused = Schedule::new(&never, Anneal::Cosine, &allowance(80), 3).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Exhausted);
    let none = Schedule::new(&half, Anneal::Cosine, &Allowance { batch: 0, ..allowance(0) }, 3).unwrap_err();
    assert_eq!(none.kind, ErrorKind::Exhausted);
}
