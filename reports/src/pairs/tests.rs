//! Held to numpy's bootstrap (`tests/golden/paired_bootstrap.py`), to values that can be told by hand, and to properties.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::testing::noise;

/// A network of `method` at a keep of 0.25, or `dense-trained`.
fn network(method: &str, replicate: u32, score: f64, values: Vec<Option<f64>>) -> Resampled {
    let dense = method == "dense-trained";
    Resampled {
        suite: "suite".to_owned(),
        track: "short".to_owned(),
        protocol: "direct".to_owned(),
        regime: "none".to_owned(),
        task: "task".to_owned(),
        method: method.to_owned(),
        control: dense.then_some(Control::DenseTrained),
        keep: if dense { 1.0 } else { 0.25 },
        replicate,
        score,
        values,
    }
}

/// The same in every draw.
fn constant(method: &str, replicate: u32, score: f64) -> Resampled {
    network(method, replicate, score, vec![Some(score); 1000])
}

/// Draws that differ, by multiples of 1/1024 around `score`.
fn varied(method: &str, replicate: u32, score: f64) -> Resampled {
    let value = |draw: u64| Some(score + (noise(&[draw]) * 128.0).floor() / 1024.0);
    network(method, replicate, score, (0..1000).map(value).collect())
}

#[track_caller]
fn only(networks: &[Resampled]) -> Pair {
    let mut tables = tables(networks);
    assert_eq!((tables.len(), tables[0].keeps.len()), (1, 1));
    let mut pairs = tables.remove(0).keeps.remove(0).pairs;
    assert_eq!(pairs.len(), 1);
    pairs.remove(0)
}

fn ends(pair: &Pair) -> (f64, f64) {
    (pair.interval.low, pair.interval.high)
}

#[test]
fn identical_networks_differ_by_nothing() {
    let networks: Vec<Resampled> = (0..3)
        .flat_map(|replicate| {
            let score = 0.1 + 0.2 * f64::from(replicate);
            [varied("a", replicate, score), varied("b", replicate, score)]
        })
        .collect();
    let pair = only(&networks);
    assert_eq!((pair.difference, ends(&pair)), (0.0, (0.0, 0.0)));
    assert_eq!((pair.ahead, pair.behind), (0.0, 0.0));
    assert_eq!((pair.replicates, pair.draws, pair.left_out), (3, 1000, 0));
    assert!(pair.interval.contains_zero());
}

#[test]
fn a_constant_shift_is_found_exactly() {
    // Multiples of 1/1024, so that nothing is rounded; and replicates that differ by much more than the shift.
    let networks: Vec<Resampled> = [0.5, 0.25, 0.125, 0.75]
        .into_iter()
        .zip(0..)
        .flat_map(|(score, replicate)| {
            [varied("a", replicate, score), varied("b", replicate, score - 3.0 / 1024.0)]
        })
        .collect();
    let pair = only(&networks);
    let shift = 3.0 / 1024.0;
    assert_eq!((pair.difference, ends(&pair)), (shift, (shift, shift)));
    assert_eq!((pair.ahead, pair.behind), (1.0, 0.0));
}

#[test]
fn two_replicates_of_constant_draws_span_their_differences() {
    let networks =
        [constant("a", 0, 0.5), constant("b", 0, 0.375), constant("a", 1, 0.75), constant("b", 1, 0.78125)];
    let (first, second) = (0.125, -0.03125);
    let pair = only(&networks);
    assert_eq!((pair.difference, ends(&pair)), ((first + second) / 2.0, (second, first)));
    assert_eq!(pair.interval.over, Over::PicturesAndSeeds);
    // `a` is behind only where both drawn replicates are the second: a quarter of the draws, of standard deviation 0.0137.
    assert!((pair.behind - 0.25).abs() < 0.05 && (pair.ahead + pair.behind - 1.0).abs() < 1e-12);
}

