use proptest::prelude::*;
use secateur_store::{ClassFacts, DetectionFacts};

use super::super::{StrataKind, StrataLine, StrataTable, StratumScore, scores, tables};
use super::*;
use crate::row::Control;
use crate::testing::{Sample, detection_sample};

/// Name, objects and average precision of a class.
type Class<'a> = (&'a str, u64, Option<f64>);

/// Scores of one network on these classes.
fn network(method: &'static str, keep: f64, replicate: u32, classes: &[Class]) -> Vec<StratumScore> {
    let class = |(name, objects, ap): &Class| ClassFacts {
        name: (*name).to_owned(),
        objects: *objects,
        ap: *ap,
        ap50: ap.map(|ap| ap + 0.125),
    };
    let facts = DetectionFacts { classes: classes.iter().map(class).collect(), ..DetectionFacts::default() };
    let control = (keep >= 1.0).then_some(Control::DenseTrained);
    let sample = Sample { method, control, keep, replicate, ..Sample::default() };
    scores(&detection_sample(&sample, &facts), &facts)
}

/// The one table of these networks.
fn table(networks: &[Vec<StratumScore>]) -> StrataTable {
    let [table] = &tables(&networks.concat(), StrataKind::Class)[..] else { panic!("one table") };
    table.clone()
}

fn line<'a>(table: &'a StrataTable, method: &str) -> &'a StrataLine {
    table.lines.iter().find(|line| line.method == method).expect("a line")
}

fn names(table: &StrataTable) -> Vec<&str> {
    table.strata.iter().map(|stratum| stratum.name.as_str()).collect()
}

#[track_caller]
fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12, "{a} is not {b}");
}

const FREQUENCIES: [u64; 5] = [1000, 300, 300, 20, 3];

/// Five classes with these average precisions, the most frequent first; two are as frequent.
fn five(aps: [f64; 5]) -> Vec<Class<'static>> {
    let names = ["person", "car", "chair", "bear", "toaster"];
    (0..5).map(|place| (names[place], FREQUENCIES[place], Some(aps[place]))).collect()
}

#[test]
fn classes_stand_by_frequency_and_equals_by_name() {
    let table = table(&[network(
        "dcp",
        0.5,
        0,
        &[
            ("cow", 7, Some(0.5)),
            ("cat", 7, Some(0.25)),
            ("owl", 0, None),
            ("ant", 1, Some(1.0)),
            ("dog", 90, None),
        ],
    )]);
    assert_eq!(names(&table), ["dog", "cat", "cow", "ant", "owl"]);
    let aps: Vec<Option<f64>> = table.lines[0].cells.iter().map(|cell| cell.ap.map(|ap| ap.mean)).collect();
    assert_eq!(aps, [None, Some(0.25), Some(0.5), Some(1.0), None]);
    assert_eq!(table.lines[0].cells[1].ap50.unwrap().mean, 0.375);
}

#[test]
fn the_correlation_is_that_of_frequency_and_drop() {
    let dense = |replicate| network("dense-trained", 1.0, replicate, &five([0.5, 0.5, 0.5, 0.5, 0.5]));
    let of = |aps: [f64; 5]| {
        let table = table(&[dense(0), network("dcp", 0.5, 0, &five(aps))]);
        line(&table, "dcp").frequency_correlation.map(|it| it.mean)
    };
    // The rarer, the larger the drop. Ranks of frequency by hand, rarest first: 1, 2, 3.5, 3.5, 5; of the drops
    // 5, 4, 3, 2, 1. Deviations from 3: (-2, -1, 0.5, 0.5, 2) and (2, 1, 0, -1, -2); products sum to -9.5, squares to
    // 9.5 and 10.
    near(of([0.45, 0.4, 0.3, 0.2, 0.1]).unwrap(), -9.5 / 95_f64.sqrt());
    // With the two equally frequent classes losing as much the orders are exactly opposite.
    near(of([0.45, 0.4, 0.4, 0.2, 0.1]).unwrap(), -1.0);
    near(of([0.1, 0.2, 0.2, 0.4, 0.45]).unwrap(), 1.0);
    // All lose as much: there is no order. Not so with the same scores and another dense network.
    assert_eq!(of([0.25; 5]), None);
    let uneven = network("dense-trained", 1.0, 0, &five([0.25, 0.3, 0.3, 0.4, 0.5]));
    let table = table(&[uneven, network("dcp", 0.5, 0, &five([0.25; 5]))]);
    near(line(&table, "dcp").frequency_correlation.unwrap().mean, -1.0);
}

