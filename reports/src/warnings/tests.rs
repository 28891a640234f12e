use super::*;
use crate::row::{Control, Row};
use crate::testing::{Sample, sample};

/// A board without a fault: controls, baselines and a method, three seeds, well apart.
fn sound() -> Vec<Row> {
    let methods: [(&'static str, Option<Control>, f64, f64); 6] = [
        ("dense-as-is", Some(Control::DenseAsIs), 1.0, 0.89),
        ("dense-trained", Some(Control::DenseTrained), 1.0, 0.90),
        ("random", Some(Control::Baseline), 0.1, 0.50),
        ("random-layerwise", Some(Control::Baseline), 0.1, 0.55),
        ("magnitude", Some(Control::Baseline), 0.1, 0.70),
        ("imp", None, 0.1, 0.75),
    ];
    let mut rows = Vec::new();
    for (method, control, keep, base) in methods {
        for task in ["a", "b"] {
            for replicate in 0..3 {
                let score = Some(base + 0.001 * f64::from(replicate));
                rows.push(sample(&Sample { method, control, keep, task, replicate, score }));
            }
        }
    }
    rows
}

fn of(rows: &[Row]) -> Vec<Warning> {
    warnings(&crate::boards(rows)).into_iter().map(|it| it.warning).collect()
}

fn without(rows: &[Row], method: &str) -> Vec<Row> {
    rows.iter().filter(|row| row.method != method).cloned().collect()
}

fn change(mut rows: Vec<Row>, method: &str, change: impl Fn(&mut Row)) -> Vec<Row> {
    rows.iter_mut().filter(|row| row.method == method).for_each(change);
    rows
}

#[test]
fn a_sound_board_has_no_warning() {
    assert_eq!(of(&sound()), []);
}

#[test]
fn every_control_is_missed() {
    assert_eq!(of(&without(&sound(), "dense-trained")), [Warning::MissingDenseTrained]);
    for baseline in ["random", "magnitude", "random-layerwise"] {
        let found = of(&without(&sound(), baseline));
        assert_eq!(found, [Warning::MissingBaseline { baseline: baseline.to_owned() }]);
    }
    // A method that calls itself random is no baseline of the run.
    let found = of(&change(sound(), "random", |row| row.control = None));
    assert!(found.contains(&Warning::MissingBaseline { baseline: "random".to_owned() }), "{found:?}");
}

#[test]
fn few_seeds_are_told() {
    let rows: Vec<Row> = sound().into_iter().filter(|row| row.replicate < 2).collect();
    assert_eq!(of(&rows), [Warning::TooFewSeeds { replicates: 2 }]);
}

#[test]
fn fewer_replicates_than_others_have_are_told_and_are_complete() {
    let rows: Vec<Row> = sound().into_iter().filter(|row| row.method != "imp" || row.replicate < 2).collect();
    let expected = Warning::FewerReplicates {
        replicates: 3,
        entries: BTreeMap::from([(2, vec!["imp at keep 0.1".to_owned()])]),
    };
    assert_eq!(of(&rows), [expected]);
    let boards = crate::board::boards(&rows);
    let imp = boards[0].methods().find(|entry| entry.method == "imp").unwrap();
    assert!(imp.complete && imp.place.is_some_and(|place| place.place == 1), "{imp:?}");
}

#[test]
fn incomplete_cells_are_counted_with_their_outcomes() {
    let rows = change(sound(), "imp", |row| {
        if row.task == "b" && row.replicate == 2 {
            row.outcome = Outcome::Timeout;
            row.score = None;
        }
    });
    let expected = Warning::IncompleteCells {
        trials: 1,
        cells: 1,
        outcomes: BTreeMap::from([(Outcome::Timeout, 1)]),
        entries: vec!["imp at keep 0.1".to_owned()],
    };
    assert_eq!(of(&rows), [expected]);
}

#[test]
fn a_method_is_held_against_the_better_random() {
    let below = change(sound(), "imp", |row| row.score = Some(0.52));
    assert_eq!(of(&below), [Warning::BelowRandom { entries: vec!["imp at keep 0.1".to_owned()] }]);
    let beside = change(sound(), "imp", |row| {
        row.score = Some(0.5515 + 0.01 * f64::from(row.replicate % 2) - 0.002 * f64::from(row.replicate));
    });
    assert_eq!(
        of(&beside),
        [Warning::NotSeparableFromRandom { entries: vec!["imp at keep 0.1".to_owned()] }]
    );
}

#[test]
fn a_missed_count_is_an_error_for_weights_and_a_note_for_channels() {
    let rows = change(sound(), "imp", |row| row.achieved_count = row.target_count.map(|count| count + 1));
    let found = of(&rows);
    assert!(matches!(found[..], [Warning::MissedCounts { rows: 6, .. }]), "{found:?}");
    assert_eq!(found[0].severity(), Severity::Error);
    let channels: Vec<Row> = rows
        .into_iter()
        .map(|mut row| {
            if row.granularity == "weights" {
                row.granularity = "channels".to_owned();
            }
            row
        })
        .collect();
    let found = of(&channels);
    let nearest = found.iter().find(|warning| matches!(warning, Warning::NearestCounts { .. })).unwrap();
    let Warning::NearestCounts { rows: 6, farthest, by } = nearest else { panic!("{nearest:?}") };
    let target = channels.iter().find(|row| row.method == "imp").and_then(|row| row.target_count).unwrap();
    assert_eq!((farthest.as_str(), *by), ("imp at keep 0.1", 1.0 / target as f64));
    assert_eq!(nearest.severity(), Severity::Note);
    // What magnitude is among weights, the filter norm is among channels.
    let missing: Vec<&str> = found
        .iter()
        .filter_map(|warning| match warning {
            Warning::MissingBaseline { baseline } => Some(baseline.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(missing, ["filter norm"]);
}

#[test]
fn mixtures_on_a_board_are_told() {
    let kinds = |rows: &[Row]| -> Vec<String> {
        let value = |it: &Warning| serde_json::to_value(it).expect("a warning is JSON");
        of(rows).iter().map(|it| value(it)["kind"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let with = |alter: fn(&mut Row)| kinds(&change(sound(), "imp", alter));
    assert_eq!(with(|row| row.allowance_samples *= 2), ["mixed-allowances"]);
    assert_eq!(with(|row| row.prunable_set = "everything".to_owned()), ["mixed-prunable-sets"]);
    assert_eq!(with(|row| row.metric = "mean-per-class".to_owned()), ["mixed-metrics", "mixed-metrics"]);
    assert_eq!(with(|row| row.params = format!("{{\"seed\":{}}}", row.replicate)), ["mixed-configurations"]);
    // The untouched network has no training, so its allowance is not compared.
    assert_eq!(kinds(&change(sound(), "dense-as-is", |row| row.allowance_samples = 0)), Vec::<String>::new());
}

#[test]
fn unpaired_and_contradictory_rows_are_told() {
    let rows: Vec<Row> =
        sound().into_iter().filter(|row| row.method != "dense-trained" || row.replicate != 1).collect();
    assert_eq!(of(&rows), [Warning::UnpairedReplicates { replicates: vec![1] }]);
    let mut rows = sound();
    let mut copy = rows[rows.len() - 1].clone();
    copy.score = Some(0.1);
    rows.push(copy);
    let found = of(&rows);
    assert!(matches!(&found[0], Warning::ContradictoryRows { trials } if trials.len() == 1), "{found:?}");
}

/// What is said of measurements, of a report with these changes to it.
fn measured(change: impl Fn(&mut crate::ReportInput)) -> Vec<Warning> {
    let mut input = crate::testing::synthetic(1224);
    change(&mut input);
    let boards = crate::boards(&input.rows);
    let found = measured::warnings(&boards, &crate::costs(&input), &input.speeds);
    // Both boards of the track have the same measurements, and the first has the warnings.
    assert!(found.iter().all(|it| it.board == boards[0].key));
    found.into_iter().map(|it| it.warning).collect()
}

#[test]
fn measurements_under_one_condition_have_no_warning() {
    assert_eq!(measured(|_| {}), []);
}

#[test]
fn measurements_that_do_not_compare_are_told() {
    let found = measured(|input| {
        input.speeds.iter_mut().filter(|it| it.method == "imp").for_each(|it| it.threads = 2);
    });
    let [Warning::MixedThreads { threads }] = &found[..] else { panic!("{found:?}") };
    assert_eq!(threads[&2], ["imp"]);
    assert!(threads[&1].contains(&"magnitude".to_owned()));
    // So do stages that prune with other numbers of threads.
    let found = measured(|input| {
        input
            .costs
            .iter_mut()
            .filter(|it| it.method == "imp" && it.kind == "prune")
            .for_each(|it| it.threads = 4);
    });
    assert!(matches!(&found[..], [Warning::MixedThreads { threads }] if threads[&4] == ["imp"]), "{found:?}");

    let found = measured(|input| input.speeds.retain(|it| it.method != "imp" || it.batch == 1));
    let [Warning::MixedBatchSizes { batches }] = &found[..] else { panic!("{found:?}") };
    assert_eq!(batches["1"], ["imp"]);
    assert!(batches["1 and 32"].contains(&"magnitude".to_owned()));

    let found = measured(|input| input.speeds[0].machine = "another".to_owned());
    let machines = vec!["another".to_owned(), "synthetic numbers, no machine".to_owned()];
    assert_eq!(found, [Warning::MixedMachines { machines }]);
}

#[test]
fn a_noisy_machine_is_told_by_its_farthest_measurement() {
    let found = measured(|input| {
        for speed in input.speeds.iter_mut().filter(|it| it.method == "imp" && it.keep == 0.1) {
            speed.p90_ms = speed.median_ms * if speed.batch == 32 { 1.6 } else { 1.3 };
        }
    });
    let [Warning::NoisyMachine { noisy, measurements, widest, spread }] = &found[..] else {
        panic!("{found:?}")
    };
    assert!((spread - 0.63).abs() < 1e-9, "{spread}");
    assert!(widest.starts_with("imp at keep 0.1") && widest.ends_with("batch 32"), "{widest}");
    assert!(*noisy >= 4 && noisy < measurements);
}

fn of_tests(rows: &[Row]) -> Vec<Warning> {
    let boards = crate::boards(rows);
    let statistics = crate::statistics_tables(&boards, &[], &[]);
    measured::of_statistics(&statistics).into_iter().map(|it| it.warning).collect()
}

#[test]
fn a_level_that_cannot_be_reached_is_told() {
    let with_tasks = |names: &[&'static str]| -> Vec<Row> {
        let rows = sound();
        let first: Vec<&Row> = rows.iter().filter(|row| row.task == "a").collect();
        let of = |task: &&'static str| {
            let row = |row: &&Row| Row { task: (*task).to_owned(), ..(*row).clone() };
            first.iter().map(row).collect::<Vec<Row>>()
        };
        names.iter().flat_map(of).collect()
    };
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    // Four tasks are not tested at all, and over eight, three comparisons can reach 3 * 2 / 2^8 = 0.023.
    assert_eq!(of_tests(&with_tasks(&names[..4])), []);
    assert_eq!(of_tests(&with_tasks(&names)), []);
    let found = of_tests(&with_tasks(&names[..6]));
    assert_eq!(found, [Warning::LevelOutOfReach { tasks: 6, comparisons: 3, smallest: 3.0 / 32.0 }]);
}

#[test]
fn overlapping_intervals_are_counted() {
    // Three replicates that are 0.01 apart have an interval of 0.025 to either side, and two methods are 0.05 apart.
    let mut rows = sound();
    for row in rows.iter_mut().filter(|row| row.method == "imp" || row.method == "magnitude") {
        row.score = row.score.map(|score| score + 0.02 * f64::from(row.replicate));
    }
    assert_eq!(of_tests(&rows), [Warning::OverlappingIntervals { overlapping: 1, pairs: 3 }]);
    assert_eq!(of_tests(&sound()), []);
}

#[test]
fn every_text_is_a_sentence() {
    let mut rows = without(&sound(), "dense-trained");
    rows = change(rows, "imp", |row| {
        row.score = Some(0.1);
        row.prunable_set = "other".to_owned();
        row.allowance_samples = 1;
        row.achieved_count = Some(1);
    });
    rows.retain(|row| row.replicate == 0);
    let found = of(&rows);
    assert!(found.len() >= 6);
    let mixed = measured(|input| {
        for speed in input.speeds.iter_mut().filter(|it| it.method == "imp") {
            (speed.threads, speed.batch, speed.machine) = (2, 3, "another, with a comma".to_owned());
            speed.p90_ms *= 3.0;
        }
    });
    assert_eq!(mixed.len(), 4);
    let statistics = [
        Warning::LevelOutOfReach { tasks: 5, comparisons: 1, smallest: 0.0625 },
        Warning::OverlappingIntervals { overlapping: 1, pairs: 1 },
    ];
    for warning in found.into_iter().chain(mixed).chain(statistics) {
        assert!(warning.message().ends_with('.'), "{}", warning.message());
        assert!(warning.advice().ends_with('.'), "{}", warning.advice());
    }
}
