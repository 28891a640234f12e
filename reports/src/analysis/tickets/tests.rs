use super::*;
use crate::row::Row;
use crate::testing::{Sample, sample, synthetic};
use crate::{Outcome, Report, ReportInput, analyses_html, boards, summary_md, tickets_csv};

/// Scores of a method at a keep on one task, replicate by replicate.
fn rows(method: &'static str, keep: f64, task: &'static str, scores: &[f64]) -> Vec<Row> {
    let control = (keep >= 1.0).then_some(Control::DenseTrained);
    (0..)
        .zip(scores)
        .map(|(replicate, score)| {
            sample(&Sample { method, control, keep, task, replicate, score: Some(*score) })
        })
        .collect()
}

/// Mean 0.72, sample standard deviation 0.02: 0.70 is enough.
fn dense(task: &'static str) -> Vec<Row> {
    rows("dense-trained", 1.0, task, &[0.70, 0.72, 0.74])
}

fn unchanged(mut rows: Vec<Row>, weights: &str) -> Vec<Row> {
    rows.iter_mut().for_each(|row| row.weights_of = Some(weights.to_owned()));
    rows
}

fn only(rows: &[Row]) -> TicketTable {
    let mut found = tables(&boards(rows));
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn line<'a>(table: &'a TicketTable, method: &str, keep: f64) -> &'a TicketLine {
    table.lines.iter().find(|line| line.method == method && line.keep == keep).expect("a line")
}

fn verdicts(line: &TicketLine) -> Vec<Verdict> {
    line.cells.iter().map(|cell| cell.verdict).collect()
}

#[test]
fn matching_is_within_one_standard_deviation_of_dense() {
    let mut all = dense("a");
    // On the threshold, but for the last bits of 0.6 + 0.1; and just below it.
    all.extend(rows("on", 0.1, "a", &[0.6 + 0.1, 0.65, 0.75]));
    all.extend(rows("under", 0.1, "a", &[0.699, 0.70, 0.70]));
    all.extend(rows("above", 0.1, "a", &[0.9, 0.9, 0.9]));
    let table = only(&all);
    let reference = table.references[0].as_ref().unwrap();
    assert!((reference.sd - 0.02).abs() < 1e-12 && (reference.threshold - 0.70).abs() < 1e-12);
    for (method, verdict) in
        [("on", Verdict::Matching), ("under", Verdict::Below), ("above", Verdict::Matching)]
    {
        assert_eq!(verdicts(line(&table, method, 0.1)), [verdict], "{method}");
    }
    // One task says nothing of all tasks.
    assert!(table.lines.iter().all(|line| line.universal.is_none()));
}

#[test]
fn one_replicate_of_dense_cannot_tell() {
    let mut all = rows("dense-trained", 1.0, "a", &[0.7]);
    all.extend(rows("m", 0.1, "a", &[0.9, 0.9]));
    let table = only(&all);
    assert!(!table.can_be_told());
    assert_eq!(verdicts(&table.lines[0]), [Verdict::Unknown]);
    assert_eq!((table.lines[0].winning, table.reaches[0].tasks[0]), (false, None));
    let input = ReportInput { rows: all, ..ReportInput::default() };
    let report = Report::new(&input);
    let page = analyses_html(&report, &input).unwrap();
    assert!(page.contains("It cannot be told where dense-trained has fewer than two replicates"));
    // What is on the page is in its contents.
    assert!(page.contains("<a href=\"#tickets\">") && !page.contains("has nothing that"));
    assert!(summary_md(&report, &input.provenance).contains("fewer than two replicates"));
    // Nor can a board without it, and a board without methods has no tickets.
    assert!(!only(&rows("m", 0.1, "a", &[0.9, 0.9])).can_be_told());
    assert_eq!(tables(&boards(&dense("a"))), []);
}

/// Handed over as it was found, without recovery.
fn untrained(mut rows: Vec<Row>) -> Vec<Row> {
    rows.iter_mut().for_each(|row| row.recover_samples = Some(0));
    rows
}

fn of_protocol(mut rows: Vec<Row>, protocol: &str, pretrained: &str) -> Vec<Row> {
    for row in &mut rows {
        (row.protocol, row.pretrained) = (protocol.to_owned(), pretrained.to_owned());
    }
    rows
}

