use super::*;
use crate::row::Row;
use crate::testing::{Sample, sample};

fn scores(method: &'static str, keep: f64, scores: &[(&'static str, u32, f64)]) -> Vec<Row> {
    scores
        .iter()
        .map(|(task, replicate, score)| {
            sample(&Sample {
                method,
                keep,
                task,
                replicate: *replicate,
                score: Some(*score),
                ..Sample::default()
            })
        })
        .collect()
}

fn dense(values: &[(&'static str, u32, f64)]) -> Vec<Row> {
    let mut rows = scores("dense-trained", 1.0, values);
    for row in &mut rows {
        row.control = Some(Control::DenseTrained);
        row.granularity = "dense".to_owned();
    }
    rows
}

fn only_board(rows: &[Row]) -> Board {
    let mut all = boards(rows);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[track_caller]
fn entry<'a>(board: &'a Board, method: &str) -> &'a Entry {
    board.entries.iter().find(|entry| entry.method == method).expect("the method is on the board")
}

#[track_caller]
fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12, "{a} is not {b}");
}

#[test]
fn boards_are_never_merged_and_dense_stands_in_each() {
    let mut rows = dense(&[("a", 0, 0.9)]);
    for (track, protocol, regime, granularity) in [
        ("short", "transfer", "linear", "weights"),
        ("short", "transfer", "linear", "channels"),
        ("short", "transfer", "full", "weights"),
        ("short", "direct", "linear", "weights"),
        ("long", "transfer", "linear", "weights"),
    ] {
        let mut row = scores("imp", 0.1, &[("a", 0, 0.8)]).remove(0);
        (row.track, row.protocol, row.regime) = (track.to_owned(), protocol.to_owned(), regime.to_owned());
        row.granularity = granularity.to_owned();
        rows.push(row);
    }
    let boards = boards(&rows);
    assert_eq!(boards.len(), 5);
    for board in &boards {
        assert_eq!(board.methods().count(), 1);
        let shared =
            board.key.track == "short" && board.key.protocol == "transfer" && board.key.regime == "linear";
        assert_eq!(board.dense_trained().is_some(), shared, "{}", board.key.title());
    }
    let linear: Vec<&str> = boards
        .iter()
        .filter(|board| board.dense_trained().is_some())
        .map(|board| board.key.granularity.as_str())
        .collect();
    assert_eq!(linear, ["weights", "channels"]);
}

#[test]
fn the_drop_is_paired_over_seeds() {
    let mut rows = dense(&[("a", 0, 0.90), ("b", 0, 0.80), ("a", 1, 0.94), ("b", 1, 0.84)]);
    rows.extend(scores("imp", 0.1, &[("a", 0, 0.88), ("b", 0, 0.76), ("a", 1, 0.92), ("b", 1, 0.78)]));
    let board = only_board(&rows);
    let imp = entry(&board, "imp");
    let drop = imp.drop.expect("dense-trained is there");
    // Means over tasks drop by 0.03 and 0.04.
    near(drop.mean, 0.035);
    assert_eq!(drop.n, 2);
    let interval = drop.interval.expect("there are two replicates");
    assert_eq!(interval.over, Over::SeedsAtFixedTasks);
    near(interval.half_width(), 0.005 * crate::stats::t_critical(2).expect("two"));
    let on_b = imp.cells[1].drop.expect("paired on b");
    near(on_b.mean, 0.05);
}

#[test]
fn with_one_replicate_the_drop_is_over_tasks_and_the_mean_has_no_interval() {
    let mut rows = dense(&[("a", 0, 0.90), ("b", 0, 0.80), ("c", 0, 0.70)]);
    rows.extend(scores("imp", 0.1, &[("a", 0, 0.88), ("b", 0, 0.76), ("c", 0, 0.64)]));
    let board = only_board(&rows);
    let imp = entry(&board, "imp");
    assert_eq!(imp.mean.expect("complete").interval, None);
    assert!(imp.cells.iter().all(|cell| cell.summary.expect("scored").interval.is_none()));
    let drop = imp.drop.expect("dense-trained is there");
    assert_eq!((drop.n, drop.interval.expect("three tasks").over), (3, Over::Tasks));
    near(drop.mean, 0.04);
}