#[test]
fn one_replicate_leaves_pictures_alone() {
    let draws: Vec<f64> = (0..1000).map(|draw| f64::from(draw) / 1024.0 - 0.25).collect();
    let ours = network("a", 4, 0.5, draws.iter().map(|it| Some(0.5 + it)).collect());
    let pair = only(&[ours, constant("b", 4, 0.5)]);
    assert_eq!((pair.replicates, pair.interval.over), (1, Over::Pictures));
    assert_eq!(pair.interval.over.label(), "pictures");
    // The draws rise evenly; the percentiles are at 24.975 and 974.025 of 0 to 999.
    let expected = (24.975 / 1024.0 - 0.25, 974.025 / 1024.0 - 0.25);
    let (low, high) = ends(&pair);
    assert!((low - expected.0).abs() < 1e-9 && (high - expected.1).abs() < 1e-9, "{low} {high}");
    // Draw 256 is a tie.
    assert_eq!((pair.ahead, pair.behind), (0.743, 0.256));
}

#[test]
fn what_all_methods_of_a_replicate_share_cancels() {
    // The replicates are half a score apart, the methods 0.01 with a spread of 0.002.
    let networks: Vec<Resampled> = (0..10)
        .flat_map(|replicate| {
            let common = 0.05 * f64::from(replicate);
            let own = 0.002 * (noise(&[9, u64::from(replicate)]) - 0.5);
            [varied("a", replicate, 0.11 + common + own), varied("b", replicate, 0.1 + common)]
        })
        .collect();
    let pair = only(&networks);
    let (low, high) = ends(&pair);
    assert!((0.009..=0.01).contains(&low) && (0.01..=0.011).contains(&high), "{low} to {high}");
    // Not paired, the interval is that of the replicates: the same networks under other numbers.
    let moved = networks.into_iter().map(|it| match it.method.as_str() {
        "a" => it,
        _ => Resampled { replicate: (it.replicate + 3) % 10, ..it },
    });
    let (low, high) = ends(&only(&moved.collect::<Vec<_>>()));
    assert!(high - low > 0.1, "{low} to {high}");
}

#[test]
fn draws_without_a_value_are_left_out_and_counted() {
    let without = |mut network: Resampled, draws: &[usize]| {
        for draw in draws {
            network.values[*draw] = None;
        }
        network
    };
    let networks = [
        without(varied("a", 0, 0.5), &[0, 7]),
        without(varied("b", 0, 0.25), &[7]),
        varied("a", 1, 0.5),
        without(varied("b", 1, 0.25), &[999]),
    ];
    let pair = only(&networks);
    assert_eq!((pair.draws, pair.left_out), (997, 3));
    assert_eq!(ends(&pair), (0.25, 0.25));
    // What is not a number counts as nothing.
    let mut odd = networks.clone();
    odd[2].values[500] = Some(f64::NAN);
    assert_eq!((only(&odd).draws, only(&odd).left_out), (996, 4));
}

#[test]
fn methods_with_different_replicates_are_compared_on_the_shared_ones() {
    let mut networks: Vec<Resampled> = (0..5).map(|replicate| constant("a", replicate, 0.5)).collect();
    networks.extend([constant("b", 1, 0.25), constant("b", 3, 0.375), constant("b", 8, 0.0)]);
    let pair = only(&networks);
    assert_eq!((pair.replicates, pair.difference, ends(&pair)), (2, 0.1875, (0.125, 0.25)));
    // With none in common there is no pair, and none is invented.
    let apart = [constant("a", 0, 0.5), constant("b", 1, 0.5)];
    assert_eq!(tables(&apart)[0].keeps, []);
}

#[test]
fn networks_without_draws_are_counted_and_in_no_pair() {
    let lacking = |method: &str, replicate| network(method, replicate, 0.5, Vec::new());
    let networks = [
        constant("a", 0, 0.5),
        constant("b", 0, 0.25),
        lacking("a", 1),
        constant("b", 1, 0.25),
        lacking("c", 0),
        network("d", 0, 0.5, vec![None; 1000]),
    ];
    let table = tables(&networks).remove(0);
    assert_eq!((table.networks, table.lacking), (6, 3));
    let pairs = &table.keeps[0].pairs;
    assert_eq!((pairs.len(), pairs[0].replicates, pairs[0].interval.over), (1, 1, Over::Pictures));
    // An old store has only such networks.
    let table = tables(&[lacking("a", 0), lacking("b", 0)]).remove(0);
    assert_eq!((table.networks, table.lacking, table.keeps), (2, 2, Vec::new()));
}