#[test]
fn replicates_are_paired_and_only_shared_ones_count() {
    let rare = five([0.45, 0.4, 0.4, 0.2, 0.1]);
    let flat = five([0.5; 5]);
    // In the first replicate rare classes lose more; in the second the dense network is one that makes it the other way
    // round; the third has no dense network, the fourth no pruned one.
    let networks = [
        network("dense-trained", 1.0, 0, &flat),
        network("dense-trained", 1.0, 1, &five([0.9, 0.7, 0.7, 0.3, 0.15])),
        network("dense-trained", 1.0, 3, &flat),
        network("dcp", 0.5, 0, &rare),
        network("dcp", 0.5, 1, &rare),
        network("dcp", 0.5, 2, &rare),
    ];
    let table = table(&networks);
    let correlation = line(&table, "dcp").frequency_correlation.unwrap();
    assert_eq!(correlation.n, 2);
    near(correlation.mean, 0.0);
    // The deviation of -1 and 1 is the root of 2; Student's t for one degree of freedom is 12.706204736174694.
    assert!((correlation.half_width().unwrap() - 12.706_204_736_174_694).abs() < 1e-9);
    assert_eq!(line(&table, "dense-trained").frequency_correlation, None);
    assert_eq!((table.replicates, line(&table, "dcp").scored), (3, 3));
}

#[test]
fn nothing_correlates_without_four_classes_or_a_dense_network() {
    let (dense, pruned) = (five([0.5; 5]), five([0.45, 0.4, 0.4, 0.2, 0.1]));
    let of = |dense: &[Class], pruned: &[Class]| {
        let table = table(&[network("dense-trained", 1.0, 0, dense), network("dcp", 0.5, 0, pruned)]);
        line(&table, "dcp").frequency_correlation.map(|it| it.mean)
    };
    assert_eq!(of(&dense[..3], &pruned[..3]), None);
    near(of(&dense[..4], &pruned[..4]).unwrap(), -1.0);
    // A class without a score, or without objects, is none of the four.
    let mut unscored = pruned.clone();
    (unscored[3].2, unscored[4].1) = (None, 0);
    let mut absent = dense.clone();
    absent[4].1 = 0;
    assert_eq!(of(&absent, &unscored), None);
    let alone = table(&[network("dcp", 0.5, 0, &pruned)]);
    assert_eq!(alone.lines[0].frequency_correlation, None);
}

/// As many classes as there are values, `a` the most frequent; the class at `place` has `100 - place` objects.
fn many(aps: &[f64]) -> Vec<(String, u64, Option<f64>)> {
    let class = |(place, ap): (usize, &f64)| {
        (char::from(b'a' + place as u8).to_string(), 100 - place as u64, Some(*ap))
    };
    aps.iter().enumerate().map(class).collect()
}

fn of_many(
    method: &'static str,
    replicate: u32,
    classes: &[(String, u64, Option<f64>)],
) -> Vec<StratumScore> {
    let classes: Vec<Class> =
        classes.iter().map(|(name, objects, ap)| (name.as_str(), *objects, *ap)).collect();
    network(method, 0.5, replicate, &classes)
}

#[test]
fn twelve_classes_have_columns_and_thirteen_have_thirds() {
    let twelve = table(&[of_many("dcp", 0, &many(&[0.5; 12]))]);
    assert_eq!((twelve.strata.len(), twelve.strata[0].name.as_str(), twelve.left_out), (12, "a", 0));
    let thirteen = table(&[of_many("dcp", 0, &many(&[0.5; 13]))]);
    assert_eq!(names(&thirteen), ["frequent", "middle", "rare"]);
    let sizes = |classes: usize| -> Vec<usize> {
        let own = |stratum: &Stratum| match &stratum.extent {
            Extent::Classes { classes } => classes.len(),
            _ => panic!("a third"),
        };
        table(&[of_many("dcp", 0, &many(&vec![0.5; classes]))]).strata.iter().map(own).collect()
    };
    assert_eq!([sizes(13), sizes(14), sizes(15)], [[4, 5, 4], [5, 4, 5], [5, 5, 5]]);
}