fn winning(table: &TicketTable) -> Vec<&str> {
    table.lines.iter().filter(|line| line.winning).map(|line| line.method.as_str()).collect()
}

#[test]
fn a_winning_ticket_is_transferred_with_the_trained_upstream_weights() {
    let mut all = dense("a");
    all.extend(untrained(unchanged(rows("end", 0.1, "a", &[0.8, 0.8]), "end")));
    all.extend(untrained(unchanged(rows("init", 0.1, "a", &[0.8, 0.8]), "init")));
    all.extend(untrained(rows("changed", 0.1, "a", &[0.8, 0.8])));
    all.extend(untrained(unchanged(rows("low", 0.1, "a", &[0.1, 0.1]), "end")));
    // The host has trained it upstream since.
    all.extend(unchanged(rows("recovered", 0.1, "a", &[0.8, 0.8]), "end"));
    // Unchanged in one replicate only.
    let mut mixed = untrained(unchanged(rows("mixed", 0.1, "a", &[0.8, 0.8]), "end"));
    mixed[1].weights_of = None;
    all.extend(mixed);
    let table = only(&all);
    assert_eq!(winning(&table), ["end"]);
    assert_eq!(line(&table, "init", 0.1).weights_of.as_deref(), Some("init"));
    assert_eq!(line(&table, "mixed", 0.1).weights_of, None);
    // On the upstream task recovery is the ticket's training.
    let upstream = of_protocol(all, "upstream", "end");
    assert_eq!(winning(&only(&upstream)), ["end", "recovered"]);
}

#[test]
fn a_ticket_of_a_task_wins_from_where_the_dense_network_began_and_against_what_that_became() {
    // Trained on the task for as long as the tickets: 0.80; and then as long again.
    let mut all = rows("dense-as-is", 1.0, "a", &[0.79, 0.80, 0.81]);
    all.iter_mut().for_each(|row| row.control = Some(Control::DenseAsIs));
    all.extend(rows("dense-trained", 1.0, "a", &[0.89, 0.90, 0.91]));
    for (method, weights, score) in [
        ("ticket", "init", 0.795),
        ("late", "step-8", 0.795),
        ("lost", "init", 0.78),
        ("magnitude", "end", 0.895),
    ] {
        all.extend(unchanged(rows(method, 0.1, "a", &[score, score]), weights));
    }
    let table = only(&of_protocol(all.clone(), "direct", "init"));
    let verdict = |method: &str| {
        let line = line(&table, method, 0.1);
        (line.against, verdicts(line)[0])
    };
    assert_eq!(verdict("ticket"), (Control::DenseAsIs, Verdict::Matching));
    assert_eq!(verdict("late"), (Control::DenseAsIs, Verdict::Matching));
    assert_eq!(verdict("lost"), (Control::DenseAsIs, Verdict::Below));
    assert_eq!(verdict("magnitude"), (Control::DenseTrained, Verdict::Matching));
    assert_eq!(winning(&table), ["ticket"]);
    // From a random initialization the same holds, but nothing was pre-trained.
    let scratch = only(&of_protocol(all.clone(), "direct", ""));
    assert_eq!(line(&scratch, "ticket", 0.1).against, Control::DenseAsIs);
    assert!(winning(&scratch).is_empty());
    // Who begins there for good has that training beside the allowance.
    let mut begins = all.clone();
    begins.iter_mut().filter(|row| row.method == "ticket").for_each(|row| row.init_samples = 1000);
    let other = only(&of_protocol(begins, "direct", "init"));
    assert_eq!(line(&other, "ticket", 0.1).against, Control::DenseTrained);
    // The one checkpoint of an upstream training has one score, which must be reached.
    all.retain(|row| row.method != "dense-as-is" || row.replicate == 1);
    let table = only(&of_protocol(all.clone(), "direct", "init"));
    assert_eq!(verdicts(line(&table, "ticket", 0.1)), [Verdict::Below]);
    let rows = of_protocol(all, "direct", "init");
    let input = ReportInput { rows, ..ReportInput::default() };
    let page = analyses_html(&Report::new(&input), &input).unwrap();
    assert!(page.contains("dense-as-is, for tickets that were set back") && page.contains("at least 80.00"));
}