#[test]
fn one_replicate_on_one_task_has_no_interval_at_all() {
    let mut rows = dense(&[("a", 0, 0.9)]);
    rows.extend(scores("imp", 0.1, &[("a", 0, 0.8)]));
    let board = only_board(&rows);
    let drop = entry(&board, "imp").drop.expect("dense-trained is there");
    near(drop.mean, 0.1);
    assert_eq!(drop.interval, None);
}

#[test]
fn a_failed_trial_is_seen_and_leaves_its_method_unranked() {
    let mut rows = dense(&[("a", 0, 0.9), ("b", 0, 0.9)]);
    rows.extend(scores("imp", 0.1, &[("a", 0, 0.8), ("b", 0, 0.7)]));
    rows.extend(scores("magnitude", 0.1, &[("a", 0, 0.6)]));
    let mut failed = scores("magnitude", 0.1, &[("b", 0, 0.99)]).remove(0);
    // A score beside a failure must not be believed.
    failed.outcome = Outcome::Crashed;
    failed.outcome_detail = "signal 11".to_owned();
    rows.push(failed);
    let board = only_board(&rows);
    let magnitude = entry(&board, "magnitude");
    assert!(!magnitude.complete);
    assert_eq!((magnitude.mean, magnitude.average_rank, magnitude.place), (None, None, None));
    assert_eq!(magnitude.cells[1].fault(), Some(Outcome::Crashed));
    assert_eq!(magnitude.cells[1].trials[0].detail, "signal 11");
    assert_eq!(magnitude.outcomes, BTreeMap::from([(Outcome::Ok, 1), (Outcome::Crashed, 1)]));
    assert_eq!(entry(&board, "imp").average_rank, Some(1.0));
}

#[test]
fn a_row_that_never_came_is_missing() {
    let mut rows = scores("imp", 0.1, &[("a", 0, 0.8), ("b", 0, 0.7), ("a", 1, 0.8), ("b", 1, 0.7)]);
    rows.extend(scores("magnitude", 0.1, &[("a", 0, 0.6), ("b", 0, 0.6), ("a", 1, 0.6)]));
    let board = only_board(&rows);
    let magnitude = entry(&board, "magnitude");
    assert_eq!(magnitude.cells[1].trials[1].outcome, Outcome::Missing);
    assert!(!magnitude.complete);
}

#[test]
fn rows_that_contradict_each_other_give_no_score() {
    let mut rows = scores("imp", 0.1, &[("a", 0, 0.8), ("a", 0, 0.7)]);
    rows.extend(scores("magnitude", 0.1, &[("a", 0, 0.6), ("a", 0, 0.6)]));
    let board = only_board(&rows);
    let trial = &entry(&board, "imp").cells[0].trials[0];
    assert!(trial.contradiction);
    assert_eq!((trial.score, trial.detail.as_str()), (None, "contradictory rows: 0.7, 0.8"));
    // The same row twice is one result.
    assert!(entry(&board, "magnitude").complete);
    assert_eq!(entry(&board, "magnitude").trials(), 1);
}

#[test]
fn a_score_that_is_no_number_is_no_score() {
    for score in [Some(f64::NAN), Some(f64::INFINITY), None] {
        let rows = [sample(&Sample { method: "imp", score, ..Sample::default() })];
        let board = only_board(&rows);
        assert_eq!(entry(&board, "imp").cells[0].fault(), Some(Outcome::Failed));
    }
}

#[test]
fn ranks_are_within_a_keep_and_ties_share_them() {
    let mut rows = scores("a", 0.1, &[("t", 0, 0.8), ("u", 0, 0.5)]);
    rows.extend(scores("b", 0.1, &[("t", 0, 0.8), ("u", 0, 0.6)]));
    rows.extend(scores("c", 0.1, &[("t", 0, 0.9), ("u", 0, 0.4)]));
    rows.extend(scores("a", 0.2, &[("t", 0, 0.1), ("u", 0, 0.1)]));
    let board = only_board(&rows);
    let at = |method: &str, keep: f64| {
        let found = board.entries.iter().find(|it| it.method == method && it.keep == keep);
        found.expect("on the board")
    };
    assert_eq!(at("a", 0.1).cells.iter().map(|cell| cell.rank).collect::<Vec<_>>(), [Some(2.5), Some(2.0)]);
    assert_eq!(at("b", 0.1).average_rank, Some(1.75));
    assert_eq!(at("c", 0.1).average_rank, Some(2.0));
    assert_eq!(at("a", 0.2).average_rank, Some(1.0));
    assert_eq!(board.keeps(), [0.2, 0.1]);
}

