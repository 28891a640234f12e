use super::*;
use crate::testing::{Sample, sample, synthetic};
use crate::{ReportInput, Row};

fn lines(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    reader.records().map(|record| record.expect("CSV").iter().map(str::to_owned).collect()).collect()
}

/// A ticket and its complement on two tasks.
fn perturbed() -> ReportInput {
    let row = |method: &'static str, params: &str, task: &'static str, score: f64| Row {
        params: params.to_owned(),
        ..sample(&Sample { method, task, score: Some(score), ..Sample::default() })
    };
    let complement = r#"{"perturb":"complement"}"#;
    let rows = vec![
        row("imp", "{}", "a", 0.5),
        row("imp", "{}", "b", 0.75),
        row("imp-c", complement, "a", 0.25),
        row("imp-c", complement, "b", 0.75),
    ];
    ReportInput { rows, ..ReportInput::default() }
}

#[test]
fn an_empty_table_has_the_header_of_a_full_one() {
    let (empty, masks) = (Report::new(&ReportInput::default()), Report::new(&synthetic(408)));
    let perturbed = Report::new(&perturbed());
    let header = |bytes: Result<Vec<u8>, ReportError>| lines(&bytes.expect("a table")).remove(0);
    assert_eq!(header(mask_similarity_csv(&empty)), header(mask_similarity_csv(&masks)));
    assert_eq!(header(layers_csv(&empty)), header(layers_csv(&masks)));
    assert_eq!(header(perturbation_csv(&empty)), header(perturbation_csv(&perturbed)));
}

#[test]
fn every_pair_of_methods_and_every_layer_has_its_line() {
    let report = Report::new(&synthetic(1224));
    // Five methods at three keeps: ten pairs and five with themselves; five layers.
    let similarity = lines(&mask_similarity_csv(&report).expect("similarities"));
    assert_eq!(similarity.len(), 1 + 3 * 15);
    let layers = lines(&layers_csv(&report).expect("layers"));
    assert_eq!(layers.len(), 1 + 3 * 5 * 5);
    let line = layers
        .iter()
        .find(|line| line[4] == "0.05" && line[5] == "imp-rewind-init" && line[8].starts_with("layer5"));
    let line = line.expect("a line");
    // Nothing of 200 weights in one replicate, 16 in two.
    assert_eq!(line[9..15], ["200", "3", "0.05333333333333334", "0.0", "0.08", "1"]);
}

#[test]
fn a_perturbed_ticket_has_a_line_for_the_mean_and_one_for_each_task() {
    let lines = lines(&perturbation_csv(&Report::new(&perturbed())).expect("perturbations"));
    let told: Vec<[&str; 5]> = lines[1..]
        .iter()
        .map(|line| [&line[8], &line[10], &line[11], &line[12], &line[13]].map(String::as_str))
        .collect();
    // With one replicate the mean is over tasks, and a task has one value.
    let expected = [
        ["complement", "mean-over-tasks", "", "2", "-0.125"],
        ["complement", "task", "a", "1", "-0.25"],
        ["complement", "task", "b", "1", "0.0"],
    ];
    assert_eq!(told, expected);
}
