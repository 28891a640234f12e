//! Scores of detectors by size and by class of the objects in `summary.md`.

use std::fmt::Write as _;

use super::{cell, pm};
use crate::export::strata::{is_correlated, mean_correlation_words, measures, strata_words};
use crate::strata::{StrataKind, StrataTable};
use crate::text;

/// Adds the tables, as long as `out` stays below `room` characters.
pub(super) fn section(out: &mut String, tables: &[StrataTable], room: usize) {
    for table in tables {
        let (kind, file) = match table.kind {
            StrataKind::Size => ("size", "sizes.csv"),
            StrataKind::Class => ("class", "classes.csv"),
        };
        let table = table_of(table, kind);
        if out.len() + table.len() > room {
            let _ = writeln!(out, "More scores by {kind} of objects are in `{file}`.\n");
            return;
        }
        out.push_str(&table);
    }
}

fn table_of(table: &StrataTable, kind: &str) -> String {
    let parts = [&table.suite, &table.track, &table.protocol, &table.regime, &table.task];
    let title = parts.map(|part| text::clean(part)).join(" · ");
    let (measures, correlated) = (measures(table), is_correlated(table));
    let words = strata_words(table, cell);
    let mut out = format!("## Objects by {kind}: {}\n\n{words}\n\n", cell(&title));
    if correlated {
        out.push_str(
            "ρ: Spearman's, over classes, between their frequency in the test split and their drop in AP against \
             dense-trained in the same replicate; negative: rare classes lose more.\n\n",
        );
    }
    out.push_str("| keep | method |");
    for stratum in &table.strata {
        for (head, _) in measures {
            let _ = write!(out, " {} {head} |", cell(&stratum.name));
        }
    }
    out.push_str(if correlated { " ρ |" } else { "" });
    out.push_str("\n|---:|:---|");
    out.push_str(&"---:|".repeat(table.strata.len() * measures.len() + usize::from(correlated)));
    out.push('\n');
    for line in &table.lines {
        let name = if line.is_dense() { format!("*{}*", cell(&line.method)) } else { cell(&line.method) };
        let _ = write!(out, "| {} | {name} |", line.keep);
        for summary in line.cells.iter().flat_map(|it| measures.iter().map(|(_, value)| value(it))) {
            let _ = write!(out, " {} |", summary.map_or_else(|| "–".to_owned(), |it| pm(&it)));
        }
        if correlated {
            let (mean, half) = mean_correlation_words(line.frequency_correlation);
            let _ = write!(out, " {mean}{} |", half.replace('±', " ± "));
        }
        out.push('\n');
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use crate::Report;
    use crate::export::markdown::{MOST_CHARACTERS, summary_md};
    use crate::testing::synthetic_detection;

    /// The lines of the table below a heading.
    fn table<'a>(summary: &'a str, heading: &str) -> (&'a str, Vec<&'a str>) {
        let (_, section) = summary.split_once(heading).expect("a section");
        let lines = section.lines().skip_while(|line| !line.starts_with('|'));
        (section, lines.take_while(|line| !line.is_empty()).collect())
    }

    #[test]
    fn detectors_have_tables_by_size_and_by_class() {
        let input = synthetic_detection();
        let summary = summary_md(&Report::new(&input), &input.provenance);
        assert!(summary.contains("1 task, 3 replicates; metric AP50 (VOC); intervals"));
        let columns = |line: &str| line.matches('|').count();
        let (section, lines) = table(&summary, "## Objects by size: figures-detect · short");
        assert!(section.contains("small: up to 221 px², 431 objects; medium: 221 to 829 px², 612 objects;"));
        // Head, rule, two controls, eight methods at two keeps.
        assert_eq!(lines.len(), 2 + 2 + 16);
        assert!(lines.iter().all(|line| columns(line) == 9), "{lines:?}");
        let (section, lines) = table(&summary, "## Objects by class: figures-detect · short");
        assert!(section.contains("In the test split: ring: 420 objects;"));
        assert!(lines[0].starts_with("| keep | method | ring AP % | heart AP % |"), "{}", lines[0]);
        assert!(lines[0].ends_with("| star-5 AP % | ρ |"), "{}", lines[0]);
        assert_eq!(lines.len(), 2 + 2 + 16);
        assert!(lines.iter().all(|line| columns(line) == 2 + 6 + 1 + 1), "{lines:?}");
        assert_eq!(lines.iter().filter(|line| line.ends_with("| – |")).count(), 2);
    }

    #[test]
    fn very_many_tables_are_cut_and_said_to_be() {
        let mut input = synthetic_detection();
        let one = input.strata.clone();
        for number in 0..40 {
            input.strata.extend(one.iter().cloned().map(|mut score| {
                score.track = format!("track-{number}");
                score
            }));
        }
        let summary = summary_md(&Report::new(&input), &input.provenance);
        assert!(summary.len() < MOST_CHARACTERS, "{} characters", summary.len());
        for words in ["size of objects are in `sizes.csv`", "class of objects are in `classes.csv`"] {
            assert!(summary.contains(&format!("More scores by {words}.")), "{words}");
        }
    }
}