#[test]
fn pairs_are_those_of_one_keep_and_with_dense_trained() {
    let mut networks: Vec<Resampled> =
        ["dense-trained", "x", "a", "l1"].map(|it| constant(it, 0, 0.5)).into();
    networks[3].control = Some(Control::Baseline);
    let halves: Vec<Resampled> = ["a", "x"].map(|it| Resampled { keep: 0.5, ..constant(it, 0, 0.75) }).into();
    networks.extend(halves);
    for control in [Control::DenseAsIs, Control::Scratch] {
        networks.push(Resampled { control: Some(control), ..constant("dense-trained", 1, 0.5) });
    }
    let table = tables(&networks).remove(0);
    assert_eq!((table.networks, table.lacking), (6, 0));
    let keeps: Vec<f64> = table.keeps.iter().map(|keep| keep.keep).collect();
    assert_eq!(keeps, [0.25, 0.5]);
    let names = |keep: usize| -> Vec<(&str, &str)> {
        table.keeps[keep].pairs.iter().map(|pair| (pair.method.as_str(), pair.against.as_str())).collect()
    };
    let dense = "dense-trained";
    assert_eq!(names(0), [("a", "x"), ("a", "l1"), ("x", "l1"), ("a", dense), ("x", dense), ("l1", dense)]);
    assert_eq!(names(1), [("a", "x"), ("a", dense), ("x", dense)]);
    assert!(table.keeps[1].pairs[1..].iter().all(|pair| pair.difference == 0.25));
}

#[test]
fn tracks_and_tasks_are_never_mixed() {
    let networks = [constant("a", 0, 0.5), constant("b", 0, 0.25)];
    let changes: [fn(&mut Resampled); 5] = [
        |it| it.suite.push('2'),
        |it| it.track.push('2'),
        |it| it.protocol.push('2'),
        |it| it.regime.push('2'),
        |it| it.task.push('2'),
    ];
    for change in changes {
        let mut moved = networks.clone();
        change(&mut moved[1]);
        let tables = tables(&moved);
        assert_eq!(tables.len(), 2);
        assert!(tables.iter().all(|table| table.keeps.is_empty()));
    }
}

#[test]
fn a_pair_can_be_seen_from_the_other_side() {
    let networks =
        [varied("a", 0, 0.5), constant("b", 0, 0.5625), varied("a", 1, 0.5), constant("b", 1, 0.5)];
    let pair = only(&networks);
    let turned = pair.turned();
    assert_eq!((turned.method.as_str(), turned.against.as_str()), ("b", "a"));
    assert_eq!(turned.difference, -pair.difference);
    assert_eq!(ends(&turned), (-pair.interval.high, -pair.interval.low));
    assert_eq!((turned.ahead, turned.behind), (pair.behind, pair.ahead));
    assert_eq!(turned.turned(), pair);
}

#[test]
fn a_large_board_takes_no_time() {
    let mut networks = Vec::new();
    for replicate in 0..10 {
        networks.push(varied("dense-trained", replicate, 0.75));
        for method in ["a", "b", "c", "d", "e", "f", "g"] {
            for keep in [0.5, 0.25, 0.125] {
                networks.push(Resampled { keep, ..varied(method, replicate, 0.5) });
            }
        }
    }
    let started = std::time::Instant::now();
    let tables = tables(&networks);
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(tables[0].keeps.iter().map(|keep| keep.pairs.len()).sum::<usize>(), 3 * 28);
    // Some hundredths of a second; the margin is for busy machines.
    assert!(seconds < 1.0, "{seconds} s");
}