#[test]
fn a_third_is_the_mean_of_its_classes_in_each_replicate() {
    let mut aps = [0.5; 13];
    // The rare third is the last four of thirteen: the mean of 0.1, 0.2, 0.3, 0.4 is 0.25.
    aps[9..].copy_from_slice(&[0.1, 0.2, 0.3, 0.4]);
    let first = of_many("dcp", 0, &many(&aps));
    aps[9..].copy_from_slice(&[0.3, 0.4, 0.5, 0.6]);
    let second = of_many("dcp", 1, &many(&aps));
    let both = table(&[first.clone(), second]);
    let rare = &both.strata[2];
    assert_eq!(rare.objects, 91 + 90 + 89 + 88);
    let classes = ["j", "k", "l", "m"].map(str::to_owned).to_vec();
    assert_eq!(rare.extent, Extent::Classes { classes });
    let ap = both.lines[0].cells[2].ap.unwrap();
    near(ap.mean, 0.35);
    // Over replicates, not over classes: the deviation of 0.25 and 0.45 is a tenth of the root of 2.
    assert_eq!(ap.n, 2);
    near(ap.sd.unwrap(), 0.1 * 2_f64.sqrt());
    near(both.lines[0].cells[2].ap50.unwrap().mean, 0.475);
    near(both.lines[0].cells[0].ap.unwrap().mean, 0.5);
    // A replicate that lacks a class has no mean of its third, but of the others.
    let mut lacking = many(&aps);
    lacking[12].2 = None;
    let both = table(&[first, of_many("dcp", 1, &lacking)]);
    assert_eq!(both.lines[0].cells.iter().map(|cell| cell.ap.unwrap().n).collect::<Vec<_>>(), [2, 2, 1]);
}

#[test]
fn classes_without_objects_are_in_no_third() {
    let mut classes = many(&[0.5; 16]);
    for place in [0, 5, 9] {
        (classes[place].1, classes[place].2) = (0, None);
    }
    let table = table(&[of_many("dcp", 0, &classes)]);
    assert_eq!(table.left_out, 3);
    assert_eq!(
        table.strata.iter().map(|stratum| stratum.objects).sum::<u64>(),
        classes.iter().map(|it| it.1).sum::<u64>()
    );
    assert!(table.lines[0].cells.iter().all(|cell| cell.ap.unwrap().mean == 0.5));
    let Extent::Classes { classes } = &table.strata[0].extent else { panic!("a third") };
    assert_eq!(classes.concat(), "bcde");
    // Of none, of one and of two there is something to show, or nothing, but no panic.
    for (scored, thirds) in [(0, vec![]), (1, vec!["middle"]), (2, vec!["frequent", "rare"])] {
        let mut classes = many(&[0.5; 13]);
        for class in &mut classes[scored..] {
            (class.1, class.2) = (0, None);
        }
        let few = self::table(&[of_many("dcp", 0, &classes)]);
        assert_eq!((names(&few), few.left_out), (thirds, 13 - scored));
    }
}

proptest! {
    #[test]
    fn neither_the_order_of_scores_nor_the_scale_of_frequencies_matters(
        classes in proptest::collection::vec((1_u64..50, 0.0_f64..1.0, 0.0_f64..1.0), 1..20),
        turn in 0_usize..40,
        factor in 1_u64..9,
    ) {
        let networks = |factor: u64| {
            let of = |ap: fn(&(u64, f64, f64)) -> f64| -> Vec<(String, u64, Option<f64>)> {
                let class = |(place, class): (usize, &(u64, f64, f64))| {
                    (format!("class-{place}"), class.0 * factor, Some(ap(class)))
                };
                classes.iter().enumerate().map(class).collect()
            };
            let (dense, pruned) = (of(|class| class.1), of(|class| class.2));
            let dense: Vec<Class> = dense.iter().map(|(name, objects, ap)| (name.as_str(), *objects, *ap)).collect();
            [network("dense-trained", 1.0, 0, &dense), of_many("dcp", 0, &pruned)].concat()
        };
        let mut scores = networks(1);
        let before = tables(&scores, StrataKind::Class);
        let correlation = line(&before[0], "dcp").frequency_correlation;
        if let Some(it) = correlation {
            prop_assert!(it.mean.abs() <= 1.0 + 1e-12);
        }
        prop_assert!(correlation.is_none() || classes.len() >= 4);
        let scaled = tables(&networks(factor), StrataKind::Class);
        prop_assert_eq!(line(&scaled[0], "dcp").frequency_correlation, correlation);
        let turn = turn % scores.len();
        scores.rotate_left(turn);
        scores.reverse();
        prop_assert_eq!(tables(&scores, StrataKind::Class), before);
    }
}
