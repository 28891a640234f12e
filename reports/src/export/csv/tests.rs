use super::*;
use crate::testing::{Sample, sample, synthetic, synthetic_detection};

fn header(bytes: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(bytes).expect("CSV is text");
    text.lines().next().unwrap_or_default().split(',').map(str::to_owned).collect()
}

#[test]
fn an_empty_table_has_the_header_of_a_full_one() {
    let (empty, full) = (ReportInput::default(), synthetic(408));
    let both = |table: fn(&ReportInput) -> Result<Vec<u8>, ReportError>| {
        (header(&table(&empty).expect("empty")), header(&table(&full).expect("full")))
    };
    let (without, with) = both(results_csv);
    assert_eq!(without, with);
    let (without, with) = both(costs_csv);
    assert_eq!(without, with);
    let (without, with) = both(speed_csv);
    assert_eq!(without, with);
    let pairs = |input: &ReportInput| header(&pairs_csv(&Report::new(input)).expect("pairs"));
    assert_eq!(pairs(&empty), pairs(&synthetic_detection()));
}

#[test]
fn equal_rows_in_any_order_give_equal_bytes() {
    let mut input = synthetic(1224);
    let (results, costs) = (results_csv(&input).expect("rows"), costs_csv(&input).expect("costs"));
    let speeds = speed_csv(&input).expect("speeds");
    let board = leaderboard_csv(&Report::new(&input)).expect("boards");
    input.speeds.reverse();
    assert_eq!(speed_csv(&input).expect("speeds"), speeds);
    input.rows.reverse();
    input.rows.rotate_left(100);
    input.costs.reverse();
    assert_eq!(results_csv(&input).expect("rows"), results);
    assert_eq!(costs_csv(&input).expect("costs"), costs);
    assert_eq!(leaderboard_csv(&Report::new(&input)).expect("boards"), board);
}

#[test]
fn every_pair_has_its_line_and_says_what_its_interval_is_over() {
    let mut input = synthetic_detection();
    let report = Report::new(&input);
    let bytes = pairs_csv(&report).expect("pairs");
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let columns = reader.headers().expect("a header").clone();
    let place = |name: &str| columns.iter().position(|it| it == name).expect("a column");
    let lines: Vec<csv::StringRecord> = reader.records().map(|line| line.expect("our own CSV")).collect();
    // Eight methods with one another and with dense-trained, at two keeps.
    assert_eq!(lines.len(), 2 * (28 + 8));
    let mut single = 0;
    for line in &lines {
        let number = |name: &str| line[place(name)].parse::<f64>().expect("a number");
        assert!(number("low") <= number("difference") && number("difference") <= number("high"));
        assert!((0.0..=1.0).contains(&number("ahead")));
        assert_eq!(&line[place("draws")], "998");
        let one = &line[place("replicates")] == "1";
        assert_eq!(&line[place("interval_over")], if one { "pictures" } else { "pictures and seeds" });
        single += usize::from(one);
    }
    // One method has one replicate that counts.
    assert_eq!(single, 2 * 8);
    input.resampled.reverse();
    assert_eq!(pairs_csv(&Report::new(&input)).expect("pairs"), bytes);
}

#[test]
fn rows_of_detectors_fill_their_columns_and_those_of_classifiers_do_not() {
    let of = |input: &ReportInput, column: &str| -> Vec<String> {
        let bytes = results_csv(input).expect("rows");
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let place = reader.headers().expect("a header").iter().position(|it| it == column).expect("a column");
        reader.records().map(|row| row.expect("our own CSV")[place].to_owned()).collect()
    };
    let (detectors, classifiers) = (synthetic_detection(), synthetic(408));
    for column in ["ap", "ap50", "ar", "ap_small", "ap_medium", "ap_large"] {
        assert!(of(&detectors, column).iter().all(|it| it.parse::<f64>().is_ok()), "{column}");
        assert!(of(&classifiers, column).iter().all(String::is_empty), "{column}");
    }
    assert!(of(&detectors, "top1").iter().all(String::is_empty));
}

#[test]
fn rows_that_differ_in_one_late_field_still_have_one_order() {
    let first = sample(&Sample::default());
    let mut second = first.clone();
    second.training_macs = Some(1.0);
    let forward = ReportInput { rows: vec![first.clone(), second.clone()], ..ReportInput::default() };
    let backward = ReportInput { rows: vec![second, first], ..ReportInput::default() };
    assert_eq!(results_csv(&forward).expect("rows"), results_csv(&backward).expect("rows"));
}

#[test]
fn numbers_read_back_to_the_same_bits() {
    let score = 0.1 + 0.2;
    let mut row = sample(&Sample { score: Some(score), keep: 1.0 / 3.0, ..Sample::default() });
    row.method = "comma, \"quote\"\nline".to_owned();
    let input = ReportInput { rows: vec![row.clone()], ..ReportInput::default() };
    let bytes = results_csv(&input).expect("rows");
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let back: Vec<Row> = reader.deserialize().collect::<Result<_, _>>().expect("our own CSV");
    assert_eq!(back, [row]);
}

#[test]
fn the_leaderboard_has_a_line_per_task_and_a_mean() {
    let input = synthetic(1224);
    let report = Report::new(&input);
    let bytes = leaderboard_csv(&report).expect("boards");
    let lines = csv::Reader::from_reader(bytes.as_slice()).into_records().count();
    let expected: usize =
        report.boards.iter().map(|board| board.entries.len() * (board.tasks.len() + 1)).sum();
    assert_eq!(lines, expected);
}
