use super::*;
use crate::row::Row;
use crate::testing::{Sample, sample};

/// A ticket's score on a task, by label, parameters, keep, task and replicate.
fn row(method: &'static str, params: &str, keep: f64, task: &'static str, replicate: u32, score: f64) -> Row {
    let mut row = sample(&Sample { method, keep, task, replicate, score: Some(score), ..Sample::default() });
    row.method_id = "org.secateur.lottery-ticket".to_owned();
    row.params = params.to_owned();
    row
}

const PLAIN: &str = r#"{"rate":0.2,"rewind":"start"}"#;
const RANDOM: &str = r#"{"rewind":"start","perturb":"random","rate":0.2}"#;
const SWAP: &str = r#"{"perturb":"swap","perturb_fraction":0.5,"rate":0.2,"rewind":"start"}"#;
const COMPLEMENTS: &str = r#"{"perturb":"complement","rate":0.2,"rewind":"start"}"#;

/// A ticket and three perturbed ones on two tasks in two replicates.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for replicate in 0..2 {
        for (task, base) in [("a", 0.5), ("b", 0.75)] {
            // Replicates are far apart, which pairing takes out.
            let base = base + 0.125 * f64::from(replicate);
            rows.push(row("imp", PLAIN, 0.5, task, replicate, base));
            let fall = if replicate == 0 { 0.0625 } else { 0.03125 };
            rows.push(row("imp-random", RANDOM, 0.5, task, replicate, base - fall));
            rows.push(row("imp-swap", SWAP, 0.5, task, replicate, base + 0.015_625));
            rows.push(row("imp-complement", COMPLEMENTS, 0.25, task, replicate, base));
        }
    }
    rows
}

fn only(rows: &[Row]) -> PerturbationTable {
    let mut tables = tables(&crate::boards(rows));
    assert_eq!(tables.len(), 1);
    tables.remove(0)
}

#[test]
fn perturbed_tickets_are_paired_with_the_ticket() {
    let table = only(&rows());
    assert_eq!((table.ticket.as_str(), table.params.as_str(), table.tasks), ("imp", PLAIN, 2));
    let told: Vec<(f64, &str, &str)> = table
        .lines
        .iter()
        .map(|line| (line.keep, line.perturbation.as_str(), line.method.as_str()))
        .collect();
    let expected = [
        (0.5, "random", "imp-random"),
        (0.5, "swap 0.5", "imp-swap"),
        (0.25, "complement", "imp-complement"),
    ];
    assert_eq!(told, expected);
    let random = table.lines[0].difference.unwrap();
    assert_eq!((random.n, random.mean), (2, -0.046_875));
    // Two values d apart: the deviation is d/√2, half of the interval 12.706204736432095 · d/2 (Student, one degree).
    let d = 0.031_25;
    assert!((random.sd.unwrap() - d / 2.0_f64.sqrt()).abs() < 1e-12);
    assert!((random.half_width().unwrap() - 12.706_204_736_432_095 * d / 2.0).abs() < 1e-9);
    assert_eq!(random.interval.unwrap().over, Over::SeedsAtFixedTasks);
    let swap = table.lines[1].difference.unwrap();
    assert_eq!((swap.mean, swap.half_width()), (0.015_625, Some(0.0)));
    assert_eq!(table.lines[1].by_task.len(), 2);
    assert_eq!(table.lines[1].by_task[0].difference.unwrap().mean, 0.015_625);
}

#[test]
fn without_the_ticket_at_this_keep_there_is_no_difference() {
    let mut rows = rows();
    let line = only(&rows).lines.remove(2);
    assert_eq!((line.ticket, line.difference), (None, None));
    assert_eq!(line.perturbed.unwrap().mean, 0.6875);
    for replicate in 0..2 {
        for task in ["a", "b"] {
            rows.push(row("imp", PLAIN, 0.25, task, replicate, 0.25));
        }
    }
    let line = only(&rows).lines.remove(2);
    assert_eq!((line.ticket.unwrap().mean, line.difference.unwrap().mean), (0.25, 0.4375));
}

#[test]
fn one_replicate_leaves_tasks() {
    let one: Vec<Row> = rows().into_iter().filter(|row| row.replicate == 0).collect();
    let difference = only(&one).lines[0].difference.unwrap();
    assert_eq!((difference.mean, difference.interval.unwrap().over), (-0.0625, Over::Tasks));
}

#[test]
fn only_what_differs_in_the_perturbation_is_a_family() {
    let none = r#"{"perturb":"none","rate":0.2,"rewind":"start"}"#;
    let said: Vec<Row> = rows()
        .into_iter()
        .map(|row| if row.method == "imp" { Row { params: none.to_owned(), ..row } } else { row })
        .collect();
    // The default may be spelled out.
    assert_eq!(only(&said), only(&rows()));
    let change = |change: fn(&mut Row)| {
        let mut rows = rows();
        rows.iter_mut().filter(|row| row.method == "imp").for_each(change);
        tables(&crate::boards(&rows))
    };
    assert_eq!(change(|row| row.params = r#"{"rate":0.3,"rewind":"start"}"#.to_owned()), []);
    assert_eq!(change(|row| row.method_id = "org.example.other".to_owned()), []);
    assert_eq!(change(|row| row.init_samples = 1000), []);
    assert_eq!(change(|row| row.params = "not JSON".to_owned()), []);
    assert_eq!(change(|row| row.suite = "another".to_owned()), []);
    // Tickets that nobody perturbs are no matter for a table.
    let plain: Vec<Row> = rows().into_iter().filter(|row| row.method == "imp").collect();
    assert_eq!(tables(&crate::boards(&plain)), []);
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let mut turned = rows();
    turned.reverse();
    assert_eq!(only(&turned), only(&rows()));
}