#[test]
fn universal_is_every_task_and_a_lost_trial_is_no_match() {
    let mut all = dense("a");
    all.extend(dense("b"));
    for (method, on_b) in [("all", 0.75), ("half", 0.5), ("lost", 0.75)] {
        all.extend(rows(method, 0.1, "a", &[0.75, 0.75]));
        all.extend(rows(method, 0.1, "b", &[on_b, on_b]));
    }
    let last = all.last_mut().unwrap();
    (last.score, last.outcome) = (None, Outcome::Crashed);
    let table = only(&all);
    assert_eq!(line(&table, "all", 0.1).universal, Some(true));
    assert_eq!((line(&table, "half", 0.1).universal, line(&table, "half", 0.1).matching), (Some(false), 1));
    assert_eq!(verdicts(line(&table, "lost", 0.1)), [Verdict::Matching, Verdict::Incomplete]);
    assert_eq!(line(&table, "lost", 0.1).universal, Some(false));
}

#[test]
fn the_smallest_matching_keep_is_found_and_gaps_are_told() {
    let mut all = dense("a");
    all.extend(dense("b"));
    for (keep, on_a, on_b) in [(0.5, 0.8, 0.6), (0.2, 0.8, 0.8), (0.1, 0.6, 0.6)] {
        all.extend(rows("m", keep, "a", &[on_a, on_a]));
        all.extend(rows("m", keep, "b", &[on_b, on_b]));
        all.extend(rows("never", keep, "a", &[0.1, 0.1]));
        all.extend(rows("never", keep, "b", &[0.1, 0.1]));
    }
    all.reverse();
    let table = only(&all);
    let reach = |keep: f64, gap: bool| Some(ReachKeep { keep, gap });
    assert_eq!(table.reaches[0].tasks, [reach(0.2, false), reach(0.2, true)]);
    assert_eq!(table.reaches[0].universal, reach(0.2, true));
    assert_eq!(table.reaches[1].tasks, [None, None]);
    let input = ReportInput { rows: all, ..ReportInput::default() };
    let page = analyses_html(&Report::new(&input), &input).unwrap();
    assert!(page.contains("<td class=\"num\">80</td><td class=\"num\">80 *</td><td class=\"num\">80 *</td>"));
    assert!(page.contains("* The method is not matching at some smaller sparsity"));
}

#[test]
fn every_export_tells_the_same() {
    let mut input = synthetic(1224);
    let handed_over = input.rows.iter_mut().filter(|row| row.method == "magnitude");
    handed_over.for_each(|row| row.recover_samples = Some(0));
    let report = Report::new(&input);
    let bytes = tickets_csv(&report).unwrap();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let columns = reader.headers().unwrap().clone();
    let place = |name: &str| columns.iter().position(|it| it == name).expect("a column");
    let lines: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    // Five methods at three keeps on twelve tasks in two regimes.
    assert_eq!(lines.len(), 5 * 3 * 12 * 2);
    for line in &lines {
        let number = |name: &str| line[place(name)].parse::<f64>().unwrap();
        let threshold = number("dense_mean") - number("dense_sd");
        assert!((threshold - number("threshold")).abs() < 1e-12);
        if &line[place("verdict")] != "incomplete" {
            let expected = if number("mean") >= threshold - 1e-12 { "matching" } else { "below" };
            assert_eq!(&line[place("verdict")], expected);
        }
        let winning = &line[place("verdict")] == "matching" && &line[place("method")] == "magnitude";
        assert_eq!(&line[place("winning")], if winning { "true" } else { "false" });
    }
    let matching = lines.iter().filter(|line| &line[place("verdict")] == "matching").count();
    let told: usize = report.tickets.iter().flat_map(|table| &table.lines).map(|line| line.matching).sum();
    assert_eq!(matching, told);
    let empty = tickets_csv(&Report::new(&ReportInput::default())).unwrap();
    assert_eq!(csv::Reader::from_reader(empty.as_slice()).headers().unwrap(), &columns);
    let page = analyses_html(&report, &input).unwrap();
    assert!(
        page.contains("id=\"tickets\"") && summary_md(&report, &input.provenance).contains("### Tickets: ")
    );
    assert!(
        !analyses_html(&Report::new(&ReportInput::default()), &input).unwrap().contains("id=\"tickets\"")
    );
}