#[test]
fn methods_that_cannot_be_told_apart_share_a_place() {
    let runs = |method, base: f64, noise: [f64; 3]| {
        scores(
            method,
            0.1,
            &[("t", 0, base + noise[0]), ("t", 1, base + noise[1]), ("t", 2, base + noise[2])],
        )
    };
    let mut rows = runs("first", 0.90, [0.00, 0.01, -0.01]);
    rows.extend(runs("near", 0.899, [0.01, -0.01, 0.00]));
    // Always exactly 0.05 below the first: separable however large the common noise is.
    rows.extend(runs("far", 0.85, [0.00, 0.01, -0.01]));
    let board = only_board(&rows);
    assert_eq!(entry(&board, "first").place, Some(Place { place: 1, tied: true }));
    assert_eq!(entry(&board, "near").place, Some(Place { place: 1, tied: true }));
    assert_eq!(entry(&board, "far").place, Some(Place { place: 3, tied: false }));
}

#[test]
fn counts_ratios_and_macs_come_from_the_rows() {
    let mut dense = dense(&[("a", 0, 0.9)]);
    dense[0].macs_executed = Some(1000);
    let mut row = scores("imp", 0.1, &[("a", 0, 0.8)]).remove(0);
    (row.prunable_total, row.target_count, row.achieved_count) = (Some(1000), Some(100), Some(125));
    (row.params_total, row.params_remaining) = (Some(1200), Some(300));
    (row.macs_executed, row.macs_nonzero) = (Some(500), Some(100));
    dense.push(row);
    let board = only_board(&dense);
    let imp = entry(&board, "imp");
    assert_eq!(imp.budget.sparsity, Some(0.875));
    assert_eq!(imp.budget.compression, Some(4.0));
    assert_eq!(imp.budget.missed_counts, 1);
    assert_eq!(board.theoretical_speedup(imp), Some(2.0));
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let mut rows = crate::testing::synthetic(1224).rows;
    let before = boards(&rows);
    rows.reverse();
    rows.rotate_left(77);
    assert_eq!(boards(&rows), before);
}

#[test]
fn training_is_told_as_a_multiple_of_the_dense_network_s_from_the_same_beginning() {
    let values = [("a", 0, 0.5), ("a", 1, 0.6)];
    let mut rows = dense(&values);
    for method in ["goes on", "begins", "begins, 5x"] {
        rows.extend(scores(method, 0.1, &values));
    }
    for row in &mut rows {
        // The allowance is 1,000 samples, and the upstream network had 3,000.
        let (init, stretch) = match row.method.as_str() {
            "begins" => (3000, 1),
            "begins, 5x" => (3000, 5),
            _ => (0, 1),
        };
        (row.init_samples, row.stretch) = (init, stretch);
        row.training_macs = Some(f64::from(stretch) * (1000 + init) as f64);
    }
    let board = only_board(&rows);
    let multiple = |method: &str| board.training_multiple(entry(&board, method)).unwrap();
    near(multiple("dense-trained"), 1.0);
    near(multiple("goes on"), 1.0);
    near(multiple("begins"), 1.0);
    near(multiple("begins, 5x"), 5.0);
    let words = crate::export::start_words(&board);
    assert!(words.contains("begins, 5x is given 5 times as much"), "{words}");
    assert!(!words.contains("goes on"), "{words}");
    // Without training there is nothing to be a multiple of.
    rows.iter_mut().for_each(|row| (row.init_samples, row.training_macs) = (0, Some(0.0)));
    let board = only_board(&rows);
    assert_eq!(board.training_multiple(entry(&board, "goes on")), None);
}