proptest! {
    #[test]
    fn the_order_of_networks_never_matters(
        scores in prop::collection::vec((0..3_u32, 0..4_usize, 0.0..1.0_f64), 2..14),
        shuffle in any::<prop::sample::Index>(),
    ) {
        // Contradictory networks, too: the same method and replicate with two scores.
        let of = |(replicate, method, score): &(u32, usize, f64)| {
            let mut one = varied(["a", "b", "c", "dense-trained"][*method], *replicate, *score);
            one.values.truncate(50);
            one
        };
        let networks: Vec<Resampled> = scores.iter().map(of).collect();
        let expected = tables(&networks);
        let mut other = networks;
        other.reverse();
        let middle = shuffle.index(other.len());
        other.rotate_left(middle);
        prop_assert_eq!(tables(&other), expected);
    }

    #[test]
    fn an_interval_lies_between_the_draws(
        draws in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64), 1..60),
    ) {
        let side = |method, of: fn(&(f64, f64)) -> f64| {
            network(method, 0, 0.5, draws.iter().map(|it| Some(of(it))).collect())
        };
        let pair = only(&[side("a", |it| it.0), side("b", |it| it.1)]);
        let differences = || draws.iter().map(|(a, b)| a - b);
        let least = differences().fold(f64::INFINITY, f64::min);
        let most = differences().fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = ends(&pair);
        prop_assert!(least <= low && low <= high && high <= most);
    }
}

#[derive(Deserialize)]
struct Golden {
    quantiles: Quantiles,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Quantiles {
    sorted: Vec<f64>,
    at: Vec<(f64, f64)>,
}

#[derive(Deserialize)]
struct Case {
    number: u64,
    replicates: u64,
    draws: u64,
    shift: f64,
    pictures: f64,
    replicate: f64,
    seed: f64,
    own: f64,
    missing: u64,
    a_value: f64,
    difference: f64,
    left_out: usize,
    low: Spread,
    high: Spread,
    ahead: Spread,
}

/// What numpy found in many repetitions.
#[derive(Deserialize)]
struct Spread {
    mean: f64,
    sd: f64,
}

impl Spread {
    /// One repetition of ours is one of numpy's: four of its standard deviations, and rounding.
    #[track_caller]
    fn has(&self, ours: f64, what: &str, case: u64) {
        let Spread { mean, sd } = self;
        assert!(
            (ours - mean).abs() <= 4.0 * sd + 1e-12,
            "case {case}: {what} {ours} against numpy's {mean} ± {sd}"
        );
    }
}

impl Case {
    /// The same network as in the script.
    fn network(&self, network: u64, replicate: u64) -> Resampled {
        let score = 0.2
            + self.shift * (1 - network) as f64
            + self.replicate * noise(&[self.number, 1, replicate])
            + self.seed * noise(&[self.number, 2, network, replicate]);
        let value = |draw: u64| {
            let value = score
                + self.pictures * noise(&[self.number, 3, draw])
                + self.own * noise(&[self.number, 4, network, replicate, draw]);
            (self.missing == 0 || !draw.is_multiple_of(self.missing)).then_some(value)
        };
        let method = ["a", "b"][network as usize];
        self::network(method, replicate as u32, score, (0..self.draws).map(value).collect())
    }
}

#[test]
fn intervals_are_those_of_another_bootstrap() {
    let golden: Golden = serde_json::from_str(include_str!("../../tests/golden/paired_bootstrap.json"))
        .expect("the golden file is JSON");
    for (part, expected) in golden.quantiles.at {
        let ours = stats::quantile(&golden.quantiles.sorted, part).expect("there are values");
        assert!((ours - expected).abs() < 1e-12, "{ours} against numpy's {expected}");
    }
    for case in golden.cases {
        let networks: Vec<Resampled> = (0..2)
            .flat_map(|network| (0..case.replicates).map(move |replicate| (network, replicate)))
            .map(|(network, replicate)| case.network(network, replicate))
            .collect();
        let value = networks.last().and_then(|it| it.value(1)).expect("the draw has a value");
        assert!((value - case.a_value).abs() < 1e-15, "case {}: {value}", case.number);
        let pair = only(&networks);
        assert!((pair.difference - case.difference).abs() < 1e-12, "case {}", case.number);
        assert_eq!(pair.left_out, case.left_out, "case {}", case.number);
        case.low.has(pair.interval.low, "low", case.number);
        case.high.has(pair.interval.high, "high", case.number);
        case.ahead.has(pair.ahead, "ahead", case.number);
    }
}

#[test]
fn a_quantile_of_little_is_what_there_is() {
    assert_eq!(stats::quantile(&[], 0.5), None);
    assert_eq!(stats::quantile(&[0.3], 0.025), Some(0.3));
    assert_eq!(stats::quantile(&[0.0, 1.0], 0.25), Some(0.25));
}
